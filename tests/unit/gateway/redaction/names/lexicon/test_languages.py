"""Tests of the guess at a language."""

import pytest

from assistant_gateway.redaction.names.lexicon.languages import SMALL_WORDS, identify

SAYINGS = {
    "en": "Could you please tell me when the next train to the coast leaves?",
    "de": "Können Sie mir bitte sagen, wann der nächste Zug an die Küste fährt?",
    "fr": "Pouvez-vous me dire quand part le prochain train pour la côte ?",
    "es": "¿Me puede decir cuándo sale el próximo tren para la costa?",
    "it": "Mi può dire quando parte il prossimo treno per la costa e se oggi è ancora in orario?",
    "nl": "Kunt u mij zeggen wanneer de volgende trein naar de kust vertrekt?",
    "pt": "Você pode me dizer quando sai o próximo trem para a costa e se hoje ainda há lugar?",
    "pl": "Czy może mi pan powiedzieć, kiedy jest następny pociąg nad morze?",
}


@pytest.mark.parametrize("language", SAYINGS)
def test_a_sentence_is_in_its_language(language: str) -> None:
    """One sentence of daily life is enough."""
    assert identify(SAYINGS[language]) == language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Verknüpfungen direkt überwachen (gemachte Änderungen erkennen)", "de"),
        ("Añadir direcciones seleccionadas, opción predeterminada", "es"),
        ("Précédents développements supprimés fréquemment, accès", "fr"),
    ],
)
def test_longer_words_say_it_where_small_ones_are_missing(text: str, language: str) -> None:
    """By their letters and endings: headings and menus have few small words."""
    assert identify(text) == language


@pytest.mark.parametrize("text", ["", "Anna", "Marie Novak, Ingrid Berg, 12345", "die in"])
def test_what_says_too_little_is_in_no_language(text: str) -> None:
    """Names and numbers are in none, nor are two words."""
    assert identify(text) is None


def test_small_words_are_small() -> None:
    """They are compared with words made small: a capital in the list would never be found."""
    assert all(word == word.lower() for words in SMALL_WORDS.values() for word in words)
