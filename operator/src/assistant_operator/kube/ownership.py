"""Who set which field of an object: server-side apply's record (metadata.managedFields), read for one question.

A server-side apply repairs fields that others changed, and leaves alone fields that others added: a `hostNetwork: true` or an extra
container put in by hand would stay for ever. So fields of other managers count as drift, except where others have business. To
remove them the record is rewritten so that they are ours; the next apply, which does not list them, then drops them. Flux and
client-go's csaupgrade do the same.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from assistant_operator.kube.objects import Object, metadata
from assistant_operator.naming import FIELD_MANAGER

Fields = dict[str, Any]

# Paths below the root that others may own: metadata is labels, annotations and finalizers that nothing of ours reads (those that we set are
# compared by value); the volume's name is written by the binder; the annotation is `kubectl rollout restart`. Of a claim the class may come
# later, when the cluster has a default one: nobody can take it away, and neither could we. Nor can we take away the snapshot from which
# somebody restored it.
_FOREIGN: tuple[tuple[str, ...], ...] = (
    ("f:metadata",),
    ("f:status",),
    ("f:spec", "f:volumeName"),
    ("f:spec", "f:storageClassName"),
    ("f:spec", "f:volumeMode"),
    ("f:spec", "f:volumeAttributesClassName"),
    ("f:spec", "f:dataSource"),
    ("f:spec", "f:dataSourceRef"),
    ("f:spec", "f:template", "f:metadata", "f:annotations", "f:kubectl.kubernetes.io/restartedAt"),
)


def is_touched(obj: Object) -> bool:
    """Tell whether somebody else set a field that is for the operator alone, or may have done so without a trace of his name."""
    managed = metadata(obj).get("managedFields") or ()
    created = str(metadata(obj).get("creationTimestamp", ""))
    return has_foreign_fields(managed) or not is_recorded(managed) or _is_under_our_name(managed, created)


def is_recorded(managed: Iterable[Mapping[str, Any]]) -> bool:
    """Tell whether the record says what we set: anybody who may write the object can wipe it, and what he adds then is nobody's."""
    return any(entry.get("manager") == FIELD_MANAGER and not entry.get("subresource") for entry in managed)


def _is_under_our_name(managed: Iterable[Mapping[str, Any]], created: str) -> bool:
    """Tell whether somebody wrote as if he were us. We create, and from then on apply: there is no update beside, and none later."""
    ours = [entry for entry in managed if entry.get("manager") == FIELD_MANAGER and not entry.get("subresource")]
    updates = [entry for entry in ours if not _is_applied(entry)]
    return bool(updates) and (len(ours) > 1 or any(str(entry.get("time", "")) > created for entry in updates))


def has_foreign_fields(managed: Iterable[Mapping[str, Any]]) -> bool:
    """Tell whether somebody else set a field that is for the operator alone."""
    return any(_is_foreign(entry) and _leaves(entry.get("fieldsV1") or {}) for entry in managed)


def is_created_only(managed: Iterable[Mapping[str, Any]]) -> bool:
    """Tell whether the object was created by us and not applied since.

    The record then says "Update" for our fields, and would keep them alive when they leave the intent: it is rewritten before the first
    apply, as for foreign fields.
    """
    return any(entry.get("manager") == FIELD_MANAGER and not _is_applied(entry) and not entry.get("subresource") for entry in managed)


def _is_applied(entry: Mapping[str, Any]) -> bool:
    return entry.get("manager") == FIELD_MANAGER and entry.get("operation") == "Apply"


def _is_foreign(entry: Mapping[str, Any]) -> bool:
    return entry.get("manager") != FIELD_MANAGER and not entry.get("subresource")


def _leaves(fields: Fields, path: tuple[str, ...] = ()) -> bool:
    """Tell whether the set holds anything besides the paths that others may own."""
    if path in _FOREIGN:
        return False
    inner = {key: value for key, value in fields.items() if key != "."}
    if not inner:
        return bool(path)
    return any(_leaves(value, (*path, key)) for key, value in inner.items())


def taken_over(managed: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the record with the foreign fields, and those that we created, as applied by us; what others may own stays theirs.

    Where nothing of ours was recorded, it is wiped for good: then the next apply has the API server record all that is there, as
    `before-first-apply`'s, which can be taken over like anybody's.
    """
    managed = list(managed)
    if not is_recorded(managed):
        return [{}]
    ours: dict[str, Any] | None = None
    kept: list[dict[str, Any]] = []
    gained: Fields = {}
    for entry in managed:
        if entry.get("subresource"):
            kept.append(dict(entry))
            continue
        if _is_applied(entry):
            ours = dict(entry)
            continue
        fields = entry.get("fieldsV1") or {}
        theirs, taken = _split(fields) if _is_foreign(entry) else ({}, fields)
        gained = _union(gained, taken)
        if theirs:
            kept.append(dict(entry) | {"fieldsV1": theirs})
    if ours is None:
        api_version = next((entry.get("apiVersion") for entry in managed), "v1")
        ours = {"manager": FIELD_MANAGER, "operation": "Apply", "apiVersion": api_version, "fieldsType": "FieldsV1", "fieldsV1": {}}
    ours["fieldsV1"] = _union(ours.get("fieldsV1") or {}, gained)
    return [ours, *kept]


def _split(fields: Fields, path: tuple[str, ...] = ()) -> tuple[Fields, Fields]:
    """Divide a set into what others may own and the rest."""
    theirs: Fields = {}
    rest: Fields = {}
    for key, value in fields.items():
        below = (*path, key)
        if below in _FOREIGN:
            theirs[key] = value
        elif any(allowed[: len(below)] == below for allowed in _FOREIGN):
            inner_theirs, inner_rest = _split(value, below)
            if inner_theirs:
                theirs[key] = inner_theirs
            if inner_rest or not value:
                rest[key] = inner_rest
        else:
            rest[key] = value
    return theirs, rest


def _union(left: Fields, right: Fields) -> Fields:
    merged = dict(left)
    for key, value in right.items():
        merged[key] = _union(merged[key], value) if key in merged else value
    return merged
