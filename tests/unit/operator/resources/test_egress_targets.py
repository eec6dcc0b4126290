"""What is tried from a pod, and what never is: a target that the assistant may reach anyway."""

import ipaddress
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant_egress.protocol import EVIDENCE_PATHS, MAX_TARGETS, Round, Target, encode_round, parse_round
from assistant_operator.resources.egress_targets import MOST_PER_CLASS, Endpoint, Goal, Node, Surroundings, covering, goals
from assistant_operator.resources.network_policy import egress_rules
from tests.unit.operator.api.cases import EVERYTHING, body, destinations, egress, keep, model
from tests.unit.operator.resources.contexts import context, spec_of

AROUND = Surroundings(
    canaries=(Endpoint("10.244.0.9", 9092), Endpoint("fd00::9", 9092)),
    outside=(Endpoint("198.51.100.10", 443),),
    nameservers=("10.96.0.10",),
    api_servers=(Endpoint("10.96.0.1", 443), Endpoint("203.0.113.2", 6443)),
)
NODE = ("203.0.113.2", "fd00::2")
OWN = Node(frozenset({"203.0.113.2", "fd00::2", "192.0.2.2"}), ("203.0.113.2", "fd00::2"))
OTHER = Node(frozenset({"203.0.113.3", "fd00::3", "192.0.2.3"}), ("203.0.113.3", "fd00::3"))
THIRD = Node(frozenset({"203.0.113.4"}), ("203.0.113.4",))
API = Endpoint("203.0.113.3", 6443)


def tried(*rules: dict[str, Any]) -> list[str]:
    return [goal.id for goal in goals(AROUND, NODE, rules).tried]


def allow(cidr: str, *ports: dict[str, Any], less: tuple[str, ...] = ()) -> dict[str, Any]:
    block = {"cidr": cidr, **({"except": list(less)} if less else {})}
    return {"to": [{"ipBlock": block}], "ports": list(ports)}


TCP, UDP = {"port": 9092, "protocol": "TCP"}, {"port": 9092, "protocol": "UDP"}


def test_every_way_out_has_its_targets() -> None:
    """TCP and UDP to the canary, in both families, and IPv4 by the door of IPv6."""
    assert tried() == [
        "outside/tcp/198.51.100.10/443",
        "pods/tcp/10.244.0.9/9092",
        "pods/udp/10.244.0.9/9092",
        "pods/tcp/::ffff:10.244.0.9/9092",
        "pods/tcp/fd00::9/9092",
        "pods/udp/fd00::9/9092",
        "metadata/tcp/169.254.169.254/80",
        "metadata/tcp/fd00:ec2::254/80",
        "dns/dns/10.96.0.10/53",
        "apiServer/tcp/10.96.0.1/443",
        "apiServer/tcp/203.0.113.2/6443",
        "ownNode/tcp/203.0.113.2/10250",
        "ownNode/tcp/fd00::2/10250",
    ]


def test_of_many_canaries_some_are_of_each_family() -> None:
    """As many as the chart lets there be, whatever order their names resolve in: a plugin that filters IPv4 alone must be found."""
    ipv4 = tuple(Endpoint(f"10.244.0.{number}", 9092) for number in range(10))
    ipv6 = tuple(Endpoint(f"fd00::{number}", 9092) for number in range(10))

    for canaries in (ipv4 + ipv6, ipv6 + ipv4):
        found = [Endpoint(goal.address, goal.port) for goal in goals(Surroundings(canaries), NODE, ()).tried if goal.protocol == "udp"]
        assert len(found) == MOST_PER_CLASS
        assert set(found) & set(ipv4)
        assert set(found) & set(ipv6)


def test_what_is_not_known_is_not_tried() -> None:
    """Metadata services alone are where they are everywhere."""
    found = goals(Surroundings(), (), ())

    assert {goal.path for goal in found.tried} == {"metadata"}
    assert found.covered == {}


@pytest.mark.parametrize(
    ("rule", "left_out"),
    [
        (allow("10.244.0.0/16", TCP), {"pods/tcp/10.244.0.9/9092", "pods/tcp/::ffff:10.244.0.9/9092"}),
        (allow("10.244.0.9/32", UDP), {"pods/udp/10.244.0.9/9092"}),
        (allow("10.244.0.0/16", {"port": 443}), set()),
        (
            allow("10.244.0.0/16", {"port": 9000, "endPort": 9092, "protocol": "TCP"}),
            {"pods/tcp/10.244.0.9/9092", "pods/tcp/::ffff:10.244.0.9/9092"},
        ),
        (allow("10.244.0.0/16", {"port": 9000, "endPort": 9091}), set()),
        (allow("10.244.0.0/16", TCP, less=("10.244.0.8/29",)), set()),
        (allow("10.96.0.10/32", {"port": 53, "protocol": "UDP"}), {"dns/dns/10.96.0.10/53"}),
        (allow("10.96.0.10/32", {"port": 53, "protocol": "TCP"}), set()),
        (allow("fd00::/8", TCP, UDP), {"pods/tcp/fd00::9/9092", "pods/udp/fd00::9/9092"}),
        ({"to": [{"podSelector": {}, "namespaceSelector": {}}], "ports": [{"port": 53, "protocol": "UDP"}]}, {"dns/dns/10.96.0.10/53"}),
        ({"to": [{"podSelector": {"matchLabels": {"app": "pg"}}}], "ports": [{"port": 5432, "protocol": "TCP"}]}, set()),
        ({"to": [{"namespaceSelector": {}}], "ports": [{"port": 443, "protocol": "TCP"}]}, set()),
    ],
)
def test_what_a_rule_allows_is_left_out_and_nothing_else(rule: dict[str, Any], left_out: set[str]) -> None:
    """By address, protocol and port; a selector may mean any pod, the name servers' too, but nothing outside."""
    assert set(tried()) - set(tried(rule)) == left_out


def outside(around: Surroundings, *node: str, rules: Sequence[dict[str, Any]] = ()) -> list[str]:
    return [f"{goal.address} {goal.port}" for goal in goals(around, node, rules).tried if goal.path == "outside"]


@pytest.mark.parametrize(
    ("around", "node", "expected"),
    [
        (Surroundings(nodes=(OWN, OTHER, THIRD)), NODE, ["203.0.113.3 10250", "fd00::3 10250", "203.0.113.4 10250"]),
        (Surroundings(api_endpoints=(API,)), NODE, ["203.0.113.3 6443"]),
        (Surroundings(api_endpoints=(API,), nodes=(THIRD,)), NODE, ["203.0.113.3 6443", "203.0.113.4 10250"]),
        # The API server is on the pod's own node: at an address that its kubelet tells, in whatever form, or at one that others know.
        (Surroundings(api_endpoints=(Endpoint("203.0.113.2", 6443),)), NODE, []),
        (Surroundings(api_endpoints=(Endpoint("fd00::2", 6443),)), NODE, []),
        (Surroundings(api_endpoints=(Endpoint("::ffff:203.0.113.2", 6443),)), NODE, []),
        (Surroundings(api_endpoints=(Endpoint("fd00::2", 6443),)), ("fd00:0:0::2",), []),
        (Surroundings(api_endpoints=(Endpoint("203.0.113.2", 6443),)), ("::ffff:203.0.113.2",), []),
        (Surroundings(api_endpoints=(Endpoint("192.0.2.2", 6443),), nodes=(OWN,)), NODE, []),
        (Surroundings(api_endpoints=(Endpoint("192.0.2.2", 6443),), nodes=(OWN, THIRD)), NODE[:1], ["203.0.113.4 10250"]),
        # One node, and nothing else.
        (Surroundings(nodes=(OWN,)), NODE, []),
        (Surroundings(nodes=(OWN,)), NODE[1:], []),
        (Surroundings(), NODE, []),
        # Any of them may be the pod's own.
        (Surroundings(api_endpoints=(API,), nodes=(OWN, OTHER)), (), []),
        # The pod itself, and what its node answers for.
        (Surroundings(api_endpoints=(Endpoint("127.0.0.1", 6443), Endpoint("169.254.20.1", 443))), NODE, []),
        (Surroundings(api_endpoints=(Endpoint("::1", 6443), Endpoint("fe80::3", 443), Endpoint("0.0.0.0", 443))), NODE, []),
        (Surroundings(api_endpoints=(Endpoint("::ffff:127.0.0.1", 6443),)), NODE, []),
    ],
)
def test_without_targets_of_the_installation_other_machines_are_outside(
    around: Surroundings, node: tuple[str, ...], expected: list[str]
) -> None:
    """Never the pod's own node, which most plugins leave open, by whatever address; and never the API server's Service."""
    assert outside(around, *node) == expected


def test_the_targets_of_the_installation_stand_alone() -> None:
    """Who names them may have a network in which other nodes are open on purpose."""
    around = Surroundings(outside=(Endpoint("198.51.100.10", 443),), api_endpoints=(API,), nodes=(OWN, OTHER))

    assert outside(around, *NODE) == ["198.51.100.10 443"]
    assert outside(around) == ["198.51.100.10 443"]


def test_in_a_large_cluster_a_few_machines_are_tried() -> None:
    """The same from every node but from those themselves; with the API server among them."""
    nodes = tuple(Node(frozenset({f"10.0.0.{number}"}), (f"10.0.0.{number}",)) for number in range(50))
    around = Surroundings(api_endpoints=(API,), nodes=nodes)

    assert outside(around, "10.9.9.9") == ["203.0.113.3 6443", *(f"10.0.0.{number} 10250" for number in range(7))]
    assert outside(around, "10.0.0.3") == ["203.0.113.3 6443", *(f"10.0.0.{number} 10250" for number in (0, 1, 2, 4, 5, 6, 7))]


def test_machines_that_the_assistant_may_reach_are_covered() -> None:
    """As any other target is."""
    rules = [allow("203.0.113.0/24", {"port": 10250})]
    around = Surroundings(nodes=(OWN, THIRD))

    assert outside(around, *NODE, rules=rules) == []
    assert goals(around, NODE, rules).covered["outside"] == "203.0.113.0/24"


PODS = {"podSelector": {"matchLabels": {"app": "pg"}}}


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([allow("10.20.30.40/32", {"port": 443})], ["allowed/tcp/10.20.30.40/443"]),
        ([allow("fd00:0::40/128", {"port": 443, "protocol": "TCP"})], ["allowed/tcp/fd00::40/443"]),
        (
            [allow("10.20.30.40/32", {"port": 8000, "endPort": 9000}, {"port": 443})],
            ["allowed/tcp/10.20.30.40/8000", "allowed/tcp/10.20.30.40/443"],
        ),
        ([allow("10.20.30.40/32", {"port": 443}), allow("10.20.30.40/32", {"port": 443})], ["allowed/tcp/10.20.30.40/443"]),
        ([allow("10.20.30.40/32", {"port": 443, "protocol": "UDP"})], []),
        ([allow("10.20.30.40/31", {"port": 443}), allow("0.0.0.0/0", {"port": 80})], []),
        ([allow("10.20.30.40/31", {"port": 443}), allow("0.0.0.0/0", {"port": 443})], ["allowed/tcp/198.51.100.10/443"]),
        ([allow("198.51.100.10/32", {"port": 443}), allow("198.51.0.0/16", {"port": 443})], ["allowed/tcp/198.51.100.10/443"]),
        ([allow("198.51.0.0/16", {"port": 400, "endPort": 500, "protocol": "UDP"})], []),
        ([allow("198.51.0.0/16", {"port": 443}, less=("198.51.100.0/24",))], []),
        ([allow("10.20.30.40/32", {"port": 443}, less=("10.20.30.40/32",))], []),
        ([{"to": [PODS, {"namespaceSelector": {}}], "ports": [{"port": 443}]}], []),
        (
            [
                *(allow(f"10.20.30.{number}/32", {"port": 443}) for number in range(9)),
                {"to": [PODS, {"ipBlock": {"cidr": "10.96.1.1/32"}}], "ports": [{"port": 5432, "protocol": "TCP"}]},
            ],
            ["allowed/tcp/10.96.1.1/5432", *(f"allowed/tcp/10.20.30.{number}/443" for number in range(7))],
        ),
    ],
)  # fmt: skip
def test_what_is_allowed_is_tried(rules: list[dict[str, Any]], expected: list[str]) -> None:
    """By TCP, on the first port of each range; the assistant's own Services before all else, a few at most.

    In a network it is what the installation names, where that lies in it: what else answers there is not known.
    """
    assert [goal.id for goal in goals(AROUND, NODE, rules).tried if goal.path == "allowed"] == expected


def test_the_ways_to_the_store_and_to_the_proxy_are_tried() -> None:
    """By the rules of the policy, at the Services' addresses; before what the spec allows."""
    destination = {"cidr": "10.20.30.40/32", "ports": [{"port": 443}]}
    spec = spec_of(body(keep() | destinations(destination, {"host": "api.corp.example"})))
    given = context(spec)
    assert given.store is not None
    found = [goal.id for goal in goals(AROUND, NODE, egress_rules(spec, given)).tried if goal.path == "allowed"]

    assert found == [
        f"allowed/tcp/{given.proxy_address}/3128",
        f"allowed/tcp/{given.store.addresses[0]}/5432",
        "allowed/tcp/10.20.30.40/443",
    ]


def test_a_class_that_is_covered_says_by_what() -> None:
    """One of which a target is left says nothing: that one is tried."""
    found = goals(AROUND, NODE, [allow("198.51.100.0/24", {"port": 443}), allow("10.244.0.0/16", TCP)])

    assert found.covered == {"outside": "198.51.100.0/24"}


@pytest.mark.parametrize("cidr", ["169.254.169.254/32", "0.0.0.0/0", "fd00:ec2::254/128", "fd00::/8"])
def test_one_metadata_service_that_is_allowed_covers_all(cidr: str) -> None:
    """It is not the other's like, as one canary is another's: that the other one is not there shows nothing about it."""
    found = goals(AROUND, NODE, [allow(cidr, {"port": 80})])

    assert found.covered == {"metadata": cidr}
    assert not [goal for goal in found.tried if goal.path == "metadata"]


@pytest.mark.parametrize("written", [model(), keep(), egress("10.0.0.0/8"), EVERYTHING])
def test_the_rules_of_the_policy_are_understood(written: dict[str, Any]) -> None:
    """Of every kind of peer and port that an assistant's own policy can hold."""
    spec = spec_of(body(written))

    assert goals(AROUND, NODE, egress_rules(spec, context(spec))).tried


addresses = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str)
ports = st.integers(1, 65535)
endpoints = st.builds(Endpoint, addresses, ports)
surroundings = st.builds(
    Surroundings,
    canaries=st.lists(endpoints, max_size=12).map(tuple),
    outside=st.lists(endpoints, max_size=12).map(tuple),
    nameservers=st.lists(addresses, max_size=12).map(tuple),
    api_servers=st.lists(endpoints, max_size=12).map(tuple),
    api_endpoints=st.lists(endpoints, max_size=12).map(tuple),
    nodes=st.lists(addresses.map(lambda address: Node(frozenset({address}), (address,))), max_size=12).map(tuple),
)
networks = st.one_of(st.tuples(st.ip_addresses(v=4), st.integers(0, 32)), st.tuples(st.ip_addresses(v=6), st.integers(0, 128))).map(
    lambda pair: str(ipaddress.ip_network(pair, strict=False))
)
rules = st.builds(
    lambda cidr, first, more, protocol: allow(cidr, {"port": first, "endPort": min(first + more, 65535), "protocol": protocol}),
    networks,
    st.sampled_from([1, 53, 80, 443, 9000]),
    st.integers(0, 65535),
    st.sampled_from(["TCP", "UDP"]),
)


def lies_in(goal: Goal, rule: dict[str, Any]) -> bool:
    """Say it once more, in another way: by numbers."""
    address = ipaddress.ip_address(goal.address)
    address = getattr(address, "ipv4_mapped", None) or address
    network = ipaddress.ip_network(rule["to"][0]["ipBlock"]["cidr"])
    (port,) = rule["ports"]
    same = port["protocol"] == ("TCP" if goal.protocol == "tcp" else "UDP")
    first, last = int(network.network_address), int(network.broadcast_address)
    return same and network.version == address.version and first <= int(address) <= last and port["port"] <= goal.port <= port["endPort"]


@given(around=surroundings, node=st.lists(addresses, max_size=12), allowed=st.lists(rules, max_size=4))
def test_a_target_inside_a_rule_is_never_tried(around: Surroundings, node: list[str], allowed: list[dict[str, Any]]) -> None:
    """And whatever is not, is, but for metadata services; a class is covered only where nothing of it is tried."""
    found = goals(around, tuple(node), allowed)
    everything = goals(around, tuple(node), ())
    left = {goal for goal in everything.tried if not any(lies_in(goal, rule) for rule in allowed)}
    if len([goal for goal in left if goal.path == "metadata"]) < 2:
        left = {goal for goal in left if goal.path != "metadata"}

    assert {goal for goal in found.tried if goal.path != "allowed"} == left
    assert set(found.covered) == {goal.path for goal in everything.tried} - {goal.path for goal in found.tried}
    assert all((covering(goal, allowed) is not None) == any(lies_in(goal, rule) for rule in allowed) for goal in everything.tried)


@given(around=surroundings, node=st.lists(addresses, max_size=40), allowed=st.lists(rules, max_size=4))
def test_a_round_is_always_one_that_a_pod_accepts(around: Surroundings, node: list[str], allowed: list[dict[str, Any]]) -> None:
    """Whatever DNS, the API server and the node tell: not too many targets, ids that differ, addresses that are literals."""
    found = goals(around, tuple(node), allowed).tried
    asked = Round(tuple(Target(goal.id, goal.path, goal.protocol, goal.address, goal.port, True) for goal in found))

    assert len(found) <= MAX_TARGETS
    assert {goal.path for goal in found} <= set(EVIDENCE_PATHS)
    assert parse_round(encode_round(asked)) == asked


@pytest.mark.parametrize("has_outside", [True, False])
def test_the_largest_round_is_one_that_a_pod_accepts(has_outside: bool) -> None:
    """Everything that there can be, and more of it than is tried."""
    many = [f"10.1.0.{number}" for number in range(1, 41)]
    some = tuple(Endpoint(address, 443) for address in many)
    around = Surroundings(
        canaries=some,
        outside=some if has_outside else (),
        nameservers=tuple(many),
        api_servers=some,
        api_endpoints=some,
        nodes=tuple(Node(frozenset({address}), (address,)) for address in many),
    )
    node = tuple(f"10.2.0.{number}" for number in range(1, 41))
    found = goals(around, node, [allow(f"10.3.0.{number}/32", {"port": 443}, {"port": 80}) for number in range(64)]).tried
    counts = Counter(goal.path for goal in found)

    assert counts == {
        **dict.fromkeys(("outside", "dns", "apiServer", "allowed"), MOST_PER_CLASS),
        "pods": 3 * MOST_PER_CLASS,
        "metadata": 2,
        "ownNode": 4,
    }
    asked = Round(tuple(Target(goal.id, goal.path, goal.protocol, goal.address, goal.port, True) for goal in found))
    assert counts.total() <= MAX_TARGETS
    assert parse_round(encode_round(asked)) == asked
