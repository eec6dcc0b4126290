"""Addresses of machines: IPv4, IPv6, MAC. Versions, section numbers, slices, times and fingerprints look alike and stay."""

import re
from ipaddress import AddressValueError, IPv6Address
from typing import Final

from assistant_gateway.redaction.detection.patterns.endings import Ending
from assistant_gateway.redaction.detection.patterns.page import Found, Hit, Page, Shape
from assistant_gateway.redaction.detection.patterns.vocabulary import Kind

_NEAR: Final = 128
"""Characters before an address in which its line's beginning matters: no word that is looked at begins further back."""

_V4: Final = r"\b(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])){3}\b"
_V6: Final = r"(?:\b[0-9A-Fa-f]{1,4}|:):(?:[0-9A-Fa-f]{0,4}:){0,6}[0-9A-Fa-f]{0,4}(?:(?:\.[0-9]{1,3}){3})?"
_MAC: Final = (
    r"\b[0-9A-Fa-f]{2}(?:[:\-][0-9A-Fa-f]{2}){5}\b",
    r"\b[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\b",
)
# Nobody's: this host, no host, every host, masks.
_NOBODY_V4: Final = re.compile(rb"127\.0\.|0\.0\.0\.0|255\.|(?:224|239)\.0\.0\.")
_VERSIONED: Final = re.compile(
    rb"(?:\bv|[\w\]]\s?(?:==|>=|<=|~=|!=|\^|~)\s?[\"']?|[A-Za-z]-|[A-Za-z]/|\bversion[\"']?\s?[:=]\s?[\"']?|[~^<>])\Z", re.IGNORECASE
)


def _v4(page: Page, start: int, end: int) -> Found | None:
    view = page.view
    if _NOBODY_V4.match(view, start) or (view[start - 1 : start] in (b".", b"_") and start):
        return None
    if view[end : end + 1] == b"." and view[end + 1 : end + 2].isalnum() and not view[end + 1 : end + 2].isupper():
        return None  # 1.2.3.4.5, 1.2.3.4.tar.gz
    if view[end : end + 1] == b"-" and view[end + 1 : end + 2].isalpha():
        return None
    if view[end : end + 1] == b"/" and view[start:end].endswith(b".0"):
        return None  # a network, not a host
    if _VERSIONED.search(view[max(0, start - 16) : start]) and b"http" not in view[max(0, start - 16) : start]:
        return None
    if _names_a_version(page, start):
        return None
    return Found(start, end, "IP_ADDRESS")


def _names_a_version(page: Page, start: int) -> bool:
    """Whether the word before, on its line, is one that numbers with dots follow; `error 10.0.0.7` is an address."""
    line = page.view.rfind(b"\n", max(0, start - _NEAR), start)
    return any(
        page.view[hit.start : hit.end].strip(b"_ ").lower() in _DOTTED and not _ends_a_word(page.view, hit)
        for hit in page.before(start, 28)
        if hit.kinds & Kind.OTHER and hit.start > line
    )


def _ends_a_word(view: bytes, hit: Hit) -> bool:
    """Whether a word is the last letter of something drawn by lot: the V of `CtfHijV`."""
    return hit.end - hit.start == 1 and hit.start > 0 and view[hit.start - 1 : hit.start].isalnum()


_DOTTED: Final = frozenset(
    b"""version versions v ver build release revision rev section chapter clause figure table step firmware package schema article page
    model""".split()
)


def _v6(page: Page, start: int, end: int) -> Found | None:
    view = page.view
    raw = view[start:end]
    if raw.count(b":") < 2 or (view[start - 1 : start] in (b".", b"_") and start) or (view[start - 1 : start].isalnum() and start):
        return None
    # Behind a colon only if a label ends with it, and no pair of a longer row of them.
    if (
        start
        and view[start - 1 : start] == b":"
        and (view[start - 2 : start - 1] in _HEX or not _LABEL.search(view, max(0, start - 12), start))
    ):
        return None
    if view[end : end + 1].isalnum() or view[end : end + 1] in (b"_", b":"):
        return None
    if raw.endswith(b":") and not raw.endswith(b"::"):
        raw = raw[:-1]  # the colon of the sentence
    groups = [group for group in raw.split(b":") if group]
    # `[1::2]`, `a::b`, `::` are code: an address has a long group and a digit.
    if len(groups) < 2 or not any(len(group) >= 3 for group in groups) or not any(48 <= character < 58 for character in raw):
        return None
    if (len(groups) < 3 and b"::" not in raw) or _code_path(groups, raw):
        return None
    try:
        IPv6Address(raw.decode())
    except AddressValueError:
        return None
    return Found(start, start + len(raw), "IP_ADDRESS")


_HEX: Final = b"0123456789abcdefABCDEF"
_LABEL: Final = re.compile(rb"(?i)(?<![A-Za-z0-9])(?:ip|addr(?:ess)?|host|dst|from|to|peer|client|server):\Z")


def _code_path(groups: list[bytes], raw: bytes) -> bool:
    """`fade::a1`, `dec::b0`: names in Rust and C++ made of hex letters; an address begins with a digit or is long."""
    return b"::" in raw and len(groups) <= 2 and not raw[:1].isdigit() and not raw.lower().startswith((b"fe80", b"fd", b"fc", b"ff", b"::"))


_NAMED: Final = Ending(rb"\b(?:mac|hwaddr|ether|bssid|physical)(?:[ _\-]?addr(?:ess)?)?[\"']?[ :=]{1,4}[\"']?")


def _mac(page: Page, start: int, end: int) -> Found | None:
    view = page.view
    raw = view[start:end]
    before, after = view[start - 1 : start] if start else b"", view[end : end + 1]
    # More pairs are a fingerprint; other separators within one address are no address.
    if (before in (b":", b"-", b".") and before and view[start - 2 : start - 1].isalnum()) or (
        after and after in b":-." and view[end + 1 : end + 2].isalnum()
    ):
        return None
    if (b":" in raw) + (b"-" in raw) + (b"." in raw) != 1 or not raw.strip(b"0:-.") or not raw.lower().strip(b"f:-."):
        return None
    if (
        b":" not in raw
        and not _NAMED.is_before(view, start, 20)
        and raw.translate(None, b"-.").isdigit()
        and (b"." in raw or max(raw.split(b"-")) < b"60")
    ):
        return None  # a date and a time, an amount
    return Found(start, end, "MAC_ADDRESS")


_IP: Final = frozenset({"IP_ADDRESS"})
SHAPES: Final = (
    Shape((_V4,), _v4, _IP, needs=b".", digits=True),
    Shape((_V6,), _v6, _IP, needs=b":", digits=True),
    Shape(_MAC, _mac, frozenset({"MAC_ADDRESS"})),
)
