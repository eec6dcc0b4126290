"""A client's way to its tunnel: what is asked of whom at each step, and what ends it."""

import contextlib
import gc
import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator

import pytest

from assistant_egress.proxy.client import MOST_ADDRESSES
from assistant_egress.proxy.rules import NetworkRule, PortRange
from tests.unit.egress.client import connect, read
from tests.unit.egress.proxy.hellos import GOOD, real
from tests.unit.egress.proxy.running import Names, asking, counts, quick, refusal, refused, rules, running, take, tunnel
from tests.unit.egress.proxy.upstream import Upstream, upstream
from tests.unit.egress.targets import SECONDS, refusing, until

HELLO = real(GOOD)


@pytest.fixture
def host() -> Iterator[Upstream]:
    with upstream("127.0.0.1", "127.0.0.2") as server:
        yield server


def reset(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def test_a_name_is_resolved_once_and_that_address_is_the_one(host: Upstream) -> None:
    """A resolver that would answer something else a moment later (rebinding) is not asked again for the same connection."""
    names = Names(["127.0.0.2"], ["10.0.0.1"])
    with running(rules(host.port), names) as proxy, tunnel(proxy, host.port) as client:
        client.sendall(HELLO)
        assert take(client, len(HELLO)) == HELLO

    assert names.asked == [GOOD]
    assert host.only_visit().address == "127.0.0.2"


def test_the_next_connection_asks_again(host: Upstream) -> None:
    """Nothing is remembered: what a name has become since is judged anew."""
    with running(rules(host.port, networks=[]), Names(["127.0.0.1"], ["::1"], ["169.254.169.254"])) as proxy:
        assert [refusal(proxy, asking(host.port)) for _ in range(3)] == [(403, "AddressNotPublic")] * 3
    assert host.visits == []


@pytest.mark.parametrize("answers", [["127.0.0.1"], ["10.0.0.1", "169.254.169.254"], ["::ffff:127.0.0.1"], ["::1", "fe80::1%lo"]])
def test_a_name_for_an_address_that_is_not_public_is_refused(host: Upstream, answers: list[str]) -> None:
    """The host is there, and nobody comes."""
    with running(rules(host.port, networks=[]), Names(answers)) as proxy:
        assert refusal(proxy, asking(host.port)) == (403, "AddressNotPublic")

    assert host.visits == []


def test_of_several_addresses_those_that_are_allowed_are_used(host: Upstream) -> None:
    """A name that has a public and a private one reaches the first alone."""
    only_second = NetworkRule("127.0.0.2/32", (PortRange(host.port, host.port),))
    with (
        running(rules(host.port, networks=[only_second]), Names(["127.0.0.1", "10.0.0.1", "127.0.0.2"])) as proxy,
        tunnel(proxy, host.port),
    ):
        until("it is visited", lambda: host.visits)

    assert host.only_visit().address == "127.0.0.2"


def test_an_address_that_refuses_is_followed_by_the_next(host: Upstream) -> None:
    """In the resolver's order; one that this machine has no way to is no different."""
    with running(rules(host.port), Names(["127.0.0.3", "127.0.0.2", "127.0.0.1"])) as proxy, tunnel(proxy, host.port):
        until("it is visited", lambda: host.visits)

    assert host.only_visit().address == "127.0.0.2"


def test_a_host_that_cannot_be_reached_is_said_to_be() -> None:
    """And no more than a few of its addresses are tried."""
    with refusing() as port, running(rules(port)) as proxy:
        assert refusal(proxy, asking(port)) == (502, "ConnectFailed")

    names = Names([f"127.0.0.{number}" for number in range(3, 3 + MOST_ADDRESSES)] + ["127.0.0.1"])
    with upstream() as beyond, running(rules(beyond.port), names) as proxy:
        assert refusal(proxy, asking(beyond.port)) == (502, "ConnectFailed")
        assert beyond.visits == []


def test_a_host_that_does_not_answer_has_its_time(host: Upstream) -> None:
    """Addresses that swallow everything share it, and the next one is tried."""
    with socket.create_server(("127.0.0.9", 0), backlog=0) as full, socket.create_connection(full.getsockname()):
        port = full.getsockname()[1]
        with running(rules(port), Names(["127.0.0.9"]), quick("connect")) as proxy:
            assert refusal(proxy, asking(port)) == (502, "ConnectFailed")
        names = Names(["127.0.0.9", "127.0.0.8"])
        with socket.create_server(("127.0.0.8", port)), running(rules(port), names, quick("connect")) as proxy, tunnel(proxy, port):
            assert counts(proxy) == {}


@pytest.mark.parametrize("answers", [[], ["nonsense"]])
def test_a_name_without_an_address_is_said_to_be(answers: list[str]) -> None:
    """Or with one that is none."""
    with running(rules(443), Names(answers)) as proxy:
        assert refusal(proxy, asking(443))[1] == ("AddressNotPublic" if answers else "NotResolved")


def test_a_resolver_has_its_time() -> None:
    """What it answers later is for nobody."""
    go = threading.Event()

    def late(_: str) -> list[str]:
        go.wait(SECONDS)
        return ["127.0.0.1"]

    with upstream() as host, running(rules(host.port), late, quick("resolve")) as proxy:
        assert refusal(proxy, asking(host.port)) == (502, "NotResolved")
        go.set()
        with tunnel(proxy, host.port):
            until("it is visited", lambda: host.visits)
        assert len(host.visits) == 1


@pytest.mark.parametrize("sent", [b"", b"CONNECT ", asking(443)[:-1]])
def test_a_request_has_its_time(sent: bytes) -> None:
    """From its connection, whatever of it came."""
    with running(rules(443), pace=quick("head")) as proxy:
        assert refusal(proxy, sent) == (408, "TimedOut")
        assert counts(proxy) == {"refused/TimedOut": 1}


def test_a_byte_now_and_then_buys_no_time(host: Upstream) -> None:
    """Neither in the request nor in the hello."""
    with running(rules(host.port), pace=quick("head")) as proxy, connect(proxy.port) as client:
        client.sendall(b"CONNECT ")
        assert b"TimedOut" in drip(client)
        assert counts(proxy) == {"refused/TimedOut": 1}
    with running(rules(host.port), pace=quick("hello")) as proxy, tunnel(proxy, host.port) as client:
        client.sendall(HELLO[:5])
        assert drip(client) == b""
        assert counts(proxy) == {"refused/TimedOut": 1}


def drip(client: socket.socket) -> bytes:
    """Send a byte whenever nothing comes for a moment; return what comes in the end."""
    client.settimeout(0.02)
    for _ in range(500):
        with contextlib.suppress(TimeoutError):
            return client.recv(10_000)
        client.sendall(b"a")
    raise AssertionError("it has all the time that it wants")


@pytest.mark.parametrize("sent", [0, 1, -1])
def test_a_hello_has_its_time(host: Upstream, sent: int) -> None:
    """The host's connection ends with it, and had nothing."""
    with running(rules(host.port), pace=quick("hello")) as proxy:
        with tunnel(proxy, host.port) as client:
            client.sendall(HELLO[:sent])
            assert read(client) == b""
        assert counts(proxy) == {"refused/TimedOut": 1}
    assert host.only_visit().received == b""


@pytest.mark.parametrize("name", ["evil.example", f"evil.{GOOD}", f"{GOOD}.evil.example", GOOD.partition(".")[2]])
def test_a_wrong_name_is_answered_with_an_alert(host: Upstream, name: str) -> None:
    """unrecognized_name, fatal: what a TLS library shows its user. Wrong is also what has the right one in it, or is in it."""
    with running(rules(host.port)) as proxy, tunnel(proxy, host.port) as client:
        client.sendall(real(name))
        assert read(client) == b"\x15\x03\x03\x00\x02\x02\x70"
    assert host.only_visit().received == b""


class Waiting:
    """A resolver that waits for the test."""

    def __init__(self) -> None:
        self.is_asked = threading.Event()
        self.go = threading.Event()

    def __call__(self, _: str) -> list[str]:
        self.is_asked.set()
        self.go.wait(SECONDS)
        return ["127.0.0.1"]


@pytest.mark.parametrize("early", [HELLO, b"\r\n", asking(443)])
def test_what_comes_before_the_answer_is_refused(host: Upstream, early: bytes) -> None:
    """A second request, or a hello that may have been meant for somebody else: nothing is kept for later."""
    resolver = Waiting()
    with running(rules(host.port), resolver) as proxy:
        assert refusal(proxy, asking(host.port) + early) == (400, "MalformedRequest")
        assert not resolver.is_asked.is_set()
        with connect(proxy.port) as client:
            client.sendall(asking(host.port))
            assert resolver.is_asked.wait(SECONDS)
            client.sendall(early)
            assert refused(read(client)) == (400, "MalformedRequest")
        resolver.go.set()
        assert counts(proxy) == {"refused/MalformedRequest": 2}
    assert host.visits == []


def files() -> int:
    gc.collect()
    return len(os.listdir("/proc/self/fd"))


def at_once(client: socket.socket) -> None:
    """Leave without a word."""


def in_its_request(client: socket.socket) -> None:
    client.sendall(b"CONNECT ")


def in_the_tunnel(client: socket.socket) -> None:
    assert client.recv(1000).startswith(b"HTTP/1.1 200")
    client.sendall(HELLO)
    assert take(client, len(HELLO)) == HELLO


def in_its_hello(client: socket.socket) -> None:
    assert client.recv(1000).startswith(b"HTTP/1.1 200")
    client.sendall(HELLO[:20])


def before_its_hello(client: socket.socket) -> None:
    assert client.recv(1000).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("how", [socket.socket.close, reset], ids=["closed", "reset"])
@pytest.mark.parametrize(
    ("step", "decisions"),
    [
        (at_once, {}),
        (in_its_request, {"refused/MalformedRequest": 3}),
        (before_its_hello, {"refused/NotTls": 3}),
        (in_its_hello, {"refused/NotTls": 3}),
        (in_the_tunnel, {"allowed/Allowed": 3}),
    ],
)
def test_a_client_that_leaves_takes_everything_with_it(
    host: Upstream, step: Callable[[socket.socket], None], decisions: dict[str, int], how: Callable[[socket.socket], None]
) -> None:
    """Sockets, places, the host's connection; whoever only came by was not decided on, everybody else was."""
    with running(rules(host.port)) as proxy:
        before = files()
        for _ in range(3):
            client = connect(proxy.port)
            if step not in (at_once, in_its_request):
                client.sendall(asking(host.port))
            step(client)
            how(client)
        until("they are decided on", lambda: counts(proxy) == decisions)
        until("nothing is left", lambda: not proxy.connections and not host.open_visits and files() == before)


@pytest.mark.parametrize("how", [lambda client: client.shutdown(socket.SHUT_WR), reset], ids=["closed", "reset"])
def test_a_client_that_leaves_while_its_name_is_resolved_is_decided_on(host: Upstream, how: Callable[[socket.socket], None]) -> None:
    """A resolver has been asked, and the log shows that; no connection is made for it."""
    resolver = Waiting()
    with running(rules(host.port), resolver) as proxy, contextlib.closing(connect(proxy.port)) as client:
        client.sendall(asking(host.port))
        assert resolver.is_asked.wait(SECONDS)
        how(client)
        until("it is decided on", lambda: counts(proxy) == {"refused/MalformedRequest": 1})
        resolver.go.set()
        until("nothing is left", lambda: not proxy.connections)
    assert host.visits == []


def test_who_does_not_read_the_refusal_is_closed() -> None:
    """What it sends on is not kept."""
    with running(rules(443), pace=quick("drain")) as proxy, connect(proxy.port) as client:
        client.sendall(asking(443, "evil.example"))
        until("it is decided on", lambda: counts(proxy))
        until("it is closed", lambda: not proxy.connections)
