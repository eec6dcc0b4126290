"""What is tried from a pod, and what never is: a target that the assistant may reach anyway."""

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant_egress.protocol import MAX_TARGETS, PATHS, Round, Target, encode_round, parse_round
from assistant_operator.resources.egress_targets import Endpoint, Goal, Surroundings, covering, goals
from assistant_operator.resources.network_policy import egress_rules
from tests.unit.operator.api.cases import EVERYTHING, body, egress, keep, model
from tests.unit.operator.resources.contexts import context, spec_of

AROUND = Surroundings(
    canaries=(Endpoint("10.244.0.9", 9092), Endpoint("fd00::9", 9092)),
    outside=(Endpoint("198.51.100.10", 443),),
    nameservers=("10.96.0.10",),
    api_servers=(Endpoint("10.96.0.1", 443), Endpoint("203.0.113.2", 6443)),
)
NODE = ("203.0.113.2", "fd00::2")


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


def test_a_class_that_is_covered_says_by_what() -> None:
    """One of which a target is left says nothing: that one is tried."""
    found = goals(AROUND, NODE, [allow("198.51.100.0/24", {"port": 443}), allow("10.244.0.0/16", TCP)])

    assert found.covered == {"outside": "198.51.100.0/24"}


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
    """And whatever is not, is; a class is covered only where nothing of it is tried."""
    found = goals(around, tuple(node), allowed)
    everything = goals(around, tuple(node), ())

    assert set(found.tried) == {goal for goal in everything.tried if not any(lies_in(goal, rule) for rule in allowed)}
    assert set(found.covered) == {goal.path for goal in everything.tried} - {goal.path for goal in found.tried}
    assert all((covering(goal, allowed) is not None) == any(lies_in(goal, rule) for rule in allowed) for goal in everything.tried)


@given(around=surroundings, node=st.lists(addresses, max_size=40))
def test_a_round_is_always_one_that_a_pod_accepts(around: Surroundings, node: list[str]) -> None:
    """Whatever DNS, the API server and the node tell: not too many targets, ids that differ, addresses that are literals."""
    found = goals(around, tuple(node), ()).tried
    asked = Round(tuple(Target(goal.id, goal.path, goal.protocol, goal.address, goal.port, True) for goal in found))

    assert len(found) <= MAX_TARGETS
    assert {goal.path for goal in found} <= set(PATHS)
    assert parse_round(encode_round(asked)) == asked
