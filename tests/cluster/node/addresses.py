"""Every address, name and number of the node. Documentation ranges (RFC 5737), so that they never clash with the machine's own network."""

HOST_LINK, NODE_LINK = "pa0", "host0"
HOST_IP, NODE_IP = "203.0.113.1", "203.0.113.2"
"""kubectl on the machine <-> the node."""

OUTSIDE_LINK, UPLINK = "dn0", "up0"
UPLINK_IP = "198.51.100.1"
"""The node's own address on the way to the outside."""
OUTSIDE_IP = "198.51.100.10"
"""The outside's DNS server and model registry."""
BLOBS_IP = "198.51.100.11"
"""Where the registry redirects downloads to, as the public one does."""
METADATA_IP = "169.254.169.254"

POD_RANGE, SERVICE_RANGE = "10.244.0.0/24", "10.96.0.0/16"
API_SERVICE_IP, DNS_SERVICE_IP = "10.96.0.1", "10.96.0.10"

NODE_NAME = "node1"
API_PORT = 6443
CLUSTER_DOMAIN = "cluster.local"
CGROUP = "private-assistant"
ENFORCER_QUEUE = 100
"""Number of the netfilter queue that the NetworkPolicy enforcer reads."""
