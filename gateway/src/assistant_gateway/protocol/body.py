"""The request's body: read within the policy's size and a deadline, or drained when the request is refused before it was read."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from assistant_gateway.errors import RefusalError
from assistant_gateway.protocol.server import Peer

Receive = Callable[[], Awaitable[dict[str, Any]]]

SILENCE_SECONDS = 10.0
"""Longest time without a byte of the body."""
BODY_SECONDS = 60.0
"""Longest time for the whole of it."""
LINGER_SECONDS = 1.0
SMALL_BYTES: Final = 65536
LINGER_BYTES: Final = 8 * 1024 * 1024
RETENTION: Final = b"x-assistant-retention"
NOTHING: Final = b"none"


class ClientGoneError(Exception):
    """The client went away while its request arrived."""


async def read(headers: list[tuple[bytes, bytes]], receive: Receive, peer: Peer, limit: int) -> bytes:
    """Return the body; raises RefusalError where it is too large, too slow, compressed or not valid HTTP."""
    if _announced(headers) > limit:
        raise too_large(limit)
    if (whole := peer.whole_body(limit)) is not None:
        return whole
    loop = asyncio.get_running_loop()
    ends = loop.time() + BODY_SECONDS
    parts: list[bytes] = []
    size = 0
    while True:
        try:
            async with asyncio.timeout(min(SILENCE_SECONDS, ends - loop.time())):
                message = await receive()
        except TimeoutError:
            raise RefusalError("request_timeout") from None
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        if peer.refusal is not None:
            raise peer.refusal
        part = message["body"]
        size += len(part)
        if size > limit:
            raise too_large(limit)
        if not message["more_body"]:
            return part if not parts else b"".join([*parts, part])
        parts.append(part)


def too_large(limit: int) -> RefusalError:
    return RefusalError("body_too_large", f"The request's body is larger than this assistant accepts: {limit} bytes.")


def _announced(headers: list[tuple[bytes, bytes]]) -> int:
    """Return the body's length as the headers tell it, 0 if they do not; raises RefusalError for what they ask in vain."""
    length = 0
    for name, value in headers:
        if name == b"content-length":
            length = int(value)  # the parser lets digits only pass
        elif name == b"content-encoding":
            if value.strip().lower() not in (b"", b"identity"):
                raise RefusalError("unsupported_encoding")
        elif name == RETENTION and value.strip().lower() != NOTHING:
            raise RefusalError("invalid_request", "The header X-Assistant-Retention knows one value: none.")
    return length


def opts_out(headers: list[tuple[bytes, bytes]]) -> bool:
    """Say whether a header asks for nothing of the request to be kept; `read` has checked that it says nothing else."""
    return any(name == RETENTION for name, _ in headers)


def is_small(headers: list[tuple[bytes, bytes]]) -> bool:
    """Say whether the body that the headers announce is so small that taking it in costs less than a new peer."""
    return any(name == b"content-length" and len(value) < 6 and int(value) <= SMALL_BYTES for name, value in headers)


async def linger(receive: Receive, peer: Peer) -> None:
    """Take in what the client is still sending, for a while, so that it reads its answer before the connection is closed under it."""
    left = LINGER_BYTES
    try:
        async with asyncio.timeout(LINGER_SECONDS):
            while left > 0 and not peer.body_complete and peer.refusal is None:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return
                left -= len(message["body"])
    except TimeoutError:
        return
