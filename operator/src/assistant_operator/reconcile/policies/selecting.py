"""Label selectors (metav1.LabelSelector) over labels of which some may not be known: what may select, selects.

Kept slim, since policies of others are thousands in a large cluster. Neighbours: widening.py asks for pods, opening.py for pods and
namespaces, each in its own words.
"""

import json
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any


class Unknown(Enum):
    """Nobody can tell whether there is such a label, and which value it has."""

    UNKNOWN = "unknown"


UNKNOWN = Unknown.UNKNOWN
Value = str | Unknown | None
"""Of a label; None where there is no such label."""
Lookup = Callable[[str], Value]

# Of a label's value, None where there is no such label, and the values of the expression.
_OPERATORS: Mapping[str, Callable[[str | None, Collection[str]], bool]] = {
    "In": lambda value, values: value in values,
    "NotIn": lambda value, values: value not in values,
    "Exists": lambda value, _values: value is not None,
    "DoesNotExist": lambda value, _values: value is None,
}


@dataclass(frozen=True, slots=True)
class Selector:
    """A label selector."""

    labels: tuple[tuple[str, str], ...] = ()
    """matchLabels: by them most selectors are told apart, thousands in a pass."""
    expressions: bytes = b""
    """JSON of matchExpressions, empty where there are none."""

    @classmethod
    def of(cls, raw: Any) -> "Selector":
        """Read a selector; an absent or empty one selects everything, and so does one that cannot be read."""
        if not isinstance(raw, dict):
            return cls()
        labels, expressions = raw.get("matchLabels"), raw.get("matchExpressions")
        return cls(
            labels=tuple((sys.intern(str(key)), str(value)) for key, value in labels.items()) if isinstance(labels, dict) else (),
            expressions=json.dumps(expressions, separators=(",", ":"), ensure_ascii=False).encode() if expressions else b"",
        )

    def selects(self, lookup: Lookup) -> bool:
        """Tell whether it selects what has these labels, or may."""
        if any(lookup(key) not in (value, UNKNOWN) for key, value in self.labels):
            return False
        if not self.expressions:
            return True
        parts = json.loads(self.expressions)
        return not isinstance(parts, list) or all(_holds(part, lookup) for part in parts)

    def asked(self) -> frozenset[str]:
        """Return the labels that it asks for."""
        parts = json.loads(self.expressions) if self.expressions else ()
        named = {str(part.get("key")) for part in parts if isinstance(part, dict)} if isinstance(parts, list) else set()
        return frozenset({key for key, _ in self.labels} | named)


EVERYTHING = Selector()


def _holds(part: Any, lookup: Lookup) -> bool:
    holds = _OPERATORS.get(str(part.get("operator"))) if isinstance(part, dict) else None
    if holds is None:
        # An operator that a later Kubernetes may have could select the pods: better a policy too many in the message than one too few.
        return True
    value, values = lookup(str(part.get("key"))), part.get("values") or ()
    return value is UNKNOWN or not isinstance(values, list | tuple) or holds(value, values)
