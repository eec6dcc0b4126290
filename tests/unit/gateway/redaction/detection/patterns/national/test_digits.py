"""National numbers found by their grouping."""

import pytest

from tests.unit.gateway.redaction.finding import found, only


@pytest.mark.parametrize(
    "number",
    [
        "123-45-6789",
        "912-70-3456",
        "943 476 5870",
        "36 574 261 809",
        "36574261809",
        "390.533.447-05",
        "39053344705",
        "44051401359",
        "85.07.30-033.28",
        "151086 95088",
        "2341 2341 2346",
        "880320-0016",
        "19880320-0016",
        "211062-5629",
        "710319/2745",
        "756.9217.0769.85",
        "2 95 10 99 126 111 93",
        "360426199101010071",
        "11010519491231002X",
        "900101-1234568",
        "900101-14-5678",
        "1-2345-45678-78-1",
        "123-456-782",
        "7503305044089",
        "10000000146",
        "198803200016",
        "2123 45670 1",
        "1237 010180",
        "20-26756539-3",
        "224-0002211-1",
        "11-22-123456-78",
        "0614-050707-104-8",
        "01.312.166.0-091.000",
        "181/815/08155",
        "21/815/08150",
        "151/8150/8155",
    ],
)
@pytest.mark.parametrize("around", ["{}", "It is {}, I think.", '{{"x": "{}"}}', "a;{};b", "我的{}。"])
def test_a_number_with_a_strong_proof_needs_no_word(number: str, around: str) -> None:
    """A checksum in its grouping, or a strong one alone."""
    assert only("NATIONAL_ID", around.format(number)) == [number]


@pytest.mark.parametrize(
    "text",
    [
        "943 476 5871 and 36574261808 and 390.533.447-06",
        "000-12-3456 666-12-3456",
        "123 456 782",
        "order number 39053344705",
        "#36574261809",
        "1 234 567 890 people, 123,456,789 and 12 345 678 903 EUR",
        "12 34 56 78 90 12 34",
        "99999999999 00000000000",
        "part AB-123-45-6789",
        "10000000145 and 20-26756539-4 and 224-0002211-2",
        "images/181/815/08155 and 12/31/2024",
    ],
)
def test_other_numbers_stay(text: str) -> None:
    """Wrong digits, weak proofs without a word, orders, amounts, columns."""
    assert only("NATIONAL_ID", text) == [], found(text)


def test_a_company_that_may_be_one_person_is_found() -> None:
    """Brazil's CNPJ, in its own grouping."""
    assert only("NATIONAL_ID", "do MEI: 11.222.333/0001-81 e 11.222.333/0001-82") == ["11.222.333/0001-81"]


def test_an_order_in_fours_stays() -> None:
    """One number in ten fits by accident."""
    assert found("Order #2341-2341-2346 shipped") == []
