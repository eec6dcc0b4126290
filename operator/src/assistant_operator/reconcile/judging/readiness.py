"""Is the assistant ready, and if not, what is the earliest thing that is missing?

Chains of small checks over one frozen Observed: the first verdict wins, and what no check objects to is True. Nothing here
waits, writes or remembers. The store's checks, and those of what is kept, are in keeping.py, those of what leaves in confinement.py, those
of what is masked in redaction.py.
"""

from typing import Any

from assistant_operator.reconcile.conditions import (
    EGRESS_CONFINED,
    GATEWAY_READY,
    MODEL_READY,
    REDACTION_ACTIVE,
    RETENTION_ENFORCED,
    STORE_READY,
)
from assistant_operator.reconcile.judging import pods, proxy
from assistant_operator.reconcile.judging.chain import SCALED_TO_ZERO, Check, first_verdict, problem_with, verdict_of
from assistant_operator.reconcile.judging.confinement import confined, confined_as_far_as_seen, judge_confinement
from assistant_operator.reconcile.judging.keeping import PURGES, SEEN, STORE, judge_retention, judge_store
from assistant_operator.reconcile.judging.observed import Observed
from assistant_operator.reconcile.judging.pull import Phase
from assistant_operator.reconcile.judging.redaction import FAILING, SHOWN, judge_redaction
from assistant_operator.reconcile.verdict import Verdict


def nothing_in_the_way(seen: Observed) -> Verdict | None:
    """The spec is valid, its Secrets are good, and every object could be written."""
    return verdict_of(seen.problems[0]) if seen.problems else None


def model_within_reach(seen: Observed) -> Verdict | None:
    """Nothing that the pull needs is missing."""
    return problem_with(MODEL_READY, seen)


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
    return problem_with(GATEWAY_READY, seen)


def gateway_made(seen: Observed) -> Verdict | None:
    """There is a model to serve, and a StatefulSet that serves it."""
    if seen.stateful_set is not None:
        return None
    if seen.model is None:
        return Verdict.unknown("WaitingForModel", "The gateway starts when the model is on its volume.")
    return Verdict.unknown("NotCreated", "The gateway's pods are not asked for yet.")


def gateway_wanted(seen: Observed) -> Verdict | None:
    """The spec asks for at least one replica."""
    if seen.replicas == 0:
        return Verdict.settled(SCALED_TO_ZERO, "spec.model.replicas is 0: nothing serves.")
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
    if int(status.get("updatedReplicas") or 0) != seen.replicas or not current:
        return Verdict.unknown("RollingOut", "Pods are being replaced by those that the spec asks for.")
    return None


def replicas_ready(seen: Observed) -> Verdict | None:
    """Every replica answers: key, certificate, policy, runtime and model are right, and the model has spoken once."""
    status = _status(seen)
    if int(status.get("replicas") or 0) != seen.replicas or int(status.get("readyReplicas") or 0) != seen.replicas:
        waits = next((told.waits_for for told in seen.told.values() if told.waits_for is not None), None)
        if waits is not None:
            return Verdict.false(waits.reason, waits.message)
        return Verdict.false("PodsNotReady", "Not every replica is ready; the pods' conditions and logs say why.")
    return None


def _status(seen: Observed) -> dict[str, Any]:
    return dict((seen.stateful_set or {}).get("status") or {})


MODEL: tuple[Check, ...] = (
    model_within_reach,
    model_not_refused,  # Failed for good: say so, and stop
    model_pulled,
)
PODS: tuple[Check, ...] = (
    gateway_within_reach,
    gateway_made,
    gateway_wanted,
    pods_well,  # Before the counts: it knows the cause
)
ROLLOUT: tuple[Check, ...] = (rollout_complete, replicas_ready)
GATEWAY: tuple[Check, ...] = (*PODS, *ROLLOUT)
CLOSED_GATEWAY: tuple[Check, ...] = (
    *PODS,
    confined_as_far_as_seen,  # Before the counts: pods wait in their gates until it is seen
    *FAILING,  # Before the counts: pods are not ready for it
    *ROLLOUT,
    confined,
    *SHOWN,
)
READY: tuple[Check, ...] = (
    nothing_in_the_way,
    *MODEL,
    proxy.serves,  # Before the gateways, which are given its address
    *CLOSED_GATEWAY,
)
KEEPING: tuple[Check, ...] = (
    nothing_in_the_way,
    *MODEL,
    *STORE,  # Before the gateways, which are not ready without it
    proxy.serves,
    *CLOSED_GATEWAY,
    *SEEN,  # After the gateways, which tell of it
    *PURGES,
)
"""READY of an assistant that has a store."""


SERVES = Verdict.true("Serving", "The model is verified, and every replica serves the policy of this generation.")


def judge(seen: Observed) -> tuple[Verdict, dict[str, Verdict]]:
    """Return the verdict on the assistant and those on each promise."""
    model = first_verdict(MODEL, seen, Verdict.true("ModelVerified", "The model is on its volume and was verified."))
    gateway = first_verdict(GATEWAY, seen, Verdict.true("Serving", "Every replica answers."))
    ready = first_verdict(KEEPING if seen.store is not None else READY, seen, SERVES)
    promises = {
        MODEL_READY: model,
        GATEWAY_READY: gateway,
        EGRESS_CONFINED: judge_confinement(seen),
        REDACTION_ACTIVE: judge_redaction(seen, gateway),
        RETENTION_ENFORCED: judge_retention(seen, gateway),
    }
    return ready, promises | ({STORE_READY: judge_store(seen)} if seen.store is not None else {})


def takes_documents(seen: Observed) -> bool:
    """Tell whether the gateways of now take documents in: with the store, and by the policy that names the sources."""
    if any(problem.condition != MODEL_READY for problem in seen.problems):
        return False
    return seen.store is not None and first_verdict((*STORE, *CLOSED_GATEWAY, *SEEN), seen, SERVES).status == "True"
