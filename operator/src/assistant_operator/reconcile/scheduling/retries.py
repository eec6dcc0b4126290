"""How long to wait before a Job that failed for good is made anew: longer each time.

Counted in memory, by the uid of the Job that failed: after a restart of the operator the delays begin anew, which does no harm.
"""

from datetime import timedelta

from assistant_operator.reconcile.key import Key

FIRST = timedelta(minutes=2)
LONGEST = timedelta(hours=1)


class Retries:
    """Failures of Jobs on end, by their names."""

    def __init__(self) -> None:
        self._failed: dict[Key, dict[str, list[str]]] = {}

    def delay(self, key: Key, name: str, uid: str) -> timedelta:
        """Return how long after this Job's failure the next one is due."""
        failed = self._failed.setdefault(key, {}).setdefault(name, [])
        if uid not in failed:
            failed.append(uid)
        doubled: int = 2 ** min(len(failed) - 1, 16)
        return min(FIRST * doubled, LONGEST)

    def succeeded(self, key: Key, name: str) -> None:
        self._failed.get(key, {}).pop(name, None)

    def forget(self, key: Key) -> None:
        """The assistant is gone."""
        self._failed.pop(key, None)
