"""What each error of the kernel says about a way out."""

import errno

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant_egress.errnos import NO_WAY, at_once, from_network
from assistant_egress.protocol import Observed, Protocol

V4, V6, MAPPED = (False, False), (True, False), (True, True)


@pytest.mark.parametrize(
    ("number", "v4", "v6", "mapped"),
    [
        (errno.ECONNREFUSED, "Blocked", "Blocked", "Blocked"),
        (errno.EHOSTUNREACH, "Blocked", "Blocked", "Blocked"),
        (errno.ENETUNREACH, "Blocked", "Blocked", "Blocked"),
        (errno.EHOSTDOWN, "Blocked", "Blocked", "Blocked"),
        (errno.ENONET, "Blocked", "Blocked", "Blocked"),
        (errno.ETIMEDOUT, "Blocked", "Blocked", "Blocked"),
        (errno.EAFNOSUPPORT, "Failed", "Blocked", "Blocked"),  # no IPv6 in the kernel
        (errno.EADDRNOTAVAIL, "Failed", "Blocked", "Failed"),  # no address to send from; of IPv4: no port
        (errno.EPERM, "Failed", "Failed", "Failed"),  # seccomp or a security module: of this container alone, perhaps
        (errno.EACCES, "Failed", "Failed", "Failed"),
        (errno.ENETDOWN, "Failed", "Failed", "Failed"),  # no network at all, which says nothing of a policy
        (errno.EINVAL, "Failed", "Failed", "Failed"),
        (errno.EMFILE, "Failed", "Failed", "Failed"),
        (errno.ENFILE, "Failed", "Failed", "Failed"),
        (errno.ENOBUFS, "Failed", "Failed", "Failed"),
        (errno.ENOMEM, "Failed", "Failed", "Failed"),
        (errno.EAGAIN, "Failed", "Failed", "Failed"),  # no port of UDP's is free
        (errno.EADDRINUSE, "Failed", "Failed", "Failed"),
        (errno.EBADF, "Failed", "Failed", "Failed"),
        (errno.ENOPROTOOPT, "Failed", "Failed", "Failed"),  # of setsockopt
        (errno.ECONNRESET, "Failed", "Failed", "Failed"),
        (0, "Failed", "Failed", "Failed"),
    ],
)
def test_what_fails_at_once_is_a_missing_way_or_nothing(number: int, v4: Observed, v6: Observed, mapped: Observed) -> None:
    """A route that is not there is the whole pod's; what may be this process's own says nothing."""
    said = [at_once(number, is_ipv6=is_ipv6, is_mapped=is_mapped) for is_ipv6, is_mapped in (V4, V6, MAPPED)]

    assert said == [v4, v6, mapped]


@pytest.mark.parametrize(
    ("number", "protocol", "v4", "v6"),
    [
        (errno.ECONNREFUSED, "tcp", "Blocked", "Blocked"),
        (errno.ECONNREFUSED, "udp", "Blocked", "Blocked"),
        (errno.ECONNREFUSED, "dns", "Blocked", "Blocked"),
        (errno.EHOSTUNREACH, "tcp", "Blocked", "Blocked"),
        (errno.ENETUNREACH, "udp", "Blocked", "Blocked"),
        (errno.ETIMEDOUT, "tcp", "Blocked", "Blocked"),
        (errno.ENOPROTOOPT, "udp", "Blocked", "Blocked"),  # ICMP "protocol unreachable"
        (errno.EACCES, "tcp", "Failed", "Blocked"),  # ICMPv6 "administratively prohibited"
        (errno.EACCES, "udp", "Failed", "Blocked"),
        (errno.ECONNRESET, "tcp", "Reached", "Reached"),  # it was there, and was reset before we looked
        (errno.EPIPE, "tcp", "Reached", "Reached"),
        (errno.ECONNRESET, "udp", "Failed", "Failed"),
        (errno.EPERM, "udp", "Failed", "Failed"),
        (errno.EPROTO, "tcp", "Failed", "Failed"),
        (errno.EMSGSIZE, "udp", "Failed", "Failed"),
        (errno.ENOBUFS, "udp", "Failed", "Failed"),
        (0, "tcp", "Failed", "Failed"),
    ],
)
def test_what_the_network_reports_is_an_icmp_message_or_a_reset(number: int, protocol: Protocol, v4: Observed, v6: Observed) -> None:
    """A connection that was there is Reached, however soon it ended."""
    assert [from_network(number, protocol, is_ipv6=is_ipv6) for is_ipv6 in (False, True)] == [v4, v6]


KNOWN = NO_WAY | {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.ENOPROTOOPT, errno.EACCES, errno.ECONNRESET, errno.EPIPE}


@settings(deadline=None)
@given(st.integers(0, 4096).filter(lambda number: number not in KNOWN), st.booleans(), st.sampled_from(["tcp", "udp", "dns"]))
def test_an_error_that_nobody_thought_about_closes_nothing(number: int, is_ipv6: bool, protocol: Protocol) -> None:
    """Failed is what everything is that has no line in the tables."""
    assert at_once(number, is_ipv6=is_ipv6) == from_network(number, protocol, is_ipv6=is_ipv6) == "Failed"
