"""Tests of the words that are nobody's name."""

from pathlib import Path

from assistant_gateway.redaction.names.lexicon.gazetteer import Gazetteer
from assistant_gateway.redaction.names.lexicon.words import NOT_NAMES
from assistant_gateway.redaction.names.tagging.decoding import Decoder
from assistant_gateway.redaction.names.tagging.model import Model


def test_they_are_small() -> None:
    """They are compared with words made small: a capital in the list would never be found."""
    assert all(word == word.lower() for word in NOT_NAMES)


def test_months_are_among_them_in_eight_languages() -> None:
    """A date says them where a name could stand."""
    assert {"october", "oktober", "octobre", "octubre", "ottobre", "outubro", "maart", "października"} <= NOT_NAMES


def test_names_that_are_words_as_well_are_left_to_the_model() -> None:
    """Many are called so."""
    assert not NOT_NAMES & {"jan", "lea", "king", "anna", "rose"}


def test_one_of_them_is_a_name_only_without_doubt(folder: Path) -> None:
    """The model is fairly sure of "Kernel" and quite sure of "Baker"; the first is on the list."""
    assert "kernel" in NOT_NAMES
    text = "so the Kernel and Ingrid met"

    spans = Decoder(Gazetteer(folder)).decode(text, Model(folder).tag(text), None)

    assert [text[span.start : span.end] for span in spans] == ["Ingrid"]
