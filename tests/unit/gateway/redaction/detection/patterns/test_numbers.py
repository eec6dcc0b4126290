"""Runs of digits."""

import pytest

from assistant_gateway.redaction.detection.patterns.numbers import digits_of, ends_sensibly, grouping, holds_date, isolated, stands_alone


def alone(text: str) -> bool:
    """Ask for the number between the brackets."""
    before, _, rest = text.partition("[")
    number, _, after = rest.partition("]")
    return stands_alone((before + number + after).encode(), len(before), len(before) + len(number))


@pytest.mark.parametrize(
    "text",
    ["[123456789]", "a [123456789].", "(123456789)".replace("123456789", "[123456789]"), "x:[123]", "[1], 2", '"[123]"', "end [12]. Next"],
)
def test_a_number_of_its_own_stands_alone(text: str) -> None:
    """Whatever punctuation is around it."""
    assert alone(text)


@pytest.mark.parametrize(
    "text", ["0.[123]", "a/[123]", "AB-[123]", "[123]-ab", "[123].5", "[12]:30", "[5]%", "a[12]", "[12]a", "_[12]", "+[12]"]
)
def test_a_part_of_something_else_does_not(text: str) -> None:
    """Decimals, paths, codes, times, shares."""
    assert not alone(text)


def test_groups_and_digits_are_read() -> None:
    """With every separator."""
    assert digits_of(b"+12 (34)-5/6.7") == b"1234567"
    assert grouping(b"123-45 6789") == "3-2-4"


def test_a_date_in_a_run_is_seen() -> None:
    """Then the run is not one number; five pairs are a French one."""
    assert holds_date(b"12.03.2024 14")
    assert holds_date(b"2024-03-12")
    assert holds_date(b"12/03/24")
    assert not holds_date(b"06.12.34.56.78")
    assert not holds_date(b"555-123-4567")


def test_columns_are_not_isolated() -> None:
    """A number beside the groups makes them a row."""
    assert isolated(b"a 12 34 b", 2, 7)
    assert not isolated(b"9 12 34 b", 2, 7)
    assert not isolated(b"a 12 34 5", 2, 7)


def test_a_number_ends_before_the_next_words() -> None:
    """What a long run of capitals says is another value's name."""
    raw = b"529.982.247-25 RG 12"

    assert raw[: ends_sensibly(raw)] == b"529.982.247-25"
    assert ends_sensibly(b"AB 12 34 56 C") == 13
