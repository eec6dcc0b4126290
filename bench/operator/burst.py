"""Many assistants applied at once: how long until every child and every status is written."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Thread

from bench.operator import rig
from bench.operator.audit import Call
from bench.operator.rig import Operator, Place

PATIENCE = 1800.0


@dataclass(frozen=True, slots=True)
class Burst:
    """What came of it."""

    assistants: int
    children_seconds: float
    """From the first apply of a user's to the last child."""
    seconds: float
    """To the last assistant's first status."""
    cpu: float
    """The operator's processor seconds."""
    calls: Sequence[Call]

    @property
    def rate(self) -> float:
        """Assistants a second, to all children and to status."""
        return self.assistants / self.seconds


def told(calls: Sequence[Call], namespace: str) -> set[str]:
    """Return the names of the assistants of the namespace whose status was written."""
    return {call.name for call in calls if call.is_write and call.resource == "privateassistants/status" and call.namespace == namespace}


def run(where: Place, operator: Operator, namespace: str, numbers: Sequence[int], beside: Callable[[], None] = lambda: None) -> Burst:
    """Apply the assistants of these numbers, and do something beside it, until the operator has come to rest."""
    where.audit.new()
    cpu, begun = operator.cpu(), time.time()
    users = [Thread(target=rig.apply_all, args=(where.api, namespace, numbers)), Thread(target=beside)]
    for user in users:
        user.start()
    names = {f"a{number}" for number in numbers}
    calls = where.audit.until("every status", lambda found: names <= told(found, namespace), PATIENCE, every=0.5)
    for user in users:
        user.join()
    calls += where.audit.quiet()
    mine = [call for call in calls if call.is_write and call.namespace == namespace and call.answered >= begun]
    firsts: dict[str, float] = {}
    for call in mine:
        if call.resource == "privateassistants/status" and call.name in names:
            firsts.setdefault(call.name, call.answered)
    children = max(call.answered for call in mine if call.verb == "create" and call.resource != "privateassistants/status")
    return Burst(len(numbers), children - begun, max(firsts.values()) - begun, operator.cpu() - cpu, calls)
