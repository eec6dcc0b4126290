"""The model server's answer on its way to the client: bytes pass as they come, whole events at a time, with the end looked at for token
counts, and with anything that the model server says about an error replaced, since it may quote the prompt.
"""

import re
from typing import Final

import orjson

from assistant_gateway.errors import CODES, RefusalError
from assistant_gateway.neighbours.upstream import Connection
from assistant_gateway.protocol.routing import Wire

NEXT_BYTE_SECONDS = 300.0
TAIL: Final = 4096
"""Bytes of an answer's end in which token counts are looked for."""
MAX_EVENT: Final = 8 * 1024 * 1024


class StreamBrokenError(Exception):
    """The model server ended its stream with an error, or sent an event without end."""


class Events:
    """Cuts a stream into whole events, so that an answer that breaks off ends between two of them."""

    __slots__ = ("_mark", "_rest", "_separator", "_silent_error", "tail")

    def __init__(self, wire: Wire) -> None:
        self._separator = wire.SEPARATOR
        self._mark = wire.ERROR_MARK
        self._silent_error = wire.SILENT_ERROR
        self._rest = b""
        self.tail = b""

    def feed(self, data: bytes) -> bytes:
        """Return the whole events of all that came so far and was not returned yet; raises StreamBrokenError at an error's event."""
        if self._rest:
            data = self._rest + data
        end = data.rfind(self._separator)
        if end < 0:
            if len(data) > MAX_EVENT:
                raise StreamBrokenError
            self._rest = data
            return b""
        end += len(self._separator)
        self._rest = data[end:]
        events = data[:end] if self._rest else data
        if self._mark in events and self._begins_with_error(events):
            raise StreamBrokenError
        self.tail = events[-TAIL:] if len(events) >= TAIL else (self.tail + events)[-TAIL:]
        return events

    def finish(self) -> bytes:
        """Return what stands after the last separator at the stream's end; raises StreamBrokenError where an error ended it."""
        rest, self._rest = self._rest, b""
        self.tail = (self.tail + rest)[-TAIL:]
        if rest.startswith(self._mark) or self._ends_in_silence():
            raise StreamBrokenError
        return rest

    def _ends_in_silence(self) -> bool:
        last = self.tail.removesuffix(self._separator).rpartition(self._separator)[2]
        return self._silent_error is not None and self._silent_error in last

    def _begins_with_error(self, events: bytes) -> bool:
        return events.startswith(self._mark) or self._separator + self._mark in events


async def whole(connection: Connection, limit: int) -> bytes:
    """Return the model server's whole answer; raises RefusalError where it is larger than any that makes sense."""
    parts: list[bytes] = []
    size = 0
    while data := await connection.read(NEXT_BYTE_SECONDS):
        parts.append(data)
        size += len(data)
        if size > limit:
            raise RefusalError("upstream_error")
    return b"".join(parts)


def is_error(document: bytes) -> bool:
    """Say whether a document that came as a success is an error after all, or ends in one."""
    return document.startswith(b'{"error"') or (b"\n" in document[:-1] and b'\n{"error"' in document)


# What the model server may say in an error and what becomes of it: its own words go no further, since they may quote the request.
_KNOWN: Final = (
    (re.compile(r"maximum pending requests exceeded"), "upstream_busy", ""),
    (
        re.compile(r"does not support (thinking|chat|generate|tools|insert|vision|audio|embeddings?|completion)\Z"),
        "unsupported_by_model",
        "",
    ),
    (
        re.compile(r"\A(the input length exceeds the context length|input (exceeds|after truncation exceeds) maximum context length.*)\Z"),
        "context_too_long",
        "",
    ),
    (re.compile(r"\Atop_logprobs must be between 0 and 20\Z"), "upstream_refused", "top_logprobs must be between 0 and 20."),
    (re.compile(r"\Ainvalid input type\Z"), "upstream_refused", "The input has the wrong type."),
    (
        re.compile(r"\Araw mode does not support template, system, or context\Z"),
        "upstream_refused",
        "raw does not go with template, system or context.",
    ),
    # Of these the model server says that it failed.
    (re.compile(r'\Aoption "[^"]*" must be of '), "upstream_refused", "One of the options has the wrong type."),
    (
        re.compile(r'\Ainvalid (?:JSON schema in format|format: .*; expected "json" or a valid JSON Schema object)\Z'),
        "upstream_refused",
        "The format is none that the model server can hold an answer to.",
    ),
    (re.compile(r"\A\[\] is too short - 'messages'\Z"), "upstream_refused", "messages must not be empty."),
)
_RETRY: Final = [(b"retry-after", b"1")]
_FEATURE: Final = {"embedding": "embeddings", "completion": "generate"}


def refused_by_model_server(status: int, body: bytes) -> RefusalError:
    """Return how an answer that is no success is told to the client."""
    said = _said(body)
    for pattern, code, message in _KNOWN:
        if found := pattern.search(said):
            if code == "unsupported_by_model":
                feature = found[1]
                message = f"The model does not support {_FEATURE.get(feature, feature)}."
            return RefusalError(code, message, headers=_RETRY if code == "upstream_busy" else [])
    if status in (400, 413, 422):
        return RefusalError("upstream_refused")
    if status == 404:
        return RefusalError("upstream_error", "The model server does not have the model.")
    if status == 503:
        return RefusalError("upstream_busy", "The model server is busy. Try again shortly.", headers=_RETRY)
    return RefusalError("upstream_error")


def _said(body: bytes) -> str:
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    said = parsed.get("error") if isinstance(parsed, dict) else None
    if isinstance(said, dict):
        said = said.get("message")
    return said if isinstance(said, str) else ""


assert all(code in CODES for _, code, _ in _KNOWN)
