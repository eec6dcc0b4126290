"""Tests of the wire between the gateway and the worker."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant_gateway.redaction.entities import NAMES, Span
from assistant_gateway.redaction.names.protocol import COUNT, SPAN, InvalidAnswerError, answer, question, spans_of, text_of


@given(st.text())
def test_a_text_arrives_as_it_was(text: str) -> None:
    """Lone surrogates too: JSON can carry them."""
    data = question(text)

    assert COUNT.unpack(data[:4]) == (len(data) - 4,)
    assert text_of(data[4:]) == text


def test_spans_arrive_as_they_were() -> None:
    """Every type of the tier."""
    spans = [Span(2 * place, 2 * place + 1, entity) for place, entity in enumerate(NAMES)]

    assert spans_of(answer(spans)[4:], 100) == spans


@pytest.mark.parametrize("wrong", [[(0, 0, 0)], [(3, 2, 0)], [(0, 11, 0)], [(0, 2, 99)], [(4, 5, 0), (0, 1, 0)], [(0, 4, 0), (3, 5, 0)]])
def test_an_answer_that_cannot_be_about_the_text_is_refused(wrong: list[tuple[int, int, int]]) -> None:
    """Empty, backwards, beyond the end, of no known type, out of order, overlapping."""
    with pytest.raises(InvalidAnswerError):
        spans_of(b"".join(SPAN.pack(*span) for span in wrong), 10)
