"""What the cluster holds, as last seen: fed by the watches and by the answers to our own writes, whichever is newer.

Reconciles read children from here and never ask the API server for them. What is of no use is not kept: managedFields (read once, for
who set what), and what slim.py leaves out. What is kept is kept as text: a StatefulSet as nested dictionaries takes ten times the room,
and is looked at a few times a day. NetworkPolicies are here whoever made them, and concern every assistant whose pods they can select.
"""

import json
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from assistant_operator.kube.inventory import Ref
from assistant_operator.kube.kinds import NETWORK_POLICY, PRIVATE_ASSISTANT, Kind
from assistant_operator.kube.objects import Object, metadata, name_of, uid_of, version_of
from assistant_operator.kube.ownership import has_foreign_fields, is_created_only
from assistant_operator.reconcile.foreign import Policies
from assistant_operator.reconcile.key import Key
from assistant_operator.reconcile.slim import slim
from assistant_operator.reconcile.widening import Policy

TOMBSTONES = 10_000


@dataclass(frozen=True, slots=True)
class Seen:
    """One object."""

    text: bytes
    """JSON."""
    ref: Ref
    key: Key | None
    uid: str
    version: int
    is_foreign: bool
    """Somebody else set fields that are for the operator alone."""
    is_created_only: bool = False
    """Made by us and never applied: see kube/ownership.py."""

    @classmethod
    def of(cls, obj: Object) -> "Seen":
        ref = Ref.of(obj)
        managed = metadata(obj).get("managedFields") or () if ref.row.owned else ()
        text = json.dumps(slim(obj), separators=(",", ":"), ensure_ascii=False).encode()
        return cls(text, ref, Key.of(obj), uid_of(obj), version_of(obj), has_foreign_fields(managed), is_created_only(managed))

    @property
    def obj(self) -> Object:
        """Return the object, made anew from its text: bind it to a name."""
        found: Object = json.loads(self.text)
        return found


class Cache:
    """All objects of all assistants, and the NetworkPolicies beside them."""

    def __init__(self) -> None:
        self.policies = Policies()
        self._objects: dict[tuple[str, str], dict[tuple[str, str], Seen]] = {}
        self._by_key: dict[Key, dict[Ref, Seen]] = {}
        # Versions at which objects vanished: an answer to our own write may arrive after the news of the object's deletion.
        self._gone: OrderedDict[Ref, int] = OrderedDict()
        # Objects that are being written, and whether the watch told of them meanwhile.
        self._writing: dict[Ref, bool] = {}

    def expect(self, ref: Ref) -> None:
        """A write of our own is under way: until it is answered, what the watch tells of the object is no news."""
        self._writing[ref] = False

    def answered(self, ref: Ref, answer: Object | None) -> bool:
        """The write was answered, or failed (None); tell whether the watch knows more than the answer, so that a pass is due."""
        told = self._writing.pop(ref, False)
        if answer is None:
            return told
        self.put(answer)
        known = self.find(ref)
        return known is None or known.version != version_of(answer)

    def put(self, obj: Object) -> tuple[Key, ...]:
        """Remember the object; return the assistants to which that is news."""
        ref = Ref.of(obj)
        version = version_of(obj)
        known = self._of(ref.row).get((ref.namespace, ref.name))
        # Equal versions mean that a label was taken off: to a watch with a selector the object is gone, but it is there.
        if version < self._gone.get(ref, -1) or (known is not None and version <= known.version):
            return ()
        seen = Seen.of(obj)
        if known is not None and known.key != seen.key:
            self._forget(ref)  # its label was changed
        self._of(ref.row)[ref.namespace, ref.name] = seen
        if seen.key is not None:
            self._by_key.setdefault(seen.key, {})[ref] = seen
        concerned = self._concerned(seen, self.policies.put(obj) if ref.row is NETWORK_POLICY else ())
        if ref in self._writing:
            self._writing[ref] = True
            return tuple(key for key in concerned if key != seen.key)
        return concerned

    def drop(self, obj: Object) -> tuple[Key, ...]:
        """Forget the object, unless another one has its name by now; return the assistants to which that is news."""
        ref = Ref.of(obj)
        known = self._of(ref.row).get((ref.namespace, ref.name))
        if known is not None and known.uid != uid_of(obj):
            return ()
        self._gone[ref] = max(version_of(obj), known.version if known else 0)
        self._gone.move_to_end(ref)
        while len(self._gone) > TOMBSTONES:
            self._gone.popitem(last=False)
        return self._lose(known) if known is not None else ()

    def uids(self, kind: Kind) -> frozenset[str]:
        return frozenset(seen.uid for seen in self._of(kind).values())

    def retain(self, kind: Kind, known: Collection[str], present: Iterable[Object]) -> list[Key]:
        """Forget the objects of a kind that a fresh listing does not have, and return the assistants to which that is news.

        A watch that had to start anew (410 Gone) does not tell what vanished meanwhile. Known are the uids from before the listing: what
        came while it was made may not be in it.
        """
        gone = set(known) - {uid_of(obj) for obj in present}
        lost = [seen for seen in self._of(kind).values() if seen.uid in gone]
        return [key for seen in lost for key in self._lose(seen)]

    def find(self, ref: Ref) -> Seen | None:
        return self._of(ref.row).get((ref.namespace, ref.name))

    def assistant(self, key: Key) -> Object | None:
        seen = self._of(PRIVATE_ASSISTANT).get(key)
        return seen.obj if seen else None

    def assistants(self) -> Iterator[Object]:
        return (seen.obj for seen in self._of(PRIVATE_ASSISTANT).values())

    def everybody(self) -> tuple[Key, ...]:
        """Return all assistants."""
        return tuple(Key(*place) for place in self._of(PRIVATE_ASSISTANT))

    def of_assistant(self, key: Key, kind: Kind) -> list[Object]:
        """Return the assistant's objects of one kind, oldest first."""
        found = [seen.obj for ref, seen in self._by_key.get(key, {}).items() if ref.row is kind]
        return sorted(found, key=lambda obj: (str(metadata(obj).get("creationTimestamp", "")), name_of(obj)))

    def children(self, key: Key) -> list[tuple[Ref, Seen]]:
        """Return everything that bears the assistant's label, but its pods, which their controllers make."""
        return [(ref, seen) for ref, seen in self._by_key.get(key, {}).items() if ref.row.owned]

    def _of(self, kind: Kind) -> dict[tuple[str, str], Seen]:
        return self._objects.setdefault((kind.group, kind.kind), {})

    def _lose(self, seen: Seen) -> tuple[Key, ...]:
        """Forget an object that is gone; return the assistants to which that is news."""
        self._forget(seen.ref)
        return self._concerned(seen, self.policies.drop(seen.ref.namespace, seen.ref.name) if seen.ref.row is NETWORK_POLICY else ())

    def _concerned(self, seen: Seen, moved: Collection[Policy]) -> tuple[Key, ...]:
        """Return the assistant that has the object, and those whose pods a policy that moved could or can select."""
        places = self._of(PRIVATE_ASSISTANT) if moved else ()
        near = (Key(*place) for place in places if place[0] == seen.ref.namespace)
        reached = {key for key in near if any(policy.may_select(key.name) for policy in moved)}
        return tuple(sorted(reached | ({seen.key} if seen.key is not None else set())))

    def _forget(self, ref: Ref) -> None:
        known = self._of(ref.row).pop((ref.namespace, ref.name), None)
        if known is not None and known.key is not None:
            of_key = self._by_key.get(known.key, {})
            of_key.pop(ref, None)
            if not of_key:
                self._by_key.pop(known.key, None)
