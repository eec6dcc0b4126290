"""As much of HTTP/1.1 as one request and one answer need: no I/O, nothing optional.

A connection carries one request. What it holds beyond the request is not looked at, and the answer always closes.
"""

import functools
import re
from dataclasses import dataclass
from typing import Final

from assistant_egress.protocol import MAX_BYTES

MAX_HEAD_BYTES: Final = 8192
JSON: Final = "application/json"

_TOKEN: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_TARGET: Final = re.compile(rb"/[!-~]*")
_VALUE: Final = re.compile(rb"[\t -~\x80-\xff]*")  # neither NUL nor a bare CR or LF
_LENGTH: Final = re.compile(rb"[0-9]{1,18}")
_REASONS: Final = {200: "OK", 400: "Bad Request", 404: "Not Found", 413: "Content Too Large", 503: "Service Unavailable"}


class RefusedError(Exception):
    """A request that is answered with an error; `status` is 400 or 413."""

    def __init__(self, status: int) -> None:
        super().__init__(_REASONS[status])
        self.status = status


@dataclass(frozen=True, slots=True)
class Request:
    """A whole request."""

    method: str
    target: str
    body: bytes


class Reader:
    """Puts one request together from what arrives; never holds more than one of the largest kind, and what came with its end."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._head: tuple[str, str] | None = None
        self._length = 0

    def feed(self, data: bytes) -> Request | None:
        """Return the request once it is whole; raises RefusedError as soon as it cannot become one."""
        self._received += data
        if self._head is None:
            end = self._received.find(b"\r\n\r\n", 0, MAX_HEAD_BYTES)
            if end < 0:
                if len(self._received) >= MAX_HEAD_BYTES:
                    raise RefusedError(413)
                return None
            self._head, self._length = _head(bytes(self._received[:end]))
            del self._received[: end + 4]
        if len(self._received) < self._length:
            return None
        return Request(*self._head, bytes(self._received[: self._length]))


@functools.lru_cache(maxsize=4)  # who asks here asks in the same words each time: the operator, the gateway, the kubelet
def _head(head: bytes) -> tuple[tuple[str, str], int]:
    """Return method, target and the body's length."""
    first, *lines = head.split(b"\r\n")
    parts = first.split(b" ")
    if len(parts) != 3 or parts[2] not in (b"HTTP/1.1", b"HTTP/1.0"):
        raise RefusedError(400)
    method, target, _ = parts
    if not _TOKEN.fullmatch(method) or not _TARGET.fullmatch(target):
        raise RefusedError(400)
    return (method.decode(), target.decode()), _length([_field(line) for line in lines])


def _field(line: bytes) -> tuple[bytes, bytes]:
    name, colon, value = line.partition(b":")
    if not colon or not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value):
        raise RefusedError(400)
    return name.lower(), value.strip(b" \t")


def _length(fields: list[tuple[bytes, bytes]]) -> int:
    if any(name == b"transfer-encoding" for name, _ in fields):
        raise RefusedError(400)
    lengths = [value for name, value in fields if name == b"content-length"]
    if not lengths:
        return 0
    if len(lengths) > 1 or not _LENGTH.fullmatch(lengths[0]):
        raise RefusedError(400)
    if (length := int(lengths[0])) > MAX_BYTES:
        raise RefusedError(413)
    return length


def answer(status: int, body: bytes = b"", kind: str = JSON) -> bytes:
    """Return a whole answer; `kind` is the body's media type."""
    field = f"Content-Type: {kind}\r\n" if body else ""
    return f"HTTP/1.1 {status} {_REASONS[status]}\r\n{field}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body
