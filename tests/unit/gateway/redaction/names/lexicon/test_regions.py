"""Tests of the parts of the world."""

from assistant_gateway.redaction.names.lexicon.regions import REGIONS
from assistant_gateway.redaction.names.lexicon.words import NOT_NAMES


def test_a_region_is_written_like_a_place_and_means_nothing_else() -> None:
    """One that is on the list of words would not be looked for."""
    assert all(region[0].isupper() for region in REGIONS)
    assert not NOT_NAMES & {region.lower() for region in REGIONS}
