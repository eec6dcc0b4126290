"""National numbers with letters."""

import pytest

from tests.unit.gateway.redaction.finding import found, only


@pytest.mark.parametrize(
    "number",
    [
        "AB123456C",
        "AB 12 34 56 C",
        "12345678Z",
        "12345678-Z",
        "X1234567L",
        "RSSMRA85T10A562S",
        "131052-308T",
        "131052A308T",
        "1 84 12 2A 451 089 33",
        "ABCPE1234F",
        "S1234567D",
        "A123456789",
        "A123456(3)",
        "1234567T",
        "12.345.678-5",
        "GOMC900514HDFLRN09",
        "MORGA657054SM9IJ",
        "V-11470283-4",
        "GODE-561231-GR8",
        "1EG4-TE5-MK73",
        "15070649C103",
    ],
)
def test_a_number_is_found_without_a_word(number: str) -> None:
    """Letters and their places are half of the proof."""
    assert only("NATIONAL_ID", f"It is {number}, I think.") == [number]


@pytest.mark.parametrize(
    "text",
    [
        "GB123456C 12345678A X1234567A RSSMRA85T10A562T 131052-308A",
        "AB12345 ABC-1234 KB5012345 CVE-2021-44228 JIRA-12345 ABCDE1234F",
        "SM-G991B LH1234 ID-12345678Z-7 x12345678Z",
        "order number 12345678Z",
    ],
)
def test_other_codes_stay(text: str) -> None:
    """A wrong check letter, product codes, tickets, part of a longer code."""
    assert found(text) == []


@pytest.mark.parametrize(
    "number",
    [
        "12345678 9 ZZ4",
        "L898902C36UTO7408122F1204159ZE184226B<<<<<10",
        "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6",
    ],
)
def test_what_machines_read_is_found(number: str) -> None:
    """A citizen's card, the lines of a passport and of an identity card."""
    assert only("NATIONAL_ID", f"P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\n{number}\n") == [number]
