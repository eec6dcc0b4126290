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
        ("Agent: Can you confirm your four digit PIN please? Caller: yes that's 3907.", "3907"),
        ("El código de verificación que te llegó es 330 417, pásamelo", "330 417"),
        ("What's my PIN? I think it's 6190 but the machine swallowed the card", "6190"),
        ("El pin de la tarjeta es el 3817", "3817"),
        ("my bank pin is still 4471", "4471"),
        ("old pin 4821, if it matters", "4821"),
        ("Mum's iPad code: 1947. She never remembers it.", "1947"),
        ("Mon code de carte bleue est 7306, ne le dis à personne", "7306"),
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
        "The pin is 4471-compatible",
        "verification code 404 handling, exit code 1234",
        "Amount $84.10  auth code 004512",
    ],
)
def test_other_numbers_stay(text: str) -> None:
    """What a chip and a shop have, years, lengths, codes of programs."""
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Code for the garage door: 7714", "7714"),
        ("Le code du portail est le 4471", "4471"),
        ("il codice del portone è 7781", "7781"),
        ("El código del portal, 1492.", "1492"),
        ("kod do bramy: 4456", "4456"),
        ("Code für die Haustür: 2580#", "2580#"),
        ("Use code 550913 to verify your account.", "550913"),
        ("Saisissez le code 550913 pour confirmer.", "550913"),
        ("Your PIN has been reset to 6120.", "6120"),
        ("Die PIN vom Tor ist 2580", "2580"),
        ("il pin del bancomat 4096.", "4096"),
        ("it opens with 998877 (that's the pin)", "998877"),
        ("What's the PIN? 7702", "7702"),
        ("A: And the PIN?\nB: 2046.", "2046"),
        ("lock combination: 24-08-71", "24-08-71"),
        ("SIM PIN 1188 PUK 67120493", "1188"),
    ],
)
def test_a_code_is_found_with_what_it_opens(text: str, value: str) -> None:
    """Doors, gates, safes and bank cards have codes; who asks for one is told it; a year may be one in an answer."""
    assert value in only("PASSWORD", text), found(text)


@pytest.mark.parametrize(
    "text",
    [
        "Code of the gate: see page 2026.",
        "Use code SUMMER20 at checkout.",
        "the building code 2021-04 applies",
        "Enter pin 12 to ground.",
        "the entrance code of conduct of 12.5 pages",
        "What is a PIN? 4000 people asked us.",
        "the pin for the board of revision 20.",
    ],
)
def test_numbers_beside_a_code_stay(text: str) -> None:
    """A year of rules, a voucher, a part: no code of anybody."""
    assert found(text) == []
