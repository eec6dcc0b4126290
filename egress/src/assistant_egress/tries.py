"""One whole try: every target of a round at once, none for longer than a second, and each asked several times in it.

What was lost on its way must not look like what was blocked. Datagrams are sent again, and TCP connections begun again beside those that
still wait: the kernel would send its second SYN after a second. Nothing is ever sent over a connection, and each is reset the moment one of
them is there. Sockets never block. They are watched by an epoll that the loop (lookout.py) keeps for all tries and has in its selector as
one thing: a selector's own books about every socket would cost as much again as the sockets.
"""

import contextlib
import errno
import math
import os
import select
import socket
import struct
import time
from typing import Final

from assistant_egress import errnos
from assistant_egress.protocol import UDP_QUESTION, Observed, Result, Round, Target, dns_question

TIMEOUT: Final = 1.0
"""Seconds that a target has to answer."""
RESEND: Final = 0.35
"""Seconds after which one without an answer is asked again: three times in TIMEOUT, as two losses are no wall. Silence is what a try finds
as a rule, so that each further question is paid for in every pod and every round."""

_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)
_MAPPED: Final = bytes(10) + b"\xff\xff"


class Try:
    """What is seen of one round's targets. It starts when it is made; `is_over` when each has been observed."""

    def __init__(self, asked: Round, watched: select.epoll, *, now: float, timeout: float = TIMEOUT, resend: float = RESEND) -> None:
        """Start at `now`, in seconds of the loop's clock. `watched` is nobody else's meanwhile: `look` when it has something."""
        self.asked = asked
        self._watched = watched
        self._resend = resend
        self._end = now + timeout
        self._next_ask = now + resend
        self._asks_left = math.ceil(timeout / resend) - 1
        """However late this process comes to it: a try that was ended by the clock alone might have asked once."""
        self._whose: dict[int, _Attempt] = {}
        """Whose each socket is, by its number."""
        self._attempts = [_Attempt(target, watched, self._whose) for target in asked.targets]
        for attempt in self._attempts:
            attempt.start()

    @property
    def deadline(self) -> float:
        """When `expire` has something to do."""
        return self._next_ask if self._asks_left else self._end

    @property
    def is_over(self) -> bool:
        """Whether every target has been observed."""
        return all(attempt.result for attempt in self._attempts)

    @property
    def sockets(self) -> int:
        """How many are open."""
        return len(self._whose)

    def look(self) -> None:
        """Take in what has come; does not wait."""
        for number, _ in self._watched.poll(0):
            if attempt := self._whose.get(number):  # settled by another event of the same moment, otherwise
                attempt.heard(number)

    def expire(self, now: float) -> None:
        """Ask those again that may not have heard, and call those that have not answered in time Blocked."""
        if self._asks_left and now >= self._next_ask:
            self._asks_left -= 1
            self._next_ask = max(self._next_ask, now - self._resend / 2) + self._resend
            self._end = max(self._end, now + self._resend / 2)
            for attempt in self._attempts:
                attempt.ask_again()
        elif not self._asks_left and now >= self._end:
            self.end("Blocked")

    def end(self, observed: Observed = "Failed") -> None:
        """Close what is open; what had no answer is `observed`."""
        for attempt in self._attempts:
            attempt.settle(observed)

    def results(self) -> tuple[Result, ...]:
        """Return what has been seen, in the round's order."""
        return tuple(attempt.result for attempt in self._attempts if attempt.result)


class _Attempt:
    """One target's sockets, until something is observed: one for datagrams, for TCP one more each time that it is asked again."""

    def __init__(self, target: Target, watched: select.epoll, whose: "dict[int, _Attempt]") -> None:
        self.result: Result | None = None
        self._target = target
        self._watched = watched
        self._whose = whose
        self._sockets: dict[int, socket.socket] = {}
        self._is_tcp = target.protocol == "tcp"
        self._is_ipv6 = ":" in target.address
        self._is_mapped = self._is_ipv6 and socket.inet_pton(socket.AF_INET6, target.address).startswith(_MAPPED)

    def start(self) -> None:
        """Connect, or send; what fails at once is settled at once."""
        try:
            self._connect(self._open())
        except OSError as error:
            self.settle(errnos.at_once(error.errno or 0, is_ipv6=self._is_ipv6, is_mapped=self._is_mapped))

    def ask_again(self) -> None:
        """Send the datagram again, or begin one more connection; nothing where the target has been observed."""
        if self.result is not None:
            return
        if self._is_tcp:
            with contextlib.suppress(OSError):  # what cannot be begun a second time takes nothing from the first
                self._connect(self._open())
            return
        try:
            self._send(next(iter(self._sockets.values())))
        except OSError as error:  # errors of an earlier datagram come up here, too
            self._settle_late(error)

    def heard(self, number: int) -> None:
        """Take in what has come on one of the sockets."""
        opened = self._sockets[number]
        if self._is_tcp:
            error = opened.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            self.settle(errnos.from_network(error, "tcp", is_ipv6=self._is_ipv6) if error else "Reached")
            return
        try:
            opened.recv(1)  # a datagram's rest is dropped with it
        except BlockingIOError:  # it was there and its checksum was wrong
            return
        except OSError as error:
            self._settle_late(error)
        else:
            self.settle("Reached")

    def settle(self, observed: Observed) -> None:
        """Note what was seen, unless something was before, and close the sockets, which nobody watches then."""
        if self.result is None:
            self.result = Result(self._target.id, observed, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
        for number, opened in self._sockets.items():
            del self._whose[number]
            opened.close()
        self._sockets.clear()

    def _settle_late(self, error: OSError) -> None:
        self.settle(errnos.from_network(error.errno or 0, self._target.protocol, is_ipv6=self._is_ipv6))

    def _open(self) -> socket.socket:
        kind = socket.SOCK_STREAM if self._is_tcp else socket.SOCK_DGRAM
        opened = socket.socket(socket.AF_INET6 if self._is_ipv6 else socket.AF_INET, kind | socket.SOCK_NONBLOCK)
        self._sockets[opened.fileno()] = opened
        self._whose[opened.fileno()] = self
        if self._is_tcp:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        if self._is_mapped:  # where net.ipv6.bindv6only is set, ENETUNREACH would be answered without a look at any route
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        return opened

    def _connect(self, opened: socket.socket) -> None:
        number = opened.connect_ex((self._target.address, self._target.port))
        if not self._is_tcp:
            if number:
                raise OSError(number, "connect")
            self._watched.register(opened, select.EPOLLIN)
            self._send(opened)
        elif number == errno.EINPROGRESS:
            self._watched.register(opened, select.EPOLLOUT)
        elif number:
            raise OSError(number, "connect")
        else:
            self.settle("Reached")

    def _send(self, opened: socket.socket) -> None:
        opened.send(UDP_QUESTION if self._target.protocol == "udp" else dns_question(int.from_bytes(os.urandom(2), "big")))
