"""uvicorn's HTTP protocol with what it lacks at a trust boundary: deadlines, a cap on headers and on connections, and refusals that the
application answers and records like all others.

It reaches into uvicorn's and httptools' insides, so the version is pinned and the tests below tests/unit/gateway/test_server.py show
that each limit still works. Deadlines of a request's body are body.py's, since only the application knows the policy.
"""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final, cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from assistant_gateway.errors import RefusalError

CONNECTION: Final = "assistant_gateway.connection"
"""Where the application finds its connection in the scope."""
REFUSAL: Final = "assistant_gateway.refusal"
"""Where the application finds a refusal that was decided here."""

MAX_HEADER_BYTES: Final = 32 * 1024
MAX_CONNECTIONS: Final = 4096
HEADER_SECONDS = 5.0
IDLE_SECONDS = 30


class GatewayProtocol(HttpToolsProtocol):
    """One client's connection."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.access_log = False  # it holds query strings; the configuration alone leaves it on wherever the logger has a handler
        self.on_gone: Callable[[], None] | None = None
        """What the request in progress wants called when its client goes away."""
        self.refusal: RefusalError | None = None
        """Why the rest of the request's body cannot be read."""
        self._deadline: asyncio.TimerHandle | None = None
        self._in_headers = False
        self._header_bytes = 0
        self._refused = False

    # What the application asks of its connection

    @property
    def body_complete(self) -> bool:
        """Whether the request's body has arrived as a whole."""
        return self.cycle is None or not self.cycle.more_body

    @property
    def is_writing_paused(self) -> bool:
        """Whether the client reads more slowly than we write."""
        return self.flow.write_paused

    def break_off(self) -> None:
        """Close the connection once what was written is sent, without the answer's end: nobody can take it for a whole one."""
        self.cycle.disconnected = True  # uvicorn is not to miss the end
        self.transport.close()

    def abort(self) -> None:
        """Cut the connection at once."""
        self.cycle.disconnected = True
        self.transport.abort()

    # What the transport calls

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > MAX_CONNECTIONS:
            transport.abort()
            return
        self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        super().connection_lost(exc)
        if self.on_gone is not None:
            self.on_gone()

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        was_in_headers = self._in_headers
        super().data_received(data)
        if self._in_headers and was_in_headers:
            self._header_bytes += len(data)
            if self._header_bytes > MAX_HEADER_BYTES:
                self._refuse(RefusalError("headers_too_large"))
        if self._deadline is None and not self._refused and (self._in_headers or self.cycle is None or self.cycle.response_complete):
            self._arm()  # a request has begun, or bytes came that begin none: its headers end before the deadline, however they drip

    # What the parser calls

    def on_message_begin(self) -> None:
        super().on_message_begin()
        cast(dict[str, Any], self.scope)[CONNECTION] = self
        self._in_headers = True
        self._header_bytes = 0

    def on_headers_complete(self) -> None:
        self._in_headers = False
        self._disarm()
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > MAX_HEADER_BYTES:
            cast(dict[str, Any], self.scope)[REFUSAL] = RefusalError("headers_too_large")
        super().on_headers_complete()
        if size > MAX_HEADER_BYTES:
            self.cycle.keep_alive = False

    def send_400_response(self, msg: str) -> None:
        self._refuse(RefusalError("invalid_http"))

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
            CONNECTION: self,
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
        self._start_asgi_task(self.cycle, self.app)


class GatewayServer(uvicorn.Server):
    """A uvicorn server that leaves signals to lifecycle.py, since two of them run in one process."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()

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
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=cast(int, drain_seconds),
        ssl_context_factory=None if context is None else lambda *_: context,
    )
    return GatewayServer(config)
