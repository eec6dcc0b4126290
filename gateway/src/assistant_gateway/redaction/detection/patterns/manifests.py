"""What a Secret of Kubernetes holds: every value under `data` and `stringData`, in YAML as people keep it and in JSON as kubectl shows it.

It is found from its `kind: Secret`; the object around it ends where YAML's lines stand further left, or JSON's brace closes.
"""

import re
from collections.abc import Iterator
from typing import Final

from assistant_gateway.redaction.detection.patterns.literals import is_blank
from assistant_gateway.redaction.detection.patterns.page import Found, Hit, Page

_REACH: Final = 16_384  # bytes on either side of the kind
_NEXT: Final = 1_024  # bytes in which no other is looked for behind one that is in no object
_SHORTEST: Final = 4
_KIND: Final = re.compile(rb"(?i)(?:\A|[\n{,]|\n[ \t]*(?:- )?)[ \t]*([\"']?)kind[\"']?[ \t]?:[ \t]?[\"']?\Z")
_END: Final = re.compile(rb"[\"']?[ \t]*(?:[\r\n,}#]|\Z)")
_LINE: Final = re.compile(rb"([ \t]*)(- )?([^\r\n]*)\r?\n?")
_HOLDS: Final = re.compile(rb"[\"']?(?:data|stringData)[\"']?:[ \t]*(?:#.*)?")
_ENTRY: Final = re.compile(rb"[\"']?[A-Za-z0-9._\-]{1,253}[\"']?:[ \t]*([|>][+\-0-9]{0,2}[ \t]*\Z)?([\"']?)")
_BRACES: Final = re.compile(rb"[{}]")
_OBJECT: Final = re.compile(rb"\"(?:data|stringData)\"[ \t\r\n]*:[ \t\r\n]*\{([^{}]*)\}")
_PAIR: Final = re.compile(rb"\"[^\"\n]{1,253}\"[ \t\r\n]*:[ \t\r\n]*\"([^\"\n]+)\"")
_TEMPLATES: Final = (b"{{", b"<", b"$(", b"${")


def secret(page: Page, hit: Hit) -> Iterator[Found]:
    """Yield the values of the Secret whose kind this word is."""
    view = page.view
    kind = _KIND.search(view, max(0, hit.start - 24), hit.start)
    if kind is None or _END.match(view, hit.end) is None or hit.end < page.done.get("manifest", 0):
        return
    if not kind[1]:
        yield from _of_yaml(page, view.rfind(b"\n", 0, hit.start) + 1)
    elif (json := _around(view, hit.start)) is not None:
        page.done["manifest"] = json[1]
        yield from _of_json(view, *json)
    else:
        page.done["manifest"] = hit.end + _NEXT


def _around(view: bytes, at: int) -> tuple[int, int] | None:
    """Return the object in braces that the place stands in."""
    depth = 0
    start = -1
    for brace in reversed(list(_BRACES.finditer(view, max(0, at - _REACH), at))):
        depth += 1 if brace[0] == b"}" else -1
        if depth < 0:
            start = brace.start()
            break
    if start < 0:
        return None
    depth = 0
    for brace in _BRACES.finditer(view, start, at + _REACH):
        depth += 1 if brace[0] == b"{" else -1
        if depth == 0:
            return start, brace.end()
    return start, min(len(view), at + _REACH)


def _of_json(view: bytes, start: int, end: int) -> Iterator[Found]:
    for held in _OBJECT.finditer(view, start, end):
        for pair in _PAIR.finditer(view, *held.span(1)):
            yield from _value(view, *pair.span(1))


def _of_yaml(page: Page, at: int) -> Iterator[Found]:
    """The lines before and behind the kind's, as far as they stand no further left than it."""
    view = page.view
    line = _LINE.match(view, at)
    margin = _column(line) if line else 0
    start = at
    while start > max(0, at - _REACH, page.done.get("manifest", 0)) and not (line and line[2]):
        previous = view.rfind(b"\n", 0, start - 1) + 1
        line = _LINE.match(view, previous)
        if line is None or _ends(line, margin):
            break
        start = previous
    yield from _entries(page, start, margin)


def _entries(page: Page, first: int, margin: int) -> Iterator[Found]:
    """Read line by line: under `data` every entry, and every line of a block that an entry opens."""
    view = page.view
    holds = False
    block = -1  # the column of the entry whose block this is
    at = first
    while at < min(len(view), first + 2 * _REACH):
        line = _LINE.match(view, at)
        if line is None or (at > first and (_ends(line, margin) or (line[2] and _column(line) == margin))):
            return
        at = page.done["manifest"] = line.end()
        column, text = _column(line), line[3].rstrip()
        if not text or text.startswith(b"#"):
            continue
        if block >= 0 and column > block:
            yield from _value(view, line.start(3), line.start(3) + len(text))
            continue
        block = -1
        if column <= margin:
            holds = column == margin and _HOLDS.fullmatch(text) is not None
        elif holds and (entry := _ENTRY.match(text)) is not None:
            if entry[1]:
                block = column
            else:
                yield from _quoted(view, line.start(3) + entry.end(), line.start(3) + len(text), entry[2])


def _column(line: "re.Match[bytes]") -> int:
    return len(line[1]) + len(line[2] or b"")


def _ends(line: "re.Match[bytes]", margin: int) -> bool:
    """Whether another object begins here: a line further left, or the mark between two documents."""
    text = line[3].strip()
    return bool(text) and (_column(line) < margin or (text.startswith(b"---") and not line[1]))


def _quoted(view: bytes, start: int, end: int, quote: bytes) -> Iterator[Found]:
    closing = view.find(quote, start, end) if quote else view.find(b" #", start, end)
    yield from _value(view, start, closing if closing >= 0 else end)


def _value(view: bytes, start: int, end: int) -> Iterator[Found]:
    value = view[start:end]
    if len(value) >= _SHORTEST and not value.startswith(_TEMPLATES) and not is_blank(value):
        yield Found(start, end, "API_KEY")
