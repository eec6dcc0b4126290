"""Telephone numbers: with a country code, in a country's own grouping, or after a word that announces one."""

import re
from collections.abc import Iterator
from typing import Final

from assistant_gateway.redaction.detection.patterns.dialling import LENGTHS, national
from assistant_gateway.redaction.detection.patterns.numbers import digits_of, holds_date, isolated, stands_alone
from assistant_gateway.redaction.detection.patterns.page import Cue, Found, Hit, Page, Shape
from assistant_gateway.redaction.detection.patterns.vocabulary import Kind

_NEAR: Final = 48
_EXTENSION: Final = re.compile(
    rb"[ ,;]{0,2}(?:x|ext|extn|extension|poste|durchwahl|anexo|interno|int)\.?[ :]{0,2}[0-9]{1,6}\b", re.IGNORECASE
)
_ZIP: Final = re.compile(rb"[0-9]{5}-[0-9]{4}")
_YEARS: Final = re.compile(rb"(?:19|20)[0-9]{2} ?[-/] ?(?:19|20)[0-9]{2}")
_VERSION: Final = re.compile(rb"[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,2}(?![0-9])")
_LABEL: Final = re.compile(rb"-[A-Za-z]{3,12}\b")
_GROUP: Final = re.compile(rb"[0-9]+")

_INTERNATIONAL: Final = r"(?:\+ ?|\b00 ?)\(?[1-9][0-9]{0,3}\)?(?:[ ./\-()]{0,3}[0-9]){5,16}"
# Written as in North America; the Cue below takes those that have other groups.
_NANP: Final = r"(?:\b1[ .\-])?(?:\([0-9]{3}\)[ .\-]?|\b[0-9]{3}[.\-/])[0-9]{3}[ .\-][0-9]{4}(?:\b|x[0-9])"
_NANP_SPACES: Final = r"\b(?:1 )?[2-9][0-9]{2} [2-9][0-9]{2} [0-9]{4}(?:\b|x[0-9])"
_NANP_RUN: Final = r"\b[2-9][0-9]{2}-[0-9]{7}\b"
_TRUNK: Final = r"(?:\(0[1-9][0-9]{0,4}\)|\b0[1-9][0-9]{0,4})[ /.\-]{1,3}[0-9]{2,8}(?:[ /.\-][0-9]{2,8}){0,4}\b"
_AREA: Final = r"(?:\b[078] ?)?\([1-9][0-9]{1,4}\)[ \-]?[0-9]{3,5}[ \-][0-9]{2,4}(?:[ \-][0-9]{2,4})?(?:\b|x[0-9])"
# A mobile number without separators: the leading 0 and the country's mobile prefix (GB, FR, AU, DE, JP, KR, CH, NL, TR, PH).
_MOBILE: Final = r"\b0(?:7[1-9][0-9]{8}|[59][0-9]{9}|[67][0-9]{8}|4[0-9]{8}|1[5-7][0-9]{8,9}|[789]0[0-9]{8}|10[0-9]{8})\b"
_TURKISH: Final = r"\b(?:0[ \-])?5[0-9]{2}[ \-.][0-9]{3}[ \-.][0-9]{2}[ \-.][0-9]{2}\b"
_CHINESE: Final = r"\b1[3-9][0-9][ \-][0-9]{4}[ \-][0-9]{4}\b"


def _international(page: Page, start: int, end: int) -> Found | None:
    view = page.view
    if view[start - 1 : start].isalnum() or (view[start - 1 : start] in (b"+", b".", b"-") and start):
        return None
    raw = view[start:end]
    if holds_date(raw) or (raw[:1] != b"+" and page.said_otherwise(start)):
        return None
    digits = digits_of(raw.replace(b"(0)", b"")).removeprefix(b"00")
    code = national(digits)
    if not code:
        return None
    spoken = raw[:1] == b"+" or page.says(Kind.PHONE | Kind.WEAK, start, _NEAR)
    grouped = any(separator in raw[2:] for separator in b" -./(")
    if not grouped and (not spoken or len(digits) < 8 or raw[:2] == b"+ "):
        return None  # a padded number, a sum
    stop = _fitting(raw, code)
    # No country has such a number, and yet that is how people write one.
    if stop is None and spoken and grouped and 9 <= len(digits) <= 15:
        stop = len(raw)
    return _phone(page, start, start + stop) if stop is not None else None


def _fitting(raw: bytes, code: int) -> int | None:
    """Return where the number ends so that its country has numbers of that length: what follows in its line may be another number."""
    for group in reversed(list(_GROUP.finditer(raw))):
        digits = digits_of(raw[: group.end()].replace(b"(0)", b"")).removeprefix(b"00")
        possible = LENGTHS[digits[:code]] if len(digits) > code else ()
        if len(digits) - code in possible or (digits[code : code + 1] == b"0" and len(digits) - code - 1 in possible):
            return group.end()
    return None


def _own_grouping(page: Page, start: int, end: int) -> Found | None:
    if page.view[end - 2 : end - 1] == b"x":
        end -= 2  # the extension's first digit, without which \b would not hold
        return _phone(page, start, end) if not holds_date(page.view[start:end]) else None
    raw = page.view[start:end]
    count = len(digits_of(raw))
    labelled = raw[:1] == b"(" and _LABEL.match(page.view, end)  # (555) 123-4567-Office
    if not (labelled or stands_alone(page.view, start, end)) or not 9 <= count <= 12 or holds_date(raw) or page.said_otherwise(start):
        return None
    if b" " in raw and not isolated(page.view, start, end):
        return None
    return _phone(page, start, end)


def _trunk(page: Page, start: int, end: int) -> Found | None:
    raw = page.view[start:end]
    if b" " in raw and not isolated(page.view, start, start):
        return None  # the middle of a row of numbers
    if _ZIP.fullmatch(raw) and not page.says(Kind.PHONE, start, _NEAR):
        return None
    stops = [group.end() for group in _GROUP.finditer(raw)]
    for stop in reversed(stops[1:]):
        pairs = [len(group) for group in raw[:stop].split(raw[2:3])]
        if pairs == [2] * len(pairs) and len(pairs) != 5:
            continue  # five pairs are a French number, six are a draw of lots
        if 9 <= len(digits_of(raw[:stop])) <= 12 and (found := _own_grouping(page, start, start + stop)):
            return found
    return None


def _alone(page: Page, start: int, end: int) -> Found | None:
    return _phone(page, start, end) if stands_alone(page.view, start, end) or _EXTENSION.match(page.view, end) else None


def _phone(page: Page, start: int, end: int) -> Found | None:
    """Return the number with its extension and the bracket around its area code, unless letters go on where it ends."""
    view = page.view
    extended = _extended(view, end)
    if extended == end and (view[end : end + 1].isalnum() or view[end : end + 1] == b"_"):
        return None
    if view[start : start + 1] != b"(" and view[start - 1 : start] == b"(" and start and b")" in view[start:end]:
        start -= 1  # \b begins inside the bracket of the area code
    return Found(start, extended, "PHONE")


def _extended(view: bytes, end: int) -> int:
    extension = _EXTENSION.match(view, end)
    return extension.end() if extension else end


# After a word: anything that can be dialled, in any grouping. What follows a number in a list is one as well.
_GAP: Final = re.compile(rb"[^0-9+(\n]{0,36}(?:\([^0-9)\n]{0,24}\)[^0-9+(\n]{0,12})?\n?[ \t\-*]{0,4}")
_DIALLED: Final = re.compile(rb"\+?\(?[0-9](?:[ ./\-()]{0,3}[0-9]){5,16}")
_AND: Final = re.compile(
    rb"[\"']?\s{0,3}(?:,|;|/|&|\||and|or|und|oder|et|ou|y|o|e|en|of)\s{1,3}[\"']?|[\"']?,[\"']|[\"']?\r?\n[ \t]{0,12}[-*] ?[\"']?"
)
# `mobile 0171 ..., at home: 0228 ...`: of what a word names that we do not know, groups of a number like the first.
_AND_NAMED: Final = re.compile(
    rb"[ \t]?[,;/|] ?[A-Za-z\x7f]{1,12}(?: [A-Za-z\x7f]{1,10})?(?:[.:]{1,2} ?| )"
    rb"(?=[+(]?[0-9]{2,5}\)?[ \-/.][0-9]{2,5}(?:[ \-/.][0-9]{2,5}|[0-9]))"
)
_UNIT: Final = re.compile(
    rb"\s?(?:%|usd|eur|gbp|dollars?|euros?|times|people|users|items|km|kg|ms|seconds|minutes|hours|days|years|bytes|kb|mb|gb|rows|records)\b",
    re.IGNORECASE,
)


def _announced(page: Page, hit: Hit) -> Iterator[Found]:
    view = page.view
    weak = bool(hit.kinds & Kind.WEAK)
    if weak and view[hit.start - 1 : hit.start].isalnum() and hit.start:
        return  # `inputText`
    gap = _GAP.match(view, hit.end)
    at = gap.end() if gap else hit.end
    if not page.says(Kind.PHONE, at, at - hit.end + 1):
        return
    for _ in range(8):
        found = _dialled(page, at, weak)
        if found is None:
            return
        yield found
        joint = _AND_NAMED.match(view, found.end) or _AND.match(view, found.end)
        if joint is None or (joint.re is _AND_NAMED and page.said_otherwise(joint.end())):
            return
        at = joint.end()


def _dialled(page: Page, at: int, weak: bool) -> Found | None:
    match = _DIALLED.match(page.view, at)
    if match is None:
        return None
    raw = match[0]
    if holds_date(raw):
        return None
    if raw[:1] == b"+" and (found := _international(page, at, match.end())) is not None:
        return found
    stops = [group.end() for group in _GROUP.finditer(raw)]
    for stop in reversed(stops):
        count = len(digits_of(raw[:stop]))
        if weak and _VERSION.match(raw[:stop]):
            return None
        if _YEARS.fullmatch(raw[:stop]) or raw[:stop].count(b"(") != raw[:stop].count(b")"):
            continue
        if not 6 <= count <= 15 or (weak and count < 7) or (count == 6 and b"-" not in raw[:stop] and b" " not in raw[:stop]):
            continue
        if _UNIT.match(page.view, at + stop) or (re.fullmatch(rb"[0-9]{1,3}(?:[.,][0-9]{3})+", raw[:stop]) and weak):
            return None
        if (found := _alone(page, at, at + stop)) is not None:
            return found
    return None


_IS: Final = (
    rb" (?:is|was|ist|war|est|es|e) (?:my|our|his|her|the|mein|meine|unsere|die|mon|notre|le|mi|el|il|mio|il mio|o meu)"
    rb"(?: (?:new|old|other|home|work|private|business|neue|alte|private|nouveau|nuevo|nuovo|novo))? ?"
)
_BEHIND: Final = re.compile(rb"\+?\(?[0-9](?:[ ./\-()]{0,2}[0-9]){5,14}(?: ?[(\[]|" + _IS + rb")\Z")
_NUMBER: Final = re.compile(rb"[0-9 ./\-()+]*[0-9]")


def _labelled_behind(page: Page, hit: Hit) -> Iterator[Found]:
    """`555 1234 (mobile)`: the word stands in brackets after its number; `555 1234 is my home number`."""
    view = page.view
    said = not hit.kinds & Kind.WEAK and view[hit.start - 1 : hit.start] == b" "
    if not hit.start or (view[hit.start - 1 : hit.start] not in (b"(", b"[") and not said):
        return
    start = max(0, hit.start - (48 if said else 26))
    match = _BEHIND.search(view, start, hit.start)
    if match is None:
        return
    number = _NUMBER.match(match[0])
    raw = number[0] if number else b""
    if len(digits_of(raw)) >= 6 and not holds_date(raw) and (found := _alone(page, match.start(), match.start() + len(raw))):
        yield found


def _cue(page: Page, hit: Hit) -> Iterator[Found]:
    yield from _announced(page, hit)
    yield from _labelled_behind(page, hit)


_PHONE: Final = frozenset({"PHONE"})
SHAPES: Final = (
    Shape((_INTERNATIONAL,), _international, _PHONE, digits=True),
    Shape((_NANP, _NANP_SPACES, _NANP_RUN, _AREA, _MOBILE, _TURKISH, _CHINESE), _own_grouping, _PHONE, digits=True),
    Shape((_TRUNK,), _trunk, _PHONE, digits=True),
)
CUES: Final = (Cue(Kind.PHONE, _cue, _PHONE, digits=True),)
