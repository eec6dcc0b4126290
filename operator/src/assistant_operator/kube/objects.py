"""Small readers of Kubernetes objects as plain JSON: metadata, owners, conditions."""

from typing import Any

Object = dict[str, Any]


def metadata(obj: Object) -> Object:
    found = obj.get("metadata")
    return found if isinstance(found, dict) else {}


def name_of(obj: Object) -> str:
    return str(metadata(obj).get("name", ""))


def namespace_of(obj: Object) -> str:
    return str(metadata(obj).get("namespace", ""))


def uid_of(obj: Object) -> str:
    return str(metadata(obj).get("uid", ""))


def version_of(obj: Object) -> int:
    """Return the resourceVersion as a number: comparable since Kubernetes 1.35 says so, and in effect with etcd before."""
    text = str(metadata(obj).get("resourceVersion", ""))
    return int(text) if text.isdecimal() else 0


def generation_of(obj: Object) -> int:
    return int(metadata(obj).get("generation") or 0)


def label(obj: Object, key: str) -> str:
    return str((metadata(obj).get("labels") or {}).get(key, ""))


def annotation(obj: Object, key: str) -> str:
    return str((metadata(obj).get("annotations") or {}).get(key, ""))


def is_being_deleted(obj: Object) -> bool:
    return bool(metadata(obj).get("deletionTimestamp"))


def controller(obj: Object) -> Object:
    """Return the reference to the object's controller, empty where it has none."""
    found: Object = next((owner for owner in metadata(obj).get("ownerReferences") or () if owner.get("controller")), {})
    return found


def controller_uid(obj: Object) -> str:
    """Return the uid of the object's controller, empty where it has none."""
    return str(controller(obj).get("uid", ""))


def condition(obj: Object, kind: str) -> Object:
    """Return the condition of that type from the object's status, empty where it is absent."""
    for found in (obj.get("status") or {}).get("conditions") or ():
        if found.get("type") == kind:
            return dict(found)
    return {}


def is_true(obj: Object, kind: str) -> bool:
    return bool(condition(obj, kind).get("status") == "True")
