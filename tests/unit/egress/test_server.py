"""The server against clients that mean it no good."""

import contextlib
import os
import random
import resource
import selectors
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial

import pytest

from assistant_egress.lookout import Lookout, Pace
from assistant_egress.protocol import MAX_BYTES, Round, encode_round
from assistant_egress.server import MAX_CONNECTIONS, PAUSE_SECONDS, Connection, Server
from assistant_egress.wire import Request
from tests.unit.egress.client import connect, exchange, parse, post, read, request, running, verdict
from tests.unit.egress.targets import refusing, target, until

RECEIVE_SECONDS = 0.4


@pytest.fixture
def lookout() -> Iterator[Lookout]:
    with running(pace=Pace(repeat=60.0, receive=RECEIVE_SECONDS)) as turning:
        yield turning


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_it_answers_in_both_families(lookout: Lookout, address: str) -> None:
    """The operator comes by the pod's address, of either family; the gateway by loopback."""
    assert verdict(lookout.port, address) == "Unknown"
    assert post(lookout.port, address=address).results == ()


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (request(b"{}"), 400),
        (request(b"\x00\xff"), 400),
        (request(b""), 400),
        (request(b'{"targets":[{"id":"a"}]}'), 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (request(b"", "GET", "/"), 404),
        (request(b"", "GET", "/rounds"), 404),
        (request(b"", "POST", "/verdict"), 404),
        (request(b"", "HEAD", "/verdict"), 404),
        (request(b'{"targets":[]}', path="/rounds/"), 404),
        (request(b'{"targets":[]}', path="/rounds?x"), 404),
        (request(b'{"targets":[]}', method="PUT"), 404),
        (b"POST /rounds HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (MAX_BYTES + 1), 413),
        (b"GET /verdict HTTP/1.1\r\n" + b"a: b\r\n" * 2000, 413),
    ],
)
def test_what_is_not_allowed_is_refused(lookout: Lookout, data: bytes, status: int) -> None:
    """With a status and not one word more."""
    assert exchange(lookout.port, data) == (status, b"")


def test_an_oversized_body_is_refused_before_it_is_there(lookout: Lookout) -> None:
    """And whoever goes on sending it still gets the answer, not a reset that swallows it."""
    with connect(lookout.port) as client:
        client.sendall(b"POST /rounds HTTP/1.1\r\nContent-Length: 4000000\r\n\r\n")
        for _ in range(30):
            client.sendall(bytes(10_000))
        client.shutdown(socket.SHUT_WR)

        assert parse(read(client)) == (413, b"")


def test_a_slow_client_has_its_time_and_no_more(lookout: Lookout) -> None:
    """A byte now and then buys nothing."""
    started = time.monotonic()
    with connect(lookout.port) as client:
        client.settimeout(0.02)
        until("it is closed", lambda: drips_no_more(client))

    assert time.monotonic() - started > RECEIVE_SECONDS * 0.9


def drips_no_more(client: socket.socket) -> bool:
    """Send one more byte; tell whether the server has closed the connection."""
    try:
        client.send(b"x")
        return client.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


def test_a_client_that_sends_on_after_its_answer_is_closed(lookout: Lookout) -> None:
    """What it sends is not kept, and it keeps no connection."""
    with connect(lookout.port) as client:
        client.sendall(request(b"", "GET", "/verdict"))
        assert parse(read(client))[0] == 200
        until("it waits for the client", lambda: [each.state for each in lookout._server.connections] == ["Draining"])

        until("it is closed", lambda: not lookout._server.connections)


@pytest.mark.parametrize("end", ["close", "reset"])
@pytest.mark.parametrize("kept", [1, 40, -1], ids=["in the head", "in the head's middle", "in the body"])
def test_a_truncated_request_is_dropped(lookout: Lookout, kept: int, end: str) -> None:
    """Nothing is tried, nothing is answered, nothing is left."""
    with refusing() as port, connect(lookout.port) as client:
        client.sendall(request(encode_round(Round((target(port),))))[:kept])
        if end == "reset":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            client.shutdown(socket.SHUT_WR)
            assert read(client) == b""

    until("it is forgotten", lambda: not lookout._server.connections)
    assert verdict(lookout.port) == "Unknown"


def test_a_client_that_leaves_before_its_answer_harms_nobody(lookout: Lookout) -> None:
    """Its round is tried; the answer goes nowhere."""
    with refusing() as port:
        for _ in range(20):
            with connect(lookout.port) as client:
                client.sendall(request(encode_round(Round((target(port),)))))
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

        until("all are forgotten", lambda: not lookout._server.connections)
        assert post(lookout.port, target(port)).results[0].observed == "Blocked"


def test_two_hundred_random_streams_change_nothing(lookout: Lookout) -> None:
    """Bytes of any kind, at times behind a good beginning: an error's status or none, and the next request is answered."""
    source = random.Random(20261128)
    beginnings = (
        b"",
        b"POST /rounds HTTP/1.1\r\n",
        b"POST /rounds HTTP/1.1\r\nContent-Length: 50\r\n\r\n",
        b'GET /x HTTP/1.1\r\n\r\n{"targets":[',
    )
    for number in range(200):
        data = source.choice(beginnings) + source.randbytes(source.randrange(1, 300)) + source.choice((b"", b"\r\n\r\n"))
        with connect(lookout.port) as client:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            received = read(client)
        if received:
            assert parse(received)[0] in (400, 404, 413), (number, data)

    assert verdict(lookout.port) == "Unknown"
    assert post(lookout.port).results == ()


def test_slow_clients_keep_nobody_out() -> None:
    """Of too many, the oldest that has not asked yet gives way; whoever asks is answered at once."""
    with running(pace=Pace(repeat=60.0, receive=60.0)) as turning, ExitStack() as stack:
        slow = [stack.enter_context(connect(turning.port)) for _ in range(3 * MAX_CONNECTIONS)]
        for client in slow:
            with contextlib.suppress(ConnectionError):  # the first have been closed
                client.sendall(b"POST /rounds HTTP/1.1\r\n")

        for _ in range(5):
            started = time.monotonic()
            assert verdict(turning.port) == "Unknown"
            assert time.monotonic() - started < 1
            assert len(turning._server.connections) <= MAX_CONNECTIONS


class Alone:
    """A server without a loop: its events are handled when a test says so."""

    def __init__(self) -> None:
        self.selector = selectors.DefaultSelector()
        self.time = 0.0
        self.asked: list[Connection] = []
        self.server = Server(0, self.selector, self.take, lambda: self.time)

    def take(self, connection: Connection, asked: Request) -> None:
        self.asked.append(connection)

    def turn(self, seconds: float = 0.0) -> int:
        events = self.selector.select(seconds)
        for key, _ in events:
            key.data()
        return len(events)

    def has_asked(self, clients: int = 1) -> bool:
        """Handle what comes; returns whether so many requests have."""
        self.turn(0.05)
        return len(self.asked) == clients

    def settle(self) -> None:
        """Handle the next event."""
        until("an event", lambda: self.turn(0.05))


@pytest.fixture
def alone() -> Iterator[Alone]:
    server = Alone()
    yield server
    server.server.close()
    assert not server.selector.get_map(), "a socket was left in the selector"
    server.selector.close()


def test_who_waits_for_an_answer_is_not_turned_away(alone: Alone) -> None:
    """With as many as there may be, newcomers are."""
    with ExitStack() as stack:
        for number in range(MAX_CONNECTIONS):
            client = stack.enter_context(connect(alone.server.port))
            client.sendall(request(b"", "GET", "/verdict"))
            until("the request is there", partial(alone.has_asked, number + 1))
        newcomer = stack.enter_context(connect(alone.server.port))
        alone.settle()

        assert newcomer.recv(1) == b""
        assert [each.state for each in alone.server.connections] == ["Waiting"] * MAX_CONNECTIONS


def test_who_goes_before_the_answer_wakes_nobody(alone: Alone) -> None:
    """The end of a connection stays readable: watched meanwhile, it would keep the program busy for as long as a try takes."""
    with connect(alone.server.port) as client:
        client.sendall(request(b"", "GET", "/verdict"))
        until("the request is there", alone.has_asked)

    assert alone.turn(0.1) == 0
    alone.asked[0].reply(200)
    until("it is closed", lambda: alone.turn(0.05) == 0 and not alone.server.connections)


def test_an_answer_that_nobody_reads_ends(alone: Alone) -> None:
    """It does not block the others, and has its time."""
    with connect(alone.server.port) as client:
        client.sendall(request(b"", "GET", "/verdict"))
        until("the request is there", alone.has_asked)
        alone.asked[0].reply(200, bytes(50_000_000))
        assert not alone.server.has_answered

        alone.time = alone.server.deadline or 0.0
        alone.server.expire(alone.time)

        assert alone.server.connections == []
        assert alone.server.has_answered
        alone.asked[0].reply(200)  # changes nothing


def test_a_lack_of_file_descriptors_is_waited_for(alone: Alone) -> None:
    """The listener stays readable then: without a pause the program would do nothing else."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with connect(alone.server.port) as client:
        client.sendall(request(b"", "GET", "/verdict"))
        lowest = os.dup(0)
        os.close(lowest)
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
        try:
            alone.settle()
            assert alone.turn(0.1) == 0
            assert alone.server.deadline == pytest.approx(PAUSE_SECONDS)
            alone.server.expire(0.1)
            assert alone.turn(0.1) == 0
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

        alone.server.expire(PAUSE_SECONDS)
        until("the request is there", alone.has_asked)
