"""Tests of the words that many are called by and that mean something as well."""

import pytest

from assistant_gateway.redaction.names.lexicon.ordinary import NATIONS, ORDINARY, is_word
from assistant_gateway.redaction.names.lexicon.words import NOT_NAMES


@pytest.mark.parametrize("word", ["hope", "feliz", "claire", "german", "allemands"])
def test_they_are_known_in_each_language(word: str) -> None:
    """Written small, as they are looked up; nationalities among them."""
    assert word in ORDINARY
    assert NATIONS < ORDINARY


def test_nobody_whom_a_nickname_names_is_among_them() -> None:
    """In chat these are people, almost always."""
    assert not ORDINARY & {"bob", "bill", "jack", "nick", "pete", "frank", "rob", "sue"}


def test_a_word_is_what_no_list_of_names_would_hold() -> None:
    """Small words, words of offices and machines, German nouns."""
    assert all(map(is_word, ("The", "Invoice", "Anhang")))
    assert not is_word("Wexel")
    assert "madam" in NOT_NAMES
