"""Values inside strings that Kubernetes has words for and Python has not: networks, quantities, durations.

The same answers as the API server's CEL functions of the same purpose (isCIDR, cidr, quantity): rules.py writes each check twice, and a
test compares the two on a real API server. Where Python's own library is more liberal than Go's, it is narrowed here.
"""

import ipaddress
import re
from decimal import Decimal
from zoneinfo import ZoneInfo

from assistant_operator.api.v1alpha1.base import QUANTITY_PATTERN

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LINK_LOCAL = (ipaddress.ip_network("169.254.0.0/16"), ipaddress.ip_network("fe80::/10"))
"""Where clouds serve a node's metadata and credentials."""
UNIQUE_LOCAL = ipaddress.IPv6Network("fc00::/7")
WIDEST_IPV4 = 8
"""A shorter prefix is a large part of the Internet; 10.0.0.0/8 is somebody's own network."""
WIDEST_IPV6 = 16
"""As above, for addresses that are not unique local: with 64 rules of it nobody covers what is routed."""

_CIDR = re.compile(r"[0-9a-fA-F.:]+/(0|[1-9][0-9]{0,2})")
TTL_PATTERN = r"^([0-9]{1,5}d)?([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,8}s)?$"
"""Days, hours, minutes, seconds, whole ones: what CEL's durations can say once the days are taken off."""
LEAST_TTL = 60

_TTL = re.compile(TTL_PATTERN, re.ASCII)
_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_QUANTITY = re.compile(QUANTITY_PATTERN)
_SUFFIXES = {
    **{suffix: Decimal(10) ** exponent for suffix, exponent in (("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6))},
    **{suffix: Decimal(10) ** exponent for suffix, exponent in (("G", 9), ("T", 12), ("P", 15), ("E", 18))},
    **{f"{suffix}i": Decimal(2) ** (10 * power) for power, suffix in enumerate("KMGTPE", start=1)},
}


def network(text: str) -> Network | None:
    """Return the network that the text spells as address/prefix; None where it spells none. Bits of the host may be set."""
    if not _CIDR.fullmatch(text):
        return None
    try:
        found = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Network) and found.network_address.ipv4_mapped is not None:
        return None
    return found


def is_cidr(text: str) -> bool:
    """Say whether the text is a network in the one spelling that means what it says: no bits of the host set."""
    found = network(text)
    return found is not None and str(found.network_address) == str(ipaddress.ip_address(text.partition("/")[0]))


def is_open(text: str) -> bool:
    """Say whether the network is everything or a large part of it: two halves of the Internet are the Internet."""
    found = network(text)
    if found is None:
        return False
    if isinstance(found, ipaddress.IPv4Network):
        return found.prefixlen < WIDEST_IPV4
    return found.prefixlen < WIDEST_IPV6 and not found.subnet_of(UNIQUE_LOCAL)


def holds_link_local(text: str) -> bool:
    """Say whether the network and the link-local addresses have any in common."""
    found = network(text)
    return found is not None and any(found.version == other.version and found.overlaps(other) for other in LINK_LOCAL)


def contains(outer: str, inner: str) -> bool:
    """Say whether every address of the inner network is in the outer one."""
    one, other = network(outer), network(inner)
    if isinstance(one, ipaddress.IPv4Network) and isinstance(other, ipaddress.IPv4Network):
        return other.subnet_of(one)
    if isinstance(one, ipaddress.IPv6Network) and isinstance(other, ipaddress.IPv6Network):
        return other.subnet_of(one)
    return False


def quantity(text: str) -> Decimal | None:
    """Return the amount that a Kubernetes quantity stands for; None where the text is none."""
    match = _QUANTITY.fullmatch(text)
    if match is None:
        return None
    number, suffix = Decimal(match.group(1)), match.group(5) or ""
    if suffix[:1] in ("e", "E") and len(suffix) > 1 and suffix != "Ei":
        return number.scaleb(int(suffix[1:]))
    return number * _SUFFIXES[suffix]


def zone(name: str) -> ZoneInfo | None:
    """Return the time zone of this name; None where the system's database has none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # not there; no name; a folder of the database
        return None


def seconds(text: str) -> int | None:
    """Return how many seconds a time to live such as 30d or 1h30m has; None where the text is none."""
    match = _TTL.fullmatch(text)
    if match is None or not text:
        return None
    return sum(int(part[:-1]) * _UNITS[part[-1]] for part in match.groups() if part)
