"""The outside's process: makes the network namespace and its links, then serves until the node ends it.

python -m tests.cluster.outside FOLDER       inside the node's network namespace, as root
"""

import asyncio
import ctypes
import os
import sys
import threading
from pathlib import Path

from tests.cluster.node.addresses import BLOBS_IP, METADATA_IP, OUTSIDE_IP, OUTSIDE_LINK, POD_RANGE, PUBLIC_IP, UPLINK, UPLINK_IP
from tests.cluster.outside.canary import serve_canary
from tests.cluster.outside.hosts import Hosts
from tests.cluster.outside.names import serve_names
from tests.cluster.outside.packets import record_packets
from tests.cluster.outside.registry import Registry
from tests.cluster.outside.world import CREDENTIALS_PORT, HTTP_PORT, HTTPS_PORT, Journal, Outside
from tests.cluster.shell import run

CLONE_NEWNET = 0x40000000


def arrange_links() -> None:
    """Leave the node's network namespace for a new one and connect the two; the node's default route leads here."""
    with open("/proc/self/ns/net", "rb") as node:
        if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "unshare")
        enter = ("nsenter", f"--net=/proc/{os.getpid()}/fd/{node.fileno()}")
        run(*enter, "ip", "link", "del", UPLINK, check=False)  # what an earlier outside, killed a moment ago, may have left
        run(*enter, "ip", "link", "add", UPLINK, "type", "veth", "peer", "name", OUTSIDE_LINK, "netns", str(os.getpid()))
        run("ip", "link", "set", "lo", "up")
        for address in (OUTSIDE_IP, BLOBS_IP):
            run("ip", "address", "add", f"{address}/24", "dev", OUTSIDE_LINK)
        run("ip", "address", "add", f"{PUBLIC_IP}/32", "dev", OUTSIDE_LINK)
        run("ip", "link", "set", OUTSIDE_LINK, "up")
        run("ip", "route", "add", POD_RANGE, "via", UPLINK_IP)
        # Every other address in the world is here, the metadata service's too.
        run("ip", "route", "add", "local", "default", "dev", "lo", "table", "main")
        run(*enter, "ip", "address", "add", f"{UPLINK_IP}/24", "dev", UPLINK)
        run(*enter, "ip", "link", "set", UPLINK, "up")
        run(*enter, "ip", "route", "replace", f"{METADATA_IP}/32", "via", OUTSIDE_IP)
        run(*enter, "ip", "route", "replace", "default", "via", OUTSIDE_IP)


async def serve(outside: Outside) -> None:
    """Serve everything until the process is killed."""
    await serve_names(OUTSIDE_IP, Journal(outside.log("names")))
    await serve_canary()
    requests = Journal(outside.log("registry"))
    servers = (
        Hosts((PUBLIC_IP, HTTPS_PORT), outside, Journal(outside.log("hosts"))),
        Registry((OUTSIDE_IP, HTTPS_PORT), outside, requests, tls=True),
        Registry((BLOBS_IP, HTTPS_PORT), outside, requests, tls=True),
        Registry((OUTSIDE_IP, HTTP_PORT), outside, requests),
        Registry((OUTSIDE_IP, CREDENTIALS_PORT), outside, requests, credentials=True),
    )
    packets = Journal(outside.log("packets"))
    threading.Thread(target=record_packets, args=(OUTSIDE_LINK, packets), daemon=True).start()
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    await asyncio.Event().wait()


def main() -> None:
    arrange_links()
    asyncio.run(serve(Outside(Path(sys.argv[1]))))


if __name__ == "__main__":
    main()
