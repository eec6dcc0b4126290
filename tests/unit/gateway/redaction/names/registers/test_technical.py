"""Tests of telling manuals and programs' messages from letters."""

import pytest

from assistant_gateway.redaction.names.registers.technical import is_technical


@pytest.mark.parametrize(
    "text",
    [
        "Call it with --force to overwrite",
        "the variable max_size is too small",
        "pulse Ctrl+Mayús para continuar",
        "Das Verzeichnis ist leer",
        "Bitte die Taste Einfg drücken",
        "see /usr/share for more",
        "the value of SHMMAX is too low",
        "call getName first",
    ],
)
def test_who_writes_about_programs_shows_it(text: str) -> None:
    """An option, an identifier, a key, a path or a word for them is enough."""
    assert is_technical(text)


@pytest.mark.parametrize(
    "text",
    [
        "Dear Anna, thank you for your letter of Monday.",
        "Bitte überweisen Sie 200 Euro an die Nordwolle GmbH.",
        "Mail first_last@example.com or call the USA",
        "Jean-Luc habite à Saint-Ouen - il y est né.",
        "Tuesday at 8-9, room 4/5",
    ],
)
def test_letters_do_not(text: str) -> None:
    """Neither a company's legal form, an address of mail, a dash nor a double name is one of those signs."""
    assert not is_technical(text)
