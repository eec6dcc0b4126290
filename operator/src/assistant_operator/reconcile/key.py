"""Which assistant: what the queue holds and the cache is asked for."""

from typing import NamedTuple

from assistant_operator.kube.objects import Object, label, metadata, name_of, namespace_of
from assistant_operator.naming import KIND, LABEL_ASSISTANT


class Key(NamedTuple):
    """One assistant."""

    namespace: str
    name: str

    @classmethod
    def of(cls, obj: Object) -> "Key | None":
        """Return the assistant that the object is or that controls it; else the one of its label (pods, whose controllers are others)."""
        if obj.get("kind") == KIND:
            return cls(namespace_of(obj), name_of(obj))
        for controller in metadata(obj).get("ownerReferences") or ():
            if controller.get("controller") and controller.get("kind") == KIND:
                return cls(namespace_of(obj), str(controller.get("name", "")))
        if owner := label(obj, LABEL_ASSISTANT):
            return cls(namespace_of(obj), owner)
        return None

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"
