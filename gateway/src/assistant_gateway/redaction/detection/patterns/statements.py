"""Rows that a statement of SQL names the columns of: INSERT INTO users (id, dob) VALUES (...), and the rows behind a COPY."""

import re
from collections.abc import Iterator
from typing import Final

from assistant_gateway.redaction.detection.patterns.columns import COLUMNS, fits, named
from assistant_gateway.redaction.detection.patterns.page import Cue, Found, Hit, Page

_LIST: Final = 2_000  # bytes of the list of names
_ROWS: Final = re.compile(rb"(?i)\)\s{0,8}(?:values\b|(from stdin\b[^\n]{0,80}\n))")
_CELL: Final = re.compile(rb"\s{0,8}(?:[NE]?'((?:[^'\\\n]|\\.|'')*)'|([^,()'\n]*(?:\([^()\n]*\))?))\s{0,8}([,)])")
_NEXT_ROW: Final = re.compile(rb"\s{0,8},?\s{0,8}\(")


def _statement(page: Page, hit: Hit) -> Iterator[Found]:
    """Read the rows of the statement whose list of columns the word stands in; once for all its columns."""
    view = page.view
    if hit.end <= page.done.get("statement", 0):
        return
    opening = view.rfind(b"(", max(0, hit.start - _LIST), hit.start)
    if opening < 0:
        return
    closing = view.find(b")", hit.end, hit.end + _LIST)
    rows = _ROWS.match(view, closing) if closing >= 0 else None
    if rows is None or b")" in view[opening : hit.start]:
        return
    page.done["statement"] = rows.end()
    names = view[opening + 1 : closing].split(b",")
    columns = named(names)
    if columns:
        yield from _copied(page, rows.end(), columns) if rows[1] else _values(page, rows.end(), columns)


def _values(page: Page, at: int, columns: dict[int, tuple[str, int]]) -> Iterator[Found]:
    view = page.view
    while (row := _NEXT_ROW.match(view, at)) is not None:
        at, place = row.end(), 0
        while (cell := _CELL.match(view, at)) is not None:
            quoted = cell[1] is not None
            start, end = cell.span(1 if quoted else 2)
            if place in columns and fits(view[start:end], *columns[place]) and (quoted or view[start:end].isdigit()):
                yield Found(start, end, columns[place][0])
            at, place = cell.end(), place + 1
            if cell[3] == b")":
                break
        page.done["statement"] = at


def _copied(page: Page, at: int, columns: dict[int, tuple[str, int]]) -> Iterator[Found]:
    view = page.view
    while at < len(view) and not view.startswith(b"\\.", at):
        end = view.find(b"\n", at)
        end = len(view) if end < 0 else end
        for place, cell in enumerate(view[at:end].split(b"\t")):
            if place in columns and fits(cell, *columns[place]):
                yield Found(at, at + len(cell), columns[place][0])
            at += len(cell) + 1
        page.done["statement"] = at = end + 1


CUES: Final = tuple(Cue(kind, _statement, frozenset({entity}), weak=False, needs=b"(") for kind, entity, _ in COLUMNS)
