"""Made-up values: of each type, found by the rules for that type alone, and new each time."""

import pytest

from assistant_gateway.redaction.detection.rules import Rules
from assistant_gateway.redaction.entities import STRUCTURED, Structured
from assistant_gateway.redaction.proving.samples import sample


@pytest.mark.parametrize("entity", STRUCTURED)
def test_every_value_is_found_as_what_it_is(entity: Structured) -> None:
    """Whatever is drawn: a value that the rules miss now and then would close gateways for nothing."""
    rules = Rules([entity])
    made = [sample(entity) for _ in range(200)]

    assert all({span.entity for span in rules.find(one.text)} == {entity} for one in made)
    assert len({one.text for one in made}) > 150


@pytest.mark.parametrize("entity", STRUCTURED)
def test_the_secret_is_part_of_the_text_and_of_no_repr(entity: Structured) -> None:
    made = sample(entity)

    assert made.secret in made.text
    assert repr(made) == "Sample()"
