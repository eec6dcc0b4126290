"""A manifest: one Kubernetes object as the operator wants it, and how the loop may bring it about.

Builders return these; nothing here or in the builders does I/O. The annotation with the hash of the intent is added in one place
(`to_dict`): with it the loop sees that a field has left the intent, which a comparison with the live object would not show.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from assistant_operator.naming import ANNOTATION_INTENT


class Policy(Enum):
    """How the loop may write the object."""

    APPLY = "apply"
    """Server-side apply, whenever the live object differs from the intent."""
    REPLACE = "replace"
    """Create where absent; another intent means delete and create, unless the work is done already (Jobs, which cannot be changed)."""
    CREATE = "create"
    """Create where absent, never write again (Secrets)."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """One object. `body` is every top-level field besides apiVersion, kind and metadata: `{"spec": ...}`, `{"data": ...}` or nothing."""

    api_version: str
    kind: str
    metadata: Mapping[str, Any]
    body: Mapping[str, Any]
    policy: Policy = Policy.APPLY

    @property
    def name(self) -> str:
        return str(self.metadata["name"])

    @property
    def namespace(self) -> str:
        return str(self.metadata["namespace"])

    @property
    def intent(self) -> str:
        """Return 16 hex digits that change when anything in the manifest does.

        Its form stays as it is: with another one, an upgrade of the operator would write every object of every assistant anew.
        """
        return hashlib.sha256(json.dumps(self._bare(), sort_keys=True).encode()).hexdigest()[:16]

    def to_dict(self) -> dict[str, Any]:
        """Return the object as it is sent. What is created once carries no hash: it would be one over a Secret's values."""
        bare = self._bare()
        if self.policy is not Policy.CREATE:
            bare["metadata"]["annotations"] = {**bare["metadata"].get("annotations", {}), ANNOTATION_INTENT: self.intent}
        return bare

    def _bare(self) -> dict[str, Any]:
        return {"apiVersion": self.api_version, "kind": self.kind, "metadata": dict(self.metadata), **self.body}


def bound(manifest: Mapping[str, Any], uid: str) -> dict[str, Any]:
    """Return a manifest that can be applied to one object alone: where another one has the name by then, the API server refuses (409).

    Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/ (a uid in the applied configuration is compared).
    """
    return {**manifest, "metadata": {**manifest["metadata"], "uid": uid}}
