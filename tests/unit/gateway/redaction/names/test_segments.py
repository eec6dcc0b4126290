"""Tests of how a text is cut."""

import random

from hypothesis import given
from hypothesis import strategies as st

from assistant_gateway.redaction.names.segments import MOST, segments


def _prose(sentences: int, seed: int) -> str:
    dice = random.Random(seed)
    words = ["letter", "station", "morning", "the", "of", "green", "asked", "Anna", "later", "under"]
    return " ".join(" ".join(dice.choice(words) for _ in range(dice.randrange(5, 14))).capitalize() + "." for _ in range(sentences))


@given(st.text(alphabet=st.sampled_from("ab .\n,Xé\ud800"), max_size=3000))
def test_pieces_are_the_text_and_none_is_too_long(text: str) -> None:
    """Nothing is left out, nothing is looked at twice, and the model takes each."""
    pieces = list(segments(text))

    assert "".join(text[start:end] for start, end in pieces) == text
    assert all(0 < end - start <= MOST for start, end in pieces)


def test_a_text_that_goes_on_keeps_its_pieces() -> None:
    """All pieces but the last are the same when something is added at the end."""
    text = _prose(80, 1)
    before = [text[start:end] for start, end in segments(text)]
    after = [(text + _prose(5, 2))[start:end] for start, end in segments(text + _prose(5, 2))]

    assert after[: len(before) - 1] == before[:-1]


def test_an_edit_at_the_beginning_changes_only_what_is_near() -> None:
    """Cuts that began apart meet again soon: two thirds of a long text's pieces and more are known after an insertion at its top."""
    text = _prose(300, 3)
    before = {text[start:end] for start, end in segments(text)}
    edited = "Yesterday it rained all day. " + text

    after = [edited[start:end] for start, end in segments(edited)]

    assert sum(piece in before for piece in after) > 0.66 * len(after)


def test_pieces_end_with_sentences() -> None:
    """A name is not cut in two where a sentence ends nearby."""
    text = _prose(60, 4)

    assert all(text[:end].rstrip().endswith(".") for _, end in segments(text))
