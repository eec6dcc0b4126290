"""Secrets that a pass has made, or may have made, until status names them.

Nothing else knows of these: Secrets are neither listed nor watched, so one that the spec wants no longer is found by the inventory in
status alone; and a pass whose call fails, or in which the spec changes, ends before it has written that. Kept in memory: after a restart
such a Secret stays until the assistant goes, unless the spec wants it.
"""

from collections.abc import Iterable

from assistant_operator.kube.inventory import Ref
from assistant_operator.reconcile.key import Key


class Untold:
    """By assistant; what was made for another one of its name, with another uid, is nobody's business any more."""

    def __init__(self) -> None:
        self._made: dict[Key, tuple[str, frozenset[Ref]]] = {}

    def add(self, key: Key, uid: str, refs: Iterable[Ref]) -> None:
        """Remember what a pass has tried to make."""
        if found := self.of(key, uid) | frozenset(refs):
            self._made[key] = uid, found

    def of(self, key: Key, uid: str) -> frozenset[Ref]:
        owner, refs = self._made.get(key, ("", frozenset()))
        return refs if owner == uid else frozenset()

    def forget(self, key: Key) -> None:
        """Status tells of it all by now, or the assistant is gone."""
        self._made.pop(key, None)
