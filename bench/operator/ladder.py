"""One operator and more and more assistants: what each costs at every size, and everything else that the size may change."""

from collections.abc import Sequence
from statistics import linear_regression

from bench.operator import burst, drift, idle, restart
from bench.operator.audit import Call, by_verb
from bench.operator.figures import Figures
from bench.operator.rig import Operator, Place, end_pulls, make_namespace

CROWD = "crowd"


def measure(where: Place, figures: Figures, sizes: Sequence[int], *, times: int, idle_seconds: float) -> None:
    """Go up to each size in turn; the assistants of the sizes below stay."""
    make_namespace(where.api, CROWD)
    operator = Operator(where, CROWD)
    figures.note("0 assistants: resident", operator.memory(), "MB")
    resident: list[float] = []
    before = 0
    for size in sorted(sizes):
        _grow(where, operator, figures, before, size)
        resident.append(operator.memory())
        drift.measure(where, figures, CROWD, size, times)
        idle.measure(where, operator, figures, size, idle_seconds)
        figures.note(f"{size} assistants: resident after that", operator.memory(), "MB")
        operator.stop()
        operator = restart.measure(where, figures, CROWD, size)
        before = size
    if len(resident) > 1:
        figures.note("resident KB for each assistant, slope over all sizes", linear_regression(sorted(sizes), resident).slope * 1000)
    operator.stop()


def _grow(where: Place, operator: Operator, figures: Figures, before: int, size: int) -> None:
    """Apply what is missing to the size, and let all pulls succeed."""
    more = size - before
    found = burst.run(where, operator, CROWD, range(before, size))
    figures.note(f"{size} assistants: the last {more} at once, to all children and status, a second", found.rate)
    figures.note(f"{size} assistants: ... operator's processor time for each", found.cpu / more * 1000, "ms")
    for what, count in sorted(by_verb(found.calls).items()):
        figures.note(f"{size} assistants: {what}, for each to the running pull", count / more)
    cpu = operator.cpu()
    end_pulls(where.api, CROWD)
    calls = where.audit.until("every StatefulSet", lambda found: sum(map(_is_new_set, found)) >= more, 1800, every=0.5)
    calls += where.audit.quiet()
    figures.note(f"{size} assistants: after their pulls, operator's processor time for each", (operator.cpu() - cpu) / more * 1000, "ms")
    for what, count in sorted(by_verb(calls).items()):
        figures.note(f"{size} assistants: {what}, for each from the pull's end to its pods", count / more)
    figures.note(f"{size} assistants: resident", operator.memory(), "MB")


def _is_new_set(call: Call) -> bool:
    return call.is_write and call.verb == "create" and call.resource == "statefulsets"
