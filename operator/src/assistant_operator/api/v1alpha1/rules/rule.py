"""What a rule is, and the words that several tables of rules use."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from assistant_operator.api.v1alpha1.base import QUANTITY_PATTERN
from assistant_operator.api.v1alpha1.core import ResourceRequirements
from assistant_operator.api.v1alpha1.spec import PrivateAssistantSpec
from assistant_operator.api.v1alpha1.values import quantity


@dataclass(frozen=True, slots=True)
class Subject:
    """A resource as the rules on the whole of it see it."""

    name: str
    spec: PrivateAssistantSpec


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `path` is where it hangs (`[]` marks the items of a list), `field` what its fault is about, relative to the path."""

    path: str
    field: str
    cel: str | None
    """None where the schema itself says it (a list's type): then only the loop needs the rule."""
    holds: Callable[[Any], bool]
    message: str


@dataclass(frozen=True, slots=True)
class Change:
    """A rule on an update: CEL over self and oldSelf."""

    path: str
    field: str
    cel: str
    message: str


def pattern(text: str) -> Callable[[str], bool]:
    """Return a predicate that the whole text matches; `$` alone would let a newline at the end pass."""
    compiled = re.compile(text, re.ASCII)
    return lambda value: compiled.fullmatch(value) is not None


def cel_text(regex: str) -> str:
    """Return the regular expression as a literal in CEL; RE2 and Python read what we use of it alike."""
    return "'" + regex.replace("\\", "\\\\").replace("'", "\\'") + "'"


CEL_CIDR = "isCIDR({0}) && cidr({0}).masked() == cidr({0})"
CEL_OPEN = (
    "(cidr({0}).ip().family() == 4 ? cidr({0}).prefixLength() < 8 : (cidr({0}).prefixLength() < 16 && !cidr('fc00::/7').containsCIDR({0})))"
)
CEL_LINK_LOCAL = (
    "(cidr({0}).ip().family() == 4 ? (cidr('169.254.0.0/16').containsCIDR({0}) || cidr({0}).containsCIDR('169.254.0.0/16'))"
    " : (cidr('fe80::/10').containsCIDR({0}) || cidr({0}).containsCIDR('fe80::/10')))"
)
CEL_CLAIM = "(has({0}.source) && has({0}.source.claim))"
CEL_KEEPS = (
    "(has({0}.rag) || (has({0}.retention) && has({0}.retention.conversations) && has({0}.retention.conversations.mode)"
    " && {0}.retention.conversations.mode == 'Keep'))"
)
"""Over a spec: PrivateAssistantSpec.keeps."""
CEL_REQUESTS_FIT = (
    "!has({0}.requests) || !has({0}.limits) || {0}.requests.all(k, !(k in {0}.limits)"
    " || !isQuantity(string({0}.requests[k])) || !isQuantity(string({0}.limits[k]))"
    " || quantity(string({0}.requests[k])).compareTo(quantity(string({0}.limits[k]))) <= 0)"
)
VISIBLE = r"^[!-~]+( [!-~]+)*$"
"""What stands in records: visible ASCII with single spaces."""


def requests_fit(resources: ResourceRequirements) -> bool:
    """Say whether no request is above its limit (CEL_REQUESTS_FIT)."""
    limits, requests = resources.limits or {}, resources.requests or {}
    return all((quantity(limits[name]) or 0) >= (quantity(amount) or 0) for name, amount in requests.items() if name in limits)


def quantity_rules(path: str) -> tuple[Rule, ...]:
    """Return the rules on a container's resources: each is an amount (`2GB` is none), and no request is above its limit."""

    def amounts(field: str, read: Callable[[ResourceRequirements], dict[str, str] | None]) -> Rule:
        return Rule(
            path,
            f".{field}",
            f"!has(self.{field}) || self.{field}.all(k, string(self.{field}[k]).matches({cel_text(QUANTITY_PATTERN)}))",
            lambda it: all(map(pattern(QUANTITY_PATTERN), (read(it) or {}).values())),
            f"{path}.{field} must be quantities, a number with a unit of Kubernetes right behind it or none: 500m or 2 of cpu, 16Gi of "
            "memory (not 16GB)",
        )

    return (
        amounts("limits", lambda it: it.limits),
        amounts("requests", lambda it: it.requests),
        Rule(
            path,
            ".requests",
            CEL_REQUESTS_FIT.format("self"),
            requests_fit,
            f"{path}.requests must not be above limits: lower the request or raise the limit",
        ),
    )


def name_rule(path: str, what: str, most: int) -> Rule:
    """Return the rule on the name of an item of a list, which stands in names of objects, in records or in metrics."""
    form = rf"^[a-z0-9]([-a-z0-9]{{0,{most - 2}}}[a-z0-9])?$"
    return Rule(
        path,
        ".name",
        f"self.name.matches({cel_text(form)})",
        lambda it: pattern(form)(it.name),
        f"the name of {what} must be at most {most} lower-case letters, digits and -, with a letter or digit at both ends: choose another",
    )
