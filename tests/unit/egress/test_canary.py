"""The canary: answers everybody, in both families, and is of no use for anything else."""

import socket
from collections.abc import Iterator
from threading import Event, Thread

import pytest

from assistant_egress.canary import LINE, Canary
from assistant_egress.protocol import UDP_QUESTION
from tests.unit.egress.client import read
from tests.unit.egress.targets import FAMILIES, LOOPBACK, SECONDS, observe, target, until

Family = socket.AddressFamily
both_families = pytest.mark.parametrize("family", FAMILIES, ids=["v4", "v6"])


@pytest.fixture
def port() -> Iterator[int]:
    stop = Event()
    with Canary(0) as canary:

        def turn() -> None:
            while not stop.is_set():
                canary.turn(0.02)

        thread = Thread(target=turn)
        thread.start()
        yield canary.port
        stop.set()
        thread.join(SECONDS)


def ask(port: int, data: bytes, family: Family) -> bytes | None:
    """Send a datagram; returns the answer, None where another one is answered before it."""
    with socket.socket(family, socket.SOCK_DGRAM) as client:
        client.settimeout(SECONDS)
        client.connect((LOOPBACK[family], port))
        client.send(data)
        client.send(b"?")
        answer = client.recv(2048)
        return None if answer == LINE[:1] else answer


@both_families
def test_a_try_reaches_it(port: int, family: Family) -> None:
    """By every protocol that a round may name, and by the IPv4-mapped form."""
    address = LOOPBACK[family]

    assert observe(target(port, "tcp", address), target(port, "udp", address), target(port, "dns", address)) == ["Reached"] * 3
    assert observe(target(port, "tcp", "::ffff:127.0.0.1"), target(port, "udp", "::ffff:127.0.0.1")) == ["Reached"] * 2


@both_families
def test_it_says_one_line_to_who_connects(port: int, family: Family) -> None:
    """And closes."""
    with socket.create_connection((LOOPBACK[family], port), timeout=SECONDS) as client:
        assert read(client) == LINE


@both_families
@pytest.mark.parametrize("length", [1, len(UDP_QUESTION), len(LINE), 1400])
def test_its_answer_is_never_longer_than_the_question(port: int, family: Family, length: int) -> None:
    """A forged sender gains nothing by it."""
    answer = ask(port, b"x" * length, family)

    assert answer == (LINE[:length] if length > 1 else None)


@both_families
@pytest.mark.parametrize("data", [b"", LINE, LINE[:5]])
def test_it_does_not_answer_an_answer(port: int, family: Family, data: bytes) -> None:
    """Two canaries that were set upon each other would talk for ever."""
    assert ask(port, data, family) is None


def test_clients_that_are_gone_do_not_end_it(port: int) -> None:
    """A reset before the greeting, and a sender that cannot be answered."""
    for _ in range(50):
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            client.connect(("127.0.0.1", port))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.sendto(UDP_QUESTION, ("127.0.0.1", port))

    until("it answers", lambda: observe(target(port)) == ["Reached"])
    assert ask(port, UDP_QUESTION, socket.AF_INET) == LINE[: len(UDP_QUESTION)]
