"""From the model's opinion of each word to spans.

How much must speak for a kind depends on how the word is written and whether anybody is called so: a capital in the middle of a sentence
speaks for a name by itself, a small word such as "the" against it, and what is all capitals or all small says nothing. The numbers are
chosen on the half of bench/redaction's templates that is meant for it, and on clean text in four languages.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from assistant_gateway.redaction.entities import Span
from assistant_gateway.redaction.names.gazetteer import Gazetteer
from assistant_gateway.redaction.names.languages import SMALL, SMALL_WORDS
from assistant_gateway.redaction.names.model import Tagged
from assistant_gateway.redaction.names.words import NOT_NAMES

# The model's other kinds are found by checksums and patterns (rules.py): by the model alone they are too often wrong.
_ENTITIES: Final = {
    "GIVEN_NAME": "PERSON",
    "SURNAME": "PERSON",
    "BUILDING_NUMBER": "ADDRESS",
    "STREET_NAME": "ADDRESS",
    "SECONDARY_ADDRESS": "ADDRESS",
    "ZIP_CODE": "ADDRESS",
    "CITY": "PLACE",
    "STATE": "PLACE",
}
_OPENING: Final = re.compile(r"(?:[.!?:;]\s|\n|[\"“„«»(\[>*•-]\s?|^\s*)$")
_NAMELIKE: Final = re.compile(r"(?:Mc|Mac|De|Di|Du|La|Le|Van|Von|O|D|St)?[^\W\d_][^\W\d_A-Z]*")
_INITIAL: Final = re.compile(r"[ ](?:[^\W\d_][ ]?\.[ ])?")
_BEFORE_IDENTIFIER: Final = re.compile(r"[@_&$\\]$|(?:^|\s)-$")
_AFTER: Final = ("_", "(", "@")
_LETTERS: Final = re.compile(r"(?<!\w)[^\W\d_]{3,}(?!\w)")


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What must speak for a kind before a word is taken: least odds (natural logarithms; below nought: more may speak against it)."""

    given: float = -8.0
    """Somebody is called so, and it is written as a name is."""
    opening_given: float = -4.0
    """... where every sentence has a capital."""
    surname: float = -8.0
    capital: float = -5.5
    opening: float = -1.0
    """A capital where every sentence has one."""
    noun: float = 1.0
    """A capital in a language that writes every noun so."""
    noun_surname: float = -2.5
    shout: float = 6.0
    small: float = 5.0
    known_small: float = 0.0
    """Written small, and somebody is called so."""
    digits: float = -1.0
    mixed: float = 4.0
    """Letters and digits in one word: a model of something, more often than a door or a postal code."""
    not_name: float = 6.0
    """A word of the list of those."""
    not_street: float = 3.0
    """... of which many are part of a street's name."""
    function: float = 7.0
    """A small word that is written small, as no name is."""
    opening_function: float = 4.0
    beside: float = 2.5
    """So much less beside another word of its kind."""
    companion: float = -9.0
    """Beside a name that was found, and written like one."""
    opening_companion: float = -6.0
    lone_number: float = 8.0
    """A number that stands for an address without a street or a town beside it."""


STANDARD: Final = Thresholds()
HIGH_RECALL: Final = Thresholds(
    given=-12.0,
    opening_given=-8.0,
    surname=-10.0,
    capital=-9.0,
    opening=-4.0,
    noun=-1.0,
    noun_surname=-5.0,
    shout=0.0,
    small=3.0,
    known_small=-2.0,
    digits=-3.0,
    lone_number=3.0,
)
# In chat a capital is rare, so that it says more, and missing ones say less.
INFORMAL: Final = Thresholds(
    given=-10.0,
    opening_given=-8.0,
    surname=-9.0,
    capital=-10.5,
    opening=-5.0,
    shout=-1.0,
    small=2.5,
    known_small=-4.0,
)
# In a program only what the model is sure of, as it is of a letter's words in a string.
CODE: Final = Thresholds(
    given=3.0,
    surname=6.0,
    capital=8.0,
    opening=8.0,
    opening_given=3.0,
    noun=8.0,
    noun_surname=8.0,
    shout=12.0,
    small=12.0,
    known_small=12.0,
    digits=9.0,
    mixed=12.0,
    not_name=12.0,
    function=30.0,
    opening_function=30.0,
    beside=1.0,
    companion=0.0,
    opening_companion=4.0,
    lone_number=30.0,
)


@dataclass(frozen=True, slots=True)
class _Taken:
    start: int
    end: int
    entity: str
    odds: float


class Decoder:
    """The thresholds and lists that make spans of what the model says."""

    def __init__(self, known: Gazetteer, limits: Thresholds = STANDARD) -> None:
        self._known = known
        self._limits = limits

    def decode(self, text: str, tagged: Sequence[Tagged], language: str | None) -> list[Span]:
        """Return the spans of people, places and addresses; sorted, not overlapping."""
        words = [word for word in tagged if text[word.word.start].isalnum()]  # marks come with the words on both sides of them
        reader = _Reader(text, language, self._known, self._limits)
        found: list[str | None] = []
        for place, word in enumerate(words):
            before = found[-1] if found else None
            after = words[place + 1] if place + 1 < len(words) else None
            found.append(reader.entity(word, before, after))
        for place, word in enumerate(words):
            if found[place] is None:
                found[place] = reader.companion(word, words[place - 1 : place], found[place - 1 : place])
        for place in range(len(words) - 1, -1, -1):
            if found[place] is None:
                found[place] = reader.companion(words[place], words[place + 1 : place + 2], found[place + 1 : place + 2])
        taken = [_Taken(word.word.start, word.word.end, entity, word.odds) for word, entity in zip(words, found, strict=True) if entity]
        return [Span(_lead(text, one), one.end, one.entity) for one in _joined(text, taken) if self._stands(text, one)]

    def _stands(self, text: str, one: _Taken) -> bool:
        return one.entity != "ADDRESS" or one.odds > self._limits.lone_number or _LETTERS.search(text, one.start, one.end) is not None


class _Reader:
    """One text while its words are looked at."""

    def __init__(self, text: str, language: str | None, known: Gazetteer, limits: Thresholds) -> None:
        self._text = text
        self._has_nouns = language == "de"
        self._small = SMALL_WORDS.get(language or "", SMALL)
        self._is_shouted = sum(map(str.isupper, text)) > sum(map(str.islower, text))
        self._known = known
        self._limits = limits

    def entity(self, word: Tagged, before: str | None, after: Tagged | None) -> str | None:
        """Return what a word is taken for: `before` is what the word before was taken for, `after` the word that follows."""
        entity = _ENTITIES.get(word.kind)
        if entity is None:
            return None
        if _BEFORE_IDENTIFIER.search(self._text, max(0, word.word.start - 2), word.word.start) or self._text.startswith(
            _AFTER, word.word.end
        ):
            return None  # part of an identifier, an account's or an option's name
        token = self._text[word.word.start : word.word.end]
        least = self._least(word.word.start, token, entity)
        is_beside = before == entity or (after is not None and after.odds > 0 and _ENTITIES.get(after.kind) == entity)
        if is_beside and token.lower() not in self._small and (entity == "ADDRESS" or not token.islower()):
            least -= self._limits.beside
        return entity if word.odds > least else None

    def companion(self, word: Tagged, neighbour: Sequence[Tagged], found: Sequence[str | None]) -> str | None:
        """Return what a word is that is written like a name and stands right beside one; whatever kind the model thinks of."""
        start, end = word.word.start, word.word.end
        token = self._text[start:end]
        entity = found[0] if found else None
        if entity not in ("PERSON", "PLACE") or not token[0].isupper() or token.lower() in self._small:
            return None
        if _NAMELIKE.fullmatch(token) is None or token.lower() in NOT_NAMES or (self._has_nouns and not self._known.is_surname(token)):
            return None
        first, second = sorted((word.word, neighbour[0].word), key=lambda one: one.start)
        gap = self._text[first.end : second.start]
        is_near = gap == " " or _INITIAL.fullmatch(gap) is not None or (len(token) == 1 and gap in (". ", " . "))
        if start < neighbour[0].word.start and _OPENING.search(self._text, max(0, start - 3), start):
            return entity if is_near and word.odds > self._limits.opening_companion else None
        return entity if is_near and word.odds > self._limits.companion else None

    def _least(self, start: int, token: str, entity: str) -> float:
        limits = self._limits
        if any(map(str.isdigit, token)):
            is_plain = entity == "ADDRESS" and (len(token) < 3 or token[:-1].isdigit())
            return limits.digits if is_plain else limits.mixed
        lowered = token.lower()
        if lowered in NOT_NAMES:
            return limits.not_street if entity == "ADDRESS" else limits.not_name
        is_known = entity == "PERSON" and self._known.is_given(token)
        if lowered == token:
            return limits.function if lowered in self._small else limits.known_small if is_known else limits.small
        if lowered in self._small:
            return limits.opening_function
        if len(token) > 1 and token.isupper():
            return limits.known_small if is_known and self._is_shouted else limits.shout
        if _NAMELIKE.fullmatch(token) is None:
            return limits.small
        return self._capital(start, token, entity, is_known)

    def _capital(self, start: int, token: str, entity: str, is_known: bool) -> float:
        limits = self._limits
        is_opening = _OPENING.search(self._text, max(0, start - 3), start) is not None
        if is_known:
            return limits.opening_given if is_opening else limits.given
        if entity == "PERSON" and self._known.is_surname(token) and not is_opening:
            return limits.noun_surname if self._has_nouns else limits.surname
        return limits.noun if self._has_nouns else limits.opening if is_opening else limits.capital


# What may stand between two words of one value.
_GAPS: Final = {
    "PERSON": re.compile(
        r"(?:[ \t\u00a0]|[ \t]?[-'’.][ \t]?|[ ][A-Z]\.?[ ]|"
        r"[ ](?:van|von|de|del|della|di|da|dos|du|la|las|los|le|der|den|ter|zu|bin|al|el)[ ](?:der|den|la|las|los)?[ ]?){1,2}"
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


def _joined(text: str, taken: list[_Taken]) -> list[_Taken]:
    result: list[_Taken] = []
    for one in taken:
        if result:
            last = result[-1]
            pair = {last.entity, one.entity}
            wide = "ADDRESS" if pair in ({"ADDRESS"}, {"ADDRESS", "PLACE"}) else one.entity if len(pair) == 1 else None
            if wide is not None and (last.end == one.start or _GAPS[wide].fullmatch(text, last.end, one.start)):
                result[-1] = _Taken(last.start, one.end, wide, max(last.odds, one.odds))
                continue
        result.append(one)
    return result


def _lead(text: str, one: _Taken) -> int:
    """Return where a value begins if the little word before a town's name is counted in."""
    before = _LEADS.search(text, max(0, one.start - 7), one.start) if one.entity == "PLACE" else None
    return before.start() if before else one.start
