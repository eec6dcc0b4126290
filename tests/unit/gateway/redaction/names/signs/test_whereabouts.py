"""Tests of the towns that the words beside them give away."""

import time

import pytest

from assistant_gateway.redaction.names.signs.whereabouts import whereabouts


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Sie ist in Quessen geboren.", ["Quessen"]),
        ("Wir sind von Saxelen nach Quessen gezogen.", ["Saxelen", "Quessen"]),
        ("Ich wohne seit 2008 in Quessen und", ["Quessen"]),
        ("Wir fuhren mit dem Zug nach Quessen zurück", ["Quessen"]),
        ("am Bahnhof in Quessen", ["Quessen"]),
        ("Viele Grüße aus Bad Quessen!", ["Bad Quessen"]),
        ("Ort: Quessen", ["Quessen"]),
        ("she grew up in Quessenham, where", ["Quessenham"]),
        ("il habite à Quessy-sur-Lys depuis", ["Quessy-sur-Lys"]),
        ("nació en Quessada del Rey ayer", ["Quessada del Rey"]),
    ],
)
def test_where_somebody_lives_or_goes_is_a_town(text: str, found: list[str]) -> None:
    """In four languages, whatever the model thinks of it."""
    assert {text[span.start : span.end] for span in whereabouts(text)} == set(found)


@pytest.mark.parametrize("text", ["Sie lebt in Angst", "er fährt nach Hause", "Ich wohne in der Stadt", "Urlaub in Zukunft"])
def test_other_nouns_are_no_towns(text: str) -> None:
    """What German writes with a capital is mostly none."""
    assert [text[span.start : span.end] for span in whereabouts(text)] == []


@pytest.mark.parametrize("text", ["in Aa " * 5000, "wohne seit " * 3000, "von Aa nach " * 2500, "lives in " + "Aa " * 9000, "ort: " * 6000])
def test_long_bad_text_costs_its_length(text: str) -> None:
    """30,000 characters made to be slow take less than a second."""
    began = time.process_time()

    list(whereabouts(text))

    assert time.process_time() - began < 1.0
