"""What was found in pieces of text that were seen before: offsets and types under a keyed hash, never the text."""

import hashlib
import secrets
from collections import OrderedDict
from typing import Final

from assistant_gateway.redaction.entities import Span

_DIGEST: Final = 16


class FoundCache:
    """The latest pieces' spans (offsets into the piece); the oldest make room. Its key is made with it and dies with it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._key = secrets.token_bytes(32)
        self._found: OrderedDict[bytes, tuple[Span, ...]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._found)

    def name(self, text: str, language: str | None) -> bytes:
        """Return what a piece of a text in that language is known under."""
        data = (language or "").encode() + b"\0" + text.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(data, digest_size=_DIGEST, key=self._key).digest()

    def get(self, name: bytes) -> tuple[Span, ...] | None:
        """Return what was found in that piece, if it is known."""
        spans = self._found.get(name)
        if spans is not None:
            self._found.move_to_end(name)
        return spans

    def put(self, name: bytes, spans: tuple[Span, ...]) -> None:
        """Keep what was found in that piece."""
        self._found[name] = spans
        if len(self._found) > self._most:
            self._found.popitem(last=False)
