"""Gathers a document's text, within what is asked for: as soon as there is more, the reader stops."""

import re
from typing import Final

from assistant_documents.extraction.protocol import Reason, RefusedError

_LINE_ENDS: Final = re.compile(r"\r\n?|[\x85\u2028\u2029\x0b]")
_UNSEEN: Final = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ufeff\ufffe\uffff]")
"""Control characters that no text means, NUL among them; line ends, tabs and form feeds (the ends of pages) stay."""


class Sink:
    """Text in UTF-8, up to a number of bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._pieces: list[bytes] = []
        self._is_blank = True

    def add(self, text: str) -> None:
        """Add text; raises RefusedError where it no longer fits."""
        cleaned = _UNSEEN.sub("", _LINE_ENDS.sub("\n", text))
        piece = cleaned.encode("utf-8", "replace")  # half a surrogate pair is no character
        self._size += len(piece)
        if self._size > self._limit:
            raise RefusedError(Reason.TOO_LARGE)
        self._is_blank = self._is_blank and not cleaned.strip()
        self._pieces.append(piece)

    def content(self) -> bytes:
        """Return everything; raises RefusedError where there is nothing but space."""
        if self._is_blank:
            raise RefusedError(Reason.EMPTY)
        return b"".join(self._pieces)
