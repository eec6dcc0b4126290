"""Texts that were looked through before: a conversation brings all of its turns again with each request, a system prompt comes with all."""

from collections.abc import Sequence
from threading import Lock
from typing import Final, Protocol

from assistant_gateway.redaction.detection.found import FoundCache
from assistant_gateway.redaction.entities import Span

SHORTEST: Final = 200
"""Characters of a text that is remembered: shorter ones are searched as fast."""
MOST_TEXTS: Final = 1_024
MOST_SPANS: Final = 100
"""Values in one text that is remembered: with MOST_TEXTS the bound of the memory, some 15 MB."""


class Finder(Protocol):
    """What knows values when it sees them (rules.py)."""

    def find(self, text: str) -> Sequence[Span]:
        """Return what is in the text: sorted, without overlaps."""
        ...


class Remembered:
    """Finds what is in a text, and knows it again: offsets and types under a keyed hash, never the text."""

    __slots__ = ("_cache", "_lock", "_rules")

    def __init__(self, rules: Finder) -> None:
        self._rules = rules
        self._cache = FoundCache(MOST_TEXTS)
        self._lock = Lock()  # large texts are looked through in threads

    def find(self, text: str) -> Sequence[Span]:
        """Return what is in the text."""
        if len(text) < SHORTEST:
            return self._rules.find(text)
        name = self._cache.name(text, None)
        with self._lock:
            known = self._cache.get(name)
        if known is not None:
            return known
        found = tuple(self._rules.find(text))
        if len(found) <= MOST_SPANS:
            with self._lock:
                self._cache.put(name, found)
        return found
