"""Cutting text into pieces: everything stays, nothing is too long, and nothing is torn that need not be."""

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant_gateway.documents import chunking

WORDS = st.sampled_from(
    ["haus", "naïve", "שלום", "مرحبا", "日本語の文章。", "क्षत्रिय", "👩‍👩‍👧‍👦", "🇩🇪🇫🇷", "\n\n", "\f", ". ", "e\u0301", "x" * 70, "한글"]
)
TEXTS = st.one_of(st.text(max_size=600), st.lists(WORDS, max_size=80).map(" ".join), st.lists(WORDS, max_size=80).map("".join))


def ink(text: str) -> str:
    return "".join(text.split())


@settings(max_examples=300, deadline=None)
@given(text=TEXTS, size=st.integers(10, 120), share=st.floats(0, 0.49))
def test_pieces_hold_the_whole_text_in_order_and_none_is_too_long(text: str, size: int, share: float) -> None:
    """Each piece is a part of the text; what lies between two that do not overlap is white space."""
    begun, covered = -1, 0
    for start, end in chunking.spans(text, size, int(size * share)):
        assert 0 < end - start <= size
        assert text[start:end] == text[start:end].strip()
        assert start > begun
        assert end > covered
        assert not ink(text[covered:start])
        begun, covered = start, end
    assert not ink(text[covered:])


@settings(max_examples=200, deadline=None)
@given(text=TEXTS)
def test_without_overlap_nothing_is_said_twice(text: str) -> None:
    assert ink("".join(chunking.chunks(text, 50, 0))) == ink(text)


@settings(max_examples=200, deadline=None)
@given(text=TEXTS)
def test_halves_are_the_text(text: str) -> None:
    first, second = chunking.halves(text)
    assert ink(first + second) == ink(text)
    if len(text.strip()) > 1 and text == text.strip():
        assert max(len(first), len(second)) < len(text)


def test_a_paragraph_is_a_better_end_than_a_sentence_and_a_sentence_than_a_word() -> None:
    paragraphs = "One two three. Four five six seven.\n\nEight nine. Ten eleven twelve thirteen."
    assert list(chunking.chunks(paragraphs, 60, 0)) == ["One two three. Four five six seven.", "Eight nine. Ten eleven twelve thirteen."]

    sentences = "Alpha beta gamma delta. Epsilon zeta eta theta iota kappa."
    assert list(chunking.chunks(sentences, 40, 0)) == ["Alpha beta gamma delta.", "Epsilon zeta eta theta iota kappa."]


def test_neighbours_overlap_in_whole_words() -> None:
    text = " ".join(f"word{number:03d}" for number in range(100))
    pieces = list(chunking.chunks(text, 80, 20))
    for before, after in pairwise(pieces):
        shared = set(before.split()) & set(after.split())
        assert shared
        assert all(word in text.split() for word in after.split())


@pytest.mark.parametrize(
    "letter",
    ["e\u0301", "👩‍👩‍👧‍👦", "🇩🇪", "👍🏽", "क्षि", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "\u1112\u1161\u11ab", "ก็", "नि"],
    ids=["accent", "family", "flag", "skin", "devanagari", "england", "jamo", "thai", "matra"],
)
def test_a_grapheme_is_not_torn(letter: str) -> None:
    """Without a space in sight, the border falls between two letters as readers see them."""
    letter = unicodedata.normalize("NFD", letter)
    pieces = list(chunking.chunks(letter * 60, 50, 11))
    assert len(pieces) > 1
    for piece in pieces:
        assert len(piece) % len(letter) == 0
        assert piece == letter * (len(piece) // len(letter))


def test_text_without_words_or_graphemes_still_ends() -> None:
    """Twenty thousand accents on one letter: no good border exists."""
    text = "a" + "\u0301" * 20_000
    pieces = list(chunking.chunks(text, 100, 49))
    assert all(len(piece) <= 100 for piece in pieces)
    assert len(pieces) < 1000


def test_white_space_is_no_piece() -> None:
    assert list(chunking.chunks(" \n\f\t\u00a0 ", 100, 10)) == []
    assert list(chunking.chunks("", 100, 10)) == []


def test_a_million_characters_take_a_moment_only() -> None:
    """Hostile shapes too: no border anywhere, borders everywhere, spaces without end."""
    for text in (
        "x" * 1_000_000,
        ". " * 500_000,
        "\n" * 1_000_000 + "x",
        "。" * 1_000_000,
        "." * 1_000_000,
        ".x" * 500_000,
        "\n " * 500_000 + "x",
        "🇩" * 300_000,
    ):
        assert sum(1 for _ in chunking.chunks(text, 800, 100)) <= len(text) // 300 + 1
