"""Payment cards: the networks' number ranges and Luhn, in every grouping; and the code on the back, after a word for it."""

import re
from collections.abc import Iterator
from typing import Final

from assistant_gateway.redaction.detection.patterns.answers import answer
from assistant_gateway.redaction.detection.patterns.national.checksums import luhn
from assistant_gateway.redaction.detection.patterns.numbers import digits_of, stands_alone
from assistant_gateway.redaction.detection.patterns.page import Cue, Found, Hit, Page, Shape
from assistant_gateway.redaction.detection.patterns.vocabulary import Kind

_NEAR: Final = 48
_SEPARATOR: Final = r"(?:[ .\-]|  | - )"
_SOURCES: Final = (
    r"\b[2-6][0-9]{12,18}\b",
    rf"\b[2-6][0-9]{{3}}{_SEPARATOR}[0-9]{{4}}{_SEPARATOR}[0-9]{{4}}{_SEPARATOR}[0-9]{{1,4}}(?:{_SEPARATOR}[0-9]{{1,3}})?\b",
    rf"\b3[0-9]{{3}}{_SEPARATOR}[0-9]{{6}}{_SEPARATOR}[0-9]{{4,5}}\b",
    # Digit by digit or in other groups, as a reader spells it.
    r"\b[2-6](?:[ .\-][0-9]{1,3}){7,18}\b",
)
# (first, last, digits compared, lengths): ISO/IEC 7812 ranges as the networks publish them.
_RANGES: Final = (
    (4, 4, 1, (13, 16, 19)),
    (51, 55, 2, (16,)),
    (2221, 2720, 4, (16,)),
    (34, 34, 2, (15,)),
    (37, 37, 2, (15,)),
    (6011, 6011, 4, (16, 17, 18, 19)),
    (644, 649, 3, (16, 17, 18, 19)),
    (65, 65, 2, (16, 17, 18, 19)),
    (62, 62, 2, (16, 17, 18, 19)),
    (81, 82, 2, (16,)),
    (300, 305, 3, (14, 16, 17, 18, 19)),
    (3095, 3095, 4, (14, 16)),
    (36, 36, 2, (14, 15, 16, 17, 18, 19)),
    (38, 39, 2, (14, 16, 17, 18, 19)),
    (35, 35, 2, (16, 17, 18, 19)),
    (2200, 2204, 4, (16, 17, 18, 19)),
    (60, 60, 2, (16,)),
    (9792, 9792, 4, (16,)),
)
# Debit ranges in which every length from 12 to 19 occurs: only where the text says "card".
_DEBIT: Final = (b"50", b"56", b"57", b"58", b"59", b"63", b"67", b"68", b"69", b"66")


def network(digits: bytes) -> bool:
    """Whether a network gives out numbers that begin so and are so long."""
    return any(first <= int(digits[:size]) <= last and len(digits) in lengths for first, last, size, lengths in _RANGES)


def _card(page: Page, start: int, end: int) -> Found | None:
    """Return the longest number that fits: behind a card's groups an expiry date or its code may stand."""
    raw = page.view[start:end]
    for stop in [group.end() for group in _GROUP.finditer(raw)][: -_FURTHER - 1 : -1]:
        if _fits(page, start, start + stop):
            dump = _DUMP.match(page.view, start + stop)
            further = dump or _FURTHER_ON.match(page.view, start + stop)
            return Found(start, further.end() if further else start + stop, "CARD")
    return None


_GROUP: Final = re.compile(rb"[0-9]+")
_FURTHER: Final = 3  # groups at the end that may be something else


def _fits(page: Page, start: int, end: int) -> bool:
    raw = page.view[start:end]
    digits = digits_of(raw)
    if not 13 <= len(digits) <= 19 or not luhn(digits) or digits.count(digits[0]) == len(digits):
        return False
    if not network(digits) and not (digits[:2] in _DEBIT and page.says(Kind.CARD, start, _NEAR)):
        return False
    return stands_alone(page.view, start, end) and not (len(raw) == len(digits) and page.said_otherwise(start))


# `4111111111111111|09|2027|123`: lists of stolen cards, the code at the end.
_DUMP: Final = re.compile(rb"([|:;,/ ])(?:0[1-9]|1[0-2])[|:;/\-]?(?:20)?[2-4][0-9]\1[0-9]{3,4}(?![0-9])")
# `... valid 03/29, code 448`: what is called a code behind a card is the card's.
_FURTHER_ON: Final = re.compile(
    rb"(?i)[^\n0-9]{1,24}(?:(?:0?[1-9]|1[0-2]) ?[/\-.] ?(?:20)?[2-4][0-9][^\n0-9]{1,32}?)?"
    rb"\b(?:code|cod|kod|codigo|codice|back|hinten|ruckseite|dos|verso|atras|detras|reverso|dorso|retro|achterop|achterkant|tylu|seg)\b"
    rb"[.:= ]{1,4}[0-9]{3,4}(?![0-9]|[.,\-/][0-9])"
)
_CODE: Final = re.compile(
    rb"(?i)(?: ?(?:code|number|no|nr|num)\b)?\.?(?: \([^)\n0-9]{1,20}\))?"
    rb"(?: (?:on|at|auf|au|of|de|del|della|do|no|sul|al|op|van|na|meiner|der|my|the|my card|ma)\b[^\n0-9:=.,;]{0,24}?)?"
    rb"[\"'\\ ]{0,5}(?::|=|is|are|ist|sind|est|sont|es|son|e|sono|zijn|to|sao|#|-)?[\"'\\ ]{0,5}\(?([0-9]{3,4})(?![0-9.,\-/%][0-9]|[0-9])"
)


def _code(page: Page, hit: Hit) -> Iterator[Found]:
    match = _CODE.match(page.view, hit.end)
    if match is None and (at := answer(page, hit)) is not None:
        match = _CODE.match(page.view, at)
    if match:
        yield Found(*match.span(1), "CARD")


_CARD: Final = frozenset({"CARD"})
SHAPES: Final = (Shape(_SOURCES, _card, _CARD, digits=True),)
CUES: Final = (Cue(Kind.CARD_CODE, _code, _CARD, digits=True),)
