"""What "nothing changed" means: the same objects, never written to since, under a status that is the same to the letter."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Object = Mapping[str, Any]
Place = tuple[str, str]
Print = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The children by kind and name, and the resource's own status."""

    children: Mapping[Place, Print]
    status: Any

    @classmethod
    def of(cls, children: Iterable[Object], resource: Object) -> "Fingerprint":
        return cls({place(obj): printed(obj) for obj in children}, resource.get("status"))

    def moved(self, later: "Fingerprint") -> list[str]:
        """Return what is another, was written to, came or went in between; empty for nothing."""
        places = sorted({*self.children, *later.children})
        found = [f"{kind} {name}" for kind, name in places if self.children.get((kind, name)) != later.children.get((kind, name))]
        return [*found, *(["status"] if self.status != later.status else [])]


def place(obj: Object) -> Place:
    return str(obj["kind"]), str(obj["metadata"]["name"])


def printed(obj: Object) -> Print:
    """Return uid, resourceVersion and generation (0 for kinds without one)."""
    metadata = obj["metadata"]
    return str(metadata["uid"]), str(metadata["resourceVersion"]), int(metadata.get("generation") or 0)


# What the API server alone decides, and what a new object of the same name cannot share with the old one.
_SERVERS = ("uid", "resourceVersion", "creationTimestamp", "managedFields", "generation", "selfLink")
_ALLOCATED = ("clusterIP", "clusterIPs")


def content(obj: Object) -> Any:
    """Return what the object says: without status, and without what the API server alone decides."""
    metadata = {key: value for key, value in obj["metadata"].items() if key not in _SERVERS}
    rest = {key: value for key, value in obj.items() if key not in ("status", "metadata")}
    if "spec" in rest:
        rest["spec"] = {key: value for key, value in rest["spec"].items() if key not in _ALLOCATED}
    return {**rest, "metadata": metadata}
