"""Counters in the node's own packet path: what pods try to open, and what of that comes past the enforcer.

Three points (netfilter hooks), each a set that the kernel itself fills, so that a pod's very first packet is counted before anybody knows
its address:

tried   before anything has looked at the packet: every attempt, whatever becomes of it
left    behind the enforcer: what goes on to another pod or to the outside
node    behind the enforcer: what the pod's own node takes in

Packets that belong to a connection somebody else opened to the pod are no attempt of the pod and are not counted.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from tests.cluster.node.addresses import POD_RANGE
from tests.cluster.node.layout import Layout
from tests.cluster.node.process import inside
from tests.cluster.shell import run

Point = Literal["tried", "left", "node"]
TABLE = "private_assistant_counted"
_HOOKS: dict[Point, tuple[str, int]] = {
    # Behind connection tracking (-200), before Services' addresses are replaced (-100); the enforcer sits in iptables' mangle (-150).
    "tried": ("prerouting", -150),
    "left": ("postrouting", 300),
    "node": ("input", 300),
}
_KINDS = {
    "ports": "ipv4_addr . inet_proto . ipv4_addr . inet_service",
    "other": "ipv4_addr . inet_proto . ipv4_addr",
    "ipv6": "ipv6_addr . inet_proto . ipv6_addr",
}


@dataclass(frozen=True, slots=True)
class Counted:
    """So many packets of one pod to one destination, at one point."""

    point: Point
    source: str
    protocol: str
    """tcp, udp, icmp, ipv6-icmp, ... as nft names them."""
    destination: str
    port: int
    """0 where the protocol has none, and for all of IPv6."""
    packets: int


def rules() -> str:
    """Return the counters as input of `nft -f -`: a table of its own that drops nothing and changes nothing."""
    return "\n".join([f"table inet {TABLE} {{", *(line for point in get_args(Point) for line in _point(point)), "}", ""])


def _point(point: Point) -> list[str]:
    hook, priority = _HOOKS[point]
    pods = f"ip saddr {POD_RANGE} meta l4proto"
    return [
        *(f"set {point}_{kind} {{ type {key}; size 65535; flags dynamic; counter; }}" for kind, key in _KINDS.items()),
        f"chain {point} {{",
        f"type filter hook {hook} priority {priority}; policy accept;",
        "ct direction reply return",
        f"{pods} {{ tcp, udp }} update @{point}_ports {{ ip saddr . meta l4proto . ip daddr . th dport }}",
        f"{pods} != {{ tcp, udp }} update @{point}_other {{ ip saddr . meta l4proto . ip daddr }}",
        # Whoever sends it: of IPv6 the node itself has none.
        f"meta nfproto ipv6 update @{point}_ipv6 {{ ip6 saddr . meta l4proto . ip6 daddr }}",
        "}",
    ]


def parse(text: str) -> list[Counted]:
    """Return what `nft -j list table` says was counted."""
    sets = [found["set"] for found in json.loads(text)["nftables"] if "set" in found]
    return [_counted(one["name"], element["elem"]) for one in sets for element in one.get("elem") or ()]


def _counted(name: str, element: Any) -> Counted:
    point = cast("Point", name.partition("_")[0])
    source, protocol, destination, *port = element["val"]["concat"]
    return Counted(point, source, str(protocol), destination, port[0] if port else 0, element["counter"]["packets"])


@contextmanager
def counting(layout: Layout) -> Iterator[Callable[[], list[Counted]]]:
    """Count for as long as the block runs; what is yielded returns the counts so far."""
    remove = inside(layout, "nft", "delete", "table", "inet", TABLE)
    run(*remove, check=False)  # what an earlier block, killed in its middle, may have left
    run(*inside(layout, "nft", "-f", "-"), stdin=rules())
    try:
        yield lambda: parse(run(*inside(layout, "nft", "-j", "list", "table", "inet", TABLE)))
    finally:
        run(*remove, check=False)
