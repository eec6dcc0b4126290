"""Which addresses a host that is allowed may turn out to have: public ones, and those of the networks that a rule names.

The list of what is not public is written out: `ipaddress.is_global` counts NAT64, 6to4 and Teredo as public, all of which carry another
address within, and changes with Python. IANA's registries of special-purpose addresses are the source (RFC 6890), RFC 6052 for NAT64,
and Azure's documentation for its one address.
"""

import ipaddress
from collections.abc import Iterable
from typing import Final

from assistant_egress.proxy.rules import NetworkRule

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network

NOT_PUBLIC: Final[tuple[_Network, ...]] = tuple(
    map(
        ipaddress.ip_network,
        (
            "0.0.0.0/8",  # "this network": Linux takes 0.0.0.0 for itself
            "10.0.0.0/8",
            "100.64.0.0/10",  # between a provider and its customers; clouds have services there
            "127.0.0.0/8",
            "168.63.129.16/32",  # Azure's platform, beside every machine: its agent's channel, and what it has for the machine
            "169.254.0.0/16",  # link-local: metadata services
            "172.16.0.0/12",
            "192.0.0.0/24",  # protocol assignments
            "192.0.2.0/24",  # documentation
            "192.88.99.0/24",  # relays of 6to4
            "192.168.0.0/16",
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
            "2001::/23",  # protocol assignments, Teredo among them
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4
            "3fff::/20",  # documentation
        ),
    )
)
# All other IPv6 is not public: loopback, mapped and compatible IPv4, NAT64 (64:ff9b::/96), fc00::/7, fe80::/10, fec0::/10, ff00::/8.
GLOBAL_UNICAST: Final = ipaddress.IPv6Network("2000::/3")


class Addresses:
    """The addresses that hosts may have, under a proxy's rules."""

    def __init__(self, networks: Iterable[NetworkRule]) -> None:
        self._allowed = [(ipaddress.ip_network(rule.cidr), rule.ports) for rule in networks]

    def allow(self, text: str, port: int) -> bool:
        """Whether a connection may be made to the address `text` as a resolver wrote it, on `port`."""
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address) and (address.scope_id or address.ipv4_mapped):
            return False  # these are never what a public name has, and the kernel would reach IPv4 by the second
        return is_public(address) or any(
            address in network and any(ports.first <= port <= ports.last for ports in ranges) for network, ranges in self._allowed
        )


def is_public(address: _Address) -> bool:
    """Whether the address is anybody's on the Internet, and no other address is hidden in it."""
    if isinstance(address, ipaddress.IPv6Address) and address not in GLOBAL_UNICAST:
        return False
    return not any(address in network for network in NOT_PUBLIC)
