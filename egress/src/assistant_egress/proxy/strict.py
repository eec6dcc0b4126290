"""JSON that is taken at its word: another shape than the one described raises MalformedError, whose text says where.

The text names fields, never what they hold.
"""

import json
from collections.abc import Callable, Mapping, Set
from typing import TypeVar

_Item = TypeVar("_Item")


class MalformedError(ValueError):
    """A document that is not what its reader allows."""


def read(body: bytes, most: int) -> object:
    """Return what the JSON says; raises MalformedError. `most` is in bytes."""
    if len(body) > most:
        raise MalformedError("too large")
    try:
        return json.loads(body.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except MalformedError:
        raise
    except (ValueError, RecursionError):  # ValueError: also of bytes that are no UTF-8, and of numbers with thousands of digits
        raise MalformedError("not JSON") from None


def fields(value: object, where: str, names: Set[str]) -> Mapping[str, object]:
    """Return the object's fields, which are exactly `names`."""
    if not isinstance(value, dict):
        raise MalformedError(f"{where}: not an object")
    if missing := sorted(names - value.keys()):
        raise MalformedError(f"{where}: {missing[0]} is missing")
    if value.keys() - names:
        raise MalformedError(f"{where}: a field that is not one of {', '.join(sorted(names))}")
    return value


def items(value: object, where: str, most: int, parse: Callable[[object, str], _Item]) -> tuple[_Item, ...]:
    """Return the list's items, each different from the others."""
    if not isinstance(value, list):
        raise MalformedError(f"{where}: not a list")
    if len(value) > most:
        raise MalformedError(f"{where}: more than {most} items")
    parsed: list[_Item] = []
    for number, item in enumerate(value):
        one = parse(item, f"{where}[{number}]")
        if one in parsed:
            raise MalformedError(f"{where}[{number}]: the same as another item")
        parsed.append(one)
    return tuple(parsed)


def text(value: object, where: str) -> str:
    """Return a string."""
    if not isinstance(value, str):
        raise MalformedError(f"{where}: not a string")
    return value


def whole(value: object, where: str, first: int, last: int) -> int:
    """Return a whole number from `first` to `last`."""
    if type(value) is not int or not first <= value <= last:  # a bool is an int to isinstance
        raise MalformedError(f"{where}: not a whole number from {first} to {last}")
    return value


def encode(document: object) -> bytes:
    """Return the JSON of a document, in ASCII."""
    return json.dumps(document, separators=(",", ":")).encode("ascii")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    unique = dict(pairs)
    if len(unique) < len(pairs):
        raise MalformedError("a field is there twice")
    return unique


def _no_constant(name: str) -> object:
    raise MalformedError("not a number")
