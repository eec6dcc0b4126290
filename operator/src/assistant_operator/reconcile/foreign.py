"""Every NetworkPolicy of the watched namespaces, as little of it as the union check needs: a part of the cache.

Policies of others are thousands in a large cluster, and their rules can be long; that there are rules is all that counts. Neighbours:
cache.py feeds this with what the watch and the listings tell, widening.py judges.
"""

from assistant_operator.kube.objects import Object, name_of, namespace_of
from assistant_operator.naming import Names
from assistant_operator.reconcile.key import Key
from assistant_operator.reconcile.widening import Policy


class Policies:
    """NetworkPolicies by namespace and name, ours among them: anybody can put our labels, or an owner, on one of theirs."""

    def __init__(self) -> None:
        self._found: dict[str, dict[str, Policy]] = {}

    def put(self, obj: Object) -> tuple[Policy, ...]:
        """Remember the policy; return what it was, if anything, and what it is, nothing where that is the same."""
        there = self._found.setdefault(namespace_of(obj), {})
        before, after = there.get(name_of(obj)), Policy.of(obj)
        there[name_of(obj)] = after
        if before == after:
            return ()
        return (after,) if before is None else (before, after)

    def drop(self, namespace: str, name: str) -> tuple[Policy, ...]:
        """Forget a policy and return it."""
        there = self._found.get(namespace, {})
        known = there.pop(name, None)
        if not there:
            self._found.pop(namespace, None)
        return () if known is None else (known,)

    def others(self, key: Key, uid: str) -> tuple[Policy, ...]:
        """Return what can select pods of the assistant, but what the operator made for them and their proxy; uid is the assistant's.

        What else has the assistant as its controller is not ours: the operator removes it, and a finalizer could keep it.
        """
        names = Names(*key)
        own = (names.network_policy, names.egress_proxy)
        there = self._found.get(key.namespace, {}).values()
        return tuple(one for one in there if one.may_select(key.name) and not (one.name in own and one.controller == uid))
