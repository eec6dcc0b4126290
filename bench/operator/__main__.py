"""The operator's figures, on etcd + kube-apiserver alone: `python -m bench.operator`.

burst     many assistants applied at once, in turn with a bare loop that writes the same objects: what the operator adds to the limit
edits     from a user's edit to the child's, alone and during such a burst
ladder    at each size: rate, processor time and calls for each assistant, memory, drift, idleness, a restart

No kubelet: pulls are ended by hand, gateways never start. Prints a table and, with --json, the raw numbers.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

from bench.operator import burst, edits, ladder, raw_loop
from bench.operator.figures import Figures
from bench.operator.rig import Operator, Place, make_namespace, place

PARTS = ("burst", "edits", "ladder")


def measure_burst(where: Place, figures: Figures, assistants: int, rounds: int) -> None:
    """The operator and the bare loop in turn: a loop of creates, as the operator writes what is new, and one of server-side applies."""
    seen: dict[str, list[float]] = {}
    for number in range(rounds):
        namespace = f"burst-{number}"
        make_namespace(where.api, namespace)
        operator = Operator(where, namespace)
        found = burst.run(where, operator, namespace, range(assistants))
        operator.stop()
        status = raw_loop.a_status(where, namespace)
        creates = raw_loop.run(where, f"creates-{number}", assistants, status, by_create=True)
        applies = raw_loop.run(where, f"applies-{number}", assistants, status, by_create=False)
        for name, value in {
            "assistants a second, to all children": assistants / found.children_seconds,
            "assistants a second, to all children and status": found.rate,
            "operator's processor ms for each": found.cpu / assistants * 1000,
            "bare loop of creates, assistants a second": assistants / creates,
            "bare loop of server-side applies, assistants a second": assistants / applies,
            "operator, % of the loop of creates": found.rate * creates / assistants * 100,
            "operator, % of the loop of server-side applies": found.rate * applies / assistants * 100,
        }.items():
            seen.setdefault(name, []).append(value)
    for name, values in seen.items():
        figures.spread(f"{assistants} at once: {name}", values)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.operator", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--sizes", nargs="+", type=int, default=[1000], help="of the ladder; the first is that of burst and edits")
    parser.add_argument("--rounds", type=int, default=3, help="of burst (default %(default)s)")
    parser.add_argument("--edited", type=int, default=30, help="assistants that are edited in turn (default %(default)s)")
    parser.add_argument("--times", type=int, default=30, help="of each kind of drift at each size (default %(default)s)")
    parser.add_argument("--idle", type=float, default=60.0, help="seconds (default %(default)s)")
    parser.add_argument("--json", type=Path, help="write the numbers there")
    chosen = parser.parse_args()
    figures = Figures()
    parts: dict[str, Callable[[Place], None]] = {
        "burst": lambda where: measure_burst(where, figures, chosen.sizes[0], chosen.rounds),
        "edits": lambda where: edits.measure(where, figures, chosen.sizes[0], chosen.edited),
        "ladder": lambda where: ladder.measure(where, figures, chosen.sizes, times=chosen.times, idle_seconds=chosen.idle),
    }
    for part in chosen.only:
        with place() as where:  # each on a store of its own
            parts[part](where)
    if chosen.json:
        chosen.json.write_text(json.dumps(figures.numbers, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
