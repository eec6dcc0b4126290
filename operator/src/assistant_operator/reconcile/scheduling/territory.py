"""The shards that a replica has in memory, and of these the ones that it works on.

Both change while watches and workers run: a shard is kept before it is listed and worked on once that is done, and it is worked on no more
before it is forgotten. The cache asks the first question of every object, the queue the second of every key.
"""

from collections.abc import Collection

from assistant_operator.kube.shards import CHIEF, shard_of
from assistant_operator.reconcile.key import Key


class Territory:
    """Of one replica."""

    def __init__(self, count: int) -> None:
        """Count is the number of shards of the whole."""
        self._count = count
        self._kept: frozenset[int] = frozenset()
        self._worked: frozenset[int] = frozenset()

    def is_chief(self) -> bool:
        """Tell whether what the cluster has once is this replica's to look after."""
        return CHIEF in self._kept

    def of(self, namespace: str) -> int:
        """Return the namespace's shard."""
        return shard_of(namespace, self._count)

    def keeps(self, namespace: str) -> bool:
        return self.of(namespace) in self._kept

    def works_on(self, key: Key) -> bool:
        return self.of(key.namespace) in self._worked

    def keep(self, shards: Collection[int]) -> None:
        """From now on remember what is in these shards too."""
        self._kept |= frozenset(shards)

    def work_on(self, shards: Collection[int]) -> None:
        """From now on work on these shards too."""
        self._worked |= frozenset(shards)

    def rest(self, shard: int) -> None:
        """Work on the shard no more."""
        self._worked -= {shard}

    def forget(self, shard: int) -> None:
        """Remember nothing of the shard."""
        self._kept -= {shard}
