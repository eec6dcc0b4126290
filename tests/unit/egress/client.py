"""A client of the server in a test: plain sockets, so that it can be as bad as it likes."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from assistant_egress.lookout import Lookout, Pace
from assistant_egress.protocol import (
    REQUIRED_BY_DEFAULT,
    Answer,
    PathClass,
    Phase,
    Round,
    State,
    Target,
    encode_round,
    parse_answer,
    parse_state,
)
from tests.unit.egress.targets import SECONDS


@contextmanager
def running(phase: Phase = "probe", required: tuple[PathClass, ...] = REQUIRED_BY_DEFAULT, pace: Pace | None = None) -> Iterator[Lookout]:
    """A lookout that turns while the block runs."""
    stop = Event()
    with Lookout(phase, required, 0, pace or Pace(repeat=60.0)) as lookout:

        def turn() -> None:
            while not stop.is_set():
                lookout.turn(0.02)

        thread = Thread(target=turn)
        thread.start()
        try:
            yield lookout
        finally:
            stop.set()
            thread.join(SECONDS)


def connect(port: int, address: str = "127.0.0.1") -> socket.socket:
    return socket.create_connection((address, port), timeout=SECONDS)


def read(client: socket.socket) -> bytes:
    """Read until the other end closes."""
    received = b""
    while data := client.recv(65536):
        received += data
    return received


def exchange(port: int, data: bytes, address: str = "127.0.0.1") -> tuple[int, bytes]:
    """Send one request; return status and body."""
    with connect(port, address) as client:
        client.sendall(data)
        return parse(read(client))


class NoAnswer(AssertionError):  # noqa: N818  # as it is to the tests
    """The other end closed without a word."""


def parse(answer: bytes) -> tuple[int, bytes]:
    if not answer:
        raise NoAnswer
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *fields = head.split(b"\r\n")
    assert b"Connection: close" in fields
    assert b"Content-Length: %d" % len(body) in fields
    return int(first.removeprefix(b"HTTP/1.1 ")[:3]), body


def request(body: bytes, method: str = "POST", path: str = "/rounds") -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def post(port: int, *targets: Target, address: str = "127.0.0.1") -> Answer:
    status, body = exchange(port, request(encode_round(Round(targets))), address)
    assert status == 200
    return parse_answer(body)


def verdict(port: int, address: str = "127.0.0.1") -> State:
    status, body = exchange(port, request(b"", "GET", "/verdict"), address)
    assert status == 200
    return parse_state(body)
