"""Ten thousand streams of bytes that are nearly right, or not at all."""

import contextlib
import os
import random
import re
import socket
from collections import Counter

import pytest

from assistant_egress.proxy.client import Client
from assistant_egress.proxy.server import Pace, Proxy
from assistant_egress.proxy.tunnel import Tunnel
from tests.unit.egress.proxy.hellos import ECH, GOOD, encrypted, hello, message, named, real, records, seen_by_openssl
from tests.unit.egress.proxy.running import Names, asking, counts, rules
from tests.unit.egress.targets import SECONDS

STREAMS = 10_000
EVIL = "evil.example"
PIECES = (
    b"\r\n",
    b"\n",
    b"\x00",
    b" ",
    b":",
    b".",
    b"@",
    GOOD.encode(),
    EVIL.encode(),
    b"Host: evil.example\r\n",
    b"\xfe\x0d\x00\x00",
    b"\x16\x03\x01",
)


class Host:
    """What the rule allows: takes connections when it is asked to, and returns what each was sent."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.listener.setblocking(False)
        self.port: int = self.listener.getsockname()[1]

    def visits(self, proxy: Proxy) -> list[bytes]:
        """Return what each connection since the last look held; its client has said its last."""
        seen = []
        with contextlib.suppress(BlockingIOError):
            while True:
                opened, _ = self.listener.accept()
                with opened:
                    seen.append(received(proxy, opened))
        return seen


class Player:
    """Plays streams against a proxy, which turns in the same thread: each goes as far as it can before the next begins."""

    def __init__(self, proxy: Proxy, host: Host) -> None:
        self.proxy = proxy
        self.host = host

    def play(self, request: bytes, greeting: bytes) -> tuple[bytes, list[bytes]]:
        """Send the request and, where it is granted, the greeting; return the first answer's status line, and what the host was sent."""
        with socket.create_connection(("127.0.0.1", self.proxy.port)) as client:
            client.setblocking(False)
            client.sendall(request)
            answer = self._answer(client, len(request))
            if answer.startswith(b"HTTP/1.1 200"):
                with contextlib.suppress(ConnectionError):
                    client.sendall(greeting)
                self._answer(client, len(greeting))
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_WR)
            self.proxy.turn(0)
            visits = self.host.visits(self.proxy)
        while self.proxy.connections:
            self.proxy.turn(SECONDS)
        return answer, visits

    def _answer(self, client: socket.socket, sent: int) -> bytes:
        """Turn until something comes, or the proxy has all that was sent and waits for more."""
        while True:
            with contextlib.suppress(BlockingIOError, ConnectionResetError):
                return client.recv(4096)
            if any(is_waiting(connection, sent) for connection in self.proxy.connections):
                return b""
            self.proxy.turn(SECONDS)


def is_waiting(connection: Client | Tunnel, sent: int) -> bool:
    if isinstance(connection, Tunnel):
        return True
    had = {"Asking": connection._head._received, "Greeting": connection._hello.received}.get(connection.state)
    return had is not None and len(had) == sent


def received(proxy: Proxy, opened: socket.socket) -> bytes:
    opened.setblocking(False)
    data = b""
    while True:
        try:
            if not (got := opened.recv(65536)):
                return data
        except BlockingIOError:
            proxy.turn(SECONDS)
        except ConnectionResetError:
            return data
        else:
            data += got


def spoiled(source: random.Random, data: bytes) -> bytes:
    """Return the bytes with a few of them changed, lost, added, doubled or cut off."""
    changed = bytearray(data)
    for _ in range(source.choice((1, 1, 1, 2, 4))):
        at, end = sorted(source.randrange(len(changed) + 1) for _ in range(2))
        change = source.randrange(6)
        if change == 0:
            changed[at : at + 1] = bytes([source.randrange(256)])
        elif change == 1:
            del changed[at : at + source.choice((1, 2, 10))]
        elif change == 2:
            changed[at:at] = source.choice(PIECES)
        elif change == 3:
            changed[at:at] = source.randbytes(source.randrange(1, 9))
        elif change == 4:
            changed[at:at] = changed[at:end]
        elif source.randrange(3) == 0:
            del changed[at:]
        else:
            changed[at:end] = changed[at:end].swapcase()
    return bytes(changed)


@pytest.mark.filterwarnings("error")
def test_ten_thousand_streams() -> None:
    """None ends the program or leaves anything behind; no name but the allowed one is resolved or visited, and no hello leaves but its.

    What left is judged by another reader than the proxy's: OpenSSL, as the host would run it.
    """
    source = random.Random(20261129)
    host = Host()
    greetings = [real(GOOD)] * 4 + [
        hello(named(GOOD)),
        records(message([named(GOOD)]), 50),
        real(EVIL),
        real(None),
        encrypted(),
        hello((ECH, b"")),
    ]
    names = Names(["127.0.0.1"])
    seen: Counter[str] = Counter()
    with host.listener, Proxy(rules(host.port), 0, 0, Pace(), names) as proxy:
        player = Player(proxy, host)
        right = re.compile(rb"CONNECT (?i:api\.corp\.example):%d HTTP/1\.[01]\r\n" % host.port)
        requests = [asking(host.port), asking(host.port, GOOD, f"Host: {GOOD}:{host.port}", "User-Agent: x"), asking(host.port, EVIL)]
        player.play(requests[0], greetings[0])
        files = len(os.listdir("/proc/self/fd"))
        for number in range(STREAMS):
            request, greeting = source.choice(requests), source.choice(greetings)
            if number % 3:
                request = spoiled(source, request) if number % 9 else source.randbytes(source.randrange(1, 400))
            if number % 3 != 1:
                greeting = spoiled(source, greeting) if number % 8 else source.randbytes(source.randrange(1, 400))
            seen["nothing"] += not request
            answer, visits = player.play(request, greeting)
            seen[answer[9:12].decode()] += 1
            seen["visits"] += len(visits)
            if answer.startswith(b"HTTP/1.1 200") or visits:
                assert right.match(request), (number, request)
                assert len(visits) == 1
            for left in filter(None, visits):
                seen["left"] += 1
                assert left == greeting, number
                judged = seen_by_openssl(left)
                assert judged in ([], [GOOD]), number
                seen["judged"] += len(judged)

        assert set(names.asked) == {GOOD}
        assert proxy.connections == set()
        assert len(os.listdir("/proc/self/fd")) == files
        assert sum(counts(proxy).values()) == STREAMS + 1 - seen["nothing"]
        assert counts(proxy)["allowed/Allowed"] == seen["left"] + 1
    # Neither all nor nothing: the streams reach every step.
    assert min(seen["200"], seen["400"], seen["403"], seen["judged"]) > 300, seen
    assert {"refused/NotTls", "refused/NoServerName", "refused/ServerNameMismatch", "refused/EncryptedServerName"} <= counts(proxy).keys()
