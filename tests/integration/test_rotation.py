"""Rotation on a real API server: who owns which entry of a Secret after creation, apply and edits decides what a later apply takes away."""

import base64
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from assistant_operator.kube.kinds import SECRET
from assistant_operator.kube.objects import Object, annotation
from assistant_operator.naming import ANNOTATION_PUBLISHED_AT, ANNOTATION_STAGED_AT
from assistant_operator.reconcile.conditions import timestamp
from assistant_operator.reconcile.credentials.rotation import SPREAD
from tests.integration.lab import MODEL, Lab
from tests.support.waiting import until

MINIMAL: dict[str, Any] = {"model": {"name": MODEL}}
KEEP: dict[str, Any] = {**MINIMAL, "retention": {"conversations": {"mode": "Keep", "ttl": "1h"}}}


def entries(lab: Lab, name: str) -> dict[str, str]:
    return {entry: base64.b64decode(value).decode() for entry, value in lab.child(SECRET, name)["data"].items()}


def older_than_now(lab: Lab, name: str) -> str:
    """Wait until the Secret is older than this second, and return it: the API server's times have whole ones."""
    created = lab.child(SECRET, name)["metadata"]["creationTimestamp"]
    until("another second begins", lambda: timestamp(datetime.now(UTC)) > created)
    return timestamp(datetime.now(UTC))


def set_back(lab: Lab, name: str, which: str, ago: timedelta) -> None:
    """Let the time of a step lie so far in the past, and make a pass."""
    moment = timestamp(datetime.fromtimestamp(time.time(), UTC) - ago)
    lab.api.edit(SECRET, lab.namespace, name, {"metadata": {"annotations": {which: moment}}})
    lab.running.another_pass(lab.key)


def test_an_api_key_is_replaced_step_by_step(lab: Lab) -> None:
    """Each entry comes and goes as it should, and neither value is in the assistant's status."""
    lab.make_ready(MINIMAL)
    name = "one-key-default"
    old = entries(lab, name)["api-key"]
    lab.apply({**MINIMAL, "rotation": {"apiKeys": older_than_now(lab, name)}})
    new = entries(lab, name)["other-api-key"]
    assert entries(lab, name)["api-key"] == old

    set_back(lab, name, ANNOTATION_STAGED_AT, SPREAD)
    assert entries(lab, name) == {"api-key": new, "other-api-key": old}
    assert annotation(lab.child(SECRET, name), ANNOTATION_STAGED_AT) == ""

    lab.apply(MINIMAL)  # or the key, which a test has made older than it is, would be replaced once more
    set_back(lab, name, ANNOTATION_PUBLISHED_AT, timedelta(hours=1))
    assert entries(lab, name) == {"api-key": new}
    assert lab.verdict() == ("True", "Serving")
    status = json.dumps(lab.assistant()["status"])
    assert old not in status
    assert new not in status


def test_a_key_that_others_know_goes_at_once(lab: Lab) -> None:
    lab.make_ready(MINIMAL)
    old = entries(lab, "one-key-default")["api-key"]
    lab.apply({**MINIMAL, "rotation": {"apiKeys": older_than_now(lab, "one-key-default"), "apiKeyOverlap": "0s"}})

    assert list(entries(lab, "one-key-default")) == ["api-key"]
    assert entries(lab, "one-key-default")["api-key"] != old


def test_a_time_to_come_comes(lab: Lab) -> None:
    """Without another event: the operator looks again when it is there."""
    lab.make_ready(MINIMAL)
    before = entries(lab, "one-tls")
    soon = timestamp(datetime.now(UTC) + timedelta(seconds=3))
    lab.apply({**MINIMAL, "rotation": {"certificates": soon}})
    assert entries(lab, "one-tls") == before or timestamp(datetime.now(UTC)) >= soon

    until("the certificate is issued anew", lambda: entries(lab, "one-tls")["tls.crt"] != before["tls.crt"])
    assert entries(lab, "one-tls")["ca.crt"] == before["ca.crt"]


def test_no_encryption_key_is_ever_taken_away(lab: Lab) -> None:
    """Those of the first day, of earlier rotations and of other hands stay; one that somebody removes stays away."""
    name = "one-encryption"
    lab.apply(KEEP)
    first = entries(lab, name)
    theirs = base64.b64encode(base64.b64encode(b"x" * 32)).decode()
    lab.api.edit(SECRET, lab.namespace, name, {"data": {"k0002": theirs}})
    lab.apply({**KEEP, "rotation": {"encryptionKey": older_than_now(lab, name)}})
    assert sorted(entries(lab, name)) == ["k0001", "k0002", "k0003"]
    assert entries(lab, name)["k0001"] == first["k0001"]

    removed: Object = {"data": {"k0001": None}}
    lab.api.edit(SECRET, lab.namespace, name, removed)
    made = timestamp(datetime.now(UTC))
    until("another second begins", lambda: timestamp(datetime.now(UTC)) > made)
    lab.apply({**KEEP, "rotation": {"encryptionKey": timestamp(datetime.now(UTC))}})
    assert sorted(entries(lab, name)) == ["k0002", "k0003", "k0004"]
    assert entries(lab, name)["k0002"] == base64.b64decode(theirs).decode()
