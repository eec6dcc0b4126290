"""Which texts are hosts' names, and which patterns cover them."""

import socket

import pytest

from assistant_egress.proxy.names import covers, ends_in_a_number, is_name, is_pattern

LONGEST_LABEL = "a" * 63
LONGEST = ".".join([LONGEST_LABEL] * 3 + ["a" * 61])


@pytest.mark.parametrize(
    "text", ["a.b", "api.corp.example", "xn--bcher-kva.example", "1.a", "a-b.c-d", f"{LONGEST_LABEL}.b", LONGEST, "0x.a1"]
)
def test_a_name_has_two_labels_or_more(text: str) -> None:
    """In the letters of RFC 1123; a wildcard for one label more is a pattern too, where it still fits."""
    assert is_name(text)
    assert is_pattern(text)
    assert is_pattern(f"*.{text}") == (text != LONGEST)
    assert not is_name(f"*.{text}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "localhost",
        "*",
        "*.*.b.c",
        "a.*.c",
        "a*.b.c",
        "*b.c",
        ".a.b",
        "a.b.",
        "a..b",
        "A.b",
        "a_b.c",
        "-a.b",
        "a-.b",
        "a.b-",
        "a.b\n",
        "a.b\x00",
        "a b.c",
        "bücher.example",
        "a.b٣",
        "ａ.b",
        "a%2e.b",
        "u@a.b",
        "[a.b]",
        "a.b:443",
        f"a{LONGEST_LABEL}.b",
        f"a{LONGEST}",
    ],
)
def test_nothing_else_is_a_name(text: str) -> None:
    """What is not one is no pattern either."""
    assert not is_name(text)
    assert not is_pattern(text)


def test_a_wildcard_alone_before_a_top_level_domain_is_no_pattern() -> None:
    """It would be everybody's names."""
    assert not is_pattern("*.com")


@pytest.mark.parametrize("text", ["127.1", "0x7f.1", "0x7f.0.0.0x1", "0177.0.0.01", "1.2.3.4", "a.0x", "a.b.7", "1.2.3.0xff"])
def test_what_a_resolver_may_take_for_an_address_is_no_name(text: str) -> None:
    """Whatever its base: the system's resolver would not ask anybody for most of these."""
    assert ends_in_a_number(text)
    assert not is_name(text)
    assert not is_pattern(f"*.{text}")


def test_no_name_is_an_address_to_the_system() -> None:
    """Of all that inet_aton takes, nothing comes through."""
    for text in ("127.1", "0x7f000001", "2130706433", "017700000001", "1.0x2.03", "0x7f.0.0.1", "1.2.65535"):
        socket.inet_aton(text)
        assert not is_name(text)


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("a.b.c", "a.b.c", True),
        ("a.b.c", "b.c", False),
        ("a.b.c", "x.a.b.c", False),
        ("b.c", "xb.c", False),
        ("*.b.c", "a.b.c", True),
        ("*.b.c", "xn--a.b.c", True),
        ("*.b.c", "b.c", False),
        ("*.b.c", "x.a.b.c", False),
        ("*.b.c", "a.xb.c", False),
        ("*.b.c", "a.b.c.d", False),
    ],
)
def test_a_wildcard_covers_exactly_one_label(pattern: str, name: str, expected: bool) -> None:
    """As certificates have it: not the name itself, not two labels."""
    assert covers(pattern, name) is expected
