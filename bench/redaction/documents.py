"""What is measured on: texts whose personal data is known, because it was put there."""

import hashlib
import random
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

# What any redaction must find; the rest (a title, an age, a nationality, an organisation, a date, a domain) says less about a person.
CORE: Final = frozenset(
    {"PERSON", "PLACE", "ADDRESS", "EMAIL", "PHONE", "CARD", "IBAN", "NATIONAL_ID", "IP_ADDRESS", "ZIP", "DRIVER_LICENCE"}
)

_FIELD: Final = re.compile(r"\{\{(?:title:([^}]+)|(\w+))\}\}")


@dataclass(frozen=True, slots=True)
class Label:
    """One value in a text: str offsets, half-open, and what it is."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True)
class Document:
    """A text, its language and all the personal data that is in it."""

    text: str
    language: str
    labels: tuple[Label, ...]


def is_held_out(template: str) -> bool:
    """Say whether a template belongs to the half that nobody looks at while rules and thresholds are chosen."""
    return hashlib.sha256(template.encode()).digest()[0] % 2 == 1


def fill(template: str, language: str, values: Callable[[str], tuple[str, str | None]]) -> Document:
    r"""Return the template with a value in each field; `values` gives for a field's name its text and kind (None: not personal).

    `{{title:Mrs}}` stands for a title that the template itself says.
    """
    template = template.replace("\\n", "\n").replace("\\,", ",")
    parts: list[str] = []
    labels: list[Label] = []
    size = place = 0
    for match in _FIELD.finditer(template):
        parts.append(template[place : match.start()])
        size += len(parts[-1])
        text, kind = (match[1], "TITLE") if match[1] else values(match[2])
        if kind is not None:
            labels.append(Label(size, size + len(text), kind))
        parts.append(text)
        size += len(text)
        place = match.end()
    parts.append(template[place:])
    return Document("".join(parts), language, tuple(labels))


def generate(
    templates: Iterable[str], language: str, make: Callable[[random.Random], Callable[[str], tuple[str, str | None]]], times: int, seed: int
) -> Iterator[Document]:
    """Yield each template `times` times, each time about somebody else; those without fields once."""
    for template in templates:
        for number in range(times if _FIELD.search(template) else 1):
            yield fill(template, language, make(random.Random(f"{seed}/{number}/{template}")))
