"""ClientHellos: the real ones are Python's, and those that Python would not make are put together by hand."""

import contextlib
import ssl
import struct
from collections.abc import Sequence

SERVER_NAME = 0
ECH = 0xFE0D
GOOD = "api.corp.example"


def real(name: str | None) -> bytes:
    """Return what Python's TLS sends first, with a server's name or without."""
    outgoing = ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = name is not None
    tls = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name)
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read()
    raise AssertionError


def vector(size: int, data: bytes) -> bytes:
    return len(data).to_bytes(size, "big") + data


def server_name(*entries: tuple[int, bytes]) -> tuple[int, bytes]:
    """Return the extension with these entries: type and name."""
    return SERVER_NAME, vector(2, b"".join(bytes([kind]) + vector(2, name) for kind, name in entries))


def named(name: str) -> tuple[int, bytes]:
    return server_name((0, name.encode()))


def message(extensions: Sequence[tuple[int, bytes]] | None, *, session: bytes = bytes(32), suites: bytes = b"\x13\x01\x13\x02") -> bytes:
    """Return a handshake message with these extensions, or without the field for them."""
    body = b"\x03\x03" + bytes(32) + vector(1, session) + vector(2, suites) + vector(1, b"\x00")
    if extensions is not None:
        body += vector(2, b"".join(struct.pack("!H", kind) + vector(2, data) for kind, data in extensions))
    return b"\x01" + vector(3, body)


def records(handshake: bytes, size: int = 1 << 14) -> bytes:
    """Return a message in records of at most `size` bytes."""
    return b"".join(b"\x16\x03\x01" + vector(2, handshake[start : start + size]) for start in range(0, len(handshake), size))


def hello(*extensions: tuple[int, bytes]) -> bytes:
    """Return a hello with these extensions, and ones that do not matter around them."""
    return records(message([(0x0A0A, b""), *extensions, (43, b"\x02\x03\x04")]))


def encrypted(outer: str = GOOD, kind: int = ECH) -> bytes:
    """Return a hello whose inner one is encrypted: the outer one names the host all the same."""
    sealed = b"\x00" + struct.pack("!HHB", 1, 1, 7) + vector(2, bytes(32)) + vector(2, bytes(200))
    return hello(named(outer), (kind, sealed))


def seen_by_openssl(data: bytes) -> list[str | None]:
    """Return the names for which OpenSSL, as a server, would have answered."""
    names: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.sni_callback = lambda _, name, __: names.append(name and name.lower())
    incoming = ssl.MemoryBIO()
    incoming.write(data)
    with contextlib.suppress(ssl.SSLError):
        context.wrap_bio(incoming, ssl.MemoryBIO(), server_side=True).do_handshake()
    return names
