"""The node's counters, as rules and as what nft says of them."""

import json

from tests.cluster.node.counting import Counted, parse, rules

LISTED = {
    "nftables": [
        {"metainfo": {"version": "1.0.6"}},
        {"table": {"family": "inet", "name": "private_assistant_counted"}},
        {
            "set": {
                "name": "tried_ports",
                "elem": [
                    {"elem": {"val": {"concat": ["10.244.0.9", "udp", "10.96.0.10", 53]}, "counter": {"packets": 1, "bytes": 29}}},
                    {"elem": {"val": {"concat": ["10.244.0.9", "tcp", "192.0.2.80", 443]}, "counter": {"packets": 6, "bytes": 321}}},
                ],
            }
        },
        {
            "set": {
                "name": "left_other",
                "elem": [{"elem": {"val": {"concat": ["10.244.0.9", "icmp", "8.8.8.8"]}, "counter": {"packets": 2}}}],
            }
        },
        {"set": {"name": "node_ipv6", "elem": [{"elem": {"val": {"concat": ["fe80::1", 58, "ff02::2"]}, "counter": {"packets": 3}}}]}},
        {"set": {"name": "left_ports"}},
        {"chain": {"name": "left"}},
    ]
}
"""What nft 1.0.6 printed of packets that were sent on purpose, shortened."""


def test_every_count_is_read() -> None:
    """With ports and without, IPv4 and IPv6; a set without an element is none."""
    assert parse(json.dumps(LISTED)) == [
        Counted("tried", "10.244.0.9", "udp", "10.96.0.10", 53, 1),
        Counted("tried", "10.244.0.9", "tcp", "192.0.2.80", 443, 6),
        Counted("left", "10.244.0.9", "icmp", "8.8.8.8", 0, 2),
        Counted("node", "fe80::1", "58", "ff02::2", 0, 3),
    ]


def test_nothing_is_dropped_and_replies_alone_are_left_out() -> None:
    """A counter that changed what it counts would show nothing."""
    lines = rules().splitlines()

    assert [line for line in lines if "policy" in line] == [
        "type filter hook prerouting priority -150; policy accept;",
        "type filter hook postrouting priority 300; policy accept;",
        "type filter hook input priority 300; policy accept;",
    ]
    assert not [line for line in lines if "drop" in line or "reject" in line]
    assert [line for line in lines if "return" in line] == ["ct direction reply return"] * 3
