"""Which series an expression of PromQL reads: enough of its grammar to check names against what is exported.

read('sum by (code) (rate(requests_total{outcome="failed"}[5m]))').selectors == (Selector("requests_total", {"outcome": "failed"}),)
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\[[^\]]*\]|[A-Za-z_:][\w:]*|\d[\w.]*|=~|!~|!=|==|>=|<=|\S')
_NAME = re.compile(r"[A-Za-z_:][\w:]*$")
_GROUPING = frozenset({"by", "without", "on", "ignoring", "group_left", "group_right"})
_WORDS = frozenset({"and", "or", "unless", "bool", "offset", "sum", "max", "min", "avg", "count", "topk", "bottomk", "quantile"})


@dataclass(frozen=True, slots=True)
class Selector:
    """A metric's name, and the values or patterns of the labels that choose among its series."""

    metric: str
    matchers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Reading:
    """What an expression reads, and the labels by which it groups."""

    selectors: tuple[Selector, ...]
    groups: frozenset[str]


def read(expression: str) -> Reading:
    """Return what the expression reads."""
    tokens = _TOKEN.findall(expression)
    selectors: list[Selector] = []
    groups: set[str] = set()
    places = iter(range(len(tokens)))
    for place in places:
        token, following = tokens[place], tokens[place + 1] if place + 1 < len(tokens) else ""
        if token in _GROUPING:
            groups.update(word for word in _until(tokens, places, ")") if _NAME.match(word))
        elif not _NAME.match(token) or token in _WORDS or following == "(":
            continue
        elif following == "{":
            inside = [word for word in _until(tokens, places, "}") if word not in "{,"]
            selectors.append(Selector(token, {inside[at]: inside[at + 2].strip('"') for at in range(0, len(inside), 3)}))
        else:
            selectors.append(Selector(token, {}))
    return Reading(tuple(selectors), frozenset(groups))


def _until(tokens: list[str], places: Iterator[int], end: str) -> Iterator[str]:
    for place in places:
        if tokens[place] == end:
            return
        yield tokens[place]
