"""Bank accounts."""

import pytest

from tests.unit.gateway.redaction.finding import found, only

IBANS = [
    "DE89370400440532013000",
    "GB82WEST12345698765432",
    "FR1420041010050500013M02606",
    "NO9386011117947",
    "MT84MALT011000012345MTLCAST001S",
    "CH9300762011623852957",
    "CR05015202001026284066",
    "VA59001123000012345678",
]


@pytest.mark.parametrize("iban", IBANS)
@pytest.mark.parametrize("join", ["", " ", "-", "  "])
def test_an_iban_is_found_without_a_word(iban: str, join: str) -> None:
    """In groups of four or none, whatever follows."""
    written = join.join(iban[place : place + 4] for place in range(0, len(iban), 4))

    assert only("IBAN", f"To {written} and then home.") == [written]
    assert only("IBAN", f"to {written.lower()}.") == [written.lower()]


def test_a_wrong_check_digit_or_length_stays() -> None:
    """Modulus 97, and as long as the country's are."""
    assert found("DE88370400440532013000 and DE8937040044053201300 and XX12 ABCD 1234 5678 9012") == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("account number 12345678", "12345678"),
        ("Kontonummer: 1234567890", "1234567890"),
        ("sort code 12-34-56", "12-34-56"),
        ("routing number 021000021 at the bank", "021000021"),
        ("BIC DEUTDEFF500", "DEUTDEFF500"),
    ],
)
def test_other_accounts_are_found_after_their_word(text: str, value: str) -> None:
    """They have no check digit of their own."""
    assert only("IBAN", text) == [value]


def test_an_account_of_a_user_is_none() -> None:
    """`account` alone is said of everything."""
    assert found("my account 1234 is locked; the account is 12 years old") == []


@pytest.mark.parametrize("text", ["cuenta bancaria nº 2100 0418 45 0200051332", "nr rachunku: 2100 0418 45 0200051332"])
def test_a_sign_for_number_may_stand_between(text: str) -> None:
    """As other languages write it."""
    assert only("IBAN", text) == ["2100 0418 45 0200051332"]


def test_two_years_are_no_account() -> None:
    """Eight digits behind the word, too."""
    assert found("le compte 2024-2025") == []


@pytest.mark.parametrize("text", ["a/c no. {}", "Kto. {}", "rtn {}"])
def test_short_words_for_an_account_are_known(text: str) -> None:
    """With the full stop of their abbreviation."""
    assert only("IBAN", text.format("532013000")) == ["532013000"]


def test_a_bic_in_a_tag_is_found() -> None:
    """As statements in XML have it."""
    assert only("IBAN", "<BIC>AGRIFRPP</BIC>") == ["AGRIFRPP"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("bank acc number is 10293847", "10293847"),
        ("sort 11-22-33", "11-22-33"),
        ("Account Number\n1234 5678\nDate", "1234 5678"),
        ("Postkonto 30-123456-7", "30-123456-7"),
        ("agência 1234-5", "1234-5"),
        ("conta 12345-6", "12345-6"),
        ("NIB 0035 0027 0000 1234567 50", "0035 0027 0000 1234567 50"),
        (
            "banque 20041 guichet 01005 compte 0500013M026 clé RIB 06",
            "20041 guichet 01005 compte 0500013M026 clé RIB 06",
        ),
    ],
)
def test_accounts_of_other_countries_are_found(text: str, value: str) -> None:
    """Parts of a French one are found together; a Swiss and a Brazilian one are short."""
    assert value in only("IBAN", text), found(text)


@pytest.mark.parametrize(
    "text", ["sort 1000000 records", "La agencia 2026-1 abre", "CTA 2026-03-04", "acc: 0.98765432", "sort by 20260304"]
)
def test_what_programs_sort_and_measure_is_no_account(text: str) -> None:
    """To sort and to be accurate are no accounts."""
    assert only("IBAN", text) == []
