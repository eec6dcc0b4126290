"""Verdicts to conditions."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from assistant_operator.api.v1alpha1.status import Condition
from assistant_operator.reconcile import conditions
from assistant_operator.reconcile.verdict import Verdict
from tests.support.statuslint import lint

NOW = datetime(2026, 1, 2, 3, 4, 5, 678900, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
GOOD = Verdict.true("Serving", "All is well.")
WAITS = Verdict.unknown("Pulling", "The model is being pulled.")
PROMISES = ("ModelReady", "GatewayReady", "EgressConfined", "RedactionActive", "RetentionEnforced")
BROKEN = Verdict.false("NotEnforced", "A way out is open.")
STUCK = Verdict.stuck("SpecInvalid", "spec.x is wrong.")


def told(ready: Verdict, previous: tuple[Condition, ...] = (), generation: int = 2, now: datetime = NOW) -> tuple[Condition, ...]:
    promise = GOOD if ready is GOOD else ready
    promises = {"ModelReady": GOOD} | dict.fromkeys(PROMISES[1:], promise)
    return conditions.conditions(ready, promises, previous, generation, now)


def linted(found: tuple[Condition, ...], observed: int | None, generation: int = 2) -> list[str]:
    status = {"conditions": [one.to_dict() for one in found], "observedGeneration": observed}
    return lint(json.loads(json.dumps({"metadata": {"generation": generation}, "status": status})))


def test_ready_is_first_and_alone_when_all_is_well() -> None:
    found = told(GOOD)

    assert [one.type for one in found] == ["Ready", *PROMISES]
    assert linted(found, conditions.observed_generation(GOOD, None, 2)) == []


def test_under_way_is_reconciling() -> None:
    found = told(WAITS)

    assert [one.type for one in found] == ["Ready", "Reconciling", *PROMISES]
    assert conditions.observed_generation(WAITS, 1, 2) == 1
    assert linted(found, 1) == []


def test_stuck_is_stalled_with_the_same_words() -> None:
    found = told(STUCK)

    stalled = found[1]
    assert (stalled.type, stalled.status, stalled.reason, stalled.message) == ("Stalled", "True", "SpecInvalid", "spec.x is wrong.")
    assert conditions.observed_generation(STUCK, 1, 2) == 2
    assert linted(found, 2) == []


def test_settled_is_neither() -> None:
    """No replicas is what the spec asks for."""
    zero = Verdict.settled("ScaledToZero", "Nothing serves.")
    found = told(zero)

    assert [one.type for one in found] == ["Ready", *PROMISES]
    assert linted(found, conditions.observed_generation(zero, 1, 2)) == []


def test_transition_times_move_with_the_status_only() -> None:
    """Whole seconds; another reason is no transition."""
    first = told(WAITS)
    assert {one.last_transition_time for one in first} == {"2026-01-02T03:04:05Z"}
    second = told(Verdict.unknown("Other", "Other words."), first, now=LATER)
    assert second[0].last_transition_time == first[0].last_transition_time
    third = told(GOOD, second, now=LATER)

    assert third[0].last_transition_time == "2026-01-02T03:09:05Z"
    assert third[1].last_transition_time == "2026-01-02T03:04:05Z"  # ModelReady was True all the while


def test_reconciling_starts_anew_when_it_comes_back() -> None:
    first = told(GOOD)
    second = told(WAITS, first, now=LATER)

    assert next(one for one in second if one.type == "Reconciling").last_transition_time == "2026-01-02T03:09:05Z"


@pytest.mark.parametrize("rest", [conditions.SUSPENDED, conditions.BEING_DELETED])
@pytest.mark.parametrize("before", [GOOD, WAITS])
def test_at_rest_nothing_is_said_to_hold_now(before: Verdict, rest: Verdict) -> None:
    """Nobody looks: a True would be said of a time that is over. The model on its volume is no matter of the moment."""
    found = conditions.at_rest(rest, told(before, generation=1), 2, LATER)

    assert [one.type for one in found] == ["Ready", *PROMISES]
    assert {(one.status, one.reason) for one in found if one.type != "ModelReady"} == {("Unknown", rest.reason)}
    assert (found[1].status, found[1].observed_generation) == ("True", 1)
    assert linted(found, 2) == []
    assert conditions.at_rest(rest, found, 2, LATER + timedelta(hours=1)) == found


def test_suspension_hides_no_bad_news() -> None:
    """What was seen to be broken stays so, with its reason: nobody gets rid of an alert by looking away."""
    found = conditions.at_rest(conditions.SUSPENDED, told(BROKEN, generation=1), 2, LATER)

    ready, confined = (next(one for one in found if one.type == kind) for kind in ("Ready", "EgressConfined"))
    assert (confined.status, confined.reason, confined.observed_generation) == ("False", "NotEnforced", 1)
    assert (ready.status, ready.reason, ready.observed_generation) == ("Unknown", "Suspended", 2)
    assert linted(found, 2) == []


def test_messages_are_bounded() -> None:
    found = told(Verdict.false("Long", "x" * 5000))

    assert len(found[0].message) == conditions.MAX_MESSAGE


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("A sentence.", "A sentence."),
        ("spec.model.name: must not be empty", "spec.model.name: must not be empty."),
        ("Two\nlines \n", "Two lines."),
        ("\x1b[31mred", "[31mred."),
        ("cut…", "cut…"),
    ],
)
def test_messages_are_one_line_and_a_sentence(said: str, shown: str) -> None:
    """Part of some is what the API server or a pull said: statuses go to terminals and into tables."""
    found = conditions.conditions(Verdict.stuck("ObjectRefused", said), {}, (), 1, NOW)

    assert [one.message for one in found] == [shown, shown]
