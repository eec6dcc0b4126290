"""The list of public networks says the same as the proxy that decides on addresses."""

import ipaddress
from bisect import bisect_right
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant_egress.proxy.addresses import NOT_PUBLIC, is_public
from assistant_operator.resources.public_networks import PUBLIC, without

NETWORKS = [ipaddress.ip_network(text) for text in PUBLIC]
_FIRST = {version: [int(one.network_address) for one in NETWORKS if one.version == version] for version in (4, 6)}
_LAST = {version: [int(one.broadcast_address) for one in NETWORKS if one.version == version] for version in (4, 6)}

addresses = st.one_of(
    st.ip_addresses(),
    st.ip_addresses(network="2000::/3"),
    *(st.ip_addresses(network=str(network)) for network in NOT_PUBLIC),
    st.sampled_from([address for one in (*NOT_PUBLIC, *NETWORKS) for address in (one[0], one[-1])]),
)
"""All of them, and above all those at the edges."""


def is_listed(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    at = bisect_right(_FIRST[address.version], int(address)) - 1
    return at >= 0 and int(address) <= _LAST[address.version][at]


@given(address=addresses)
@settings(max_examples=2000)
def test_an_address_is_listed_if_the_proxy_calls_it_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    """A wider list would open what the proxy refuses, a narrower one would close hosts."""
    assert is_listed(address) == is_public(address)


@pytest.mark.parametrize("edge", [-1, 0, 1])
def test_every_edge(edge: int) -> None:
    """The address before, at and behind each end of each network, of either list."""
    for network in (*NOT_PUBLIC, *NETWORKS):
        for end in (int(network.network_address), int(network.broadcast_address)):
            if 0 <= end + edge < 2**network.max_prefixlen:
                address = type(network.network_address)(end + edge)
                assert is_listed(address) == is_public(address), address


def test_networks_are_whole_sorted_and_apart() -> None:
    """In their one spelling, and none within another: the same list makes the same policy."""
    assert [str(network) for network in NETWORKS] == list(PUBLIC)
    for version in (4, 6):
        ends = list(zip(_FIRST[version], _LAST[version], strict=True))
        assert all(last < first for (_, last), (first, _) in pairwise(ends))
    assert len(PUBLIC) < 200


def test_holes_within_holes_and_holes_that_are_all() -> None:
    """Whatever their order."""
    whole, half, quarter = (ipaddress.IPv4Network(text) for text in ("10.0.0.0/8", "10.0.0.0/9", "10.0.0.0/10"))

    assert without(whole, (half, quarter)) == without(whole, (quarter, half)) == (ipaddress.IPv4Network("10.128.0.0/9"),)
    assert without(whole, (whole, half)) == ()
