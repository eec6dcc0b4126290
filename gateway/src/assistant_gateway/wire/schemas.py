"""Schemas that a client wants an answer held to: refused where the model server would not survive them.

Ollama makes a grammar of a schema (v0.24.0: llama.cpp's json-schema-to-grammar), and does not ask before whether it can be one. Counts or
levels beyond what it bears end the process that answers everybody; a range whose end is before its beginning takes all the memory that
there is. Whatever else is wrong with a schema the model server says itself.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from assistant_gateway.errors import RefusalError

MAX_REPEATS: Final = 2000
"""As llama.cpp has it."""
MAX_DEPTH: Final = 64
MAX_PATTERN: Final = 1000
"""Characters of a pattern, and so the groups that can stand in one another."""

_RANGES: Final = (("minLength", "maxLength"), ("minItems", "maxItems"))
_CHOICES: Final = ("anyOf", "oneOf", "type")
_REPEATS: Final = re.compile(r"\{([0-9]*)(?:,([0-9]*))?\}")
_MESSAGE: Final = (
    "The schema is more than the model server bears: a pattern, a count or its levels are too large, a choice is empty, or a least count "
    "is above the most."
)
_UNKNOWN_ESCAPE: Final = (
    "A pattern of the schema has an escape that the model server does not know, and does not survive: write [0-9] for \\d, [A-Za-z0-9_] "
    "for \\w, and signs that mean nothing else as they are."
)
_ESCAPES: Final = re.compile(r"\\(x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.|\Z)|[\[\]]", re.DOTALL)
_KNOWN: Final = frozenset('"$()*+.?[\\]^{|}nrt')
_KNOWN_IN_CLASSES: Final = frozenset('"[\\]nrt')


def check(schema: object, param: str) -> None:
    """Look through a schema, and through whatever it stands in; raises RefusalError."""
    rest: list[tuple[object, int]] = [(schema, 0)]
    while rest:
        value, depth = rest.pop()
        if depth > MAX_DEPTH or (isinstance(value, dict) and not _is_borne(value)):
            raise RefusalError("invalid_request", _MESSAGE, param=param)
        if isinstance(value, dict) and isinstance(pattern := value.get("pattern"), str) and not _has_known_escapes(pattern):
            raise RefusalError("invalid_request", _UNKNOWN_ESCAPE, param=param)
        within = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        rest += ((one, depth + 1) for one in within)


def _is_borne(schema: Mapping[str, Any]) -> bool:
    pattern = schema.get("pattern")
    return (
        all(schema.get(name) != [] for name in _CHOICES)
        and all(_is_range(schema.get(least), schema.get(most)) for least, most in _RANGES)
        and (not isinstance(pattern, str) or _is_pattern(pattern))
    )


def _is_pattern(pattern: str) -> bool:
    if len(pattern) > MAX_PATTERN:
        return False
    repeats = ([int(count) if count else None for count in found.groups()] for found in _REPEATS.finditer(pattern))
    return all(_is_range(least, most) for least, most in repeats)


def _has_known_escapes(pattern: str) -> bool:
    known = _KNOWN
    for found in _ESCAPES.finditer(pattern):
        escape = found[1]
        if escape is None:
            known = _KNOWN_IN_CLASSES if found[0] == "[" else _KNOWN
        elif len(escape) < 2 and escape not in known:
            return False
    return True


def _is_range(least: object, most: object) -> bool:
    """Say whether these can be counts; what is no number is the model server's to refuse."""
    counts = [count for count in (least, most) if isinstance(count, int | float)]
    return counts == sorted(counts) and all(0 <= count <= MAX_REPEATS for count in counts)
