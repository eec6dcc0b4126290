"""Numbers that only a word makes a national number."""

import pytest

from tests.unit.gateway.redaction.finding import found, only


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("my SSN is 123456789", "123456789"),
        ("SSN (tax year 2019): 123456789", "123456789"),
        ("passport 123456789", "123456789"),
        ("US passport no: C01234567", "C01234567"),
        ("Passport number: CHR67CL6F", "CHR67CL6F"),
        ("Driver's license number: D1234567 (CA)", "D1234567"),
        ("driver license A123-4567-8901", "A123-4567-8901"),
        ("BSN 111222333", "111222333"),
        ("My SIN is 046 454 286", "046 454 286"),
        ("TFN: 123 456 782", "123 456 782"),
        ("NHS number 9434765870", "9434765870"),
        ("Personalausweisnummer L01X00T47", "L01X00T47"),
        ("Sozialversicherungsnummer: 1237 010180", "1237 010180"),
        ("número de contribuinte: 123456789", "123456789"),
        ("ИНН 7707083893", "7707083893"),
        ("the SSN of my husband is 123456789", "123456789"),
        ('"ssn": "123456789"', "123456789"),
        ("CPF 529.982.247-25 RG 12.345.678-9", "529.982.247-25"),
    ],
)
def test_a_word_makes_a_number_a_persons(text: str, number: str) -> None:
    """Where the number proves little, the word does: in several languages, whatever the checksum says."""
    assert number in only("NATIONAL_ID", text), found(text)


@pytest.mark.parametrize(
    "text",
    [
        "passport control is open 24 hours, gate 12",
        "the tax id is required; ID card; identity cards since 2005-01-01",
        "sin 30 000 000 euros, frying pan 12345678",
        "RFC 6265 5.3 and RFC 2616",
        "ENABLE_PPS = 0x80043d04",
    ],
)
def test_a_word_alone_masks_nothing(text: str) -> None:
    """Prose about documents, dates, everyday words that are acronyms elsewhere."""
    assert only("NATIONAL_ID", text) == [], found(text)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("paszport EH 1234567", "EH 1234567"),
        ("paspoortnr. NX1234567", "NX1234567"),
        ("Versichertennr. A123456780", "A123456780"),
        ("Texas DL 12345678", "12345678"),
        ("Permanent resident card USCIS# 197253051", "197253051"),
        ("Aufenthaltstitel Nr. YZ1234567", "YZ1234567"),
        ("Nº Seg. Social: 28/12345678/40", "28/12345678/40"),
        ("carta de condução L-1234567 8", "L-1234567 8"),
        ("N° allocataire CAF 1234567", "CAF 1234567"),
    ],
)
def test_more_papers_are_known(text: str, number: str) -> None:
    """Permits of residence, insurances, and `-nr` for every `-nummer`; a letter of the number is no word before it."""
    assert only("NATIONAL_ID", text) == [number], found(text)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("C01234567 is my passport number", "C01234567"),
        ("AAA123456 es mi número de pasaporte", "AAA123456"),
        ("L01X00T47 ist meine Ausweisnummer.", "L01X00T47"),
        ("He gave 123456789 (SSN) to them", "123456789"),
    ],
)
def test_the_word_may_stand_behind_its_number(text: str, number: str) -> None:
    """As whose number it is."""
    assert only("NATIONAL_ID", text) == [number]


@pytest.mark.parametrize(
    "text",
    ["1234567 (passport photos)", "invoice 1234567 is my passport", "3 of 2024 is my passport year", "12/31/2024 is my ID card's end"],
)
def test_not_every_number_before_a_word_is_meant_by_it(text: str) -> None:
    """Orders, dates, what goes on behind the word."""
    assert only("NATIONAL_ID", text) == [], found(text)


def test_a_list_is_read_to_its_end() -> None:
    """What has another number of digits is something else: a year, an amount."""
    assert only("NATIONAL_ID", "Passports: AB1234567 and XY9876543") == ["AB1234567", "XY9876543"]
    assert only("NATIONAL_ID", "SSNs: 123456789, 234567891 or 345678912.") == ["123456789", "234567891", "345678912"]
    assert only("NATIONAL_ID", "passport 123456789 and 20000 EUR") == ["123456789"]


@pytest.mark.parametrize(
    "text",
    [
        "Thai ID 1234567890121",
        "เลขบัตรประชาชน 1234567890121",
        "T.C. Kimlik No: 12345678901",
        "РНОКПП: 1234567890",
        "ЛНЧ 1234567891",
        "NPWP: 123456789012345",
        "NIK: 3171011708450001",
        "eGK-Nummer M123456785",
        "Pass-Nr.: F12345671",
        "NPI 1234567893",
        "Rol Único Tributario: 125319092",
        "Osobni identifikacijski broj: 33392005961",
        "Mispar Zehut: 039337423",
        "His FRN is 9111245678906",
        "mon NAS: 258 933 688",
        "Provider identifier 1245319599",
    ],
)
def test_numbers_of_more_countries_have_their_names(text: str) -> None:
    """Where no checksum is strong enough, the word is what tells."""
    assert len(only("NATIONAL_ID", text)) == 1, found(text)


def test_a_law_is_no_paper_of_anybody() -> None:
    """A decree has a number and a year."""
    assert found("Il DL 34/2020 vale ancora.") == []
