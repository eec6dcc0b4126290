"""Hosts that an assistant may reach by name: through its egress proxy, these and no others, shown by attempts from inside its pod.

One assistant goes through all of it; the last tests take its rules back. What is outside has a web server of several names on one public
address, so that a name which is refused would lead to the same server, and an answer from there would show it.
"""

import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest

from assistant_operator.naming import OPS_PORT, PROXY_PORT
from tests.cluster.node.addresses import BLOBS_IP, DNS_SERVICE_IP, PUBLIC_IP
from tests.cluster.node.cluster import Node
from tests.cluster.outside.world import (
    HTTPS_PORT,
    OTHER_REGISTRY,
    PUBLIC_BLOBS,
    WEB_CHILD,
    WEB_HOST,
    WEB_NEIGHBOUR,
    Record,
)
from tests.e2e.support.assistants import Assistants
from tests.e2e.support.confinement import holding_tunnel, state, verdicts
from tests.e2e.support.kubectl import Kubectl, until
from tests.e2e.support.proxying import Attempt, Outcome, Proxied

NAME, POD = "outgoing", "outgoing-0"
BLOBS = {"cidr": f"{BLOBS_IP}/32", "ports": [{"port": HTTPS_PORT}]}
SHELF = WEB_CHILD.partition(".")[2]
HOSTS = [
    {"host": WEB_HOST},
    {"host": f"*.{SHELF}", "port": HTTPS_PORT},
    {"host": PUBLIC_BLOBS},  # at an address that is not public and that a rule allows
    {"host": OTHER_REGISTRY},  # at one that no rule allows
]
OBJECTS = {"Deployment", "Service", "ConfigMap", "NetworkPolicy", "Pod"}
TOLD_WITHIN = 120

ALLOWED: dict[str, Attempt] = {
    "a host": {"ask": f"https://{WEB_HOST}/"},
    "a host under a wildcard": {"ask": f"https://{WEB_CHILD}/"},
    "a host in a network that is allowed": {"ask": f"https://{PUBLIC_BLOBS}/v2/"},
}
REFUSED: dict[str, tuple[Attempt, int, str]] = {
    "another name of the same server": ({"connect": f"{WEB_NEIGHBOUR}:443", "name": WEB_NEIGHBOUR}, 403, "HostNotAllowed"),
    "the name below the wildcard": ({"connect": f"{SHELF}:443", "name": SHELF}, 403, "HostNotAllowed"),
    "two labels for the wildcard": ({"connect": f"two.{WEB_CHILD}:443", "name": WEB_CHILD}, 403, "HostNotAllowed"),
    "another port": ({"connect": f"{WEB_HOST}:8443", "name": WEB_HOST}, 403, "PortNotAllowed"),
    "the server's address": ({"connect": f"{PUBLIC_IP}:443", "name": WEB_HOST}, 403, "IpLiteral"),
    "a Host that differs": ({"connect": f"{WEB_HOST}:443", "host": f"{WEB_NEIGHBOUR}:443", "name": WEB_HOST}, 403, "HostHeaderMismatch"),
    "an address that is not public": ({"connect": f"{OTHER_REGISTRY}:443", "name": OTHER_REGISTRY}, 403, "AddressNotPublic"),
    "no CONNECT": ({"connect": f"http://{WEB_HOST}/", "host": WEB_HOST, "method": "GET"}, 405, "NotConnect"),
}
"""Attempt, and the status and reason with which the proxy refuses it before anything is asked or opened."""
CLOSED: dict[str, tuple[Attempt, str]] = {
    "another name in the handshake": ({"connect": f"{WEB_HOST}:443", "name": WEB_NEIGHBOUR}, "ServerNameMismatch"),
    "no name in the handshake": ({"connect": f"{WEB_HOST}:443", "name": ""}, "NoServerName"),
    "no handshake": ({"connect": f"{WEB_HOST}:443"}, "NotTls"),
}
"""Attempt that is granted a tunnel, and the reason for which the tunnel is closed before a byte has gone through."""


@dataclass(frozen=True)
class Scene:
    """The attempts, made once, with what the outside saw of them."""

    proxied: Proxied
    node: Node
    began: float
    allowed: dict[str, Outcome]
    refused: dict[str, Outcome]
    opened: list[Record]
    """Connections that the web server saw during the attempts that are allowed."""
    closed: dict[str, Outcome]
    silent: list[Record]
    """Connections that it saw during those that are granted a tunnel and closed."""

    @property
    def kubectl(self) -> Kubectl:
        return self.proxied.kubectl

    @property
    def asked(self) -> set[str]:
        """Every name that was asked of the DNS server outside since the attempts began."""
        return {record.get("name", "") for record in self.node.outside.records("names", self.began)}


def spec(*rules: Any) -> dict[str, Any]:
    return {"egress": {"mode": "Allowlist", "allow": list(rules)} if rules else {"mode": "Deny"}}


@pytest.fixture(scope="module")
def scene(node: Node, shared_assistants: Assistants) -> Scene:
    shared_assistants.ready(NAME, spec(*HOSTS, BLOBS))
    proxied = Proxied(shared_assistants, NAME)
    shared_assistants.kubectl.wait_for("deployment", proxied.proxy, "condition=Available", 150)
    authority = node.pull_authority()

    def attempt(attempts: dict[str, Attempt]) -> tuple[dict[str, Outcome], list[Record]]:
        began = time.time()
        outcomes = dict(zip(attempts, proxied.attempt(list(attempts.values()), authority), strict=True))
        return outcomes, node.outside.records("hosts", began)

    began = time.time()
    refused, nothing = attempt({name: one[0] for name, one in REFUSED.items()})
    assert nothing == []
    allowed, opened = attempt(ALLOWED)
    closed, silent = attempt({name: one[0] for name, one in CLOSED.items()})
    return Scene(proxied, node, began, allowed, refused, opened, closed, silent)


def test_an_allowed_host_is_reached(scene: Scene) -> None:
    """By programs that know nothing of it but HTTPS_PROXY: with TLS to the far end, whose certificate is checked, and its answer."""
    assert scene.allowed == {
        "a host": {"status": 200, "answer": {"name": WEB_HOST, "host": WEB_HOST}},
        "a host under a wildcard": {"status": 200, "answer": {"name": WEB_CHILD, "host": WEB_CHILD}},
        "a host in a network that is allowed": {"status": 200, "answer": {}},
    }
    (pod,) = scene.proxied.pods()
    assert {(one["source"], one["requests"]) for one in scene.opened} == {(pod["status"]["podIP"], 1)}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_allowed_is_refused(scene: Scene, name: str) -> None:
    """With the status and the reason for it."""
    _, status, code = REFUSED[name]

    assert scene.refused[name] == {"status": status, "code": code, "answer": None}


def test_a_refused_name_is_never_looked_up(scene: Scene) -> None:
    """A query carries the name out: none is made, of the name or of any that holds it, as resolvers try. Those allowed are looked up."""
    allowed = {WEB_HOST, WEB_CHILD, PUBLIC_BLOBS}

    assert allowed <= scene.asked
    assert not {name for name in scene.asked if WEB_NEIGHBOUR in name or f"two.{WEB_CHILD}" in name or name.startswith(SHELF)}
    assert not {name for name in scene.asked if any(name != host and name.startswith(host) for host in allowed)}


@pytest.mark.parametrize("name", CLOSED)
def test_a_tunnel_is_for_what_it_was_asked_for(scene: Scene, name: str) -> None:
    """What is allowed as a name is not a way to another one: the tunnel is closed."""
    assert scene.closed[name] == {"status": 200, "answer": None}


def test_nothing_of_a_tunnel_that_was_closed_arrives(scene: Scene) -> None:
    """Not a byte: the far end sees a connection on which nobody ever spoke, if any."""
    assert [one for one in scene.silent if one["spoke"]] == []


def test_without_the_proxy_everything_is_closed(scene: Scene) -> None:
    """The server's address, DNS, and all of the proxy's ports but its own one."""
    (pod,) = scene.proxied.pods()
    address = pod["status"]["podIP"]
    service = scene.kubectl.get("service", scene.proxied.proxy)["spec"]["clusterIP"]

    found = scene.proxied.assistants.probe(
        POD,
        {
            "proxy": f"tcp:{service}:{PROXY_PORT}",
            "its pod": f"tcp:{address}:{PROXY_PORT}",
            "its operations": f"tcp:{address}:{OPS_PORT}",
            "the host itself": f"tcp:{PUBLIC_IP}:{HTTPS_PORT}",
            "dns": f"udp:{DNS_SERVICE_IP}:53",
            "dns-tcp": f"tcp:{DNS_SERVICE_IP}:53",
        },
        container="gateway",
    )

    assert {name for name, answer in found.items() if answer == "open"} == {"proxy", "its pod"}
    assert {answer for name, answer in found.items() if name not in ("proxy", "its pod")} == {"blocked"}


def test_the_assistant_is_as_confined_as_ever(scene: Scene) -> None:
    """What is required closed is seen closed; what is allowed is seen to be reached, from the pod itself."""
    until("it is confined", lambda: state(scene.kubectl, NAME) == ("True", "Enforced"), 60, 0.5)
    required = dict.fromkeys(("outside", "pods", "metadata", "dns"), ("Enforced", True)) | {"allowed": ("Enforced", False)}
    # The first look of a new pod can find the metadata service silent, as the operator's own try of it is lost now and then.
    until("all of it was seen", lambda: required.items() <= verdicts(scene.kubectl, NAME).items(), 120, 0.5)


def test_every_decision_is_counted(scene: Scene) -> None:
    """By the proxy, exactly; in status, at once where a reason is new."""
    refused = Counter([*(code for _, _, code in REFUSED.values()), *(reason for _, reason in CLOSED.values())])
    counted = scene.proxied.decisions()

    assert (counted.allowed, dict(counted.refused)) == (len(ALLOWED), dict(refused))
    told = until(
        "status has all reasons", lambda: (found := scene.proxied.told()) and reasons(found) == set(refused) and found, TOLD_WITHIN
    )
    assert told["since"] == counted.since
    assert 0 < told["allowed"] <= len(ALLOWED)
    assert all(0 < one["count"] <= refused[one["reason"]] for one in told["refused"])


def reasons(told: dict[str, Any]) -> set[str]:
    return {one["reason"] for one in told["refused"]}


def test_one_line_says_what_was_decided_and_by_which_rule(scene: Scene) -> None:
    """Never the name that was asked for, where it was refused or is one of many under a wildcard: a name can carry data."""
    lines = scene.proxied.lines()
    text = scene.kubectl.logs(scene.proxied.pods()[0]["metadata"]["name"])

    assert len(lines) == len(ALLOWED) + len(REFUSED) + len(CLOSED)
    assert {line["rule"] for line in lines if line["decision"] == "allowed"} == {
        f"{WEB_HOST}:443", f"*.{SHELF}:443", f"{PUBLIC_BLOBS}:443"
    }  # fmt: skip
    assert not [name for name in (WEB_NEIGHBOUR, WEB_CHILD, PUBLIC_IP) if name in text]


def test_a_rule_that_is_taken_back_ends_what_goes_through_it(scene: Scene, node: Node) -> None:
    """At once, with other hosts still allowed: the connection ends, and another one is refused."""
    attempt = {"connect": f"{WEB_HOST}:443", "name": WEB_HOST}
    with holding_tunnel(scene.proxied.assistants, POD, WEB_HOST, node.pull_authority()) as connection:
        assert connection.poll() is None
        scene.proxied.assistants.apply(NAME, spec(*HOSTS[1:], BLOBS))
        until("the connection has ended", lambda: connection.poll() is not None, 60)
    scene.proxied.assistants.settled(NAME)
    until("one proxy is left", lambda: len(scene.proxied.pods()) == 1, 90)
    scene.kubectl.wait_for("deployment", scene.proxied.proxy, "condition=Available", 90)

    (outcome,) = scene.proxied.attempt([attempt], node.pull_authority())

    assert outcome == {"status": 403, "code": "HostNotAllowed", "answer": None}


def test_without_a_host_there_is_no_proxy(scene: Scene) -> None:
    """Networks alone need none: all of it goes, with status.egress, and the assistant serves on without a way to it."""
    assert scene.proxied.objects() == OBJECTS
    scene.proxied.assistants.apply(NAME, spec(BLOBS))
    scene.proxied.assistants.settled(NAME)

    until("all of the proxy is gone", lambda: scene.proxied.objects() == set(), 120)
    until("status does not speak of it", lambda: scene.proxied.told() == {}, TOLD_WITHIN)
    pod = scene.kubectl.get("pod", POD)
    assert [one for part in pod["spec"]["containers"] for one in part.get("env", ()) if "PROXY" in one["name"].upper()] == []
