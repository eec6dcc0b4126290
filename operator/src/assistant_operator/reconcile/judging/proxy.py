"""Does the egress proxy serve, where a spec allows hosts? A check of readiness.py."""

from typing import Any

from assistant_operator.kube.objects import Object
from assistant_operator.reconcile.judging import pods
from assistant_operator.reconcile.judging.observed import Observed
from assistant_operator.reconcile.verdict import Verdict

_WHAT = "Hosts are allowed (spec.egress.allow), and the egress proxy through which alone they are reached"


def serves(seen: Observed) -> Verdict | None:
    """Where hosts are allowed, the one way to them is there, by the rules of now."""
    if seen.proxy is None:
        return None
    deployment = seen.proxy.deployment
    if deployment is None:
        return Verdict.unknown("EgressProxyNotReady", f"{_WHAT}, is not asked for yet.")
    if (trouble := pods.first_trouble(dict(pod) for pod in seen.proxy.pods)) is not None:
        return Verdict.false("EgressProxyNotReady", f"{_WHAT}, is not well: {trouble.reason}. {trouble.message}")
    status = dict(deployment.get("status") or {})
    if not _is_rolled_out(dict(deployment), status):
        return Verdict.unknown("EgressProxyNotReady", f"{_WHAT}, is being started or replaced by one with the rules of now.")
    if not int(status.get("availableReplicas") or 0):
        return Verdict.false(
            "EgressProxyNotReady", f"{_WHAT}, is not available: its pod is not ready; the pod's conditions and log say why."
        )
    return None


def _is_rolled_out(deployment: Object, status: dict[str, Any]) -> bool:
    """Tell whether no pod with earlier rules is left; kubectl rollout status asks the same."""
    wanted = int(deployment.get("spec", {}).get("replicas", 1))
    observed = int(status.get("observedGeneration") or 0) >= int(deployment.get("metadata", {}).get("generation", 0))
    return observed and int(status.get("updatedReplicas") or 0) == int(status.get("replicas") or 0) == wanted
