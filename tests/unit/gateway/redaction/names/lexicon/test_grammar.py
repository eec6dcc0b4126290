"""Tests of what the words around a word say of it."""

import pytest

from assistant_gateway.redaction.names.lexicon.grammar import governs, has_article, is_made, small_words


@pytest.mark.parametrize(
    ("text", "is_known", "expected"),
    [
        ("Mark the file", True, True),
        ("Lea la descripción", True, True),
        ("Tamaño de la tabla", False, True),
        ("Juan de Dios", True, False),
        ("Anna went home", False, False),
        ("Anna, the nurse", True, False),
        ("Anna", False, False),
    ],
)
def test_an_article_makes_a_verb(text: str, is_known: bool, expected: bool) -> None:
    """A preposition does so only behind what nobody is called by."""
    assert governs(text, text.index(" ") if " " in text and "," not in text else 4, is_known=is_known) is expected


def test_small_words_are_those_without_any_capital() -> None:
    """What is written in both ways is among them."""
    assert small_words("The Rose and the rose, 4 x") == {"and", "the", "rose", "x"}


@pytest.mark.parametrize(("text", "expected"), [("the Wexel", True), ("La Wexel", True), ("mit Wexel", False), ("the Wexelian", False)])
def test_an_article_stands_before_things(text: str, *, expected: bool) -> None:
    """Before what says where people come from too, which is about them."""
    assert has_article(text, text.index("Wexel")) is expected


@pytest.mark.parametrize(
    ("lowered", "language"),
    [
        ("kindness", "en"),
        ("désargenté", "fr"),
        ("logró", "es"),
        ("istruzione", "it"),
        ("terugkeringen", "nl"),
        ("seleção", "pt"),
    ],
)
def test_a_word_is_built_like_one_of_its_language(lowered: str, language: str) -> None:
    """By its ending, and in that language alone."""
    assert is_made(lowered, language)
    assert not is_made(lowered, None)
    assert not is_made("wexel", language)
