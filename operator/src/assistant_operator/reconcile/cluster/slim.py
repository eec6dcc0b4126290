"""What the cache keeps of an object: all but managedFields of most; of pods, and of what is nobody's, the few fields that are asked for."""

from collections.abc import Collection, Mapping
from typing import Any

from assistant_operator.kube.kinds import NETWORK_POLICY, POD, kind_of
from assistant_operator.kube.objects import Object, metadata
from assistant_operator.reconcile.key import Key
from assistant_operator.reconcile.policies.widening import OF_NETWORKS, has_token

_IDENTITY = ("name", "namespace", "uid", "resourceVersion", "ownerReferences", "creationTimestamp", "deletionTimestamp")
_POD_STATUS = (
    *("phase", "reason", "podIP", "podIPs", "hostIP", "hostIPs", "startTime"),
    *("conditions", "containerStatuses", "initContainerStatuses"),
)
_POD_SPEC = ("nodeName", "hostNetwork")
_TOKEN: Object = {"projected": {"sources": [{"serviceAccountToken": {}}]}}
_POD_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")


def slim(obj: Object) -> Object:
    """Return the object without what no decision needs."""
    kind = kind_of(obj)
    if kind is POD:
        return _pod(obj)
    if kind is NETWORK_POLICY and Key.of(obj) is None:
        # Somebody else's: what it selects is in foreign.py, and here is whose it is, for the case that it has the name of one of ours.
        return {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "metadata": _only(metadata(obj), _IDENTITY)}
    return {**obj, "metadata": {key: value for key, value in metadata(obj).items() if key != "managedFields"}}


def _pod(obj: Object) -> Object:
    """Return how the pod does, where it is, and what others may have put into it; nothing of what its containers are asked to run."""
    meta, spec = metadata(obj), obj.get("spec") or {}
    kept = _only(meta, (*_IDENTITY, "labels"))
    if annotations := _only(meta.get("annotations") or {}, OF_NETWORKS):
        kept["annotations"] = annotations
    names = {field: [{"name": part.get("name", "")} for part in spec[field]] for field in _POD_CONTAINERS if spec.get(field)}
    tokens = [{"name": volume.get("name", ""), **_TOKEN} for volume in spec.get("volumes") or () if has_token(volume)]
    return {
        "apiVersion": obj["apiVersion"],
        "kind": obj["kind"],
        "metadata": kept,
        "spec": _only(spec, _POD_SPEC) | names | ({"volumes": tokens} if tokens else {}),
        "status": _only(obj.get("status") or {}, _POD_STATUS),
    }


def _only(fields: Mapping[str, Any], wanted: Collection[str]) -> Object:
    return {key: value for key, value in fields.items() if key in wanted}
