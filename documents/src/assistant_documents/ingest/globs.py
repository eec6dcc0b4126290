"""Which files of a source are meant.

A pattern is a path from the source's root: `*` and `?` stand for characters of one name, `[a-z]` and `[!a-z]` for one of them, `**` as a
whole name for any number of folders. `*` and `**` do not match names that begin with a dot; write the dot to have them. A pattern that ends
in `/` or `**` takes everything below. Matching takes time of pattern times path, whatever the two are.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

MAX_PATTERN: Final = 1024
_ANY_FOLDERS: Final = "**"


class InvalidGlobError(ValueError):
    """The pattern is none; the message says why."""


class Glob:
    """One pattern."""

    def __init__(self, pattern: str) -> None:
        if len(pattern) > MAX_PATTERN:
            raise InvalidGlobError("a pattern has at most 1024 characters")
        if not pattern or pattern.startswith("/") or "\0" in pattern:
            raise InvalidGlobError("a pattern is a path from the source's root, without a slash before it")
        names = pattern.split("/")
        if names[-1] == "":
            names[-1] = _ANY_FOLDERS
        if ".." in names:
            raise InvalidGlobError("a pattern has no `..` in it")
        names = [name for name in names if name not in ("", ".")] or [_ANY_FOLDERS]
        if names[-1] == _ANY_FOLDERS:
            names.append("*")
        # Two in a row mean what one means.
        self._names = tuple(name for index, name in enumerate(names) if name != _ANY_FOLDERS or names[index - 1] != name or index == 0)

    def matches(self, path: str) -> bool:
        """Whether a file's path, relative to the source's root, is meant."""
        return len(self._names) in self._places(path)

    def may_match_below(self, folder: str) -> bool:
        """Whether any file below a folder could be meant: what cannot is not walked."""
        return any(place < len(self._names) for place in self._places(folder))

    def _places(self, path: str) -> set[int]:
        """Return how far into the pattern the whole path may lead."""
        places = self._reached({0})
        for name in path.split("/"):
            places = self._reached({after for place in places for after in self._step(place, name)})
        return places

    def _step(self, place: int, name: str) -> tuple[int, ...]:
        """Return where one name of the path leads from a place in the pattern."""
        if place == len(self._names):
            return ()
        if self._names[place] == _ANY_FOLDERS:
            return () if name.startswith(".") else (place,)
        return (place + 1,) if _name_matches(self._names[place], name) else ()

    def _reached(self, places: set[int]) -> set[int]:
        """Add the places behind each `**`, which may stand for no folder at all."""
        return places | {place + 1 for place in places if place < len(self._names) and self._names[place] == _ANY_FOLDERS}


@dataclass(frozen=True, slots=True)
class _Part:
    """What is between two stars: an expression of fixed length, so nothing in it can backtrack."""

    expression: re.Pattern[str]
    length: int


def _name_matches(pattern: str, name: str) -> bool:
    """Compare one name: each part between stars at its first place, the last one at the end."""
    if name.startswith(".") and not pattern.startswith("."):
        return False
    first, *rest = _parts(pattern)
    if first.expression.match(name) is None:
        return False
    at = first.length
    if not rest:
        return at == len(name)
    for part in rest[:-1]:
        if (found := part.expression.search(name, at)) is None:
            return False
        at = found.end()
    last = len(name) - rest[-1].length
    return last >= at and rest[-1].expression.match(name, last) is not None


@lru_cache(maxsize=1024)
def _parts(pattern: str) -> tuple[_Part, ...]:
    """Take a pattern for one name apart at its stars."""
    parts: list[list[str]] = [[]]
    index = 0
    while index < len(pattern):
        character = pattern[index]
        end = pattern.find("]", index + 2 + (pattern[index + 1 : index + 2] == "!")) if character == "[" else -1
        if character == "*":
            parts.append([])
        elif end > 0:
            parts[-1].append(_one_of(pattern[index + 1 : end]))
            index = end
        else:
            parts[-1].append("." if character == "?" else re.escape(character))
        index += 1
    return tuple(_Part(re.compile("".join(part), re.DOTALL), len(part)) for part in parts)


def _one_of(inside: str) -> str:
    """Return a class of characters; a range that is none (`[z-a]`) matches nothing."""
    negated, inside = inside.startswith("!"), inside.removeprefix("!")
    text, index = "", 0
    while index < len(inside):
        low = inside[index]
        if inside[index + 1 : index + 2] == "-" and index + 2 < len(inside):
            high = inside[index + 2]
            text += f"{re.escape(low)}-{re.escape(high)}" if low <= high else ""
            index += 3
        else:
            text += re.escape(low)
            index += 1
    if not text:
        return "." if negated else "(?!)."
    return f"[{'^' if negated else ''}{text}]"
