"""Where a host that is allowed may turn out to be."""

import ipaddress

import pytest

from assistant_egress.proxy.addresses import Addresses, is_public
from assistant_egress.proxy.rules import NetworkRule, PortRange

PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "168.63.129.15",
    "168.63.129.17",
    "223.255.255.255",
    "192.0.1.0",
    "198.17.255.255",
    "198.20.0.0",
    "2606:4700::1111",
    "2a00::1",
    "2001:200::1",
    "2003::1",
    "3fff:1000::1",
]
NOT_PUBLIC = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.0",
    "10.255.255.255",
    "100.64.0.0",
    "100.100.100.200",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.0",
    "172.31.255.255",
    "168.63.129.16",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:8.8.8.8",
    "::ffff:10.0.0.1",
    "64:ff9b::808:808",
    "64:ff9b::a00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:20::1",
    "2001:1ff::1",
    "2001:db8::1",
    "2002:a00:1::1",
    "2002:808:808::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_needs_no_rule(address: str) -> None:
    """The neighbours of what is not public are."""
    assert is_public(ipaddress.ip_address(address))
    assert Addresses(()).allow(address, 443)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_what_is_not_public_needs_one(address: str) -> None:
    """Metadata services, loopback, the cluster's own, and every address that has another one inside."""
    assert not is_public(ipaddress.ip_address(address))
    assert not Addresses(()).allow(address, 443)


def test_nothing_is_public_that_python_calls_private() -> None:
    """The list here is the longer one: with each network's first and last address, and with those around."""
    for text in (*PUBLIC, *NOT_PUBLIC):
        address = ipaddress.ip_address(text)
        assert address.is_global or not is_public(address)


@pytest.mark.parametrize("text", ["", "api.corp.example", "127.1", "0x7f.1", "fe80::1%eth0", "2606:4700::1111%eth0", "1.1.1.1 ", "[::1]"])
def test_what_is_no_address_is_never_allowed(text: str) -> None:
    """Nor is one with a zone: no name on the Internet has it."""
    everything = [NetworkRule("0.0.0.0/0", (PortRange(1, 65535),)), NetworkRule("::/0", (PortRange(1, 65535),))]
    assert not Addresses(everything).allow(text, 443)


@pytest.mark.parametrize(
    ("address", "port", "expected"),
    [
        ("10.20.0.0", 443, True),
        ("10.20.255.255", 8000, True),
        ("10.20.0.1", 8999, True),
        ("10.20.0.1", 444, False),
        ("10.20.0.1", 9000, False),
        ("10.21.0.0", 443, False),
        ("::ffff:10.20.0.1", 443, False),
        ("::ffff:10.20.0.1", 1, False),
        ("64:ff9b::a14:1", 1, True),
        ("fd12::1", 8443, True),
        ("fd12::1", 443, False),
        ("fd13::1", 8443, False),
        ("8.8.8.8", 53, True),
    ],
)
def test_a_rule_opens_its_network_on_its_ports(address: str, port: int, expected: bool) -> None:
    """And no other network, no other port; IPv4 in IPv6's form is never meant."""
    addresses = Addresses(
        [
            NetworkRule("10.20.0.0/16", (PortRange(443, 443), PortRange(8000, 8999))),
            NetworkRule("fd12::/16", (PortRange(8443, 8443),)),
            NetworkRule("::/0", (PortRange(1, 1),)),
        ]
    )
    assert addresses.allow(address, port) is expected
