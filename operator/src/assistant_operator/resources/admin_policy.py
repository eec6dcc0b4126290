"""What policies of the whole cluster deny to pods of assistants: two objects for an installation, made by background/admin_tier.py.

The Admin tier is asked before every NetworkPolicy, and its Deny is final: a NetworkPolicy of others opens nothing of it. Only Deny is
said here. An Accept would widen, and a Pass would skip what administrators deny in policies of lower precedence.
Sources: network-policy-api, ClusterNetworkPolicy v1alpha2 and AdminNetworkPolicy v1alpha1 (two spellings, equal as far as used here).
"""

from collections.abc import Sequence
from typing import Any

from assistant_operator.naming import DEFINITION, FIELD_MANAGER, LABEL_EGRESS, REACHES_NOTHING, REACHES_OWN, fit
from assistant_operator.resources.egress_targets import METADATA
from assistant_operator.resources.manifest import Manifest

CLUSTER_POLICY = "ClusterNetworkPolicy"

PRIORITIES = (10, 11)
"""Lower comes first. Room is left before them for administrators; some network plugins know no number above 99, or want none twice."""

EVERYTHING: Sequence[dict[str, Any]] = ({"networks": ["0.0.0.0/0", "::/0"]}, {"namespaces": {}})
"""Networks alone would do by the letter; pods are named because plugins differ in whether networks hold them."""
NODE_CREDENTIALS: Sequence[dict[str, Any]] = ({"networks": [f"{address}/{128 if ':' in address else 32}" for address in METADATA]},)


def policy_name(operator_namespace: str, word: str) -> str:
    """Return the name of one of an installation's policies: another installation of the cluster has another namespace."""
    return fit(f"private-assistant-{operator_namespace}-{word}")


def admin_policies(
    api_version: str, kind: str, operator_namespace: str, namespaces: Sequence[str], definition_uid: str
) -> tuple[Manifest, ...]:
    """Return the policies in the given kind (ClusterNetworkPolicy or AdminNetworkPolicy); no namespaces means all of them.

    What reaches nothing is denied everything; what reaches only pods of its own, the nodes' credentials: which addresses pods and
    Services have is not known, so not more. Owned by the CRD, where its uid is known: nothing in a namespace can own them.
    """
    return tuple(
        Manifest(
            api_version=api_version,
            kind=kind,
            metadata=_metadata(policy_name(operator_namespace, word), definition_uid),
            body={"spec": _spec(kind, priority, word, peers, namespaces)},
        )
        for priority, word, peers in zip(PRIORITIES, (REACHES_NOTHING, REACHES_OWN), (EVERYTHING, NODE_CREDENTIALS), strict=True)
    )


def _metadata(name: str, definition_uid: str) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name, "labels": {"app.kubernetes.io/managed-by": FIELD_MANAGER}}
    if definition_uid:
        owner = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "name": DEFINITION, "uid": definition_uid}
        metadata["ownerReferences"] = [owner]
    return metadata


def _spec(kind: str, priority: int, word: str, peers: Sequence[dict[str, Any]], namespaces: Sequence[str]) -> dict[str, Any]:
    chosen = [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": sorted(namespaces)}]
    return {
        **({"tier": "Admin"} if kind == CLUSTER_POLICY else {}),
        "priority": priority,
        "subject": {
            "pods": {
                "namespaceSelector": {"matchExpressions": chosen} if namespaces else {},
                "podSelector": {"matchLabels": {LABEL_EGRESS: word}},
            }
        },
        "egress": [{"name": "private-assistant", "action": "Deny", "to": list(peers)}],
    }
