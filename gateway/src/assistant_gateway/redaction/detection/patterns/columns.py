"""Tables with a line of names: what stands in the column `dob` is a date of birth, in CSV, tab separated and Markdown."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from assistant_gateway.redaction.detection.patterns.births import DATE
from assistant_gateway.redaction.detection.patterns.literals import digits, is_blank
from assistant_gateway.redaction.detection.patterns.page import Cue, Found, Hit, Page
from assistant_gateway.redaction.detection.patterns.vocabulary import Kind
from assistant_gateway.redaction.detection.patterns.words import JOINTS, kinds

# The kinds whose values need a word, what they are then, and how many digits make a cell one.
COLUMNS: Final = (
    (Kind.BIRTH, "DATE_OF_BIRTH", 4),
    (Kind.PASSWORD, "PASSWORD", 0),
    (Kind.PIN, "PASSWORD", 4),
    (Kind.CARD_CODE, "CARD", 3),
    (Kind.ID, "NATIONAL_ID", 4),
    (Kind.ACCOUNT, "IBAN", 6),
    (Kind.PHONE, "PHONE", 6),
)
_SEPARATORS: Final = (b"\t", b"|", b";", b",")
_LINE: Final = 2_000  # bytes of a line of names
_EDGE: Final = b" \t\"'`*\r"
_RULE: Final = re.compile(rb"[\s|:\-]+")


def _table(page: Page, hit: Hit) -> Iterator[Found]:
    """Read the table whose line of names the word is a whole cell of; once for all its columns."""
    view = page.view
    if hit.end <= page.done.get("table", 0):
        return
    end = view.find(b"\n", hit.end, hit.end + _LINE)
    if end < 0:
        return
    begins = view.rfind(b"\n", max(0, hit.start - _LINE), hit.start) + 1
    line = view[begins:end]
    for separator in _SEPARATORS:
        if separator in line:
            break
    else:
        return
    if separator == b"|" and begins and b"|" in view[view.rfind(b"\n", max(0, begins - _LINE), begins - 1) + 1 : begins]:
        return  # a row that says what a setting is for
    names = line.split(separator)
    columns = named(names)
    page.done["table"] = end
    if columns:
        yield from _rows(page, end + 1, separator, len(names), columns)


def named(names: list[bytes]) -> dict[int, tuple[str, int]]:
    """Return of each column whose name says so what its values are."""
    columns = known()
    plain = (name.strip(_EDGE).lower().translate(None, JOINTS) for name in names)
    return {place: columns[name] for place, name in enumerate(plain) if name in columns}


@cache
def known() -> dict[bytes, tuple[str, int]]:
    """Return by its plain name the entity of a column, and how many digits its values have at least."""
    return {
        name.encode(): (entity, least)
        for wanted, entity, least in reversed(COLUMNS)  # the first that fits counts
        for name, kind in kinds().items()
        if kind & wanted and not kind & Kind.WEAK
    }


def _rows(page: Page, at: int, separator: bytes, width: int, columns: dict[int, tuple[str, int]]) -> Iterator[Found]:
    view = page.view
    while at < len(view):
        end = view.find(b"\n", at)
        end = len(view) if end < 0 else end
        cells = view[at:end].split(separator)
        if len(cells) != width:
            return
        if _RULE.fullmatch(view, at, end) is None:
            yield from _cells(at, cells, columns)
        page.done["table"] = end
        at = end + 1


def _cells(at: int, cells: list[bytes], columns: dict[int, tuple[str, int]]) -> Iterator[Found]:
    for place, cell in enumerate(cells):
        value = cell.strip(_EDGE)
        if place in columns and value:
            entity, least = columns[place]
            if fits(value, entity, least):
                start = at + cell.index(value)
                yield Found(start, start + len(value), entity)
        at += len(cell) + 1


def fits(value: bytes, entity: str, least: int) -> bool:
    """Whether a cell's value is what its column's name says."""
    return bool(DATE.fullmatch(value)) if entity == "DATE_OF_BIRTH" else digits(value) >= least and not is_blank(value)


CUES: Final = tuple(Cue(kind, _table, frozenset({entity}), weak=False, needs=b"\n") for kind, entity, _ in COLUMNS)
