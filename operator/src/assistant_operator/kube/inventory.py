"""The record of what was made for an assistant, as it stands in status: what left the plan is found by it and pruned.

Entries have Flux's form, `<namespace>_<name>_<group>_<kind>` and the API version, which other tools read too.
"""

import sys
from collections.abc import Iterable
from dataclasses import dataclass

from assistant_operator.kube.kinds import Kind, find, kind_of
from assistant_operator.kube.objects import Object, name_of, namespace_of


@dataclass(frozen=True, slots=True, order=True)
class Ref:
    """One object of an assistant."""

    namespace: str
    name: str
    group: str
    kind: str
    version: str

    @classmethod
    def of(cls, obj: Object) -> "Ref":
        # Of all that is remembered by its Ref the namespaces are few.
        return cls.named(kind_of(obj), sys.intern(namespace_of(obj)), name_of(obj))

    @classmethod
    def named(cls, kind: Kind, namespace: str, name: str) -> "Ref":
        return cls(namespace, name, kind.group, kind.kind, kind.version)

    @classmethod
    def parse(cls, entry: str, version: str) -> "Ref | None":
        """Return the object that an inventory entry names; None where the entry is not one of ours (hand-edited status)."""
        parts = entry.split("_")
        if len(parts) != 4:
            return None
        namespace, name, group, kind = parts
        known = find(group, kind)
        if known is None or not known.owned or not namespace or not name:
            return None
        return cls(namespace, name, group, kind, version)

    @property
    def id(self) -> str:
        return f"{self.namespace}_{self.name}_{self.group}_{self.kind}"

    @property
    def row(self) -> Kind:
        found = find(self.group, self.kind)
        if found is None:
            raise KeyError(self.id)
        return found


def entries(refs: Iterable[Ref]) -> tuple[tuple[str, str], ...]:
    """Return the inventory's entries, sorted, so that the same objects always make the same status."""
    return tuple((ref.id, ref.version) for ref in sorted(set(refs)))


def parse(stored: Iterable[tuple[str, str]]) -> frozenset[Ref]:
    """Return the objects of a stored inventory; what cannot be read is left out."""
    return frozenset(ref for entry, version in stored if (ref := Ref.parse(entry, version)) is not None)
