"""What is tried from inside an assistant's pod: one target or more for each way out, less what the assistant may reach anyway.

Pure: what is known of the cluster comes in as Surroundings, what the assistant may reach as the egress rules of its own NetworkPolicy
(network_policy.py). A target inside one of these rules says nothing about its class of paths and is not tried for it; that leaves a class
without a target where a rule covers all of it (of metadata services: one), which status then says. Rules are tried themselves, as what is
allowed: those for single addresses, and those for networks in which lies what the installation names; what answers in others nobody knows.
Who reaches what is asked by reconcile/asking/evidence.py.
"""

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest
from typing import Any

from assistant_egress.protocol import EvidencePath, Protocol

METADATA = ("169.254.169.254", "fd00:ec2::254")
"""Where clouds serve a node's credentials; the second one is AWS's."""
METADATA_PORT = 80
DNS_PORT = 53
KUBELET_PORT = 10250
MOST_PER_CLASS = 8
"""Of outside, pods, dns, apiServer and allowed each: with the rest a round stays below the protocol's 64 targets (each canary is three)."""
MOST_OF_THE_NODE = 4
"""Addresses of the pod's own node: one of each family is usual."""

Rule = Mapping[str, Any]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True, order=True)
class Endpoint:
    """An address literal and a port."""

    address: str
    port: int


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the cluster; addresses as `ipaddress` spells them."""

    addresses: frozenset[str]
    """All by which it is known."""
    kubelet: tuple[str, ...]
    """Where its kubelet listens, while the node is ready."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the operator knows of the cluster around its assistants."""

    canaries: tuple[Endpoint, ...] = ()
    outside: tuple[Endpoint, ...] = ()
    """What the installation names; where it names something, nothing else is tried as outside."""
    nameservers: tuple[str, ...] = ()
    api_servers: tuple[Endpoint, ...] = ()
    """The API server's Service, and api_endpoints."""
    api_endpoints: tuple[Endpoint, ...] = ()
    """Where the API server itself says that it is."""
    nodes: tuple[Node, ...] = ()
    """Some of them, of a large cluster."""


@dataclass(frozen=True, slots=True, order=True)
class Goal:
    """Something to try, by whomever: the operator tries the same as the pod."""

    path: EvidencePath
    protocol: Protocol
    address: str
    port: int

    @property
    def id(self) -> str:
        return f"{self.path}/{self.protocol}/{self.address}/{self.port}"


@dataclass(frozen=True, slots=True)
class Goals:
    """What is tried from one pod, and why there is nothing to try for some classes of paths."""

    tried: tuple[Goal, ...]
    covered: Mapping[EvidencePath, str]
    """Classes whose targets lie in what the assistant may reach (all, of metadata one), with the network that the first one lies in."""


def goals(around: Surroundings, node_addresses: Sequence[str], egress: Sequence[Rule]) -> Goals:
    """Return what to try from a pod on a node with these addresses, under these egress rules."""
    tried: list[Goal] = []
    covered: dict[EvidencePath, str] = {}
    for goal in dict.fromkeys(_all(around, node_addresses)):
        network = covering(goal, egress)
        if network is None:
            tried.append(goal)
        else:
            covered.setdefault(goal.path, network)
    if "metadata" in covered:  # each is a service of its own: the one that is left, and not there, would show that both are closed
        tried = [goal for goal in tried if goal.path != "metadata"]
    left = {goal.path for goal in tried}
    tried += _allowed(around.outside, egress)
    return Goals(tuple(tried), {path: network for path, network in covered.items() if path not in left})


def _all(around: Surroundings, node_addresses: Sequence[str]) -> Iterator[Goal]:
    yield from (Goal("outside", "tcp", one.address, one.port) for one in islice(_outside(around, node_addresses), MOST_PER_CLASS))
    for canary in islice(_of_both_families(around.canaries), MOST_PER_CLASS):
        yield from (Goal("pods", protocol, canary.address, canary.port) for protocol in _TRANSPORTS)
        if ":" not in canary.address:
            # The same packets by the other door: a filter on the address family of sockets would miss them.
            yield Goal("pods", "tcp", f"::ffff:{canary.address}", canary.port)
    yield from (Goal("metadata", "tcp", address, METADATA_PORT) for address in METADATA)
    yield from (Goal("dns", "dns", address, DNS_PORT) for address in around.nameservers[:MOST_PER_CLASS])
    yield from (Goal("apiServer", "tcp", one.address, one.port) for one in around.api_servers[:MOST_PER_CLASS])
    yield from (Goal("ownNode", "tcp", address, KUBELET_PORT) for address in node_addresses[:MOST_OF_THE_NODE])


def _of_both_families(endpoints: Iterable[Endpoint]) -> Iterator[Endpoint]:
    """Yield one of each family after the other: of many, the first ones could all be IPv4's, and plugins may filter that alone."""
    ipv6 = {one: ":" in one.address for one in endpoints}
    families = ([one for one, is_ipv6 in ipv6.items() if is_ipv6 == wanted] for wanted in (False, True))
    return (one for pair in zip_longest(*families) for one in pair if one is not None)


_TRANSPORTS: tuple[Protocol, ...] = ("tcp", "udp")


def _outside(around: Surroundings, node_addresses: Sequence[str]) -> Iterator[Endpoint]:
    """Yield what lies off the pod's node and outside of the network of pods: what the installation names, or else other machines.

    Most plugins do not filter what goes from a pod to its own node, whatever a policy says, and the API server may be there.
    """
    own = {str(_plain(text)) for text in node_addresses}
    if around.outside or not own:  # without its addresses, any of the machines may be the pod's own node
        yield from around.outside
        return
    # The pod knows its node by some addresses, others may know it by more.
    own = own.union(*(node.addresses for node in around.nodes if not own.isdisjoint(node.addresses)))
    kubelets = (Endpoint(address, KUBELET_PORT) for node in around.nodes for address in node.kubelet)
    for one in dict.fromkeys((*around.api_endpoints, *kubelets)):
        address = _plain(one.address)
        if str(address) not in own and _is_elsewhere(address):
            yield one


def _is_elsewhere(address: Address) -> bool:
    """Loopback is the pod itself, and what is link-local is answered by the node."""
    return not (address.is_loopback or address.is_link_local or address.is_unspecified or address.is_multicast)


def _allowed(named: Iterable[Endpoint], egress: Sequence[Rule]) -> list[Goal]:
    """Return what the rules let through, by TCP: single addresses (the assistant's own Services, and of the spec), and what is named."""
    single = (
        Goal("allowed", "tcp", address, int(port["port"]))
        for rule in sorted(egress, key=_is_of_others)
        for peer in rule["to"]
        if (address := _only_address(peer)) is not None
        for port in rule["ports"]
        if port.get("protocol", "TCP") == "TCP"
    )
    inside = (goal for one in named if covering(goal := Goal("allowed", "tcp", one.address, one.port), egress) is not None)
    return list(dict.fromkeys((*single, *inside)))[:MOST_PER_CLASS]


def _is_of_others(rule: Rule) -> bool:
    """In rules for the assistant's own Services their pods stand beside the Service's address; these are tried first."""
    return not any("podSelector" in peer for peer in rule["to"])


def _only_address(peer: Mapping[str, Any]) -> str | None:
    block = peer.get("ipBlock")
    if block is None or block.get("except"):
        return None
    network = ipaddress.ip_network(block["cidr"], strict=False)
    return str(network.network_address) if network.num_addresses == 1 else None


def covering(goal: Goal, egress: Iterable[Rule]) -> str | None:
    """Return what the goal lies in of all that the rules allow: a network, or the word for selected pods; None where in nothing."""
    for rule in egress:
        if not any(_is_port(goal, port) for port in rule["ports"]):
            continue
        for peer in rule["to"]:
            if (found := _covers(peer, goal)) is not None:
                return found
    return None


def _is_port(goal: Goal, port: Mapping[str, Any]) -> bool:
    wanted = "TCP" if goal.protocol == "tcp" else "UDP"
    first = int(port["port"])
    return port.get("protocol", "TCP") == wanted and first <= goal.port <= int(port.get("endPort") or first)


def _covers(peer: Mapping[str, Any], goal: Goal) -> str | None:
    block = peer.get("ipBlock")
    if block is None:
        # Which pods a selector means is not known here: it may be the canary or the name server, as well as a store.
        return "pods that are selected by labels" if goal.path in ("pods", "dns") else None
    address = _plain(goal.address)
    if not _is_in(address, block["cidr"]) or any(_is_in(address, less) for less in block.get("except") or ()):
        return None
    return str(block["cidr"])


def _plain(text: str) -> Address:
    """Return the address that packets carry: of an IPv4-mapped one the IPv4 address."""
    address = ipaddress.ip_address(text)
    return address.ipv4_mapped or address if isinstance(address, ipaddress.IPv6Address) else address


def _is_in(address: Address, cidr: str) -> bool:
    return address in ipaddress.ip_network(cidr, strict=False)
