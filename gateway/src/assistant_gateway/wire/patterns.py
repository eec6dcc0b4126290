"""Patterns of a schema: the regular expressions that the model server is known to survive.

Ollama (v0.24.0: llama.cpp's json-schema-to-grammar) reads what it does not know as something else, and ends, or never comes back, over
the grammar that this makes: `(?:a)`, `\\d`, `{2}`, `a}`, `(a*)*`, `[z-a]` each ended the server, or the model's process, or hung. So
what is let through is a language of its own: `^`, groups, alternatives, classes, bounded repeats and the escapes that it knows, `$`.
And it is bounded by what the model server gets through in seconds: it follows every way of reading an answer at once, and does not stop
where its client leaves.
"""

import re
from typing import Final, NamedTuple

MAX_LENGTH: Final = 1000
MAX_GROUPS: Final = 6
"""Groups within one another."""
MAX_REPEATS: Final = 2000
"""As llama.cpp has it."""
MAX_CHOICES: Final = 30
"""Repeats and alternatives."""
MAX_STEPS: Final = 10_000
"""Signs, with all repeats written out."""

_QUANTIFIER: Final = re.compile(r"([*+?]|\{(?P<least>[0-9]*)(?P<to>,(?P<most>[0-9]*))?\})")
_HEX: Final = re.compile(r"x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}")
_ESCAPES: Final = frozenset('"$()*+.?[\\]^{|}nrt')
_ESCAPES_IN_CLASSES: Final = frozenset('"[\\]nrt')
_SPECIAL: Final = frozenset("*+?{}])^$\0")
_BOUNDS: Final = {"*": (0, None), "+": (1, None), "?": (0, 1)}


def is_borne(pattern: str) -> bool:
    """Say whether the model server survives the pattern."""
    if len(pattern) > MAX_LENGTH or not (len(pattern) > 1 and pattern[0] == "^" and pattern[-1] == "$"):
        return False
    reader = _Reader(pattern[1:-1])
    try:
        steps = reader.alternatives(0).steps
    except _UnknownError:
        return False
    return reader.is_at_end and steps <= MAX_STEPS


class _UnknownError(Exception):
    """What stands there is not known to be survived."""


class _Part(NamedTuple):
    """What of a pattern was read."""

    can_be_empty: bool
    """What can be is not to be repeated."""
    steps: int


class _Reader:
    """Reads a pattern from its beginning."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._choices = 0

    @property
    def is_at_end(self) -> bool:
        return self._at == len(self._text)

    def alternatives(self, depth: int) -> _Part:
        parts = [self._sequence(depth)]
        while self._take("|"):
            self._choose()
            parts.append(self._sequence(depth))
        return _Part(any(part.can_be_empty for part in parts), sum(part.steps for part in parts))

    def _sequence(self, depth: int) -> _Part:
        parts = []
        while not self.is_at_end and self._text[self._at] not in "|)":
            parts.append(self._item(depth))
        return _Part(all(part.can_be_empty for part in parts), sum(part.steps for part in parts))

    def _item(self, depth: int) -> _Part:
        part = self._atom(depth)
        found = _QUANTIFIER.match(self._text, self._at)
        if found is None:
            return part
        self._at = found.end()
        self._choose()
        least, most = _bounds(found)
        steps = part.steps * max(1, least, most or 0)
        if (part.can_be_empty and most != 1) or steps > MAX_STEPS:
            raise _UnknownError
        return _Part(part.can_be_empty or least == 0, steps)

    def _choose(self) -> None:
        self._choices += 1
        if self._choices > MAX_CHOICES:
            raise _UnknownError

    def _atom(self, depth: int) -> _Part:
        sign = self._next()
        if sign == "(":
            return self._group(depth + 1)
        if sign == "[":
            self._class()
        elif sign == "\\":
            self._escape(_ESCAPES)
        elif sign in _SPECIAL:
            raise _UnknownError
        return _Part(can_be_empty=False, steps=1)

    def _group(self, depth: int) -> _Part:
        if depth > MAX_GROUPS:
            raise _UnknownError
        part = self.alternatives(depth)  # a question mark right here would be repeating nothing
        if not self._take(")"):
            raise _UnknownError
        return part

    def _class(self) -> None:
        self._take("^")
        begun = self._at
        while not self._take("]"):
            low = self._member()
            if self._text.startswith("-", self._at) and not self._text.startswith("-]", self._at):
                self._at += 1
                if self._member() < low:
                    raise _UnknownError
        if self._at == begun + 1:
            raise _UnknownError

    def _member(self) -> int:
        sign = self._next()
        if sign == "\\":
            return self._escape(_ESCAPES_IN_CLASSES)
        if sign in "[\0":
            raise _UnknownError
        return ord(sign)

    def _escape(self, known: frozenset[str]) -> int:
        if found := _HEX.match(self._text, self._at):
            self._at = found.end()
            code = int(found[0][1:], 16)
            if not 0 < code <= 0x10FFFF or 0xD800 <= code <= 0xDFFF:
                raise _UnknownError
            return code
        sign = self._next()
        if sign not in known:
            raise _UnknownError
        return ord({"n": "\n", "r": "\r", "t": "\t"}.get(sign, sign))

    def _next(self) -> str:
        if self.is_at_end:
            raise _UnknownError
        self._at += 1
        return self._text[self._at - 1]

    def _take(self, sign: str) -> bool:
        is_there = self._text.startswith(sign, self._at)
        self._at += is_there
        return is_there


def _bounds(quantifier: re.Match[str]) -> tuple[int, int | None]:
    """Return how often something is repeated, at least and at most; None: without end."""
    if (known := _BOUNDS.get(quantifier[1])) is not None:
        return known
    least, most = quantifier["least"], quantifier["most"]
    if not least and not most:
        raise _UnknownError
    low = int(least or 0)
    high = low if quantifier["to"] is None else int(most) if most else None
    if low > MAX_REPEATS or (high is not None and not max(low, 1) <= high <= MAX_REPEATS):
        raise _UnknownError
    return low, high
