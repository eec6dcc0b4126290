"""Is the store usable, and is what is due gone? The checks behind StoreReady and RetentionEnforced.

Both rest on what the gateways tell (gateways.py): the operator itself never connects to a store. What nobody has told lately is Unknown.
"""

from collections.abc import Mapping
from typing import Any

from assistant_operator.naming import OPS_PORT
from assistant_operator.reconcile.conditions import STORE_READY
from assistant_operator.reconcile.judging import pods
from assistant_operator.reconcile.judging.chain import Check, first_verdict, not_shown, problem_with
from assistant_operator.reconcile.judging.observed import Observed
from assistant_operator.reconcile.verdict import Verdict

_ADVICE = {
    "Unschedulable": "No node can take the store's pod; its events say what is missing: a volume of spec.store.managed's storageClassName "
    "and size, memory, or a node that spec.model.pod allows.",
    "ImagePullFailed": "The store's image cannot be pulled: check the operator's setting --store-image, and the image pull Secrets.",
    "ImageNameInvalid": "The store's image name is malformed: correct the operator's setting --store-image.",
    "OutOfMemory": "The store was killed for want of memory: raise spec.store.managed.resources.",
    "ContainerCrashed": "The store has ended by itself; its pod's log says why. Where its volume is full, raise spec.store.managed.size.",
}


def store_within_reach(seen: Observed) -> Verdict | None:
    """Its Secrets are good, and its host is known."""
    return problem_with(STORE_READY, seen)


def store_made(seen: Observed) -> Verdict | None:
    if _managed(seen) and _set(seen) is None:
        return Verdict.unknown("StoreNotCreated", "The store's pod is not asked for yet.")
    return None


def store_pods_well(seen: Observed) -> Verdict | None:
    """No pod of the store says that something is wrong."""
    found = pods.first_trouble(dict(pod) for pod in seen.store.pods) if seen.store else None
    return Verdict.false(found.reason, _ADVICE.get(found.reason, found.message)) if found else None


def store_rolled_out(seen: Observed) -> Verdict | None:
    """The store's pod is the one that the spec asks for now."""
    if not _managed(seen):
        return None
    found = _set(seen) or {}
    status = found.get("status") or {}
    behind = int(status.get("observedGeneration") or 0) < int((found.get("metadata") or {}).get("generation") or 0)
    current = status.get("updateRevision", "") == status.get("currentRevision", "")
    if behind or int(status.get("updatedReplicas") or 0) != 1 or not current:
        return Verdict.unknown("StoreStarting", "The store's pod is being made, or replaced by one that the spec asks for.")
    return None


def store_pod_ready(seen: Observed) -> Verdict | None:
    status = (_set(seen) or {}).get("status") or {}
    if _managed(seen) and int(status.get("readyReplicas") or 0) != 1:
        return Verdict.false("StoreNotReady", "The store's pod does not answer; its events and its log say why.")
    return None


def store_without_fault(seen: Observed) -> Verdict | None:
    """No gateway has told of a fault."""
    faults = (told.store.fault for told in seen.told.values() if told.store is not None)
    fault = next((fault for fault in faults if fault is not None), None)
    return Verdict.false(fault.reason, fault.message) if fault else None


def store_seen(seen: Observed) -> Verdict | None:
    """A gateway has told that it can use the store."""
    if any(told.is_well for told in seen.told.values()):
        return None
    text = f"No gateway has told of the store lately: whether it can be used is not known. The operator asks their pods on port {OPS_PORT}."
    return Verdict.unknown("StoreNotSeen", text)


def purges_on_time(seen: Observed) -> Verdict | None:
    if any(told.retention is not None and told.retention.is_late for told in seen.told.values()):
        text = "Something that was due a minute ago and more is still there: the gateways' logs and the store's say why."
        return Verdict.false("PurgeLate", text)
    return None


def purges_seen(seen: Observed) -> Verdict | None:
    """A gateway that can use the store has looked for what is due."""
    if any(told.is_well and told.retention is not None and told.retention.last_purge is not None for told in seen.told.values()):
        return None
    text = f"No gateway has told of a purge lately: that what is due is gone is not shown. The operator asks their pods on port {OPS_PORT}."
    return Verdict.unknown("PurgeNotSeen", text)


def _managed(seen: Observed) -> bool:
    return seen.store is not None and seen.store.is_managed


def _set(seen: Observed) -> Mapping[str, Any] | None:
    return seen.store.stateful_set if seen.store is not None else None


STORE: tuple[Check, ...] = (
    store_within_reach,
    store_made,
    store_pods_well,  # Before the counts: it knows the cause
    store_rolled_out,
    store_pod_ready,
    store_without_fault,
)
SEEN: tuple[Check, ...] = (store_seen,)
PURGES: tuple[Check, ...] = (purges_on_time, purges_seen)


def judge_store(seen: Observed) -> Verdict:
    """Return the verdict on the store of an assistant that has one."""
    rebuilding = any(told.index is not None and told.index.state == "Rebuilding" for told in seen.told.values())
    if rebuilding:
        text = "The gateways use the store. Its documents are being embedded with another model; until then they are found by words alone."
        return first_verdict((*STORE, *SEEN), seen, Verdict.true("IndexRebuilding", text))
    return first_verdict((*STORE, *SEEN), seen, Verdict.true("Connected", "The gateways use the store, over TLS."))


def judge_retention(seen: Observed, gateway: Verdict) -> Verdict:
    """Return the verdict on what is kept: nothing, or nothing longer than it should be."""
    if seen.store is not None:
        text = "Whatever was due has been erased within a minute; status.retention has the figures."
        return first_verdict(PURGES, seen, Verdict.true("OnTime", text))
    if gateway.status != "True":
        return not_shown(seen, "That nothing is kept is known when every replica serves the policy that says so.")
    return Verdict.true("NothingKept", "There is no store, and the gateways write nothing.")
