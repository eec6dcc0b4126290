"""Tests of the people whom the way they are written gives away."""

from pathlib import Path

import pytest

from assistant_gateway.redaction.names.lexicon.gazetteer import Gazetteer
from assistant_gateway.redaction.names.signs.written import written


def _found(folder: Path, text: str) -> list[str]:
    return [text[span.start : span.end] for span in written(text, Gazetteer(folder))]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("T. Wexelmura paid", ["T. Wexelmura"]),
        ("by K. O. Wexelsah today", ["K. O. Wexelsah"]),
        ("H. ter Wexelbraak is thuis", ["H. ter Wexelbraak"]),
        ("von: j. novak an alle", ["j. novak"]),
        ("NOVAK WEXEL, Marie, room 12", ["NOVAK WEXEL, Marie"]),
        ("WEXEL, Marie", ["WEXEL, Marie"]),
        ("NOVAK Marie", ["NOVAK Marie"]),
        ("NOVAK, MARIE", ["NOVAK, MARIE"]),
        ("for Marie da Wexel e Souza today", ["Marie da Wexel e Souza"]),
        ("con Marie de la Wexel Ostra hoy", ["Marie de la Wexel Ostra"]),
        ("Marie-Wexel de La Ostrebrune donne", ["Marie-Wexel de La Ostrebrune"]),
        ("Harun: where are you\nMarie Wexel: here", ["Harun", "Marie Wexel"]),
    ],
)
def test_who_is_written_like_somebody_is_found(folder: Path, text: str, found: list[str]) -> None:
    """Initials, the surname in capitals before the given name, a particle between, a name before what was said; all of it is one span."""
    assert _found(folder, text) == found


@pytest.mark.parametrize(
    "text",
    [
        "K, M, G, T, P, E, Z, Y. Wexelsah units",  # the end of a list of letters
        "siehe S. Anhang",
        "v. wexelish and e. g. wexel",
        "WEXEL Marie",  # a word in capitals that nobody is called by
        "WEXEL, MARIE",
        "SQL, Marie",
        "a.Wexel and marie@T.Wexel",
        "Wexel: where\nNote: here",
        "Table de la Wexel",
    ],
)
def test_what_is_only_written_so_is_nobody(folder: Path, text: str) -> None:
    """Where one sign could be anything, the lists of names must agree."""
    assert _found(folder, text) == []
