"""National numbers of digits alone, found by their grouping and their checksum (numbers.py has the rules)."""

from typing import Final

from assistant_gateway.redaction.detection.patterns.national.numbers import ALONE, GROUPED, cn_resident
from assistant_gateway.redaction.detection.patterns.numbers import digits_of, grouping, isolated, stands_alone
from assistant_gateway.redaction.detection.patterns.page import Found, Page, Shape

_CLASS: Final = {" ": " ", "-": r"\-", ".": r"\.", "/": "/", "+": r"\+"}

_FOURS: Final = "4-4-4"  # one number in ten fits by accident, and much else is written so


def _source(groups: str, separators: bytes) -> str:
    between = "[" + "".join(_CLASS[chr(separator)] for separator in separators) + "]"
    return r"\b" + between.join(f"[0-9]{{{length}}}" for length in groups.split("-")) + r"\b"


_LENGTHS: Final = "|".join(f"[0-9]{{{length}}}" for length in sorted(ALONE, reverse=True))
_BARE: Final = rf"\b(?:{_LENGTHS})\b"
_CHINESE: Final = r"\b[1-8][0-9]{16}[Xx]\b"
# The longest first: of `123.456.789-09` the first three groups are a number as well.
_GROUPS: Final = tuple(_source(groups, separators) for groups, (separators, _) in sorted(GROUPED.items(), key=lambda item: -len(item[0])))


def _bare(page: Page, start: int, end: int) -> Found | None:
    digits = page.view[start:end]
    if not stands_alone(page.view, start, end):
        return None
    if not digits[-1:].isdigit():
        return Found(start, end, "NATIONAL_ID") if cn_resident(digits) else None
    if not any(rule(digits) for rule in ALONE[end - start]) or page.said_otherwise(start):
        return None
    if page.view[start - 1 : start] in (b"#", b"$", b"@") and start:
        return None
    return Found(start, end, "NATIONAL_ID")


def _grouped(page: Page, start: int, end: int) -> Found | None:
    raw = page.view[start:end]
    if not stands_alone(page.view, start, end) or (b" " in raw and not isolated(page.view, start, end)):
        return None
    digits = digits_of(raw)
    groups = grouping(raw)
    if not any(rule(digits) for rule in GROUPED[groups][1]):
        return None
    separators = set(raw.translate(None, b"0123456789"))
    # One separator throughout, but for those numbers that end in another (`123.456.789-09`).
    if len(separators) > 1 and (b" " in raw or b"-" not in raw[-8:]):
        return None
    if (len(digits) < 11 or groups == _FOURS) and page.said_otherwise(start):
        return None
    return Found(start, end, "NATIONAL_ID")


_ID: Final = frozenset({"NATIONAL_ID"})
SHAPES: Final = (Shape((_BARE, _CHINESE), _bare, _ID, digits=True), Shape(_GROUPS, _grouped, _ID, digits=True))
