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
        ("« Etoile-filante3 » est le nouveau mot de passe de la messagerie", "Etoile-filante3"),
        ("J'ai mis Tournesol!19 comme mot de passe, tu peux essayer ?", "Tournesol!19"),
        ("P@ssw0rd-Berlin doesn't work anymore as the VPN password", "P@ssw0rd-Berlin"),
        ("Marmot77 (that's the wifi password)", "Marmot77"),
        ("is Marmot77 a strong password?", "Marmot77"),
        ("Mi contraseña de siempre, Pepita1960, ya no vale", "Pepita1960"),
        ("Le mot de passe n'est plus Azerty mais Qsdfgh-77", "Qsdfgh-77"),
        ("to open the zip, the password should be Rosebud41", "Rosebud41"),
        ("My master password, if anything happens to me, is MyCatAte3Goldfish! - keep it", "MyCatAte3Goldfish!"),
        ("usuario: mrojas / contraseña: Limon.verde8", "Limon.verde8"),
        ("<username>ci</username><password>n3xus.Deploy</password>", "n3xus.Deploy"),
        ("I set my password as Rosebud_41", "Rosebud_41"),
        ("Passwort wurde auf Rosebud41 zurückgesetzt", "Rosebud41"),
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
        "The password rules are in ISO27001, the password dialog of Windows11 looks different",
        "Rotate the password of svc_backup2 tomorrow; the password of user jdoe42 expires",
        "nombre de usuario o contraseña demasiado largos para el protocolo SOCKSv5",
        "password expired, error E4471a",
        "passcode: required, activation code: none",
    ],
)
def test_talk_in_the_same_turns_of_phrase_stays(text: str) -> None:
    """Years, sections and names of methods are no passwords."""
    assert only("PASSWORD", text) == []
