"""Networks, quantities and references: Python's answers are those that the CRD's rules give."""

import ipaddress
import re
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assistant_model.reference import CloudReferenceError, InvalidReferenceError, Reference
from assistant_operator.api.v1alpha1.rules.model import CLOUD, NUMERIC_HOST, REFERENCE
from assistant_operator.api.v1alpha1.values import WIDEST_IPV4, WIDEST_IPV6, contains, holds_link_local, is_cidr, is_open, quantity, seconds

parts = st.text(alphabet="aZ0_-.", max_size=3)
hosts = st.builds(
    "{}{}".format,
    st.one_of(parts, st.sampled_from(["10.0.0.7", "127.1", "0x7f.1", "1.2.3.4.5", "256.1.1.1", "a.b", "A.B", "localhost", "01.2.3.4"])),
    st.sampled_from(["", ":5000", ":0", ":65535", ":65536", ":"]),
)
tags = st.one_of(parts.map(":{}".format), st.sampled_from(["", ":cloud", ":x-cloud", ":CLOUD ", ":local", ":tag\n", ":a:b"]))
texts = st.one_of(
    st.builds("{}/{}/{}{}".format, hosts, parts, parts, tags),
    st.builds("{}/{}{}".format, parts, parts, tags),
    st.builds("{}{}".format, parts, tags),
    st.text(max_size=12),
)


def as_cel(text: str) -> bool:
    """Evaluate the two CEL rules on spec.model.name with Python's words."""
    if re.search(CLOUD, text):
        return False
    host = text.split("/")[0].split(":")[0]
    if not re.fullmatch(REFERENCE, text, re.ASCII) or text.lower().endswith(":local") or len(host) > 253:
        return False
    return not re.search(NUMERIC_HOST, text) or _is_ip(host)


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


@given(text=texts)
@example(text="a" * 80 + ":" + "b" * 80)
@example(text="h:99999/n/m")
@example(text="a/b:c/d")
@example(text="localhost:5000/ns/x-cloud")
def test_the_rule_and_the_parser_accept_the_same_references(text: str) -> None:
    """The regular expression in the CRD is the parser of assistant_model.reference, in another language."""
    try:
        Reference.parse(text)
    except (InvalidReferenceError, CloudReferenceError):
        accepted = False
    else:
        accepted = True

    assert as_cel(text) == accepted


@given(network=st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)), prefix=st.integers(0, 128))
def test_a_network_is_one_in_its_own_spelling_only(network: ipaddress.IPv4Address | ipaddress.IPv6Address, prefix: int) -> None:
    """Bits behind the prefix are a mistake: 10.1.2.3/16 is not what its author thinks."""
    text = f"{network}/{prefix}"
    try:
        strict = ipaddress.ip_network(text)
    except ValueError:
        assert not is_cidr(text)
    else:
        assert is_cidr(text) == (not isinstance(strict, ipaddress.IPv6Network) or strict.network_address.ipv4_mapped is None)


@pytest.mark.parametrize(
    ("text", "is_wide"),
    [
        ("0.0.0.0/0", True),
        ("128.0.0.0/1", True),
        ("8.0.0.0/7", True),
        ("10.0.0.0/8", False),
        ("::/0", True),
        ("2000::/3", True),
        ("2000::/15", True),
        ("2001:db8::/32", False),
        ("fc00::/7", False),
        ("fc00::/6", True),
        ("nonsense", False),
    ],
)
def test_everything_and_large_parts_of_it_are_open(text: str, is_wide: bool) -> None:
    """Two halves of the Internet are the Internet."""
    assert is_open(text) is is_wide


def test_no_allow_list_covers_what_is_routed() -> None:
    """64 destinations of the widest kind that needs no acknowledgement are a quarter of IPv4 at most, and next to nothing of IPv6."""
    routed_v4, routed_v6 = 2**32, 2 ** (128 - 3)  # 2000::/3

    assert routed_v4 // 4 >= 64 * 2 ** (32 - WIDEST_IPV4)
    assert routed_v6 // 100 >= 64 * 2 ** (128 - WIDEST_IPV6)


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("169.254.169.254/32", True),
        ("169.254.0.0/16", True),
        ("169.0.0.0/8", True),
        ("0.0.0.0/0", True),
        ("10.0.0.0/8", False),
        ("fe80::/64", True),
        ("fe00::/8", True),
        ("fd00::/8", False),
        ("x", False),
    ],
)
def test_link_local_addresses_are_found(text: str, held: bool) -> None:
    """The node's metadata is there."""
    assert holds_link_local(text) is held


@pytest.mark.parametrize(
    ("outer", "inner", "held"),
    [
        ("10.0.0.0/8", "10.1.0.0/16", True),
        ("10.1.0.0/16", "10.0.0.0/8", False),
        ("10.0.0.0/8", "fd00::/8", False),
        ("fd00::/8", "fd00:1::/32", True),
        ("x", "10.0.0.0/8", False),
    ],
)
def test_networks_within_networks(outer: str, inner: str, held: bool) -> None:
    """Of one family, and smaller or equal."""
    assert contains(outer, inner) is held


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("20Gi", Decimal(20 * 2**30)),
        ("1.5Gi", Decimal(3 * 2**29)),
        ("500m", Decimal("0.5")),
        ("1E", Decimal(10**18)),
        ("1Ei", Decimal(2**60)),
        ("1e3", Decimal(1000)),
        ("1E3", Decimal(1000)),
        (".5", Decimal("0.5")),
        ("+1", Decimal(1)),
        ("0", Decimal(0)),
        ("-1", None),
        ("20GB", None),
        ("1 Gi", None),
        ("", None),
        ("Gi", None),
        ("1Gi\n", None),
        ("١Gi", None),
    ],
)
def test_quantities(text: str, amount: Decimal | None) -> None:
    """Kubernetes' spelling, without negative amounts."""
    assert quantity(text) == amount


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30d", 30 * 86400),
        ("12h", 12 * 3600),
        ("1h30m", 5400),
        ("90s", 90),
        ("1d2h3m4s", 86400 + 7200 + 180 + 4),
        ("0d", 0),
        ("007d", 7 * 86400),
        *((text, None) for text in ("", "30", "d", "1.5h", "-1h", "1m1h", "1h ", "1h\n", "1H", "100000d", "١d")),
    ],
)
def test_times_to_live(text: str, expected: int | None) -> None:
    """Whole days, hours, minutes and seconds, in this order; ASCII digits."""
    assert seconds(text) == expected
