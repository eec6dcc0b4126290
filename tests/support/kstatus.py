"""What tools that know nothing of this API make of an object: kstatus' rules, by which Flux, Argo CD and `kubectl wait` decide.

After sigs.k8s.io/cli-utils/pkg/kstatus/status: the generic rules for custom resources.
"""

from collections.abc import Mapping
from typing import Any, Literal

Kstatus = Literal["InProgress", "Current", "Failed", "Terminating"]


def kstatus(obj: Mapping[str, Any]) -> Kstatus:
    """Return the status that kstatus computes."""
    metadata, status = obj["metadata"], obj.get("status") or {}
    if "deletionTimestamp" in metadata:
        return "Terminating"
    observed = status.get("observedGeneration")
    if observed is not None and observed != metadata.get("generation"):
        return "InProgress"
    conditions = {condition["type"]: condition["status"] for condition in status.get("conditions") or ()}
    if conditions.get("Reconciling") == "True":
        return "InProgress"
    if conditions.get("Stalled") == "True":
        return "Failed"
    return "InProgress" if conditions.get("Ready", "True") != "True" else "Current"
