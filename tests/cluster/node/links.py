"""The link between the machine and the node: how kubectl gets in."""

import os
from pathlib import Path

from tests.cluster.node.addresses import HOST_IP, HOST_LINK, NODE_LINK
from tests.cluster.shell import ClusterError, run, succeeds, wait_until


def ensure_link(pid: int) -> None:
    """Make the pair of links and move one end into the node, unless that was done before."""
    own = os.readlink("/proc/self/ns/net")
    wait_until("the node has a network of its own", lambda: os.readlink(f"/proc/{pid}/ns/net") != own, 5, interval=0.01, quiet=True)
    if not _node_has_link(pid):
        if succeeds("ip", "link", "show", HOST_LINK):
            raise ClusterError(f"the link {HOST_LINK} belongs to another node on this machine: run `down` for that one first")
        run("ip", "link", "add", HOST_LINK, "type", "veth", "peer", "name", NODE_LINK, "netns", str(pid))
    run("ip", "addr", "replace", f"{HOST_IP}/30", "dev", HOST_LINK)
    run("ip", "link", "set", HOST_LINK, "up")


def remove_link() -> None:
    """Remove what the kernel has not removed yet with the node's namespace."""
    run("ip", "link", "del", HOST_LINK, check=False)


def _node_has_link(pid: int) -> bool:
    return f"{NODE_LINK}:" in Path(f"/proc/{pid}/net/dev").read_text()
