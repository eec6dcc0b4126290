"""How long it takes until it is known that the cluster has ceased to enforce anything: to Ready=False, and to the gateway's refusals."""

import random
import threading
import time
from collections.abc import Callable

from bench.egress.figures import Figures
from bench.egress.lab import NAME, Lab
from tests.e2e.support.confinement import state
from tests.e2e.support.kubectl import until

PATIENCE = 120
LONGEST_PAUSE = 10.0
"""Rounds come every so many seconds: the switch is thrown at any point in between."""


def measure(lab: Lab, figures: Figures, rounds: int) -> None:
    """Switch off and on again, as often as that."""
    lab.assistants.ready(NAME)
    chance = random.Random(0)
    told, refused, mended = [], [], []
    for _ in range(rounds):
        lab.serving()
        time.sleep(chance.uniform(0, LONGEST_PAUSE))
        off = thrown(
            lab, "off", {"told": lambda: state(lab.kubectl, NAME, "Ready")[0] == "False", "refused": lambda: lab.answer()[0] == 503}
        )
        told.append(off["told"])
        refused.append(off["refused"])
        mended.append(thrown(lab, "on", {"mended": lambda: state(lab.kubectl, NAME, "Ready")[0] == "True"})["mended"])
    figures.spread("enforcement ends: to Ready=False, s", told)
    figures.spread("enforcement ends: to the gateway's 503, s", refused)
    figures.spread("enforcement is back: to Ready=True, s", mended)


def thrown(lab: Lab, mode: str, awaited: dict[str, Callable[[], bool]]) -> dict[str, float]:
    """Switch, and return the seconds until each of what is awaited was so."""
    found: dict[str, float] = {}
    began = time.monotonic()
    lab.node.enforce("off" if mode == "off" else "on")

    def watch(name: str, holds: Callable[[], bool]) -> None:
        until(name, holds, PATIENCE, 0.1)
        found[name] = time.monotonic() - began

    threads = [threading.Thread(target=watch, args=one) for one in awaited.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found
