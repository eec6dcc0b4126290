"""The types, and several detectors' spans made one list."""

import itertools
import random

from hypothesis import given
from hypothesis import strategies as st

from assistant_gateway.redaction.entities import CUSTOM, NAMES, STRUCTURED, Span, custom, label, resolve

SPANS = st.lists(
    st.builds(
        lambda start, length, entity: Span(start, start + length, entity),
        st.integers(0, 60),
        st.integers(1, 20),
        st.sampled_from([*STRUCTURED, *NAMES, "CUSTOM:case"]),
    ),
    max_size=12,
)


def covered(spans: list[Span]) -> set[int]:
    return {place for span in spans for place in range(span.start, span.end)}


def test_the_types_are_those_of_the_contract() -> None:
    """Thirteen that rules find, four that names find, none in both."""
    assert len(STRUCTURED) == 13
    assert NAMES == ("PERSON", "PLACE", "ORGANISATION", "ADDRESS")
    assert not set(STRUCTURED) & set(NAMES)


@given(SPANS)
def test_nothing_that_was_found_is_uncovered_by_resolving(spans: list[Span]) -> None:
    """What a loser covers beside the winner would reach the model."""
    assert covered(resolve(spans)) == covered(spans)


@given(SPANS)
def test_resolved_spans_are_sorted_and_apart(spans: list[Span]) -> None:
    """A mask replaces from left to right; two that overlap would cut each other."""
    result = resolve(spans)

    assert all(left.end <= right.start for left, right in itertools.pairwise(result))


@given(SPANS, st.randoms())
def test_the_order_of_the_detectors_says_nothing(spans: list[Span], dice: random.Random) -> None:
    """The same finds give the same result, whoever found them first."""
    shuffled = list(spans)
    dice.shuffle(shuffled)

    assert resolve(shuffled) == resolve(spans)


def test_the_longest_gives_the_type() -> None:
    """A phone number inside an address is the address's."""
    assert resolve([Span(5, 9, "PHONE"), Span(0, 20, "ADDRESS")]) == [Span(0, 20, "ADDRESS")]
    assert resolve([Span(0, 6, "PHONE"), Span(4, 20, "CARD")]) == [Span(0, 20, "CARD")]


def test_of_equals_the_secret_gives_the_type() -> None:
    """The same range found twice: what is worse to lose says what it is."""
    assert resolve([Span(0, 9, "PHONE"), Span(0, 9, "NATIONAL_ID")]) == [Span(0, 9, "NATIONAL_ID")]
    assert resolve([Span(0, 9, "PERSON"), Span(0, 9, "PASSWORD")]) == [Span(0, 9, "PASSWORD")]


def test_neighbours_stay_two() -> None:
    """Spans that touch do not overlap."""
    assert resolve([Span(3, 6, "PHONE"), Span(0, 3, "EMAIL")]) == [Span(0, 3, "EMAIL"), Span(3, 6, "PHONE")]


def test_a_custom_pattern_is_never_a_type_of_ours() -> None:
    """A pattern called "email" is masked as EMAIL, and counted as itself."""
    assert custom("email") == CUSTOM + "email"
    assert custom("EMAIL") not in STRUCTURED
    assert label(custom("case-number")) == "CASE-NUMBER"
    assert label("PHONE") == "PHONE"
