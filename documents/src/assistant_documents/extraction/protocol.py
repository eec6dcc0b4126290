"""What the gateway and the sidecar say to each other over the unix socket, and the nursery's children to the sidecar.

Request: one JSON line `{"mediaType", "name", "size", "maxText", "seconds"}` and `size` bytes. Answer: `{"ok": true, "mediaType", "size"}`
and `size` bytes of UTF-8, or `{"ok": false, "reason"}`. One request a connection. `maxText` counts bytes of UTF-8; a text that is longer is
refused rather than cut, since half a document that looks like a whole one is the worse answer.
"""

import json
import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

MAX_LINE: Final = 64 << 10


class Reason(StrEnum):
    """Why there is no text."""

    UNSUPPORTED = "Unsupported"
    ENCRYPTED = "Encrypted"
    BROKEN = "Broken"
    TOO_LARGE = "TooLarge"
    TOO_SLOW = "TooSlow"
    OUT_OF_MEMORY = "OutOfMemory"
    EMPTY = "Empty"
    BUSY = "Busy"
    """Nothing is wrong with the document: try again."""


class MediaType(StrEnum):
    """What can be read."""

    TEXT = "text/plain"
    MARKDOWN = "text/markdown"
    HTML = "text/html"
    PDF = "application/pdf"
    DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


class RefusedError(Exception):
    """The document gives no text."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class InvalidMessageError(Exception):
    """The other side does not keep the protocol."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked about the bytes that follow."""

    media_type: str | None
    name: str | None
    size: int
    max_text: int
    seconds: float

    @classmethod
    def parse(cls, line: bytes) -> "Request":
        """Return what the line says; raises InvalidMessageError."""
        fields = _object(line)
        if set(fields) != {"mediaType", "name", "size", "maxText", "seconds"}:
            raise InvalidMessageError
        media_type, name = (_optional_text(fields[key]) for key in ("mediaType", "name"))
        return cls(media_type, name, _count(fields["size"]), _count(fields["maxText"]), _seconds(fields["seconds"]))

    def to_line(self) -> bytes:
        """Return the request's line."""
        fields = {"mediaType": self.media_type, "name": self.name, "size": self.size, "maxText": self.max_text, "seconds": self.seconds}
        return json.dumps(fields).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class Text:
    """What a document says, and what kind of document it turned out to be."""

    media_type: MediaType
    content: bytes

    def to_bytes(self) -> bytes:
        """Return the whole answer."""
        return json.dumps({"ok": True, "mediaType": self.media_type.value, "size": len(self.content)}).encode() + b"\n" + self.content


@dataclass(frozen=True, slots=True)
class Refused:
    """Why there is no text."""

    reason: Reason

    def to_bytes(self) -> bytes:
        """Return the whole answer."""
        return json.dumps({"ok": False, "reason": self.reason.value}).encode() + b"\n"


Answer = Text | Refused


def parse_answer(data: bytes, max_text: int) -> Answer:
    """Return a whole answer, every part of it checked: it may come from a child that a document has taken over."""
    line, separator, content = data[:MAX_LINE].partition(b"\n")
    fields = _object(line)
    if not separator or fields.get("ok") not in (True, False):
        raise InvalidMessageError
    try:
        if not fields["ok"]:
            return Refused(Reason(fields["reason"]))
        content = data[len(line) + 1 :]
        if len(content) > max_text or fields["size"] != len(content):
            raise InvalidMessageError
        content.decode()
        return Text(MediaType(fields["mediaType"]), content)
    except (KeyError, ValueError):
        raise InvalidMessageError from None


def _object(line: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        raise InvalidMessageError from None
    if not isinstance(fields, dict):
        raise InvalidMessageError
    return fields


def _optional_text(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise InvalidMessageError
    return value


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 40:
        raise InvalidMessageError
    return value


def _seconds(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value) or value <= 0:
        raise InvalidMessageError
    return float(value)
