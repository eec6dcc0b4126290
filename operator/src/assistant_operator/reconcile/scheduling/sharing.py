"""Takes shards into work and out of it, as this replica comes to hold them and gives them up.

In: the Lease, then memory (everything is listed, since nobody knows what the watches told before), then work. Out, the other way round: no
pass begins any more, those that run end, what was known is forgotten, and only then the Lease is let go.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from typing import Protocol

from assistant_operator.reconcile.cluster.cache import Cache
from assistant_operator.reconcile.key import Key
from assistant_operator.reconcile.scheduling.queue import Queue
from assistant_operator.reconcile.scheduling.territory import Territory

log = logging.getLogger(__name__)


class Held(Protocol):
    """Some of the shards, by their Leases: kube/shards.py."""

    async def take(self) -> Collection[int]:
        """Take what is free and this replica's to take, and return it."""

    def surplus(self) -> int | None:
        """Return the shard to give up, if there is one."""

    async def give_up(self, shard: int) -> None:
        """Let another replica have it."""


class Sharing:
    """Of one replica."""

    def __init__(
        self, territory: Territory, cache: Cache, queue: Queue, fill: Callable[[], Awaitable[None]], forget: Callable[[Key], None]
    ) -> None:
        """Fill returns when the cache holds all that the territory keeps; forget ends what goes on for an assistant beside its passes, and
        is asked for those that had one."""
        self._territory = territory
        self._cache = cache
        self._queue = queue
        self._fill = fill
        self._forget = forget
        self._leaving: set[int] = set()

    async def enter(self, shards: Collection[int]) -> None:
        """Take shards that this replica holds into work."""
        self._territory.keep(shards)
        await self._fill()
        self._territory.work_on(shards)
        for key in self._cache.everybody():
            if self._territory.of(key.namespace) in shards:
                self._queue.add(key)

    async def run(self, held: Held, every: float) -> None:
        """Even out with the other replicas, for ever."""
        while True:
            await asyncio.sleep(every)
            await self.even_out(held)

    async def even_out(self, held: Held) -> None:
        """Take what is free, let go what is too much; a shard whose passes run on is let go at a later turn."""
        if taken := await held.take():
            await self.enter(taken)
        elif not self._leaving and (shard := held.surplus()) is not None:
            log.info("Shard is given up", extra={"shard": shard})
            self._territory.rest(shard)
            self._leaving.add(shard)
        for shard in [shard for shard in self._leaving if not self._is_worked_on(shard)]:
            self._leave(shard)
            await held.give_up(shard)

    def _is_worked_on(self, shard: int) -> bool:
        return any(self._territory.of(key.namespace) == shard for key in self._queue.in_hand())

    def _leave(self, shard: int) -> None:
        for key in self._queue.shed():  # the cache no longer knows those that were deleted since the shard rests
            self._forget(key)
        self._territory.forget(shard)
        self._cache.shed()
        self._leaving.discard(shard)
