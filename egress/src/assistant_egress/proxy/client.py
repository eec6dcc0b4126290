"""A client's way to its tunnel, step by step; each has its time, and a refusal ends it at any of them.

Asking (its request comes), Resolving (its host was allowed; the name is resolved, once), Connecting (to one after another of the addresses
that are allowed), Greeting (it has been told that the tunnel stands; its ClientHello comes). Then tunnel.py takes over: before, not one of
its bytes goes to the host. Refused is being told so, and Draining that the answer is not lost to a reset.
"""

import socket
from typing import TYPE_CHECKING, Final, Literal

from assistant_egress.proxy import refusals
from assistant_egress.proxy.head import MAX_BYTES, Head, Request
from assistant_egress.proxy.hello import MAX_RECEIVED, Hello
from assistant_egress.proxy.policy import decide
from assistant_egress.proxy.reasons import Refusal
from assistant_egress.proxy.refusals import RefusedError
from assistant_egress.proxy.resolver import Lookup
from assistant_egress.proxy.rules import HostRule
from assistant_egress.proxy.tunnel import Tunnel
from assistant_egress.proxy.watching import READ, WRITE, Watched

if TYPE_CHECKING:
    from assistant_egress.proxy.server import Proxy

MOST_ADDRESSES: Final = 4
"""Of one host, that are tried; they share the time there is to connect."""

State = Literal["Asking", "Resolving", "Connecting", "Greeting", "Refused", "Draining", "Closed"]
_LATE: Final[dict[State, Refusal]] = {
    "Asking": "TimedOut",
    "Resolving": "NotResolved",
    "Connecting": "ConnectFailed",
    "Greeting": "TimedOut",
}


class Client:
    """A connection that has no tunnel yet."""

    def __init__(self, proxy: "Proxy", accepted: socket.socket) -> None:
        self.state: State = "Asking"
        self._proxy = proxy
        self._started = proxy.now
        self._deadline = proxy.now + proxy.pace.head
        self._client = Watched(accepted, proxy.selector)
        self._upstream: Watched | None = None
        self._head = Head()
        self._hello = Hello()
        self._request: Request | None = None
        self._rule: HostRule | None = None
        self._lookup: Lookup | None = None
        self._addresses: list[str] = []
        self._share = 0.0
        """Seconds that each of them has."""
        self._unsent = b""
        self._client.watch(READ, self._ready)

    def expire(self, now: float) -> None:
        """End a step that has had its time."""
        if now < self._deadline:
            return
        if self.state == "Connecting" and self._addresses:
            self._connect_to_next()
        elif self.state in _LATE:
            self.refuse(_LATE[self.state])
        else:
            self.close()

    def refuse(self, reason: Refusal) -> None:
        """End it: note why, tell the client, and let it read that."""
        self._proxy.record.refused(reason, self._rule, self._proxy.now - self._started)
        self._unsent = refusals.alert(reason) if self.state == "Greeting" else refusals.answer(reason)
        self._let_go_of_upstream()
        self.state, self._deadline = "Refused", self._proxy.now + self._proxy.pace.drain
        self._client.watch(WRITE, self._ready)
        self._ready(WRITE)

    def close(self) -> None:
        """Close; a second time changes nothing."""
        self.state = "Closed"
        self._let_go_of_upstream()
        self._client.close()
        self._proxy.connections.discard(self)

    def _let_go_of_upstream(self) -> None:
        if self._lookup:
            self._lookup.cancel()
        if self._upstream:
            self._upstream.close()
            self._upstream = None

    def _ready(self, _: int) -> None:
        try:
            if self.state == "Closed":
                return
            if self.state == "Refused":
                self._tell()
            elif self.state == "Draining":
                if not self._client.socket.recv(MAX_RECEIVED):
                    self.close()
            else:
                self._receive()
        except BlockingIOError:
            pass
        except RefusedError as error:
            self._rule = self._rule or error.rule
            self.refuse(error.reason)
        except OSError:  # the client is gone
            self._gone()

    def _receive(self) -> None:
        data = self._client.socket.recv(MAX_RECEIVED if self.state == "Greeting" else MAX_BYTES)
        if not data:
            self._gone()
        elif self.state == "Asking":
            if request := self._head.feed(data):
                self._resolve(request)
        elif self.state == "Greeting":
            if name := self._hello.feed(data):
                self._greeted(name)
        else:  # something before the answer: to whom it was said, the client cannot know
            raise RefusedError("MalformedRequest")

    def _gone(self) -> None:
        """Whoever only came by was never decided on; a request that was begun is, and above all one that a resolver was asked about."""
        if self.state == "Greeting":
            self.refuse("NotTls")
        elif self.state in _LATE and not self._head.is_empty:
            self.refuse("MalformedRequest")
        else:
            self.close()

    def _resolve(self, request: Request) -> None:
        self._rule = decide(request, self._proxy.rules)
        self._request = request
        self.state, self._deadline = "Resolving", self._proxy.now + self._proxy.pace.resolve
        self._lookup = self._proxy.resolver.ask(request.name, self._resolved)

    def _resolved(self, addresses: list[str]) -> None:
        """Take the addresses as they are: nobody is asked a second time, and a connection is made to one of these or to none."""
        assert self._request is not None
        allowed = [address for address in addresses if self._proxy.addresses.allow(address, self._request.port)]
        if not allowed:
            self.refuse("AddressNotPublic" if addresses else "NotResolved")
            return
        self.state, self._addresses = "Connecting", allowed[:MOST_ADDRESSES]
        self._share = self._proxy.pace.connect / len(self._addresses)
        self._connect_to_next()

    def _connect_to_next(self) -> None:
        while self._addresses:
            self._let_go_of_upstream()
            self._deadline = self._proxy.now + self._share
            if self._begins_to_connect(self._addresses.pop(0)):
                return
        self.refuse("ConnectFailed")

    def _begins_to_connect(self, address: str) -> bool:
        assert self._request is not None
        try:
            opened = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
            self._upstream = Watched(opened, self._proxy.selector)
            opened.connect((address, self._request.port))
        except BlockingIOError:
            assert self._upstream is not None
            self._upstream.watch(WRITE, self._connected)
        except OSError:  # no such family here, no file descriptor, no way
            return False
        else:
            self._connected(WRITE)
        return True

    def _connected(self, _: int) -> None:
        if self._upstream is None or self.state != "Connecting":
            return
        if self._upstream.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self._connect_to_next()
            return
        self._upstream.watch(0, self._connected)
        self.state, self._deadline = "Greeting", self._proxy.now + self._proxy.pace.hello
        try:
            self._client.socket.send(refusals.ESTABLISHED)  # the first that it is sent: there is room
        except OSError:
            self._gone()

    def _greeted(self, name: str) -> None:
        assert self._request is not None
        assert self._rule is not None
        assert self._upstream is not None
        if name != self._request.name:
            raise RefusedError("ServerNameMismatch")
        upstream, self._upstream = self._upstream, None
        self.state = "Closed"
        self._proxy.record.allowed(self._rule, self._proxy.now - self._started)
        self._proxy.hand_over(self, Tunnel(self._proxy, self._client, upstream, bytes(self._hello.received), self._rule))

    def _tell(self) -> None:
        self._unsent = self._unsent[self._client.socket.send(self._unsent) :]
        if not self._unsent:
            # Closed with something unread, the socket would be reset, and the answer might be lost with it.
            self._client.socket.shutdown(socket.SHUT_WR)
            self.state = "Draining"
            self._client.watch(READ, self._ready)
