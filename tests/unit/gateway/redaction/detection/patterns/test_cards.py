"""Payment cards."""

import pytest

from tests.unit.gateway.redaction.finding import found, only

CARDS = [
    "4111111111111111",
    "5500000000000004",
    "340000000000009",
    "6011000000000004",
    "30000000000004",
    "3530111333300000",
    "2223003122003222",
]


@pytest.mark.parametrize("card", CARDS)
@pytest.mark.parametrize("join", ["", " ", "-", "."])
def test_a_card_is_found_in_every_grouping(card: str, join: str) -> None:
    """Groups of four, with any separator or none."""
    written = join.join(card[place : place + 4] for place in range(0, len(card), 4))

    assert only("CARD", f"Pay with {written}, thanks") == [written]


def test_a_card_spelt_digit_by_digit_is_found() -> None:
    """As a reader spells it."""
    spelt = " ".join("4111111111111111")

    assert only("CARD", f"it is {spelt}.") == [spelt]
    assert only("CARD", "3400 000000 00009") == ["3400 000000 00009"]


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1112",
        "1234567812345678",
        "order number 4111111111111111",
        "0.4111111111111111",
        "id-4111111111111111-x",
        "4444444444444444444",
        "a 1700000000000000 b 9400111899223197428490",
    ],
)
def test_other_long_numbers_stay(text: str) -> None:
    """A wrong check digit, no network's, an order's, part of something longer."""
    assert only("CARD", text) == [], found(text)


def test_a_card_behind_a_number_is_found() -> None:
    """A refused candidate may hide the next one's first group."""
    assert only("CARD", "2024 4111 1111 1111 1111") == ["4111 1111 1111 1111"]


def test_the_code_on_the_back_is_found_after_its_word() -> None:
    """Three or four digits are nobody's without it."""
    assert only("CARD", "exp 12/26, CVV: 123") == ["123"]
    assert only("CARD", "room 123") == []


def test_a_stolen_card_is_found_with_its_code() -> None:
    """As lists of them are written: the date and the code go with the number."""
    assert found("4111111111111111|09|2027|123") == [("CARD", "4111111111111111|09|2027|123")]


@pytest.mark.parametrize("behind", [" 09/27", " 123", " 09/27 123", " x"])
def test_what_stands_behind_a_card_hides_nothing(behind: str) -> None:
    """Its date and its code are groups of digits as well."""
    assert "".join(only("CARD", f"4111 1111 1111 1111{behind}")).startswith("4111 1111 1111 1111")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("security code on the back: 112", "112"),
        ("the three digits on the back are 806", "806"),
        ("4-digit code on the front 7713", "7713"),
        ("les 3 chiffres au dos : 661", "661"),
        ("código de seguridad (CVV): 430", "430"),
        ("cód. seg. 519", "519"),
    ],
)
def test_the_code_is_found_where_it_is_said_to_be(text: str, code: str) -> None:
    """On the back, in front, in brackets behind the word."""
    assert only("CARD", text) == [code], found(text)


@pytest.mark.parametrize(
    "behind", [" fin 06/28 code 915", ", valid thru 03/29, last three on the back 448", " gültig 08/28, Ziffern hinten: 772", " KPN 553"]
)
def test_the_code_further_on_is_found(behind: str) -> None:
    """Behind a card what is called a code is the card's."""
    spans = only("CARD", "CB 4111 1111 1111 1111" + behind)
    assert any(span.endswith(behind[-3:]) for span in spans), spans
