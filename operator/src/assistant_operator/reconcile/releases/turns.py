"""Whose turn it is in a roll-out, and who is to be woken for it. Neighbours: fleet.py knows the assistants, rollout.py asks."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from assistant_operator.reconcile.key import Key
from assistant_operator.reconcile.releases.fleet import Member
from assistant_operator.reconcile.releases.maintenance import opens_at

SETTLING = timedelta(minutes=10)
"""An assistant that has not been Ready for less is about to be again: a node restarts, or the operator has, and asks for evidence anew."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a roll-out goes, and what stops it."""

    percent: int | None = 10
    count: int = 1
    """Assistants at a time, where there is no share of them; with one, at least one."""
    deadline: timedelta = timedelta(minutes=30)
    """How long an assistant may take to become ready with an update."""
    most_failures: int = 1
    """With so many that have not, no other one is updated."""

    def at_once(self, members: int) -> int:
        return self.count if self.percent is None else max(1, members * self.percent // 100)


@dataclass(frozen=True, slots=True)
class Turns:
    """A roll-out of one release at one moment."""

    members: list[Member]
    release: str
    pace: Pace
    now: datetime

    def failed(self) -> list[Key]:
        """Return those that did not become ready in time, or are ready no longer; empty while they are no more than may be."""
        found = [one.key for one in self._in_flight() if one.is_unwell_for(self.now, self.pace.deadline)]
        return found if len(found) >= self.pace.most_failures else []

    def is_next(self, key: Key) -> bool:
        """Tell whether its turn has come: by namespace and name.

        What an earlier release broke comes at once; what is broken otherwise comes last, and nobody waits for it. What is not Ready for a
        moment waits until it is: or whatever makes all of them unready at once would have all of them updated at once.
        """
        me = next((one for one in self.members if one.key == key), None)
        waiting = self._waiting()
        if me is not None and me.is_well:
            return sorted({*waiting, key}).index(key) < self._free()
        if key in self._broken():
            return True
        is_broken = me is None or me.is_unwell_for(self.now, SETTLING)
        return is_broken and not waiting and self._free() > 0

    def next_of(self, asleep: Collection[Key]) -> list[Key]:
        """Return those of the sleepers whose turn has come."""
        if self.failed():
            return []
        waiting = self._waiting()
        return [key for key in (waiting[: self._free()] if waiting else sorted(asleep)) if key in asleep]

    def _waiting(self) -> list[Key]:
        """Return those that may take their turn: well, of another release, and their windows are open."""
        return [one.key for one in self.members if one.release != self.release and one.is_well and opens_at(one.window, self.now) is None]

    def _in_flight(self) -> list[Member]:
        """Return those that were updated to the release and are not ready with it, or no longer."""
        return [one for one in self.members if self.release in one.updated_to and not one.is_well]

    def _broken(self) -> list[Key]:
        """Return those that another release has left unready: what can be lost there is lost, and they may show that this one mends it."""
        found = (one for one in self.members if one.release != self.release and one.updated_at is not None and not one.is_well)
        return [one.key for one in found if opens_at(one.window, self.now) is None]

    def _free(self) -> int:
        return max(self.pace.at_once(len(self.members)) - len(self._in_flight()) - len(self._broken()), 0)
