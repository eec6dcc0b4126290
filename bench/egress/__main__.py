"""What confinement costs and how fast it tells: `python -m bench.egress`, as root.

probe     its memory and processor time, without a cluster
pod       the same in a pod on the real node (tests/cluster; brought up where none runs), by its container's cgroup
gate      what it adds to the start of a pod, on the real node
switch    from the end of enforcement to Ready=False and to the gateway's refusals
leaving   packets and DNS queries that leave an assistant during its start and a thousand requests, by the node's counters

Prints medians with their extremes; with --json one object for programs as the last line.
"""

import argparse
import json
import sys

from bench.egress import gate, leaving, pod, probe, switch
from bench.egress.figures import Figures
from bench.egress.lab import lab

PARTS = ("probe", "pod", "gate", "switch", "leaving")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.egress", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--seconds", type=float, default=120.0, help="of probe and pod, each (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=7, help="of gate and switch (default %(default)s)")
    parser.add_argument("--requests", type=int, default=1000, help="while it is counted what leaves (default %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object in the end")
    chosen = parser.parse_args()
    figures = Figures()
    if "probe" in chosen.only:
        probe.measure(figures, chosen.seconds)
    if set(chosen.only) - {"probe"}:
        with lab() as found:
            if "pod" in chosen.only:
                pod.measure(found, figures, chosen.seconds)
            if "gate" in chosen.only:
                gate.measure(found, figures, chosen.rounds)
            if "switch" in chosen.only:
                switch.measure(found, figures, chosen.rounds)
            if "leaving" in chosen.only:
                leaving.measure(found, figures, chosen.requests)
    if chosen.json:
        print(json.dumps(figures.numbers))
    return 0


if __name__ == "__main__":
    sys.exit(main())
