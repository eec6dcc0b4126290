"""NetworkPolicies: a list that is empty never means everybody."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.resources.context import AddressRefused, PullHost, PullTarget, StoreAddress
from assistant_operator.resources.network_policy import assistant_policy, ingest_policy, proxy_policy, pull_policy, store_policy
from assistant_operator.resources.public_networks import PUBLIC
from tests.unit.operator.api.cases import (
    EVERYTHING,
    access,
    body,
    destinations,
    egress,
    external,
    hosts,
    keep,
    model,
    peer,
    rag,
    registry,
    source,
)
from tests.unit.operator.resources.contexts import context, installation, spec_of

MINIMAL = spec_of(body(model()))
TLS = [{"port": 8443, "protocol": "TCP"}]
POSTGRES = [{"port": 5432, "protocol": "TCP"}]
OPS = [{"port": 9090, "protocol": "TCP"}]
ASKED = [*OPS, {"port": 9091, "protocol": "TCP"}]
"""Of the operator alone: what it asks of, and what it has tried."""
OPERATOR = {
    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "private-assistant-system"}},
    "podSelector": {"matchLabels": {"app.kubernetes.io/name": "private-assistant-operator"}},
}


def policy(spec: PrivateAssistantSpec, **changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = assistant_policy(spec, context(spec, **changes)).body["spec"]
    return found


def pull(spec: PrivateAssistantSpec, **changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = pull_policy(spec, context(spec, **changes)).body["spec"]
    return found


def test_by_default_the_same_namespace_may_call_and_nothing_leaves() -> None:
    """And the operator may ask for readiness; nobody scrapes."""
    assert policy(MINIMAL) == {
        "podSelector": {"matchLabels": {"privateassistant.dev/assistant": "minimal", "privateassistant.dev/component": "assistant"}},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"from": [{"podSelector": {}}], "ports": TLS}, {"from": [OPERATOR], "ports": ASKED}],
        "egress": [],
    }


def test_nobody_means_no_rule() -> None:
    """`from: []` in a NetworkPolicy would mean everybody."""
    assert policy(spec_of(body(access(**{"from": []}))))["ingress"] == [{"from": [OPERATOR], "ports": ASKED}]


def test_an_empty_selector_stays_empty() -> None:
    """Every namespace is what was asked for; dropping the selector would make an invalid peer, adding one would narrow it."""
    assert policy(spec_of(body(peer(namespaceSelector={}))))["ingress"][0]["from"] == [{"namespaceSelector": {}}]


def test_peers_are_passed_as_they_were_written() -> None:
    """Selectors with expressions, blocks with exceptions."""
    assert policy(spec_of(body(EVERYTHING)))["ingress"][0] == {"from": EVERYTHING["access"]["from"], "ports": TLS}


def test_monitoring_may_scrape_where_it_is_configured() -> None:
    """By namespace labels, on the ops port only."""
    spec = policy(MINIMAL, installation=installation(monitoring_namespace_labels={"name": "monitoring"}))

    assert spec["ingress"][2] == {"from": [{"namespaceSelector": {"matchLabels": {"name": "monitoring"}}}], "ports": OPS}


def test_allowed_networks_come_with_their_ports() -> None:
    """One rule for each destination."""
    spec = policy(spec_of(body(EVERYTHING)))

    assert spec["egress"] == [
        {
            "to": [{"ipBlock": {"cidr": "10.20.0.0/16"}}],
            "ports": [{"port": 443, "protocol": "TCP"}, {"port": 8000, "endPort": 8010, "protocol": "UDP"}],
        },
        {"to": EVERYTHING["store"]["external"]["peers"], "ports": [{"port": 5433, "protocol": "TCP"}]},
    ]


def pods(component: str) -> dict[str, Any]:
    return {"podSelector": {"matchLabels": {"privateassistant.dev/assistant": "minimal", "privateassistant.dev/component": component}}}


def proxy(spec: PrivateAssistantSpec, **changes: Any) -> dict[str, Any]:
    made = proxy_policy(spec, context(spec, **changes))
    assert made is not None
    found: dict[str, Any] = made.body["spec"]
    return found


CONNECT = [{"port": 3128, "protocol": "TCP"}]
DNS = [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]
KUBE_DNS = {"namespaceSelector": {}, "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}


def test_hosts_are_reached_through_the_proxy_alone() -> None:
    """By its pod's address and by its Service's, whichever a policy sees; no DNS, and nothing public."""
    spec = spec_of(body(hosts("api.corp.example", "b.example")))

    assert policy(spec)["egress"] == [{"to": [pods("egress-proxy"), {"ipBlock": {"cidr": "10.96.0.70/32"}}], "ports": CONNECT}]
    assert policy(spec, proxy_address="fd00::70")["egress"][0]["to"][1] == {"ipBlock": {"cidr": "fd00::70/128"}}
    assert policy(spec, proxy_address=None)["egress"] == [{"to": [pods("egress-proxy")], "ports": CONNECT}]
    assert policy(spec)["ingress"] == policy(MINIMAL)["ingress"]


def test_networks_beside_hosts_are_reached_directly() -> None:
    """The proxy speaks TLS over TCP alone."""
    written = destinations({"host": "a.example"}, {"cidr": "10.20.0.0/16", "ports": [{"port": 53, "protocol": "UDP"}]})
    spec = spec_of(body(written))

    assert [rule["to"][0] for rule in policy(spec)["egress"]] == [{"ipBlock": {"cidr": "10.20.0.0/16"}}, pods("egress-proxy")]


def test_the_proxy_is_reached_by_the_assistant_and_asked_by_the_operator() -> None:
    """Monitoring may scrape it where it is configured."""
    spec = spec_of(body(hosts("a.example")))
    made = proxy(spec, installation=installation(monitoring_namespace_labels={"name": "monitoring"}))

    assert made["podSelector"] == pods("egress-proxy")["podSelector"]
    assert made["policyTypes"] == ["Ingress", "Egress"]
    assert made["ingress"] == [
        {"from": [pods("assistant")], "ports": CONNECT},
        {"from": [OPERATOR], "ports": OPS},
        {"from": [{"namespaceSelector": {"matchLabels": {"name": "monitoring"}}}], "ports": OPS},
    ]


def test_the_proxy_reaches_names_and_what_is_public_on_the_hosts_ports() -> None:
    """And the networks of the spec, on their TCP ports: hosts may be there."""
    networks = ({"cidr": "10.20.0.0/16", "ports": [{"port": 443}, {"port": 53, "protocol": "UDP"}]},)
    written = destinations({"host": "a.example"}, {"host": "b.example", "port": 8443}, {"host": "c.example"}, *networks)
    spec = spec_of(body(written))

    assert proxy(spec)["egress"] == [
        {"to": [KUBE_DNS], "ports": DNS},
        {
            "to": [{"ipBlock": {"cidr": cidr}} for cidr in PUBLIC],
            "ports": [{"port": 443, "protocol": "TCP"}, {"port": 8443, "protocol": "TCP"}],
        },
        {"to": [{"ipBlock": {"cidr": "10.20.0.0/16"}}], "ports": [{"port": 443, "protocol": "TCP"}]},
    ]


def test_names_are_asked_of_the_clusters_dns_wherever_it_is() -> None:
    """By the labels and on the port of its pods, and at the addresses that the operator's own pod asks."""
    spec = spec_of(body(hosts("a.example")))
    settings = installation(dns_labels={"dns": "default"}, dns_port=5353, nameservers=("172.30.0.10", "fd00::a"))
    behind, service, *_ = proxy(spec, installation=settings)["egress"]

    assert behind == {
        "to": [{"namespaceSelector": {}, "podSelector": {"matchLabels": {"dns": "default"}}}],
        "ports": [{"port": 5353, "protocol": "UDP"}, {"port": 5353, "protocol": "TCP"}],
    }
    assert service == {"to": [{"ipBlock": {"cidr": "172.30.0.10/32"}}, {"ipBlock": {"cidr": "fd00::a/128"}}], "ports": DNS}


def test_no_labels_of_name_servers_mean_no_pods() -> None:
    """An empty selector would be every pod of the cluster, on port 53."""
    egress = proxy(spec_of(body(hosts("a.example"))), installation=installation(dns_labels={}))["egress"]

    assert [rule["to"][0] for rule in egress] == [{"ipBlock": {"cidr": PUBLIC[0]}}]


@pytest.mark.parametrize("written", [model(), egress("10.0.0.0/8")])
def test_without_hosts_there_is_no_proxys_policy(written: dict[str, Any]) -> None:
    spec = spec_of(body(written))

    assert proxy_policy(spec, context(spec)) is None
    assert not [rule for rule in policy(spec)["egress"] if rule["ports"] == CONNECT]


def test_the_managed_store_is_reached_by_the_gateways_alone_and_reaches_nothing() -> None:
    """On its one port; the gateways reach it by its pod's address and by its Service's, whichever a policy sees."""
    spec = spec_of(body(keep()))
    made = store_policy(spec, context(spec))

    assert made is not None
    assert made.body["spec"] == {
        "podSelector": pods("store")["podSelector"],
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"from": [pods("assistant")], "ports": POSTGRES}],
        "egress": [],
    }
    assert policy(spec)["egress"] == [{"to": [pods("store"), {"ipBlock": {"cidr": "10.96.0.60/32"}}], "ports": POSTGRES}]
    assert policy(spec)["ingress"] == policy(MINIMAL)["ingress"]


def test_the_users_store_is_reached_where_the_spec_says_on_the_secrets_port() -> None:
    """And nowhere before the port is known; there is no policy for pods that are not ours."""
    spec = spec_of(body(external({"ipBlock": {"cidr": "192.0.2.7/32"}})))

    assert policy(spec)["egress"] == [{"to": [{"ipBlock": {"cidr": "192.0.2.7/32"}}], "ports": [{"port": 5433, "protocol": "TCP"}]}]
    assert policy(spec, store=None)["egress"] == []
    assert store_policy(spec, context(spec)) is None


def test_ingests_reach_the_gateways_and_nothing_else() -> None:
    """And nobody reaches them."""
    spec = spec_of(body(source()))
    made = ingest_policy(spec, context(spec))

    assert made is not None
    assert made.body["spec"] == {
        "podSelector": pods("ingest")["podSelector"],
        "policyTypes": ["Ingress", "Egress"],
        "egress": [
            {"to": [pods("assistant")], "ports": TLS},
            {"to": [{"ipBlock": {"cidr": "10.96.0.50/32"}}], "ports": [{"port": 443, "protocol": "TCP"}]},
        ],
    }
    assert {"from": [pods("ingest")], "ports": TLS} in policy(spec)["ingress"]


@pytest.mark.parametrize("written", [model(), keep(), rag()])
def test_without_sources_there_is_no_way_in_for_ingests(written: dict[str, Any]) -> None:
    """Documents through the API need none."""
    spec = spec_of(body(written))

    assert ingest_policy(spec, context(spec)) is None
    assert policy(spec)["ingress"] == policy(MINIMAL)["ingress"]


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "0.0.0.0", "::ffff:10.0.0.1"])
def test_addresses_that_are_no_stores_are_refused(address: str) -> None:
    """Whoever writes the Secret decides to what its host resolves: not to the pod itself or the node's metadata."""
    with pytest.raises(AddressRefused):
        StoreAddress(name="pg", addresses=(address,), port=5432, database="app", secret="pg")


def test_an_embedding_model_of_another_registry_is_reached_there() -> None:
    """Each on its own port; both models come in one pull."""
    spec = spec_of(body({"model": {"name": "registry.corp:5000/ns/m", "embedding": "other.corp/ns/e"}, "rag": {}}))

    assert [(rule["to"], rule["ports"][0]["port"]) for rule in pull(spec)["egress"]] == [
        ([{"ipBlock": {"cidr": "192.0.2.11/32"}}], 443),
        ([{"ipBlock": {"cidr": "192.0.2.10/32"}}], 5000),
    ]


def test_deny_wins_over_a_list_that_got_past_the_guard() -> None:
    """Mode and list contradict each other only where validation was bypassed; then nothing leaves."""
    spec = spec_of(body(egress("10.0.0.0/8")))
    contradiction = spec.model_copy(update={"egress": spec.egress.model_copy(update={"mode": "Deny"})})

    assert policy(contradiction)["egress"] == []


def test_a_pull_reaches_the_pinned_addresses_on_the_registrys_port() -> None:
    """And only the operator reaches the pull."""
    target = PullTarget((PullHost("registry.ollama.ai", ("192.0.2.1", "2001:db8::1"), 443), PullHost("blobs", ("192.0.2.1",), 443)))

    assert pull(MINIMAL, pull=target) == {
        "podSelector": {"matchLabels": {"privateassistant.dev/assistant": "minimal", "privateassistant.dev/component": "pull"}},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"from": [OPERATOR], "ports": OPS}],
        "egress": [
            {
                "to": [{"ipBlock": {"cidr": "192.0.2.1/32"}}, {"ipBlock": {"cidr": "2001:db8::1/128"}}],
                "ports": [{"port": 443, "protocol": "TCP"}],
            }
        ],
    }


def test_each_host_is_reached_on_its_own_port() -> None:
    """A blob store on 443 does not open 443 of the registry."""
    target = PullTarget((PullHost("registry.corp", ("192.0.2.1",), 5000), PullHost("blobs.corp", ("192.0.2.2",), 443)))

    assert pull(MINIMAL, pull=target)["egress"] == [
        {"to": [{"ipBlock": {"cidr": "192.0.2.2/32"}}], "ports": [{"port": 443, "protocol": "TCP"}]},
        {"to": [{"ipBlock": {"cidr": "192.0.2.1/32"}}], "ports": [{"port": 5000, "protocol": "TCP"}]},
    ]


@pytest.mark.parametrize(("insecure", "default"), [(False, 443), (True, 80)])
def test_networks_of_the_registry_are_reached_on_its_port_and_the_default_one(insecure: bool, default: int) -> None:
    """A blob store to which a registry on port 5000 redirects listens on the default port."""
    source = {"registry": {"insecure": insecure, "cidrs": ["10.2.0.0/16", "10.1.0.0/16"]}}
    spec = spec_of(body(model(name="registry.corp:5000/ns/m", source=source)))

    pinned, networks = pull(spec)["egress"]

    assert pinned["ports"] == [{"port": 5000, "protocol": "TCP"}]
    assert networks == {
        "to": [{"ipBlock": {"cidr": "10.1.0.0/16"}}, {"ipBlock": {"cidr": "10.2.0.0/16"}}],
        "ports": [{"port": port, "protocol": "TCP"} for port in sorted((default, 5000))],
    }


@pytest.mark.parametrize(
    "spec",
    [pytest.param(model(source={"claim": {"name": "weights"}}), id="claim"), pytest.param(registry(cidrs=["10.0.0.0/8"]), id="unresolved")],
)
def test_a_pull_without_a_target_reaches_nothing(spec: dict[str, Any]) -> None:
    """A claim is checked, not pulled; an unresolved registry has no Job, so its networks are not open either."""
    assert pull(spec_of(body(spec)), pull=None)["egress"] == []


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "169.254.169.254", "fe80::1", "0.0.0.0", "224.0.0.1", "::ffff:127.0.0.1", "::ffff:169.254.169.254"]
)
def test_addresses_that_are_no_registrys_are_refused(address: str) -> None:
    """Whoever owns the registry's name decides to what it resolves: not to the node's metadata."""
    with pytest.raises(AddressRefused):
        PullHost("registry.corp", (address,), 443)


def test_a_host_without_addresses_is_refused() -> None:
    """It would be a rule without peers."""
    with pytest.raises(ValueError, match="without addresses"):
        PullHost("registry.corp", (), 443)


labels = st.dictionaries(st.sampled_from("ab"), st.sampled_from("xy"))
peers = st.one_of(
    st.none(),
    st.lists(
        st.one_of(
            st.builds(lambda found: {"podSelector": {"matchLabels": found}}, st.dictionaries(st.sampled_from("ab"), st.sampled_from("xy"))),
            st.just({"podSelector": {}}),
            st.just({"namespaceSelector": {}, "podSelector": {}}),
            st.just({"ipBlock": {"cidr": "192.0.2.0/24"}}),
        ),
        max_size=4,
    ),
)
addresses = st.one_of(st.none(), st.sampled_from(["10.96.0.70", "fd00::70"]))
allowed_ports = st.lists(
    st.builds(
        lambda first, last, protocol: {"port": min(first, last), "endPort": max(first, last), "protocol": protocol},
        st.integers(1, 65535),
        st.integers(1, 65535),
        st.sampled_from(["TCP", "UDP", "SCTP"]),
    ),
    min_size=1,
    max_size=3,
)
allowed = st.lists(
    st.one_of(
        st.builds(
            lambda cidr, ports: {"cidr": cidr, "ports": ports}, st.sampled_from(["10.0.0.0/8", "192.0.2.7/32", "fd00::/8"]), allowed_ports
        ),
        st.builds(lambda host, port: {"host": host, "port": port}, st.sampled_from(["a.example", "*.b.example"]), st.integers(1, 65535)),
    ),
    max_size=4,
    unique_by=str,
)
nameservers = st.lists(st.sampled_from(["10.96.0.10", "fd00::a"]), max_size=2, unique=True).map(tuple)


@given(peers=peers, allowed=allowed, labels=labels, dns=labels, address=addresses, servers=nameservers)
def test_no_rule_is_open_whatever_the_lists_hold(
    peers: list[Any] | None,
    allowed: list[dict[str, Any]],
    labels: dict[str, str],
    dns: dict[str, str],
    address: str | None,
    servers: tuple[str, ...],
) -> None:
    """Every rule names at least one peer and at least one port; every peer says something, and no block has exceptions."""
    written = destinations(*allowed) if allowed else model()
    spec = spec_of(body({**written, "access": {} if peers is None else {"from": peers}}))
    settings = installation(monitoring_namespace_labels=labels, dns_labels=dns, nameservers=servers)
    made = context(spec, installation=settings, proxy_address=address)
    policies = [made for made in (build(spec, made) for build in (assistant_policy, pull_policy, proxy_policy)) if made is not None]

    for document in (policy.body["spec"] for policy in policies):
        assert document["policyTypes"] == ["Ingress", "Egress"]
        assert document["podSelector"]["matchLabels"]
        for rule in [*document["ingress"], *document["egress"]]:
            assert rule["ports"]
            assert all("port" in port for port in rule["ports"])
            named = rule["from"] if "from" in rule else rule["to"]
            assert named
            assert all(named)
        assert len([rule for rule in document["ingress"] if rule["ports"] == TLS]) <= 1
        for one in (one for rule in document["egress"] for one in rule["to"]):
            assert "except" not in one.get("ipBlock", {})
            assert one.get("ipBlock", {}).get("cidr") not in ("0.0.0.0/0", "::/0")
            assert one.get("podSelector") != {"matchLabels": {}}
    assert bool(assistant_policy(spec, made).body["spec"]["egress"]) == bool(allowed)
    assert len(policies) == 3 if any("host" in one for one in allowed) else len(policies) == 2
