"""Every address, name and number of the node. Documentation ranges (RFC 5737), so that they never clash with the machine's own network.

What is outside lies behind the node, where every address in the world is ours: there one that is public can be had, too.

A machine can carry several nodes: PRIVATE_ASSISTANT_NODE numbers them. Only what shows on the machine itself differs between them.
"""

import os

INDEX = int(os.environ.get("PRIVATE_ASSISTANT_NODE") or 0)
SUFFIX = f"-{INDEX}" if INDEX else ""

HOST_LINK, NODE_LINK = f"pa{INDEX}", "host0"
HOST_IP, NODE_IP = f"203.0.113.{4 * INDEX + 1}", f"203.0.113.{4 * INDEX + 2}"
"""kubectl on the machine <-> the node."""

OUTSIDE_LINK, UPLINK = "dn0", "up0"
UPLINK_IP = "198.51.100.1"
"""The node's own address on the way to the outside."""
OUTSIDE_IP = "198.51.100.10"
"""The outside's DNS server and model registry."""
BLOBS_IP = "198.51.100.11"
"""Where the registry redirects downloads to, as the public one does."""
PUBLIC_IP = "192.0.43.8"
"""Where the outside's web server is. The documentation ranges are no public addresses by IANA's tables, and this one is (ICANN has it)."""
UNLISTED_IP = "192.0.2.80"
"""An address of the outside that no test's assistant is ever allowed to reach: what all of them try, to show that they cannot."""
METADATA_IP = "169.254.169.254"

POD_RANGE, SERVICE_RANGE = "10.244.0.0/24", "10.96.0.0/16"
API_SERVICE_IP, DNS_SERVICE_IP = "10.96.0.1", "10.96.0.10"

NODE_NAME = "node1"
API_PORT = 6443
CLUSTER_DOMAIN = "cluster.local"
CGROUP = f"private-assistant{SUFFIX}"
ENFORCER_QUEUE = 100
"""Number of the netfilter queue that the NetworkPolicy enforcer reads."""
