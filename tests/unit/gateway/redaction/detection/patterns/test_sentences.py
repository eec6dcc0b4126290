"""Passwords that nothing names: what somebody types, uses, changed or logs in with."""

import pytest

from tests.unit.gateway.redaction.finding import found, only


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("use Sommer2024! to get in", "Sommer2024!"),
        ("Just type hunter2hunter when it asks you.", "hunter2hunter"),
        ("I still use qwerty-1977 for my bank. Bad?", "qwerty-1977"),
        ("I changed it to Wint3rIsComing! yesterday", "Wint3rIsComing!"),
        ("log in as guest.reader with Tortuga-lenta1", "Tortuga-lenta1"),
        ("you can log on with jdoe / Marmot77", "Marmot77"),
        ("his laptop unlocks with Marmot_77x", "Marmot_77x"),
        ("The zip is protected (it's Nov-Audit-26).", "Nov-Audit-26"),
        ("login with pete@farmstand.example and Carrots&Peas1", "Carrots&Peas1"),
        ("We set the router to TangerineDream_5G last week", "TangerineDream_5G"),
        ("For the wifi in the cabin use snowy-owl-1988", "snowy-owl-1988"),
        ("You can get into the shared drive with Orchard#2291 until Friday.", "Orchard#2291"),
        ("default creds are admin and Welcome!1", "Welcome!1"),
        ("wifi network Hearth, key Cinnamon-44x", "Cinnamon-44x"),
        ("WLAN: Gast / murmel77", "murmel77"),
        ("wir haben es auf Murmel-77x geändert", "Murmel-77x"),
        ("Melde dich mit Murmel77 an", "Murmel77"),
        ("für das WLAN nehmen wir Murmel77", "Murmel77"),
        ("Je l'ai changé en Chocolat_noir7 hier soir", "Chocolat_noir7"),
        ("Il suffit de saisir Papillon88 quand on te le demande.", "Papillon88"),
        ("Entra con Tortuga-lenta1 y cámbiala luego", "Tortuga-lenta1"),
        ("La cambié a NuevaClave!55 esta mañana", "NuevaClave!55"),
        ("L'ho cambiata in Gelato!Fragola3", "Gelato!Fragola3"),
        ("Log in met gast en Molen-Wiek2", "Molen-Wiek2"),
        ("use Marmota77 para acessar", "Marmota77"),
        ("Zmieniłem na Pierogi!2026, spróbuj teraz", "Pierogi!2026"),
    ],
)
def test_a_password_is_found_where_a_sentence_uses_it(text: str, value: str) -> None:
    """The less it looks like one, the more the sentence says of getting in."""
    assert only("PASSWORD", text) == [value], found(text)


def test_both_are_found_that_were_tried() -> None:
    """`X and Y`: the second without a verb of its own."""
    text = "I tried Liverpool1892 and liverpool92 and neither of them lets me in"

    assert only("PASSWORD", text) == ["Liverpool1892", "liverpool92"]


@pytest.mark.parametrize(
    "text",
    [
        "Use Python 3.11 or newer to log in to the cluster tooling.",
        "Usa Chrome120 o Firefox115 para entrar.",
        "Sign in with Apple, GitHub or SAML2; LDAPv3 follows in Q3.",
        "use Llama-3-8B to get in shape with AI",
        "I tried Windows10 and Ubuntu24.04 on the same laptop.",
        "We tried Boston1773 and Lisbon1755, neither works as a title",
        'I changed the title to "Quarterly-Report-2026" and saved the file as report_v2.docx.',
        "I set it to Level5 difficulty, then to UTF-8 and Europe/Berlin2",
        "Use the promo code Summer-Sale26 at checkout, log in for more",
        "Try our new Summer25 menu and log in for points!",
        "she got in with Oxford2024 admission",
        "prefer-l32r entre en conflit avec prefer-const16",
        "unlock the achievement with 5000 points, use the Sword22 item",
        "it's protected with AES-256, encrypted with RSA4096",
        "connect to Postgres15 with psycopg3",
        "Network: eth0, key: value1; wifi 802.11ax, channel 36, key rotation 3600 s",
        "Type Ctrl+Shift+F10 when it asks",
    ],
)
def test_programs_files_and_vouchers_in_the_same_sentences_stay(text: str) -> None:
    """What is used and changed is called by words and numbers too."""
    assert only("PASSWORD", text) == []
