"""Numbers that only the word before them makes a national number: passports, licences, and digits whose checksum proves little."""

import re
from collections.abc import Iterator
from typing import Final

from assistant_gateway.redaction.detection.patterns.answers import answer
from assistant_gateway.redaction.detection.patterns.literals import digits
from assistant_gateway.redaction.detection.patterns.numbers import ends_sensibly, holds_date
from assistant_gateway.redaction.detection.patterns.page import Cue, Found, Hit, Page
from assistant_gateway.redaction.detection.patterns.vocabulary import Kind

_GAP: Final = re.compile(
    rb"(?:'?s\b)?\.?(?:[ _\-]?(?:number|num|no|nr|nummer|id|code|card|#)\b\.?)?[ \t\"'*`\\]{0,3}"
    rb"(?:\([^)\n]{0,32}\)[ \t]?)?(?:</?[a-z][a-z0-9]{0,9}>[ \t]?){0,3}"
    rb"(?:(?:is|was|are|reads|ist|lautet|war|est|es|e|jest|ar|er|on|number|no\.?|nr\.?|n[.\x7f]?|:|=|#|-|,|>)(?![A-Za-z0-9]{2}|(?<=[A-Za-z])[A-Z])"
    rb"[ \t\"'*`\\]{0,5}){0,4}\n?[ \t\"'\\]{0,3}",
    re.IGNORECASE,
)
# Other words may stand between (`the SSN of my husband is`), but no digit and no end of a sentence.
_FAR: Final = re.compile(rb"[^0-9.;:\n]{0,40}?[ :=\"'#(](?=[A-Z]{0,3}[0-9])")
_VALUE: Final = re.compile(rb"(?:[A-Za-z]{1,4}[ \-]?)?[0-9](?:(?:[ .\-/]|(?<=[0-9])\+)?[0-9A-Z]){3,22}(?:[ \-]?(?:\([0-9A-Z]\)|[0-9A-Z]))?")
_LAW: Final = re.compile(rb"[0-9]{1,4}/(?:19|20)[0-9]{2}")  # DL 34/2020
_CAPITALS: Final = re.compile(rb"[A-Z0-9]{7,18}\b")
_LOWER: Final = re.compile(rb"[a-z0-9]{6,18}\b")


# `C01234567 is my passport number`, `C01234567 (passport)`.
_NUMBER_OF: Final = rb"(?:(?:numero|number) (?:de |del |di |of )?)?"
_OWNER: Final = re.compile(
    rb"(?:(?: (?:my|our|his|her|the|their|mi|su|el|la|mon|ma|son|sa|le|mein|meine|ihre|o meu|a minha) " + _NUMBER_OF + rb")|[(\[])\Z"
)
_BEHIND: Final = re.compile(
    rb"(?<![A-Za-z0-9])((?:[A-Z]{1,4}[ \-]?)?[0-9](?:[ .\-]?[0-9A-Z]){4,18})"
    rb"(?:,? (?:is|was|es|era|est|ist|war|e) [a-z]{1,6}(?: [a-z]{3,6})? " + _NUMBER_OF + rb"| ?[(\[])\Z"
)
_BACK: Final = 64
_LONGEST_OWNER: Final = 24
_LEAST_BEHIND: Final = 6  # digits


def _behind(page: Page, hit: Hit) -> Found | None:
    """Return the number that the word is said of, if it stands in front of it."""
    view = page.view
    owner = _OWNER.search(view, max(0, hit.start - _LONGEST_OWNER), hit.start)
    if owner is None or (owner[0] in (b"(", b"[") and view[hit.end : hit.end + 1] not in (b")", b"]")):
        return None
    match = _BEHIND.search(view, max(0, hit.start - _BACK), hit.start)
    if match is None or holds_date(match[1]) or sum(48 <= character < 58 for character in match[1]) < _LEAST_BEHIND:
        return None
    return Found(*match.span(1), "NATIONAL_ID") if not page.said_otherwise(match.start(1)) else None


def _named(page: Page, hit: Hit) -> Iterator[Found]:
    view = page.view
    gap = _GAP.match(view, hit.end)
    at = gap.end() if gap else hit.end
    found = _value(view, at, 4 if at - hit.end > 1 else 5)
    if found is None and (far := _FAR.match(view, hit.end)) and page.says(Kind.ID, far.end(), 64):
        found = _value(view, far.end(), 6)
    if found is None and (answered := answer(page, hit)) is not None:
        found = _value(view, answered, 5)
    if found is None:
        found = _behind(page, hit)
    for _ in range(_MOST_IN_A_ROW):
        if found is None:
            return
        yield found
        joint = _AND.match(view, found.end)
        following = _value(view, joint.end(), 5) if joint else None
        found = following if following and _alike(view, found, following) else None


# What follows a number in a list is another one, if it has as many digits.
_AND: Final = re.compile(rb"(?:,|;|,? (?:and|or|und|oder|et|ou|y|o|e|en|i)) ")
_MOST_IN_A_ROW: Final = 8


def _alike(view: bytes, one: Found, other: Found) -> bool:
    return digits(view[one.start : one.end]) == digits(view[other.start : other.end])


def _value(view: bytes, at: int, least: int) -> Found | None:
    capitals = _CAPITALS.match(view, at) if least < 6 else None
    if capitals and any(48 <= character < 58 for character in capitals[0]) and not capitals[0].isdigit():
        return Found(at, capitals.end(), "NATIONAL_ID")
    match = _VALUE.match(view, at)
    end = match.end() if match else at
    if match and view[end : end + 1].isalnum():
        match = None
    if match is None:
        match = _LOWER.match(view, at)
        if match is None or sum(48 <= character < 58 for character in match[0]) < 4:
            return None
    raw = match[0]
    if _LAW.fullmatch(raw):
        return None
    if raw[:2] == b"0x":
        return None  # an address in memory, a flag
    stop = ends_sensibly(raw)
    raw = raw[:stop]
    if sum(48 <= character < 58 for character in raw) < least or holds_date(raw) or len(raw) < 5:
        return None
    return Found(at, at + stop, "NATIONAL_ID")


CUES: Final = (Cue(Kind.ID, _named, frozenset({"NATIONAL_ID"}), digits=True),)
