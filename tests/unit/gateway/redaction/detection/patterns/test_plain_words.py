"""Passwords of ordinary words."""

import pytest

from tests.unit.gateway.redaction.finding import found, only


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("My passphrase is violet anchor tumble seven, how strong is it?", "violet anchor tumble seven"),
        ("Passphrase: correct horse battery staple", "correct horse battery staple"),
        ("my password is correct horse battery staple", "correct horse battery staple"),
        ("What is the password? I set it to correct horse battery staple", "correct horse battery staple"),
        ("If he calls, the safeword is gingerbread.", "gingerbread"),
        ("secret word: rosebud", "rosebud"),
        ("passwort ist: rosebud", "rosebud"),
        ('the password\'s "rosebud"', "rosebud"),
        ("La clave secreta es caballo azul nube", "caballo azul nube"),
    ],
)
def test_words_are_found_where_words_are_asked_for(text: str, value: str) -> None:
    """After a passphrase, a code word, or four in a row that make no sentence."""
    assert only("PASSWORD", text) == [value], found(text)


@pytest.mark.parametrize(
    "text",
    [
        "The passphrase is generated from random dice rolls.",
        "The passphrase is too short, please try again.",
        "The secret phrase is not stored anywhere in the system.",
        "The code word is always the same.",
        "The codeword is unknown.",
        "The password is case sensitive and nobody believed him.",
        "The password is sent via encrypted mail.",
        "Password: changed after every failed login.",
        "password? I set it to landscape mode and the print came out fine.",
    ],
)
def test_what_is_said_about_passwords_stays(text: str) -> None:
    """A sentence has words that join it."""
    assert only("PASSWORD", text) == []
