"""Talks: what one asks for is in the other's line."""

import pytest

from tests.unit.gateway.redaction.finding import found


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("Bot: Please enter your password to continue\nUser: Peppermint*31", ("PASSWORD", "Peppermint*31")),
        ("agent: and your password?\ncustomer: it's tulip77\nagent: thanks", ("PASSWORD", "tulip77")),
        ("[10:02] Berater: Wie lautet Ihre PIN?\n[10:03] Kunde: 6620", ("PASSWORD", "6620")),
        ("bob: whats the root pw\nalice: corvette-Lemon8\nbob: ty", ("PASSWORD", "corvette-Lemon8")),
        ("Her Instagram password? I'm pretty sure it's ellie2009", ("PASSWORD", "ellie2009")),
        ("agent: and the security code, the three digits on the back\ncustomer: 902", ("CARD", "902")),
        ("Agent: What is your account number?\nCaller: sure, 63310482", ("IBAN", "63310482")),
        ("Agent: Your passport number, please.\nCaller: it is N1234567", ("NATIONAL_ID", "N1234567")),
    ],
)
def test_an_answer_is_what_was_asked_for(text: str, finding: tuple[str, str]) -> None:
    """With what people say before it; the word stands in the line before."""
    assert found(text) == [finding]


@pytest.mark.parametrize(
    "text",
    [
        "title: Reset password\nid: abc123x",
        "user: bob\npassword\nversion: v2.1b",
        "Q: Is the password policy documented?\nA: Yes, see the wiki",
        "description: PIN of the chip\nport: 5432",
    ],
)
def test_settings_and_other_answers_stay(text: str) -> None:
    """Two settings are no talk, and a word is no password."""
    assert found(text) == []
