"""Who does what in a list: "- Anna: slides", "* Li Na - minutes". There is no sentence that the model could go by.

A row's first words are somebody where one of them is a given name, or where most rows of the list begin so.

Neighbours: tables.py has rows under a header, written.py transcripts.
"""

import re
from collections.abc import Iterator
from typing import Final

from assistant_gateway.redaction.entities import Span
from assistant_gateway.redaction.names.lexicon.gazetteer import Gazetteer
from assistant_gateway.redaction.names.lexicon.ordinary import ORDINARY, is_word

_C: Final = r"[^\W\d_a-zà-öø-ÿß]"
_WORD: Final = rf"{_C}[^\W\d_]*[a-zà-öø-ÿß][^\W\d_]*(?:['’-][^\W\d_]+)*"
_ROW: Final = re.compile(
    rf"(?m)^[ \t>]*(?:[-*•·–]|\d{{1,2}}[.)])[ \t]+(?P<name>{_WORD}(?:[ ]{_WORD}){{0,2}})(?P<end>[ ]?:[ ]|[ ][-–—][ ]|[ ]\()"
)
_MANY: Final = 2


def rows(text: str, known: Gazetteer) -> Iterator[Span]:
    """Yield who stands first in the rows of a list."""
    found = [match for match in _ROW.finditer(text) if not any(is_word(word) for word in match["name"].split())]
    named = [match for match in found if _is_somebody(match["name"], known)]
    is_of_people = len(named) >= _MANY and len(named) * 2 >= len(found)
    for match in found if is_of_people else named:
        yield Span(*match.span("name"), "PERSON")


def _is_somebody(name: str, known: Gazetteer) -> bool:
    first, *others = name.split()
    is_given = known.is_given(first) or known.is_given(first.split("-")[0])
    return is_given and (first.lower() not in ORDINARY or any(known.is_surname(word) for word in others))
