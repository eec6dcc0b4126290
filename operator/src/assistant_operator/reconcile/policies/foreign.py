"""Every NetworkPolicy of the watched namespaces, as little of it as the union check needs: a part of the cache.

Policies of others are thousands in a large cluster, and their rules can be long; that there are rules is all that counts. Those that name
an assistant, as ours do, are kept by that name: a pass over one assistant looks at none of another's. Neighbours: cache.py feeds this
with what the watch and the listings tell, widening.py judges.
"""

from collections.abc import Callable, Collection

from assistant_operator.kube.inventory import Ref
from assistant_operator.kube.kinds import NETWORK_POLICY
from assistant_operator.kube.objects import Object, name_of, namespace_of
from assistant_operator.naming import Names
from assistant_operator.reconcile.key import Key
from assistant_operator.reconcile.policies.widening import Policy


class Policies:
    """NetworkPolicies by namespace and name, ours among them: anybody can put our labels, or an owner, on one of theirs."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Policy] = {}
        # By namespace and the assistant whose pods alone they can select, None where these can be any's.
        self._sorted: dict[tuple[str, str | None], dict[str, Policy]] = {}

    def put(self, obj: Object) -> tuple[Policy, ...]:
        """Remember the policy; return what it was, if anything, and what it is, nothing where that is the same."""
        namespace, name = namespace_of(obj), name_of(obj)
        before, after = self._found.get((namespace, name)), Policy.of(obj)
        if before == after:
            return ()
        self.drop(namespace, name)
        self._found[namespace, name] = after
        self._sorted.setdefault((namespace, after.assistant), {})[name] = after
        return (after,) if before is None else (before, after)

    def drop(self, namespace: str, name: str) -> tuple[Policy, ...]:
        """Forget a policy and return it."""
        known = self._found.pop((namespace, name), None)
        if known is None:
            return ()
        beside = self._sorted[namespace, known.assistant]
        del beside[name]
        if not beside:
            del self._sorted[namespace, known.assistant]
        return (known,)

    def shed(self, keeps: Callable[[str], bool]) -> None:
        """Forget the policies of the namespaces that are kept no more."""
        for namespace, name in [place for place in self._found if not keeps(place[0])]:
            self.drop(namespace, name)

    def others(self, key: Key, uid: str, planned: Collection[Ref] | None = None) -> tuple[Policy, ...]:
        """Return what can select pods of the assistant, but what the operator made for them, their proxy and their store.

        Uid is the assistant's; planned is all that the plan has, None where there is no plan yet. What else has the assistant as its
        controller is not ours, whatever its name is: the operator removes it, and a finalizer could keep it.
        """
        names = Names(*key)
        made = (names.network_policy, names.egress_proxy, names.store)
        own = [name for name in made if planned is None or Ref.named(NETWORK_POLICY, key.namespace, name) in planned]
        there = (one for whose in (None, key.name) for one in self._sorted.get((key.namespace, whose), {}).values())
        return tuple(one for one in there if not (one.name in own and one.controller == uid))
