"""What the rules find in a text, as a reader of a test wants it; and one value of each structured type in words that name it."""

import functools
from typing import Final

from assistant_gateway.redaction.detection.rules import Rules

# Invented, or published by their issuers as examples; checksums hold.
VALUES: Final = (
    ("EMAIL", "Mail {} now", "anna.weber@example.com"),
    ("PHONE", "Call {} now", "+49 30 12345678"),
    ("PHONE", "phone: {} ok", "555-123-4567"),
    ("CARD", "card {} ok", "4111 1111 1111 1111"),
    ("IBAN", "IBAN {} ok", "DE89 3704 0044 0532 0130 00"),
    ("NATIONAL_ID", "SSN {} ok", "123-45-6789"),
    ("NATIONAL_ID", "it says {} ok", "AB123456C"),
    ("IP_ADDRESS", "from {} ok", "192.168.17.10"),
    ("IP_ADDRESS", "from {} ok", "2001:db8:85a3::8a2e:370:7334"),
    ("MAC_ADDRESS", "mac {} ok", "00:1A:2B:3C:4D:5E"),
    ("URL_CREDENTIALS", "see {} ok", "https://anna:hunter2secret@example.com"),
    ("DATE_OF_BIRTH", "born on {} ok", "1985-03-12"),
    ("API_KEY", "use {} ok", "ghp_a8Kd93jsPq0xZm2LrT5vYw7Bc1Nf4Gh6Jk8X"),
    ("TOKEN", "use {} ok", "xoxb-123456789012-123456789012-AbCdEfGhIjKlMnOpQrStUvWx"),
    ("PASSWORD", "password: {} ok", "Tr0ub4dor&3x"),
    ("PRIVATE_KEY", "{}", "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7\n-----END PRIVATE KEY-----"),
)


@functools.cache
def rules() -> Rules:
    """Return the rules for all structured types."""
    return Rules()


def found(text: str) -> list[tuple[str, str]]:
    """Return the type and the text of each find, in order."""
    return [(span.entity, text[span.start : span.end]) for span in rules().find(text)]


def only(entity: str, text: str) -> list[str]:
    """Return the values of that type."""
    return [value for kind, value in found(text) if kind == entity]


def covered(text: str, start: int, end: int) -> bool:
    """Whether every letter and digit of text[start:end] is inside a find."""
    inside = {place for span in rules().find(text) for place in range(span.start, span.end)}
    return all(place in inside for place in range(start, end) if text[place].isalnum())
