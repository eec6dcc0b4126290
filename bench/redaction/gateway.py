"""The gateway with redaction on, end to end: `python -m bench.redaction.gateway`; --help tells of rounds, values and others beside it.

Beside it stand the same gateway with redaction off, a bare pass-through and the model server itself; each request is 2 KB with a dozen
values (or fewer) that no other has, and the model server quotes it. In every round it is looked at whether what came there was free of
those values and whether the clients have them back; one that was not ends the bench. bench/gateway has the rest of the method.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import urllib.request
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from assistant_gateway.policy import RedactionPolicy, RequestRedaction, ResponseRedaction
from bench.gateway import rig
from bench.redaction import gateway_peers
from bench.redaction.gateway_prompts import KINDS, Prompt, case_of, prompts

PROMPTS: Final = 4_000
"""Different prompts, in turn from a place drawn by lot: more than any cache here holds."""
OFF: Final = "redaction Off"
POLICIES: Final = {
    OFF: RedactionPolicy(),
    "Pseudonymize": RedactionPolicy(request=RequestRedaction(action="Pseudonymize")),
    "Pseudonymize and Mask": RedactionPolicy(request=RequestRedaction(action="Pseudonymize"), response=ResponseRedaction(action="Mask")),
}
REDACTING: Final = tuple(name for name in POLICIES if name != OFF)
STREAM: Final = {"mode": "stream", "tokens": 200, "pause": 2000}
LONG: Final = {"mode": "stream", "tokens": 100_000, "seconds": 0.01}
STARTS: Final = 3

Figures = dict[tuple[str, str], list[dict[str, float]]]


class Bench:
    """What is running, and what was found."""

    def __init__(self, folder: Path, stack: ExitStack, environments: Path | None, values: int) -> None:
        self.folder = folder
        self.found: Figures = {}
        self.prompts: Mapping[str, Prompt] = prompts(PROMPTS, 7, values)
        (folder / "prompts.json").write_text(json.dumps([prompt.text for prompt in self.prompts.values()]))
        rig.write_files(folder)
        rig.build(folder)
        self.direct = stack.enter_context(rig.model_server(folder, "-quote"))
        bare = stack.enter_context(rig.pass_through(folder, self.direct.url))
        for name, redaction in POLICIES.items():
            (folder / f"{name}.json").write_text(rig.policy_of(redaction).to_json())
        self.gateways = [stack.enter_context(self._gateway(name)) for name in POLICIES]
        self.ours = [self.direct, bare, *self.gateways]
        self.others = [] if environments is None else gateway_peers.start(environments, folder, self.direct.url, stack)

    def _gateway(self, name: str) -> Any:
        return rig.gateway(self.folder, self.direct.url, name, f"{name}.json")

    def starts(self) -> None:
        """Note how long a gateway takes to be ready, and what it holds then; nothing else is done meanwhile."""
        for name in POLICIES:
            for _ in range(STARTS):
                with self._gateway(name) as peer:
                    self._note("a start", peer, {"ready_ms": peer.ready_seconds * 1000, "idle_rss_mb": peer.rss_mb()})

    def round(self, seconds: float) -> None:
        """Ask everybody everything once."""
        for clients in (1, 10):
            for peer in (*self.ours, *self.others):
                self._load(f"{clients} client{'s' * (clients > 1)}", peer, clients=clients, seconds=seconds)
        for peer in self.ours:
            self._load("streams, 2 ms a token", peer, **STREAM, seconds=seconds)

    def long_streams(self) -> None:
        """Note the memory before and after a long answer."""
        for peer in self.gateways:
            before = peer.rss_mb()
            after = self._measured(peer, LONG)
            self._note("a stream of 100,000 tokens flat out", peer, {"rss_before_mb": before, "rss_after_mb": after["rss_mb"]} | after)

    def _load(self, case: str, peer: rig.Peer, **flags: Any) -> None:
        self._note(case, peer, self._measured(peer, flags))

    def _measured(self, peer: rig.Peer, flags: Mapping[str, Any]) -> dict[str, float]:
        self._seen()  # forget what others sent
        found = rig.load(self.folder, peer, prompts=self.folder / "prompts.json", **flags)
        self._check(peer, found, flags)
        return {name: value for name, value in found.items() if name not in ("compared", "wrong", "streams")}

    def _note(self, case: str, peer: rig.Peer, figures: dict[str, float]) -> None:
        self.found.setdefault((case, peer.name), []).append(figures)
        print(f"{case}: {peer.name}", file=sys.stderr)

    def _seen(self) -> list[str]:
        with urllib.request.urlopen(f"{self.direct.url}/seen") as answer:
            bodies: list[str] = json.load(answer)
        return bodies

    def _check(self, peer: rig.Peer, found: Mapping[str, float], flags: Mapping[str, Any]) -> None:
        """Raise SystemExit where a figure would be a lie."""
        if not found["compared"] or found["wrong"]:
            raise SystemExit(f"{peer.name}: {found['wrong']} of {found['compared']} clients did not get their own words back")
        if "tokens" in found and found["tokens"] != found["streams"] * flags["tokens"]:
            raise SystemExit(f"{peer.name}: a stream broke off")
        bodies = self._seen()
        let_through = [values_in(body, self.prompts) for body in bodies]
        if not bodies or (peer.name in REDACTING and any(let_through)):
            raise SystemExit(f"{peer.name}: {sum(map(bool, let_through))} of {len(bodies)} requests told the model server a value")
        if peer in self.ours and peer.name not in REDACTING and not all(let_through):
            raise SystemExit(f"{peer.name}: no value arrived where all should: the check itself is broken")


def values_in(body: str, known: Mapping[str, Prompt]) -> list[str]:
    """Return the values of its prompt that a request's body tells."""
    said = "\n".join(message["content"] for message in json.loads(body)["messages"])
    case = case_of(said)
    if case is None:
        raise SystemExit("a request's prompt was not recognised")
    return [value for value in known[case].values if value in said]


def summary(found: Figures) -> str:
    """Return what redaction adds, as Markdown: medians over the rounds of differences within each."""
    lines = ["\nwhat redaction adds", "", "| | to | p50_us | p99_us | cpu_us |", "|---|---|---|---|---|"]
    for name in REDACTING:
        for other in (OFF, "direct"):
            cells = " | ".join(_added(found, "1 client", name, other, figure) for figure in ("p50_us", "p99_us", "cpu_us"))
            lines.append(f"| {name}, 1 client | {other} | {cells} |")
    figures = ("first_p50_us", "first_text_p50_us", "gap_p50_us", "gap_p99_us", "token_lag_p50_us", "token_lag_p99_us")
    lines += ["", f"| streams, to {OFF} | {' | '.join(figures)} |", "|---" * (len(figures) + 1) + "|"]
    for name in REDACTING:
        lines.append(f"| {name} | {' | '.join(_added(found, 'streams, 2 ms a token', name, OFF, figure) for figure in figures)} |")
    return "\n".join(lines)


def _added(found: Figures, case: str, name: str, other: str, figure: str) -> str:
    pairs = zip(found[case, name], found[case, other], strict=True)
    return rig.cell([ours[figure] - theirs[figure] for ours, theirs in pairs])


def times(found: Figures, others: list[rig.Peer]) -> str:
    """Return how many times the others' rate the gateway's is."""
    rate = {name: statistics.median(run["rps"] for run in runs) for (case, name), runs in found.items() if case == "10 clients"}
    return "\n".join(f"{name}: {rate[name] / rate[peer.name]:.0f} times {peer.name}'s rate" for peer in others for name in REDACTING)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.redaction.gateway", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--values", type=int, choices=range(1, len(KINDS) + 1), default=len(KINDS), metavar="N", help="in each prompt")
    parser.add_argument("--realtime", action="store_true", help="as root: before others that use the machine")
    parser.add_argument("--peers", type=Path, help="folder with the others' virtual environments, README.md")
    settings = parser.parse_args()
    if settings.realtime:
        rig.be_first()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        print(f"load of the machine at the start: {os.getloadavg()[0]:.1f}")
        bench = Bench(Path(folder), stack, settings.peers, settings.values)
        bench.starts()
        for _ in range(settings.rounds):
            bench.round(settings.seconds)
        bench.long_streams()
        print(rig.table(bench.found))
        print(summary(bench.found))
        print(f"\n{times(bench.found, bench.others)}")
        print(f"\nload of the machine at the end, the bench with it: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
