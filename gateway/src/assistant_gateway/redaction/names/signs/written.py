"""People whom the way they are written gives away: initials, "LAST, First", a name with a particle, who speaks in a transcript.

Neighbours: context.py and roles.py know people by the words beside them, decoding.py by what the model thinks.
"""

import re
from collections.abc import Iterator
from typing import Final

from assistant_gateway.redaction.entities import Span
from assistant_gateway.redaction.names.lexicon.gazetteer import Gazetteer
from assistant_gateway.redaction.names.lexicon.ordinary import ORDINARY, is_word

_C: Final = r"[^\W\d_a-zà-öø-ÿß]"
_WORD: Final = rf"{_C}[^\W\d_]*[a-zà-öø-ÿß][^\W\d_]*(?:['’-][^\W\d_]+)*"
_SHOUTED: Final = rf"{_C}{{3,}}(?:['’-]{_C}{{2,}})*"
_PARTICLE: Final = (
    r"(?:(?:van|von|vom|zu)(?: (?:der|den|dem|de|het|'t))?|de La|de Le|de la|de las|de los|de|"
    r"du|des|del|della|di|da|dos|das|do|ter|ten|bin|ibn|el|al|ben)"
)
_INITIALS: Final = rf"(?<![\w.@/-])(?<![A-Z], )(?:{_C}\.[ -]?){{1,3}}(?:{_PARTICLE} )?(?P<last>{_WORD})(?![\w(@])"
_SMALL_INITIALS: Final = r"(?<![\w.@/-])(?:[a-z]\.[ ]?){1,2}(?P<last>[^\W\d_]{3,})(?![\w(@.])"
_LAST_FIRST: Final = rf"(?<![\w@])(?P<last>{_SHOUTED}(?: {_SHOUTED})?),? (?P<first>{_WORD}|{_SHOUTED})(?:[ ]{_C}\.)?(?![\w(@])"
# "da Silva e Souza", "Pujol i Ferrer"
_AND_SECOND: Final = rf"(?: (?:e|y|i) (?:{_PARTICLE} )?{_WORD})?"
_PARTICLED: Final = rf"(?<![\w@])(?P<first>{_WORD})(?: {_WORD})? {_PARTICLE} (?P<last>{_WORD}(?: {_WORD})?{_AND_SECOND})(?![\w(@])"
_SPEAKER: Final = rf"(?m)^[ \t>]*(?P<first>{_WORD})(?: {_WORD})?(?=[ ]?:[ ])"

_LAST: Final = (re.compile(_INITIALS), re.compile(_SMALL_INITIALS))
_BOTH: Final = re.compile(_LAST_FIRST)
_WITH_PARTICLE: Final = re.compile(_PARTICLED)
_SPEAKS: Final = re.compile(_SPEAKER)


def written(text: str, known: Gazetteer) -> Iterator[Span]:
    """Yield who is written like somebody in a list, a form or a transcript."""
    for number, rule in enumerate(_LAST):
        for match in rule.finditer(text):
            last = match["last"]
            is_known = known.is_surname(last) or known.is_given(last)
            if (is_known or number == 0) and not is_word(last) and not (number and last in ORDINARY):
                yield Span(*match.span(), "PERSON")
    for match in _BOTH.finditer(text):
        if _is_given(match["first"], known) and not any(is_word(word) for word in match["last"].split()):
            is_sure = not match["first"].isupper() or known.is_surname(match["last"].split()[0])
            if is_sure and ("," in match[0] or any(known.is_surname(word) for word in match["last"].split())):
                yield Span(*match.span(), "PERSON")
    for match in _WITH_PARTICLE.finditer(text):
        if _is_given(match["first"], known) and match["first"].lower() not in ORDINARY and not is_word(match["last"].split()[0]):
            yield Span(*match.span(), "PERSON")
    for match in _SPEAKS.finditer(text):
        if _is_given(match["first"], known) and match["first"].lower() not in ORDINARY:
            yield Span(*match.span(), "PERSON")


def _is_given(word: str, known: Gazetteer) -> bool:
    return known.is_given(word.split("-")[0]) and not is_word(word)
