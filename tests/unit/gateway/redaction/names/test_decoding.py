"""Tests of the thresholds."""

from pathlib import Path

import pytest

from assistant_gateway.redaction.names.decoding import CODE, HIGH_RECALL, STANDARD, Decoder, Thresholds
from assistant_gateway.redaction.names.gazetteer import Gazetteer
from assistant_gateway.redaction.names.model import Model


def _found(folder: Path, text: str, language: str | None = None, limits: Thresholds = STANDARD) -> list[tuple[str, str]]:
    spans = Decoder(Gazetteer(folder), limits).decode(text, Model(folder).tag(text), language)
    return [(text[span.start : span.end], span.entity) for span in spans]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ask Marie Novak", [("Marie Novak", "PERSON")]),
        ("ask Marie J. Novak", [("Marie J. Novak", "PERSON")]),
        ("ask Marie van den Novak", [("Marie van den Novak", "PERSON")]),
        ("ask Marie, Novak", [("Marie", "PERSON"), ("Novak", "PERSON")]),
        ("at 12 Baker Street, London", [("12 Baker Street, London", "ADDRESS")]),
        ("in New London", [("New London", "PLACE")]),
    ],
)
def test_words_of_one_value_are_one_span(folder: Path, text: str, found: list[tuple[str, str]]) -> None:
    """With what stands between them; two people stay two."""
    assert _found(folder, text) == found


def test_a_known_name_needs_less(folder: Path) -> None:
    """The model thinks little of Harun, but people are called so, and it has a capital."""
    assert _found(folder, "so I asked Harun again") == [("Harun", "PERSON")]
    assert _found(folder, "so I asked harun again") == []


def test_a_small_word_is_nobody_and_neither_is_a_word_written_small(folder: Path) -> None:
    """The model would take both."""
    assert _found(folder, "ask the pilot") == []
    assert _found(folder, "ask Pilot") == [("Pilot", "PERSON")]


def test_what_stands_beside_a_name_and_looks_like_one_belongs_to_it(folder: Path) -> None:
    """A surname nobody ever heard; not a word that a new sentence begins with."""
    assert _found(folder, "so Marie Wexel went") == [("Marie Wexel", "PERSON")]
    assert _found(folder, "so went Marie. Wexel to me") == [("Marie", "PERSON")]


def test_a_number_alone_is_no_address(folder: Path) -> None:
    """The model takes many numbers for a house's."""
    assert _found(folder, "there were 7 of them") == []


def test_the_modes_differ(folder: Path) -> None:
    """More is taken where everything shall be found, and in a program only what is sure."""
    assert _found(folder, "Harun", limits=HIGH_RECALL) == [("Harun", "PERSON")]
    assert _found(folder, "x = Harun(Pilot)", limits=CODE) == []
    assert _found(folder, "x = 'Marie Novak'", limits=CODE) == [("Marie Novak", "PERSON")]
