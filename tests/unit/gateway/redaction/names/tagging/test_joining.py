"""Tests of the words between the words of a value."""

import pytest

from assistant_gateway.redaction.names.tagging.joining import Taken, joined, lead


@pytest.mark.parametrize("text", ["Siti binti Ahmad", "Ahmed ould Cheikh", "Anna van den Berg", "Zia ul Haq"])
def test_a_particle_stands_within_a_name(text: str) -> None:
    """Malay and Arabic ones too."""
    first, last = text.split()[0], text.split()[-1]
    taken = [Taken(0, len(first), "PERSON", 1.0), Taken(len(text) - len(last), len(text), "PERSON", 1.0)]

    assert [(one.start, one.end) for one in joined(text, taken)] == [(0, len(text))]


@pytest.mark.parametrize(("text", "start"), [("cc: van den Berg", 4), ("- de la Berg", 2), ("the house of Berg", 13), ("casa de Berg", 8)])
def test_a_particle_that_opens_a_name_belongs_to_it(text: str, start: int) -> None:
    """In a list; within a sentence it is a small word."""
    assert lead(text, Taken(len(text) - 4, len(text), "PERSON", 1.0)) == start


def test_a_towns_article_belongs_to_it() -> None:
    """As "New" does."""
    assert lead("in Los Berg", Taken(7, 11, "PLACE", 1.0)) == 3
