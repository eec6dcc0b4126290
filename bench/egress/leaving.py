"""What leaves an assistant with `mode: Deny`, from its first packet through a thousand requests, by the node's own counters."""

import time
from collections.abc import Iterable

from bench.egress.figures import Figures
from bench.egress.lab import Lab
from tests.cluster.node.counting import Counted
from tests.cluster.node.enforcement import Mode
from tests.e2e.support.assistants import MODEL

MODES: tuple[Mode, ...] = ("on", "strict")


def measure(lab: Lab, figures: Figures, requests: int) -> None:
    """Count for one assistant in each mode of enforcement: with the pod's own node open, as in most clusters, and closed."""
    for mode in MODES:
        name = f"denied-{mode}"
        lab.node.enforce(mode)
        began = time.time()
        with lab.node.counting() as counts:
            lab.assistants.ready(name, {"access": {"limits": {"requestsPerMinute": 1_000_000}}})
            lab.assistants.client(name, pod=f"client-{mode}")
            answers = lab.assistants.run("ask_often", str(requests), "1", MODEL, name=name, pod=f"client-{mode}")
            address = lab.kubectl.get("pod", f"{name}-0")["status"]["podIP"]
            found = [one for one in counts() if one.source == address]
        if answers != {"200": requests}:
            raise RuntimeError(f"not every request was answered: {answers}")
        left = [one for one in found if one.point == "left"]
        figures.note(f"{mode}, start and {requests} chats: packets that left, to other pods or the outside", packets(left))
        figures.note(f"{mode}, start and {requests} chats: of these DNS", packets(one for one in left if one.port == 53))
        figures.note(f"{mode}: packets that arrived outside", len(lab.node.outside.packets(source=address, since=began)))
        figures.note(
            f"{mode}: packets that its own node took in, of the probe's tries", packets(one for one in found if one.point == "node")
        )
        figures.note(f"{mode}: packets tried, all of them the probe's", packets(one for one in found if one.point == "tried"))
        for one in sorted({(one.point, one.protocol, one.destination, one.port) for one in found}):
            print(f"    {one}")
        lab.kubectl.delete("pa", name)
    lab.node.enforce("on")


def packets(counted: Iterable[Counted]) -> int:
    return sum(one.packets for one in counted)
