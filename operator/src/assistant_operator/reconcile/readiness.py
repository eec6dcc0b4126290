"""Is the assistant ready, and if not, what is the earliest thing that is missing?

Three chains of small checks over one frozen Observed: the first verdict wins, and what no check objects to is True. Nothing here
waits, writes or remembers.
"""

from collections.abc import Callable, Sequence
from typing import Any

from assistant_operator.errors import StatedError, TerminalError
from assistant_operator.reconcile import pods
from assistant_operator.reconcile.conditions import GATEWAY_READY, MODEL_READY
from assistant_operator.reconcile.observed import Observed
from assistant_operator.reconcile.pull import Phase
from assistant_operator.reconcile.verdict import Verdict

Check = Callable[[Observed], Verdict | None]


def verdict_of(problem: StatedError) -> Verdict:
    make = Verdict.stuck if isinstance(problem, TerminalError) else Verdict.false
    return make(problem.reason, problem.message)


def nothing_in_the_way(seen: Observed) -> Verdict | None:
    """The spec is valid, its Secrets are good, and every object could be written."""
    return verdict_of(seen.problems[0]) if seen.problems else None


def model_within_reach(seen: Observed) -> Verdict | None:
    """Nothing that the pull needs is missing."""
    return next((verdict_of(problem) for problem in seen.problems if problem.condition == MODEL_READY), None)


def model_not_refused(seen: Observed) -> Verdict | None:
    """No pull of this model has failed for good."""
    if seen.is_wanted or seen.pull.phase is not Phase.FAILED or seen.pull.trouble is None:
        return None
    make = Verdict.stuck if seen.pull.is_final else Verdict.false
    return make(seen.pull.trouble.reason, seen.pull.trouble.message)


def model_pulled(seen: Observed) -> Verdict | None:
    """The model that the spec asks for was verified on its volume."""
    if seen.is_wanted:
        return None
    if seen.pull.phase is Phase.ABSENT:
        return Verdict.unknown("PullNotStarted", "The model's pull has not started.")
    if seen.pull.trouble is not None:
        return Verdict.false(seen.pull.trouble.reason, seen.pull.trouble.message)
    return Verdict.unknown("Pulling", "The model is being pulled and verified; status.model.pull shows how far it is.")


def gateway_within_reach(seen: Observed) -> Verdict | None:
    """Nothing that the gateway's pods need is missing."""
    return next((verdict_of(problem) for problem in seen.problems if problem.condition == GATEWAY_READY), None)


def gateway_made(seen: Observed) -> Verdict | None:
    """There is a model to serve, and a StatefulSet that serves it."""
    if seen.stateful_set is not None:
        return None
    if seen.model is None:
        return Verdict.unknown("WaitingForModel", "The gateway starts when the model is on its volume.")
    return Verdict.unknown("NotCreated", "The gateway's pods are not asked for yet.")


def gateway_wanted(seen: Observed) -> Verdict | None:
    """The spec asks for at least one replica."""
    if _replicas(seen) == 0:
        return Verdict.settled("ScaledToZero", "spec.model.replicas is 0: nothing serves.")
    return None


def pods_well(seen: Observed) -> Verdict | None:
    """No pod of the assistant says that something is wrong."""
    found = pods.first_trouble(dict(pod) for pod in seen.pods)
    return Verdict.false(found.reason, found.message) if found else None


def rollout_complete(seen: Observed) -> Verdict | None:
    """Every replica runs what the spec asks for now."""
    status = _status(seen)
    generation = (seen.stateful_set or {}).get("metadata", {}).get("generation", 0)
    if int(status.get("observedGeneration") or 0) < int(generation):
        return Verdict.unknown("RolloutNotObserved", "The change has not reached the pods yet.")
    current = status.get("updateRevision", "") == status.get("currentRevision", "")
    if int(status.get("updatedReplicas") or 0) != _replicas(seen) or not current:
        return Verdict.unknown("RollingOut", "Pods are being replaced by those that the spec asks for.")
    return None


def replicas_ready(seen: Observed) -> Verdict | None:
    """Every replica answers: key, certificate, policy, runtime and model are right, and the model has spoken once."""
    status = _status(seen)
    if int(status.get("replicas") or 0) != _replicas(seen) or int(status.get("readyReplicas") or 0) != _replicas(seen):
        return Verdict.false("PodsNotReady", "Not every replica is ready; the pods' conditions and logs say why.")
    return None


def _replicas(seen: Observed) -> int:
    wanted = (seen.stateful_set or {}).get("spec", {}).get("replicas")
    return 1 if wanted is None else int(wanted)


def _status(seen: Observed) -> dict[str, Any]:
    return dict((seen.stateful_set or {}).get("status") or {})


MODEL: tuple[Check, ...] = (
    model_within_reach,
    model_not_refused,  # Failed for good: say so, and stop
    model_pulled,
)
GATEWAY: tuple[Check, ...] = (
    gateway_within_reach,
    gateway_made,
    gateway_wanted,
    pods_well,  # Before the counts: it knows the cause
    rollout_complete,
    replicas_ready,
)
READY: tuple[Check, ...] = (nothing_in_the_way, *MODEL, *GATEWAY)


def first_verdict(chain: Sequence[Check], seen: Observed, otherwise: Verdict) -> Verdict:
    """Return the first objection, or what holds where there is none."""
    return next((verdict for check in chain if (verdict := check(seen)) is not None), otherwise)


def judge(seen: Observed) -> tuple[Verdict, dict[str, Verdict]]:
    """Return the verdict on the assistant and those on each promise."""
    model = first_verdict(MODEL, seen, Verdict.true("ModelVerified", "The model is on its volume and was verified."))
    gateway = first_verdict(GATEWAY, seen, Verdict.true("Serving", "Every replica answers."))
    ready = first_verdict(
        READY, seen, Verdict.true("Serving", "The model is verified, and every replica serves the policy of this generation.")
    )
    return ready, {MODEL_READY: model, GATEWAY_READY: gateway}
