"""Addresses of machines."""

from typing import Any

import pytest

from assistant_gateway.redaction.detection.patterns import networks
from assistant_gateway.redaction.detection.patterns.page import Page
from tests.unit.gateway.redaction.finding import found, only


@pytest.mark.parametrize(
    "address",
    [
        "192.168.17.10",
        "8.8.8.8",
        "2001:db8::1",
        "2001:0db8:85a3:0000:0000:8a2e:0370:7334",
        "fe80::1ff:fe23:4567:890a",
        "::ffff:192.0.2.128",
    ],
)
@pytest.mark.parametrize("around", ["from {} today", "addr:{}", "http://{}:8080/x", "[{}]", "host={};", "{}/24", "It was {}."])
def test_an_address_is_found(address: str, around: str) -> None:
    """In prose, URLs, brackets, settings, with a port or a prefix."""
    if ":" in address and "http" in around:
        around = "http://[{}]:8080/x"

    assert only("IP_ADDRESS", around.format(address)) == [address]


@pytest.mark.parametrize(
    "text",
    [
        "version 1.2.3.4, v2.3.4.5, package==1.2.3.4, firmware 3.10.22.1",
        "section 3.2.1.4 and OID 1.3.6.1.4.1.311 and foo-1.2.3.4.tar.gz",
        "127.0.0.1 0.0.0.0 255.255.255.0 ::1 ::",
        "10.0.0.0/8",
        "std::vector<int> a::b x[1::2] f64::MAX dec::b0",
        "10:20:30 and 12:30:45.123 and 16:9",
        "300.1.2.3 and 1.2.3",
    ],
)
def test_what_looks_like_an_address_stays(text: str) -> None:
    """Versions, sections, masks, networks, this host, code, times."""
    assert found(text) == []


def test_the_line_before_an_address_is_looked_for_nearby() -> None:
    """In a text of one line each address would look through all that is before it: four megabytes took minutes."""
    view = Counted(b"1.2.3.4 " * 200)
    page = Page(view)

    for start in range(0, len(view), 8):
        networks._v4(page, start, start + 7)

    assert view.looked < 256 * 200


class Counted(bytes):
    """Bytes that count how far back they are searched."""

    looked = 0

    def rfind(self, *arguments: Any) -> int:
        _, start, end = arguments
        self.looked += end - start
        return super().rfind(*arguments)


@pytest.mark.parametrize("before", ["Bo5lHgsuv70zCtfHijV ", "the new version\n", "uses 3zZv: "])
def test_a_version_is_named_by_a_word_of_the_same_line(before: str) -> None:
    """The last letter of something drawn by lot names none, nor does the line before."""
    assert found(before + "13.219.57.35") == [("IP_ADDRESS", "13.219.57.35")]


@pytest.mark.parametrize("address", ["00:1A:2B:3C:4D:5E", "00-1a-2b-3c-4d-5e", "001A.2B3C.4D5E"])
def test_a_mac_address_is_found(address: str) -> None:
    """With colons, hyphens or as Cisco writes it."""
    assert found(f"mac {address}, up") == [("MAC_ADDRESS", address)]


def test_a_fingerprint_is_no_mac_address() -> None:
    """More pairs, or every bit the same."""
    assert found("MD5:16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48 ff:ff:ff:ff:ff:ff 00:00:00:00:00:00") == []
    assert found("20-24-01-15-10-30") == []


def test_a_mac_address_of_digits_alone_needs_its_word() -> None:
    """`5254.0012.3456` may be an amount; behind `mac` it is none."""
    assert only("MAC_ADDRESS", "mac=5254.0012.3456") == ["5254.0012.3456"]
    assert found("5254.0012.3456") == []
