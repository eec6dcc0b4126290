"""What is known of the cluster around the assistants: where it comes from, and what stays where it cannot be found out."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from assistant_operator import errors
from assistant_operator.kube.objects import Object
from assistant_operator.reconcile.asking import surroundings
from assistant_operator.reconcile.asking.resolver import unresolved
from assistant_operator.reconcile.asking.surroundings import Around, HostPort, endpoint, host_port, nameservers, node, service_address
from assistant_operator.resources.egress_targets import Endpoint, Node, Surroundings

OUTSIDE = (Endpoint("198.51.100.10", 443),)
VIP = Endpoint("10.96.0.1", 443)
CANARY = HostPort("canary.ops.svc", 9092)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("canary.ops.svc:9092", ("canary.ops.svc", 9092)),
        ("10.0.0.1:1", ("10.0.0.1", 1)),
        ("[fd00::1]:65535", ("fd00::1", 65535)),
        ("fd00::1:80", None),
        ("canary", None),
        ("canary:", None),
        (":80", None),
        ("canary:0", None),
        ("canary:65536", None),
        ("canary:80 ", None),
        ("can ary:80", None),
        ("", None),
    ],
)
def test_hosts_and_ports(text: str, expected: tuple[str, int] | None) -> None:
    assert host_port(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.0.0.1:443", Endpoint("10.0.0.1", 443)),
        ("[FD00:0::1]:443", Endpoint("fd00::1", 443)),
        ("example.com:443", None),
        ("010.0.0.1:443", None),
        ("[10.0.0.1x]:443", None),
    ],
)
def test_endpoints_are_addresses_and_no_names(text: str, expected: Endpoint | None) -> None:
    """In one spelling."""
    assert endpoint(text) == expected


def test_name_servers_are_the_operators_own(tmp_path: Path) -> None:
    """But one on its own loopback, which no other pod could reach; nonsense is passed over."""
    file = tmp_path / "resolv.conf"
    file.write_text(
        "search a\n# nameserver 1.1.1.1\nnameserver 10.96.0.10\nnameserver\nnameserver fd00::a\nnameserver x\nnameserver 127.0.0.53\n"
    )

    assert nameservers(file) == ("10.96.0.10", "fd00::a")
    assert nameservers(tmp_path / "none") == ()


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443"}, (VIP,)),
        ({"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}, (Endpoint("fd00::1", 443),)),
        ({"KUBERNETES_SERVICE_HOST": "kubernetes.default", "KUBERNETES_SERVICE_PORT": "443"}, ()),
        ({}, ()),
    ],
)
def test_the_service_of_the_api_server(environment: dict[str, str], expected: tuple[Endpoint, ...]) -> None:
    assert service_address(environment) == expected


def a_node(*addresses: tuple[str, str], ready: str = "True") -> Object:
    told = [{"type": kind, "address": address} for kind, address in addresses]
    return {"metadata": {"name": "n"}, "status": {"addresses": told, "conditions": [{"type": "Ready", "status": ready}]}}


HOST = ("Hostname", "worker.corp.example")
INTERNAL, INTERNAL_6, EXTERNAL = ("InternalIP", "203.0.113.3"), ("InternalIP", "FD00:0::3"), ("ExternalIP", "192.0.2.3")


@pytest.mark.parametrize(
    ("obj", "expected"),
    [
        (
            a_node(HOST, INTERNAL, INTERNAL_6, EXTERNAL),
            Node(frozenset({"203.0.113.3", "fd00::3", "192.0.2.3"}), ("203.0.113.3", "fd00::3")),
        ),
        (a_node(("InternalIP", "::ffff:203.0.113.3")), Node(frozenset({"203.0.113.3"}), ("203.0.113.3",))),
        (a_node(INTERNAL, ready="Unknown"), Node(frozenset({"203.0.113.3"}), ())),
        (a_node(HOST), Node(frozenset(), ())),
        ({"metadata": {"name": "n"}}, Node(frozenset(), ())),
    ],
)
def test_a_node_is_its_addresses(obj: Object, expected: Node) -> None:
    """All of them, so that it is known again; its kubelet is at those that are internal, and is tried while the node is ready."""
    assert node(obj) == expected


class Cluster:
    """DNS, an API server, and a node."""

    def __init__(self) -> None:
        self.addresses: tuple[str, ...] = ("10.244.0.9", "fd00::9")
        self.told: tuple[str, ...] = ("203.0.113.2:6443", "nonsense", "10.96.0.1:443")
        self.nodes_told: Sequence[Object] = [a_node(INTERNAL)]
        self.refusal: errors.ApiError | None = None
        self.is_down = self.is_slow = False
        self.asked = self.nodes_asked = 0

    async def resolve(self, host: str) -> tuple[str, ...]:
        self.asked += 1
        await asyncio.sleep(60 if self.is_slow else 0)
        if self.is_down:
            raise unresolved(host)
        return self.addresses

    async def server_addresses(self) -> tuple[str, ...]:
        await asyncio.sleep(60 if self.is_slow else 0)
        if self.is_down:
            raise errors.UnavailableError("get", "APIVersions", 0, "Timeout")
        return self.told

    async def nodes(self) -> Sequence[Object]:
        self.nodes_asked += 1
        await asyncio.sleep(60 if self.is_slow else 0)
        if self.is_down:
            raise errors.UnavailableError("list", "Node", 0, "Timeout")
        if self.refusal is not None:
            raise self.refusal
        return self.nodes_told


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


def around(cluster: Cluster, canary: HostPort | None = CANARY, outside: tuple[Endpoint, ...] = OUTSIDE) -> Around:
    return Around(
        cluster, cluster.server_addresses, canary, outside, cluster.nodes, servers=lambda: ("10.96.0.10",), service=lambda: (VIP,)
    )


WHOLE = Surroundings(
    canaries=(Endpoint("10.244.0.9", 9092), Endpoint("fd00::9", 9092)),
    outside=OUTSIDE,
    nameservers=("10.96.0.10",),
    api_servers=(VIP, Endpoint("203.0.113.2", 6443)),
    api_endpoints=(Endpoint("203.0.113.2", 6443),),
)


async def test_all_of_it_is_gathered_once_for_all(cluster: Cluster) -> None:
    found = await asyncio.gather(*(around_it.now() for around_it in [around(cluster)] for _ in range(20)))

    assert set(found) == {WHOLE}
    assert cluster.asked == 1


async def test_without_a_canary_no_name_is_asked_for(cluster: Cluster) -> None:
    assert (await around(cluster, canary=None).now()).canaries == ()
    assert cluster.asked == 0


async def test_it_is_looked_at_anew_and_what_cannot_be_found_out_stays(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pods of the canary come and go; DNS that fails does not take them away."""
    monkeypatch.setattr(surroundings, "LOOK_EVERY", 0.0)
    one = around(cluster)
    assert await one.now() == WHOLE
    cluster.is_down = True
    assert await one.now() == WHOLE
    cluster.is_down = False
    cluster.addresses = ("10.244.0.77",)
    assert (await one.now()).canaries == (Endpoint("10.244.0.77", 9092),)


async def test_who_is_slow_holds_nobody_up(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """All pods' questions wait for the look."""
    monkeypatch.setattr(surroundings, "LOOK_EVERY", 0.0)
    monkeypatch.setattr(surroundings, "LOOK_SECONDS", 0.05)
    one = around(cluster)
    assert await one.now() == WHOLE
    cluster.is_slow = True
    async with asyncio.timeout(5):
        assert await one.now() == WHOLE


async def test_the_service_of_the_api_server_is_not_where_it_is(cluster: Cluster) -> None:
    """On whatever port it tells of it: behind it may be the pod's own node."""
    cluster.told = ("10.96.0.1:8443", "10.96.0.1:443", "203.0.113.2:6443", "203.0.113.2:6443")
    found = await around(cluster).now()

    assert found.api_endpoints == (Endpoint("203.0.113.2", 6443),)
    assert found.api_servers == (VIP, Endpoint("203.0.113.2", 6443))


KNOWN = (Node(frozenset({"203.0.113.3"}), ("203.0.113.3",)),)


async def test_nodes_are_read_where_nothing_outside_is_named(cluster: Cluster) -> None:
    """Only there: who names what is outside need not let them be read."""
    assert (await around(cluster).now()).nodes == ()
    assert cluster.nodes_asked == 0

    assert (await around(cluster, outside=()).now()).nodes == KNOWN
    assert cluster.nodes_asked == 1


async def test_nodes_are_read_less_often_than_all_else(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each weighs kilobytes; one that joined is seen all the same."""
    monkeypatch.setattr(surroundings, "LOOK_EVERY", 0.0)
    one = around(cluster, outside=())
    assert (await one.now()).nodes == KNOWN
    cluster.nodes_told = [a_node(EXTERNAL)]
    assert (await one.now()).nodes == KNOWN
    assert (cluster.asked, cluster.nodes_asked) == (2, 1)

    monkeypatch.setattr(surroundings, "NODES_EVERY", 0.0)
    assert (await one.now()).nodes == (Node(frozenset({"192.0.2.3"}), ()),)


async def test_without_the_right_to_read_nodes_it_goes_on(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """A namespaced installation has none: it is not asked for at every look, and nobody else waits for it."""
    monkeypatch.setattr(surroundings, "LOOK_EVERY", 0.0)
    cluster.refusal = errors.ForbiddenError("list", "Node", 403, "Forbidden")
    one = around(cluster, outside=())
    assert await one.now() == Surroundings(WHOLE.canaries, (), WHOLE.nameservers, WHOLE.api_servers, WHOLE.api_endpoints)
    await one.now()
    assert (cluster.asked, cluster.nodes_asked) == (2, 1)


async def test_nodes_that_cannot_be_read_at_the_moment_are_asked_for_again(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the next look: pods may wait for it in their gates."""
    monkeypatch.setattr(surroundings, "LOOK_EVERY", 0.0)
    one = around(cluster, outside=())
    cluster.is_down = True
    assert (await one.now()).nodes == ()
    cluster.is_down = False
    assert (await one.now()).nodes == KNOWN
    monkeypatch.setattr(surroundings, "NODES_EVERY", 0.0)
    cluster.is_down = True
    found = await one.now()
    assert (found.nodes, found.api_endpoints) == (KNOWN, WHOLE.api_endpoints)


async def test_an_api_server_that_does_not_say_where_it_is_has_its_service(cluster: Cluster) -> None:
    cluster.is_down = True
    found = await around(cluster).now()

    assert (found.canaries, found.api_servers) == ((), (VIP,))
