"""What every family asks of a run of digits: where it ends, how it is grouped, and whether it is part of something else."""

import re
from typing import Final

_SEPARATORS: Final = b" -./()+"
_GROUPS: Final = re.compile(rb"[0-9]+")
# Three neighbouring groups that are a calendar day, or two that are a time.
_DATE: Final = re.compile(
    rb"(?<![0-9])(?:[0-3]?[0-9]([./\-])[01]?[0-9]\1(?:(?:19|20)[0-9]{2}|[0-9]{2}\Z)|(?:19|20)[0-9]{2}([./\-])[01]?[0-9]\2[0-3]?[0-9])(?![0-9])"
)

_PAIRS: Final = re.compile(rb"[0-9]{2}(?:[. \-/][0-9]{2}){4}")  # five pairs: a French number


def digits_of(raw: bytes) -> bytes:
    """Return the digits (and letters) without what separates them."""
    return raw.translate(None, _SEPARATORS)


def grouping(raw: bytes) -> str:
    """Return the lengths of the groups of digits, as `3-2-4`."""
    return "-".join([str(len(group)) for group in _GROUPS.findall(raw)])


def holds_date(raw: bytes) -> bool:
    """Whether a part of the run reads as a date: then the run is a date and something, not one number."""
    return _DATE.search(raw) is not None and _PAIRS.fullmatch(raw) is None


def stands_alone(view: bytes, start: int, end: int) -> bool:
    """Whether the number is no part of a decimal, a path, a version, a code with letters or another number."""
    if start:
        last = view[start - 1 : start]
        further = view[start - 2 : start - 1]
        if last in b"/-" and further.isalnum():
            return False
        if last == b"." and further.isdigit():
            return False
        if last in b"+" or last.isalnum() or last == b"_":
            return False
    following = view[end : end + 1]
    if following.isalnum() or following in (b"_", b"%"):
        return False
    return not (following in (b".", b"-", b"/", b":", b",") and _goes_on(following, view[end + 1 : end + 2]))


def _goes_on(separator: bytes, following: bytes) -> bool:
    return following.isalnum() if separator == b"-" else following.isdigit() and separator != b","


def isolated(view: bytes, start: int, end: int) -> bool:
    """Whether no other number stands directly before or (unless the range is empty) after.

    Groups between spaces in a row of numbers are columns, not one value.
    """
    before = view[max(0, start - 3) : start].rstrip(b" \t")
    after = view[end : end + 3].lstrip(b" \t") if end > start else b""
    return not before[-1:].isdigit() and not after[:1].isdigit()


_PARTS: Final = re.compile(rb"[0-9A-Za-z()+]+")


def ends_sensibly(raw: bytes) -> int:
    """Where the number ends: groups of capitals alone at the end are the next words (`123456789 USA`), except one check letter."""
    parts = list(_PARTS.finditer(raw))
    for index, part in enumerate(parts[1:], 1):
        if part[0][:2].isalpha() and len(part[0]) > 1 and any(before[0].isdigit() for before in parts[:index]):
            parts = parts[:index]
            break
    stop = parts[-1].end()
    while len(parts) > 1 and parts[-1][0].isalpha() and len(parts[-1][0]) > 1:
        parts.pop()
        stop = parts[-1].end()
    return stop
