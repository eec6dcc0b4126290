"""What could leave all the same: counted by the node itself, tried over IPv6, with the enforcer gone, and in pods that others made differ.

One assistant, from its first packet on. The node's counters are those of tests/cluster/node/counting.py: `tried` is in front of the
enforcer, `left` and `node` are behind it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from assistant_operator.naming import CANARY_PORT
from tests.cluster.node.addresses import (
    API_PORT,
    API_SERVICE_IP,
    DNS_SERVICE_IP,
    METADATA_IP,
    NODE_IP,
    OUTSIDE_IP,
    UNLISTED_IP,
)
from tests.cluster.node.cluster import Node
from tests.cluster.node.counting import Counted, Point
from tests.cluster.outside.world import HTTPS_PORT
from tests.e2e.support.assistants import MODEL, Assistants
from tests.e2e.support.confinement import GATE, at_gate, gate_waits_for, started, state, verdicts
from tests.e2e.support.enforcer import without_enforcer
from tests.e2e.support.kubectl import Kubectl, until

NAME, POD = "minimal", "minimal-0"
REQUESTS, ONE_CHAT_IN = 1000, 20
KUBELET_PORT = 10250
REQUIRED = ("outside", "pods", "metadata", "dns")
TOLD_WITHIN = 60
MENDED_WITHIN = 150
CANARY = "app.kubernetes.io/name=private-assistant-operator-canary"
A_ROUND = "a round of the operator"
LINK_MULTICAST = "ff02::"
"""To all on the link: reports of memberships, the search for routers, the check that an address is nobody else's."""

Destination = tuple[str, str, int]
OWN_NODE: set[Destination] = {("tcp", NODE_IP, KUBELET_PORT), ("tcp", NODE_IP, API_PORT)}
"""What is open in most clusters, and tried to be able to say so. The API server's Service leads to the second one."""


@dataclass(frozen=True)
class Scene:
    """The assistant and a client beside it, made while the node was counting."""

    assistants: Assistants
    operator: Kubectl
    node: Node
    counts: Callable[[], list[Counted]]

    @property
    def kubectl(self) -> Kubectl:
        return self.assistants.kubectl

    def address(self, pod: str) -> str:
        found: str = self.kubectl.get("pod", pod)["status"]["podIP"]
        return found

    def counted(self, pod: str, point: Point) -> dict[Destination, int]:
        """Return the packets of a pod at one point, by their destination."""
        address = self.address(pod)
        found = (one for one in self.counts() if (one.point, one.source) == (point, address))
        return {(one.protocol, one.destination, one.port): one.packets for one in found}

    def targets(self) -> set[Destination]:
        """Return everything that the operator has its assistants try."""
        canaries = [pod["status"]["podIP"] for pod in self.operator.list("pods", CANARY)]
        assert canaries
        return {
            ("tcp", UNLISTED_IP, HTTPS_PORT),
            ("tcp", METADATA_IP, 80),
            ("udp", DNS_SERVICE_IP, 53),
            ("tcp", API_SERVICE_IP, 443),
            *OWN_NODE,
            *((protocol, address, CANARY_PORT) for address in canaries for protocol in ("tcp", "udp")),
        }


@pytest.fixture(scope="module")
def scene(node: Node, operator: Kubectl, shared_assistants: Assistants) -> Iterator[Scene]:
    with node.counting() as counts:
        shared_assistants.ready(NAME, {"access": {"limits": {"requestsPerMinute": 1_000_000}}})
        shared_assistants.client(NAME)
        yield Scene(shared_assistants, operator, node, counts)


def test_nothing_leaves_an_assistant_that_starts_and_answers_a_thousand_requests(scene: Scene) -> None:
    """By the node's own counters: no packet, so no DNS query either. What was tried at all are the probe's targets, and nothing else."""
    answers = scene.assistants.run("ask_often", str(REQUESTS), str(ONE_CHAT_IN), MODEL, name=NAME)

    assert answers == {"200": REQUESTS}
    assert scene.counted(POD, "left") == {}
    assert set(scene.counted(POD, "node")) == OWN_NODE
    tried = scene.counted(POD, "tried")
    assert {("udp", DNS_SERVICE_IP, 53), ("tcp", UNLISTED_IP, HTTPS_PORT)} <= set(tried) <= scene.targets()


def test_the_counters_count_what_does_leave(scene: Scene) -> None:
    """The control: one look at a name, one datagram and one connection from a pod that nothing confines are seen at both points."""
    before = scene.counted("client", "left")
    (resolver,) = scene.operator.within("kube-system").list("pods", "k8s-app=kube-dns")
    asked = ("udp", resolver["status"]["podIP"], 53)
    # Each is sent several times: the enforcer loses a first packet now and then.
    scene.assistants.probe("client", {"udp": f"udp:{OUTSIDE_IP}:9999", "tcp": f"tcp:{UNLISTED_IP}:443", "dns": f"udp:{DNS_SERVICE_IP}:53"})

    tried, left = scene.counted("client", "tried"), scene.counted("client", "left")

    assert {("udp", OUTSIDE_IP, 9999), ("tcp", UNLISTED_IP, 443)} <= set(left) - set(before)
    assert ("udp", DNS_SERVICE_IP, 53) in tried
    assert asked in left


def test_an_assistant_has_no_ipv6(scene: Scene) -> None:
    """No address and no route, in this cluster; an IPv4 address in IPv6 clothes is filtered like the address itself.

    Of IPv6 no pod sends anything but what the kernel itself multicasts as the pod's interface is made, before any container runs.
    """
    mapped = {"mapped": f"tcp:::ffff:{OUTSIDE_IP}:443"}
    paths = mapped | {"public": "tcp:2001:4860:4860::8888:443", "metadata": "tcp:fd00:ec2::254:80", "node": "tcp:fe80::1%eth0:10250"}

    assert scene.assistants.probe("client", mapped) == {"mapped": "open"}
    assert scene.assistants.probe(POD, paths, container="gateway") == dict.fromkeys(paths, "blocked")
    assert scene.kubectl.execute(POD, "cat", "/proc/net/if_inet6", container="gateway").split()[5::6] in ([], ["lo"])
    sent = {(one.protocol, one.destination) for one in scene.counts() if ":" in one.destination}
    assert [one for one in sent if one[0] != "ipv6-icmp" or not one[1].startswith(LINK_MULTICAST)] == []


def required_verdicts(kubectl: Kubectl) -> dict[str, str]:
    """Return the verdict of each class of paths that must be closed."""
    return {path: verdict for path, (verdict, required) in verdicts(kubectl, NAME).items() if required}


def mended(kubectl: Kubectl) -> None:
    until(
        "it is confined and Ready again",
        lambda: (state(kubectl, NAME), state(kubectl, NAME, "Ready")) == (("True", "Enforced"), ("True", "Serving")),
        MENDED_WITHIN,
    )


def test_without_an_enforcer_where_that_lets_nothing_through_nothing_runs_on(scene: Scene) -> None:
    """Not Ready, as nothing is known any more; a new pod is held at its gate, and of neither anything leaves. Then the same pod serves."""
    kubectl = scene.kubectl
    old = scene.address(POD)

    with without_enforcer(scene.node, scene.operator):
        until("nothing is known any more", lambda: state(kubectl, NAME)[0] == "Unknown", TOLD_WITHIN)
        until("it is not Ready", lambda: state(kubectl, NAME, "Ready")[0] != "True", TOLD_WITHIN)
        kubectl.delete("pod", POD)
        until("the new pod's gate waits", lambda: gate_waits_for(kubectl, POD) == A_ROUND, 120)
        held = at_gate(kubectl, POD)
        assert started(held) == {GATE}
        assert scene.counted(POD, "left") == {}
        assert [one for one in scene.counts() if one.source == old and one.point == "left"] == []

    mended(kubectl)
    assert kubectl.get("pod", POD)["metadata"]["uid"] == held["metadata"]["uid"]


def test_without_an_enforcer_where_that_lets_everything_through_it_is_said(scene: Scene) -> None:
    """Not Ready, with the reason, within a minute; once the enforcer is back, all is as before."""
    kubectl = scene.kubectl
    scene.node.enforce("open")
    try:
        with without_enforcer(scene.node, scene.operator):
            told = {("False", "NotEnforced")}
            until("it is said", lambda: {state(kubectl, NAME, kind) for kind in ("EgressConfined", "Ready")} == told, TOLD_WITHIN)
            # The round in which the ways open may find some of them still closed: the next one finds them all.
            until("of every class", lambda: required_verdicts(kubectl) == dict.fromkeys(REQUIRED, "NotEnforced"), TOLD_WITHIN)
        mended(kubectl)
    finally:
        scene.node.enforce("on")


def test_a_host_network_that_is_put_into_the_workload_is_taken_out(scene: Scene) -> None:
    """By hand, into the StatefulSet's template: it goes, with the host's ports that came with it, and no pod has it in the end."""
    kubectl = scene.kubectl

    kubectl.patch("statefulset", NAME, {"spec": {"template": {"spec": {"hostNetwork": True}}}})

    template = until("it is taken out", lambda: (found := spec_of(kubectl)) and "hostNetwork" not in found and found, 30)
    assert [port for part in template["containers"] for port in part.get("ports", ()) if "hostPort" in port] == []
    # Its pod may be on its way out meanwhile: status is told of that a moment later.
    until("a pod that stays has its own network", lambda: has_own_network(kubectl), MENDED_WITHIN)
    mended(kubectl)
    assert has_own_network(kubectl)


def has_own_network(kubectl: Kubectl) -> bool:
    """Say whether the StatefulSet is where it wants to be, with a pod that is not on the node's network."""
    workload, pod = kubectl.get("statefulset", NAME), kubectl.find("pod", POD)
    status = workload["status"]
    is_seen = status.get("observedGeneration") == workload["metadata"]["generation"]
    is_done = status.get("currentRevision") == status.get("updateRevision") and status.get("readyReplicas") == 1
    return is_seen and is_done and pod is not None and "deletionTimestamp" not in pod["metadata"] and "hostNetwork" not in pod["spec"]


def spec_of(kubectl: Kubectl) -> dict[str, object] | None:
    """Return the spec of the pods in the StatefulSet's template."""
    found: dict[str, object] = kubectl.get("statefulset", NAME)["spec"]["template"]["spec"]
    return found
