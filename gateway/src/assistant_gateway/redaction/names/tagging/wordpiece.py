"""Text into the model's tokens, each knowing where in the text it stands.

The rules are those of BERT's uncased tokeniser (as the `tokenizers` package has them), of which only this part is needed: that package
would bring a client for a model hub, and with it a second HTTP stack, into the process that reads people's names.
"""

import functools
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_MAX_WORD: Final = 100
_CHUNK: Final = re.compile(r"[^\s!-/:-@\[-`{-~]+|[!-/:-@\[-`{-~]")
_CHINESE: Final = re.compile(
    "[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002a6df\U0002a700-\U0002ceaf\U0002f800-\U0002fa1f]"  # what BERT takes one by one
)


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the text: where it stands (str offsets, half-open) and its first token's place and their number in Tokens.ids."""

    start: int
    end: int
    first: int
    count: int


@dataclass(frozen=True, slots=True, repr=False)
class Tokens:
    """Token ids without the markers at the ends, and the words that they belong to."""

    ids: list[int]
    words: list[Word]


class WordPiece:
    """A vocabulary, one token a line, the line's number being its id."""

    def __init__(self, vocabulary: Path) -> None:
        lines = vocabulary.read_text(encoding="utf-8").splitlines()
        self._whole = {token: number for number, token in enumerate(lines) if not token.startswith("##")}
        self._rest = {token[2:]: number for number, token in enumerate(lines) if token.startswith("##")}
        self._longest = max(map(len, lines))
        self._unknown = self._whole["[UNK]"]
        self.begin = self._whole["[CLS]"]
        self.finish = self._whole["[SEP]"]

    def encode(self, text: str) -> Tokens:
        """Return the tokens of a text."""
        ids: list[int] = []
        words: list[Word] = []
        for start, end in _words(text):
            first = len(ids)
            self._split(_normal(text[start:end]), ids)
            if len(ids) > first:
                words.append(Word(start, end, first, len(ids) - first))
        return Tokens(ids, words)

    def _split(self, word: str, ids: list[int]) -> None:
        """Append a word's tokens: the longest beginning that is known, then the longest of the rest, ...; all or the unknown one."""
        known = self._whole.get(word)
        if known is not None:
            ids.append(known)
            return
        if not word:
            return
        before, start, table = len(ids), 0, self._whole
        while start < len(word) <= _MAX_WORD:
            for end in range(min(len(word), start + self._longest), start, -1):
                if (number := table.get(word[start:end])) is not None:
                    ids.append(number)
                    start, table = end, self._rest
                    break
            else:
                break
        if start < len(word):
            del ids[before:]
            ids.append(self._unknown)


def _words(text: str) -> Iterator[tuple[int, int]]:
    """Yield words and marks: what stands between spaces, cut at punctuation of any script and at Chinese characters."""
    for match in _CHUNK.finditer(text):
        start, end = match.span()
        if match[0].isascii():
            yield start, end
            continue
        for place in range(start, end):
            if _stands_alone(text[place]):
                if start < place:
                    yield start, place
                yield place, place + 1
                start = place + 1
        if start < end:
            yield start, end


@functools.lru_cache(4096)
def _stands_alone(character: str) -> bool:
    return unicodedata.category(character)[0] == "P" or _CHINESE.match(character) is not None


def _normal(word: str) -> str:
    if word.isascii() and word.isprintable():
        return word.lower()
    return "".join(map(_normal_character, word))


@functools.lru_cache(4096)
def _normal_character(character: str) -> str:
    """Return a character without its accents, small; nothing for what is invisible."""
    if unicodedata.category(character) in ("Cc", "Cf", "Co") or character == "\ufffd":
        return ""
    return "".join(part for part in unicodedata.normalize("NFD", character) if unicodedata.category(part) != "Mn").lower()
