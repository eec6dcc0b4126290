"""The proxy as a whole: how many it serves, how it stops, and what it says of anybody."""

import json
import logging
import os
import random
import resource
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from assistant_egress.proxy.rules import HostRule, Limits, Rules
from assistant_egress.proxy.server import PAUSE_SECONDS, SPARE, Pace, Proxy, raise_file_limit
from assistant_model.logs import JsonFormatter
from tests.unit.egress.client import connect, exchange, read, request
from tests.unit.egress.proxy.hellos import GOOD, encrypted, hello, named, real
from tests.unit.egress.proxy.running import LOOPBACK, Names, asking, counts, quick, refusal, refused, rules, running, take, tunnel
from tests.unit.egress.proxy.upstream import Upstream, upstream
from tests.unit.egress.targets import SECONDS, until

HELLO = real(GOOD)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_it_answers_in_both_families(address: str) -> None:
    """Clients come by the Service's address, of either family."""
    with running(rules(443)) as proxy, connect(proxy.port, address) as client:
        client.sendall(asking(443, "evil.example"))
        assert refused(read(client)) == (403, "HostNotAllowed")


def test_more_than_the_limit_are_told_so() -> None:
    """With a place that is free again the next one is served."""
    with upstream() as host, running(rules(host.port, limits=Limits(connections=2))) as proxy, ExitStack() as stack:
        first, second = (stack.enter_context(tunnel(proxy, host.port)) for _ in range(2))
        assert refusal(proxy, b"") == (503, "TooManyConnections")
        second.close()
        until("a place is free", lambda: len(proxy.connections) == 1)
        third = stack.enter_context(tunnel(proxy, host.port))
        for client in (first, third):
            client.sendall(HELLO)
            assert take(client, len(HELLO)) == HELLO
        assert counts(proxy) == {"allowed/Allowed": 2, "refused/TooManyConnections": 1, "refused/NotTls": 1}


def test_a_flood_is_not_even_told() -> None:
    """Beyond those that are being told so, what comes is closed at once: nothing grows without a bound."""
    with running(rules(443, limits=Limits(connections=1)), pace=Pace(drain=60)) as proxy, ExitStack() as stack:
        clients = [stack.enter_context(connect(proxy.port)) for _ in range(1 + SPARE + 20)]
        until("all are decided on", lambda: counts(proxy) == {"refused/TooManyConnections": SPARE + 20})

        assert len(proxy.connections) == 1 + SPARE
        assert [read(client) for client in clients[-20:]] == [b""] * 20


def test_the_operations_port_has_places_of_its_own() -> None:
    """Whoever fills the proxy does not hide it from the kubelet, nor from the operator."""
    with running(rules(443, limits=Limits(connections=1))) as proxy, connect(proxy.port):
        until("the place is taken", lambda: len(proxy.connections) == 1)
        assert exchange(proxy.ops_port, request(b"", "GET", "/healthz"))[0] == 200


def is_open(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_told_to_stop_it_takes_nobody_and_lets_tunnels_end() -> None:
    """Then nothing is left to wait for."""
    with upstream() as host, running(rules(host.port)) as proxy:
        with tunnel(proxy, host.port) as client:
            client.sendall(HELLO)
            assert take(client, len(HELLO)) == HELLO
            proxy.stop()
            until("it is not ready", lambda: exchange(proxy.ops_port, request(b"", "GET", "/readyz"))[0] == 503)
            until("it takes nobody", lambda: not is_open(proxy.port))
            client.sendall(b"on")
            assert take(client, 2) == b"on"
            assert not proxy.is_over
        until("it is over", lambda: proxy.is_over)


def test_told_to_stop_while_it_waits_for_anybody_it_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits without a limit then, and a signal alone does not end that: Python goes on waiting after its handler."""
    is_waiting = threading.Event()
    with Proxy(rules(443), 0, 0) as proxy:
        select = proxy.selector.select

        def wait(seconds: float | None = None) -> object:
            assert seconds is None
            is_waiting.set()
            return select(seconds)

        monkeypatch.setattr(proxy.selector, "select", wait)
        thread = threading.Thread(target=proxy.turn, daemon=True)
        thread.start()
        assert is_waiting.wait(SECONDS)
        proxy.stop()
        thread.join(SECONDS)

        assert not thread.is_alive()
        assert proxy.is_over


def test_a_tunnel_that_does_not_end_is_not_waited_for() -> None:
    """Rules that are taken back end what was made under them."""
    with upstream() as host, running(rules(host.port), pace=quick("finish")) as proxy, tunnel(proxy, host.port) as client:
        client.sendall(HELLO)
        assert take(client, len(HELLO)) == HELLO
        proxy.stop()
        until("it is over", lambda: proxy.is_over)
        assert proxy.connections


def test_a_lack_of_file_descriptors_is_waited_for() -> None:
    """The listener stays readable then: without a pause the program would do nothing else."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with Proxy(rules(443), 0, 0, Pace(tick=0.01), Names([])) as proxy, connect(proxy.port) as client:
        client.sendall(asking(443, "evil.example"))
        lowest = os.dup(0)
        os.close(lowest)
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
        try:
            proxy.turn(1)
            assert proxy._paused_until == pytest.approx(proxy.now + PAUSE_SECONDS)
            assert proxy.connections == set()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        while not counts(proxy):
            proxy.turn(0.1)
        assert counts(proxy) == {"refused/HostNotAllowed": 1}


def test_it_may_have_as_many_files_as_the_system_lets_it() -> None:
    """Two for each tunnel: the usual soft limit of 1,024 would be fewer connections than may be set."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, hard) // 2, hard))
    try:
        raise_file_limit()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_it_waits_without_turning() -> None:
    """With nobody there it costs nothing: no tick."""
    with Proxy(rules(443), 0, 0) as proxy:
        assert proxy._patience(None) is None
        with connect(proxy.port):
            proxy.turn(1)
            assert proxy._patience(None) is not None


CANARY = "canary-7e1f9a"


def names_it_in_connect(proxy: Proxy, host: Upstream) -> None:
    assert refusal(proxy, asking(host.port, f"{CANARY}.example"))[1] == "HostNotAllowed"
    assert refusal(proxy, asking(host.port, f"{CANARY}@{GOOD}"))[1] == "MalformedRequest"
    assert refusal(proxy, f"{CANARY} / HTTP/1.1\r\n\r\n".encode())[1] == "NotConnect"
    with tunnel(proxy, host.port, f"{CANARY}.wild.example") as client:  # under the wildcard, so this one is allowed
        client.sendall(real(f"{CANARY}.wild.example"))
        assert client.recv(1)


def names_it_in_a_header(proxy: Proxy, host: Upstream) -> None:
    assert refusal(proxy, asking(host.port, GOOD, f"Host: {CANARY}.example"))[1] == "HostHeaderMismatch"
    assert refusal(proxy, asking(host.port, GOOD, f"Host: {CANARY}", f"Host: {CANARY}"))[1] == "MalformedRequest"
    with connect(proxy.port) as client:
        client.sendall(asking(host.port, GOOD, f"Proxy-Authorization: {CANARY}", f"User-Agent: {CANARY}"))
        assert client.recv(1000).startswith(b"HTTP/1.1 200")


def names_it_in_a_hello(proxy: Proxy, host: Upstream) -> None:
    for data in (real(f"{CANARY}.example"), encrypted(f"{CANARY}.example"), hello(named(GOOD), (ord("x"), CANARY.encode()))):
        with tunnel(proxy, host.port) as client:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            read(client)


def sends_it(proxy: Proxy, host: Upstream) -> None:
    with tunnel(proxy, host.port) as client:
        client.sendall(HELLO + CANARY.encode())
        assert take(client, len(HELLO) + len(CANARY)).endswith(CANARY.encode())


@pytest.mark.parametrize("says", [names_it_in_connect, names_it_in_a_header, names_it_in_a_hello, sends_it])
def test_nothing_that_a_client_says_is_said_of_it(says: Callable[[Proxy, Upstream], None], caplog: pytest.LogCaptureFixture) -> None:
    """Not in the log, not in metrics, not to the operator: a name can carry what was to stay inside."""
    with upstream() as host, caplog.at_level(logging.DEBUG):
        allowing = Rules((HostRule(GOOD, host.port), HostRule("*.wild.example", host.port)), (LOOPBACK,))
        with running(allowing) as proxy:
            says(proxy, host)
            until("all are decided on and over", lambda: counts(proxy) and not proxy.connections)
            pages = [exchange(proxy.ops_port, request(b"", "GET", path))[1] for path in ("/metrics", "/decisions", "/readyz")]
    lines = [JsonFormatter().format(record) for record in caplog.records if record.name == "assistant_egress"]

    assert lines
    assert CANARY not in "".join(lines)
    assert CANARY not in b"".join(pages).decode()
    assert {json.loads(line)["rule"] for line in lines} <= {None, *(rule.text for rule in allowing.hosts)}


def test_every_decision_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    """As many lines as are counted, whatever ends a connection."""
    source = random.Random(3)
    with upstream() as host, caplog.at_level(logging.INFO), running(rules(host.port)) as proxy:
        for _ in range(50):
            with connect(proxy.port) as client:
                client.sendall(asking(host.port, source.choice((GOOD, "evil.example", "10.0.0.1"))))
                if client.recv(12).endswith(b"200"):
                    client.sendall(source.choice((HELLO, real(None), b"GET / HTTP/1.1\r\n\r\n", b"")))
                    client.shutdown(socket.SHUT_WR)
                    read(client)
        until("all are over", lambda: not proxy.connections)
        made = counts(proxy)
    lines = [json.loads(JsonFormatter().format(record)) for record in caplog.records if record.name == "assistant_egress"]

    assert sum(made.values()) == 50
    assert {key: sum(f"{line['decision']}/{line['reason']}" == key for line in lines) for key in made} == made
    assert len(lines) == 50
