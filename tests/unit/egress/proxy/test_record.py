"""What is counted and logged."""

import json
import logging

import pytest

from assistant_egress.proxy.decisions import Decisions
from assistant_egress.proxy.reasons import ENDINGS, REFUSALS
from assistant_egress.proxy.record import Record
from assistant_egress.proxy.rules import HostRule
from assistant_model.logs import JsonFormatter

RULE = HostRule("*.corp.example", 443)


@pytest.fixture
def record() -> Record:
    seen = Record()
    seen.allowed(RULE, 0.0123)
    seen.refused("HostNotAllowed", None, 0.0)
    seen.refused("HostNotAllowed", None, 0.0)
    seen.refused("NoServerName", RULE, 1.5)
    seen.ended("IdleTimeout", RULE, 300.0)
    seen.bytes["received"] += 7
    return seen


def test_each_decision_is_a_line(caplog: pytest.LogCaptureFixture) -> None:
    """With its reason, the rule's pattern where one was found, and how long it took."""
    with caplog.at_level(logging.INFO):
        Record().refused("NoServerName", RULE, 0.01234)
        Record().refused("HostNotAllowed", None, 0.0)
    lines = [json.loads(JsonFormatter().format(record)) for record in caplog.records]

    assert [{key: line[key] for key in ("decision", "reason", "rule", "duration_ms")} for line in lines] == [
        {"decision": "refused", "reason": "NoServerName", "rule": "*.corp.example:443", "duration_ms": 12.3},
        {"decision": "refused", "reason": "HostNotAllowed", "rule": None, "duration_ms": 0.0},
    ]
    assert {key for line in lines for key in line} == {"time", "level", "logger", "message", "decision", "reason", "rule", "duration_ms"}


def test_the_operator_is_told_what_was_allowed_and_refused(record: Record) -> None:
    """What a limit ended later counts as allowed; reasons that never were are left out."""
    assert record.decisions() == Decisions(record.since, 1, {"HostNotAllowed": 2, "NoServerName": 1})


def test_metrics_have_every_reason_from_the_start(record: Record) -> None:
    """At 0: a rate can be told of what happens for the first time."""
    lines = record.page(3).decode().splitlines()
    samples = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))

    assert samples['private_assistant_egress_decisions_total{decision="allowed",reason="Allowed"}'] == "1"
    assert samples['private_assistant_egress_decisions_total{decision="refused",reason="HostNotAllowed"}'] == "2"
    assert samples['private_assistant_egress_decisions_total{decision="refused",reason="NotTls"}'] == "0"
    assert samples['private_assistant_egress_decisions_total{decision="ended",reason="IdleTimeout"}'] == "1"
    assert samples["private_assistant_egress_connections"] == "3"
    assert samples['private_assistant_egress_bytes_total{direction="sent"}'] == "0"
    assert samples['private_assistant_egress_bytes_total{direction="received"}'] == "7"
    assert len(samples) == 1 + len(REFUSALS) + len(ENDINGS) + 1 + 2
    assert record.page(3).endswith(b"\n")
