"""From the model's opinion of each word to spans.

How much must speak for a kind depends on how the word is written and whether anybody is called so: a capital in the middle of a sentence
speaks for a name by itself, a small word such as "the" against it, and what is all capitals or all small says nothing. How much is in
thresholds.py.

Neighbours: german.py and grammar.py say what the words around a word make of it, words.py which words nobody is called by.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from assistant_gateway.redaction.entities import Span
from assistant_gateway.redaction.names.gazetteer import Gazetteer
from assistant_gateway.redaction.names.german import is_led_noun, is_noun
from assistant_gateway.redaction.names.grammar import governs, is_made, small_words
from assistant_gateway.redaction.names.languages import SMALL, SMALL_WORDS
from assistant_gateway.redaction.names.model import Tagged
from assistant_gateway.redaction.names.ordinary import NATIONS, ORDINARY
from assistant_gateway.redaction.names.thresholds import STANDARD, Thresholds
from assistant_gateway.redaction.names.wordpiece import Word
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
# Not after a semicolon: what has a capital there has it of its own.
_OPENING: Final = re.compile(r"(?:[.!?:]\s|\n|[\"“„«»(\[>*•¡-]\s?|^\s*)$")
_NAMELIKE: Final = re.compile(r"(?:Mc|Mac|De|Di|Du|La|Le|Van|Von|O|D|St)?[^\W\d_][^\W\d_A-Z]*")
_INITIALS: Final = re.compile(r"[^\W\d_] [A-Z]\. [^\W\d_a-z]")
_INITIAL: Final = re.compile(r"[ ](?:[^\W\d_][ ]?\.[ ])?")
_BEFORE_IDENTIFIER: Final = re.compile(r"[@_&$\\]$|(?:^|\s)-$")
_FACE: Final = re.compile(r"(?<!\w)[:;=8][ ]?['^o-]?$")
_STRETCHED: Final = re.compile(r"([^\W\d_])\1\1")  # "Sooo"
_AFTER: Final = ("_", "(", "@")
_LETTERS: Final = re.compile(r"(?<!\w)[^\W\d_]{3,}(?!\w)")

_SHORT: Final = 3
_LISTED: Final = re.compile(r"[\d,;\n]")  # a row of names or an address, no heading
_A_HEADING: Final = 4
_MOST: Final = 0.8


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
        self._language = language
        self._has_nouns = language == "de"
        self._small = SMALL_WORDS.get(language or "", SMALL)
        self._written_small = small_words(text)
        self._is_titled = not self._has_nouns and _is_titled(text)
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
        if len(token) == 1 and _FACE.search(self._text, max(0, word.word.start - 3), word.word.start):
            return None  # ":D"
        if before == "PERSON" and self._is_initial(word.word):
            return before
        least = self._least(word.word.start, token, entity, follows_name=before == entity)
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
        first, second = sorted((word.word, neighbour[0].word), key=lambda one: one.start)
        gap = self._text[first.end : second.start]
        if entity == "PERSON" and (self._is_initial(word.word) or (gap == ". " and self._is_initial(first))):
            return entity
        if _NAMELIKE.fullmatch(token) is None or token.lower() in NOT_NAMES or (self._has_nouns and not self._known.is_surname(token)):
            return None
        is_near = gap == " " or _INITIAL.fullmatch(gap) is not None or (len(token) == 1 and gap in (". ", " . "))
        if start < neighbour[0].word.start and _OPENING.search(self._text, max(0, start - 3), start):
            return entity if is_near and word.odds > self._limits.opening_companion else None
        return entity if is_near and word.odds > self._limits.companion else None

    def _is_initial(self, word: Word) -> bool:
        """Say whether a word is a letter between two names: "Jens K. Gersten"."""
        return _INITIALS.fullmatch(self._text, max(0, word.start - 2), word.end + 3) is not None

    def _least(self, start: int, token: str, entity: str, *, follows_name: bool) -> float:
        limits = self._limits
        if any(map(str.isdigit, token)):
            is_plain = entity == "ADDRESS" and (len(token) < 3 or token[:-1].isdigit())
            return limits.digits if is_plain else limits.mixed
        lowered = token.lower()
        if lowered in NOT_NAMES or (not token.isupper() and _STRETCHED.search(lowered)):
            return limits.not_street if entity == "ADDRESS" else limits.not_name
        is_known = entity == "PERSON" and self._known.is_given(token)
        if lowered == token:
            return self._in_haste(token, entity, is_known=is_known)
        if lowered in self._small:
            return limits.opening_function
        if len(token) > 1 and token.isupper():
            if is_known and self._is_shouted:
                return limits.known_small
            return limits.known_shout if is_known or self._known.is_surname(token) else limits.shout
        if _NAMELIKE.fullmatch(token) is None:
            return limits.small
        if len(token) == 1 and not follows_name:
            return limits.shout  # a letter by itself is nobody
        return self._capital(start, token, entity, is_known=is_known, follows_name=follows_name)

    def _in_haste(self, token: str, entity: str, *, is_known: bool) -> float:
        """Return what must speak for a word that is written small."""
        if token in self._small:
            return self._limits.function
        if is_known and token in ORDINARY:
            return self._limits.ordinary_small
        return self._limits.known_small if is_known or (entity != "PERSON" and self._known.is_town(token)) else self._limits.small

    def _capital(self, start: int, token: str, entity: str, *, is_known: bool, follows_name: bool) -> float:
        is_opening = _OPENING.search(self._text, max(0, start - 3), start) is not None
        least = self._written(token, entity, is_known=is_known, is_opening=is_opening)
        if entity == "ADDRESS" and self._has_nouns and is_led_noun(self._text, start, token):
            least += self._limits.common_noun
        if entity != "ADDRESS" and not is_known and not follows_name and self._is_common(start, token, is_opening=is_opening):
            least += self._limits.common_noun
        if not follows_name and token.lower() in (ORDINARY if is_opening else NATIONS):
            least = max(least, self._limits.ordinary)
        if is_opening and governs(self._text, start + len(token), is_known=is_known):
            least += self._limits.governing
        return least + self._limits.also_small if token.lower() in self._written_small else least

    def _is_common(self, start: int, token: str, *, is_opening: bool) -> bool:
        if self._has_nouns:
            return is_noun(self._text, start, token)
        return is_opening and is_made(token.lower(), self._language) and not self._known.is_surname(token)

    def _written(self, token: str, entity: str, *, is_known: bool, is_opening: bool) -> float:
        limits = self._limits
        if is_known:
            return limits.opening_given if is_opening else limits.given
        if entity == "PERSON" and self._known.is_surname(token) and not is_opening:
            return limits.noun_surname if self._has_nouns else limits.surname
        if self._is_titled:
            return limits.titled
        return limits.noun if self._has_nouns else limits.opening if is_opening else limits.capital


def _is_titled(text: str) -> bool:
    """Say whether it is a heading or a list of dishes, where nearly every longer word has a capital."""
    words = [word for word in _LETTERS.findall(text) if len(word) > _SHORT]
    return len(words) >= _A_HEADING and sum(word[0].isupper() for word in words) > _MOST * len(words) and _LISTED.search(text) is None


# What may stand between two words of one value.
_GAPS: Final = {
    "PERSON": re.compile(
        r"(?:[ \t\u00a0]|[ \t]?[-'’.][ \t]?|[ ][A-Z](?:\.|[a-zà-ÿ]{1,8})?[ ]|"
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
