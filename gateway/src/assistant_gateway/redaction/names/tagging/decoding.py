"""From the model's opinion of each word to spans.

How much must speak for a kind depends on how the word is written and whether anybody is called so: a capital in the middle of a sentence
speaks for a name by itself, a small word such as "the" against it, and what is all capitals or all small says nothing. How much is in
thresholds.py.

Neighbours: german.py and grammar.py say what the words around a word make of it, words.py which words nobody is called by.
"""

import math
import re
from collections.abc import Sequence
from typing import Final

from assistant_gateway.redaction.entities import Span
from assistant_gateway.redaction.names.lexicon.eponyms import names_a_thing
from assistant_gateway.redaction.names.lexicon.gazetteer import Gazetteer
from assistant_gateway.redaction.names.lexicon.german import NOUNS, is_described, is_form, is_led_noun, is_noun, is_road
from assistant_gateway.redaction.names.lexicon.german import is_made as is_made_noun
from assistant_gateway.redaction.names.lexicon.grammar import governs, has_article, is_made, small_words
from assistant_gateway.redaction.names.lexicon.languages import SMALL, SMALL_WORDS
from assistant_gateway.redaction.names.lexicon.ordinary import NATIONS, ORDINARY
from assistant_gateway.redaction.names.lexicon.spoken import is_told, is_whither
from assistant_gateway.redaction.names.lexicon.things import Things
from assistant_gateway.redaction.names.lexicon.words import NOT_NAMES
from assistant_gateway.redaction.names.tagging.joining import Taken, joined, lead
from assistant_gateway.redaction.names.tagging.model import Tagged
from assistant_gateway.redaction.names.tagging.thresholds import STANDARD, Thresholds
from assistant_gateway.redaction.names.tagging.wordpiece import Word

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
_APART: Final = re.compile(r"[:;!?()\n]")
"""Between two words that say nothing of each other."""
_HYPHEN: Final = re.compile(r"[^\W\d_]-$")
_DAY: Final = re.compile(r"\d\.?[ ]$")
_MONTHS: Final = ("Jan", "Mar", "Jun")
_MONEY: Final = ("Mark", "Franken", "Pfund", "Mio", "Mrd")
_AMOUNT: Final = re.compile(r"(?:\d|[Mm]illionen|[Mm]illiarden|[Mm]io\.|[Mm]rd\.|[Tt]ausend|[Hh]undert)[ ]$")
_NAMELIKE: Final = re.compile(r"(?:Mc|Mac|De|Di|Du|La|Le|Van|Von|O|D|St)?[^\W\d_][^\W\d_A-Z]*")
_INITIALS: Final = re.compile(r"[^\W\d_] [A-Z]\. [^\W\d_a-z]")
_INITIAL: Final = re.compile(r"[ ](?:[^\W\d_][ ]?\.[ ])?")
_BEFORE_IDENTIFIER: Final = re.compile(r"[@_&$\\]$|(?:^|\s)-$")
_FACE: Final = re.compile(r"(?<!\w)[:;=8][ ]?['^o-]?$")
_STRETCHED: Final = re.compile(r"([^\W\d_])\1\1")  # "Sooo"
_AFTER: Final = ("_", "(", "@")
_LETTERS: Final = re.compile(r"(?<!\w)[^\W\d_]{3,}(?!\w)")

_ENGLISH: Final = ("en", None)  # or too short to say
_WELL_KNOWN: Final = frozenset(["en", "fr", "es"])
# "660 Hektar": where a house's number stands behind its street, one before a single word counts something.
_NUMBER_LAST: Final = frozenset(["de", "nl", "it", "es", "pt", "pl"])
_COUNTED: Final = re.compile(r"\d{1,3} (?P<word>[^\W\d_]+)")
_NUMERAL: Final = re.compile(r"I{2,3}|IV|VI{0,3}|IX|XI{0,3}|XIV|XVI{0,3}|XI?X|XXI{0,3}")
_SHORT: Final = 3
_NEAR: Final = 8
_LISTED: Final = re.compile(r"[\d,;\n]")  # a row of names or an address, no heading
_A_HEADING: Final = 4
_MOST: Final = 0.8


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
            if before and _APART.search(text, words[place - 1].word.end, word.word.start):
                before = None
            after = words[place + 1] if place + 1 < len(words) else None
            found.append(reader.entity(word, before, after))
        for place, word in enumerate(words):
            if found[place] is None:
                found[place] = reader.companion(word, words[place - 1 : place], found[place - 1 : place])
        for place in range(len(words) - 1, -1, -1):
            if found[place] is None:
                found[place] = reader.companion(words[place], words[place + 1 : place + 2], found[place + 1 : place + 2])
        taken = [Taken(word.word.start, word.word.end, entity, word.odds) for word, entity in zip(words, found, strict=True) if entity]
        values = joined(text, taken)
        return [
            Span(lead(text, one), one.end, one.entity) for place, one in enumerate(values) if self._stands(text, values, place, language)
        ]

    def _stands(self, text: str, values: Sequence[Taken], place: int, language: str | None) -> bool:
        """Say whether a value is one: a number or a word alone is a street only where much speaks for it."""
        one = values[place]
        if one.entity != "ADDRESS" or one.odds > self._limits.lone_number:
            return True
        value = text[one.start : one.end]
        if _LETTERS.search(value) is None:
            return False
        if (
            language in _NUMBER_LAST
            and (counted := _COUNTED.fullmatch(value))
            and not (is_road(value) or self._known.is_town(counted["word"]))
        ):
            return False
        if all(word.lower() in NOT_NAMES for word in _LETTERS.findall(value)):
            return False  # "17 października 2016"
        is_whole = any(map(str.isdigit, value)) or " " in value or is_road(value)
        return (
            is_whole or one.odds > self._limits.lone_street or any(_is_near(one, other) for other in values[max(0, place - 1) : place + 2])
        )


class _Reader:
    """One text while its words are looked at."""

    def __init__(self, text: str, language: str | None, known: Gazetteer, limits: Thresholds) -> None:
        self._text = text
        self._language = language
        self._has_nouns = language == "de"
        self._small = SMALL_WORDS.get(language or "", SMALL)
        self._written_small = small_words(text)
        self._is_titled = not self._has_nouns and _is_titled(text)
        self._starts_big = text[:1].isupper()
        self._is_shouted = sum(map(str.isupper, text)) > sum(map(str.islower, text))
        self._things = Things(text)
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
        if self._is_day(word.word, token):
            return None
        if before == "PERSON" and (self._is_initial(word.word) or self._is_second_half(word.word, word.odds)):
            return before
        if token.islower() and entity != "PERSON" and self._is_somebody(token):
            entity = "PERSON"
        least = self._least(word.word.start, token, entity, follows_name=before == entity)
        is_beside = before == entity or (after is not None and after.odds > 0 and _ENTITIES.get(after.kind) == entity)
        if is_beside and token.lower() not in self._small and (entity == "ADDRESS" or not token.islower()):
            least -= self._limits.beside
        if word.odds <= least or (before != "PERSON" and word.odds <= self._thing(word.word, token)):
            return None
        return entity

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
        if entity == "PERSON" and gap == " " and second == word.word and self._is_distinction(second, token):
            return entity
        if _NAMELIKE.fullmatch(token) is None or token.lower() in NOT_NAMES or (self._has_nouns and not self._known.is_surname(token)):
            return None
        is_near = gap == " " or _INITIAL.fullmatch(gap) is not None or (len(token) == 1 and gap in (". ", " . "))
        if start < neighbour[0].word.start and _OPENING.search(self._text, max(0, start - 3), start):
            return entity if is_near and word.odds > self._limits.opening_companion else None
        return entity if is_near and word.odds > self._limits.companion else None

    def _is_somebody(self, token: str) -> bool:
        """Say whether a word that is written small is a given name and no town: what kind the model thinks of is chance then."""
        return token not in self._small and token not in ORDINARY and self._known.is_given(token) and not self._known.is_town(token)

    def _is_second_half(self, word: Word, odds: float) -> bool:
        """Say whether a word that is written small goes on with a name behind a hyphen: "Min-jun"."""
        return odds > self._limits.companion and _HYPHEN.search(self._text, max(0, word.start - 2), word.start) is not None

    def _is_day(self, word: Word, token: str) -> bool:
        """Say whether a short name is a month behind a day or money behind its amount: "4 Jun", "10 Millionen Mark"."""
        if token in _MONEY:
            return _AMOUNT.search(self._text, max(0, word.start - 12), word.start) is not None
        return token in _MONTHS and _DAY.search(self._text, max(0, word.start - 3), word.start) is not None

    def _is_initial(self, word: Word) -> bool:
        """Say whether a word is a letter between two names: "Jens K. Gersten"."""
        return _INITIALS.fullmatch(self._text, max(0, word.start - 2), word.end + 3) is not None

    def _is_distinction(self, word: Word, token: str) -> bool:
        """Say whether a word behind a name says which of those who bear it: "Napoléon III", "Susanne R."."""
        if _NUMERAL.fullmatch(token) is not None:
            return True
        return len(token) == 1 and token not in ("I",) and self._text.startswith(".", word.end)

    def _is_family(self, token: str) -> bool:
        """Say whether a family is called so, in German also "Merkels Reise"."""
        return self._known.is_surname(token) or (self._has_nouns and token.endswith("s") and self._known.is_surname(token[:-1]))

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
            is_known = is_known or (follows_name and entity == "PERSON" and self._known.is_surname(token))
            return self._in_haste(start, token, entity, is_known=is_known)
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

    def _thing(self, word: Word, token: str) -> float:
        """Return what must speak for a word that may be a thing: a law of nature, a program, a dish."""
        lowered = token.lower()
        if lowered in self._things.sure:
            return self._limits.thing
        if token[0].isupper() and names_a_thing(self._text, word.start, word.end):
            return self._limits.called_after
        if self._things.is_likely(word.start, word.end):
            return self._limits.likely_thing
        return self._limits.small_thing if token.islower() and self._things.is_spoken(token) else -math.inf

    def _in_haste(self, start: int, token: str, entity: str, *, is_known: bool) -> float:
        """Return what must speak for a word that is written small."""
        limits = self._limits
        if token in self._small:
            return limits.function
        if is_known and token in ORDINARY:
            return limits.ordinary_small
        if is_known and self._starts_big and self._language not in _ENGLISH:
            least = limits.other_known_small
        elif is_known or (entity != "PERSON" and self._known.is_town(token)):
            least = limits.known_small
        else:
            least = limits.small
        is_careful = limits.told > limits.small  # where names have their capital, the words before one say little
        return least if is_careful or len(token) < _SHORT or token in ORDINARY else min(least, self._spoken_of(start, token, entity))

    def _spoken_of(self, start: int, token: str, entity: str) -> float:
        """Return what must speak for a word of chat by those before it."""
        limits = self._limits
        if is_told(self._text, start):
            return limits.known_told if self._known.is_given(token) else limits.told
        if is_whither(self._text, start):
            is_town = self._known.is_town(token)
            return limits.known_whither if is_town else limits.whither if entity != "PERSON" else math.inf
        return math.inf

    def _capital(self, start: int, token: str, entity: str, *, is_known: bool, follows_name: bool) -> float:
        is_opening = _OPENING.search(self._text, max(0, start - 3), start) is not None
        least = self._written(token, entity, is_known=is_known, is_opening=is_opening)
        if entity == "ADDRESS" and self._has_nouns and is_led_noun(self._text, start, token):
            least += self._limits.common_noun
        if entity != "ADDRESS" and not is_known and not follows_name and self._is_common(start, token, entity, is_opening=is_opening):
            least += self._limits.common_noun
        is_thing = is_known and self._has_nouns and token.lower() in NOUNS  # "Tor" and "Lage" are somebody's name somewhere
        if not follows_name and (is_thing or token.lower() in (ORDINARY if is_opening else NATIONS)):
            least = max(least, self._limits.ordinary)
        if is_opening and governs(self._text, start + len(token), is_known=is_known):
            least += self._limits.governing
        return least + self._limits.also_small if token.lower() in self._written_small else least

    def _is_common(self, start: int, token: str, entity: str, *, is_opening: bool) -> bool:
        if self._has_nouns:
            return is_noun(self._text, start, token) or (not self._is_family(token) and self._is_german_noun(start, token.lower()))
        if self._language is None and is_made_noun(token.lower()):
            return True  # a row or a heading may be German
        if self._known.is_surname(token):
            return False
        return (is_opening and is_made(token.lower(), self._language)) or (entity == "PERSON" and has_article(self._text, start))

    def _is_german_noun(self, start: int, lowered: str) -> bool:
        return is_form(lowered) or is_described(self._text, start)

    def _written(self, token: str, entity: str, *, is_known: bool, is_opening: bool) -> float:
        limits = self._limits
        if is_known:
            return limits.opening_given if is_opening else limits.given
        if entity == "PERSON" and self._is_family(token) and not is_opening:
            return limits.noun_surname if self._has_nouns else limits.surname
        if self._is_titled:
            return limits.titled
        if self._language is None and not self._known.is_surname(token) and is_made_noun(token.lower()):
            return limits.noun
        if is_opening and entity == "PERSON" and not self._has_nouns and self._known.is_surname(token):
            return limits.opening_surname
        if self._has_nouns:
            return limits.noun_street if entity == "ADDRESS" else limits.noun
        if entity == "PLACE":
            return limits.opening_place if is_opening else limits.place
        if is_opening:
            return limits.opening if self._language in _WELL_KNOWN else limits.unsure_opening
        return limits.street if entity == "ADDRESS" else limits.capital


def _is_near(one: Taken, other: Taken) -> bool:
    return other is not one and max(other.start - one.end, one.start - other.end) < _NEAR


def _is_titled(text: str) -> bool:
    """Say whether it is a heading or a list of dishes, where nearly every longer word has a capital."""
    words = [word for word in _LETTERS.findall(text) if len(word) > _SHORT]
    return len(words) >= _A_HEADING and sum(word[0].isupper() for word in words) > _MOST * len(words) and _LISTED.search(text) is None
