"""Telephone numbers."""

import pytest

from tests.unit.gateway.redaction.finding import found, only


@pytest.mark.parametrize(
    "number",
    [
        "+49 30 1234567",
        "+49 (0)171 1234567",
        "0049 171 1234567",
        "+1-202-555-0147",
        "+1 (202) 555-0147",
        "+442079460958",
        "(555) 123-4567",
        "(555)123-4567x8901",
        "555-123-4567 ext. 12",
        "555.123.4567",
        "1-800-555-0199",
        "020 7946 0958",
        "07700 900123",
        "(0161) 496 0123",
        "0171/1234567",
        "089/12345-678",
        "06 12 34 56 78",
        "06.12.34.56.78",
        "0612345678",
        "(11) 91234-5678",
        "8 (495) 123-45-67",
        "090-1234-5678",
        "138 1234 5678",
        "05321234567",
        "0 532 123 45 67",
        "0532-123-45-67",
        "09171234567",
    ],
)
@pytest.mark.parametrize("around", ["It is {} today.", "- {}\n- x", '{{"a": "{}"}}', "我的{}。", "({})"])
def test_a_number_that_speaks_for_itself_is_found(number: str, around: str) -> None:
    """With a country code, or grouped as its country does: no word needs to name it."""
    assert any(number in value or (value in number and len(value) >= len(number)) for value in only("PHONE", around.format(number)))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Call me at 5551234567.", "5551234567"),
        ("my number is 5551234", "5551234"),
        ("Phone:5551234567", "5551234567"),
        ('"homePhone": "5551234567"', "5551234567"),
        ("phone_number,612345678", "612345678"),
        ("Meine Telefonnummer ist 1234567", "1234567"),
        ("mi móvil: 612 34 56 78", "612 34 56 78"),
        ("llámame al 612345678", "612345678"),
        ("Il mio cellulare è 347 123 4567", "347 123 4567"),
        ("Mon numéro est 612345678", "612345678"),
        ("телефон 9123456789", "9123456789"),
        ("手机13812345678号", "13812345678"),
        ("555 1234 (mobile)", "555 1234"),
    ],
)
def test_a_number_that_a_word_announces_is_found(text: str, number: str) -> None:
    """In any grouping, in several languages, before or after."""
    assert only("PHONE", text) == [number]


def test_every_number_of_a_list_is_found() -> None:
    """One word announces all of them."""
    three = ["5551234567", "5559876543", "5550001111"]
    for text in ("Phones: {}, {} and {}.", '"phones": ["{}", "{}","{}"]', "phone:\n  - {}\n  - {}\n  - {}", "Tel. {} / {} / {}"):
        assert only("PHONE", text.format(*three)) == three


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-01 10:00:00,123 INFO 12345 4567890123",
        "timestamps 1700000000 1700000000000 and 20240101",
        "call 1000000 times",
        "text 2024, page 123-145, 1990-1995",
        "Copyright text: 2016-2017",
        "Boston, MA 02110-1301 USA",
        "order number 555-123-4567",
        "The results: 555 123 4567 890 123 456",
        "lottery numbers 03 12 23 34 45 06",
        "1.234.567,89 EUR and 1 234 567 890 in total",
        "x = y +1234567; range(1000000, 2000000)",
        "Coordinates 52.520008, 13.404954 and 40.712776 -74.005974",
        "inputText: `field:123 1000`",
        "message returned by the server 1.17.0-1.18.5",
        "h = h * 69069 + 907133923",
        "05-12-2023 14:30 to 06-12-2023 15:30",
    ],
)
def test_other_numbers_stay(text: str) -> None:
    """Times, amounts, years, orders, columns, coordinates."""
    assert only("PHONE", text) == [], found(text)


def test_what_follows_a_number_is_not_part_of_it() -> None:
    """The country's length says where a number ends."""
    assert only("PHONE", "Call +1 212 555 0123 4567 now") == ["+1 212 555 0123"]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("555-0148 is my home number", "555-0148"),
        ("móvil: 600.12.34.56, casa: 98 512 34 56", "98 512 34 56"),
        ("kom. +48601234567, dom. 22 6123456", "22 6123456"),
        ("tlm 96 123 45 67, fixo 22 123 4567", "22 123 4567"),
        ("fone: (21) 2555-1234, whats 21 99876 5432", "21 99876 5432"),
    ],
)
def test_a_second_number_with_a_word_of_its_own_is_found(text: str, number: str) -> None:
    """What stands in front of it need not be known: the first number says what the second is."""
    assert number in only("PHONE", text), found(text)


def test_what_follows_a_number_under_another_name_stays() -> None:
    """An order beside a telephone is an order."""
    assert only("PHONE", "Tel. 0228 123456, Order: 302 8827391") == ["0228 123456"]
