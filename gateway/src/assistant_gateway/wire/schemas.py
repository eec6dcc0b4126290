"""Schemas that a client wants an answer held to: refused where the model server would not survive them.

Ollama makes a grammar of a schema (v0.24.0: llama.cpp's json-schema-to-grammar), and does not ask before whether it can be one. Counts or
levels beyond what it bears end the process that answers everybody; a range whose end is before its beginning takes all the memory that
there is. Whatever else is wrong with a schema the model server says itself.
"""

from collections.abc import Mapping
from typing import Any, Final

from assistant_gateway.errors import RefusalError
from assistant_gateway.wire import patterns
from assistant_gateway.wire.patterns import MAX_REPEATS

MAX_DEPTH: Final = 64

_RANGES: Final = (("minLength", "maxLength"), ("minItems", "maxItems"))
_CHOICES: Final = ("anyOf", "oneOf", "type")
_MESSAGE: Final = (
    "The schema is more than the model server bears: a count or its levels are too large, a choice is empty, or a least count is above the "
    "most."
)
_PATTERN: Final = (
    "The schema has a pattern that the model server does not survive, or not in time. It knows ^...$, groups, alternatives, classes, * + ? "
    "and {n,m}, few of them and with small counts. Write [0-9] for \\d, [A-Za-z0-9_] for \\w, (...) for (?:...), and signs that mean "
    "nothing else without a backslash."
)


def check(schema: object, param: str) -> None:
    """Look through a schema, and through whatever it stands in; raises RefusalError."""
    rest: list[tuple[object, int]] = [(schema, 0)]
    while rest:
        value, depth = rest.pop()
        if depth > MAX_DEPTH or (isinstance(value, dict) and not _is_borne(value)):
            raise RefusalError("invalid_request", _MESSAGE, param=param)
        if isinstance(value, dict) and isinstance(pattern := value.get("pattern"), str) and not patterns.is_borne(pattern):
            raise RefusalError("invalid_request", _PATTERN, param=param)
        within = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        rest += ((one, depth + 1) for one in within)


def _is_borne(schema: Mapping[str, Any]) -> bool:
    return all(schema.get(name) != [] for name in _CHOICES) and all(
        _is_range(schema.get(least), schema.get(most)) for least, most in _RANGES
    )


def _is_range(least: object, most: object) -> bool:
    """Say whether these can be counts; what is no number is the model server's to refuse."""
    counts = [count for count in (least, most) if isinstance(count, int | float)]
    return counts == sorted(counts) and all(0 <= count <= MAX_REPEATS for count in counts)
