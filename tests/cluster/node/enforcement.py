"""Hooks the NetworkPolicy enforcer into the node's packet path, in one of four modes.

kube-network-policies programs nftables `queue`, which kernels without CONFIG_NFT_QUEUE lack; it then enforces nothing and says nothing.
The same hook through iptables' NFQUEUE works everywhere, and lets a test choose how much of a cluster's enforcement there is:

on      what most clusters have: forwarded traffic is filtered, a pod's way to its own node stays open. With no enforcer running,
        everything new is dropped.
strict  also a pod's way to its own node (API server, kubelet, node ports).
open    as on, but with no enforcer running everything passes.
off     policies are accepted by the API and silently do nothing.
"""

from typing import Literal, get_args

from tests.cluster.node.addresses import ENFORCER_QUEUE, POD_RANGE
from tests.cluster.node.layout import Layout
from tests.cluster.node.process import inside
from tests.cluster.shell import ClusterError, run

Mode = Literal["on", "strict", "open", "off"]
MODES: tuple[str, ...] = get_args(Mode)

FORWARDED, OWN_NODE = "POLICY-FORWARDED", "POLICY-NODE"


def rules(mode: Mode) -> str:
    """Return the mode as input of iptables-restore; the two chains are made anew, so any mode may follow any other."""
    queue = f"-j NFQUEUE --queue-num {ENFORCER_QUEUE}{' --queue-bypass' if mode == 'open' else ''}"
    known = "-m conntrack --ctstate ESTABLISHED,RELATED -j RETURN"
    forwarded = (
        # The node's own packets to its pods (probes) are not for policies to filter.
        f"-A {FORWARDED} -m owner --uid-owner 0 -j RETURN",
        f"-A {FORWARDED} {known}",
        f"-A {FORWARDED} -s {POD_RANGE} {queue}",
        f"-A {FORWARDED} -d {POD_RANGE} {queue}",
    )
    own_node = (f"-A {OWN_NODE} {known}", f"-A {OWN_NODE} -s {POD_RANGE} {queue}")
    lines = [
        "*mangle",
        f":{FORWARDED} - [0:0]",
        f":{OWN_NODE} - [0:0]",
        f"-F {FORWARDED}",
        f"-F {OWN_NODE}",
        *(forwarded if mode != "off" else ()),
        *(own_node if mode == "strict" else ()),
        "COMMIT",
    ]
    return "\n".join(lines) + "\n"


def enforce(layout: Layout, mode: Mode) -> None:
    """Switch to a mode."""
    if mode not in MODES:
        raise ClusterError(f"no enforcement mode {mode!r}: one of {', '.join(MODES)}")
    run(*inside(layout, "iptables-restore", "-w", "--noflush"), stdin=rules(mode))
    for hook, chain in (("POSTROUTING", FORWARDED), ("INPUT", OWN_NODE)):
        jump = f"iptables -w -t mangle -C {hook} -j {chain} 2>/dev/null || iptables -w -t mangle -A {hook} -j {chain}"
        run(*inside(layout, "sh", "-c", jump))
    layout.enforcement.write_text(mode)
