"""Has it been seen, from inside every pod, that what the policy denies cannot be reached? The checks behind EgressConfined.

They rest on what the pods tell (evidence.py) and on what others did to the pods (widening.py). True takes every required class of paths
to be closed in every pod: what nobody has told lately, or what was tried without anything being there, is Unknown.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from assistant_egress.protocol import PATHS, EvidencePath, PathClass
from assistant_operator.api.v1alpha1.status import EvidenceStatus
from assistant_operator.kube.objects import uid_of
from assistant_operator.naming import EVIDENCE_PORT
from assistant_operator.reconcile.asking.evidence import PathSeen
from assistant_operator.reconcile.conditions import timestamp
from assistant_operator.reconcile.judging import pods
from assistant_operator.reconcile.judging.chain import SCALED_TO_ZERO, Check, first_verdict
from assistant_operator.reconcile.judging.observed import Observed
from assistant_operator.reconcile.policies import widening
from assistant_operator.reconcile.verdict import Verdict

WRITTEN_EVERY = timedelta(minutes=5)
"""Between two writes of status where nothing but the time of a check has changed."""

USUALLY_OPEN: frozenset[PathClass] = frozenset({"apiServer", "ownNode"})

_NO_TARGET: Mapping[PathClass, str] = {
    "outside": "nothing is known off the pod's own node, as where there is no other one or nodes may not be read: name servers outside "
    "that the operator reaches (--outside-targets; egress.outsideTargets of the chart)",
    "pods": "there is no canary (--canary; egress.canary of the chart), or its name does not resolve",
    "metadata": "there is no address to try",
    "dns": "the operator's pod has no name server",
    "apiServer": "the API server has told no address",
    "ownNode": "the node's addresses are not known",
}
_NOT_ALIVE: Mapping[PathClass, str] = {
    "outside": "the operator itself reaches nothing of what it would have tried: name servers outside that it reaches "
    "(--outside-targets; egress.outsideTargets of the chart)",
    "pods": "the operator itself does not reach the canary",
    "metadata": "the operator itself reaches no metadata service",
    "dns": "the operator itself gets no answer from its name servers",
    "apiServer": "the operator itself does not reach the API server at the addresses that it tells",
    "ownNode": "the operator itself does not reach the kubelet",
}


def nobody_widens(seen: Observed) -> Verdict | None:
    """No policy of others opens anything, for the pods, the proxy by which they get out or the store, and these are what was asked for."""
    found = widening.find(seen.policies, seen.pods, _template(seen.stateful_set))
    if found is None and seen.proxy is not None:
        found = widening.find(seen.policies, seen.proxy.pods, _template(seen.proxy.deployment), widening.PROXY_CONTAINERS)
    if found is None and seen.store is not None:
        found = widening.find(seen.policies, seen.store.pods, _template(seen.store.stateful_set), widening.STORE_CONTAINERS)
    return found


def _template(workload: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    found: Mapping[str, Any] | None = (workload or {}).get("spec", {}).get("template")
    return found


def nothing_reached(seen: Observed) -> Verdict | None:
    """No pod has reached anything that has to be closed."""
    found = _paths(path for path, told in _told(seen) if told.verdict == "NotEnforced" and path in seen.evidence.paths)
    if not found:
        return None
    text = (
        f"From inside the assistant's pods these can be reached, though no policy allows it: {_listed(found)}. The cluster's network does "
        "not enforce NetworkPolicies, or not on every node (status.evidence tells which), or not for these ways out."
    )
    if set(found) <= USUALLY_OPEN:
        text += (
            " Most clusters leave these open whatever a policy says: leave them out of spec.egress.evidence.paths to have them reported."
        )
    return Verdict.false("NotEnforced", text)


def a_pod_is_there(seen: Observed) -> Verdict | None:
    if pods.living(seen.pods):
        return None
    if seen.replicas == 0:
        return Verdict.unknown(SCALED_TO_ZERO, "spec.model.replicas is 0: there is no pod that could reach anything.")
    return Verdict.unknown("NotProven", "No pod is there from which it could be seen what can be reached.")


def every_pod_heard(seen: Observed) -> Verdict | None:
    """Each pod has told what it sees, a moment ago."""
    if all(uid_of(dict(pod)) in seen.heard for pod in pods.living(seen.pods)):
        return None
    text = (
        "Not every pod has told lately what it can reach: it has not come so far, or does not answer. The operator asks them on port "
        f"{EVIDENCE_PORT}; the logs of egress-gate and egress-probe say what they wait for."
    )
    return Verdict.unknown("EvidenceNotSeen", text)


def everything_conclusive(seen: Observed) -> Verdict | None:
    """In each pod each required class of paths is closed, by a try of something that is alive."""
    doubts: dict[PathClass, str] = {}
    for path in seen.evidence.paths:
        for told in (told.paths[path] for told in seen.heard.values() if path in told.paths):
            if not told.is_satisfied:
                doubts.setdefault(path, _doubt(path, told))
    missing = [path for path in seen.evidence.paths if not all(path in told.paths for told in seen.heard.values())]
    doubts |= {path: _doubt(path, None) for path in missing}
    if not doubts:
        return None
    listed = "; ".join(f"{path}: {doubts[path]}" for path in _paths(doubts))
    text = f"Nothing that is alive was tried, so closed and absent look the same. {listed}. What cannot be tried here can be left out of "
    return Verdict.unknown("Inconclusive", text + "spec.egress.evidence.paths: then nothing waits for it.")


def _doubt(path: PathClass, told: PathSeen | None) -> str:
    if told is None:
        return "the pod does not tell of it"
    if told.covered_by is not None:
        return f"what would be tried lies in what the assistant may reach ({told.covered_by})"
    return {"NoTarget": _NO_TARGET[path], "NotAlive": _NOT_ALIVE[path]}.get(told.reason, "the pod could not try it")


def every_policy_read(seen: Observed) -> Verdict | None:
    """All policies could be read that may let something through."""
    if not seen.unreadable:
        return None
    return Verdict.unknown(
        "PoliciesNotReadable",
        "The API server serves policies that the operator cannot read, and somebody may let something through by them unseen. "
        f"Missing: {'; '.join(seen.unreadable)}. The chart grants what the operator needs.",
    )


CONFINED: tuple[Check, ...] = (
    nobody_widens,
    nothing_reached,  # Before what is not known: one pod that is open is enough
    a_pod_is_there,
    every_pod_heard,
    everything_conclusive,
    every_policy_read,
)


def judge_confinement(seen: Observed) -> Verdict:
    """Return the verdict on the assistant's confinement."""
    told = list(_told(seen))
    closed = _paths(seen.evidence.paths)
    text = f"Seen from inside every pod: {_joined(closed)} {'is' if len(closed) == 1 else 'are'} out of reach."
    if "metadata" in closed and all(one.reason == "NothingThere" for path, one in told if path == "metadata"):
        text += " The operator reaches no metadata service either."
    if opened := _paths(path for path, one in told if one.verdict == "NotEnforced"):
        text += f" Open in this cluster: {_listed(opened)}."
    if unreached := sorted({address for path, one in told if path == "allowed" for address in one.unreached}):
        text += f" Allowed but not reachable: {_listed(unreached)}."
    return first_verdict(CONFINED, seen, Verdict.true("Enforced", text))


def confined_as_far_as_seen(seen: Observed) -> Verdict | None:
    """What can be told of pods that could be asked; of an assistant that waits for it."""
    asked = tuple(pod for pod in pods.living(seen.pods) if (pod.get("status") or {}).get("podIP"))
    return confined(replace(seen, pods=asked)) if asked else None


def confined(seen: Observed) -> Verdict | None:
    """It has been seen, or the spec has it reported only."""
    if seen.evidence.mode != "Required":
        return None
    verdict = judge_confinement(seen)
    return None if verdict.status == "True" else verdict


def _told(seen: Observed) -> Iterable[tuple[EvidencePath, PathSeen]]:
    return (found for told in seen.heard.values() for found in told.paths.items())


def _paths(found: Iterable[EvidencePath]) -> list[PathClass]:
    """Return each class of paths that a pod must not go once, in the order of the protocol, so that the same facts make the same text."""
    wanted = set(found)
    return [path for path in PATHS if path in wanted]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)


def _joined(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


_WORST = ("NotEnforced", "Inconclusive", "Enforced")


def evidence_status(seen: Observed, before: Sequence[EvidenceStatus]) -> tuple[EvidenceStatus, ...]:
    """Return status.evidence: the worst verdict of each node's pods on each class, with the age of the oldest.

    What was told before of a node stands while a pod there is not heard. Where nothing but times has moved, and not by much, all stands.
    """
    rows: dict[tuple[str, str], EvidenceStatus] = {}
    silent: set[str] = set()
    for pod in pods.living(seen.pods):
        node, told = str((pod.get("spec") or {}).get("nodeName") or ""), seen.heard.get(uid_of(dict(pod)))
        if told is None:
            silent.add(node)
            continue
        for path, one in told.paths.items():
            _add(rows, _row(seen, path, node, one))
    rows = {(one.path, one.node): one for one in before if one.node in silent} | rows
    found = tuple(rows[at] for at in sorted(rows))
    return tuple(before) if _is_same(found, before) else found


def _row(seen: Observed, path: EvidencePath, node: str, one: PathSeen) -> EvidenceStatus:
    is_required = seen.evidence.mode == "Required" and path in seen.evidence.paths
    return EvidenceStatus(path=path, node=node, verdict=one.verdict, required=is_required, last_checked=timestamp(one.at))


def _add(rows: dict[tuple[str, str], EvidenceStatus], row: EvidenceStatus) -> None:
    other = rows.get((row.path, row.node), row)
    worst = min(row, other, key=lambda one: _WORST.index(one.verdict))
    oldest = min(row.last_checked, other.last_checked)
    rows[row.path, row.node] = worst.model_copy(update={"last_checked": oldest})


def _is_same(found: Sequence[EvidenceStatus], before: Sequence[EvidenceStatus]) -> bool:
    if [(one.path, one.node, one.verdict, one.required) for one in found] != [
        (one.path, one.node, one.verdict, one.required) for one in before
    ]:
        return False
    return all(abs(_time(one) - _time(old)) < WRITTEN_EVERY for one, old in zip(found, before, strict=True))


def _time(one: EvidenceStatus) -> datetime:
    try:
        return datetime.fromisoformat(one.last_checked).replace(tzinfo=UTC)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)  # written by hand
