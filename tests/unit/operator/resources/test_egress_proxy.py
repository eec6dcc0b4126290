"""The egress proxy's objects: there while a host is allowed, and what the proxy itself can read."""

import contextlib
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant_egress.proxy.rules import HostRule, Limits, NetworkRule, PortRange, Rules, parse_rules
from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.naming import ANNOTATION_EGRESS_RULES
from assistant_operator.reconcile.asking.decisions import PATH, parse
from assistant_operator.resources.egress_proxy import (
    proxy_config,
    proxy_deployment,
    proxy_environment,
    proxy_rules,
    proxy_service,
)
from assistant_operator.resources.gateway import gateway
from assistant_operator.resources.ollama import ollama
from tests.support.waiting import until
from tests.unit.operator.api.cases import GOOD, body, destinations, egress, hosts, model
from tests.unit.operator.resources.contexts import context, spec_of

PORTS = [{"port": 443}, {"port": 8000, "endPort": 8010}, {"port": 53, "protocol": "UDP"}]
SPEC = spec_of(
    body(
        destinations(
            {"host": "b.example"},
            {"host": "*.corp.example", "port": 8443},
            {"cidr": "10.20.0.0/16", "ports": PORTS},
            {"cidr": "2001:DB8:0::/48", "ports": [{"port": 1}]},
        )
    )
)
NAMELESS = [spec_of(body(written)) for written in (model(), egress("10.0.0.0/8"))]


def template(spec: PrivateAssistantSpec) -> dict[str, Any]:
    made = proxy_deployment(spec, context(spec))
    assert made is not None
    found: dict[str, Any] = made.body["spec"]["template"]
    return found


@pytest.mark.parametrize("spec", NAMELESS)
@pytest.mark.parametrize("build", [proxy_config, proxy_service, proxy_deployment])
def test_without_hosts_there_is_none(spec: PrivateAssistantSpec, build: Any) -> None:
    """Networks are reached without it."""
    assert build(spec, context(spec)) is None


def test_deny_wins_over_hosts_that_got_past_the_guard() -> None:
    """Mode and list contradict each other only where validation was bypassed."""
    contradiction = SPEC.model_copy(update={"egress": SPEC.egress.model_copy(update={"mode": "Deny"})})

    assert proxy_deployment(contradiction, context(contradiction)) is None


def test_its_rules_are_the_specs() -> None:
    """Sorted, so that their order rolls nothing; of networks the TCP ports, in the spelling that the proxy reads."""
    assert proxy_rules(SPEC) == Rules(
        hosts=(HostRule("*.corp.example", 8443), HostRule("b.example", 443)),
        networks=(
            NetworkRule("10.20.0.0/16", (PortRange(443, 443), PortRange(8000, 8010))),
            NetworkRule("2001:db8::/48", (PortRange(1, 1),)),
        ),
        limits=Limits(connections=256, idle_seconds=300, bytes=8589934592),
    )


def test_a_network_without_tcp_ports_is_none_of_the_proxys() -> None:
    """It connects over TCP alone."""
    udp = {"cidr": "10.20.0.0/16", "ports": [{"port": 53, "protocol": "UDP"}]}

    assert proxy_rules(spec_of(body(destinations({"host": "a.example"}, udp)))).networks == ()


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in GOOD])
def test_whatever_admission_accepts_the_proxy_reads(case: Any) -> None:
    """Or it would end at once, and no host be reached."""
    spec = spec_of(case.body())
    made = proxy_config(spec, context(spec))

    assert (made is None) == (not spec.egress.hosts)
    if made is not None:
        assert parse_rules(made.body["data"]["rules.json"].encode()) == proxy_rules(spec)


letters = "abcxyz019"
labels = st.from_regex(rf"\A[{letters}]([-{letters}]{{0,8}}[{letters}])?\Z")
last = st.from_regex(rf"\A[a-z]([-{letters}]{{0,8}}[{letters}])?\Z")
names = st.builds(
    lambda star, middle, end: ".".join([*(["*"] if star else []), *middle, end]),
    st.booleans(),
    st.lists(labels, min_size=1, max_size=4),
    last,
)
ports = st.builds(
    lambda first, more, protocol: {"port": first, "endPort": min(first + more, 65535), "protocol": protocol},
    st.integers(1, 65535),
    st.integers(0, 9),
    st.sampled_from(["TCP", "UDP", "SCTP"]),
)
networks = st.builds(
    lambda cidr, found: {"cidr": cidr, "ports": found},
    st.sampled_from(["10.0.0.0/8", "10.1.0.0/16", "fd00::/8", "FD00:0::/16", "192.0.2.7/32"]),
    st.lists(ports, min_size=1, max_size=4),
)


@given(found=st.lists(names, min_size=1, max_size=8, unique=True), listed=st.lists(networks, max_size=6))
def test_whatever_hosts_and_networks_are_listed_the_proxy_reads_them(found: list[str], listed: list[dict[str, Any]]) -> None:
    """Networks and ports that are listed twice too."""
    spec = spec_of(body(destinations(*({"host": name} for name in found), *listed)))
    made = proxy_config(spec, context(spec))

    assert made is not None
    read = parse_rules(made.body["data"]["rules.json"].encode())
    assert {rule.host for rule in read.hosts} == set(found)


def test_its_program_is_told_where_its_rules_are() -> None:
    """And listens where the Service, the policy and the probes look for it."""
    (container,) = template(SPEC)["spec"]["containers"]

    assert container["command"] == ["python3", "-m", "assistant_egress", "proxy"]
    assert container["args"] == ["--port", "3128", "--ops-port", "9090", "--rules", "/etc/private-assistant/egress/rules.json"]
    assert container["image"] == context(SPEC).installation.gateway_image
    assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": 9090, "scheme": "HTTP"}
    assert container["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": 9090, "scheme": "HTTP"}
    assert container["volumeMounts"] == [{"name": "rules", "mountPath": "/etc/private-assistant/egress", "readOnly": True}]
    assert template(SPEC)["spec"]["dnsPolicy"] == "ClusterFirst"


def test_a_rule_that_is_taken_back_ends_the_connections_made_under_it() -> None:
    """By the end of the pod; another order of the same rules does not."""
    fewer, turned = (
        spec_of(body(hosts(*names))) for names in (("a.example",), ("b.example", "a.example"))
    )  # fmt: skip
    both = spec_of(body(hosts("a.example", "b.example")))

    def revision(spec: PrivateAssistantSpec) -> str:
        return str(template(spec)["metadata"]["annotations"][ANNOTATION_EGRESS_RULES])

    assert revision(both) == revision(turned) != revision(fewer)
    assert template(both)["spec"]["terminationGracePeriodSeconds"] == 5


def test_there_is_always_one_that_works_while_another_takes_its_place() -> None:
    """The new one first."""
    made = proxy_deployment(SPEC, context(SPEC))

    assert made is not None
    assert made.body["spec"]["replicas"] == 1
    assert made.body["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}


@pytest.mark.parametrize(("address", "url"), [("10.96.0.70", "http://10.96.0.70:3128"), ("fd00::70", "http://[fd00::70]:3128")])
def test_the_serving_containers_find_it_by_its_address(address: str, url: str) -> None:
    """They have no DNS; what is on the pod's loopback does not go through it."""
    made = context(SPEC, proxy_address=address)
    for container in (gateway(SPEC, made), ollama(SPEC, made)):
        found = {one["name"]: one["value"] for one in container["env"]}
        assert {found[name] for name in ("HTTPS_PROXY", "https_proxy")} == {url}
        assert {found[name] for name in ("NO_PROXY", "no_proxy")} == {"127.0.0.1,localhost,::1"}
        assert not {"HTTP_PROXY", "http_proxy", "ALL_PROXY"} & set(found)


@pytest.mark.parametrize("spec", NAMELESS)
def test_containers_of_assistants_without_hosts_are_as_they_were(spec: PrivateAssistantSpec) -> None:
    """No variable that has to do with a proxy."""
    for container in (gateway(spec, context(spec)), ollama(spec, context(spec))):
        assert not [one for one in container["env"] if "proxy" in one["name"].lower()]


def test_before_its_address_is_known_there_is_no_variable() -> None:
    assert proxy_environment(SPEC, context(SPEC, proxy_address=None)) == []


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def test_the_program_takes_what_the_operator_gives_it(tmp_path: Path) -> None:
    """The container's own command and arguments, its rules, its probes' paths, and what the operator asks it."""
    made = proxy_config(SPEC, context(SPEC))
    assert made is not None
    file = tmp_path / "rules.json"
    file.write_text(made.body["data"]["rules.json"])
    (container,) = template(SPEC)["spec"]["containers"]
    port, ops = _free_port(), _free_port()
    given = {"3128": str(port), "9090": str(ops), "/etc/private-assistant/egress/rules.json": str(file)}
    command = [sys.executable, *container["command"][1:], *(given.get(part, part) for part in container["args"])]

    def get(path: str) -> bytes | None:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{ops}{path}", timeout=2) as answer:
            body: bytes = answer.read()
            return body
        return None

    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as running:
        try:
            until("it is ready", lambda: get(container["readinessProbe"]["httpGet"]["path"]) is not None)
            told = parse(get(PATH) or b"")
            assert get(container["livenessProbe"]["httpGet"]["path"]) is not None
        finally:
            running.terminate()
    assert told is not None
    assert (told.allowed, dict(told.refused)) == (0, {})
