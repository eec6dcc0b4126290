"""The client of the `documents` sidecar, which turns a file into text where a hostile file can harm nothing.

One connection for each file: a line of JSON and the file's bytes, answered by a line of JSON and the text.
"""

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from assistant_gateway.errors import RefusalError

MAX_TEXT: Final = 8 * 1024 * 1024
"""Bytes of text that one document may have; its pieces and vectors are in memory until they are stored together."""
SECONDS: Final = 60.0
"""Longest time that one file may take to parse."""
GRACE_SECONDS: Final = 15.0
BUSY_TRIES: Final = 20
BUSY_SECONDS = 0.5
LOSSES: Final = 2
"""Times that the reader may fail on a file before the file is to blame; once may have been its own end."""
MAX_LINE: Final = 4096
BYTE_ORDER_MARK: Final = "\ufeff"

_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0d-\x1f\x7f]")

# Why a file has no text, as the sidecar names it, and what becomes of it.
_REFUSALS: Final = {
    "Unsupported": ("unsupported_document", ""),
    "Encrypted": ("document_unreadable", "The document is encrypted."),
    "Broken": ("document_unreadable", "The document is damaged, or is not what its name says."),
    "TooLarge": ("document_too_large", ""),
    "TooSlow": ("document_unreadable", "The document takes too long to read."),
    "OutOfMemory": ("document_too_large", "The document takes too much memory to read."),
    "Empty": ("document_unreadable", "The document holds no text."),
}
LOST: Final = "Lost"
REASON_HEADER: Final = b"x-assistant-reason"


def failed() -> RefusalError:
    """Return the refusal of a file on which the reader itself failed."""
    return RefusalError("document_unreadable", "The document's reader failed on it.", param="file", headers=[(REASON_HEADER, b"Broken")])


@dataclass(frozen=True, slots=True)
class Extracted:
    """A file's text, pages divided by form feeds."""

    media_type: str
    text: str


class Extractor:
    """The sidecar behind its socket."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    async def text(self, data: bytes, name: str | None, media_type: str | None) -> Extracted:
        """Return a file's text; raises RefusalError."""
        head = {"mediaType": media_type, "name": name, "size": len(data), "maxText": MAX_TEXT, "seconds": SECONDS}
        lost = 0
        for _ in range(BUSY_TRIES):
            said, text = await self._tried(orjson.dumps(head) + b"\n", data)
            if said.get("reason") == LOST:
                lost += 1
                if lost == LOSSES:
                    raise failed()
            elif said.get("reason") != "Busy":
                return _extracted(said, text)
            await asyncio.sleep(BUSY_SECONDS)
        raise RefusalError("upstream_busy", "The documents' reader is busy or starting. Try again.", headers=[(b"retry-after", b"2")])

    async def _tried(self, head: bytes, data: bytes) -> tuple[dict[str, Any], bytes]:
        """Return the reader's answer; one that cannot be reached (it starts anew) is as busy: no file may be blamed for that."""
        try:
            reader, writer = await asyncio.open_unix_connection(self._socket, limit=MAX_LINE)
        except OSError:
            return {"reason": "Busy"}, b""
        try:
            async with asyncio.timeout(SECONDS + GRACE_SECONDS):
                return await self._ask(reader, writer, head, data)
        except (OSError, TimeoutError, EOFError, ValueError):
            return {"reason": LOST}, b""

    async def _ask(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes, data: bytes
    ) -> tuple[dict[str, Any], bytes]:
        try:
            writer.write(head)
            writer.write(data)
            sending = asyncio.ensure_future(writer.drain())  # it may answer before it has read all, and then never reads it
            try:
                said = orjson.loads(await reader.readline())
                return said, await reader.readexactly(_size(said))
            finally:
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)
        finally:
            writer.transport.abort()


def _size(said: Any) -> int:
    """Return how many bytes of text follow; raises ValueError where the line is not one of the protocol's."""
    size = said.get("size", 0) if isinstance(said, dict) else None
    if type(size) is not int or not 0 <= size <= MAX_TEXT:
        raise ValueError
    return size


def _extracted(said: dict[str, Any], text: bytes) -> Extracted:
    media_type = said.get("mediaType")
    if said.get("ok") is True and isinstance(media_type, str):
        try:
            return Extracted(media_type, clean(text.decode()))
        except UnicodeDecodeError:
            raise failed() from None
    reason = str(said.get("reason"))
    if reason not in _REFUSALS:
        raise failed()
    code, message = _REFUSALS[reason]
    # Ingest Jobs count by it: one code stands for several reasons.
    raise RefusalError(code, message, param="file", headers=[(REASON_HEADER, reason.encode())])


def clean(text: str) -> str:
    """Return the text without the characters that are no text: control characters but tab, line feed and form feed."""
    return _CONTROLS.sub(" ", text.replace("\r\n", "\n").replace(BYTE_ORDER_MARK, ""))
