"""Turns of phrase in which a password is told."""

import pytest

from tests.unit.gateway.redaction.finding import found, only


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("forgot my pw again, its monkey4life right?", "monkey4life"),
        ('I used "iloveyou2" as my password everywhere', "iloveyou2"),
        ("hasenfuss3 ist mein Passwort", "hasenfuss3"),
        ("Your temporary password is\nHq7-pmX2\nPlease change it.", "Hq7-pmX2"),
        ("passcode for the call: Xy82kq", "Xy82kq"),
        ("Freischaltcode: K7QP-22XA-9911", "K7QP-22XA-9911"),
        ("Contraseña del router: casa_2231; adiós", "casa_2231"),
        ("wachtwoord wifi: pannenkoek!1", "pannenkoek!1"),
        ("root console, password t1tanium", "t1tanium"),
        ("wifi : BoxMaison / mdp tulipe-2019", "tulipe-2019"),
        ("grafana: admin:gr4fana!Ops", "gr4fana!Ops"),
        ("Anyone know the code for the bike shed? It's 3914", "3914"),
        ("moje hasło to kotek123, pin 5521", "5521"),
        ("The alarm code at the cottage is 6612", "6612"),
        ("code de la porte : B4417", "B4417"),
        ("our login for the shop: anna@example.com / Monkey!Bars9", "Monkey!Bars9"),
        (r"net use Z: \\fs01\share Qwerty!23 /user:corp\jdoe", "Qwerty!23"),
        ('{"auths": {"ghcr.io": {"auth": "Y2ktYm90OnMzY3IzdHBhc3M="}}}', "Y2ktYm90OnMzY3IzdHBhc3M="),
    ],
)
def test_a_password_is_found_where_it_is_told(text: str, value: str) -> None:
    """In the next clause or line, in front of the word, behind a code's name, beside the password of a PIN."""
    assert value in only("PASSWORD", text), found(text)


@pytest.mark.parametrize(
    "text",
    [
        "Reset your password, it's 2026 already.",
        "root:x:0:0 and admin:read and admin:$PASS_1word",
        "the password sha256sum, the password x509cert",
        "We changed the password policy to version2; das Passwort wurde auf Server01 geändert.",
        "Backup code path 2026-03-04 tested",
        "codice porta 8080, de code van de poort 8080",
        "We forgot the password policy, it is section4 of the handbook.",
        "Use SHA256 as the password hash; utf8 is the password encoding.",
        "The password is\nrequired for each user.",
        "my pin 12 and the pin 2026.",
        '"auth": "required", "auth": "none"',
        "passcode: required, activation code: none",
    ],
)
def test_talk_in_the_same_turns_of_phrase_stays(text: str) -> None:
    """Years, sections and names of methods are no passwords."""
    assert only("PASSWORD", text) == []
