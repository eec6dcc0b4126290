"""Tests of German nouns."""

import pytest

from assistant_gateway.redaction.names.lexicon.german import NOUNS, is_described, is_form, is_led_noun, is_noun
from assistant_gateway.redaction.names.lexicon.words import NOT_NAMES


def _is_noun(text: str, token: str) -> bool:
    return is_noun(text, text.index(token), token)


@pytest.mark.parametrize(
    ("text", "token"),
    [
        ("sie hat Schmerzen", "Schmerzen"),
        ("wegen der Wexel", "Wexel"),
        ("als Wexel", "Wexel"),
        ("nach Wexelung", "Wexelung"),
        ("mit Bandbreite", "Bandbreite"),
        ("in WAL-Wexeln", "Wexeln"),
        ("ein 3-Wexel", "Wexel"),
    ],
)
def test_nouns_are_known_led_or_built_as_such(text: str, token: str) -> None:
    """By the list, by the word before them, by what they end in, by what they are joined to."""
    assert _is_noun(text, token)


@pytest.mark.parametrize(
    ("text", "token"),
    [
        ("gestern kam Wexel", "Wexel"),
        ("deine Karin", "Karin"),
        ("Frau Lind-Wexel", "Wexel"),
        ("von Steinberg", "Steinberg"),
        ("mit Jung", "Jung"),
    ],
)
def test_what_may_be_a_name_is_none(text: str, token: str) -> None:
    """Neither a possessive nor a double surname makes a noun, and no family's or town's ending is on the list."""
    assert not _is_noun(text, token)


def test_they_are_small_and_nobodys_name() -> None:
    """They are compared with words made small."""
    assert all(word == word.lower() for word in NOUNS)
    assert not NOUNS & {"fischer", "keller", "vogel", "winter", "sommer", "koch", "bauer", "wolf", "stein", "berg"}
    assert NOUNS - NOT_NAMES


def test_a_thing_behind_an_article_is_no_street() -> None:
    """A hall is one, what ends as streets do is none."""
    assert is_led_noun("in der Turnhalle statt", 7, "Turnhalle")
    assert not is_led_noun("in der Schillerstraße", 7, "Schillerstraße")
    assert not is_led_noun("gegenüber Wexelum", 11, "Wexelum")


@pytest.mark.parametrize(
    ("lowered", "expected"), [("häuser", True), ("drogen", True), ("erdhöhlen", True), ("wexels", False), ("es", False)]
)
def test_a_noun_is_known_in_another_case_or_number(lowered: str, *, expected: bool) -> None:
    """With an ending, a changed vowel, or both."""
    assert is_form(lowered) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("das politische Wexel", True), ("fehlende Wexel", True), ("sagte Wexel", False), ("zwischen Wexel", False), ("Wexel", False)],
)
def test_an_adjective_stands_before_nouns(text: str, *, expected: bool) -> None:
    """By endings that neither a verb nor a small word has."""
    assert is_described(text, text.index("Wexel")) is expected
