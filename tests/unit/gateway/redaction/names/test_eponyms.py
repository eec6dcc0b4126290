"""Tests of things that are called after somebody."""

import pytest

from assistant_gateway.redaction.names.eponyms import names_a_thing


def _is_thing(text: str, *, is_known: bool = False) -> bool:
    start = text.index("Wexel")
    return names_a_thing(text, start, start + 5, is_known=is_known)


@pytest.mark.parametrize(
    "text",
    [
        "the Wexel theorem",
        "a Wexel screwdriver",
        "Wexel's law says",
        "le théorème de Wexel",
        "la ley de Wexel",
        "das Gesetz von Wexel",
        "der Wexel-Test",
        "die Wexel-Novak-Krankheit",
        "Morbus Wexel",
        "la maladie de Wexel",
        "una salsa Wexel",
    ],
)
def test_a_things_kind_beside_a_name_makes_it_a_things(text: str) -> None:
    """Before it or behind it, in four languages."""
    assert _is_thing(text)


@pytest.mark.parametrize("text", ["Wexel's results", "the letter of Wexel", "Frau Wexel-Novak", "la carta de Wexel", "Wexel wrote"])
def test_other_words_do_not(text: str) -> None:
    """Whose letter it is says the name."""
    assert not _is_thing(text)


@pytest.mark.parametrize("text", ["Wexel's disease", "la maladie de Wexel"])
def test_what_somebody_has_may_be_theirs(text: str) -> None:
    """Where people are called so, an illness is the patient's."""
    assert not _is_thing(text, is_known=True)
