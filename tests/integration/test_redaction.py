"""Redaction on a real API server: the policy that is written, what gateways tell of it over HTTP, and a pattern that nobody can use."""

from datetime import UTC, datetime, timedelta
from typing import Any

from assistant_gateway.policy import parse
from assistant_gateway.redaction.entities import STRUCTURED
from assistant_operator.kube.kinds import CONFIG_MAP
from tests.integration.lab import MODEL, Lab
from tests.integration.page import Page
from tests.support.gateways import revision_of
from tests.support.waiting import until

NOTHING_KEPT: dict[str, Any] = {"revision": "r", "store": None, "retention": None, "sources": {}, "index": None}


def shown(lab: Lab, *failing: str, minutes: int = 0, revision: str | None = None) -> dict[str, Any]:
    """Return what a gateway tells of a self-check that it made so many minutes ago, by the policy of its pod's template."""
    at = datetime.now(UTC) - timedelta(minutes=minutes)
    return NOTHING_KEPT | {
        "redaction": {
            "revision": revision or revision_of(lab.stateful_set()),
            "active": sorted(set(STRUCTURED) - set(failing)),
            "failing": sorted(failing),
            "checkedAt": at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        }
    }


def serving(lab: Lab, spec: dict[str, Any] | None = None) -> None:
    """Bring an assistant as far as its pods."""
    lab.apply(spec)
    lab.pull_succeeds()
    lab.pods_become_ready()


def test_ready_waits_for_what_every_gateway_has_shown(page: type[Page], lab: Lab) -> None:
    """Unknown until it is told, False as soon as a type comes through, Unknown again when nobody tells."""
    page.told = NOTHING_KEPT | {"redaction": None}
    serving(lab)
    lab.expect("Unknown", "RedactionNotSeen")

    page.told = shown(lab, revision="older")
    lab.expect("Unknown", "OtherPolicy")
    page.told = shown(lab)
    lab.expect("True", "Serving")
    lab.expect("True", "Active", "RedactionActive")

    page.told = shown(lab, "CARD", "IBAN")
    lab.expect("False", "SelfCheckFailed")
    page.told = shown(lab, minutes=4)
    lab.expect("Unknown", "RedactionNotSeen")
    page.told = shown(lab)
    lab.expect("True", "Serving")


def test_what_is_off_waits_for_nobody(page: type[Page], lab: Lab) -> None:
    """And the gateways are asked nothing."""
    serving(lab, {"model": {"name": MODEL}, "redaction": {"request": {"action": "Off"}}})

    lab.expect("True", "Serving")
    lab.expect("False", "NotRequested", "RedactionActive")
    assert page.asked == 0


def test_a_check_that_passes_each_minute_is_written_once(page: type[Page], lab: Lab) -> None:
    """Twenty checks that came to the same: no write, and no pass that anybody asked for."""
    page.told = NOTHING_KEPT
    serving(lab)
    page.told = shown(lab)
    lab.expect("True", "Serving")
    lab.settle()
    lab.writes()
    passes = lab.running.passes
    told = shown(lab)
    for second in range(20):
        at = datetime.now(UTC) - timedelta(seconds=second)
        page.told, page.asked = told | {"redaction": told["redaction"] | {"checkedAt": at.isoformat()}}, 0
        until("it was asked", lambda: page.asked > 1)

    assert lab.writes() == []
    assert lab.running.passes == passes


def test_a_pattern_reaches_the_gateways_and_one_that_cannot_be_used_does_not(lab: Lab) -> None:
    """Admission lets it in, for it cannot read it; the assistant stalls and says why, and the pods keep the policy that they have."""
    lab.make_ready({"model": {"name": MODEL}, "redaction": {"patterns": [{"name": "staff-id", "expression": "STAFF-[0-9]{4}"}]}})
    written = lab.child(CONFIG_MAP, "one-policy")
    assert [one.expression for one in parse(written["data"]["policy.json"]).redaction.patterns] == ["STAFF-[0-9]{4}"]

    lab.apply({"model": {"name": MODEL}, "redaction": {"patterns": [{"name": "staff-id", "expression": "STAFF-[0-9]*|"}]}})

    lab.expect("False", "SpecInvalid")
    lab.expect("True", "SpecInvalid", "Stalled")
    assert lab.child(CONFIG_MAP, "one-policy")["data"] == written["data"]
