"""What every pod of an assistant has in common: restricted Pod Security, no token, no DNS, the user's placement.

The user's wishes (spec.model.pod) are laid down first and the operator's fields over them, so that no wish loosens the confinement.
Neighbours: stateful_set.py (the serving pods), pull_job.py (the pod that brings the model), store_stateful_set.py, ingest_job.py.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.naming import COMPONENT_ASSISTANT, MODELS_FOLDER
from assistant_operator.resources.context import Context
from assistant_operator.resources.reach import reach_labels

USER = 65532
"""User and group of every container but the store's; its number is that of `nonroot` in distroless images."""
STORE_USER = 999
"""User and group of the store: `postgres` in the public images, without an entry in /etc/passwd initdb does not run."""
READABLE = 0o440
"""Mode of mounted secrets: for the user's group, which fsGroup gives to the volumes."""
MODELS_VOLUME = "models"

# Names are a way out, and an assistant has nothing to look up. A pull's hosts are in hostAliases.
_NO_DNS: Mapping[str, Any] = {"dnsPolicy": "None", "dnsConfig": {"nameservers": ["127.0.0.1"]}}
# Of the egress proxy alone.
_DNS: Mapping[str, Any] = {"dnsPolicy": "ClusterFirst"}

RESTRICTED: Mapping[str, Any] = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "privileged": False,
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "runAsUser": USER,
    "runAsGroup": USER,
    "seccompProfile": {"type": "RuntimeDefault"},
}
"""securityContext of every container, but for the store's user."""


def pod_metadata(spec: PrivateAssistantSpec, context: Context, component: str, annotations: Mapping[str, str]) -> dict[str, Any]:
    """Return the metadata of a pod template; the operator's labels win, since policies select by them."""
    wished = spec.model.pod
    metadata: dict[str, Any] = {"labels": {**wished.labels, **context.names.labels(component), **reach_labels(spec, component)}}
    if merged := {**wished.annotations, **annotations}:
        metadata["annotations"] = merged
    return metadata


def pod_spec(
    spec: PrivateAssistantSpec,
    context: Context,
    containers: Mapping[str, Any],
    volumes: Sequence[Mapping[str, Any]],
    user: int = USER,
    *,
    has_dns: bool = False,
) -> dict[str, Any]:
    """Return a pod's spec: the user's placement, the given containers and volumes, and everything that confines them."""
    return {
        **_placement(spec, context),
        **containers,
        "volumes": list(volumes),
        "serviceAccountName": context.names.service_account,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        **(_DNS if has_dns else _NO_DNS),
        "hostNetwork": False,
        "hostPID": False,
        "hostIPC": False,
        "shareProcessNamespace": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": user,
            "runAsGroup": user,
            "fsGroup": user,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }


def container(context: Context, name: str, image: str, user: int = USER, **fields: Any) -> dict[str, Any]:
    """Return a restricted container; a crash leaves no log lines in the pod's status."""
    security = {**RESTRICTED, "runAsUser": user, "runAsGroup": user}
    result = {"name": name, "image": image, "securityContext": security, "terminationMessagePolicy": "File", **fields}
    if context.installation.image_pull_policy is not None:
        result["imagePullPolicy"] = context.installation.image_pull_policy
    return result


def models_volume(context: Context, claim: str, *, writable: bool = False) -> dict[str, Any]:
    """Return the volume with the weights.

    The user's claim is attached read-only, so that one that many nodes may only read works. Our own is not: some drivers attach a disk
    read-only then, and a pull to the same disk would find it so; the containers' mounts are read-only instead.
    """
    source: dict[str, Any] = {"claimName": claim}
    if not writable and claim != context.names.models_claim:
        source["readOnly"] = True
    return {"name": MODELS_VOLUME, "persistentVolumeClaim": source}


def models_mount(*, writable: bool = False) -> dict[str, Any]:
    """Return the mount of the weights."""
    mount: dict[str, Any] = {"name": MODELS_VOLUME, "mountPath": MODELS_FOLDER}
    return mount if writable else {**mount, "readOnly": True}


def host_aliases(addresses: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """Return /etc/hosts lines, one for each address, from the addresses of each name: a pod has no DNS."""
    names: dict[str, set[str]] = {}
    for name, found in addresses.items():
        for address in found:
            names.setdefault(address, set()).add(name)
    return [{"ip": address, "hostnames": sorted(hosts)} for address, hosts in sorted(names.items())]


def memory_volume(name: str, size: str) -> dict[str, Any]:
    """Return an empty folder in memory: what a crash leaves there is on no disk."""
    return {"name": name, "emptyDir": {"medium": "Memory", "sizeLimit": size}}


def near_assistant(spec: PrivateAssistantSpec, context: Context) -> dict[str, Any]:
    """Return the user's affinity and, weakly, the node of the assistant's pods: a ReadWriteOnce volume is on one node."""
    affinity = spec.model.pod.affinity.to_dict() if spec.model.pod.affinity else {}
    term = {
        "weight": 100,
        "podAffinityTerm": {
            "labelSelector": {"matchLabels": context.names.selector(COMPONENT_ASSISTANT)},
            "topologyKey": "kubernetes.io/hostname",
        },
    }
    near = affinity.setdefault("podAffinity", {})
    near["preferredDuringSchedulingIgnoredDuringExecution"] = [*near.get("preferredDuringSchedulingIgnoredDuringExecution", []), term]
    return affinity


def _placement(spec: PrivateAssistantSpec, context: Context) -> dict[str, Any]:
    pod = spec.model.pod
    wished: dict[str, Any] = {
        "nodeSelector": dict(pod.node_selector),
        "tolerations": [toleration.to_dict() for toleration in pod.tolerations],
        "affinity": pod.affinity.to_dict() if pod.affinity else None,
        "runtimeClassName": pod.runtime_class_name,
        "priorityClassName": pod.priority_class_name,
        "imagePullSecrets": [{"name": name} for name in context.installation.image_pull_secrets],
    }
    return {field: value for field, value in wished.items() if value}
