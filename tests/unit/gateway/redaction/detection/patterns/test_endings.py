"""What stands right before a place."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant_gateway.redaction.detection.patterns.endings import Ending

OWNED = rb"\b(?:my|your)(?: [a-z]{1,8}){0,2} "


@pytest.mark.parametrize(
    ("view", "reach", "start"),
    [
        (b"this is my new ", 12, 8),
        (b"this is MY ", 12, 8),
        (b"my old, your ", 16, 8),
        (b"my your ", 12, 0),
        (b"this is my new", 12, None),
        (b"this is my new ", 4, None),
        (b"", 12, None),
    ],
)
def test_it_ends_at_the_place_and_begins_within_reach(view: bytes, reach: int, start: int | None) -> None:
    """In any case; of several the first."""
    ending = Ending(OWNED)

    assert ending.start(view + b"pin", len(view), reach) == start
    assert ending.is_before(view + b"pin", len(view), reach) is (start is not None)


def test_capitals_count_where_it_says_so() -> None:
    """Some signs are told apart by nothing else."""
    assert not Ending(rb"[A-Z]", any_case=False).is_before(b"a", 1, 4)


@given(st.text("my our\n", max_size=24).map(str.encode), st.integers(0, 24))
def test_it_finds_what_python_would(view: bytes, place: int) -> None:
    """The expression searched for at each byte, with its end at the place."""
    place = min(place, len(view))
    match = re.compile(rb"(?i)(?:" + OWNED + rb")\Z").search(view[:place])

    assert Ending(OWNED).start(view, place, len(view)) == (match.start() if match else None)
