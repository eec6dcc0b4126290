"""Kubernetes Events for people who run `kubectl describe`: one for each transition of a condition, none for anything else."""

import logging
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from assistant_operator import errors
from assistant_operator.api.v1alpha1.status import Condition
from assistant_operator.kube.client import Client
from assistant_operator.kube.kinds import EVENT
from assistant_operator.kube.objects import Object, name_of, namespace_of, uid_of
from assistant_operator.naming import API_VERSION, FIELD_MANAGER, KIND
from assistant_operator.reconcile.conditions import RECONCILING

log = logging.getLogger(__name__)

MAX_NOTE = 1024
"""Bytes: the API server counts no letters."""
MAX_NAME_PREFIX = 200
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def transitions(before: Iterable[Condition], after: Iterable[Condition]) -> tuple[Condition, ...]:
    """Return the conditions whose status or reason changed. Reconciling comes and goes, and that nothing is known at first is no news."""
    known = {condition.type: (condition.status, condition.reason) for condition in before}
    changed = (one for one in after if one.type != RECONCILING and known.get(one.type) != (one.status, one.reason))
    return tuple(one for one in changed if one.type in known or one.status != "Unknown")


def event(assistant: Object, condition: Condition, instance: str, now: datetime, position: int = 0) -> Object:
    """Return the Event that tells of one transition; `position` is its place among those of one moment."""
    bad = condition.status == "False" or condition.type == "Stalled"
    return {
        "apiVersion": EVENT.api_version,
        "kind": EVENT.kind,
        "metadata": {"namespace": namespace_of(assistant), "name": f"{name_of(assistant)[:MAX_NAME_PREFIX]}.{_ordinal(now, position)}"},
        "eventTime": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "reportingController": FIELD_MANAGER,
        "reportingInstance": instance[:128],
        "action": "Reconcile",
        "type": "Warning" if bad else "Normal",
        "reason": condition.reason[:128],
        "note": f"{condition.type} is {condition.status}: {condition.message}".encode()[:MAX_NOTE].decode(errors="ignore"),
        "regarding": {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "namespace": namespace_of(assistant),
            "name": name_of(assistant),
            "uid": uid_of(assistant),
        },
    }


async def tell(client: Client, assistant: Object, changed: Iterable[Condition], instance: str, now: datetime) -> None:
    """Post the Events; one that cannot be posted is lost, which status is not."""
    for position, condition in enumerate(changed):
        try:
            await client.create(event(assistant, condition, instance, now, position))
        except errors.ApiError as error:
            log.warning("Event not posted", extra={"reason": str(error)})


def _ordinal(now: datetime, position: int) -> str:
    """Return the end of an Event's name: kubectl shows Events of this API, which may not have the time that it sorts by, in that order."""
    return f"{(now - EPOCH) // timedelta(microseconds=1):014x}{position:02x}{uuid.uuid4().hex[:4]}"
