"""What the cluster holds, as last seen: fed by the watches and by the answers to our own writes, whichever is newer.

Reconciles read children from here and never ask the API server for them. What is of no use is not kept: managedFields (read once, for
who set what), and what slim.py leaves out. What is kept is kept packed (packed.py): a StatefulSet as nested dictionaries takes a hundred
times the room, and is looked at a few times a day. NetworkPolicies are here whoever made them, and concern every assistant whose pods
they can select.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from assistant_operator.kube.inventory import Ref
from assistant_operator.kube.kinds import NETWORK_POLICY, PRIVATE_ASSISTANT, Kind, find, group_and_kind
from assistant_operator.kube.objects import Object, metadata, name_of, uid_of, version_of
from assistant_operator.kube.ownership import is_created_only, is_touched
from assistant_operator.reconcile.cluster.packed import Packer, unpacked
from assistant_operator.reconcile.cluster.slim import slim
from assistant_operator.reconcile.key import Key
from assistant_operator.reconcile.policies.foreign import Policies
from assistant_operator.reconcile.policies.widening import Policy

TOMBSTONES = 10_000


@dataclass(frozen=True, slots=True)
class Seen:
    """One object."""

    packed: bytes
    like: bytes
    """What it is packed against: packed.py."""
    ref: Ref
    key: Key | None
    uid: str
    version: int
    is_foreign: bool
    """Somebody else set fields that are for the operator alone, or may have."""
    is_created_only: bool = False
    """Made by us and never applied: see kube/ownership.py."""

    @classmethod
    def of(cls, obj: Object, ref: Ref, key: Key | None, packer: Packer) -> "Seen":
        managed = metadata(obj).get("managedFields") or () if ref.row.owned else ()
        packed, like = packer.pack(ref.row, slim(obj))
        is_foreign = ref.row.owned and is_touched(obj)
        return cls(packed, like, ref, key, uid_of(obj), version_of(obj), is_foreign, is_created_only(managed))

    @property
    def obj(self) -> Object:
        """Return the object, unpacked each time: bind it to a name."""
        return unpacked(self.packed, self.like)


class Cache:
    """All objects of all assistants, and the NetworkPolicies beside them."""

    def __init__(self, keeps: Callable[[str], bool] = lambda _namespace: True) -> None:
        """Keeps says of a namespace whether its objects are remembered."""
        self.policies = Policies()
        self._keeps = keeps
        self._packer = Packer()
        # By kind, namespace and name.
        self._objects: dict[tuple[str, str], dict[str, dict[str, Seen]]] = {}
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
        known = self.find(ref)
        if self._is_known(ref, version_of(obj)):
            return ()
        seen = Seen.of(obj, ref, self._shared(Key.of(obj)), self._packer)
        if known is not None and known.key != seen.key:
            self._forget(ref)  # its label was changed
        self._of(ref.row).setdefault(ref.namespace, {})[ref.name] = seen
        if seen.key is not None:
            self._by_key.setdefault(seen.key, {})[ref] = seen
        concerned = self._concerned(seen, self.policies.put(obj) if ref.row is NETWORK_POLICY else ())
        if ref in self._writing:
            self._writing[ref] = True
            return tuple(key for key in concerned if key != seen.key)
        return concerned

    def is_being_written(self, obj: Object) -> bool:
        """Tell whether a write of our own to the object is under way."""
        return find(*group_and_kind(obj)) is not None and Ref.of(obj) in self._writing

    def knows(self, obj: Object) -> bool:
        """Tell whether put() would find nothing new: this version is here, or a newer one, or the object's end; or nobody asks for it."""
        return find(*group_and_kind(obj)) is not None and self._is_known(Ref.of(obj), version_of(obj))

    def _is_known(self, ref: Ref, version: int) -> bool:
        if not self._keeps(ref.namespace):
            return True
        known = self.find(ref)
        # Equal versions mean that a label was taken off: to a watch with a selector the object is gone, but it is there.
        return version < self._gone.get(ref, -1) or (known is not None and version <= known.version)

    def drop(self, obj: Object) -> tuple[Key, ...]:
        """Forget the object, unless another one has its name by now; return the assistants to which that is news."""
        ref = Ref.of(obj)
        if not self._keeps(ref.namespace):
            return ()
        known = self.find(ref)
        if known is not None and known.uid != uid_of(obj):
            return ()
        self._gone[ref] = max(version_of(obj), known.version if known else 0)
        self._gone.move_to_end(ref)
        while len(self._gone) > TOMBSTONES:
            self._gone.popitem(last=False)
        return self._lose(known) if known is not None else ()

    def uids(self, kind: Kind) -> frozenset[str]:
        return frozenset(seen.uid for seen in self._all(kind))

    def retain(self, kind: Kind, known: Collection[str], present: Collection[str]) -> list[Key]:
        """Forget the objects of a kind that a fresh listing does not have, and return the assistants to which that is news.

        A watch that had to start anew (410 Gone) does not tell what vanished meanwhile. Known are the uids from before the listing: what
        came while it was made may not be in it. Present are those of the listing.
        """
        gone = set(known).difference(present)
        lost = [seen for seen in self._all(kind) if seen.uid in gone]
        return [key for seen in lost for key in self._lose(seen)]

    def shed(self) -> None:
        """Forget the objects of the namespaces that are kept no more."""
        for there in self._objects.values():
            for seen in [seen for namespace, named in there.items() if not self._keeps(namespace) for seen in named.values()]:
                self._forget(seen.ref)
        for ref in [ref for ref in self._gone if not self._keeps(ref.namespace)]:
            del self._gone[ref]
        self.policies.shed(self._keeps)

    def find(self, ref: Ref) -> Seen | None:
        return self._of(ref.row).get(ref.namespace, {}).get(ref.name)

    def assistant(self, key: Key) -> Object | None:
        seen = self._of(PRIVATE_ASSISTANT).get(key.namespace, {}).get(key.name)
        return seen.obj if seen else None

    def assistants(self) -> Iterator[Object]:
        return (seen.obj for seen in self._all(PRIVATE_ASSISTANT))

    def everybody(self) -> tuple[Key, ...]:
        """Return all assistants."""
        return tuple(Key(namespace, name) for namespace, there in self._of(PRIVATE_ASSISTANT).items() for name in there)

    def of_assistant(self, key: Key, kind: Kind) -> list[Object]:
        """Return the assistant's objects of one kind, oldest first."""
        found = [seen.obj for ref, seen in self._by_key.get(key, {}).items() if ref.row is kind]
        return sorted(found, key=lambda obj: (str(metadata(obj).get("creationTimestamp", "")), name_of(obj)))

    def children(self, key: Key) -> list[tuple[Ref, Seen]]:
        """Return everything that bears the assistant's label, but its pods, which their controllers make."""
        return [(ref, seen) for ref, seen in self._by_key.get(key, {}).items() if ref.row.owned]

    def _of(self, kind: Kind) -> dict[str, dict[str, Seen]]:
        return self._objects.setdefault((kind.group, kind.kind), {})

    def _all(self, kind: Kind) -> Iterator[Seen]:
        return (seen for there in self._of(kind).values() for seen in there.values())

    def _shared(self, key: Key | None) -> Key | None:
        """Return the key that the assistant's other objects have: a dozen equal ones are a kilobyte."""
        beside = self._by_key.get(key) if key is not None else None
        return next(iter(beside.values())).key if beside else key

    def _lose(self, seen: Seen) -> tuple[Key, ...]:
        """Forget an object that is gone; return the assistants to which that is news."""
        self._forget(seen.ref)
        return self._concerned(seen, self.policies.drop(seen.ref.namespace, seen.ref.name) if seen.ref.row is NETWORK_POLICY else ())

    def _concerned(self, seen: Seen, moved: Collection[Policy]) -> tuple[Key, ...]:
        """Return the assistant that has the object, and those whose pods a policy that moved could or can select."""
        reached = self._reached(seen.ref.namespace, {policy.assistant for policy in moved})
        return tuple(sorted(reached | ({seen.key} if seen.key is not None else set())))

    def _reached(self, namespace: str, named: Collection[str | None]) -> set[Key]:
        """Return the assistants of a namespace that bear one of the names, all where None is among these."""
        there = self._of(PRIVATE_ASSISTANT).get(namespace, {})
        return {Key(namespace, name) for name in (there if None in named else named) if name is not None and name in there}

    def _forget(self, ref: Ref) -> None:
        there = self._of(ref.row).get(ref.namespace, {})
        known = there.pop(ref.name, None)
        if not there:
            self._of(ref.row).pop(ref.namespace, None)
        if known is not None and known.key is not None:
            of_key = self._by_key.get(known.key, {})
            of_key.pop(ref, None)
            if not of_key:
                self._by_key.pop(known.key, None)
