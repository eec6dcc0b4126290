"""What can be found in a text, and where: the words that every detector, mask and counter of this package shares.

Detectors (rules.py, names/) return spans of the ORIGINAL text; resolve() makes of several detectors' spans one list without overlaps.
A span holds offsets and a type, never the text: it can be logged, counted and put into an exception without giving a value away.
"""

from collections.abc import Iterable
from functools import cache
from typing import Final, Literal, NamedTuple, get_args

Structured = Literal[
    "EMAIL",
    "PHONE",
    "CARD",
    "IBAN",
    "NATIONAL_ID",
    "IP_ADDRESS",
    "MAC_ADDRESS",
    "URL_CREDENTIALS",
    "DATE_OF_BIRTH",
    "API_KEY",
    "TOKEN",
    "PRIVATE_KEY",
    "PASSWORD",
]
Named = Literal["PERSON", "PLACE", "ORGANISATION", "ADDRESS"]
Entity = Literal[Structured, Named]

STRUCTURED: Final[tuple[Structured, ...]] = get_args(Structured)
NAMES: Final[tuple[Named, ...]] = get_args(Named)

# A custom pattern's entity: no entity above holds a colon, so that a pattern called "email" never counts as EMAIL.
CUSTOM: Final = "CUSTOM:"

# What a value that fits two types equally well is called: the secret before the person, the checked before the guessed.
_PRECEDENCE: Final = {
    entity: rank
    for rank, entity in enumerate(
        (
            "PRIVATE_KEY",
            "URL_CREDENTIALS",
            "API_KEY",
            "TOKEN",
            "PASSWORD",
            "EMAIL",
            "IBAN",
            "CARD",
            "NATIONAL_ID",
            "DATE_OF_BIRTH",
            "PHONE",
            "MAC_ADDRESS",
            "IP_ADDRESS",
            "ADDRESS",
            "PERSON",
            "ORGANISATION",
            "PLACE",
        )
    )
}


class Span(NamedTuple):
    """Where a value stands: str offsets (code points) into the original text, half-open, and what it is (an Entity or CUSTOM + a name)."""

    start: int
    end: int
    entity: str


def custom(name: str) -> str:
    """Return the entity of the custom pattern of that name."""
    return CUSTOM + name


@cache
def label(entity: str) -> str:
    """Return what a reader sees for an entity: the type, or a custom pattern's name in capitals."""
    return entity.removeprefix(CUSTOM).upper()


def resolve(spans: Iterable[Span]) -> list[Span]:
    """Return spans that do not overlap, sorted by start; what any of the given spans covers stays covered.

    Of spans that overlap the longest gives the type (then the earlier one, then _PRECEDENCE) and the result covers them all: dropping the
    loser would leave the part of it that sticks out of the winner for the model to read.
    """
    result: list[Span] = []
    reached = 0
    for span in sorted(spans):
        start, end, _ = span
        if start >= reached:
            result.append(span)
            chosen, reached = span, end
        elif span != chosen:
            chosen = min(chosen, span, key=_rank)
            reached = max(reached, end)
            result[-1] = Span(result[-1].start, reached, chosen.entity)
    return result


def _rank(span: Span) -> tuple[int, int, int, str]:
    return (span.start - span.end, span.start, _PRECEDENCE.get(span.entity, len(_PRECEDENCE)), span.entity)
