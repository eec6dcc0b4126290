"""Values hidden in base64, hex, URL escapes, JSON escapes and HTML entities: decoded where they stand, searched, and mapped back.

A model reads all of them. What is decoded is put in the place of what encodes it, so that the words around it count. An escape's
span covers exactly the escaped value; a run of base64 or hex is covered as a whole, because a part of it means nothing.
"""

import re
from array import array
from base64 import b64decode
from binascii import Error
from bisect import bisect_right
from collections.abc import Callable, Iterator
from html.entities import html5
from typing import Any, Final, NamedTuple

import rurex

from assistant_gateway.redaction.entities import Span

Search = Callable[[str], list[Span]]

LEVELS: Final = 3  # base64 in a URL in JSON
LINE: Final = 60  # characters of a line of a run that goes on in the next: 76 in mail, 64 in keys, 60 where it is hex
_SHORTEST: Final = 11
_HEAD: Final = 32  # characters of a run that are decoded first, to see whether they are text

# What makes it worth while to undo escapes; `\n` and `\"`, which every program holds, are no letters in the view either (folding.py).
_SUSPECT: Final[Any] = rurex.compile(r"%[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f{]|\\x[0-9A-Fa-f]{2}|\\/|&#|&[a-zA-Z]{2,8};")
_ESCAPE: Final[Any] = rurex.compile(
    r"(?:%[0-9A-Fa-f]{2})+|(?:\\u[0-9A-Fa-f]{4})+|\\u\{[0-9A-Fa-f]{1,6}\}|(?:\\x[0-9A-Fa-f]{2})+|\\[\"'/\\nrt]"
    r"|&#[0-9]{1,7};|&#[xX][0-9A-Fa-f]{1,6};|&[a-zA-Z]{2,8};"
)
_RUN: Final[Any] = rurex.compile(rf"[A-Za-z0-9+/_\-]{{{_SHORTEST},}}={{0,2}}(?:%3[Dd]){{0,2}}".encode())
_SHORT_LINE: Final = re.compile(rb"\r?\n[A-Za-z0-9+/_\-]{1,10}={0,2}(?![^\r\n])")
_NO_LINES: Final = re.compile(r"[\r\n]+")
_HEX: Final[Any] = rurex.compile(r"(?:0x)?(?:[0-9A-Fa-f]{2})+")
_WHITE: Final = str.maketrans("", "", "\r\n\t")
_PLAIN: Final = {"n": "\n", "r": "\r", "t": "\t"}


class _Piece(NamedTuple):
    """A part of a text, half-open, and what it stands for."""

    start: int
    end: int
    put: str


def hidden(text: str, search: Search, level: int = 0) -> list[Span]:
    """Return the spans of what is encoded in the text; search() finds values in the decoded one. The text has no lone surrogates."""
    if level == LEVELS or (view := _decoded(text)) is None:
        return []
    decoded, origin = view
    found = (*search(decoded), *hidden(decoded, search, level + 1))
    return [Span(origin(span.start)[0], origin(span.end - 1)[1], span.entity) for span in found]


def _decoded(text: str) -> tuple[str, Callable[[int], tuple[int, int]]] | None:
    """Return the text with what is encoded decoded, and a function from a character of it to the half-open range that it came from.

    None where nothing is encoded. A text may be nothing but escapes: what is noted of each are three numbers, and no objects.
    """
    parts: list[str] = []
    cuts, starts, ends = array("q", [0]), array("q", [0]), array("q", [0])
    # From each cut in the decoded text on, a character comes from this range; from one character at this distance, if it is empty.
    done = length = 0
    for start, end, put in _pieces(text):
        parts += (text[done:start], put)
        length += start - done
        cuts.extend((length, length + len(put)))
        starts.extend((start, end))
        ends.extend((end, end))
        length += len(put)
        done = end
    if not done:
        return None
    parts.append(text[done:])

    def origin(offset: int) -> tuple[int, int]:
        at = bisect_right(cuts, offset) - 1
        start, end = starts[at], ends[at]
        if start < end:
            return start, end
        return start + offset - cuts[at], start + offset - cuts[at] + 1

    return "".join(parts), origin


def _pieces(text: str) -> Iterator[_Piece]:
    """Yield what decodes to text, in order. A run that begins in an escape (`%20QUJD`) is another level's; `%3D` ends one."""
    escapes = _escapes(text) if ("%" in text or "\\" in text or "&" in text) and _SUSPECT.is_match(text) else iter(())
    following = next(escapes, None)
    done = 0
    for run in _runs(text):
        while following is not None and following.start < run.start:
            done = following.end
            yield following
            following = next(escapes, None)
        if done > run.start:
            continue
        while following is not None and following.start < run.end:
            following = next(escapes, None)
        yield run
    while following is not None:
        yield following
        following = next(escapes, None)


def _escapes(text: str) -> Iterator[_Piece]:
    for match in _ESCAPE.finditer(text):
        start, end = match.span()
        put = _undo(text[start:end])
        if put:
            yield _Piece(start, end, put)


def _undo(escape: str) -> str | None:
    """Return what an escape stands for, None for one that stands for nothing."""
    if escape[0] == "%":
        return bytes.fromhex(escape.replace("%", "")).decode("utf-8", "replace")
    if escape.startswith("&#"):
        return _character(int(escape[3:-1], 16) if escape[2] in "xX" else int(escape[2:-1]))
    if escape[0] == "&":
        return html5.get(escape[1:])
    if escape.startswith("\\u{"):
        return _character(int(escape[3:-1], 16))
    if escape.startswith("\\u"):
        return bytes.fromhex(escape.replace("\\u", "")).decode("utf-16-be", "replace")
    if escape.startswith("\\x"):
        return bytes.fromhex(escape.replace("\\x", "")).decode("utf-8", "replace")
    return _PLAIN.get(escape[1], escape[1])


def _character(code: int) -> str | None:
    return chr(code) if 0 < code <= 0x10FFFF and not 0xD800 <= code < 0xE000 else None


def _runs(text: str) -> Iterator[_Piece]:
    view = text.encode("ascii", "replace")  # a byte for each character: in UTF-8 all offsets would be counted
    lines: list[tuple[int, int]] = []
    for match in _RUN.finditer(view):
        place = match.span()
        if lines and not _goes_on(view, lines, *place):
            yield from _lines(text, view, lines)
            lines = []
        lines.append(place)
    yield from _lines(text, view, lines)


def _goes_on(view: bytes, lines: list[tuple[int, int]], start: int, end: int) -> bool:
    """Say whether a run is the next line of these: all have one length, and the last may be shorter."""
    last_start, last_end = lines[-1]
    width = lines[0][1] - lines[0][0]
    return (
        last_end - last_start == width >= LINE
        and end - start <= width
        and view[last_end - 1 : last_end] != b"="
        and view[last_end:start] in (b"\n", b"\r\n")
    )


def _lines(text: str, view: bytes, lines: list[tuple[int, int]]) -> Iterator[_Piece]:
    """Yield what a run of one line or several decodes to: as a whole, with a last line too short to be a run, or line by line."""
    if not lines:
        return
    (start, end), whole = lines[0], lines[-1][1]
    short = _SHORT_LINE.match(view, whole) if end - start >= LINE else None
    if len(lines) > 1 or short is not None:
        for last in (whole if short is None else short.end(), whole):
            if (put := _unpacked(_NO_LINES.sub("", text[start:last]))) is not None:
                yield _Piece(start, last, put)
                return
    for start, end in lines:
        if (put := _unpacked(text[start:end])) is not None:  # rurex 0.2 loses 56 bytes in each call of group()
            yield _Piece(start, end, put)


def _unpacked(run: str) -> str | None:
    """Return the text in a run of base64 (both alphabets, padded or not) or hex; None when it holds none."""
    if run.isalpha() and (run.islower() or run.isupper()):
        return None  # a word
    if run.isdigit() and set(run[::2]) - set("2345"):
        return None  # a number: digits, blanks and capitals in hex are 2x to 5x
    if len(run) % 2 == 0 and _HEX.fullmatch(run):
        return _readable(bytes.fromhex(run.removeprefix("0x")))
    bare = run.partition("%")[0].rstrip("=").replace("-", "+").replace("_", "/")
    if len(bare) % 4 == 1 or bare.isdigit() or _packed(bare[:_HEAD]) is None:
        return None
    return _packed(bare)


def _packed(bare: str) -> str | None:
    try:
        return _readable(b64decode(bare + "=" * (-len(bare) % 4)))
    except Error:
        return None


def _readable(raw: bytes) -> str | None:
    """Return it as text when it is text: a hash or a picture decodes to control characters within a few bytes."""
    cut = len(raw)
    while cut and raw[cut - 1] & 0xC0 == 0x80 and len(raw) - cut < 3:
        cut -= 1  # a head may end inside a character
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start >= cut - 1 and error.reason == "unexpected end of data":
            text = raw[: error.start].decode("utf-8")
        elif len(raw) % 2 == 0 and raw[1::2].count(0) >= len(raw) // 2 - 2:
            text = raw.decode("utf-16-le", "replace")
        else:
            return None
    if "\x00" in text and text[1::2].count("\x00") >= len(text) // 2 - 2:
        text = text.replace("\x00", "")  # UTF-16 of ASCII is UTF-8 as well
    return text if text and text.translate(_WHITE).isprintable() else None
