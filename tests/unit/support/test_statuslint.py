"""The linter finds what it is for: each rule by a status that breaks it."""

from typing import Any

import pytest

from assistant_operator.naming import FIELD_MANAGER
from tests.support.statuslint import follows, is_of_others, lint, lint_history


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
        ([*GOOD, condition("Reconciling")], 2, "17"),
        (STUCK, 1, "17"),
        ([WAITS[0], condition("Reconciling", message="Other."), *WAITS[2:]], 2, "18"),
        ([WAITS[0], WAITS[1], condition("ModelReady", observedGeneration=3)], 2, "19"),
    ],
)
def test_each_rule(conditions: list[dict[str, Any]], observed: int | None, rule: str) -> None:
    assert any(found.startswith(f"{rule}:") for found in linted(conditions, observed))


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "Other"},
        {"type": "modelReady"},
        {"status": "Maybe"},
        {"reason": ""},
        {"reason": "not camel"},
        {"reason": "lower"},
        {"reason": "With_Underscore"},
        {"reason": "A" * 1025},
        {"message": ""},
        {"message": "So.\n"},
        {"message": " So."},
        {"message": "So.\nAnd so."},
        {"message": "So \x1b[1mloud."},
        {"message": "no sentence"},
        {"message": "x" * 32768 + "."},
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


@pytest.mark.parametrize("rule", ["7", "8", "9", "13", "16", "17"])
def test_what_only_the_operators_answer_puts_right_is_no_fault_before_it(rule: str) -> None:
    """Between an edit and the answer to it, status speaks of the spec before."""
    broken = {
        "7": (GOOD, 1),
        "8": ([GOOD[0], condition("ModelReady", observedGeneration=1), *GOOD[2:]], 2),
        "9": (STUCK, 1),
        "13": (OPEN, 2),
        "16": (PLAIN, 2),
        "17": (STUCK, 1),
    }
    conditions, observed = broken[rule]
    assistant = {"metadata": {"generation": 2}, "spec": {}, "status": {"conditions": conditions, "observedGeneration": observed}}

    assert any(found.startswith(f"{rule}:") for found in lint(assistant))
    assert lint(assistant, is_settled=False) == []


def version(conditions: list[dict[str, Any]], observed: int = 2, manager: str = FIELD_MANAGER) -> dict[str, Any]:
    managed = [{"manager": "kubectl", "operation": "Apply"}, {"manager": manager, "operation": "Apply", "subresource": "status"}]
    metadata = {"uid": "u", "generation": 2, "managedFields": managed}
    return {"metadata": metadata, "spec": {}, "status": {"conditions": conditions, "observedGeneration": observed}}


EARLIER, LATER = "2025-12-31T00:00:00Z", "2026-01-02T00:00:00Z"
FOLLOWS: list[Any] = [
    pytest.param([GOOD[0] | {"lastTransitionTime": LATER}, *GOOD[1:]], 2, "20", id="a new time without a new status"),
    pytest.param([GOOD[0] | {"lastTransitionTime": EARLIER, "status": "False"}, *GOOD[1:]], 2, "21", id="a time before the last one"),
    pytest.param([GOOD[0], GOOD[1] | {"observedGeneration": 1}, *GOOD[2:]], 2, "22", id="an older generation"),
    pytest.param(GOOD, 1, "23", id="observedGeneration goes back"),
]


@pytest.mark.parametrize(("conditions", "observed", "rule"), FOLLOWS)
def test_each_rule_of_how_statuses_follow_each_other(conditions: list[dict[str, Any]], observed: int, rule: str) -> None:
    after = version(conditions, observed)

    assert any(found.startswith(f"{rule}:") for found in follows(version(GOOD), after))
    assert any(found.startswith(f"{rule}:") for found in lint_history([version(GOOD), after]))


def test_a_good_history() -> None:
    """A new status has a new time; a condition that was away may have any."""
    waits = [condition("Ready", "Unknown", lastTransitionTime=LATER), condition("Reconciling", lastTransitionTime=LATER), *GOOD[1:]]
    again = [condition("Ready", lastTransitionTime="2026-01-03T00:00:00Z"), *GOOD[1:]]

    assert lint_history([version(GOOD), version(GOOD), version(waits), version(again)]) == []


def test_each_version_of_a_history_is_looked_at() -> None:
    """One without a status is none, and two assistants are two."""
    other = version([condition("Ready", lastTransitionTime=LATER), *GOOD[1:]])
    other["metadata"]["uid"] = "v"

    assert lint_history([{"metadata": {"uid": "u"}}, version(GOOD), other]) == []
    assert lint_history([version(GOOD), version([*GOOD, GOOD[1]])]) == ["a condition stands there twice"]


def test_what_others_wrote_into_status_is_passed_over() -> None:
    """And what follows it has nothing to be compared with."""
    lie = version([*GOOD, GOOD[1]], 7, manager="kubectl-edit")
    later = version([GOOD[0] | {"lastTransitionTime": LATER}, *GOOD[1:]])

    assert is_of_others(lie)
    assert not is_of_others(later)
    assert lint_history([version(GOOD), lie, later]) == []
