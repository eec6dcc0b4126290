"""How other tools apply a resource: the same requests, with the same field managers, as these tools send."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from assistant_operator.kube.kinds import kind_of
from assistant_operator.kube.objects import Object, name_of, namespace_of
from tests.integration.api import Api

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


@dataclass(frozen=True, slots=True)
class Manager:
    """One tool."""

    name: str
    field_manager: str
    labels: Mapping[str, str]
    """What it puts on everything that it applies."""
    apply: Callable[[Api, Object, str], Object]


def _server_side(api: Api, manifest: Object, field_manager: str) -> Object:
    """Apply with force, dry run first where something may differ: Flux's ssa.ResourceManager and Argo CD's ServerSideApply=true."""
    path = kind_of(manifest).path(namespace_of(manifest), name_of(manifest))
    query = f"fieldManager={field_manager}&force=true"
    api.raw("PATCH", f"{path}?{query}&dryRun=All", manifest, "application/apply-patch+yaml")
    return api.raw("PATCH", f"{path}?{query}", manifest, "application/apply-patch+yaml")


def _client_side(api: Api, manifest: Object, field_manager: str) -> Object:
    """Apply as `kubectl apply` and Argo CD's default do: the manifest in an annotation, and a merge patch of what it says."""
    kind = kind_of(manifest)
    text = json.dumps(manifest, separators=(",", ":")) + "\n"
    annotations = {**manifest["metadata"].get("annotations", {}), LAST_APPLIED: text}
    patch = {**manifest, "metadata": {**manifest["metadata"], "annotations": annotations}}
    if api.get(kind, namespace_of(manifest), name_of(manifest)) is None:
        return api.raw("POST", f"{kind.path(namespace_of(manifest))}?fieldManager={field_manager}", patch)
    return api.edit(kind, namespace_of(manifest), name_of(manifest), patch, manager=field_manager)


MANAGERS = (
    Manager(
        "Flux",
        "kustomize-controller",
        {"kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"},
        _server_side,
    ),
    Manager("Argo CD, server-side", "argocd-controller", {"app.kubernetes.io/instance": "apps"}, _server_side),
    Manager("Argo CD", "argocd-controller", {"app.kubernetes.io/instance": "apps"}, _client_side),
    Manager("kubectl", "kubectl-client-side-apply", {}, _client_side),
)


def labelled(manifest: Object, manager: Manager) -> Object:
    metadata = manifest["metadata"]
    return {**manifest, "metadata": {**metadata, "labels": {**metadata.get("labels", {}), **manager.labels}}}
