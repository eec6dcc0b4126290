"""What an error of the kernel says about the way to a target: there is none (Blocked), it was there (Reached), or nothing at all (Failed).

Two moments differ. A call that fails at once was refused by this machine: by its routes, which the whole pod shares, or by something that
concerns this process alone. What is reported later on the socket came from the network, as an ICMP message or a reset. What stands in
neither table is Failed: a class of paths is never closed by an error that nobody has thought about.
"""

import errno
from typing import Final

from assistant_egress.protocol import Observed, Protocol

NO_WAY: Final = frozenset(
    {
        errno.ECONNREFUSED,  # a reset or "port unreachable": also what a firewall's REJECT sends; the control tells whether it is "down"
        errno.EHOSTDOWN,
        errno.EHOSTUNREACH,  # no neighbour answers, or ICMP "prohibited" (codes 9 to 15)
        errno.ENETUNREACH,  # no route, or ICMP
        errno.ENONET,
        errno.ETIMEDOUT,
    }
)
"""At either moment, in either family."""


def at_once(number: int, *, is_ipv6: bool, is_mapped: bool = False) -> Observed:
    """Return what a call that failed with `number` says; `is_mapped` is an IPv4 address in IPv6 form, for which `is_ipv6` holds too.

    EPERM and EACCES stay Failed: a security module or a seccomp filter may confine this container and no other of the pod. A packet filter
    in the pod's own namespace says EPERM to UDP as well, but policies are enforced outside of it.
    """
    if number in NO_WAY:
        return "Blocked"
    if number == errno.EAFNOSUPPORT and is_ipv6:  # a kernel without IPv6: no process here has a way by that form
        return "Blocked"
    # No source address: the pod has no IPv6. In IPv4 it means that the local ports ran out.
    if number == errno.EADDRNOTAVAIL and is_ipv6 and not is_mapped:
        return "Blocked"
    return "Failed"


def from_network(number: int, protocol: Protocol, *, is_ipv6: bool) -> Observed:
    """Return what an error says that was reported on the socket after the call (net/ipv4/icmp.c and net/ipv6/icmp.c name the numbers)."""
    if protocol == "tcp" and number in (errno.ECONNRESET, errno.EPIPE):  # of a connection that was there: one refused is ECONNREFUSED
        return "Reached"
    if number in NO_WAY or number == errno.ENOPROTOOPT:  # ICMP "protocol unreachable"
        return "Blocked"
    if number == errno.EACCES and is_ipv6:  # ICMPv6 "administratively prohibited": a firewall that says so
        return "Blocked"
    return "Failed"
