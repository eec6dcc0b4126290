"""The HTTP/1.1 client of the gateway's peers on the pod's loopback: the model server, and the egress probe, which it asks for nothing but
its verdict.

A general client's objects cost more than everything else that a request does here, so this is a small one of our own on httptools:
a pool of kept-alive connections, reading paused while the consumer lags, the connection aborted when its request is given up, and a
request repeated only if it was sent on a reused connection that died before it answered a single byte.
"""

import asyncio
import contextlib
from collections import deque
from typing import Any, Final, cast
from urllib.parse import urlsplit

import httptools

CONNECT_SECONDS: Final = 2.0
HIGH_WATER: Final = 256 * 1024
"""Bytes of an answer that wait for their consumer before reading stops."""
IDLE_CONNECTIONS: Final = 64
SWEEP_SECONDS = 0.5
"""How often deadlines are looked at: a timer for every wait would cost more than the wait."""


class UpstreamError(Exception):
    """The model server gave no whole answer. No message: what it said may hold content."""


class UpstreamUnavailableError(UpstreamError):
    """No answer began."""


class UpstreamLostError(UpstreamError):
    """The answer began and did not end."""


class UpstreamTimeoutError(UpstreamError):
    """Nothing came for too long."""


class Connection(asyncio.Protocol):
    """One connection and, while it is lent, the answer that arrives on it."""

    def __init__(self, pool: "Upstream") -> None:
        self.reused = False
        self.status = 0
        self.content_type = b""
        self._pool = pool
        self._loop = asyncio.get_running_loop()
        self._parser: Any = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport = cast(asyncio.Transport, None)
        self._waiter: asyncio.Future[None] | None = None
        self._deadline = 0.0
        self._closed = False
        self._reset()

    def _reset(self) -> None:
        self._answered = False  # a byte of the answer came
        self.headers_done = False
        self._complete = False
        self._lent = True
        self._keep_alive = False
        self._failure: UpstreamError | None = None
        self._chunks: list[bytes] = []
        self._buffered = 0
        self._paused = False

    # What the consumer calls

    def send(self, request: bytes) -> None:
        """Write a request; the answer's state begins anew."""
        self._reset()
        self._transport.write(request)

    async def read(self, seconds: float) -> bytes:
        """Return what came since the last call, in one piece; b"" at the answer's end."""
        while True:
            if self._chunks:
                data = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
                self._chunks.clear()
                self._buffered = 0
                if self._paused:
                    self._paused = False
                    self._transport.resume_reading()
                return data
            if self._complete:
                self._give_back()
                return b""
            await self.more(seconds)

    def whole(self) -> bytes | None:
        """Return the answer's body if all of it is here already, and give the connection back."""
        if not self._complete or len(self._chunks) != 1:
            return None
        self._give_back()
        return self._chunks[0]

    def abort(self) -> None:
        """Give the answer up: the model server sees its client gone and stops. Nothing happens if the answer is complete."""
        if self._lent:
            self._lent = False
            self._transport.abort()

    def close(self) -> None:
        """Close the connection; for those that nobody uses."""
        self._transport.close()

    async def more(self, seconds: float) -> None:
        """Wait until something came; raises UpstreamError where nothing will."""
        if self._failure is not None:
            raise self._failure
        waiter = self._waiter = self._loop.create_future()
        self._deadline = self._loop.time() + seconds
        await waiter

    def is_late(self, now: float) -> bool:
        """Say whether somebody waits here for longer than they wanted to."""
        return self._waiter is not None and not self._waiter.done() and self._deadline <= now

    def _give_back(self) -> None:
        if self._lent:
            self._lent = False
            if self._keep_alive and not self._closed:
                self.reused = True
                self._pool.put(self)
            else:
                self._transport.close()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def fail(self, failure: UpstreamError) -> None:
        if self._failure is None and not self._complete:
            self._failure = failure
        self._wake()

    # What the transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed = True
        self._pool.drop(self)
        self.fail(UpstreamLostError() if self._answered else UpstreamUnavailableError())

    def data_received(self, data: bytes) -> None:
        self._answered = True
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._keep_alive = False
            self.fail(UpstreamLostError())
            self._transport.abort()
            return
        if self.headers_done:
            self._wake()
        if self._buffered > HIGH_WATER and not self._complete and not self._paused:
            self._paused = True
            self._transport.pause_reading()

    # What the parser calls

    def on_message_begin(self) -> None:
        if self._complete:  # bytes that nobody asked for, with an answer or after it: the connection can no longer be trusted
            raise UpstreamLostError
        self.content_type = b""

    def on_header(self, name: bytes, value: bytes) -> None:
        if len(name) == 12 and name.lower() == b"content-type":
            self.content_type = value

    def on_headers_complete(self) -> None:
        self.status = self._parser.get_status_code()
        self.headers_done = self.status >= 200  # below it: the answer itself follows

    def on_body(self, body: bytes) -> None:
        self._chunks.append(body)
        self._buffered += len(body)

    def on_message_complete(self) -> None:
        if self.status < 200:
            return
        # Only now does the parser know; asked later it says no, and every request would open a connection of its own.
        self._keep_alive = self.status == 200 and self._parser.should_keep_alive()
        self._complete = True


class Upstream:
    """The model server."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise ValueError("the model server's address must be http://host:port")
        self._host = parts.hostname
        self._port = parts.port or 80
        self._idle: deque[Connection] = deque()
        self._open: set[Connection] = set()
        self._sweep: asyncio.TimerHandle | None = None
        self._heads: dict[tuple[str, str], bytes] = {}

    async def request(self, method: str, path: str, body: bytes, *, seconds: float) -> Connection:
        """Send a request and return the connection once the answer's status and headers are there; raises UpstreamError.

        The caller reads to the end or calls abort().
        """
        head = self._heads.get((method, path)) or self._head(method, path)
        request = b"%scontent-length: %d\r\n\r\n%s" % (head, len(body), body) if body else head + b"\r\n"
        while True:
            connection = self._idle.pop() if self._idle else await self._connect()
            try:
                connection.send(request)
                while not connection.headers_done:
                    await connection.more(seconds)
            except UpstreamUnavailableError:
                if not connection.reused:
                    raise
            except BaseException:
                connection.abort()
                raise
            else:
                return connection

    def _head(self, method: str, path: str) -> bytes:
        head = f"{method} {path} HTTP/1.1\r\nhost: {self._host}:{self._port}\r\n" + "content-type: application/json\r\n" * (
            method == "POST"
        )
        return self._heads.setdefault((method, path), head.encode("ascii"))

    async def _connect(self) -> Connection:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                _, connection = await loop.create_connection(lambda: Connection(self), self._host, self._port)
        except (OSError, TimeoutError) as error:
            raise UpstreamUnavailableError from error
        self._open.add(connection)
        if self._sweep is None:
            self._sweep = loop.call_later(SWEEP_SECONDS, self._end_what_is_late)
        return connection

    def _end_what_is_late(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for connection in self._open:
            if connection.is_late(now):
                connection.fail(UpstreamTimeoutError())
        self._sweep = loop.call_later(SWEEP_SECONDS, self._end_what_is_late) if self._open else None

    def put(self, connection: Connection) -> None:
        """Take back a connection whose answer was read to its end."""
        if len(self._idle) < IDLE_CONNECTIONS:
            self._idle.append(connection)
        else:
            connection.close()

    def drop(self, connection: Connection) -> None:
        """Forget a connection that closed."""
        self._open.discard(connection)
        with contextlib.suppress(ValueError):
            self._idle.remove(connection)

    def close(self) -> None:
        """Close the idle connections."""
        if self._sweep is not None:
            self._sweep.cancel()
        while self._idle:
            self._idle.pop().close()
