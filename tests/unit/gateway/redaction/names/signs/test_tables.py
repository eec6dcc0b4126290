"""Tests of what headers, keys and tags give away."""

from pathlib import Path

import pytest

from assistant_gateway.redaction.names.lexicon.gazetteer import Gazetteer
from assistant_gateway.redaction.names.signs.tables import tables


def _found(folder: Path, text: str) -> list[tuple[str, str]]:
    return [(text[span.start : span.end], span.entity) for span in tables(text, Gazetteer(folder))]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "nr;vorname;nachname;ort\n1;Ostra;Wexel;Quessen\n2;Ulla;Quux;Hoya",
            [("Ostra", "PERSON"), ("Wexel", "PERSON"), ("Quessen", "PLACE"), ("Ulla", "PERSON"), ("Quux", "PERSON"), ("Hoya", "PLACE")],
        ),
        ("id\tname\tcity\n1\tOstra Wexel\tQuessen", [("Ostra Wexel", "PERSON"), ("Quessen", "PLACE")]),
        ("| id | name | address |\n| 1 | Ostra Wexel | 5 Low Road |", [("Ostra Wexel", "PERSON"), ("5 Low Road", "ADDRESS")]),
        ('{"surname": "Wexel", "town": "Quessen"}', [("Wexel", "PERSON"), ("Quessen", "PLACE")]),
        ('{"name": "Marie Wexel", "plz": "31134"}', [("Marie Wexel", "PERSON"), ("31134", "ADDRESS")]),
        ("<user><lastname>Wexel</lastname></user>", [("Wexel", "PERSON")]),
    ],
)
def test_a_header_a_key_or_a_tag_says_what_a_value_is(folder: Path, text: str, found: list[tuple[str, str]]) -> None:
    """Also of names that nobody knows, in any usual way of writing rows."""
    assert _found(folder, text) == found


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "Wexel Console", "city": "quessen-1"}',  # a product, an identifier
        '{"title": "Marie Novak"}',
        "name;size;price\nOstra;3;4",  # one column alone: a product's, as likely as somebody's
        "Dear name, the city, and so on\nOstra, Wexel, Quux",
        "vorname;nachname;ort\nOstra;Wexel",
        "vorname;nachname;ort\na_b;/home/x;3",
    ],
)
def test_what_may_be_a_thing_is_left_alone(folder: Path, text: str) -> None:
    """A "name" is a product's too, a row must have the header's columns, and an identifier is no name."""
    assert _found(folder, text) == []
