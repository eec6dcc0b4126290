"""The proxy: its listener, its loop, and what all of its connections share.

One thread and one selector, as everywhere in this package. The operations port has its own, which is one more file in this one.
"""

import resource
import selectors
import socket
import time
from dataclasses import dataclass
from typing import Final, Self

from assistant_egress.endpoints import bound
from assistant_egress.proxy.addresses import Addresses
from assistant_egress.proxy.client import Client
from assistant_egress.proxy.ops import Ops
from assistant_egress.proxy.record import Record
from assistant_egress.proxy.resolver import Resolve, Resolver, by_system
from assistant_egress.proxy.rules import Rules
from assistant_egress.proxy.tunnel import CHUNK, Tunnel

SPARE: Final = 32
"""Connections beyond the limit that are told so; what comes on top of them is closed without a word."""
PAUSE_SECONDS: Final = 0.2
_ACCEPTED_AT_ONCE: Final = 16


@dataclass(frozen=True, slots=True)
class Pace:
    """How long each step may take, in seconds."""

    head: float = 10.0
    resolve: float = 5.0
    connect: float = 10.0
    hello: float = 10.0
    drain: float = 1.0
    finish: float = 4.0
    """From being told to stop to the end of the last tunnel; kubelet gives the pod five."""
    tick: float = 0.25
    """Between looks for what has had its time."""


class Proxy:
    """Listens from the moment that it is made, on one port for clients and on another for whoever runs it."""

    def __init__(self, rules: Rules, port: int, ops_port: int, pace: Pace | None = None, resolve: Resolve = by_system) -> None:
        """Listen; raises OSError. With port 0 the kernel chooses one."""
        self.rules = rules
        self.pace = pace or Pace()
        self.now = time.monotonic()
        """Of this turn, in seconds."""
        self.record = Record()
        self.addresses = Addresses(rules.networks)
        self.buffer = memoryview(bytearray(CHUNK))
        """For whoever's turn it is."""
        self.connections: set[Client | Tunnel] = set()
        self.selector = selectors.DefaultSelector()
        self._listeners = bound(port, socket.SOCK_STREAM)
        self.port: int = self._listeners[0].getsockname()[1]
        self._paused_until: float | None = None
        self._ends_at: float | None = None
        self._next_look = self.now
        self._ops = Ops(self, ops_port)
        self.ops_port = self._ops.port
        self.resolver = Resolver(resolve)
        self.selector.register(self._ops.selector, selectors.EVENT_READ, self._ops.turn)
        self.selector.register(self.resolver, selectors.EVENT_READ, self.resolver.deliver)
        self._listen()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for connection in list(self.connections):
            connection.close()
        self._close_listeners()
        self._ops.close()
        self.resolver.close()
        self.selector.close()

    @property
    def is_stopping(self) -> bool:
        """Whether it takes no more connections."""
        return self._ends_at is not None

    @property
    def is_over(self) -> bool:
        """Whether it was told to stop, and nothing is left to wait for."""
        return self._ends_at is not None and (not self.connections or self.now >= self._ends_at)

    def stop(self) -> None:
        """Take no more connections, and let those that are there end; may be called from a signal handler."""
        if self._ends_at is None:
            self._ends_at = time.monotonic() + self.pace.finish
        self.resolver.wake()

    def turn(self, at_most: float | None = None) -> None:
        """Wait for the next thing that happens, `at_most` seconds, and do what it asks for."""
        events = self.selector.select(self._patience(at_most))
        self.now = time.monotonic()
        for key, ready in events:
            key.data(ready)  # its socket may have been closed since, by what came before it in this turn
        if self.is_stopping:
            self._close_listeners()
        if self.now >= self._next_look:
            self._next_look = self.now + self.pace.tick
            self._look()

    def hand_over(self, client: Client, tunnel: Tunnel) -> None:
        """A client has got its tunnel."""
        self.connections.remove(client)
        self.connections.add(tunnel)
        tunnel.start()

    def _look(self) -> None:
        """End what has had its time."""
        for connection in list(self.connections):
            connection.expire(self.now)
        self._ops.expire(self.now)
        if self._paused_until is not None and self.now >= self._paused_until:
            self._paused_until = None
            self._listen()

    def _patience(self, at_most: float | None) -> float | None:
        """Return the seconds until there is something to look for; None is for ever."""
        if self.connections or self._ops.has_connections or self.is_stopping or self._paused_until is not None:
            left = max(0.0, self._next_look - time.monotonic())
            return left if at_most is None else min(left, at_most)
        return at_most

    def _listen(self) -> None:
        for listener in self._listeners:
            self.selector.register(listener, selectors.EVENT_READ, lambda _, listener=listener: self._accept(listener))

    def _pause(self, seconds: float) -> None:
        self._paused_until = self.now + seconds
        for listener in self._listeners:
            if listener in self.selector.get_map():
                self.selector.unregister(listener)

    def _close_listeners(self) -> None:
        """Refuse from now on: a client whose connection waited in the kernel's queue would learn nothing until it gave up."""
        self._pause(0)
        while self._listeners:
            self._listeners.pop().close()

    def _accept(self, listener: socket.socket) -> None:
        for _ in range(_ACCEPTED_AT_ONCE):
            try:
                accepted, _ = listener.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError:  # no file descriptor, no memory: the listener stays readable, so without a pause this would be all that is done
                self._pause(PAUSE_SECONDS)
                return
            self._welcome(accepted)

    def _welcome(self, accepted: socket.socket) -> None:
        most = self.rules.limits.connections
        if len(self.connections) >= most + SPARE:
            self.record.refused("TooManyConnections", None, 0.0)
            accepted.close()
            return
        is_too_many = len(self.connections) >= most
        client = Client(self, accepted)
        self.connections.add(client)
        if is_too_many:
            client.refuse("TooManyConnections")


def raise_file_limit() -> None:
    """Let the process have as many files as it may: each tunnel takes two."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
