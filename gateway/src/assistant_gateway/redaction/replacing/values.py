"""Parsed JSON values rewritten string by string: whatever is put into a string, the structure stays what it was.

Used for requests (walk.py), for tool calls that come parsed (fields.py), and for putting values back (restoring.py).
"""

import itertools
from collections.abc import Callable, Container
from typing import Any, Final

LONGEST_KEY: Final = 64
SHORTEST_NUMBER: Final = 100_000
"""Numbers below it are no card, phone or id."""

_VALUES: Final = frozenset({"value", "Value"})
_NAMES: Final = ("name", "key", "Name", "Key")

Rewrite = Callable[[str, str], str]
"""(what stands right before a text, the text) -> the text as it is to be."""


def context(key: str) -> str:
    """Return a key as what stands before its value: some values are known by their name only (`password: ...`)."""
    return f"{key}: " if len(key) <= LONGEST_KEY else ""


def rewritten(value: Any, rewrite: Rewrite, *, hides: bool, before: str = "") -> Any:
    """Return the value with its strings and keys rewritten.

    `hides`: what is rewritten is to be hidden, so a number is looked at too and becomes a string where it is replaced, and no key stays as
    it was; otherwise a key that would be there twice does. Raises RecursionError where the value is nested too deeply.
    """
    kind = type(value)
    if kind is str:
        return rewrite(before, value)
    if kind is dict:
        return _object(value, rewrite, hides=hides)
    if kind is list:
        return [rewritten(one, rewrite, hides=hides, before=before) for one in value]
    return number(value, rewrite, before) if hides and kind in (int, float) else value


def _object(value: dict[str, Any], rewrite: Rewrite, *, hides: bool) -> dict[str, Any]:
    result: dict[str, Any] = {}
    keys = Keys(value, result)
    for key, one in value.items():
        new = rewrite("", key)
        if new != key and keys.has(new):
            new = keys.like(new) if hides else key
        result[new] = rewritten(one, rewrite, hides=hides, before=context(_name(key, value)))
    return result


def _name(key: str, siblings: dict[str, Any]) -> str:
    """Return what a value is called: by its key, or, in a pair of name and value (a container's variable, a header), by the other one."""
    if key not in _VALUES:
        return key
    return next((name for other in _NAMES if type(name := siblings.get(other)) is str), key)


class Keys:
    """The keys of one object that is rewritten: those that it had and those that it has so far."""

    __slots__ = ("_given", "_made", "_numbers")

    def __init__(self, given: Container[str], made: Container[str]) -> None:
        self._given = given
        self._made = made
        self._numbers: dict[str, int] = {}

    def has(self, key: str) -> bool:
        return key in self._given or key in self._made

    def like(self, key: str) -> str:
        """Return a key like this one that the object has not.

        Numbers go on where they stood: of one value in many spellings, all of them keys, each would be tried again for each.
        """
        numbers = itertools.count(self._numbers.get(key, 2))
        number = next(number for number in numbers if not self.has(f"{key}-{number}"))
        self._numbers[key] = number + 1
        return f"{key}-{number}"


def number(value: float, rewrite: Rewrite, before: str) -> Any:
    """Return a whole number, or a string in its place. A fraction is no card, phone or id."""
    if abs(value) < SHORTEST_NUMBER or value != value // 1:
        return value
    text = str(int(value))
    new = rewrite(before, text)
    return value if new == text else new
