"""The first message in a tunnel: TLS's ClientHello, of which the name that it asks the server for matters (RFC 8446 and 6066). No I/O.

A name that is absent or encrypted is refused, and so is all that is not a ClientHello: only a name that can be read can be compared.
A second hello, which a server may ask for (HelloRetryRequest), is not looked at; nor is anything else once the first one has passed.
"""

from collections.abc import Iterator
from typing import Final

from assistant_egress.proxy.refusals import RefusedError

MAX_BYTES: Final = 16_384
"""Of the message."""
MAX_RECEIVED: Final = MAX_BYTES + 4096
"""Of the message, the headers of its records, and what came with its end."""

_HANDSHAKE: Final = 22
_CLIENT_HELLO: Final = 1
_MAX_FRAGMENT: Final = 1 << 14
_SERVER_NAME: Final = 0
_HOST_NAME: Final = 0
# Encrypted ClientHello as registered, its drafts 8 to 12, and what came before it: encrypted_server_name, drafts 1 to 6.
_ENCRYPTED: Final = frozenset({0xFE0D, 0xFF02, 0xFF03, 0xFE08, 0xFE09, 0xFE0A, 0xFE0B, 0xFE0C, 0xFFCE})


class Hello:
    """Puts the message together from what arrives, over as many records as it takes."""

    def __init__(self) -> None:
        self.received = bytearray()
        """All that came, to be sent on as it is."""
        self._message = bytearray()
        self._next_record = 0

    def feed(self, data: bytes) -> str | None:
        """Return the server's name, in lower case, once the message is whole; raises RefusedError as soon as it cannot become one."""
        self.received += data
        while (fragment := self._fragment()) is not None:
            self._message += fragment
            if self._message[0] != _CLIENT_HELLO:
                raise RefusedError("NotTls")
            if len(self._message) < 4:
                continue
            length = int.from_bytes(self._message[1:4], "big")
            # A message ends with a record: whatever else the record held, two readers could disagree about.
            if length > MAX_BYTES or len(self._message) > 4 + length:
                raise RefusedError("NotTls")
            if len(self._message) == 4 + length:
                return _server_name(bytes(self._message[4:]))
        if len(self.received) >= MAX_RECEIVED:
            raise RefusedError("NotTls")
        return None

    def _fragment(self) -> bytes | None:
        """Return what the next record holds, if that is whole."""
        start = self._next_record
        header = self.received[start : start + 5]
        if (header[:1] or b"\x16")[0] != _HANDSHAKE or (header[1:2] or b"\x03")[0] != 3:
            raise RefusedError("NotTls")
        if len(header) < 5:
            return None
        length = int.from_bytes(header[3:], "big")
        if not 1 <= length <= _MAX_FRAGMENT:
            raise RefusedError("NotTls")
        if len(self.received) < start + 5 + length:
            return None
        self._next_record = start + 5 + length
        return bytes(self.received[start + 5 : self._next_record])


class _Fields:
    """Reads what TLS writes: numbers, and vectors with their length before them. What is cut short raises RefusedError."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def take(self, length: int) -> bytes:
        if self._at + length > len(self._data):
            raise RefusedError("NotTls")
        self._at += length
        return self._data[self._at - length : self._at]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def vector(self, size: int) -> bytes:
        """Return a vector whose length has `size` bytes."""
        return self.take(self.number(size))


def _server_name(message: bytes) -> str:
    fields = _Fields(message)
    fields.take(2 + 32)  # legacy_version, random
    session, suites, methods = fields.vector(1), fields.vector(2), fields.vector(1)
    if len(session) > 32 or not suites or len(suites) % 2 or not methods:
        raise RefusedError("NotTls")
    if not fields:  # TLS 1.2 knows a hello without extensions
        raise RefusedError("NoServerName")
    extensions = list(_extensions(fields.vector(2)))
    if fields or len(dict(extensions)) < len(extensions):
        raise RefusedError("NotTls")
    if any(kind in _ENCRYPTED for kind, _ in extensions):
        raise RefusedError("EncryptedServerName")
    if _SERVER_NAME not in dict(extensions):
        raise RefusedError("NoServerName")
    return _only_name(dict(extensions)[_SERVER_NAME])


def _extensions(data: bytes) -> Iterator[tuple[int, bytes]]:
    fields = _Fields(data)
    while fields:
        yield fields.number(2), fields.vector(2)


def _only_name(extension: bytes) -> str:
    outer = _Fields(extension)
    entries = _Fields(outer.vector(2))
    if outer:
        raise RefusedError("NotTls")
    if not entries:
        raise RefusedError("NoServerName")
    kind, name = entries.number(1), entries.vector(2)
    if entries:  # a second name, which a server might prefer
        raise RefusedError("ServerNameMismatch")
    if kind != _HOST_NAME or not name:
        raise RefusedError("NoServerName")
    return name.decode("latin-1").lower()  # what is not ASCII equals no name that is allowed
