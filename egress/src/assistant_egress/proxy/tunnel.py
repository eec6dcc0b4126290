"""A tunnel that stands: what comes from either end goes to the other, until both have said all, one is gone, or a limit cuts it.

Nothing is kept here. Bytes stay in the kernel's queue of the end that they came from until the other end has taken them: they are looked at
(MSG_PEEK), sent, and only then thrown away (MSG_TRUNC, tcp(7)). So an end that does not read fills its peer's queue, and no memory.
"""

import socket
import struct
from typing import TYPE_CHECKING, Final

from assistant_egress.proxy.reasons import Ending
from assistant_egress.proxy.record import Direction
from assistant_egress.proxy.rules import HostRule
from assistant_egress.proxy.watching import READ, WRITE, Watched

if TYPE_CHECKING:
    from assistant_egress.proxy.server import Proxy

CHUNK: Final = 1 << 18
"""Bytes that are carried before others have their turn."""

_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


class _Flow:
    """One direction."""

    __slots__ = ("direction", "is_blocked", "is_open", "sink", "source", "unsent")

    def __init__(self, source: Watched, sink: Watched, direction: Direction, unsent: bytes = b"") -> None:
        self.source = source
        self.sink = sink
        self.direction: Direction = direction
        self.unsent = unsent
        """What goes before all that is in the source's queue."""
        self.is_open = True
        self.is_blocked = False
        """Whether the sink took less than there was."""


class Tunnel:
    """From a client to the address that its host had."""

    def __init__(self, proxy: "Proxy", client: Watched, upstream: Watched, hello: bytes, rule: HostRule) -> None:
        """`hello` goes first, once it is started."""
        self._proxy = proxy
        self._rule = rule
        self._started = self._active = proxy.now
        self._left = proxy.rules.limits.bytes
        self._ends = (client, upstream)
        self._up = _Flow(client, upstream, "sent", hello)
        self._down = _Flow(upstream, client, "received")
        for end in self._ends:  # a byte out of band would be lost otherwise, and where it was, a look would end too early
            end.socket.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)

    def start(self) -> None:
        """Carry from now on."""
        self._watch()
        self._carry(self._up)

    def expire(self, now: float) -> None:
        """End what has been silent for too long."""
        if now - self._active >= self._proxy.rules.limits.idle_seconds:
            self._cut("IdleTimeout")

    def close(self, *, abruptly: bool = False) -> None:
        """Close both ends; abruptly is with a reset, so that neither takes it for the orderly end of what it was sent."""
        for end in self._ends:
            if abruptly and end.socket.fileno() >= 0:
                end.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            end.close()
        self._proxy.connections.discard(self)

    def _client_ready(self, events: int) -> None:
        self._ready(events, self._up, self._down)

    def _upstream_ready(self, events: int) -> None:
        self._ready(events, self._down, self._up)

    def _ready(self, events: int, outgoing: _Flow, incoming: _Flow) -> None:
        """Go on with what waited for one end: the flow that starts there, the flow that ends there, or both."""
        if self not in self._proxy.connections:
            return
        if events & WRITE and incoming.is_blocked:
            self._carry(incoming)
        if events & READ and outgoing.is_open and not outgoing.is_blocked and self in self._proxy.connections:
            self._carry(outgoing)

    def _carry(self, flow: _Flow) -> None:
        was_watched = flow.is_open, flow.is_blocked
        try:
            if flow.unsent:
                self._send_first(flow)
            else:
                self._send_next(flow)
        except BlockingIOError:  # the source has nothing after all
            flow.is_blocked = False
        except OSError:  # one end is gone
            self.close(abruptly=True)
            return
        if not self._up.is_open and not self._down.is_open:
            self.close()
        elif (flow.is_open, flow.is_blocked) != was_watched and self in self._proxy.connections:
            self._watch()

    def _send_first(self, flow: _Flow) -> None:
        if len(flow.unsent) > self._left:
            self._cut("ByteLimit")
            return
        sent = _send(flow.sink.socket, memoryview(flow.unsent))
        flow.unsent = flow.unsent[sent:]
        flow.is_blocked = bool(flow.unsent)
        self._count(flow, sent)

    def _send_next(self, flow: _Flow) -> None:
        source, buffer = flow.source.socket, self._proxy.buffer
        seen = source.recv_into(buffer, max(1, min(CHUNK, self._left)), socket.MSG_PEEK)
        if seen == 0:
            flow.is_open = flow.is_blocked = False
            flow.sink.socket.shutdown(socket.SHUT_WR)
            return
        if self._left == 0:
            self._cut("ByteLimit")
            return
        sent = _send(flow.sink.socket, buffer[:seen])
        flow.is_blocked = sent < seen
        if sent:
            source.recv_into(buffer, sent, socket.MSG_TRUNC)
            self._count(flow, sent)

    def _count(self, flow: _Flow, sent: int) -> None:
        self._left -= sent
        self._active = self._proxy.now
        self._proxy.record.bytes[flow.direction] += sent

    def _watch(self) -> None:
        for end, outgoing, incoming, ready in (
            (self._ends[0], self._up, self._down, self._client_ready),
            (self._ends[1], self._down, self._up, self._upstream_ready),
        ):
            reads = READ if outgoing.is_open and not outgoing.is_blocked else 0
            end.watch(reads | (WRITE if incoming.is_blocked else 0), ready)

    def _cut(self, reason: Ending) -> None:
        self._proxy.record.ended(reason, self._rule, self._proxy.now - self._started)
        self.close(abruptly=True)


def _send(sink: socket.socket, data: memoryview) -> int:
    try:
        return sink.send(data)
    except BlockingIOError:
        return 0
