"""Tests of organisations."""

import pytest

from assistant_gateway.redaction.names.organisations import organisations


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("We paid Quux Widgets Ltd. on Monday.", ["Quux Widgets Ltd."]),
        ("bei der Hinz & Kunz GmbH & Co. KG bestellt", ["Hinz & Kunz GmbH & Co. KG"]),
        ("She studied at the University of Tübingen.", ["University of Tübingen"]),
        ("Arbeitgeber: Nordwolle", ["Nordwolle"]),
        ("bei der QUUX SHINKU CO.LTD. angefragt", ["QUUX SHINKU CO.LTD."]),
        ("Quux Acquisition Corp. II pays", ["Quux Acquisition Corp. II "]),
        ("the company said so", []),
        ("a limited group of people", []),
    ],
)
def test_what_calls_itself_a_company_is_one(text: str, found: list[str]) -> None:
    """By its legal form, or what it says it is."""
    assert [text[span.start : span.end] for span in organisations(text)] == found
