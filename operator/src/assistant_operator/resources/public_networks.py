"""Every public network, as a list of networks: what the egress proxy's NetworkPolicy names in place of "everything except".

Implementations of NetworkPolicy were seen to get `except` wrong, so no rule of ours has one. Which addresses are not public is the proxy's
to say (assistant_egress.proxy.addresses): a wider policy would hold less than the proxy keeps, a narrower one would close hosts.
"""

import ipaddress
from collections.abc import Iterable
from typing import Final, TypeVar

from assistant_egress.proxy.addresses import GLOBAL_UNICAST, NOT_PUBLIC

_Network = TypeVar("_Network", ipaddress.IPv4Network, ipaddress.IPv6Network)


def without(whole: _Network, holes: Iterable[_Network]) -> tuple[_Network, ...]:
    """Return what is left of a network, in as few networks as possible, sorted; no hole is wider than the whole."""
    left = [whole]
    for hole in holes:
        left = [part for one in left for part in _less(one, hole)]
    return tuple(sorted(left))


def _less(network: _Network, hole: _Network) -> Iterable[_Network]:
    if network.subnet_of(hole):  # of two holes in one place the wider one came first
        return ()
    return network.address_exclude(hole) if hole.subnet_of(network) else (network,)


_V4 = without(ipaddress.IPv4Network("0.0.0.0/0"), (hole for hole in NOT_PUBLIC if isinstance(hole, ipaddress.IPv4Network)))
_V6 = without(GLOBAL_UNICAST, (hole for hole in NOT_PUBLIC if isinstance(hole, ipaddress.IPv6Network)))
PUBLIC: Final[tuple[str, ...]] = tuple(map(str, (*_V4, *_V6)))
