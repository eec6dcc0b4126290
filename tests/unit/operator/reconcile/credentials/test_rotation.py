"""Rotation on request: what is old is replaced when its time comes, and no client is refused meanwhile."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant_operator.api.v1alpha1.rotation import Rotation
from assistant_operator.kube.objects import Object
from assistant_operator.naming import ANNOTATION_MADE_AT, ANNOTATION_PUBLISHED_AT, ANNOTATION_STAGED_AT
from assistant_operator.reconcile.conditions import timestamp
from assistant_operator.reconcile.credentials.rotation import SPREAD, ApiKey, Wish, made_at, next_entry, step

START = datetime(2026, 12, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def wish(before: datetime | None, overlap: timedelta = HOUR) -> Wish:
    return Wish(before, overlap, None, None)


def key(made: datetime = START - HOUR) -> ApiKey:
    return ApiKey("old", None, made, made, None)


def test_a_key_is_replaced_in_three_steps() -> None:
    """First the gateways know the new one, then clients read it, then the old one goes."""
    asked = wish(START)
    staged, look = step(key(), asked, START, lambda: "new")
    assert (staged.value, staged.other, look) == ("old", "new", START + SPREAD)

    waits, look = step(staged, asked, START + SPREAD / 2, lambda: "never")
    assert (waits, look) == (staged, START + SPREAD)

    swapped, look = step(staged, asked, START + SPREAD, lambda: "never")
    assert (swapped.value, swapped.other, look) == ("new", "old", START + SPREAD + HOUR)

    done, look = step(swapped, asked, START + SPREAD + HOUR, lambda: "never")
    assert (done.value, done.other, look) == ("new", None, None)
    assert step(done, asked, START + 9 * HOUR, lambda: "never") == (done, None)


def test_a_time_to_come_is_waited_for() -> None:
    assert step(key(), wish(START + HOUR), START, lambda: "never") == (key(), START + HOUR)


@pytest.mark.parametrize("before", [None, START - 2 * HOUR, START - HOUR], ids=["not asked", "newer than asked", "of that very moment"])
def test_what_is_not_older_stays(before: datetime | None) -> None:
    assert step(key(), wish(before), START, lambda: "never") == (key(), None)


def test_a_key_that_others_know_is_replaced_at_once() -> None:
    """Without an overlap there is no moment at which both count, and a swap that is under way is ended."""
    done, look = step(key(), wish(START, timedelta()), START, lambda: "new")
    assert (done.value, done.other, look) == ("new", None, None)

    staged, _ = step(key(), wish(START), START, lambda: "new")
    ended, _ = step(staged, wish(START, timedelta()), START + timedelta(seconds=1), lambda: "never")
    assert (ended.value, ended.other, ended.staged) == ("new", None, None)


def test_a_next_key_that_somebody_took_away_is_made_again() -> None:
    staged, _ = step(key(), wish(START), START, lambda: "new")
    again, _ = step(ApiKey(staged.value, None, staged.made, staged.published, staged.staged), wish(START), START + HOUR, lambda: "newer")

    assert (again.value, again.other, again.staged) == ("old", "newer", START + HOUR)


@given(st.lists(st.tuples(st.integers(0, 400), st.one_of(st.none(), st.integers(-60, 600))), max_size=30), st.integers(1, 200))
def test_no_reader_is_refused_however_passes_fall(passes: list[tuple[int, int | None]], overlap: int) -> None:
    """Minutes between passes, and what is asked for at each: whatever clients read, all gateways have known it for the time they need."""
    fresh = count()
    state, now, known_since = key(), START, {"old": START - HOUR}
    for minutes, before in passes:
        now += timedelta(minutes=minutes)
        asked = wish(None if before is None else START + timedelta(minutes=before), timedelta(minutes=overlap))
        was = state
        state, look = step(state, asked, now, lambda: f"new-{next(fresh)}")
        for value in (state.value, state.other):
            known_since.setdefault(str(value), now)
        assert look is None or look > now
        assert state.value == was.value or now - known_since[state.value] >= SPREAD
        assert state.value == was.value or was.value == state.other


@given(st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2027, 1, 1)))
def test_what_was_asked_for_comes_to_an_end(before: datetime) -> None:
    """Passes at the times that it names: in four of them the key is newer than asked for, and alone."""
    asked, state, now = wish(before.replace(tzinfo=UTC)), key(), START
    for _ in range(5):
        state, look = step(state, asked, now, lambda: "new")
        now = look or now

    assert state.made >= before.replace(tzinfo=UTC)
    assert state.other is None


def test_times_survive_the_secret() -> None:
    state, _ = step(key(), wish(START), START, lambda: "new")
    secret: Object = {
        "metadata": {
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "annotations": {name: timestamp(moment) for name, moment in state.times().items() if moment},
        }
    }

    assert ApiKey.of(secret, state.value, state.other) == state


@pytest.mark.parametrize("text", ["", "yesterday", "2026-12-01", "2026-12-01T00:00:00", "9" * 400])
def test_an_annotation_that_is_no_time_counts_as_absent(text: str) -> None:
    secret: Object = {"metadata": {"creationTimestamp": "2026-01-01T00:00:00Z", "annotations": {ANNOTATION_MADE_AT: text}}}

    assert made_at(secret) == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("annotation", [ANNOTATION_PUBLISHED_AT, ANNOTATION_STAGED_AT])
def test_a_time_at_the_end_of_all_times_counts_as_absent(annotation: str) -> None:
    """A pass that fails on what a hand wrote into a Secret would put nothing right, NetworkPolicies neither."""
    written = {"creationTimestamp": timestamp(START - HOUR), "annotations": {annotation: "9999-12-31T23:59:59Z"}}
    found = ApiKey.of({"metadata": written}, "old", "other")

    assert found == ApiKey("old", "other", START - HOUR, START - HOUR, None)
    assert step(found, wish(None), START, lambda: "never")[0].other is None


def test_the_wish_is_read_from_the_spec() -> None:
    found = Wish.of(Rotation(api_keys="2026-12-01T02:00:00+02:00", api_key_overlap="1h30m"))

    assert found == Wish(START, timedelta(minutes=90), None, None)


@pytest.mark.parametrize(
    ("entries", "name"),
    [
        (["k0001"], "k0002"),
        (["k0001", "k0009"], "k0010"),
        (["k9999"], "k9999-1"),
        (["mine"], "mine-1"),
        (["2026-11-30", "k"], "k-1"),
        (["a" * 31 + "8"], "a" * 31 + "9"),
        (["a" * 32], None),
    ],
)
def test_another_encryption_key_gets_the_greatest_name(entries: list[str], name: str | None) -> None:
    assert next_entry(entries) == name


@given(st.sets(st.from_regex(r"[a-z0-9-]{1,32}", fullmatch=True), min_size=1))
def test_the_new_name_is_greater_than_all(entries: set[str]) -> None:
    name = next_entry(entries)

    assert name is None or (name > max(entries) and len(name) <= 32)
