"""What is tried from inside an assistant's pod: one target or more for each way out, less what the assistant may reach anyway.

Pure: what is known of the cluster comes in as Surroundings, what the assistant may reach as the egress rules of its own NetworkPolicy
(network_policy.py). A target inside one of these rules says nothing and is never tried; that leaves a class of paths without a target
where a rule covers all of it, which status then says. Who reaches what is asked by reconcile/evidence.py.
"""

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant_egress.protocol import PathClass, Protocol

METADATA = ("169.254.169.254", "fd00:ec2::254")
"""Where clouds serve a node's credentials; the second one is AWS's."""
METADATA_PORT = 80
DNS_PORT = 53
KUBELET_PORT = 10250
MOST_PER_CLASS = 8
"""Of outside, pods, dns and apiServer each: with metadata and the node's addresses a round stays below the protocol's 64 targets."""

Rule = Mapping[str, Any]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True, order=True)
class Endpoint:
    """An address literal and a port."""

    address: str
    port: int


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the operator knows of the cluster around its assistants."""

    canaries: tuple[Endpoint, ...] = ()
    outside: tuple[Endpoint, ...] = ()
    nameservers: tuple[str, ...] = ()
    api_servers: tuple[Endpoint, ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class Goal:
    """Something to try, by whomever: the operator tries the same as the pod."""

    path: PathClass
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
    covered: Mapping[PathClass, str]
    """Classes all of whose targets lie in what the assistant may reach, with the network that the first one lies in."""


def goals(around: Surroundings, node_addresses: Sequence[str], egress: Sequence[Rule]) -> Goals:
    """Return what to try from a pod on a node with these addresses, under these egress rules."""
    tried: list[Goal] = []
    covered: dict[PathClass, str] = {}
    for goal in dict.fromkeys(_all(around, node_addresses)):
        network = covering(goal, egress)
        if network is None:
            tried.append(goal)
        else:
            covered.setdefault(goal.path, network)
    left = {goal.path for goal in tried}
    return Goals(tuple(tried), {path: network for path, network in covered.items() if path not in left})


def _all(around: Surroundings, node_addresses: Sequence[str]) -> Iterator[Goal]:
    yield from (Goal("outside", "tcp", one.address, one.port) for one in around.outside[:MOST_PER_CLASS])
    for canary in around.canaries[:MOST_PER_CLASS]:
        yield from (Goal("pods", protocol, canary.address, canary.port) for protocol in _TRANSPORTS)
        if ":" not in canary.address:
            # The same packets by the other door: a filter on the address family of sockets would miss them.
            yield Goal("pods", "tcp", f"::ffff:{canary.address}", canary.port)
    yield from (Goal("metadata", "tcp", address, METADATA_PORT) for address in METADATA)
    yield from (Goal("dns", "dns", address, DNS_PORT) for address in around.nameservers[:MOST_PER_CLASS])
    yield from (Goal("apiServer", "tcp", one.address, one.port) for one in around.api_servers[:MOST_PER_CLASS])
    yield from (Goal("ownNode", "tcp", address, KUBELET_PORT) for address in node_addresses[:MOST_PER_CLASS])


_TRANSPORTS: tuple[Protocol, ...] = ("tcp", "udp")


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
