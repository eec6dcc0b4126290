"""uvicorn's HTTP protocol with what it lacks at a trust boundary: deadlines, a cap on headers and on connections, and refusals that the
application answers and records like all others.

It reaches into uvicorn's and httptools' insides, so the version is pinned and tests/unit/gateway/protocol/test_server.py shows that each
limit still works. Deadlines of a request's body are body.py's, since only the application knows the policy.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final, cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from assistant_gateway.errors import RefusalError

PEER: Final = "assistant_gateway.peer"
"""Where the application finds the request's Peer in the scope."""
REFUSAL: Final = "assistant_gateway.refusal"
"""Where the application finds a refusal that was decided here."""

MAX_HEADER_BYTES: Final = 32 * 1024
MAX_CONNECTIONS: Final = 4096
MAX_WAITING: Final = 16
"""Requests that wait behind the one that is answered on their connection: each is some kilobytes here, and a few bytes to its client."""
HANDSHAKE_SECONDS = 10.0
HEADER_SECONDS = 5.0
IDLE_SECONDS = 30.0


class Peer:
    """What the application asks of the connection that one request came on."""

    __slots__ = ("_cycle", "_protocol")

    def __init__(self, protocol: "GatewayProtocol", cycle: RequestResponseCycle) -> None:
        self._protocol = protocol
        self._cycle = cycle

    def when_gone(self, callback: Callable[[], None] | None) -> None:
        """Say what is called when the client goes away: one request is in progress at a time, and forgets itself at its end."""
        self._protocol.on_gone = callback

    @property
    def refusal(self) -> RefusalError | None:
        """Why the rest of the request's body cannot be read."""
        return self._protocol.refusal

    @property
    def body_complete(self) -> bool:
        """Whether the request's body has arrived as a whole."""
        return not self._cycle.more_body

    @property
    def is_writing_paused(self) -> bool:
        """Whether the client reads more slowly than we write."""
        return self._protocol.flow.write_paused

    def whole_body(self, limit: int) -> bytes | None:
        """Return the request's body if all of it is here already and no larger than this: ASGI's way would wait and copy."""
        cycle = self._cycle
        if cycle.more_body or cycle.disconnected or len(cycle.body) > limit or self._protocol.refusal is not None:
            return None
        data, cycle.body = bytes(cycle.body), bytearray()
        cycle.message_event.clear()
        return data

    def answer(self, head: bytes, body: bytes) -> None:
        """Send a whole answer in one write: status and headers, each with its line's end, and the body with its length.

        uvicorn would make two, of which each is a TLS record, and would check every header that we wrote ourselves.
        """
        cycle, protocol = self._cycle, self._protocol
        if cycle.disconnected:
            return
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        ending = b"" if cycle.keep_alive else b"connection: close\r\n"
        content = body if cycle.scope["method"] != "HEAD" else b""
        protocol.transport.write(
            b"%s%scontent-length: %d\r\n%s\r\n%s" % (head, _lines(protocol.server_state.default_headers), len(body), ending, content)
        )
        cycle.message_event.set()
        if not cycle.keep_alive:
            protocol.transport.close()
        cycle.on_response()

    def break_off(self) -> None:
        """Close the connection once what was written is sent, without the answer's end: nobody can take it for a whole one."""
        self._cycle.disconnected = True  # uvicorn is not to miss the end
        self._protocol.transport.close()

    def abort(self) -> None:
        """Cut the connection at once."""
        self._cycle.disconnected = True
        self._protocol.transport.abort()


_rendered: tuple[list[tuple[bytes, bytes]], bytes] = ([], b"")


def _lines(headers: list[tuple[bytes, bytes]]) -> bytes:
    """Return the headers' lines; uvicorn makes a new list of its own once a second."""
    global _rendered
    if _rendered[0] is not headers:
        _rendered = (headers, b"".join(b"%s: %s\r\n" % header for header in headers))
    return _rendered[1]


class GatewayProtocol(HttpToolsProtocol):
    """One client's connection."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.access_log = False  # it holds query strings; the configuration alone leaves it on wherever the logger has a handler
        self.on_gone: Callable[[], None] | None = None
        self.refusal: RefusalError | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._idle_since = 0.0
        self._idle_look: asyncio.TimerHandle | None = None
        self._in_headers = False
        self._header_bytes = 0
        self._beside_bytes = 0  # that came for a body and are none of it: trailers, extensions of chunks
        self._refused = False

    # What the transport calls

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # asyncio asks with this one
        super().connection_made(transport)
        if len(self.connections) > MAX_CONNECTIONS:
            transport.abort()
            return
        self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        if self._idle_look is not None:
            self._idle_look.cancel()
        super().connection_lost(exc)
        if self.on_gone is not None:
            self.on_gone()

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        was_in_headers = self._in_headers
        if not was_in_headers:
            self._header_bytes = 0
        self._header_bytes += len(data)  # more than the headers where a body comes with them: on_headers_complete looks again
        self._beside_bytes += len(data)
        super().data_received(data)
        in_headers = self._in_headers and was_in_headers
        if (in_headers and self._header_bytes > MAX_HEADER_BYTES) or (self._beside_bytes > MAX_HEADER_BYTES and self._in_body()):
            self._refuse(RefusalError("headers_too_large"))
        if self._deadline is None and not self._refused and (self._in_headers or self.cycle is None or self.cycle.response_complete):
            self._arm()  # a request has begun, or bytes came that begin none: its headers end before the deadline, however they drip

    # What the parser calls

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_headers = True

    def on_headers_complete(self) -> None:
        if len(self.pipeline) >= MAX_WAITING:
            raise RefusalError("invalid_http")  # ends the parser's work
        self._in_headers = False
        self._beside_bytes = 0
        self._disarm()
        super().on_headers_complete()  # the application's task is made now and runs later
        scope = cast(dict[str, Any], self.scope)
        scope[PEER] = Peer(self, self.cycle)
        if self._header_bytes > MAX_HEADER_BYTES:
            size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
            if size > MAX_HEADER_BYTES:
                scope[REFUSAL] = RefusalError("headers_too_large")
                self.cycle.keep_alive = False
        self.headers = []  # the request keeps its own: what the parser still finds are trailers, which say nothing here

    def on_body(self, body: bytes) -> None:
        self._beside_bytes = 0
        super().on_body(body)

    def _in_body(self) -> bool:
        return not self._in_headers and not self._refused and self.cycle is not None and self.cycle.more_body

    def send_400_response(self, msg: str) -> None:
        self._refuse(RefusalError("invalid_http"))

    def on_response_complete(self) -> None:
        """Go on to the next request. As uvicorn does it, without a timer that is set and cancelled for every request."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        self._idle_since = self.loop.time()
        if self._idle_look is None:
            self._idle_look = self.loop.call_later(IDLE_SECONDS, self._look_if_idle)

    def _look_if_idle(self) -> None:
        self._idle_look = None
        if not self.cycle.response_complete:
            return  # its end begins to look again
        left = self._idle_since + IDLE_SECONDS - self.loop.time()
        if left <= 0 and self._deadline is None:
            self.transport.close()
        else:  # where headers are arriving, their deadline decides
            self._idle_look = self.loop.call_later(left if left > 0 else HEADER_SECONDS, self._look_if_idle)

    def _arm(self) -> None:
        self._deadline = self.loop.call_later(HEADER_SECONDS, self._late)

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _late(self) -> None:
        self._deadline = None
        if self._in_headers:
            self._refuse(RefusalError("request_timeout"))
        else:
            self.transport.close()

    def _refuse(self, refusal: RefusalError) -> None:
        """Let the application answer and record a request whose headers never came to a good end."""
        self._refused = True
        self._in_headers = False
        self._disarm()
        if self.transport.is_closing():
            return
        if self.cycle is not None and not self.cycle.response_complete:
            # In the middle of a request that the application has: it gives the refusal if it still reads the body, and ends with it.
            self.refusal = refusal
            self.cycle.keep_alive = False
            self.cycle.message_event.set()
            return
        scope: dict[str, Any] = {
            "type": "http",
            "method": "",
            "path": "",
            "headers": [],
            "http_version": "1.1",
            "scheme": self.scheme,
            REFUSAL: refusal,
        }
        self.cycle = RequestResponseCycle(
            scope=cast(Any, scope),
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=False,
            on_response=self.on_response_complete,
        )
        self.cycle.more_body = False
        scope[PEER] = Peer(self, self.cycle)
        self._start_asgi_task(self.cycle, self.app)


class GatewayServer(uvicorn.Server):
    """A uvicorn server that leaves signals to lifecycle.py, since two of them run in one process."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]  # uvicorn has a generator
        return nullcontext()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen; raises OSError. As uvicorn does it, with an end to waiting for handshakes."""
        config = self.config

        def make_protocol() -> asyncio.Protocol:
            return GatewayProtocol(config=config, server_state=self.server_state, app_state={})

        limits: dict[str, Any] = (
            {"ssl_handshake_timeout": HANDSHAKE_SECONDS, "ssl_shutdown_timeout": HANDSHAKE_SECONDS} if config.ssl else {}
        )
        loop = asyncio.get_running_loop()
        listener = await loop.create_server(make_protocol, config.host, config.port, ssl=config.ssl, backlog=config.backlog, **limits)
        self.servers = [listener]
        self.started = True

    @property
    def bound_port(self) -> int:
        """The port that the server listens on, once it has started."""
        return int(self.servers[0].sockets[0].getsockname()[1])


def make(app: Any, host: str, port: int, context: ssl.SSLContext | None, drain_seconds: float) -> GatewayServer:
    """Return a server for the application that has not started yet."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=GatewayProtocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,  # it would log query strings
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=cast(int, drain_seconds),
        ssl_context_factory=None if context is None else lambda *_: context,
    )
    return GatewayServer(config)
