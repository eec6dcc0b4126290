"""The listener and its connections: a few at a time, each with one request and little time.

Whoever can reach the port may be hostile. What a connection costs is bounded in bytes (wire.py), seconds and number; where there are too
many, the oldest that has not yet asked anything gives way, so that slow ones keep nobody out.
"""

import selectors
import socket
from collections.abc import Callable
from typing import Final, Literal

from assistant_egress import wire
from assistant_egress.endpoints import bound

MAX_CONNECTIONS: Final = 16
RECEIVE_SECONDS: Final = 5.0
SEND_SECONDS: Final = 5.0
DRAIN_SECONDS: Final = 1.0
PAUSE_SECONDS: Final = 0.2
_CHUNK: Final = 16384
State = Literal["Receiving", "Waiting", "Sending", "Draining", "Closed"]
_AWAITED: Final[dict[State, int]] = {
    "Receiving": selectors.EVENT_READ,
    "Waiting": 0,
    "Sending": selectors.EVENT_WRITE,
    "Draining": selectors.EVENT_READ,
    "Closed": 0,
}


class Connection:
    """One client's: `Receiving` a request, `Waiting` for who handles it, `Sending` the answer, `Draining` what else comes, `Closed`."""

    def __init__(self, server: "Server", accepted: socket.socket, now: float) -> None:
        self.state: State = "Receiving"
        self.deadline: float | None = now + server.receive_seconds
        self._server = server
        self._socket = accepted
        self._reader = wire.Reader()
        self._unsent = b""
        self._watched = 0
        """What the selector waits for on the socket; most requests are there at once, and most answers go out at once."""

    def ready(self) -> None:
        """Go on; the socket can be read or written, or that is to be found out."""
        try:
            if self.state == "Receiving":
                self._receive()
            elif self.state == "Sending":
                self._send()
            elif self.state == "Draining" and not self._socket.recv(_CHUNK):
                self.close()
        except BlockingIOError:
            pass
        except OSError:  # the client is gone
            self.close()
        self._watch(_AWAITED[self.state])

    def reply(self, status: int, body: bytes = b"", kind: str = wire.JSON) -> None:
        """Answer, unless the client has gone; never blocks and never raises."""
        if self.state in ("Receiving", "Waiting"):
            self.state = "Sending"
            self.deadline = self._server.now() + SEND_SECONDS
            self._unsent = wire.answer(status, body, kind)
            self.ready()

    def close(self) -> None:
        """Close; a second time changes nothing."""
        if self.state != "Closed":
            self._watch(0)
            self.state = "Closed"
            self._socket.close()
            self._server.connections.remove(self)

    def _receive(self) -> None:
        data = self._socket.recv(_CHUNK)
        if not data:
            self.close()
            return
        try:
            request = self._reader.feed(data)
        except wire.RefusedError as error:
            self.reply(error.status)
            return
        if request:
            self.state, self.deadline = "Waiting", None
            self._server.handle(self, request)

    def _send(self) -> None:
        self._unsent = self._unsent[self._socket.send(self._unsent) :]
        if not self._unsent:
            # Closed with something unread, the socket would be reset, and the answer might be lost with it.
            self._socket.shutdown(socket.SHUT_WR)
            self.state, self.deadline = "Draining", self._server.now() + DRAIN_SECONDS

    def _watch(self, events: int) -> None:
        if events == self._watched:
            return
        selector = self._server.selector
        if self._watched:
            selector.unregister(self._socket)
        if events:
            selector.register(self._socket, events, self.ready)
        self._watched = events


class Server:
    """Listens on a port of every address, and hands whole requests to `handle`."""

    def __init__(
        self,
        port: int,
        selector: selectors.BaseSelector,
        handle: Callable[[Connection, wire.Request], None],
        now: Callable[[], float],
        receive_seconds: float = RECEIVE_SECONDS,
    ) -> None:
        """Listen; raises OSError. `now` is the loop's clock, in seconds."""
        self.selector = selector
        self.handle = handle
        self.now = now
        self.receive_seconds = receive_seconds
        self.connections: list[Connection] = []
        """Oldest first."""
        self._paused_until: float | None = None
        self._listeners = bound(port, socket.SOCK_STREAM)
        self.port: int = self._listeners[0].getsockname()[1]
        self._listen()

    @property
    def deadline(self) -> float | None:
        """When `expire` has something to do, if nothing else happens."""
        moments = [connection.deadline for connection in self.connections if connection.deadline is not None]
        return min([*moments, *([self._paused_until] if self._paused_until is not None else [])], default=None)

    @property
    def has_answered(self) -> bool:
        """Whether no answer is still on its way."""
        return all(connection.state != "Sending" for connection in self.connections)

    def expire(self, now: float) -> None:
        """Close what has had its time."""
        for connection in list(self.connections):
            if connection.deadline is not None and now >= connection.deadline:
                connection.close()
        if self._paused_until is not None and now >= self._paused_until:
            self._paused_until = None
            self._listen()

    def close(self) -> None:
        """Close everything."""
        for connection in list(self.connections):
            connection.close()
        for listener in self._listeners:
            if listener in self.selector.get_map():
                self.selector.unregister(listener)
            listener.close()

    def _listen(self) -> None:
        for listener in self._listeners:
            self.selector.register(listener, selectors.EVENT_READ, lambda listener=listener: self._accept(listener))

    def _accept(self, listener: socket.socket) -> None:
        try:
            accepted, _ = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError:  # no file descriptor, no memory: the listener stays readable, so without a pause this would be all that is done
            self._pause()
            return
        accepted.setblocking(False)
        if len(self.connections) >= MAX_CONNECTIONS and not self._make_room():
            accepted.close()
            return
        connection = Connection(self, accepted, self.now())
        self.connections.append(connection)
        connection.ready()  # an honest client's request is here with its connection

    def _make_room(self) -> bool:
        idle = next((connection for connection in self.connections if connection.state != "Waiting"), None)
        if idle is not None:
            idle.close()
        return idle is not None

    def _pause(self) -> None:
        self._paused_until = self.now() + PAUSE_SECONDS
        for listener in self._listeners:
            if listener in self.selector.get_map():
                self.selector.unregister(listener)
