"""Things to reach, on loopback in either family, and what a try sees of them."""

import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from assistant_egress.protocol import EvidencePath, Observed, Protocol, Result, Round, Target
from assistant_egress.tries import RESEND, Try

LOOPBACK = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}
FAMILIES = tuple(LOOPBACK)
SECONDS = 10.0
"""After which a condition that has not come is a failure."""


def target(port: int, protocol: Protocol = "tcp", address: str = "127.0.0.1", path: EvidencePath = "pods", alive: bool = True) -> Target:
    return Target(f"{path}/{protocol}-{address}:{port}".replace("::", "--"), path, protocol, address, port, alive)


def observe(*targets: Target, timeout: float = SECONDS, resend: float = RESEND) -> list[Observed]:
    return [result.observed for result in whole_try(*targets, timeout=timeout, resend=resend)]


def whole_try(
    *targets: Target, timeout: float = SECONDS, resend: float = RESEND, before_looking: Callable[[], None] = lambda: None
) -> tuple[Result, ...]:
    """Make one try to its end, the way lookout.py does."""
    with select.epoll() as watched:
        attempt = Try(Round(targets), watched, now=time.monotonic(), timeout=timeout, resend=resend)
        before_looking()
        while not attempt.is_over:
            select.select([watched], [], [], max(0.0, attempt.deadline - time.monotonic()))
            attempt.look()
            attempt.expire(time.monotonic())
        assert not attempt.sockets, "a socket was left open"
        return attempt.results()


def until(what: str, condition: Callable[[], object], seconds: float = SECONDS) -> None:
    """Wait for a condition; fail where it does not come."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not in {seconds} s: {what}"
        threading.Event().wait(0.005)


class Listener:
    """A TCP port that somebody listens on; counts who came."""

    def __init__(self, family: socket.AddressFamily = socket.AF_INET) -> None:
        self.socket = socket.create_server((LOOPBACK[family], 0), family=family)
        self.port: int = self.socket.getsockname()[1]
        self.count = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Refuse from now on; the port stays taken, so that nobody else listens on it."""
        self._stop.set()
        address = self.socket.getsockname()
        with socket.socket(self.socket.family) as wake:  # accept() does not notice that its socket is closed
            wake.connect(address)
        self._thread.join(SECONDS)
        self.socket.close()
        self.socket = closed(self.socket.family, self.port)

    def _serve(self) -> None:
        while not self._stop.is_set():
            accepted, _ = self.socket.accept()
            accepted.close()
            self.count += not self._stop.is_set()


@contextmanager
def listener(family: socket.AddressFamily = socket.AF_INET) -> Iterator[Listener]:
    running = Listener(family)
    try:
        yield running
    finally:
        if not running._stop.is_set():
            running.close()
        running.socket.close()


def closed(family: socket.AddressFamily = socket.AF_INET, port: int = 0) -> socket.socket:
    """A TCP port that is taken and refuses."""
    taken = socket.socket(family)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    taken.bind((LOOPBACK[family], port))
    return taken


@contextmanager
def refusing(family: socket.AddressFamily = socket.AF_INET) -> Iterator[int]:
    with closed(family) as taken:
        yield taken.getsockname()[1]


@contextmanager
def silent(family: socket.AddressFamily = socket.AF_INET) -> Iterator[int]:
    """A TCP port whose SYNs are dropped: its queue is full."""
    with full(family) as (server, _):
        yield server.getsockname()[1]


@contextmanager
def full(family: socket.AddressFamily = socket.AF_INET) -> Iterator[tuple[socket.socket, socket.socket]]:
    """A server that drops SYNs until it accepts the one connection that its queue has room for, and that connection."""
    with socket.create_server((LOOPBACK[family], 0), family=family, backlog=0) as server, socket.socket(family) as first:
        first.connect(server.getsockname())
        yield server, first


@contextmanager
def receiver(
    family: socket.AddressFamily = socket.AF_INET, answer: bytes | None = b"yes", lost: int = 0
) -> Iterator[tuple[int, list[bytes]]]:
    """A UDP port that notes what it gets, and answers it unless told not to; of the first `lost` datagrams nobody hears again."""
    received: list[bytes] = []
    with socket.socket(family, socket.SOCK_DGRAM) as bound:
        bound.bind((LOOPBACK[family], 0))

        def serve() -> None:
            while data := bound.recvfrom(2048):
                if data[0] == b"end":
                    return
                received.append(data[0])
                if answer is not None and len(received) > lost:
                    bound.sendto(answer, data[1])

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield bound.getsockname()[1], received
        finally:
            with socket.socket(family, socket.SOCK_DGRAM) as wake:
                wake.sendto(b"end", bound.getsockname())
            thread.join(SECONDS)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


def unanswered_port(family: socket.AddressFamily) -> int:
    """A UDP port that nobody has."""
    with socket.socket(family, socket.SOCK_DGRAM) as taken:
        taken.bind((LOOPBACK[family], 0))
        port: int = taken.getsockname()[1]
        return port
