"""Bytes cut into events."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant_gateway.redaction.streams import cutting
from assistant_gateway.redaction.streams.cutting import Cutter, UnreadableAnswerError, Wire


@given(st.lists(st.sampled_from([b"\n", b"\r", b"\r\n", b"a", b": "]), max_size=20).map(b"".join), st.sampled_from(["openai", "ollama"]))
def test_every_split_gives_the_same_events(data: bytes, wire: Wire) -> None:
    """A line end may be cut in two."""
    whole, bytewise = Cutter(wire), Cutter(wire)

    events = whole.feed(data)
    single = [event for place in range(len(data)) for event in bytewise.feed(data[place : place + 1])]

    assert single == events
    assert whole.finish() == bytewise.finish() == data[sum(map(len, events)) :]
    assert b"".join(events) == data[: sum(map(len, events))]


@pytest.mark.parametrize(
    ("data", "events"),
    [
        (b"a\n\nb\r\n\r\nc\r\rd\n\r\ne", [b"a\n\n", b"b\r\n\r\n", b"c\r\r", b"d\n\r\n"]),
        (b"a\r\nb\r\n", []),
        (b"a\r\n\r", []),  # half a line end
    ],
)
def test_an_event_ends_with_an_empty_line(data: bytes, events: list[bytes]) -> None:
    """With any of the three line ends that server-sent events know."""
    assert Cutter("openai").feed(data) == events


def test_a_line_is_an_event_of_ollamas() -> None:
    """A carriage return before its end belongs to it."""
    assert Cutter("ollama").feed(b"a\r\nb\n\nc") == [b"a\r\n", b"b\n", b"\n"]


@pytest.mark.parametrize("wire", ["openai", "ollama"])
def test_an_event_without_end_is_not_held_forever(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded whatever the model server sends."""
    monkeypatch.setattr(cutting, "MAX_EVENT", 1000)
    cutter = Cutter(wire)
    for _ in range(10):
        cutter.feed(b"x" * 100)

    with pytest.raises(UnreadableAnswerError):
        cutter.feed(b"x")
