"""JSON that is itself text and comes in pieces, such as a tool call's arguments: what is inside its strings is rewritten, all else stays.

A value is put into a string as that string's content, escaped, whatever it holds: spliced into the text it could add a key of its own.
Escapes come out in one spelling, so that the result does not depend on where the pieces were cut.
"""

import re
from typing import Final

from assistant_gateway.redaction.replacing.values import LONGEST_KEY, context
from assistant_gateway.redaction.streams.streaming import Make, TextStream, once

LONGEST_LITERAL: Final = 1024
"""Characters outside strings and structure; more of them is no JSON."""

_IN_STRING: Final = re.compile(r'["\\]')
_STRUCTURE: Final = re.compile(r'[{}\[\],:"]')
_UNICODE: Final = re.compile(r"\\u[0-9A-Fa-f]{4}")
_SHORT: Final = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_TO_ESCAPE: Final = re.compile('["\\\\\x00-\x1f\ud800-\udfff]')
_ESCAPES: Final = {ord_: escape for escape, ord_ in _SHORT.items() if escape != "/"}
_WORDS: Final = frozenset({"", "true", "false", "null"})


def escape(text: str) -> str:
    """Return the text as it stands between the quotation marks of a JSON string."""
    return _TO_ESCAPE.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    letter = found[0]
    return "\\" + _ESCAPES[letter] if letter in _ESCAPES else f"\\u{ord(letter):04x}"


class JsonText:
    """A stream over JSON text. `hides`: numbers, and what is no JSON, are looked at too, and become a string where they are replaced."""

    __slots__ = ("_escape", "_hides", "_high", "_key", "_literal", "_make", "_plain", "_string", "_string_text")

    def __init__(self, make: Make, *, hides: bool) -> None:
        self._make = make
        self._hides = hides
        self._string: TextStream | None = None
        self._string_text = ""  # how the string began: the name of a value, should a colon follow
        self._escape = ""
        self._high = ""
        self._key = ""
        self._literal = ""
        self._plain: TextStream | None = None

    @property
    def holds(self) -> bool:
        stream = self._plain or self._string
        return bool(self._escape or self._high or self._literal) or (stream is not None and stream.holds)

    def feed(self, text: str) -> str:
        out: list[str] = []
        at = 0
        while at < len(text):
            if self._plain is not None:
                out.append(self._plain.feed(text[at:]))
                break
            at = self._inside(text, at, out) if self._string is not None else self._outside(text, at, out)
        return "".join(out)

    def end(self) -> str:
        if self._plain is not None:
            return self._plain.end()
        out: list[str] = []
        if self._string is None:
            self._end_literal(out)
        else:
            self._push(self._escape, out)
            out.append(escape(self._string.end()))
        self._escape, self._string = "", None
        return "".join(out)

    def _inside(self, text: str, at: int, out: list[str]) -> int:
        """Take what belongs to the string that is open, from `at`; return how far that goes."""
        assert self._string is not None
        if self._escape:
            return self._escaped(text, at, out)
        found = _IN_STRING.search(text, at)
        end = len(text) if found is None else found.start()
        if end > at:
            self._push(text[at:end], out)
        if found is None:
            return end
        if found[0] == "\\":
            self._escape = "\\"
            return end + 1
        self._push("", out)
        out += (escape(self._string.end()), '"')
        self._string = None
        return end + 1

    def _escaped(self, text: str, at: int, out: list[str]) -> int:
        """Take one more character of an escape."""
        self._escape += text[at]
        sequence = self._escape
        if sequence[1] == "u" and len(sequence) < 6 and sequence[-1] not in '"\\':
            return at + 1
        self._escape = ""
        if _UNICODE.fullmatch(sequence):
            self._push_unit(chr(int(sequence[2:], 16)), out)
        elif sequence[1] in _SHORT and len(sequence) == 2:
            self._push(_SHORT[sequence[1]], out)
        else:  # no escape that there is: taken as it stands
            self._push(sequence[:-1], out)
            return at
        return at + 1

    def _push_unit(self, unit: str, out: list[str]) -> None:
        """Take one UTF-16 unit; two of them may be one character."""
        if self._high and "\udc00" <= unit <= "\udfff":
            pair = (self._high + unit).encode("utf-16", "surrogatepass").decode("utf-16")
            self._high = ""
            self._push(pair, out)
            return
        self._push("", out)
        if "\ud800" <= unit <= "\udbff":
            self._high = unit
        else:
            self._push(unit, out)

    def _push(self, text: str, out: list[str]) -> None:
        """Give the string's stream what was read, after half a character that stays alone."""
        assert self._string is not None
        text, self._high = self._high + text, ""
        if text:
            if len(self._string_text) <= LONGEST_KEY:
                self._string_text += text[: LONGEST_KEY + 1]
            out.append(escape(self._string.feed(text)))

    def _outside(self, text: str, at: int, out: list[str]) -> int:
        """Take what stands between strings, from `at`; return how far that goes."""
        found = _STRUCTURE.search(text, at)
        end = len(text) if found is None else found.start()
        if not self._hides:
            out.append(text[at:end])
        else:
            self._literal += text[at:end]
            if len(self._literal) > LONGEST_LITERAL:
                return self._give_up(end, out)
        if found is None:
            return end
        self._end_literal(out)
        out.append(found[0])
        self._structure(found[0])
        return end + 1

    def _structure(self, mark: str) -> None:
        match mark:
            case '"':
                self._string = self._make(self._key)
                self._string_text = ""
            case ":":
                self._key = context(self._string_text)
            case "," | "{" | "}":
                self._key = ""

    def _give_up(self, end: int, out: list[str]) -> int:
        """Go on as with a plain text: this is no JSON, and what it says is looked at all the same."""
        self._plain = self._make("")
        out.append(self._plain.feed(self._literal))
        self._literal = ""
        return end

    def _end_literal(self, out: list[str]) -> None:
        literal, self._literal = self._literal, ""
        value = literal.strip()
        if value in _WORDS:
            out.append(literal)
            return
        rewritten = once(self._make(self._key), value)
        out.append(literal if rewritten == value else literal.replace(value, f'"{escape(rewritten)}"'))
