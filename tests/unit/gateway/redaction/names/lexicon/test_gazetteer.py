"""Tests of the lists."""

from pathlib import Path

import pytest

from assistant_gateway.redaction.entities import Span
from assistant_gateway.redaction.names.lexicon.gazetteer import Gazetteer
from tests.unit.gateway.redaction.names import tiny


def test_names_are_known_in_any_writing(folder: Path) -> None:
    """Case and accents do not count."""
    known = Gazetteer(folder)

    assert all(map(known.is_given, ("marie", "Marie", "MARIÉ")))
    assert known.is_surname("Novák")
    assert not known.is_given("table")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("From Berlin to New York.", ["Berlin", "New York"]),
        ("New Yorkshire puddings, Berliner Luft", []),
        ("berlin", []),
        ("import Berlin_wall, x.Berlin, @Berlin", []),
        ("Spain's coast", ["Spain"]),
        ("(Spain)", ["Spain"]),
        ("BERLIN and NEW YORK, BERLINER", ["BERLIN", "NEW YORK"]),
        ("from Sicilia", ["Sicilia"]),
    ],
)
def test_places_are_found_as_they_are_written(folder: Path, text: str, found: list[str]) -> None:
    """Whole words with their capitals, and not inside identifiers."""
    spans = list(Gazetteer(folder).places(text))

    assert [text[span.start : span.end] for span in spans] == found
    assert all(isinstance(span, Span) and span.entity == "PLACE" for span in spans)


def test_a_small_word_of_the_four_languages_is_no_village(tmp_path: Path) -> None:
    """ "Dabei" lies in Hubei; "Indien" is a country, though Dutch has a small word that is written so."""
    folder = tiny.write(tmp_path / "names")
    (folder / "places.txt").write_text("Dabei\nIndien\nUK\n")
    text = "Dabei ging es nach Indien, UK"

    assert [text[span.start : span.end] for span in Gazetteer(folder).places(text)] == ["Indien", "UK"]


def test_a_town_is_known_in_haste(folder: Path) -> None:
    """Written small or without its accents, if its name is one word; a part of a longer name is none."""
    known = Gazetteer(folder)

    assert known.is_town("berlin")
    assert known.is_town("SPAIN")
    assert not known.is_town("york")
    assert not known.is_town("new york")
