"""Globs: what a pattern means, for any pattern and any path."""

import contextlib
import fnmatch
import re
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from assistant_documents.ingest.globs import Glob, InvalidGlobError

NAMES = st.text("ab.-", min_size=1, max_size=4).filter(lambda name: name not in (".", ".."))
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)
PATTERNS = st.lists(st.one_of(st.just("**"), st.text("ab.*?[]!-", min_size=1, max_size=5)), min_size=1, max_size=4).map("/".join)


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("**", ["a", "a/b", "a/b/c.md"], [".hidden", "a/.hidden", ".git/config"]),
        ("*", ["a", "b.md"], ["a/b", ".a"]),
        ("*.md", ["a.md", "é.md"], ["a/b.md", "a.mdx", ".md"]),
        ("**/*.md", ["a.md", "a/b.md", "a/b/c.md"], ["a.txt", "a/.b.md", ".a/b.md"]),
        ("docs/**", ["docs/a", "docs/a/b"], ["docs", "doc/a", "other/docs/a"]),
        ("docs/", ["docs/a", "docs/a/b"], ["docs"]),
        ("a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["a/x", "b", "a/.x/b"]),
        ("**/x/**/y", ["x/y", "a/x/b/y", "x/x/y/y"], ["y/x"]),
        ("?.md", ["a.md"], ["ab.md", ".md"]),
        ("[a-c]*", ["apple", "c"], ["d", "/a"]),
        ("[!a-c]*", ["d"], ["apple"]),
        ("[]]x", ["]x"], ["[]]x"]),
        ("[z-a]", [], ["z", "a", "m", "[z-a]"]),
        ("[", ["["], ["]"]),
        ("[^a]", ["^", "a"], ["b"]),
        (".github/*.md", [".github/a.md"], ["github/a.md"]),
        ("./a//b", ["a/b"], ["a"]),
        ("a+b(c).md", ["a+b(c).md"], ["aab(c).md"]),
        ("*a*b*c", ["abc", "xaxbxc", "aabbcc"], ["acb", "abcx"]),
    ],
)
def test_patterns(pattern: str, matching: list[str], other: list[str]) -> None:
    """The meaning that the documentation gives."""
    glob = Glob(pattern)

    assert [path for path in matching if not glob.matches(path)] == []
    assert [path for path in other if glob.matches(path)] == []


@pytest.mark.parametrize("pattern", ["", "/etc/*", "../x", "a/../b", "..", "a" * 1025, "a\0b"])
def test_what_is_no_pattern(pattern: str) -> None:
    """Nothing can point outside, and nothing is without end."""
    with pytest.raises(InvalidGlobError):
        Glob(pattern)


@settings(deadline=None)
@given(PATTERNS, PATHS)
@example("**/a/**/b", "a/.a/a/b")
def test_against_the_plain_definition(pattern: str, path: str) -> None:
    """Every pattern means what the slow, obvious definition says."""
    try:
        glob = Glob(pattern)
    except InvalidGlobError:
        assert ".." in pattern.split("/")
        return

    names = [name for name in pattern.split("/") if name != "."] or ["**"]
    assert glob.matches(path) == _plainly(names, path.split("/"))


@settings(deadline=None)
@given(PATTERNS, PATHS, PATHS)
def test_what_matches_below_is_walked(pattern: str, folder: str, rest: str) -> None:
    """Skipping folders never loses a file."""
    try:
        glob = Glob(pattern)
    except InvalidGlobError:
        return
    if glob.matches(f"{folder}/{rest}"):
        assert glob.may_match_below(folder)


@settings(deadline=None)
@given(st.text(max_size=30), st.text(min_size=1, max_size=30))
def test_any_text_is_harmless(pattern: str, path: str) -> None:
    """No pattern raises anything but that it is none, whatever it is compared with."""
    with contextlib.suppress(InvalidGlobError):
        Glob(pattern).matches(path)


def test_no_pattern_takes_long() -> None:
    """Patterns that make backtracking matchers run for ever."""
    started = time.monotonic()

    assert not Glob("*a" * 200 + "b").matches("a" * 250)
    assert not Glob("/".join(["**", "*"] * 100) + "/b").matches("/".join("a" * 1000))
    assert time.monotonic() - started < 60


def _plainly(pattern: list[str], path: list[str]) -> bool:
    if not pattern:
        return not path
    if pattern[0] == "**":
        if len(pattern) == 1:
            return bool(path) and not any(name.startswith(".") for name in path)
        return _plainly(pattern[1:], path) or bool(path and not path[0].startswith(".") and _plainly(pattern, path[1:]))
    if not path or (path[0].startswith(".") and not pattern[0].startswith(".")):
        return False
    return re.match(fnmatch.translate(pattern[0]), path[0]) is not None and _plainly(pattern[1:], path[1:])
