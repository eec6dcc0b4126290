"""Policies of the whole cluster by others: ClusterNetworkPolicy (v1alpha2) and AdminNetworkPolicy (v1alpha1) that let something through.

Their Admin tier is asked before every NetworkPolicy. The Baseline tier (and BaselineAdminNetworkPolicy) is asked where no NetworkPolicy
selects a pod; one of ours always does, so it can widen nothing. Source: network-policy-api, apis/v1alpha1 and apis/v1alpha2.
"""

from typing import Any

from assistant_operator.kube.objects import Object, controller_uid, name_of
from assistant_operator.reconcile.policies.opening import Opening, entries
from assistant_operator.reconcile.policies.selecting import EVERYTHING, Selector

_HARMLESS = ("Deny", "Pass")
"""Pass leaves the decision to the NetworkPolicies. Accept (v1alpha2) and Allow (v1alpha1) widen, and so may what a later version adds."""
_BASELINE = "Baseline"


def read(obj: Object) -> tuple[Opening, ...]:
    """Return the policy's opening as a tuple, an empty one where it lets nothing through."""
    raw = obj.get("spec")
    spec = raw if isinstance(raw, dict) else {"egress": raw, "ingress": raw}
    egress, ingress = _allows(spec.get("egress")), _allows(spec.get("ingress"))
    if spec.get("tier") == _BASELINE or not (egress or ingress):
        return ()
    namespaces, pods = _subject(spec.get("subject"))
    return (
        Opening(
            kind=str(obj["kind"]),
            name=name_of(obj),
            namespace="",
            pods=pods,
            egress=egress,
            ingress=ingress,
            namespaces=namespaces,
            controller=controller_uid(obj),
        ),
    )


def _allows(rules: Any) -> bool:
    return any(not isinstance(rule, dict) or rule.get("action") not in _HARMLESS for rule in entries(rules))


def _subject(raw: Any) -> tuple[Selector, Selector]:
    """Return the selectors of namespaces and of pods; a subject that cannot be read may be everybody."""
    if isinstance(raw, dict) and isinstance(raw.get("namespaces"), dict):
        return Selector.of(raw["namespaces"]), EVERYTHING
    pods = raw.get("pods") if isinstance(raw, dict) else None
    if isinstance(pods, dict):
        return Selector.of(pods.get("namespaceSelector")), Selector.of(pods.get("podSelector"))
    return EVERYTHING, EVERYTHING
