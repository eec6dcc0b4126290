"""One request while it is served: who asks, what is known of it so far, and what its client has been sent."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from assistant_gateway.auth import Identity
from assistant_gateway.errors import RefusalError
from assistant_gateway.protocol import routing
from assistant_gateway.protocol.body import Receive
from assistant_gateway.protocol.routing import Wire
from assistant_gateway.protocol.server import PEER, Peer
from assistant_gateway.record import Exchange
from assistant_gateway.wire import fields

Send = Callable[[dict[str, Any]], Awaitable[None]]

JSON: Final = b"application/json"
STALL_SECONDS = 30.0
"""Longest time that a client may leave an answer unread: the model waits for it, and others wait for the model."""


class Call:
    """One request while it is served."""

    __slots__ = (
        "body", "exchange", "gone", "headers", "identity", "peer", "query", "receive", "scope", "send_event", "started", "task", "wire",
    )  # fmt: skip

    identity: Identity
    """Whose key it carries; set once the key is known."""
    query: dict[str, str]
    """Fields of the query string; for local routes only, all others have none."""
    body: bytes
    """The request's body as it came; for local routes only."""

    def __init__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        self.scope = scope
        self.headers: list[tuple[bytes, bytes]] = scope["headers"]
        self.receive = receive
        self.send_event = send
        # It knows the scope: left in there, it would make of every request a circle that only a garbage collection finds.
        self.peer: Peer = scope.pop(PEER)
        self.wire: Wire = routing.wire_of(scope["path"])
        self.exchange = Exchange(scope["method"], self.wire.NAME)
        self.started = False
        self.gone = False
        self.task = asyncio.current_task()
        self.peer.when_gone(self.client_left)

    def client_left(self) -> None:
        """End the request, wherever it stands: what it holds of the model server is given up on the way out."""
        self.gone = True
        if self.task is not None:
            self.task.cancel()

    def json(self) -> fields.Body:
        """Return the body of a local route, which is a JSON object; none at all is an empty one. Raises RefusalError."""
        return fields.parse(self.body) if self.body else {}

    async def answer(self, status: int, data: bytes, more: Sequence[tuple[bytes, bytes]] = ()) -> None:
        """Send a whole answer; raises RefusalError as `send` does."""
        exchange = self.exchange
        if self.peer.is_writing_paused:
            await self.start(status, JSON, [*more, (b"content-length", b"%d" % len(data))])
            await self.send(data, more=False)
            return
        self.started = True
        exchange.status = status
        exchange.first_byte = time.perf_counter()
        exchange.response_bytes = len(data)
        head = _HEADS.get(status) or _head(status)
        lines = b"".join(b"%s: %s\r\n" % header for header in more) if more else b""
        self.peer.answer(b"%s%s\r\n%s" % (head, exchange.request_id.encode(), lines), data)

    async def start(self, status: int, content_type: bytes, more: Sequence[tuple[bytes, bytes]] = ()) -> None:
        """Send status and headers of an answer that comes in pieces; raises RefusalError as `send` does."""
        headers = [(b"content-type", content_type), (b"cache-control", b"no-store"), (b"x-request-id", self.exchange.request_id.encode())]
        self.started = True
        self.exchange.status = status
        await self._sent({"type": "http.response.start", "status": status, "headers": [*headers, *more]})

    async def send(self, data: bytes, *, more: bool) -> None:
        """Send a piece of the answer; raises RefusalError if the client leaves the earlier ones unread for too long."""
        exchange = self.exchange
        if data and exchange.first_byte is None:
            exchange.first_byte = time.perf_counter()
        await self._sent({"type": "http.response.body", "body": data, "more_body": more})
        exchange.response_bytes += len(data)

    async def _sent(self, event: dict[str, Any]) -> None:
        """Send an event. Even an answer's first may wait: for a client that has not read the answer before it on its connection."""
        if not self.peer.is_writing_paused:
            await self.send_event(event)
            return
        try:
            async with asyncio.timeout(STALL_SECONDS):
                await self.send_event(event)
        except TimeoutError:
            raise RefusalError("client_stalled") from None


_HEADS: Final[dict[int, bytes]] = {}


def _head(status: int) -> bytes:
    """Return the constant part of an answer's head, up to the request's id."""
    head = STATUS_LINE[status] + b"content-type: application/json\r\ncache-control: no-store\r\nx-request-id: "
    return _HEADS.setdefault(status, head)
