"""Texts that come in pieces: the same result however they are cut, nothing held longer than it must be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant_gateway.redaction.replacing.restoring import NESTED_HEAD, Restorer
from assistant_gateway.redaction.streams.streaming import Chain, StreamRestorer, once, restoring
from tests.unit.gateway.redaction.pieces import CUTS, cut, known, restorer, streamed

# Tokens, changed ones, parts of them, what only looks like one, and text.
PARTS = st.sampled_from([
    "Xk3-EMAIL-1", "xk3_email_1", "Xk3-**EMAIL**-1", "Xk3-CUSTOMER-NUMBER-1", "Xk3-PASSWORD-1", "Xk3-EMAIL-12", "Xk3-PHONE-1", "Xk3",
    "Xk", "X",
    "-EMAIL", "-1", "3", "2", " ", "**", "\\", "[", "{", '{"a": "', '"', "xylophone", "Extra ", "é中", "\ud83d", "\n",
])  # fmt: skip
TEXTS = st.lists(PARTS, max_size=8).map("".join)


@given(TEXTS, CUTS)
def test_every_split_gives_what_the_whole_gives(text: str, cuts: list[int]) -> None:
    """The pieces of a stream are cut by the model's tokens, not by ours."""
    assert streamed(StreamRestorer(restorer()), cut(text, cuts)) == restorer().restore(text)


@given(TEXTS)
def test_letter_by_letter_gives_what_the_whole_gives(text: str) -> None:
    """The worst of all splits."""
    assert streamed(StreamRestorer(restorer()), text) == restorer().restore(text)


@pytest.mark.parametrize("head", ["", " ", "\n" * (NESTED_HEAD - 2), "\n" * NESTED_HEAD, '{"', ' [{"'])
@given(text=TEXTS)
def test_what_a_text_begins_with_counts_in_every_split(head: str, text: str) -> None:
    """Whether it is JSON is decided by its first characters, which may come one by one."""
    text = head + text

    assert streamed(StreamRestorer(restorer()), text) == once(StreamRestorer(restorer()), text) == restorer().restore(text)


@given(TEXTS, CUTS)
def test_only_what_may_become_a_token_is_held(text: str, cuts: list[int]) -> None:
    """Whatever is held begins like a token: the prefix, or the end of the text in the middle of it; and is no longer than one."""
    stream = StreamRestorer(restorer())
    taken = given = ""
    for piece in cut(text, cuts):
        taken += piece
        given += stream.feed(piece)
        held = taken[len(taken) - len(stream._held) :]
        assert held.casefold()[:3] in ("", "x", "xk", "xk3")
        assert len(held) <= 60
        assert given == streamed(StreamRestorer(restorer()), [taken[: len(taken) - len(held)]])
        assert stream.holds == bool(held)


@pytest.mark.parametrize(
    "text", ["Hello", "An extra ", "xylophone", "Xk4", "Xk3-FOO", "Xk3-EMAIL-1 ", "Xk3-EMAIL-PASS", "Xk3!", "Xk3-EMAIL-1234567"]
)
def test_what_can_be_no_token_any_more_is_not_held(text: str) -> None:
    """Text goes on as soon as it is certain."""
    assert StreamRestorer(restorer()).feed(text) == restorer().restore(text)


def test_a_piece_without_the_prefixs_letter_is_not_even_looked_at() -> None:
    """The way of nearly every piece: the very same object comes back."""
    text = "Hello, 1-EMAIL"

    assert StreamRestorer(restorer()).feed(text) is text


def test_memory_does_not_grow_with_the_text() -> None:
    """A stream keeps its head and what it holds, nothing else."""
    stream = StreamRestorer(restorer())
    for _ in range(10_000):
        stream.feed("Some words and Xk3-EMAIL-1 and x")

    assert len(stream._held) + len(stream._head) < 200


class Upper:
    """A stream that holds its last letter back."""

    def __init__(self) -> None:
        self.held = ""

    @property
    def holds(self) -> bool:
        return bool(self.held)

    def feed(self, text: str) -> str:
        text = self.held + text
        self.held = text[-1:]
        return text[:-1].upper()

    def end(self) -> str:
        text, self.held = self.held, ""
        return text.upper()


@given(TEXTS, CUTS)
def test_streams_behind_one_another_pass_on_what_they_held(text: str, cuts: list[int]) -> None:
    """At the end the first one's rest goes through the second."""
    chain = Chain([Upper(), StreamRestorer(restorer())])

    assert streamed(chain, cut(text, cuts)) == restorer().restore(text.upper())
    assert not chain.holds


def test_a_chain_holds_what_one_of_its_streams_holds() -> None:
    """Else an answer could end without it."""
    chain = Chain([StreamRestorer(restorer()), Upper()])
    chain.feed("Xk3")

    assert chain.holds


def test_rewriting_says_nothing_of_what_it_knows() -> None:
    """It is part of objects that may be printed."""
    rewriting = restoring(Restorer(known()))

    assert rewriting.once("", "Xk3-EMAIL-1") == "alice@example.com"
    assert "alice" not in repr(rewriting)
