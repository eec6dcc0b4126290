"""A chain of checks: the first that objects decides. Neighbours: readiness.py and keeping.py hold the checks."""

from collections.abc import Callable, Sequence

from assistant_operator.errors import StatedError, TerminalError
from assistant_operator.reconcile.judging.observed import Observed
from assistant_operator.reconcile.verdict import Verdict

SCALED_TO_ZERO = "ScaledToZero"

Check = Callable[[Observed], Verdict | None]


def first_verdict(chain: Sequence[Check], seen: Observed, otherwise: Verdict) -> Verdict:
    """Return the first objection, or what holds where there is none."""
    return next((verdict for check in chain if (verdict := check(seen)) is not None), otherwise)


def verdict_of(problem: StatedError) -> Verdict:
    make = Verdict.stuck if isinstance(problem, TerminalError) else Verdict.false
    return make(problem.reason, problem.message)


def not_shown(seen: Observed, text: str) -> Verdict:
    """Return that what gateways promise is not shown while not every one serves; where none is asked for, that is why, and no trouble."""
    if seen.replicas == 0:
        return Verdict.unknown(SCALED_TO_ZERO, "spec.model.replicas is 0: there is no gateway by which it could be shown.")
    return Verdict.unknown("GatewayNotServing", text)


def problem_with(condition: str, seen: Observed) -> Verdict | None:
    """Return the verdict on the first problem that breaks this promise."""
    return next((verdict_of(problem) for problem in seen.problems if problem.condition == condition), None)
