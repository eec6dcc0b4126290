"""What policies of other kinds than NetworkPolicy let through, as little of it as the union check needs; all kinds look the same from here.

Readers for each kind are in opening_cilium.py and opening_admin.py, dialects.py keeps what they found, and widening.py judges it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from assistant_operator.naming import LABEL_ASSISTANT
from assistant_operator.reconcile.policies.selecting import EVERYTHING, UNKNOWN, Lookup, Selector, Value

NAMESPACE_NAME = "kubernetes.io/metadata.name"
"""A label that the API server gives to every namespace."""

PodLookup = Callable[[Mapping[str, str], "Home"], Lookup]


@dataclass(frozen=True, slots=True)
class Home:
    """Where an assistant's pods are, as policies may ask for it."""

    namespace: str
    labels: Mapping[str, str] | None
    """Of the namespace; None where they may not be read."""
    service_account: str

    def label(self, key: str) -> Value:
        """Return the value of a label of the namespace."""
        if key == NAMESPACE_NAME:
            return self.namespace
        return UNKNOWN if self.labels is None else self.labels.get(key)


def plain(labels: Mapping[str, str], _home: Home) -> Lookup:
    """Look for labels of pods under their own names."""
    return labels.get


@dataclass(frozen=True, slots=True)
class Opening:
    """A policy, or one of the rules that it is made of, that lets something through to pods or from them."""

    kind: str
    name: str
    namespace: str
    """Empty where it is the cluster's."""
    pods: Selector
    egress: bool
    ingress: bool
    namespaces: Selector = EVERYTHING
    controller: str = ""
    """uid of its controller, empty where it has none."""
    lookup: PodLookup = plain

    def may_select(self, namespace: str, assistant: str) -> bool:
        """Tell whether it can select pods of the assistant, which bear its name; asked of all policies, so it looks at little."""
        mine = self.namespace in ("", namespace)
        return mine and all(_bare(key) != LABEL_ASSISTANT or value == assistant for key, value in self.pods.labels)

    def selects(self, labels: Mapping[str, str], home: Home) -> bool:
        return self.namespaces.selects(home.label) and self.pods.selects(self.lookup(labels, home))

    def __str__(self) -> str:
        return described(self.kind, self.name, egress=self.egress, ingress=self.ingress)


@dataclass(frozen=True, slots=True)
class OpeningHere:
    """An opening, seen from one assistant."""

    opening: Opening
    home: Home

    @property
    def widens(self) -> bool:
        return True

    def selects(self, labels: Mapping[str, str]) -> bool:
        return self.opening.selects(labels, self.home)

    def __str__(self) -> str:
        return str(self.opening)


def described(kind: str, name: str, *, egress: bool, ingress: bool) -> str:
    """Return how a policy is named to people."""
    return f"{kind} {name} ({' and '.join(way for way, is_open in (('egress', egress), ('ingress', ingress)) if is_open)})"


def entries(value: Any) -> list[Any]:
    """Return the entries of a list; what is no list, and not empty, counts as one entry that cannot be read."""
    if isinstance(value, list):
        return value
    return [value] if value else []


def _bare(key: str) -> str:
    """Return a label's name without the source that Cilium may write before it."""
    return key.rpartition(":")[2]
