"""The patterns of spec.redaction.patterns: written by the CR's author, in Rust's regex syntax (linear time, no look-around)."""

import re
from collections.abc import Iterator
from typing import Any, Final

import rurex

from assistant_gateway.redaction.detection.folding import Folded
from assistant_gateway.redaction.entities import Span, custom

LONGEST: Final = 1_000  # characters of a pattern
# Repeats written out: `(a{100}){100}` compiles to 10,000 states, and matching costs states times text.
_MOST_STATES: Final = 4_000
_CLASS_STATES: Final = 4  # a Unicode class (`\\w`, `.`) is several UTF-8 ranges
# Every kind of place where an assertion alone can match: start, end, between word and other characters, between lines.
_PROBES: Final = ("", "a", "é", " ", "a b", "\n", "a\n", "\na\n", "--", "1", "a1-\n_ é")
_PIECE: Final = re.compile(
    r"\\[pP]\{[^}]*\}|\\x\{[^}]*\}|\\.|\[(?:\\.|\[[^\]]*\]|[^\]\\])*\]|\{[0-9]+(?:,[0-9]*)?\}|\(\?[^):>]*[):>]|.", re.DOTALL
)
_BEGINNING: Final = re.compile(r"\\A|(?<!\[)\^")


class PatternError(ValueError):
    """A custom pattern that is refused: its name and why, for the author. Never the text that it was tried on."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"pattern {name!r}: {why}")
        self.name = name
        self.why = why


class Custom:
    """One compiled custom pattern."""

    def __init__(self, name: str, source: str) -> None:
        """Compile it; raises PatternError."""
        if len(source) > LONGEST:
            raise PatternError(name, f"it has {len(source):,} characters; at most {LONGEST:,} are allowed")
        try:
            self._pattern: Any = rurex.compile(source)
        except (rurex.PatternError, ValueError, OverflowError) as error:
            raise PatternError(name, f"it does not compile: {str(error).splitlines()[0][:200]}") from None
        if any(match.start() == match.end() for probe in _PROBES for match in self._pattern.finditer(probe)):
            raise PatternError(name, "it can match the empty string")
        if (states := _states(source)) > _MOST_STATES:
            raise PatternError(name, f"its repeats come to about {states:,} steps written out; at most {_MOST_STATES:,} are allowed")
        self.begins = _BEGINNING.search(source) is not None
        """Whether it may be about where a text begins: then a value is not looked at behind its name alone."""
        self.reach = states  # its shortest match is no longer, so what comes in pieces is held back as far as that
        self._entity = custom(name)

    def find(self, text: str, folded: Folded) -> Iterator[Span]:
        """Yield its matches in the text as it is (the author may mean an accent) and, where folding changed it, in the folded text.

        Raises ValueError on lone surrogates: without_surrogates() first.
        """
        for match in self._pattern.finditer(text):
            if match.end() > match.start():
                start, end = match.span()
                yield Span(start, end, self._entity)
        if folded.text != text:
            for match in self._pattern.finditer(folded.text):
                if match.end() > match.start():
                    yield Span(*folded.original(*match.span()), self._entity)


def _states(source: str) -> int:
    """Return about how many steps the pattern has once its bounded repeats are written out."""
    groups = [0]  # the size of each open group so far
    last = 0  # the size of what a repeat would repeat
    for piece in _PIECE.findall(source):
        if piece.startswith("{") and len(piece) > 2 and piece[1].isdigit():
            bounds = [int(bound) for bound in piece[1:-1].split(",") if bound]
            groups[-1] += last * (max(bounds) - 1)
            last *= max(bounds)
        elif piece == "(" or (piece.startswith("(?") and piece[-1] in ":>"):
            groups.append(0)
        elif piece == ")" and len(groups) > 1:
            last = groups.pop()
            groups[-1] += last
        elif piece not in ("*", "+", "?", "|", "^", "$"):
            last = _CLASS_STATES if piece == "." or (len(piece) > 1 and piece[0] in "\\[") else 1
            groups[-1] += last
    return sum(groups)
