"""The request that opens a tunnel: `CONNECT name:port HTTP/1.1`, read more narrowly than any standard asks for. No I/O.

HTTP/1.0 is taken as well, and answered in the same way: Python's http.client said so up to 3.11, and whatever is built on it does.

What two readers could understand in two ways is refused: bare line feeds, folded lines, a second Host, a length or an encoding of a body,
and whatever comes between the request and its answer.
"""

import re
from dataclasses import dataclass
from typing import Final

from assistant_egress.proxy import names
from assistant_egress.proxy.refusals import RefusedError

MAX_BYTES: Final = 8192

_VERSIONS: Final = (b"HTTP/1.1", b"HTTP/1.0")
_END: Final = b"\r\n\r\n"
_CONTROL: Final = re.compile(rb"[^\t\r\n -~]")
_TOKEN: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE: Final = re.compile(rb"[\t -~]*")
_PORT: Final = re.compile(r"[1-9][0-9]{0,4}", re.ASCII)
_IPV6: Final = re.compile(r"\[.*\]|[0-9a-f.]*:[0-9a-f:.]*")
_SMUGGLING: Final = (b"content-length", b"transfer-encoding")


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks for, in lower case; `host` is its Host header, where there was one."""

    name: str
    port: int
    host: str | None

    @property
    def host_is_its_own(self) -> bool:
        """Whether the Host header, if any, names what is asked for, with or without the port."""
        return self.host in (None, self.name, f"{self.name}:{self.port}")


class Head:
    """Puts the request together from what arrives."""

    def __init__(self) -> None:
        self._received = bytearray()

    @property
    def is_empty(self) -> bool:
        """Whether nothing has come yet."""
        return not self._received

    def feed(self, data: bytes) -> Request | None:
        """Return the request once it is whole; raises RefusedError as soon as it cannot become one."""
        searched = max(0, len(self._received) - len(_END))
        self._received += data
        if _CONTROL.search(data):
            raise RefusedError("MalformedRequest")
        end = self._received.find(_END, searched, MAX_BYTES)
        if end < 0:
            if len(self._received) >= MAX_BYTES:
                raise RefusedError("MalformedRequest")
            return None
        if len(self._received) > end + len(_END):
            raise RefusedError("MalformedRequest")
        return _request(bytes(self._received[:end]))


def _request(head: bytes) -> Request:
    first, *lines = head.split(b"\r\n")
    parts = first.split(b" ")
    if len(parts) != 3 or parts[2] not in _VERSIONS or not _TOKEN.fullmatch(parts[0]) or not parts[1]:
        raise RefusedError("MalformedRequest")
    host = _host([_field(line) for line in lines])
    if parts[0] != b"CONNECT":
        raise RefusedError("NotConnect")
    name, port = _target(parts[1].decode("ascii").lower())
    return Request(name, port, host)


def _field(line: bytes) -> tuple[bytes, bytes]:
    name, colon, value = line.partition(b":")
    if not colon or not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value):
        raise RefusedError("MalformedRequest")
    return name.lower(), value.strip(b" \t")


def _host(fields: list[tuple[bytes, bytes]]) -> str | None:
    if any(name in _SMUGGLING for name, _ in fields):
        raise RefusedError("MalformedRequest")
    hosts = [value for name, value in fields if name == b"host"]
    if len(hosts) > 1:
        raise RefusedError("MalformedRequest")
    return hosts[0].decode("ascii").lower() if hosts else None


def _target(target: str) -> tuple[str, int]:
    name, _, port = target.rpartition(":")
    if not _PORT.fullmatch(port) or int(port) > 65535:
        raise RefusedError("MalformedRequest")
    if _IPV6.fullmatch(name) or (names.is_plain(name) and names.ends_in_a_number(name)):
        raise RefusedError("IpLiteral")
    if not names.is_plain(name):
        raise RefusedError("MalformedRequest")
    return name, int(port)
