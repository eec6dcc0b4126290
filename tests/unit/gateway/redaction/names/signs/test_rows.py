"""Tests of lists that say who does what."""

from pathlib import Path

import pytest

from assistant_gateway.redaction.names.lexicon.gazetteer import Gazetteer
from assistant_gateway.redaction.names.signs.rows import rows


def _found(folder: Path, text: str) -> list[str]:
    return [text[span.start : span.end] for span in rows(text, Gazetteer(folder))]


@pytest.mark.parametrize("text", ["- Marie: slides", "* Marie - slides", "1. Marie (slides)", "• Marie : devis", "> - Marie – slides"])
def test_a_row_begins_with_somebody_whose_given_name_is_known(folder: Path, text: str) -> None:
    """Whatever sign the row has."""
    assert _found(folder, text) == ["Marie"]


def test_most_rows_say_what_the_others_are(folder: Path) -> None:
    """Nobody ever heard of Wexel; among people that is one."""
    assert _found(folder, "- Marie: slides\n- Wexel: notes\n- Harun: room") == ["Marie", "Wexel", "Harun"]
    assert _found(folder, "- Wexel: notes\n- Harun: room\n- Pilot: none") == ["Harun"]


@pytest.mark.parametrize("text", ["- Marie has slides", "- Python: slides", "- milk: two", "Marie: slides"])
def test_other_rows_name_nobody(folder: Path, text: str) -> None:
    """A sentence, a product, a small word; what has no sign is a transcript's, which written.py knows."""
    assert _found(folder, text) == []
