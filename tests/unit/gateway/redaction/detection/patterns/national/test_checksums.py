"""Check digits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant_gateway.redaction.detection.patterns.national.checksums import ean13, iso7064_11_10, luhn, mod97, month_and_day, verhoeff

DIGITS = st.text("0123456789", min_size=8, max_size=19)


@given(DIGITS)
def test_luhn_is_the_textbooks(digits: str) -> None:
    """Every second digit from the right doubled, its digits added."""
    total = sum(int(digit) if place % 2 == 0 else sum(divmod(2 * int(digit), 10)) for place, digit in enumerate(reversed(digits)))

    assert luhn(digits.encode()) is (total % 10 == 0)


@pytest.mark.parametrize(
    ("check", "number"),
    [
        (luhn, b"4111111111111111"),
        (verhoeff, b"234123412346"),
        (mod97, b"DE89370400440532013000"),
        (iso7064_11_10, b"36574261809"),
        (ean13, b"7569217076985"),
    ],
)
def test_one_wrong_digit_is_noticed(check: object, number: bytes) -> None:
    """That is what a check digit is for."""
    assert callable(check)
    assert check(number)
    for place in range(4, len(number)):
        wrong = number[:place] + bytes([48 + (number[place] - 47) % 10]) + number[place + 1 :]
        assert not check(wrong), wrong


def test_days_that_cannot_be_are_refused() -> None:
    """The 29th of February may be: two-digit years leave the century open."""
    assert month_and_day(2, 29)
    assert not month_and_day(2, 30)
    assert not month_and_day(13, 1)
    assert not month_and_day(4, 31)
