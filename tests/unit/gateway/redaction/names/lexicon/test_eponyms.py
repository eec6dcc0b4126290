"""Tests of things that are called after somebody."""

import pytest

from assistant_gateway.redaction.names.lexicon.eponyms import names_a_thing


def _is_thing(text: str) -> bool:
    start = text.index("Wexel")
    return names_a_thing(text, start, start + 5)


@pytest.mark.parametrize(
    "text",
    [
        "the Wexel theorem",
        "a Wexel screwdriver",
        "Wexel's law says",
        "le théorème de Wexel",
        "la desigualdad de Wexel",
        "die Verteilung von Wexel",
        "die Wexel-Verteilung",
        "die Wexel-Novak-Gleichung",
        "Morbus Wexel",
        'the butterfly "Wexel pacificus", which',
        "un pez (Wexel idahoensis)",
    ],
)
def test_a_things_kind_beside_a_name_makes_it_a_things(text: str) -> None:
    """Before it or behind it, in four languages."""
    assert _is_thing(text)


@pytest.mark.parametrize(
    "text",
    [
        "Wexel's results",
        "the letter of Wexel",
        "Frau Wexel-Novak",
        "la carta de Wexel",
        "Wexel wrote",
        "Wexel tests the build",
        "the Wexel test is on Monday",
        "Wexel law firm",
        "the Wexel motion was denied",
        "Wexel's disease",
        "Wexel-Prozess",
        "Verfahren von Wexel",
        "la maladie de Wexel",
        "la llave de Wexel",
        "la ley de Wexel",
        "Wexel pacificus",
        '"Wexel explica que',
        '"Wexel thus began',
    ],
)
def test_what_is_somebodys_is_no_things(text: str) -> None:
    """Words that are about things alone count, not those that people have, do or go through: who is missed is shown to the model."""
    assert not _is_thing(text)
