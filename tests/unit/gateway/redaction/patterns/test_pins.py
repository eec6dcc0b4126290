"""PINs and codes."""

import pytest

from tests.unit.gateway.redaction.finding import found, only


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("PIN 0472 / and so on", "0472"),
        ("Bitte PIN 8823 am Terminal eingeben", "8823"),
        ("SIM swapped, PUK 48201937.", "48201937"),
        ("door code 2580#, spare key under the pot", "2580"),
        ("Der Türcode ist 4417.", "4417"),
        ("Le code de vérification est 558201", "558201"),
        ("Su código de verificación es 30918; no lo comparta.", "30918"),
        ("Il mio PIN bancomat è 55102", "55102"),
        ("Your verification code for Acme is 123 456", "123 456"),
        ("验证码是482913，请勿泄露", "482913"),
        ("G-738291 is your Google verification code.", "G-738291"),
        ("Use 482913 as your verification code", "482913"),
        ("digicode 45B21", "45B21"),
        ("Q: What is your PIN?\nA: 6620", "6620"),
    ],
)
def test_a_code_is_found(text: str, value: str) -> None:
    """After a word for it in several languages, with nothing or other words between, and before it."""
    assert only("PASSWORD", text) == [value], found(text)


@pytest.mark.parametrize(
    "text",
    [
        "The PIN 2040 variant is sold out; pin 13 is the LED",
        "OTP 2024 roadmap, Erlang/OTP 25.3, TAN 2024 conference",
        "1234 is the default pin code length",
        "verification code 404 handling, exit code 1234",
        "Amount $84.10  auth code 004512",
    ],
)
def test_other_numbers_stay(text: str) -> None:
    """What a chip and a shop have, years, lengths, codes of programs."""
    assert found(text) == []
