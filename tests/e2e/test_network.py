"""Nothing leaves the assistant, and only those whom it admits reach it: shown by attempts, not by policy objects.

The enforcer runs in two modes here. `on` filters what is forwarded, as most clusters do: the API server and the pod's own node stay
reachable, and the documents say so. `strict` closes these as well.
"""

import json
import socket
import ssl
from collections.abc import Iterator

import pytest

from tests.cluster.images.catalog import test_image as image_of
from tests.cluster.node.addresses import API_SERVICE_IP, DNS_SERVICE_IP, METADATA_IP, NODE_IP, OUTSIDE_IP
from tests.cluster.node.cluster import Node
from tests.cluster.outside.world import HTTP_PORT
from tests.cluster.paths import REPOSITORY
from tests.e2e.support.assistants import Assistants
from tests.e2e.support.kubectl import Kubectl, until

OUTSIDE = {
    "outside-tcp": f"tcp:{OUTSIDE_IP}:443",
    "outside-udp": f"udp:{OUTSIDE_IP}:53",
    "metadata": f"tcp:{METADATA_IP}:80",
    "dns": f"udp:{DNS_SERVICE_IP}:53",
    "dns-tcp": f"tcp:{DNS_SERVICE_IP}:53",
}
OWN_NODE = {
    "api-service": f"tcp:{API_SERVICE_IP}:443",
    "api-node": f"tcp:{NODE_IP}:6443",
    "kubelet": f"tcp:{NODE_IP}:10250",
}
POD = "minimal-0"


@pytest.fixture
def strict(node: Node) -> Iterator[None]:
    """Enforce policies also between a pod and its own node."""
    node.enforce("strict")
    try:
        yield
    finally:
        node.enforce("on")


@pytest.fixture(scope="module")
def ready(shared_assistants: Assistants) -> Assistants:
    """One assistant named minimal that is Ready, and a client beside it."""
    shared_assistants.ready()
    shared_assistants.client()
    return shared_assistants


def address(kubectl: Kubectl, pod: str) -> str:
    found: str = kubectl.get("pod", pod)["status"]["podIP"]
    return found


def test_the_paths_are_open_where_nothing_confines(ready: Assistants) -> None:
    """The control: from a pod that no policy selects every path answers, so "blocked" below means blocked and not broken."""
    found = ready.probe("client", OUTSIDE | OWN_NODE)

    assert {name for name, state in found.items() if state != "open"} <= {"metadata"}  # nothing listens on the metadata address: refused
    assert found["metadata"] in ("open", "refused")


def test_a_ready_assistant_reaches_nothing_outside(ready: Assistants) -> None:
    """From the assistant's network namespace: no outside, no metadata, no DNS, no other pod."""
    other = {"other-pod": f"tcp:{address(ready.kubectl, 'client')}:22"}

    found = ready.probe(POD, OUTSIDE | other, container="gateway")

    assert set(found.values()) == {"blocked"}


def test_a_ready_assistant_reaches_not_even_its_node_where_the_cluster_is_strict(ready: Assistants, strict: None) -> None:
    """Where enforcement covers the node, neither API server nor kubelet is reachable, and the assistant still answers."""
    found = ready.probe(POD, OUTSIDE | OWN_NODE, container="gateway")

    assert set(found.values()) == {"blocked"}
    assert ready.ask("ollama", "Say hello.")["whole"]


def test_a_model_server_that_wants_out_gets_nowhere_from_its_first_instruction(
    node: Node, strict: None, assistants: Assistants, since: float
) -> None:
    """A hostile image tries from before the assistant is Ready: every attempt is blocked, and nothing of it arrives outside."""
    hostile = image_of("hostile-ollama", REPOSITORY / "tests" / "e2e" / "hostile")
    node.bring(hostile)

    assistants.ready(spec={"model": {"name": "smollm2:135m", "image": hostile.reference}})
    tried = until("two rounds of attempts", lambda: rounds(assistants.kubectl), 120)

    assert {name: set(outcomes) for name, outcomes in tried.items()} == {name: {"blocked"} for name in tried}
    assert node.outside.packets(source=address(assistants.kubectl, POD), since=since) == []
    assert [record for record in node.outside.records("names", since) if record.get("source") == address(assistants.kubectl, POD)] == []


def rounds(kubectl: Kubectl) -> dict[str, dict[str, int]] | None:
    """Return the hostile server's attempts once each path was tried twice."""
    text = kubectl.execute(POD, "/bin/sh", "-c", "cat /tmp/tried.json || true", container="ollama")
    tried: dict[str, dict[str, int]] = json.loads(text or "{}")
    return tried if tried and all(sum(outcomes.values()) >= 2 for outcomes in tried.values()) else None


def test_the_model_server_listens_on_loopback_only(node: Node, ready: Assistants) -> None:
    """There is no way round the gateway, even where no policy is enforced."""
    node.enforce("off")
    try:
        found = ready.probe(
            "client", {"ollama": f"tcp:{address(ready.kubectl, POD)}:11434", "tls": f"tcp:{address(ready.kubectl, POD)}:8443"}
        )
    finally:
        node.enforce("on")

    assert found == {"ollama": "refused", "tls": "open"}


def test_another_namespace_reaches_nothing_unless_admitted(kubectl: Kubectl, ready: Assistants) -> None:
    """By default only pods of the assistant's namespace come in, and these only to the TLS port."""
    ready.pod("stranger", kubectl=kubectl)
    pod = address(ready.kubectl, POD)
    paths = {"tls": f"tcp:{pod}:8443", "ops": f"tcp:{pod}:9090", "ollama": f"tcp:{pod}:11434"}

    assert set(ready.probe("stranger", paths, kubectl=kubectl).values()) == {"blocked"}
    assert ready.probe("client", paths) == {"tls": "open", "ops": "blocked", "ollama": "blocked"}


def test_access_from_admits_a_namespace_to_the_tls_port_alone(kubectl: Kubectl, ready: Assistants) -> None:
    """`access.from` with a namespace selector opens 8443 to that namespace, nothing else, and closes it to others."""
    ready.pod("stranger", kubectl=kubectl)
    pod = address(ready.kubectl, POD)
    paths = {"tls": f"tcp:{pod}:8443", "ops": f"tcp:{pod}:9090", "ollama": f"tcp:{pod}:11434"}
    peer = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": kubectl.namespace}}}

    ready.apply(spec={"access": {"from": [peer]}})
    until("the stranger is admitted", lambda: ready.probe("stranger", paths, kubectl=kubectl)["tls"] == "open", 90)

    assert ready.probe("stranger", paths, kubectl=kubectl) == {"tls": "open", "ops": "blocked", "ollama": "blocked"}
    until("the namespace itself is no longer admitted", lambda: ready.probe("client", paths)["tls"] == "blocked", 90)
    ready.apply()
    until("the namespace itself is admitted again", lambda: ready.probe("client", paths)["tls"] == "open", 90)


def test_an_allow_list_opens_exactly_its_path(assistants: Assistants, node: Node) -> None:
    """`egress.mode: Allowlist` opens the listed address and port; other ports, addresses and DNS stay closed."""
    rule = {"cidr": f"{OUTSIDE_IP}/32", "ports": [{"port": HTTP_PORT}]}

    assistants.ready(spec={"egress": {"mode": "Allowlist", "allow": [rule]}})
    found = assistants.probe(POD, OUTSIDE | {"listed": f"tcp:{OUTSIDE_IP}:{HTTP_PORT}"}, container="gateway")

    assert found == dict.fromkeys(OUTSIDE, "blocked") | {"listed": "open"}


def test_only_tls_1_3_is_spoken(ready: Assistants) -> None:
    """The gateway's port refuses TLS 1.2 and plain HTTP, and shows a certificate that the published CA signed."""
    with ready.kubectl.forward("service/minimal", 443) as port:
        assert _handshake(port, ready.authority(), ssl.TLSVersion.TLSv1_3) == "TLSv1.3"
        with pytest.raises(ssl.SSLError):
            _handshake(port, ready.authority(), ssl.TLSVersion.TLSv1_2)


def _handshake(port: int, authority: str, highest: ssl.TLSVersion) -> str | None:
    context = ssl.create_default_context(cadata=authority)
    context.maximum_version = highest
    with socket.create_connection(("127.0.0.1", port), 10) as plain, context.wrap_socket(plain, server_hostname="localhost") as secured:
        return secured.version()
