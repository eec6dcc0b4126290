"""Stand-ins for values: `Xk3-EMAIL-1` for an address, the same one for the same address as long as the conversation lasts.

The format is the one that small models copied best. Its prefix is drawn per conversation and stands nowhere in the conversation's text, so
whatever looks like a token in an answer is one; restoring.py reads them back, also where a model changed them.
The mapping is personal data through and through: it lives in memory, and leaves it by `dump` only, for the caller to seal.
"""

import re
import secrets
import unicodedata
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, Final, Self

import orjson
import rurex

from assistant_gateway.redaction.entities import label

MOST: Final = 20_000
"""Values of one conversation; also the bound of what a conversation costs in memory, with the next."""
MOST_CHARACTERS: Final = 8 * 1024 * 1024

# First letters that are rare in text: a stream is held back less often. No l, o, i, 0, 1: models mix them up.
_FIRST: Final = "JQXZ"
_NEXT: Final = "abcdefghjkmnpqrstuvwxyz"
_DIGITS: Final = "23456789"
_TRIES: Final = 64
_VERSION: Final = 1

# One word each where the type's name is two or is spelt in two ways: fewer places for a model to change something.
_SHORT: Final = {
    "NATIONAL_ID": "ID",
    "IP_ADDRESS": "IP",
    "MAC_ADDRESS": "MAC",
    "URL_CREDENTIALS": "LOGIN",
    "DATE_OF_BIRTH": "BIRTHDATE",
    "API_KEY": "KEY",
    "PRIVATE_KEY": "PRIVATEKEY",
    "ORGANISATION": "COMPANY",
}
FOLD_TO_ASCII: Final[Any] = rurex.compile("ß|İ|ŉ|ſ|ǰ|ẖ|ẗ|ẘ|ẙ|ẚ|ẞ|\u212a|ﬀ|ﬁ|ﬂ|ﬃ|ﬄ|ﬅ|ﬆ".encode())
"""The letters beyond ASCII whose casefold() has ASCII letters in it, in UTF-8."""
_NO_LETTERS: Final = re.compile(r"[^A-Z]+")

_CASELESS: Final = frozenset({"EMAIL", "PERSON", "PLACE", "ORGANISATION", "ADDRESS", "IP_ADDRESS"})
_NUMBERS: Final = frozenset({"PHONE", "CARD"})
_CODES: Final = frozenset({"IBAN", "NATIONAL_ID", "MAC_ADDRESS"})


class PseudonymsFullError(Exception):
    """A conversation holds more different values than are kept; it says nothing of them."""

    def __init__(self) -> None:
        super().__init__("The conversation holds more different values than pseudonyms are kept for.")


@cache
def word(entity: str) -> str:
    """Return how an entity is called in tokens: capitals and single hyphens, no digit."""
    shown = label(entity)
    return _SHORT.get(shown) or _NO_LETTERS.sub("-", shown).strip("-") or "CUSTOM"


def prefix_for(texts: Iterable[bytes], choice: Callable[[str], str] = secrets.choice) -> str:
    """Return a prefix that occurs in none of the texts (UTF-8), in whatever case. JSON as orjson writes it serves for the texts in it.

    `choice` draws one of the letters that it is given.
    """
    known = [_caseless(text) for text in texts]
    length = 1
    while True:
        for _ in range(_TRIES):
            drawn = choice(_FIRST) + "".join(choice(_NEXT) for _ in range(length)) + choice(_DIGITS)
            if not any(drawn.lower().encode() in text for text in known):
                return drawn
        length += 1  # somebody wrote them all down


def _caseless(text: bytes) -> bytes:
    """Return a text in which a prefix is found if casefold() makes one of it: most of its letters cost bytes.lower() only."""
    return text.decode().casefold().encode() if FOLD_TO_ASCII.is_match(text) else text.lower()


class Pseudonyms:
    """The tokens of one conversation, or of one request.

    Values count as the same where they differ in what their type does not care about: case in addresses, spacing in numbers. The token is
    restored to the spelling that came first.
    """

    __slots__ = ("_characters", "_counts", "_numbers", "_values", "prefix")

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self._numbers: dict[tuple[str, str], int] = {}  # (entity, value in its normal form) -> number
        self._values: dict[tuple[str, int], tuple[str, str]] = {}  # (word, number) -> (entity, value as it was written)
        self._counts: dict[str, int] = {}
        self._characters = 0

    def __repr__(self) -> str:
        return f"Pseudonyms({len(self)} values)"

    def __len__(self) -> int:
        return len(self._values)

    @property
    def words(self) -> frozenset[str]:
        """The words of the tokens given so far."""
        return frozenset(self._counts)

    def token(self, entity: str, value: str) -> str:
        """Return the value's token; raises PseudonymsFullError where a new one would be one too many."""
        named = word(entity)
        normal = _normal(entity, value)
        number = self._numbers.get((entity, normal))
        if number is None:
            number = self._counts.get(named, 0) + 1
            self._put(named, number, entity, value, normal)
        return f"{self.prefix}-{named}-{number}"

    def value(self, named: str, number: int) -> str | None:
        """Return what the token with this word and number stands for; None if it was never given."""
        known = self._values.get((named, number))
        return None if known is None else known[1]

    def fits(self, texts: Iterable[str]) -> bool:
        """Say whether the prefix is in none of these texts either: a conversation that goes on has new ones."""
        folded = self.prefix.casefold()
        return not any(folded in text.casefold() for text in texts)

    def renamed(self, prefix: str) -> "Pseudonyms":
        """Return the same tokens under another prefix."""
        copy = Pseudonyms(prefix)
        for (named, number), (entity, value) in self._values.items():
            copy._put(named, number, entity, value, _normal(entity, value))
        return copy

    def dump(self) -> bytes:
        """Return everything as bytes. They hold the values in clear: seal them."""
        entries = [
            [named, number, entity, value.encode("utf-8", "surrogatepass").hex()]  # a lone surrogate is no JSON
            for (named, number), (entity, value) in self._values.items()
        ]
        return orjson.dumps([_VERSION, self.prefix, entries])

    @classmethod
    def load(cls, dumped: bytes) -> Self:
        """Return what `dump` gave; raises ValueError, without a word of the content, for anything else."""
        try:
            return cls._loaded(*orjson.loads(dumped))
        except (ValueError, TypeError, PseudonymsFullError):
            raise ValueError("These are no pseudonyms.") from None

    @classmethod
    def _loaded(cls, version: int, prefix: str, entries: list[tuple[str, int, str, str]]) -> Self:
        if version != _VERSION or not _PREFIX.fullmatch(prefix):
            raise ValueError
        loaded = cls(prefix)
        for named, number, entity, value in entries:
            if type(number) is not int or number < 1 or type(entity) is not str or not _WORD.fullmatch(named):
                raise ValueError
            written = bytes.fromhex(value).decode("utf-8", "surrogatepass")
            loaded._put(named, number, entity, written, _normal(entity, written))
        return loaded

    def _put(self, named: str, number: int, entity: str, value: str, normal: str) -> None:
        self._characters += len(value)
        if len(self._values) >= MOST or self._characters > MOST_CHARACTERS:
            raise PseudonymsFullError
        self._counts[named] = max(number, self._counts.get(named, 0))
        self._numbers.setdefault((entity, normal), number)
        self._values[named, number] = (entity, value)


_PREFIX: Final = re.compile(f"[{_FIRST}][{_NEXT}]+[{_DIGITS}]")
_WORD: Final = re.compile(r"[A-Z]+(?:-[A-Z]+)*")


def _normal(entity: str, value: str) -> str:
    """Return what all spellings of one value have in common.

    Confusables stay apart: an address with a Cyrillic letter in it is another address, and must not be restored as the Latin one.
    """
    if not value.isascii():
        value = "".join(letter for letter in unicodedata.normalize("NFKC", value) if unicodedata.category(letter) != "Cf")
    if entity in _CASELESS:
        return " ".join(value.casefold().split())
    if entity in _NUMBERS:
        digits = "".join(filter(str.isdecimal, value))
        return "+" + digits.removeprefix("00") if value.lstrip("( ").startswith(("+", "00")) else digits
    if entity in _CODES:
        return "".join(filter(str.isalnum, value)).casefold()
    return value
