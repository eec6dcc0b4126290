"""Country codes and lengths."""

from assistant_gateway.redaction.detection.patterns.dialling import LENGTHS, national


def test_no_country_code_begins_another() -> None:
    """The first code that fits is the code: E.164 is a prefix code."""
    codes = set(LENGTHS)

    assert not [code for code in codes for other in codes - {code} if other.startswith(code)]


def test_codes_are_read_off_a_number() -> None:
    """One to three digits; none for what no country has."""
    assert national(b"12025550147") == 1
    assert national(b"4930123456") == 2
    assert national(b"358401234567") == 3
    assert national(b"999123") == 0


def test_lengths_are_those_of_known_numbers() -> None:
    """North America has ten digits, France nine, Germany many."""
    assert LENGTHS[b"1"] == {10}
    assert LENGTHS[b"33"] == {9}
    assert {7, 10, 11} <= LENGTHS[b"49"]
