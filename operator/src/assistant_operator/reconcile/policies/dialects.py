"""What is known of policies of other kinds than NetworkPolicy: which the API server serves, and which of others let something through.

Not every cluster has them, and they may come and go while the operator runs. lookout.py finds out, passes read from here. A kind that is
served and cannot be read is told apart from one that is not: somebody could widen unseen.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.kube.inventory import Ref
from assistant_operator.kube.kinds import CILIUM_POLICY, NETWORK_POLICY
from assistant_operator.naming import Names
from assistant_operator.reconcile.key import Key
from assistant_operator.reconcile.policies.opening import Home, Opening, OpeningHere
from assistant_operator.resources.reach import reach

Place = tuple[str, str]
"""Namespace and name."""
Found = Mapping[Place, tuple[Opening, ...]]
"""The openings of one kind of policy; policies without one are not in it."""


@dataclass(frozen=True, slots=True)
class Known:
    """What holds for every assistant."""

    readable: frozenset[str] = frozenset()
    """Kinds that are served and can be read."""
    unreadable: tuple[str, ...] = ()
    """What is missing to read the kinds that are served, as people are told it."""
    admin_tier: str | None = None
    """Kind in which the installation's policies of the whole cluster stand."""
    namespaces: Mapping[str, Mapping[str, str]] | None = None
    """Labels of namespaces; None: not asked for, or they may not be read."""


@dataclass(slots=True)
class Dialects:
    """What was found last."""

    known: Known = Known()
    _found: dict[str, Found] = field(default_factory=dict)
    _by_namespace: dict[str, list[Opening]] = field(default_factory=dict)
    """What every pass looks at; those of the cluster are at the empty name."""

    def take(self, kind: str, found: Found) -> tuple[Opening, ...]:
        """Remember what was found of a kind; return the openings that came, changed or went."""
        before = self._found.get(kind, {})
        self._found[kind] = found
        moved = [place for place in {*before, *found} if before.get(place) != found.get(place)]
        if moved:
            self._sort()
        return tuple(opening for place in moved for opening in (*before.get(place, ()), *found.get(place, ())))

    def found(self, kind: str) -> Found:
        """Return what was found of a kind last."""
        return self._found.get(kind, {})

    def others(self, key: Key, uid: str, planned: Collection[Ref] | None = None) -> tuple[OpeningHere, ...]:
        """Return the openings that can select pods of the assistant, but the operator's own; uid and planned as in foreign.py."""
        names = Names(*key)
        own = names.network_policy
        is_made = planned is None or Ref.named(CILIUM_POLICY, key.namespace, own) in planned
        labels = self.known.namespaces
        home = Home(key.namespace, None if labels is None else labels.get(key.namespace), names.service_account)
        return tuple(
            OpeningHere(one, home)
            for one in (*self._by_namespace.get("", ()), *self._by_namespace.get(key.namespace, ()))
            if one.may_select(*key) and not (is_made and one.kind == CILIUM_POLICY.kind and one.name == own and one.controller == uid)
        )

    def _sort(self) -> None:
        self._by_namespace = {}
        for opening in (one for found in self._found.values() for there in found.values() for one in there):
            self._by_namespace.setdefault(opening.namespace, []).append(opening)


def in_force(spec: PrivateAssistantSpec, applied: Collection[str], known: Known) -> tuple[str, ...]:
    """Return the kinds of policy that stand for an assistant, given the kinds of all its objects; sorted, as status has them.

    The installation's policies of the whole cluster select pods of assistants that reach no networks, and no others.
    """
    of_cluster = {known.admin_tier} if known.admin_tier is not None and reach(spec) != "networks" else set()
    return tuple(sorted({kind.kind for kind in (NETWORK_POLICY, CILIUM_POLICY) if kind.kind in applied} | of_cluster))
