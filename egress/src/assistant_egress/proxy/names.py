"""Names of hosts: which texts are one, and which names a pattern covers. Everything is lower case by the time that it comes here.

A name has two labels or more, in the letters of RFC 1123 (what is beyond ASCII is written as `xn--`). Whatever the system's resolver would
take for an address is none: inet_aton(3) reads `127.1`, `0x7f.1` and `017700000001`, and all of them end in a number.
"""

import re
from typing import Final

MAX_LENGTH: Final = 253

_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_LABELS: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*", re.ASCII)
_NUMBER: Final = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)", re.ASCII)
_WILDCARD: Final = "*."


def is_name(text: str) -> bool:
    """Whether `text` is a host's name that a rule could allow."""
    return is_plain(text) and "." in text and not ends_in_a_number(text)


def is_pattern(text: str) -> bool:
    """Whether `text` is a name, or a wildcard for the whole leftmost label of one that has three or more."""
    return len(text) <= MAX_LENGTH and is_name(text.removeprefix(_WILDCARD))


def ends_in_a_number(text: str) -> bool:
    """Whether the last label is a decimal, octal or hexadecimal number: then the text is an address to those who read it so, or nothing."""
    return _NUMBER.fullmatch(text.rpartition(".")[2]) is not None


def covers(pattern: str, name: str) -> bool:
    """Whether the pattern is for this name. A wildcard is exactly one label (RFC 6125, section 6.4.3)."""
    if pattern.startswith(_WILDCARD):
        _, _, parent = name.partition(".")
        return parent == pattern.removeprefix(_WILDCARD)
    return name == pattern


def is_plain(text: str) -> bool:
    """Whether `text` is made of labels, as names and IPv4 addresses are: one or more, in letters, digits and hyphens."""
    return len(text) <= MAX_LENGTH and _LABELS.fullmatch(text) is not None
