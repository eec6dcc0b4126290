"""A stream's bytes cut into its events: server-sent events with any of the three line ends, or lines of JSON."""

import re
from typing import Final, Literal

Wire = Literal["openai", "ollama"]

MAX_EVENT: Final = 8 * 1024 * 1024

# A carriage return at the end of what came may be half a line end.
_BLANK_LINE: Final = re.compile(rb"(?:\r\n|\n|\r(?!\n|\Z)){2}")
_NEW_LINE: Final = re.compile(rb"\n")
LINE_END: Final = re.compile(rb"\r\n|\n|\r")


class UnreadableAnswerError(Exception):
    """What the model server sent cannot be read, so it cannot be said what is in it. It says nothing of the content."""

    def __init__(self) -> None:
        super().__init__("The answer cannot be read.")


class Cutter:
    """Returns the whole events of what came so far, each with the bytes that end it."""

    __slots__ = ("_end", "_plain_end", "_rest")

    def __init__(self, wire: Wire) -> None:
        self._end, self._plain_end = (_BLANK_LINE, b"\n\n") if wire == "openai" else (_NEW_LINE, b"\n")
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Return the events that are whole now; raises UnreadableAnswerError for one that does not end."""
        searched = max(0, len(self._rest) - 3)  # the longest end, less its last byte
        data = self._rest + data
        if b"\r" not in data:
            return self._simple(data, searched)
        events: list[bytes] = []
        start = 0
        for found in self._end.finditer(data, searched):
            events.append(data[start : found.end()])
            start = found.end()
        self._rest = data[start:]
        if len(self._rest) > MAX_EVENT:
            raise UnreadableAnswerError
        return events

    def _simple(self, data: bytes, searched: int) -> list[bytes]:
        """As `feed`, several times as fast: without a carriage return there is one way to end an event."""
        events: list[bytes] = []
        start = 0
        while (end := data.find(self._plain_end, max(start, searched))) >= 0:
            end += len(self._plain_end)
            events.append(data[start:end])
            start = end
        self._rest = data[start:]
        if len(self._rest) > MAX_EVENT:
            raise UnreadableAnswerError
        return events

    def finish(self) -> bytes:
        """Return what stands behind the last whole event."""
        rest, self._rest = self._rest, b""
        return rest
