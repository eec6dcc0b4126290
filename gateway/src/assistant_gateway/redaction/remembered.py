"""Texts that were looked through before: a conversation brings all of its turns again with each request, a system prompt comes with all."""

from collections.abc import Sequence
from threading import Lock
from typing import Final

from assistant_gateway.redaction.entities import Span
from assistant_gateway.redaction.masking import Find
from assistant_gateway.redaction.names.cache import FoundCache

SHORTEST: Final = 200
"""Characters of a text that is remembered: shorter ones are searched as fast. What the self-check makes up is shorter."""
MOST_TEXTS: Final = 1_024
MOST_SPANS: Final = 100
"""Values in one text that is remembered: with MOST_TEXTS the bound of the memory, some 15 MB."""


class Remembered:
    """Finds what is in a text, and knows it again: offsets and types under a keyed hash, never the text."""

    __slots__ = ("_cache", "_find", "_lock")

    def __init__(self, find: Find) -> None:
        self._find = find
        self._cache = FoundCache(MOST_TEXTS)
        self._lock = Lock()  # large texts are looked through in threads

    def find(self, text: str) -> Sequence[Span]:
        """Return what is in the text."""
        if len(text) < SHORTEST:
            return self._find(text)
        name = self._cache.name(text, None)
        with self._lock:
            known = self._cache.get(name)
        if known is not None:
            return known
        found = tuple(self._find(text))
        if len(found) <= MOST_SPANS:
            with self._lock:
                self._cache.put(name, found)
        return found
