"""Rights that a test takes from the operator for a while, and what was forbidden to it at all other times."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from tests.cluster.apiserver import ApiServer
from tests.integration.api import Api
from tests.integration.lab import OPERATOR
from tests.support.waiting import until

BINDING = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"
REVIEW = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
_taken: list[tuple[datetime, datetime]] = []
"""From when to when: of this process, which has its API server to itself."""


@contextmanager
def without_cluster_rights(api: Api) -> Iterator[None]:
    """Take what the chart grants for the whole cluster from the operator for a while."""
    binding = api.raw("GET", f"{BINDING}/private-assistant-cluster")
    begin = datetime.now(UTC)
    api.raw("DELETE", f"{BINDING}/private-assistant-cluster")
    try:
        yield
    finally:
        for field in ("uid", "resourceVersion", "creationTimestamp", "managedFields"):
            binding["metadata"].pop(field)
        api.raw("POST", BINDING, binding)
        until("the right is back", lambda: _may_list_policies(api))
        _taken.append((begin, datetime.now(UTC)))


def _may_list_policies(api: Api) -> bool:
    asked = {"verb": "list", "group": "policy.networking.k8s.io", "resource": "adminnetworkpolicies"}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": OPERATOR, "resourceAttributes": asked},
    }
    return bool(api.raw("POST", REVIEW, review)["status"]["allowed"])


def forbidden(cluster: ApiServer) -> list[str]:
    """Return what the operator had no right to ask for, while it had all of its rights.

    By the authorizer's own word: 403 is also what admission says, and a definition that is about to go.
    """
    records: list[dict[str, Any]] = [json.loads(line) for line in (cluster.folder / "audit.jsonl").read_text().splitlines()]
    return [
        record["requestURI"]
        for record in records
        if record["user"]["username"] == OPERATOR
        and record.get("annotations", {}).get("authorization.k8s.io/decision") == "forbid"
        and not _was_taken(record)
    ]


def _was_taken(record: dict[str, Any]) -> bool:
    """Tell whether the answer was made at such a time: a request may have come just before it."""
    came, answered = (datetime.fromisoformat(record[name]) for name in ("requestReceivedTimestamp", "stageTimestamp"))
    return any(begin <= answered and came <= end for begin, end in _taken)
