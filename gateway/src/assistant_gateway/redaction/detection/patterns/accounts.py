"""Bank accounts: IBANs by their country's length and modulus 97, others after a word that names them."""

import re
from collections.abc import Iterator
from typing import Final

from assistant_gateway.redaction.detection.patterns.answers import answer
from assistant_gateway.redaction.detection.patterns.national.checksums import mod97
from assistant_gateway.redaction.detection.patterns.numbers import ends_sensibly, holds_date
from assistant_gateway.redaction.detection.patterns.page import Cue, Found, Hit, Page, Shape
from assistant_gateway.redaction.detection.patterns.vocabulary import Kind

# Lengths in the SWIFT IBAN registry, and of countries that use IBANs beside it.
_LENGTHS: Final = {
    code: int(length)
    for length, codes in (
        line.split(": ")
        for line in """15: NO
16: BE
18: DK FI FO GL NL SD FK
19: MK SI
20: AT BA EE KZ LT LU XK MN
21: CH HR LI LV
22: CR VA BG BH DE GB GE IE ME RS
23: AE GI IL IQ TL OM SO
24: AD CZ ES MD PK RO SA SE SK TN VG DZ
25: AO CV LY MZ PT ST
26: IS TR IR
27: BF CM FR GR IT MC MG MR SM BJ CI ML SN CF CG GA GQ TD KM DJ NE TG BI
28: AL AZ CY DO GT HN HU LB NI PL SV BY MA
29: BR EG PS QA UA
30: JO KW MU YE
31: MT SC
33: RU
32: LC""".splitlines()
    )
    for code in codes.split()
}
_COUNTRY: Final = "|".join(sorted(_LENGTHS))
_CANDIDATE: Final = r"(?i)\b(?:" + _COUNTRY + r")[ .\-]?[0-9][ .\-]?[0-9][ .\-]{0,2}[A-Z0-9](?:[ .\-]?[A-Z0-9]){3}"
_SEPARATORS: Final = b" -.\n"
# Separators may stand anywhere, one or two at a time.
_WRITTEN: Final = {
    length: re.compile(rb"[A-Za-z0-9](?:[ \-.\n]{0,2}[A-Za-z0-9]){%d}(?![A-Za-z0-9])" % (length - 1)) for length in set(_LENGTHS.values())
}


def _iban(page: Page, start: int, end: int) -> Found | None:
    """Read on from the country code until its length is reached."""
    view = page.view
    match = _WRITTEN[_LENGTHS[view[start : start + 2].decode().upper()]].match(view, start)
    if match is None or (start and view[start - 1 : start] == b"_"):
        return None
    return Found(start, match.end(), "IBAN") if mod97(match[0].translate(None, _SEPARATORS).upper()) else None


_GAP: Final = re.compile(
    rb"\.?(?:[ _\-]?(?:number|num|no|nr|nummer|code|id)\b\.?| ?(?:n[\x7f.]|#))?[ \"'\\]{0,3}(?:\([^)\n0-9]{0,20}\) ?)?"
    rb"(?:(?:is|was|ist|lautet|est|es|e|:|=|#|-|>)[ \"'\\]{0,5}){0,2}(?:\r?\n[ \t]{0,4})?"
)
_ACCOUNT: Final = re.compile(rb"[A-Za-z]{0,4}[ \-]?[0-9](?:[ \-./]?[0-9A-Z]){3,26}(?![A-Za-z0-9])")
_YEARS: Final = re.compile(rb"(?:19|20)[0-9]{2} ?[-/] ?(?:19|20)[0-9]{2}")
_DECIMAL: Final = re.compile(rb"[0-9]{1,3}\.[0-9]+")
_SORT_CODE: Final = re.compile(rb"[0-9]{2}([ \-])[0-9]{2}\1[0-9]{2}")
_SMALL_BIC: Final = re.compile(rb"(?=[a-z]{6}[a-z0-9]{0,4}[0-9])[a-z]{6}[a-z0-9]{2}(?:[a-z0-9]{3})?(?![A-Za-z0-9])")
_CHECKED: Final = re.compile(rb"(?!(?:19|20)[0-9]{2}-)[0-9.]{4,10}-[0-9X]")
_POSTAL: Final = re.compile(rb"[0-9]{2}-[0-9]{1,6}-[0-9]")  # of the Swiss post
_BIC: Final = re.compile(rb"[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?(?![A-Za-z0-9])")


def _named(page: Page, hit: Hit) -> Iterator[Found]:
    gap = _GAP.match(page.view, hit.end)
    at = gap.end() if gap else hit.end
    match = _ACCOUNT.match(page.view, at) or _BIC.match(page.view, at)
    if match is None and page.view[hit.start : hit.end].lower() == b"bic":
        match = _SMALL_BIC.match(page.view, at)
    if match is None and (answered := answer(page, hit)) is not None:
        at = answered
        match = _ACCOUNT.match(page.view, at)
    if match is None:
        return
    end = at + ends_sensibly(match[0])
    word = page.view[hit.start : hit.end].lower()
    digits = sum(48 <= character < 58 for character in match[0])
    if _YEARS.fullmatch(match[0]) or _DECIMAL.fullmatch(match[0]) or holds_date(match[0]):
        return
    # To sort is also what programs do.
    if word == b"sort" and _SORT_CODE.fullmatch(match[0]) is None:
        return
    # "account" alone is also a user's: only a long number is taken after it.
    if (
        digits >= (8 if word in _COMMON else 6)
        or _is_short(word, match[0])
        or (digits < 4 and _BIC.fullmatch(match[0].upper()) and word.startswith((b"swift", b"bic")))
    ):
        yield Found(at, end, "IBAN")


def _is_short(word: bytes, value: bytes) -> bool:
    """Whether it is as short as this country writes accounts: of the Swiss post, of Brazil with its check digit."""
    if word.startswith((b"post", b"pc")):
        return _POSTAL.fullmatch(value) is not None
    return word in (b"conta", b"agencia") and _CHECKED.fullmatch(value) is not None


# A French account in its parts, as banks print them: `banque 30004 guichet 00812 compte 00012345678 clé 42`.
_PARTS: Final = (
    r"(?i)\bbanque[ :|]{1,3}[0-9]{5}[^0-9]{1,16}guichet[ :|]{1,3}[0-9]{5}[^0-9]{1,20}compte[ :|]{1,3}[0-9A-Z]{11}"
    r"[^0-9]{1,8}cle[^0-9]{1,8}[0-9]{2}\b",
)
_FIRST: Final = re.compile(rb"[0-9]")


def _parts(page: Page, start: int, end: int) -> Found | None:
    first = _FIRST.search(page.view, start, end)
    return Found(first.start(), end, "IBAN") if first else None


_COMMON: Final = (b"account", b"compte", b"conta", b"acc", b"agencia")
_IBAN: Final = frozenset({"IBAN"})
SHAPES: Final = (Shape((_CANDIDATE,), _iban, _IBAN, digits=True), Shape(_PARTS, _parts, _IBAN, digits=True))
CUES: Final = (Cue(Kind.ACCOUNT, _named, _IBAN),)
