"""Words that were taken, made into values: what may stand between two of one value, and the little words before the first.

Neighbour: decoding.py takes the words.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Taken:
    """A word, or several of one value."""

    start: int
    end: int
    entity: str
    odds: float


_LINKS: Final = r"van|von|de|del|della|di|da|dos|du|la|las|los|le|der|den|ter|ten|zu|bin|binti|binte|bint|ibn|ben|ould|al|el|af|av|ul|ur"
# What may stand between two words of one value.
_GAPS: Final = {
    "PERSON": re.compile(
        r"(?:[ \t\u00a0]|[ \t]?[-'’.][ \t]?|[ ][A-Z](?:\.|[a-zà-ÿ]{1,8})?[ ]|"
        rf"[ ](?:{_LINKS})[ ](?:der|den|la|las|los)?[ ]?){{1,2}}"
    ),
    "ADDRESS": re.compile(r"[\s,.#/’'\-]{1,6}"),
    "PLACE": re.compile(
        r"(?:[ \t\u00a0]|[-'’.]|,\s|"
        r"[ -](?i:de|del|de la|de las|de los|la|las|los|du|des|en|sur|sous|an der|am|bei|im|ob der|of|upon|on)[ -])"
    ),
}
_LEADS: Final = re.compile(
    r"(?<!\w)(?:La|Le|Las|Los|El|Les|Den|Bad|Sankt|St\.?|San|Santa|Saint|New|North|South|East|West|Mount|Mt\.?|Port|Fort|Lake|L['’])[ ]?$"
)
# "van den Berg, Joost" in a list; in a sentence "de" and "von" are small words.
_PARTICLES: Final = re.compile(
    r"(?:^|[;:,(|\n]\s?|[*•-][ ])"
    r"(?P<lead>(?:van|von|de|du|del|della|di|da|dos|le|la|el|al|ter|ten|zu|bin|ben)[ ](?:(?:der|den|de|la|las|los)[ ])?)$"
)
_LONGEST: Final = 16


def joined(text: str, taken: Sequence[Taken]) -> list[Taken]:
    """Return the values that neighbouring words make."""
    result: list[Taken] = []
    for one in taken:
        if result:
            last = result[-1]
            pair = {last.entity, one.entity}
            wide = "ADDRESS" if pair in ({"ADDRESS"}, {"ADDRESS", "PLACE"}) else one.entity if len(pair) == 1 else None
            if wide is not None and (last.end == one.start or _GAPS[wide].fullmatch(text, last.end, one.start)):
                result[-1] = Taken(last.start, one.end, wide, max(last.odds, one.odds))
                continue
        result.append(one)
    return result


def lead(text: str, one: Taken) -> int:
    """Return where a value begins if the little words before a town's or a family's name are counted in."""
    if one.entity == "PLACE":
        before = _LEADS.search(text, max(0, one.start - 7), one.start)
        return before.start() if before else one.start
    particles = _PARTICLES.search(text, max(0, one.start - _LONGEST), one.start) if one.entity == "PERSON" else None
    return particles.start("lead") if particles else one.start
