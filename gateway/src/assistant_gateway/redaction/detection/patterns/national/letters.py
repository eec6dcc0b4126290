"""National numbers that hold letters: the letters and their places are half of the proof, a check letter often the other half."""

import re
from collections.abc import Callable
from typing import Final

from assistant_gateway.redaction.detection.patterns.national.checksums import ddmmyy, month_and_day, weighted, yymmdd
from assistant_gateway.redaction.detection.patterns.page import Found, Page, Shape

_SEPARATORS: Final = b" -./()"


def es_dni(value: bytes) -> bool:
    """DNI, and NIE with X, Y, Z for 0, 1, 2 in front: modulus 23."""
    digits = value[:-1].translate(bytes.maketrans(b"XYZ", b"012"))
    return value[-1:] == b"TRWAGMYFPDXBNJZSQVHLCKE"[int(digits) % 23 :][:1]


_IT_ODD: Final = dict(
    zip(
        b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23),
        strict=True,
    )
)


def it_codice(value: bytes) -> bool:
    """Codice fiscale: a check letter over letters and digits, odd places weighted by a table."""
    even = sum(character - 48 if character < 58 else character - 65 for character in value[1:15:2])
    return 65 + (even + sum(_IT_ODD[character] for character in value[:15:2])) % 26 == value[15]


def uk_nino(value: bytes) -> bool:
    """No check digit: prefixes that are not given out are refused. ZZ and a T is a temporary number."""
    return value[:2] not in (b"BG", b"GB", b"NK", b"KN", b"TN", b"NT") and (value[:2] == b"ZZ") is (value[-1:] == b"T")


def fi_hetu(value: bytes) -> bool:
    """Birth date, a sign for the century, modulus 31 over the nine digits."""
    digits = value[:6] + value[-4:-1]
    return ddmmyy(digits) and b"0123456789ABCDEFHJKLMNPRSTUVWXY"[int(digits) % 31] == value[-1]


def fr_nir_corsica(value: bytes) -> bool:
    """2A and 2B count as 19 and 18."""
    number = int(value[:13].replace(b"2A", b"19").replace(b"2B", b"18"))
    return 97 - number % 97 == int(value[13:])


def in_pan(value: bytes) -> bool:
    """The fourth letter says whose it is: P for a person; the others are firms, trusts and the like."""
    return value[3:4] == b"P"


def sg_nric(value: bytes) -> bool:
    """S, T (citizens), F, G, M (foreigners): weighted modulus 11 into a letter."""
    total = weighted(value[1:8], (2, 7, 6, 5, 4, 3, 2)) + {b"T": 4, b"G": 4, b"M": 3}.get(value[:1], 0)
    table = {b"S": b"JZIHGFEDCBA", b"T": b"JZIHGFEDCBA", b"F": b"XWUTRQPNMLK", b"G": b"XWUTRQPNMLK", b"M": b"XWUTRQPNJLK"}[value[:1]]
    place = total % 11 if value[:1] != b"M" else 10 - total % 11
    return value[8] == table[place] or (value[:1] == b"M" and value[8] in table)


def tw_national(value: bytes) -> bool:
    """The letter counts as two digits; weighted modulus 10."""
    letter = b"ABCDEFGHJKLMNPQRSTUVXYWZIO".index(value[:1]) + 10
    return (letter // 10 + letter % 10 * 9 + weighted(value[1:], (8, 7, 6, 5, 4, 3, 2, 1, 1))) % 10 == 0


def hk_id(value: bytes) -> bool:
    """One or two letters, six digits, a check character: modulus 11."""
    letters = value[:-7].rjust(2)
    values = [36 if character == 32 else character - 55 for character in letters] + [digit - 48 for digit in value[-7:-1]]
    check = 10 if value[-1:] == b"A" else value[-1] - 48
    return (sum(number * weight for number, weight in zip(values, range(9, 1, -1), strict=True)) + check) % 11 == 0


def ie_pps(value: bytes) -> bool:
    """Modulus 23 into a letter; a second letter counts nine times."""
    second = value[8] - 64 if len(value) > 8 and value[8:9] != b"W" else 0
    return (weighted(value[:7], (8, 7, 6, 5, 4, 3, 2)) + 9 * second) % 23 == (value[7] - 64) % 23


def cl_rut(value: bytes) -> bool:
    """Weighted modulus 11, K for ten."""
    total = sum((digit - 48) * (2 + place % 6) for place, digit in enumerate(reversed(value[:-1])))
    return b"0123456789K0"[(11 - total % 11) % 11 :][:1] == value[-1:]


def mx_curp(value: bytes) -> bool:
    """CURP or RFC: letters of the name, then the birth date."""
    return yymmdd(value[4:10])


def de_insurance(value: bytes) -> bool:
    """Rentenversicherungsnummer: area, birth date, initial, serial, check digit."""
    letter = value[8] - 64
    digits = value[:8] + f"{letter:02d}".encode() + value[9:11]
    total = sum(sum(divmod((digit - 48) * weight, 10)) for digit, weight in zip(digits, (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1), strict=True))
    return month_and_day(int(value[4:6]), int(value[2:4])) and total % 10 == value[11] - 48


def ve_rif(value: bytes) -> bool:
    """The letter counts as a number too, modulus 11."""
    total = {b"V": 4, b"E": 8, b"J": 12, b"P": 16, b"G": 20}[value[:1]] + weighted(value[1:9], (3, 2, 7, 6, 5, 4, 3, 2))
    return b"00987654321"[total % 11] == value[9]


def gb_licence(value: bytes) -> bool:
    """Five letters of the name, filled up with 9s, and the birth date inside: women have 50 added to the month."""
    return value[:5].rstrip(b"9").isalpha() and month_and_day(int(value[6:8]) % 50, int(value[8:10]))


def shape_is_enough(value: bytes) -> bool:
    """US Medicare number, BR RG, PT citizen card: long and unlike anything else."""
    return bool(value)


# Rust source, whether small letters are taken, the rule.
_RULES: Final[tuple[tuple[str, bool, Callable[[bytes], bool]], ...]] = (
    (r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z](?: ?-?[0-9]{2}){3} ?-?[A-DT]", False, uk_nino),
    (r"(?:[0-9]{8}|[0-9]{2}\.[0-9]{3}\.[0-9]{3})[ \-]?[A-Z]", False, es_dni),
    (r"[XYZ][ \-]?[0-9]{7}[ \-]?[A-Z]", True, es_dni),
    (r"[A-Z]{3} ?[A-Z]{3} ?[0-9LMNP-V]{2}[A-EHLMPRST][0-9LMNP-V]{2} ?[A-Z][0-9LMNP-V]{3}[A-Z]", True, it_codice),
    (r"[0-9]{6}[\-+A-FU-Y][0-9]{3}[0-9A-FHJ-NPR-Y]", False, fi_hetu),
    (r"[12] ?[0-9]{2} ?[0-9]{2} ?2[AB] ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}", False, fr_nir_corsica),
    (r"[A-Z]{5}[0-9]{4}[A-Z]", False, in_pan),
    (r"[STFGM][0-9]{7}[A-Z]", False, sg_nric),
    (r"[A-Z][1289][0-9]{8}", False, tw_national),
    (r"[A-Z]{1,2}[0-9]{6} ?\([0-9A]\)", False, hk_id),
    (r"[0-9]{7}[A-W][ABHW]?", False, ie_pps),
    (r"[0-9]{1,2}\.[0-9]{3}\.[0-9]{3}-[0-9Kk]|[0-9]{7,8}-[0-9Kk]", True, cl_rut),
    (r"[0-9]{1,2}\.[0-9]{3}\.[0-9]{3}-[0-9Xx]", True, shape_is_enough),
    (r"[A-Z]{4}[ \-]?[0-9]{6}[ \-]?(?:[HMX][A-Z]{5}[A-Z0-9][0-9]|[A-Z0-9]{3})", False, mx_curp),
    (r"[VEJPG]-?[0-9]{8}-?[0-9]", False, ve_rif),
    (r"[0-9]{2} ?[0-9]{6} ?[A-Z] ?[0-9]{3}", False, de_insurance),
    (r"[0-9]{8} ?[0-9] ?[A-Z]{2}[0-9]", False, shape_is_enough),
    (r"[A-Z9]{5} ?[0-9][0156][0-9][0-3][0-9]{2} ?[A-Z9]{2}[0-9][A-Z]{2}", False, gb_licence),
    (
        r"[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9][0-9]-[AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9][0-9]-[AC-HJKMNP-RT-Y]{2}[0-9]{2}",
        False,
        shape_is_enough,
    ),
)
_MATCHERS: Final = tuple((re.compile(source.encode(), re.IGNORECASE if small else 0), rule) for source, small, rule in _RULES)
_SOURCES: Final = tuple(rf"\b(?:(?i:{source}))" if small else rf"\b(?:{source})" for source, small, _ in _RULES)


def _lettered(page: Page, start: int, end: int) -> Found | None:
    view = page.view
    # One alternative may stop early inside another's number, so each is asked from the start.
    for matcher, rule in _MATCHERS:
        match = matcher.match(view, start)
        if match is None or not _ends(view, match.end()) or (start and view[start - 1 : start] in (b"-", b"_", b".", b"/")):
            continue
        if rule(match[0].translate(None, _SEPARATORS if rule is not fi_hetu else b"").upper()) and not page.said_otherwise(start):
            return Found(start, match.end(), "NATIONAL_ID")
    return None


def _ends(view: bytes, end: int) -> bool:
    following = view[end : end + 1]
    return not (following.isalnum() or following == b"_" or (following in (b"-", b"/") and view[end + 1 : end + 2].isalnum() and following))


# What machines read in passports and identity cards: number, state, birth date, sex and expiry, with a digit behind each.
_MACHINE_READ: Final = (
    r"[A-Z0-9<]{9}[0-9][A-Z<]{3}[0-9]{7}[MFX<][0-9]{7}[A-Z0-9<]{14}[0-9<][0-9]\b",
    r"\b[IAC][A-Z<][A-Z<]{3}[A-Z0-9<]{9}[0-9<][A-Z0-9<]{15}\s{1,2}[0-9]{7}[MFX<][0-9]{7}[A-Z<]{3}[A-Z0-9<]{11}[0-9]\b",
)


def _machine_read(page: Page, start: int, end: int) -> Found | None:
    return Found(start, end, "NATIONAL_ID") if not page.view[start - 1 : start].isalnum() or not start else None


_ID: Final = frozenset({"NATIONAL_ID"})
SHAPES: Final = (
    Shape(_SOURCES, _lettered, _ID, digits=True),
    Shape(_MACHINE_READ, _machine_read, _ID, needs=b"<", digits=True),
)
