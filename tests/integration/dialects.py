"""Definitions of the policies that are not Kubernetes' own, as little of them as an API server needs to serve them.

They take whatever is in them, so what the operator writes is checked by the golden files and not here; what is tested is that the kinds
are found, listed, written and missed.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from assistant_operator.kube.kinds import ADMIN_POLICY, CILIUM_CLUSTER_POLICY, CILIUM_POLICY, CLUSTER_POLICY, DIALECTS, Kind
from assistant_operator.kube.objects import Object
from tests.integration.api import Api
from tests.support.waiting import until

ROOT = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
ANYTHING = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def definition(kind: Kind) -> Object:
    """Return a CustomResourceDefinition that serves the kind."""
    name = f"{kind.plural}.{kind.group}"
    approved = {"api-approved.kubernetes.io": "unapproved, for tests"}  # the API server asks for it in groups of Kubernetes' own
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": name, "annotations": approved},
        "spec": {
            "group": kind.group,
            "scope": "Cluster" if kind.cluster else "Namespaced",
            "names": {"kind": kind.kind, "plural": kind.plural, "singular": kind.kind.lower(), "listKind": f"{kind.kind}List"},
            "versions": [{"name": kind.version, "served": True, "storage": True, "schema": {"openAPIV3Schema": ANYTHING}}],
        },
    }


@contextmanager
def serving(api: Api, *kinds: Kind) -> Iterator[None]:
    """Serve the kinds for a while, and leave nothing of them: other tests expect none."""
    for kind in kinds:
        api.create(definition(kind), path=ROOT)
    try:
        for kind in kinds:
            until(f"{kind.kind} is served", lambda kind=kind: api.is_served(kind))  # type: ignore[misc]
        yield
    finally:
        for kind in kinds:
            api.raw("DELETE", f"{ROOT}/{kind.plural}.{kind.group}")
        for kind in kinds:
            until(f"{kind.kind} is served no more", lambda kind=kind: not api.is_served(kind))  # type: ignore[misc]


def opening(kind: Kind, namespace: str, name: str = "theirs") -> Object:
    """Return a policy of somebody else that lets the pods of a namespace out."""
    peers = [{"networks": ["0.0.0.0/0"]}]
    subject = {"namespaces": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}}
    selector = {"matchLabels": {"k8s:io.kubernetes.pod.namespace": namespace}}
    specs: dict[str, Object] = {
        CILIUM_POLICY.kind: {"endpointSelector": {}, "egress": [{"toEntities": ["world"]}]},
        CILIUM_CLUSTER_POLICY.kind: {"endpointSelector": selector, "egress": [{"toEntities": ["world"]}]},
        CLUSTER_POLICY.kind: {"tier": "Admin", "priority": 1, "subject": subject, "egress": [{"action": "Accept", "to": peers}]},
        ADMIN_POLICY.kind: {"priority": 1, "subject": subject, "egress": [{"action": "Allow", "to": peers}]},
    }
    assert set(specs) == {one.kind for one in DIALECTS}
    where = {} if kind.cluster else {"namespace": namespace}
    return {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": name, **where}, "spec": specs[kind.kind]}
