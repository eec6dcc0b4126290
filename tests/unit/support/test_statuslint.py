"""The linter finds what it is for: each rule by a status that breaks it."""

from typing import Any

import pytest

from tests.support.statuslint import lint


def condition(kind: str, status: str = "True", **changes: Any) -> dict[str, Any]:
    base = {"type": kind, "status": status, "reason": "Because", "message": "So.", "observedGeneration": 2}
    return base | {"lastTransitionTime": "2026-01-01T00:00:00Z"} | changes


GOOD = [
    *(condition(kind) for kind in ("Ready", "ModelReady", "GatewayReady", "EgressConfined", "RedactionActive")),
    condition("RetentionEnforced", reason="NothingKept"),
]
KEEPS = [*GOOD[:5], condition("StoreReady"), condition("RetentionEnforced", reason="OnTime")]
OPEN = [*GOOD[:3], condition("EgressConfined", "False"), *GOOD[4:]]
PLAIN = [*GOOD[:4], condition("RedactionActive", "False", reason="NotRequested"), GOOD[5]]
WAITS = [condition("Ready", "Unknown"), condition("Reconciling"), condition("ModelReady", "Unknown"), condition("GatewayReady")]
STUCK = [condition("Ready", "False"), condition("Stalled"), condition("ModelReady"), condition("GatewayReady")]


def linted(conditions: list[dict[str, Any]], observed: int | None = 2, mode: str = "Required", action: str = "Mask") -> list[str]:
    spec = {"egress": {"evidence": {"mode": mode}}, "redaction": {"request": {"action": action}}}
    return lint({"metadata": {"generation": 2}, "spec": spec, "status": {"conditions": conditions, "observedGeneration": observed}})


@pytest.mark.parametrize(("conditions", "observed"), [(GOOD, 2), (KEEPS, 2), (WAITS, None), (WAITS, 1), (WAITS, 2), (STUCK, 2)])
def test_good_statuses(conditions: list[dict[str, Any]], observed: int | None) -> None:
    assert linted(conditions, observed) == []


def test_nobody_waits_for_what_is_only_reported() -> None:
    """It has to be there all the same."""
    assert linted(OPEN, mode="Reported") == []
    assert any(found.startswith("14:") for found in linted([*GOOD[:3], *GOOD[4:]], mode="Reported"))


def test_nobody_waits_for_redaction_that_is_not_asked_for() -> None:
    """The condition says so, and says nothing else."""
    assert linted(PLAIN, action="Off") == []
    assert any(found.startswith("16:") for found in linted(GOOD, action="Off"))
    assert any(found.startswith("16:") for found in linted(PLAIN))


@pytest.mark.parametrize(
    ("conditions", "observed", "rule"),
    [
        ([], None, "2"),
        (GOOD[1:], 2, "2"),
        ([*GOOD, condition("Reconciling")], 2, "1"),
        ([*GOOD, condition("Stalled")], 2, "4"),
        ([*STUCK, condition("Reconciling")], 2, "5"),
        (GOOD, 3, "6"),
        (GOOD, 1, "7"),
        ([GOOD[0], condition("ModelReady", observedGeneration=1), *GOOD[2:]], 2, "8"),
        (STUCK, 1, "9"),
        ([condition("Ready", "Unknown"), *GOOD[1:]], 2, "10"),
        ([condition("Ready", "False"), condition("Reconciling", "False"), *GOOD[1:]], 2, "11"),
        ([condition("Ready", "False"), condition("Stalled", reason="Other"), *GOOD[1:]], 2, "12"),
        ([GOOD[0], condition("ModelReady", "Unknown"), *GOOD[2:]], 2, "13"),
        (OPEN, 2, "13"),
        (GOOD[:2], 2, "14"),
        (GOOD[:5], 2, "14"),
        ([*GOOD[:3], *GOOD[4:]], 2, "14"),
        ([*GOOD[:4], GOOD[5]], 2, "14"),
        ([*GOOD[:4], condition("RedactionActive", "Unknown"), GOOD[5]], 2, "13"),
        ([*KEEPS[:5], condition("StoreReady", "Unknown"), KEEPS[6]], 2, "13"),
        ([*KEEPS[:6], GOOD[5]], 2, "15"),
        ([*GOOD[:5], KEEPS[6]], 2, "15"),
    ],
)
def test_each_rule(conditions: list[dict[str, Any]], observed: int | None, rule: str) -> None:
    assert any(found.startswith(f"{rule}:") for found in linted(conditions, observed))


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "Other"},
        {"status": "Maybe"},
        {"reason": ""},
        {"reason": "not camel"},
        {"reason": "lower"},
        {"message": ""},
        {"observedGeneration": None},
        {"lastTransitionTime": "2026-01-01T00:00:00.5Z"},
        {"lastTransitionTime": ""},
    ],
)
def test_the_shape_of_a_condition(changes: dict[str, Any]) -> None:
    assert linted([GOOD[0], GOOD[1] | changes, *GOOD[2:]])


def test_doubles_and_order() -> None:
    assert linted([*GOOD, GOOD[1]])
    assert linted([GOOD[1], GOOD[0], *GOOD[2:]])
