"""What reaches a host, for every combination of the three places in which a client names one.

CONNECT is what it asks the proxy for, Host what it says beside that, SNI what it asks the server for in the tunnel. The host keeps all that
it is sent: a byte there is a byte that left.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from assistant_egress.proxy.server import Proxy
from tests.unit.egress.client import connect, read
from tests.unit.egress.proxy.hellos import GOOD, encrypted, hello, named, real
from tests.unit.egress.proxy.running import Names, asking, refused, rules, running, take, tunnel
from tests.unit.egress.proxy.upstream import Upstream, upstream
from tests.unit.egress.targets import until

EVIL = "evil.example"
CONNECTS = {"good": GOOD, "evil": EVIL, "ip": "127.0.0.1", "ip6": "[::1]", "child": f"x.{GOOD}", "dot": f"{GOOD}."}
REFUSED_CONNECTS = {
    "evil": (403, "HostNotAllowed"),
    "ip": (403, "IpLiteral"),
    "ip6": (403, "IpLiteral"),
    "child": (403, "HostNotAllowed"),
    "dot": (400, "MalformedRequest"),
}
HOSTS = {"absent": None, "good": GOOD, "evil": EVIL, "ip": "127.0.0.1"}
HELLOS = {
    "good": real(GOOD),
    "GOOD": real(GOOD.upper()),
    "evil": real(EVIL),
    "absent": real(None),
    "ip": hello(named("127.0.0.1")),
    "encrypted": encrypted(GOOD),
    "evil outside": encrypted(EVIL),
    "http": f"GET / HTTP/1.1\r\nHost: {GOOD}\r\n\r\n".encode(),
}
REFUSED_HELLOS = {
    "evil": "ServerNameMismatch",
    "absent": "NoServerName",
    "ip": "ServerNameMismatch",
    "encrypted": "EncryptedServerName",
    "evil outside": "EncryptedServerName",
    "http": "NotTls",
}


@dataclass(frozen=True)
class World:
    """A proxy with one rule, the host that it allows, and a resolver that says that every name is there."""

    proxy: Proxy
    host: Upstream
    names: Names

    def decisions(self) -> dict[tuple[str, str], int]:
        return {(str(decision), str(reason)): count for (decision, reason), count in self.proxy.record._counts.items()}


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    names = Names(["127.0.0.1"])
    with upstream() as host, running(rules(host.port), names) as proxy:
        yield World(proxy, host, names)


def ask(world: World, target: str, host: str | None) -> bytes:
    return asking(world.host.port, target, *([f"Host: {host}:{world.host.port}"] if host else []))


@pytest.mark.parametrize("server_name", HELLOS)
@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("target", CONNECTS)
def test_bytes_leave_only_where_all_three_name_the_host(world: World, target: str, host: str, server_name: str) -> None:
    """Where the request is refused nobody is asked for its name, and no connection is made; where the hello is, not one byte leaves."""
    before, visits, asked = world.decisions(), len(world.host.visits), len(world.names.asked)
    expected: str
    with connect(world.proxy.port) as client:
        client.sendall(ask(world, CONNECTS[target], HOSTS[host]))
        if target == "good" and host in ("absent", "good"):
            assert client.recv(1000).startswith(b"HTTP/1.1 200 ")
            client.sendall(HELLOS[server_name])
            if server_name in REFUSED_HELLOS:
                expected = REFUSED_HELLOS[server_name]
                assert read(client)[:1] in (b"\x15", b"")  # an alert, or nothing
                left = b""
            else:
                expected, left = "Allowed", HELLOS[server_name]
                assert take(client, len(left)) == left
        else:
            status, expected = refused(read(client))
            left = b""
            assert (status, expected) == REFUSED_CONNECTS.get(target, (403, "HostHeaderMismatch"))
            assert world.names.asked[asked:] == []
            assert world.host.visits[visits:] == []

    until("the host is left", lambda: not world.host.open_visits)
    assert b"".join(bytes(visit.received) for visit in world.host.visits[visits:]) == left
    after = world.decisions()
    assert {key: after[key] - before[key] for key in after if after[key] != before[key]} == {
        ("allowed" if expected == "Allowed" else "refused", expected): 1
    }


def test_the_port_is_part_of_it(world: World) -> None:
    """The same host on another port is another place."""
    with connect(world.proxy.port) as client:
        client.sendall(asking(world.host.port % 65535 + 1))
        assert refused(read(client)) == (403, "PortNotAllowed")


@pytest.mark.parametrize("size", [1, 7, 100])
def test_a_hello_may_come_in_pieces(world: World, size: int) -> None:
    """Of records and of segments; nothing leaves before the last of them, and then all does, as it came."""
    data, visits = HELLOS["good"], len(world.host.visits)
    with tunnel(world.proxy, world.host.port) as client:
        until("the host is visited", lambda: len(world.host.visits) > visits)
        for at in range(0, len(data), size):
            assert not world.host.visits[visits].received
            client.sendall(data[at : at + size])
        until("all is there", lambda: bytes(world.host.visits[visits].received) == data)
