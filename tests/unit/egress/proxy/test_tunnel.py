"""A tunnel that stands: what it carries, how it ends, and what cuts it."""

import fcntl
import hashlib
import random
import select
import socket
import ssl
import struct
import termios
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from assistant_egress.proxy.rules import Limits
from assistant_egress.proxy.server import Proxy
from assistant_egress.proxy.tunnel import CHUNK, Tunnel
from assistant_egress.proxy.watching import UNSENT, WINDOW
from tests.cluster.certificates import SERVER, authority, issue
from tests.unit.egress.client import connect, read
from tests.unit.egress.proxy.hellos import GOOD, real
from tests.unit.egress.proxy.running import asking, counts, rules, running, take, tunnel
from tests.unit.egress.proxy.upstream import host, upstream
from tests.unit.egress.targets import SECONDS, until

HELLO = real(GOOD)
SEGMENT = 1 << 16
"""A queue that has room for one byte takes a whole segment, which is large on loopback."""
LARGE = random.Random(5).randbytes(8_000_000)


def test_a_tls_client_talks_to_its_server(tmp_path: Path) -> None:
    """Through the proxy as it would without: the server's certificate is checked, and its own name is what it was asked for."""
    by = authority("test")
    by.write(tmp_path, "ca")
    issue(by, GOOD, SERVER, dns=(GOOD,)).write(tmp_path, "tls")
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(tmp_path / "tls.crt", tmp_path / "tls.key")
    asked: list[str | None] = []
    serving.sni_callback = lambda _, name, __: asked.append(name)

    def serve(opened: socket.socket) -> None:
        with serving.wrap_socket(opened, server_side=True) as tls:
            tls.sendall(tls.recv(100).upper())
            tls.unwrap()

    context = ssl.create_default_context(cafile=tmp_path / "ca.crt")
    with host(serve) as port, running(rules(port)) as proxy, tunnel(proxy, port) as client:
        with context.wrap_socket(client, server_hostname=GOOD, suppress_ragged_eofs=False) as tls:
            tls.sendall(b"hello")
            assert tls.recv(100) == b"HELLO"
            assert tls.recv(100) == b""
            tls.unwrap()
        until("it is over", lambda: not proxy.connections)
        assert counts(proxy) == {"allowed/Allowed": 1}
    assert asked == [GOOD]


@pytest.mark.parametrize("first", ["client", "server"])
def test_one_end_s_last_byte_is_not_the_other_s(first: str) -> None:
    """A half-closed connection goes on in its other direction, for as long as that has something to say."""

    def serve(opened: socket.socket) -> None:
        take(opened, len(HELLO))
        if first == "client":
            assert read(opened) == b"all that I have"
            opened.sendall(LARGE)
        else:
            opened.sendall(b"all that I have")
            opened.shutdown(socket.SHUT_WR)
            assert read(opened) == LARGE

    with host(serve) as port, running(rules(port)) as proxy, tunnel(proxy, port) as client:
        client.sendall(HELLO)
        if first == "client":
            client.sendall(b"all that I have")
            client.shutdown(socket.SHUT_WR)
            assert read(client) == LARGE
        else:
            assert read(client) == b"all that I have"
            client.sendall(LARGE)
            client.shutdown(socket.SHUT_WR)
        until("it is over", lambda: not proxy.connections)
        assert counts(proxy) == {"allowed/Allowed": 1}


def test_both_directions_carry_at_once_and_lose_nothing() -> None:
    """Every byte, once, in order; metrics count them from the assistant's side, the hello with them."""

    def serve(opened: socket.socket) -> None:
        take(opened, len(HELLO))
        sender = sending(opened, LARGE)
        assert hashlib.sha256(read(opened)).digest() == hashlib.sha256(LARGE[:3_000_000]).digest()
        sender.join(SECONDS)

    with host(serve) as port, running(rules(port)) as proxy, tunnel(proxy, port) as client:
        client.sendall(HELLO)
        sender = sending(client, LARGE[:3_000_000])
        assert hashlib.sha256(read(client)).digest() == hashlib.sha256(LARGE).digest()
        sender.join(SECONDS)
        until("it is over", lambda: not proxy.connections)
        assert proxy.record.bytes == {"sent": len(HELLO) + 3_000_000, "received": len(LARGE)}


def sending(opened: socket.socket, data: bytes) -> threading.Thread:
    """Send it all, and say that it is, in a thread."""

    def send() -> None:
        opened.sendall(data)
        opened.shutdown(socket.SHUT_WR)

    thread = threading.Thread(target=send)
    thread.start()
    return thread


def test_a_slow_reader_stops_its_host_and_fills_no_memory() -> None:
    """What has left the host and not arrived is in the kernel's queues of the proxy: they are the pod's memory, and stay short.

    In the end all is there.
    """
    sent, waiting = 0, 0
    first, total = 200 * CHUNK, 400 * CHUNK

    def serve(opened: socket.socket) -> None:
        nonlocal sent, waiting
        take(opened, len(HELLO))
        left = memoryview(bytes(total))
        opened.setblocking(False)
        while left:
            if select.select([], [opened], [], 0.01)[1]:
                number = opened.send(left[:CHUNK])
                left = left[number:]
                sent += number
            waiting = queued(opened, termios.TIOCOUTQ)

    with host(serve) as port, running(rules(port)) as proxy, tunnel(proxy, port) as client:
        client.sendall(HELLO)
        take(client, first)  # fast at first, so that the kernel would let the queues grow
        until("the way is blocked", lambda: is_blocked(proxy))
        still = Still()
        until("nothing moves any more", lambda: still.after(sent, waiting, queued(client, termios.FIONREAD)))
        assert sent < total
        until("it rests", lambda: proxy.selector.select(0) == [], seconds=0.5)
        assert sent - waiting - first - queued(client, termios.FIONREAD) <= 2 * WINDOW + UNSENT + SEGMENT
        assert take(client, total - first) == bytes(total - first)
        assert client.recv(1) == b""


def test_a_kernel_that_takes_little_at_a_time_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the hello, of what follows, and of the answers: the rest goes on when there is room."""
    takes = iter([0, 7, 100] * 10_000)
    monkeypatch.setattr("assistant_egress.proxy.tunnel._send", lambda sink, data: sink.send(data[: next(takes)]))
    with upstream() as server, running(rules(server.port)) as proxy, tunnel(proxy, server.port) as client:
        client.sendall(HELLO + LARGE[:50_000])
        assert take(client, len(HELLO) + 50_000) == HELLO + LARGE[:50_000]
        client.shutdown(socket.SHUT_WR)
        until("it is over", lambda: not proxy.connections)
        assert proxy.record.bytes == {"sent": len(HELLO) + 50_000, "received": len(HELLO) + 50_000}


def queued(opened: socket.socket, what: int) -> int:
    """Return the bytes in a socket's queue: TIOCOUTQ is of those that its peer's kernel has not got, FIONREAD of those to read."""
    return int(struct.unpack("i", fcntl.ioctl(opened, what, bytes(4)))[0])


class Still:
    """Tells when figures have stayed the same for a while."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, ...]] = []

    def after(self, *figures: int) -> bool:
        self.seen.append(figures)
        return len(self.seen) > 60 and set(self.seen[-60:]) == {figures}


def is_blocked(proxy: Proxy) -> bool:
    """Whether the one tunnel waits for its client to read."""
    return any(isinstance(standing, Tunnel) and standing._down.is_blocked for standing in proxy.connections)


def test_a_blocked_direction_does_not_stop_the_other() -> None:
    """Who does not read may still be read from."""

    def serve(opened: socket.socket) -> None:
        take(opened, len(HELLO))
        sender = threading.Thread(target=lambda: opened.sendall(LARGE * 4))
        sender.start()
        assert take(opened, 5) == b"still"
        opened.settimeout(SECONDS)
        sender.join(SECONDS)

    with host(serve) as port, running(rules(port)) as proxy, tunnel(proxy, port) as client:
        client.sendall(HELLO)
        until("the way is blocked", lambda: is_blocked(proxy))
        client.sendall(b"still")
        until("it is there", lambda: proxy.record.bytes["sent"] == len(HELLO) + 5)
        assert hashlib.sha256(take(client, 4 * len(LARGE))).digest() == hashlib.sha256(LARGE * 4).digest()


@pytest.mark.parametrize("leaves", ["client", "server"])
def test_a_reset_is_passed_on(leaves: str) -> None:
    """What was cut off is not taken for complete by the other end."""
    is_carried = threading.Event()

    def serve(opened: socket.socket) -> None:
        take(opened, len(HELLO))
        opened.sendall(b"x")
        assert is_carried.wait(SECONDS)
        if leaves == "server":
            reset(opened)
        else:
            with pytest.raises(ConnectionResetError):
                opened.recv(1)

    with host(serve) as port, running(rules(port)) as proxy, tunnel(proxy, port) as client:
        client.sendall(HELLO)
        assert take(client, 1) == b"x"
        is_carried.set()
        if leaves == "client":
            reset(client)
        else:
            with pytest.raises(ConnectionResetError):
                client.recv(1)
        until("it is over", lambda: not proxy.connections)


def reset(opened: socket.socket) -> None:
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    opened.close()


def test_a_byte_out_of_band_is_one_of_the_stream() -> None:
    """TLS has none; one that comes neither gets lost nor ends anything."""
    with upstream() as server, running(rules(server.port)) as proxy, tunnel(proxy, server.port) as client:
        client.sendall(HELLO)
        assert take(client, len(HELLO)) == HELLO
        for data, flags in ((b"before", 0), (b"!", socket.MSG_OOB), (b"after", 0)):
            client.sendall(data, flags)
        assert take(client, 12) == b"before!after"


def test_silence_has_its_time() -> None:
    """A tunnel through which nothing goes is cut; one where something does is not. The rule is in the log's line."""
    with upstream() as server, running(rules(server.port, limits=Limits(idle_seconds=1))) as proxy, ExitStack() as stack:
        silent = stack.enter_context(tunnel(proxy, server.port))
        busy = stack.enter_context(tunnel(proxy, server.port))
        for client in (silent, busy):
            client.sendall(HELLO)
            assert take(client, len(HELLO)) == HELLO
        started = time.monotonic()
        while "ended/IdleTimeout" not in counts(proxy):
            busy.sendall(b"x")
            assert take(busy, 1) == b"x"
            assert time.monotonic() - started < SECONDS
        assert time.monotonic() - started > 0.8
        with pytest.raises(ConnectionResetError):
            silent.recv(1)
        busy.sendall(b"y")
        assert take(busy, 1) == b"y"
        assert counts(proxy) == {"allowed/Allowed": 2, "ended/IdleTimeout": 1}


def test_a_half_open_end_has_the_same_time() -> None:
    """Whoever has said its last and hears nothing more is not kept for ever."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        with running(rules(port, limits=Limits(idle_seconds=1))) as proxy, tunnel(proxy, port) as client:
            client.sendall(HELLO)
            client.shutdown(socket.SHUT_WR)
            accepted, _ = mute.accept()
            with accepted:
                assert take(accepted, len(HELLO)) == HELLO
                assert accepted.recv(1) == b""
                until("it rests", lambda: proxy.selector.select(0) == [], seconds=0.5)
                until("it is cut", lambda: counts(proxy) == {"allowed/Allowed": 1, "ended/IdleTimeout": 1})
            until("it is over", lambda: not proxy.connections)


def test_bytes_are_limited_in_both_directions_together() -> None:
    """To the byte: as many as may be arrive, and one more ends it."""
    limit = 2 * len(HELLO) + 10
    with upstream() as server, running(rules(server.port, limits=Limits(bytes=limit))) as proxy:
        with tunnel(proxy, server.port) as client:
            client.sendall(HELLO)
            assert take(client, len(HELLO)) == HELLO
            client.sendall(b"12345")
            assert take(client, 5) == b"12345"
            assert counts(proxy) == {"allowed/Allowed": 1}
            client.sendall(b"6")
            with pytest.raises(ConnectionResetError):
                client.recv(1)
        assert server.only_visit().received == HELLO + b"12345"
        assert counts(proxy) == {"allowed/Allowed": 1, "ended/ByteLimit": 1}
        assert sum(proxy.record.bytes.values()) == limit


def test_as_many_bytes_as_may_be_end_nothing() -> None:
    """A tunnel that needs all of its limit, and no more, ends by itself."""
    with upstream() as server, running(rules(server.port, limits=Limits(bytes=2 * len(HELLO)))) as proxy:
        with tunnel(proxy, server.port) as client:
            client.sendall(HELLO)
            client.shutdown(socket.SHUT_WR)
            assert read(client) == HELLO
        until("it is over", lambda: not proxy.connections)
        assert counts(proxy) == {"allowed/Allowed": 1}


def test_a_limit_below_the_hello_lets_none_of_it_through() -> None:
    """Not half of it, either."""
    with upstream() as server, running(rules(server.port, limits=Limits(bytes=len(HELLO) - 1))) as proxy:
        with tunnel(proxy, server.port) as client:
            client.sendall(HELLO)
            with pytest.raises(ConnectionResetError):
                client.recv(1)
        assert server.only_visit().received == b""


def test_a_host_that_speaks_first_is_heard_after_the_hello() -> None:
    """Until the client's name is known nothing goes either way."""
    is_sent = threading.Event()

    def serve(opened: socket.socket) -> None:
        opened.sendall(b"220 ready")
        is_sent.set()
        assert read(opened) == HELLO

    with host(serve) as port, running(rules(port)) as proxy, connect(proxy.port) as client:
        client.sendall(asking(port))
        assert client.recv(1000).endswith(b"\r\n\r\n")
        assert is_sent.wait(SECONDS)
        client.settimeout(0.1)
        with pytest.raises(TimeoutError):
            client.recv(1)
        client.settimeout(SECONDS)
        client.sendall(HELLO)
        assert take(client, 9) == b"220 ready"
        client.shutdown(socket.SHUT_WR)
