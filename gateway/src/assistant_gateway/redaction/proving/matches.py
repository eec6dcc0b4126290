"""Made-up texts that the CR's own patterns match: what the self-check sends through the rules for these.

The expression is read as Python reads it and followed from its beginning to its end: a letter of each class, one turn of each repeat, one
of the alternatives. Python's syntax is not Rust's; whatever differs shows when the pattern itself is asked. A text that it does not find is
thrown away, and so is one of which could not be said with certainty afterwards whether it was masked: for some patterns there is none.
"""

import importlib
import random
import re
import string
import warnings
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

import rurex

from assistant_gateway.redaction.proving.samples import Sample

TRIES: Final = 40
LONGEST: Final = 2_000
"""Characters of a match; a longer one is made for none."""
HIDDEN: Final = "\ue000"
"""Stands for what is masked: a character that no pattern is about."""

_DRAWN: Final = random.SystemRandom()
_parser: Final[Any] = importlib.import_module("re._parser")  # the standard library's own, without a public name since 3.11

_COMMON: Final = string.ascii_letters + string.digits
_PRINTED: Final = _COMMON + string.punctuation + " "
_KINDS: Final = {
    "CATEGORY_DIGIT": string.digits,
    "CATEGORY_WORD": _COMMON + "_",
    "CATEGORY_SPACE": " ",
}
# What Rust writes otherwise, or has and Python has not, in words of Python's that stand for some of the same.
_IN_PYTHON: Final = tuple((re.compile(rust), python) for rust, python in (
    (r"\[:alpha:\]", "a-zA-Z"),
    (r"\[:digit:\]", "0-9"),
    (r"\[:alnum:\]", "a-zA-Z0-9"),
    (r"\[:upper:\]", "A-Z"),
    (r"\[:lower:\]", "a-z"),
    (r"\[:xdigit:\]", "0-9a-f"),
    (r"\[:word:\]", "a-zA-Z0-9_"),
    (r"\[:space:\]", " "),
    (r"\\p(?:L|\{(?:L|Letter|Alphabetic)\})", r"\\w"),
    (r"\\p\{(?:Lu|Uppercase)\}", "A"),
    (r"\\p\{(?:Ll|Lowercase)\}", "a"),
    (r"\\p(?:N|\{(?:N|Nd)\})", r"\\d"),
    (r"\\z", r"\\Z"),
    (r"\(\?<(?=[A-Za-z_])", "(?P<"),
))  # fmt: skip
_AROUND: Final = (("See ", " there."), ("", " is there."), ("See ", ""), ("", ""))


class _NoneError(Exception):
    """Nothing can be made up for this expression."""


def match_of(expression: str, labels: Iterable[str]) -> Sample | None:
    """Return a new text with a match of the pattern in it; None where none can be made up.

    `labels`: what may stand in brackets for values. The match is in the text once, and is none of these: whether it is there afterwards
    says whether it was masked.
    """
    known = tuple(labels)
    try:
        pattern, tree = _read(expression)
        for _ in range(TRIES):
            secret = _followed(tree)
            for before, after in _AROUND:
                made = Sample(f"{before}{secret}{after}", secret)
                if _is_clear(pattern, made, len(before), known):
                    return made
    except (_NoneError, RecursionError):
        pass
    return None


def stripped(text: str, labels: Iterable[str]) -> str:
    """Return the text with each label that stands for a value hidden: a label may look like the value (`[ZEUS]` for ZEUS)."""
    for label in labels:
        text = text.replace(f"[{label}]", HIDDEN)
    return text


def _is_clear(pattern: Any, made: Sample, start: int, labels: tuple[str, ...]) -> bool:
    text, secret = made.text, made.secret
    if not secret or text.find(secret) != start or text.find(secret, start + 1) >= 0 or secret not in stripped(text, labels):
        return False
    spans = [found.span() for found in pattern.finditer(text)]
    return any(first <= start and start + len(secret) <= last for first, last in spans)


@lru_cache(maxsize=64)
def _read(expression: str) -> tuple[Any, Any]:
    """Return the pattern as the rules compile it, and Python's tree of it; raises _NoneError."""
    source = expression
    for rust, python in _IN_PYTHON:
        source = rust.sub(python, source)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what Python will read otherwise one day
            return rurex.compile(expression), _parser.parse(source)
    except (ValueError, OverflowError, RecursionError, rurex.PatternError, _parser.error):
        raise _NoneError from None


def _followed(tree: Any) -> str:
    """Return a text along the tree; raises _NoneError."""
    parts: list[str] = []
    length = 0
    for kind, value in tree:
        parts.append(_part(str(kind), value))
        length += len(parts[-1])
        if length > LONGEST:
            raise _NoneError
    return "".join(parts)


def _part(kind: str, value: Any) -> str:
    match kind:
        case "LITERAL":
            return chr(value)
        case "NOT_LITERAL":
            return _one_of(set(_PRINTED) - {chr(value)})
        case "ANY":
            return _one_of(set(_PRINTED))
        case "IN":
            return _one_of(_class(value))
        case "BRANCH":
            return _followed(_DRAWN.choice(value[1]))
        case "SUBPATTERN":
            return _followed(value[3])
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            return _repeated(*value)
        case "AT":
            return ""  # the pattern itself says whether the place is right
    raise _NoneError


def _repeated(least: int, most: int, tree: Any) -> str:
    """Return the fewest turns, but one where none is allowed too, more often than not: what may be there is to be found as well."""
    turns = least or min(1, most) * (_DRAWN.random() < 0.7)
    if turns > LONGEST:
        raise _NoneError
    return "".join(_followed(tree) for _ in range(turns))


def _class(items: Any) -> set[str]:
    """Return the characters of a class, of those that are printed in ASCII where it has any."""
    found: set[str] = set()
    negated = False
    for kind, value in items:
        match str(kind):
            case "NEGATE":
                negated = True
            case "LITERAL":
                found.add(chr(value))
            case "RANGE":
                first, last = value
                found |= {letter for letter in _PRINTED if first <= ord(letter) <= last} or {chr(first)}
            case "CATEGORY":
                name = str(value)
                own = set(_KINDS[name.replace("_NOT_", "_")])
                found |= set(_PRINTED) - own if "_NOT_" in name else own
    return set(_PRINTED) - found if negated else found


def _one_of(characters: set[str]) -> str:
    """Return one of them: a letter or a digit if there is any."""
    common = characters & set(_COMMON)
    if not characters:
        raise _NoneError
    return _DRAWN.choice(sorted(common or characters))
