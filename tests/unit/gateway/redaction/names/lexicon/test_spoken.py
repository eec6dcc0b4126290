"""Tests of the words of chat before a name."""

import pytest

from assistant_gateway.redaction.names.lexicon.spoken import is_told, is_whither


@pytest.mark.parametrize(
    "text", ["pls tell ", "dile a ", "tu peux dire à ", "sag ", "mit onkel ", "mi prima ", "it was my friend ", "kunde "]
)
def test_whom_one_speaks_to_or_of_is_somebody(text: str) -> None:
    """In four languages; what a person is counts as well."""
    assert is_told(text, len(text))
    assert not is_told(text + "x", len(text) + 1)


@pytest.mark.parametrize("text", ["we go to ", "wir fahren nach ", "voy a ", "je vais à ", "ich bin in ", "soy de "])
def test_where_one_goes_is_a_place(text: str) -> None:
    """ "To" alone says little."""
    assert is_whither(text, len(text))
    assert not is_whither("said to ", 8)
