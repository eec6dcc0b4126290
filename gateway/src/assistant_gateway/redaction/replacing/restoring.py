"""Tokens read back into the values that they stand for.

Models copy `Xk3-EMAIL-1` faithfully, but not always: they change its case, write a space or `_` for the hyphen, another kind of dash, or
put Markdown round one of its parts. All of that is understood, since the prefix occurs nowhere else in the conversation; a token without
its prefix is not. One scanner serves whole texts here and pieces of them in streaming.py, so both give the same.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import orjson

from assistant_gateway.redaction.replacing.pseudonyms import Pseudonyms
from assistant_gateway.redaction.replacing.values import rewritten

# Between the parts of a token: a separator, three at most, each perhaps escaped for Markdown, with marks before it that close something and
# marks behind it that open something.
_MARK: Final = r"[*`~\[\](){}<>]"
_SEPARATOR: Final = r"(?:\\?[-_ \u00a0\u202f\u2010-\u2015\u2212])"
_GAP: Final = f"{_MARK}{{0,3}}{_SEPARATOR}{{1,3}}{_MARK}{{0,3}}"
_WORDS: Final = f"[A-Za-z]{{1,40}}(?:{_GAP}[A-Za-z]{{1,40}}){{0,4}}"
# What follows the prefix: of a whole token, and of one whose text ends too early to say. The second may say yes too often, never too
# rarely.
_WHOLE: Final = re.compile(f"({_GAP})({_WORDS})({_GAP})([0-9]{{1,6}})(?![0-9])")
# Possessive, or letters could be cut into words in a million ways.
_LOOSE: Final = rf"{_MARK}{{0,3}}+{_SEPARATOR}{{0,3}}+\\?+{_MARK}{{0,3}}+"
_BEGUN: Final = re.compile(rf"{_LOOSE}((?:[A-Za-z]{{1,40}}+{_LOOSE}){{0,5}}+)[0-9]{{0,6}}+\Z")
_SEPARATORS: Final = re.compile(f"{_SEPARATOR}+")
_NO_LETTERS: Final = re.compile(r"[^A-Z]+")
_CLOSES: Final = {"*": "*", "`": "`", "~": "~", "]": "[", ")": "(", "}": "{", ">": "<"}

MOST_CHARACTERS: Final = 64 * 1024 * 1024
"""Characters of values that are put back into one answer: a stand-in has a dozen, and what it stands for may have a hundred thousand."""

NESTED_HEAD: Final = 64
"""Characters of a text's beginning that say whether it is itself JSON."""
_NESTED: Final = re.compile(r'\s{0,16}(?:\{\s{0,16}|\[\s{0,16}(?:\{\s{0,16})?)"')


class RestoredTooMuchError(Exception):
    """More would be put back than one answer may grow by. It says nothing of the content."""

    def __init__(self) -> None:
        super().__init__("The values that are put back are too long.")


class Restorer:
    """Puts the values of one conversation back, into one answer; made when all of its tokens are given.

    Whatever restores raises RestoredTooMuchError where it would put back more than `most` characters, all texts together.
    """

    __slots__ = ("_left", "_prefix", "_pseudonyms", "_words", "letters")

    def __init__(self, pseudonyms: Pseudonyms, most: int | None = None) -> None:
        self._left = MOST_CHARACTERS if most is None else most
        self._pseudonyms = pseudonyms
        self._prefix = pseudonyms.prefix.lower()
        self.letters = (pseudonyms.prefix[0], pseudonyms.prefix[0].lower())
        """The letters with which every token begins: a text without them has none."""
        self._words = {named.replace("-", ""): named for named in pseudonyms.words}

    def __repr__(self) -> str:
        return f"Restorer({self._pseudonyms!r})"

    def restore(self, text: str) -> str:
        """Return the text with every known token's value in its place."""
        upper, lower = self.letters
        if upper not in text and lower not in text:
            return text
        return self.scan(text, quoted=is_nested(text), final=True)[0]

    def restore_json(self, value: Any) -> Any:
        """Return a parsed JSON value with tokens restored inside its strings, keys included: its structure cannot change.

        A key that would be there twice stays as it is. Raises ValueError where it is nested too deeply.
        """
        try:
            return rewritten(value, lambda _, text: self.restore(text), hides=False)
        except RecursionError:
            raise ValueError("The value is nested too deeply.") from None

    def scan(self, text: str, *, quoted: bool, final: bool) -> tuple[str, int]:
        """Return what is certain of a text, restored, and the place in the text up to which that goes.

        What follows that place may still become a token, or a longer one; with `final` nothing follows. `quoted`: what is put in is
        escaped as in a JSON string, for the text is JSON itself.
        """
        return self._scanned(text, _escaped if quoted else None, final=final)

    def is_token(self, text: str) -> bool:
        """Whether the text is a token, or several, and beside them has marks only: no value that a detector may take it for."""
        left, _ = self._scanned(text, lambda _: "", final=True)
        return left != text and not any(letter.isalnum() for letter in left)

    def _scanned(self, text: str, put: Callable[[str], str] | None, *, final: bool) -> tuple[str, int]:
        parts: list[str] = []
        done = at = 0
        for start in self._openings(text):
            if start < at:
                continue
            at = start + len(self._prefix)
            if at > len(text):  # it ends in the middle of the prefix
                return self._result(parts, text, done, len(text) if final else start)
            found = _WHOLE.match(text, at)
            if found is None:
                if not final and self._may_become_one(text, at):
                    return self._result(parts, text, done, start)
                continue
            if not final and found.end() == len(text):
                return self._result(parts, text, done, start)
            at = found.end()
            if (value := self._value(found)) is not None:
                value = value if put is None else put(value)
                self._left -= len(value)
                if self._left < 0:
                    raise RestoredTooMuchError
                parts += (text[done:start], _dressed(found, value))
                done = at
        return self._result(parts, text, done, len(text))

    def _openings(self, text: str) -> Iterator[int]:
        """Yield where prefixes begin, in any case, and the beginning of one at the text's end.

        To compile an expression for a request's prefix would take longer than all the rest that is done here.
        """
        upper, lower = self.letters
        one, other = text.find(upper), text.find(lower)
        while one >= 0 or other >= 0:
            if other < 0 or 0 <= one < other:
                at, one = one, text.find(upper, one + 1)
            else:
                at, other = other, text.find(lower, other + 1)
            piece = text[at : at + len(self._prefix)]
            if piece.isascii() and self._prefix.startswith(piece.lower()):
                yield at

    @staticmethod
    def _result(parts: list[str], text: str, done: int, end: int) -> tuple[str, int]:
        parts.append(text[done:end])
        return "".join(parts), end

    def _may_become_one(self, text: str, at: int) -> bool:
        begun = _BEGUN.match(text, at)
        if begun is None:
            return False
        letters = _NO_LETTERS.sub("", begun[1].upper())
        return any(named.startswith(letters) for named in self._words)

    def _value(self, found: re.Match[str]) -> str | None:
        named = self._words.get(found[2]) or self._words.get(_NO_LETTERS.sub("", found[2].upper()))
        return None if named is None else self._pseudonyms.value(named, int(found[4]))


def is_nested(head: str) -> bool:
    """Say whether a text that begins like this is JSON itself: a value with a quotation mark would break it, or add to it."""
    return _NESTED.match(head) is not None


def _dressed(found: re.Match[str], value: str) -> str:
    """Return the value with those marks round it that a model put between the token's parts."""
    if found[1] == found[3] == "-":
        return value
    opened: list[str] = []
    closed = ""
    for gap in (found[1], found[3]):
        before, behind = _SEPARATORS.split(gap, maxsplit=1)
        for mark in before:
            if opened and opened[-1] == _CLOSES.get(mark):
                opened.pop()
            else:
                closed += mark
        opened += behind
    return "".join(opened) + value + closed


def _escaped(value: str) -> str:
    """Return the value as it stands in a JSON string; a lone surrogate, which cannot stand there, as the mark for what is unreadable."""
    return orjson.dumps(value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")).decode()[1:-1]
