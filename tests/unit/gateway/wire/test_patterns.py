"""Patterns that ended Ollama v0.24.0 or never came back, with others of their kind, and those that are let through."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant_gateway.wire import patterns

ENDS = [
    *("a**", "a?*", "(a*)*", "(a?)+", "(|a){2}", "()*", "{2}", "*a", "+", "?a", "(*a)"),
    *("[z-a]", r"[\uFFFF-\u0000]", r"\x00", "\x00", "[\x00]", r"\U00110000"),
    *("(?:a)", "(?=a)", "(?i)a", "(?<n>a)", r"\d", r"\w", r"[\d.]", r"[a\-z]", r"a\/b", r"[\.]", r"\b", "a\\"),
    *("a}", "a]", "a{", "a{}", "a{,}", "a{1,2", "a{2,1}", "a{2001}", "a{2001,}", "a{,2001}", "[a", "[]", "[^]", "(a", "a)b", "a$b", "a^b"),
    *("a*?", "a{2,5}?", "a?+", "a{0}", "a{,0}", r"\uD800"),
    *("(" * 7 + "a" + ")" * 7, "a" * 999, "(a|)" * 31, "a*" * 31, "[a-z]{0,2000}" * 6, "((a{100}){101})", "(a{2000}){2000}"),
]
TAKEN = [
    *("", "a", "a|b", "(a|b)c", "(|a)", "()", "a?", "a*", "a+", "a{2}", "a{2,}", "a{,3}", "a{2,3}", "(a*)?", "(ab+)*", "."),
    *("[a-z]", "[^a]", "[a-]", "[-a]", "[a-b-c]", "[!-~]", "[日-本]", "é", r"\x41\u0041\U0001F600", r"\.\[\]\{\}\(\)\|\^\$\\", r"[\]\n]"),
    "[A-Z]{2,3}-[0-9]{4}(x{2,}|yz)?",
    *("(" * 6 + "a" + ")" * 6, "a" * 998, "(a|)" * 30, "[a-z]{0,2000}" * 5, "((a{100}){100})"),
]


@pytest.mark.parametrize("pattern", ENDS)
def test_what_the_model_server_does_not_survive(pattern: str) -> None:
    assert not patterns.is_borne(f"^{pattern}$")


@pytest.mark.parametrize("pattern", TAKEN)
def test_what_it_takes(pattern: str) -> None:
    assert patterns.is_borne(f"^{pattern}$")


@pytest.mark.parametrize("pattern", ["", "^", "$", "a", "^a", "a$", "^a\\"])
def test_a_pattern_is_about_the_whole_value(pattern: str) -> None:
    assert not patterns.is_borne(pattern)


@given(st.text(alphabet="ab01()[]{}|*+?.,^$\\-nxu", max_size=30))
def test_what_is_taken_is_a_regular_expression(text: str) -> None:
    """To others too: what no other reads as one is not let through."""
    pattern = f"^{text}$"
    if patterns.is_borne(pattern):
        re.compile(pattern)
