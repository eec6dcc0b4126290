"""Tests of the whole."""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant_gateway.redaction.names.detector import Detector


def _found(detector: Detector, text: str) -> list[tuple[str, str]]:
    return [(text[span.start : span.end], span.entity) for span in detector.find(text)]


def test_model_rules_and_lists_speak_together(folder: Path) -> None:
    """A title, an address in figures, a town from the list, a company, a name that only the model knows."""
    text = "Dear Ms. Ostrander, Marie moved to 9 Quarry Hill Road, Berlin. Quux Widgets Ltd. pays."

    assert _found(Detector(folder), text) == [
        ("Ms. Ostrander", "PERSON"),
        ("Marie", "PERSON"),
        ("9 Quarry Hill Road, Berlin", "ADDRESS"),
        ("Quux Widgets Ltd.", "ORGANISATION"),
    ]


def test_what_people_are_and_where_they_live_gives_them_away(folder: Path) -> None:
    """Words that the model knows nothing of."""
    assert _found(Detector(folder), "so our witness Tamsin left; she lives in Quessenham now") == [
        ("Tamsin", "PERSON"),
        ("Quessenham", "PLACE"),
    ]


def test_where_most_rows_begin_with_somebody_all_do(folder: Path) -> None:
    """Also with somebody of whom neither the model nor the lists know."""
    assert ("Tamsin", "PERSON") in _found(Detector(folder), "- Marie: ice\n- Harun: cups\n- Tamsin: plates")
    assert _found(Detector(folder), "- Tamsin: plates") == []


def test_how_somebody_is_written_gives_them_away(folder: Path) -> None:
    """In prose, and in the cells of a table whose header says so."""
    assert _found(Detector(folder), "so it was T. Quennell who left") == [("T. Quennell", "PERSON")]
    assert ("Quennell", "PERSON") in _found(Detector(folder), "nr;surname;city\n1;Quennell;Quessenham\n")


def test_a_capital_says_less_where_programs_are_spoken_of(folder: Path) -> None:
    """There it may be a menu."""
    assert _found(Detector(folder), "It rained. Harun went home") == [("Harun", "PERSON")]
    assert _found(Detector(folder), "It rained. Harun went --force home") == []


def test_the_line_between_a_name_and_an_address_is_an_employer(folder: Path) -> None:
    """In a signature nothing else says what "Quuxworks" is; a sentence there is none."""
    detector = Detector(folder)

    assert ("Quuxworks Nord", "ORGANISATION") in _found(detector, "so long\nMarie Novak\nQuuxworks Nord\n9 Quarry Hill Road\nBerlin")
    assert _found(detector, "Marie Novak\nwho moved to\n9 Quarry Hill Road") == [
        ("Marie Novak", "PERSON"),
        ("9 Quarry Hill Road", "ADDRESS"),
    ]


def test_a_name_that_was_found_once_is_found_everywhere(folder: Path) -> None:
    """Also where nothing speaks for it, in another piece of the text."""
    text = "Mrs. Wexelblatt came. " + "It was a long and quiet day. " * 30 + "Later we saw that Wexelblatt had gone."

    assert [name for name, _ in _found(Detector(folder), text)] == ["Mrs. Wexelblatt", "Wexelblatt"]


def test_offsets_are_those_of_the_text_in_every_piece(folder: Path) -> None:
    """Long texts are read in pieces; the second time from what is remembered."""
    text = "It rained, é. " * 60 + "Then Marie Novak wrote. " + "It rained. " * 60
    detector = Detector(folder)

    assert _found(detector, text) == [("Marie Novak", "PERSON")]
    assert _found(detector, text) == [("Marie Novak", "PERSON")]


def test_dates_count_only_where_everything_shall_be_found(folder: Path) -> None:
    """The mode decides."""
    text = "It was on 3 May 1974 that it rained."

    assert _found(Detector(folder), text) == []
    assert _found(Detector(folder, high_recall=True), text) == [("3 May 1974", "DATE_OF_BIRTH")]


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.sampled_from("Marie Novak 12 Baker Street,.\nÉß\ud83d@:-(中"), max_size=900))
def test_spans_are_sorted_and_inside(folder: Path, text: str) -> None:
    """For any text: no span overlaps another or leaves the text."""
    place = 0
    for span in Detector(folder).find(text):
        assert place <= span.start < span.end <= len(text)
        place = span.end


@pytest.mark.parametrize(
    "text", ["A." * 15000, "Aa " * 10000, "Co Ltd " * 4000, "@a " * 10000, "Mr. " * 7500, "1 Aa St " * 3700, "x_" * 15000]
)
def test_bad_text_costs_its_length(folder: Path, text: str) -> None:
    """30,000 characters made to be slow for the rules take seconds at most, so that nobody can keep the worker busy with a prompt."""
    detector = Detector(folder)
    began = time.process_time()

    detector.find(text)

    assert time.process_time() - began < 3.0
