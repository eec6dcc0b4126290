"""A new process beside everything that is there: how soon it has passed over every assistant, and what it wrote."""

import time
from collections.abc import Sequence

from bench.operator.audit import Call
from bench.operator.figures import Figures
from bench.operator.rig import Operator, Place

PATIENCE = 600.0


def measure(where: Place, figures: Figures, namespace: str, assistants: int) -> Operator:
    """Start an operator, and return it when it has come to rest. A pass reads the assistant's Secrets: the last of these ends it."""
    where.audit.new()
    begun = time.time()
    operator = Operator(where, namespace, wait=False)
    calls = where.audit.until("it has passed over all", lambda found: len(_passed(found)) >= assistants, PATIENCE)
    settled = max(call.answered for call in calls if _is_read(call))
    cpu = operator.cpu()
    calls += where.audit.quiet(5.0)
    figures.note(f"{assistants} assistants: restart, to a pass over each, start of Python included", settled - begun, "s")
    figures.note(f"{assistants} assistants: restart, processor seconds to then", cpu, "s")
    figures.note(f"{assistants} assistants: restart, writes", sum(call.is_write for call in calls))
    figures.note(f"{assistants} assistants: restart, resident", operator.memory(), "MB")
    figures.note(f"{assistants} assistants: restart, resident at most", operator.memory("VmHWM"), "MB")
    return operator


def _passed(calls: Sequence[Call]) -> set[str]:
    return {call.name for call in calls if _is_read(call) and call.name.endswith("-key-default")}


def _is_read(call: Call) -> bool:
    return call.is_operators and call.verb == "get" and call.resource == "secrets"
