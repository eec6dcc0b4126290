"""Words of a text as keyed lexemes: the full-text index never sees a word.

A vector of terms has no positions. They would tell whoever reads the store which words stand side by side, and with it what language and
phrases the tokens are; all that they would win is a finer rank among pieces of a few hundred characters.
"""

import base64
import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from assistant_gateway.sealing.keys import IndexKey

MIN_LETTERS: Final = 2
MAX_LETTERS: Final = 64
LEXEME_BYTES: Final = 6
"""Of the key's eight: 48 bits keep a vocabulary of a million words apart, and the index small."""

_WORD: Final = re.compile(r"\w+")
_SCRIPTIO_CONTINUA: Final = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003134f]+"
)
"""Scripts that are written without spaces (Thai, Lao, Burmese, Khmer, Japanese, Chinese): pairs of letters stand for words."""


def words(text: str) -> list[str]:
    """Return the text's distinct words, in the order in which they first appear."""
    found: dict[str, None] = {}
    for word in _WORD.findall(unicodedata.normalize("NFKC", text).casefold()):
        rest = word
        if _SCRIPTIO_CONTINUA.search(word):
            rest = _SCRIPTIO_CONTINUA.sub(" ", word)
            for run in _SCRIPTIO_CONTINUA.findall(word):
                found.update(dict.fromkeys(run[place : place + 2] for place in range(len(run) - 1)))
        found.update(dict.fromkeys(part for part in rest.split() if MIN_LETTERS <= len(part) <= MAX_LETTERS))
    return list(found)


class Lexemes:
    """Makes lexemes, and remembers those of the words that come again and again."""

    def __init__(self, index: IndexKey) -> None:
        self._of = lru_cache(maxsize=50_000)(lambda word: _short(index.lexeme(word)))

    def of(self, text: str) -> list[str]:
        """Return the lexemes of the text's distinct words."""
        return [self._of(word) for word in words(text)]

    def vector(self, text: str) -> str:
        """Return the text's terms as a tsvector's text."""
        return " ".join(f"'{lexeme}'" for lexeme in self.of(text))


def query(lexemes: Iterable[str]) -> str:
    """Return a tsquery's text: any of them."""
    return " | ".join(f"'{lexeme}'" for lexeme in lexemes)


def _short(lexeme: str) -> str:
    return base64.urlsafe_b64encode(bytes.fromhex(lexeme)[:LEXEME_BYTES]).decode("ascii")
