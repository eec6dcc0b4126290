"""What Cilium denies beyond the NetworkPolicies, that it never denies what the spec allows, and how it holds the proxy to names."""

import ipaddress
import json
import os
import random
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example as with_example
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.naming import COMPONENT_ASSISTANT, COMPONENT_EGRESS_PROXY, COMPONENT_STORE, LABEL_COMPONENT
from assistant_operator.resources import cilium
from assistant_operator.resources.cilium import MOST_NETWORKS, cilium_policy
from assistant_operator.resources.network_policy import egress_rules, proxy_policy
from assistant_operator.resources.plan import plan
from tests.unit.operator.api.cases import GOOD, body, keep, model
from tests.unit.operator.resources.contexts import EXAMPLES, context, example, installation, spec_of

GOLDEN = Path(__file__).parent / "golden" / "cilium"
SERVED = frozenset({"CiliumNetworkPolicy"})
MINIMAL = spec_of(body(model()))


def allowing(*cidrs: str) -> PrivateAssistantSpec:
    allow = [{"cidr": cidr, "ports": [{"port": 443}]} for cidr in cidrs]
    egress = {"mode": "Allowlist", "allow": allow, "acknowledgeOpenEgress": True, "evidence": {"mode": "Reported"}}
    return spec_of(body(model() | {"egress": egress}))


def denied(spec: PrivateAssistantSpec, component: str = COMPONENT_ASSISTANT) -> list[dict[str, Any]]:
    """Return what a component's pods are denied."""
    made = cilium_policy(spec, context(spec, dialects=SERVED))
    rules = made.body["specs"] if made is not None else []
    return [one for rule in rules if rule["endpointSelector"]["matchLabels"][LABEL_COMPONENT] == component for one in rule["egressDeny"]]


def networks(spec: PrivateAssistantSpec) -> list[Any]:
    return [ipaddress.ip_network(text) for rule in denied(spec) for text in rule.get("toCIDR", ())]


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in EXAMPLES])
def test_examples_become_what_they_became(path: Path) -> None:
    """Golden files: a change of what is applied is seen in review. REWRITE_GOLDEN=1 writes them anew."""
    resource = example(path)
    spec = spec_of(resource)
    made = cilium_policy(spec, context(spec, resource["metadata"]["name"], dialects=SERVED))
    shown = None if made is None else made.to_dict()
    golden = GOLDEN / f"{path.stem}.json"
    if os.environ.get("REWRITE_GOLDEN"):
        golden.write_text(json.dumps(shown, indent=1) + "\n")

    assert json.loads(golden.read_text()) == shown


def test_where_cilium_is_not_served_there_is_nothing_of_it() -> None:
    """Nor where another dialect is."""
    for dialects in (frozenset[str](), frozenset({"ClusterNetworkPolicy", "CiliumClusterwideNetworkPolicy"})):
        assert cilium_policy(MINIMAL, context(MINIMAL, dialects=dialects)) is None


def test_it_comes_before_what_runs() -> None:
    """As the NetworkPolicies do."""
    kinds = [manifest.kind for manifest in plan(MINIMAL, context(MINIMAL, dialects=SERVED))]

    assert kinds.index("CiliumNetworkPolicy") < kinds.index("StatefulSet")
    assert kinds.index("CiliumNetworkPolicy") < kinds.index("Job")


def test_what_reaches_nothing_is_denied_everything() -> None:
    """No policy of anybody opens anything then, to whatever it may be."""
    assert denied(MINIMAL) == [{"toEntities": ["all"]}]


def test_the_store_is_denied_everything() -> None:
    """It answers, and asks nobody. Its assistant is left the way to it."""
    spec = spec_of(body(keep()))

    assert denied(spec, COMPONENT_STORE) == [{"toEntities": ["all"]}]
    assert denied(spec) == [{"toEntities": ["host", "remote-node", "kube-apiserver", "world"]}]
    assert denied(MINIMAL, COMPONENT_STORE) == []


def test_what_allows_networks_is_denied_the_others() -> None:
    """And no entity: a network may hold a node, or the API server."""
    spec = allowing("10.20.0.0/16")
    (rule,) = denied(spec)

    assert set(rule) == {"toCIDR"}
    assert not any(network.overlaps(ipaddress.ip_network("10.20.0.0/16")) for network in networks(spec) if network.version == 4)
    assert sum(network.num_addresses for network in networks(spec) if network.version == 4) == 2**32 - 2**16
    assert "::/0" in rule["toCIDR"]


def test_where_everything_is_allowed_nothing_is_denied() -> None:
    """The object would have no rule."""
    assert cilium_policy(allowing("0.0.0.0/0", "::/0"), context(MINIMAL, dialects=SERVED)) is None


def lets_out(spec: PrivateAssistantSpec, **settings: Any) -> list[dict[str, Any]]:
    """Return what the egress proxy is let out to, where the installation wants Cilium to hold it to names."""
    made = cilium_policy(spec, context(spec, dialects=SERVED, installation=installation(cilium_names=True, **settings)))
    rules = made.body["specs"] if made is not None else []
    return [
        one
        for rule in rules
        if rule["endpointSelector"]["matchLabels"][LABEL_COMPONENT] == COMPONENT_EGRESS_PROXY
        for one in rule["egress"]
    ]


def allowing_hosts(*hosts: tuple[str, int]) -> PrivateAssistantSpec:
    return spec_of(body(model() | {"egress": {"mode": "Allowlist", "allow": [{"host": host, "port": port} for host, port in hosts]}}))


def test_the_proxy_is_held_to_the_names_of_the_spec() -> None:
    """Questions for these and no others, and the addresses in the answers on the port of each; a star is one label."""
    asked, plain, other = lets_out(allowing_hosts(("api.example.com", 443), ("*.example.org", 443), ("api.example.com", 8443)))

    names = [{"matchPattern": "*.example.org"}, {"matchName": "api.example.com"}]
    assert asked == {
        "toEndpoints": [
            {
                "matchLabels": {"k8s:k8s-app": "kube-dns"},
                "matchExpressions": [{"key": "k8s:io.kubernetes.pod.namespace", "operator": "Exists"}],
            }
        ],
        "toPorts": [{"ports": [{"port": "53", "protocol": "ANY"}], "rules": {"dns": names}}],
    }
    assert plain == {"toFQDNs": names, "toPorts": [{"ports": [{"port": "443", "protocol": "TCP"}]}]}
    assert other == {"toFQDNs": names[1:], "toPorts": [{"ports": [{"port": "8443", "protocol": "TCP"}]}]}


def test_names_are_asked_of_the_pods_that_the_installation_names() -> None:
    """On their own port: Cilium translates the Service's before it asks its policies."""
    asked, _ = lets_out(allowing_hosts(("a.example", 443)), dns_labels={"dns": "default"}, dns_port=5353)

    assert asked["toEndpoints"][0]["matchLabels"] == {"k8s:dns": "default"}
    assert asked["toPorts"][0]["ports"] == [{"port": "5353", "protocol": "ANY"}]


@pytest.mark.parametrize(
    ("settings", "dialects"),
    [({"cilium_names": True}, frozenset[str]()), ({"cilium_names": False}, SERVED), ({"cilium_names": True, "dns_labels": {}}, SERVED)],
    ids=["not served", "not wanted", "no name servers known"],
)
def test_one_of_the_two_policies_lets_the_proxy_out(settings: dict[str, Any], dialects: frozenset[str]) -> None:
    """Where Cilium's doesn't, the NetworkPolicy does; both at once would make the names mean nothing, and none would let nothing out."""
    spec = allowing_hosts(("a.example", 443))
    held = context(spec, dialects=SERVED, installation=installation(cilium_names=True))
    free = context(spec, dialects=dialects, installation=installation(**settings))

    for made, by_cilium in ((held, True), (free, False)):
        policies = (proxy_policy(spec, made), cilium_policy(spec, made))
        wide, named = ("0.0.0.0/" in str(policies[0]) or "1.0.0.0/8" in str(policies[0])), "toFQDNs" in str(policies[1])
        assert (wide, named) == (not by_cilium, by_cilium)


def test_hosts_inside_networks_of_the_spec_stay_reachable() -> None:
    """By the NetworkPolicy, which names these networks: Cilium finds no pods by their names."""
    allow = [{"host": "a.example", "port": 443}, {"cidr": "10.20.0.0/16", "ports": [{"port": 443}]}]
    spec = spec_of(body(model() | {"egress": {"mode": "Allowlist", "allow": allow}}))
    made = proxy_policy(spec, context(spec, dialects=SERVED, installation=installation(cilium_names=True)))

    assert made is not None
    assert made.body["spec"]["egress"] == [{"to": [{"ipBlock": {"cidr": "10.20.0.0/16"}}], "ports": [{"port": 443, "protocol": "TCP"}]}]


CIDRS = st.one_of(
    st.builds(lambda value, prefix: ipaddress.ip_network((value, prefix), strict=False), st.integers(0, 2**32 - 1), st.integers(1, 32)),
    st.builds(
        lambda value, prefix: ipaddress.ip_network((value, prefix), strict=False), st.integers(2**32, 2**128 - 1), st.integers(1, 128)
    ),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(CIDRS, min_size=1, max_size=12))
@with_example([ipaddress.ip_network(f"2001:db8:{number:x}::1/128") for number in range(12)])
def test_no_network_of_the_spec_is_ever_denied(allowed: list[Any]) -> None:
    """However many and however narrow they are; the list stays short enough for the kernels that hold it."""
    for everything in (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0")):
        left = cilium._but(everything, map(str, allowed))

        assert len(left) <= MOST_NETWORKS
        assert not [one for one in allowed if one.version == everything.version and any(one.overlaps(network) for network in left)]
        assert not [one for one, other in pairwise(left) if one.overlaps(other)]


def test_all_that_is_not_allowed_is_denied_to_the_last_address() -> None:
    """Also one alone between two that are allowed, and those at both ends."""
    everything = ipaddress.ip_network("0.0.0.0/0")
    left = cilium._but(everything, ["0.0.0.1/32", "10.0.0.0/32", "10.0.0.2/31", "255.255.255.254/32"])

    assert sum(network.num_addresses for network in left) == everything.num_addresses - 5


def test_a_list_that_would_be_too_long_denies_less_and_not_nothing() -> None:
    """A few addresses are left out to the bit; of many scattered ones the networks around them."""
    everything = ipaddress.ip_network("::/0")
    one = cilium._but(everything, ["2001:db8::1/128"])
    many = cilium._but(everything, [f"2001:db8:{number:x}::1/128" for number in range(64)])

    assert sum(network.num_addresses for network in one) == 2**128 - 1
    assert any(network.overlaps(ipaddress.IPv6Network("2001:db9::/32")) for network in many)


def test_many_scattered_addresses_hold_nobody_up() -> None:
    """A pass that computes for seconds lets the operator's Lease run out: whoever may write one assistant could end the work for all."""
    chance = random.Random(1)
    scattered = [f"{ipaddress.IPv6Address(chance.getrandbits(128))}/128" for _ in range(80)]
    begun = time.process_time()

    assert cilium._but(ipaddress.ip_network("::/0"), scattered)
    assert time.process_time() - begun < 0.5


@pytest.mark.parametrize("case", GOOD, ids=lambda case: case.id)
def test_no_address_of_the_network_policy_is_denied(case: Any) -> None:
    """Whatever the spec: where it names networks none of them is denied, and entities are denied only where it names none."""
    spec = spec_of(case.body())
    allowed = [
        ipaddress.ip_network(peer["ipBlock"]["cidr"])
        for rule in egress_rules(spec, context(spec))
        for peer in rule["to"]
        if "ipBlock" in peer
    ]
    has_entities = any("toEntities" in rule for rule in denied(spec))

    assert not [one for one in allowed for network in networks(spec) if one.version == network.version and one.overlaps(network)]
    assert not (has_entities and (spec.egress.networks or spec.external_store))
