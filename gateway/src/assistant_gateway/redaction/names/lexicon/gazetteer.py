"""Names that are known: given names, surnames, places. They speak for a word beside the model; places are also found by themselves.

The lists are made with the model's folder (images/gateway/names/signs/tables.py), so that nothing is read from a package at run time.
"""

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from assistant_gateway.redaction.entities import Span
from assistant_gateway.redaction.names.lexicon.languages import SMALL_WORDS
from assistant_gateway.redaction.names.lexicon.regions import REGIONS
from assistant_gateway.redaction.names.lexicon.words import NOT_NAMES

_WORD: Final = re.compile(r"[^\W\d_]+(?:[.'’-][^\W\d_]+)*\.?")
# Not the small words of the other languages: "indien" is Dutch for "if".
_WORDS: Final = NOT_NAMES.union(*(SMALL_WORDS[language] for language in ("en", "de", "fr", "es")))
_SHORT: Final = 4
"""Letters: what is written in capitals and no longer is an abbreviation, or a word that somebody shouts."""
_START: Final = re.compile(r"(?<![\w@#/\\.$-])[^\W\d_]")


class Gazetteer:
    """The lists of one folder."""

    def __init__(self, folder: Path) -> None:
        self._given = frozenset(_lines(folder / "given.txt"))
        self._surnames = frozenset(_lines(folder / "surnames.txt"))
        # A place's first word, and the words that may follow it.
        self._places: dict[str, list[str]] = {}
        for place in dict.fromkeys([*_lines(folder / "places.txt"), *REGIONS]):
            if place.lower() in _WORDS and not place.isupper():
                continue  # "Réunion" is a meeting more often than the island, and "Dabei" no village in Hubei
            first = _WORD.match(place)
            self._places.setdefault(first[0].rstrip(".") if first else place, []).append(place)
        # As they are written in haste; only those of one word.
        self._towns = frozenset(folded(place) for place in self._places if place.isalpha())
        for longest_first in self._places.values():
            longest_first.sort(key=len, reverse=True)

    def is_given(self, word: str) -> bool:
        """Say whether anybody is called so."""
        return folded(word) in self._given

    def is_surname(self, word: str) -> bool:
        """Say whether a family is called so."""
        return folded(word) in self._surnames

    def is_town(self, word: str) -> bool:
        """Say whether a place's name is this word, however it is written, or begins with it."""
        return folded(word) in self._towns

    def places(self, text: str) -> Iterator[Span]:
        """Yield the known places that the text names in full, written as they are written."""
        end = 0
        for match in _START.finditer(text):
            start = match.start()
            if start < end or not text[start].isupper():
                continue
            word = _WORD.match(text, start)
            if word is None:
                continue
            for place in self._candidates(word[0]) or self._shouted(word[0]):
                if text.startswith(place, start) and not _goes_on(text, start + len(place)):
                    end = start + len(place)
                    yield Span(start, end, "PLACE")
                    break

    def _shouted(self, word: str) -> list[str]:
        """Return the candidates for a word in capitals: a headline's, a form's or a table's."""
        candidates = self._candidates(word.title()) if word.isupper() else []
        return [place.upper() for place in candidates if len(place) > _SHORT]

    def _candidates(self, word: str) -> list[str]:
        plain = word.rstrip(".")
        return self._places.get(plain) or self._places.get(re.split(r"['’]", plain)[0], [])


def folded(word: str) -> str:
    """Return a word small and without accents, as the lists of people are written."""
    if word.isascii():
        return word.lower()
    return "".join(sign for sign in unicodedata.normalize("NFD", word.lower()) if not unicodedata.combining(sign))


def _goes_on(text: str, place: int) -> bool:
    return place < len(text) and (text[place].isalnum() or text[place] in "_-@")


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines()
