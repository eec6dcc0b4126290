"""What is due goes: every few seconds, in batches, by as many gateways at once as there are.

Keys go first, in a short transaction of their own, then the rows that they sealed (removal.py). Each batch takes what nobody else holds
(SKIP LOCKED) and counts in the transaction that removes, so each row is counted once, however many purgers run and whenever one is
killed: what has no key is still due, and the next pass goes on. Readers do not wait for it: what is due is gone for them already
(expiry.py).
"""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from assistant_gateway.policy import RetentionPolicy
from assistant_gateway.retention import rekey, removal
from assistant_gateway.retention.narrowing import narrow
from assistant_gateway.retention.sweep import CONVERSATIONS, DOCUMENTS, Sweeper
from assistant_gateway.snapshot import Current
from assistant_gateway.storage.errors import StoreError
from assistant_gateway.storage.store import Store

PASS_SECONDS: Final = 15.0
LOOK_SECONDS: Final = 1.0
"""How often the policy is looked at: a narrower one counts at once."""
NARROW_SECONDS: Final = 300.0
"""How often what other gateways may have written under an older policy is looked for."""
BATCH: Final = 500
DOCUMENT_BATCH: Final = 50
"""Fewer, because each has its chunks."""

# Where the clock is behind what was seen before, time goes on from there by what this process measures.
_ADVANCE: Final = """
    UPDATE purges SET high_water = CASE WHEN now() < high_water THEN greatest(high_water, $1::timestamptz) ELSE now() END
    RETURNING high_water
"""
_ENDED: Final = "UPDATE purges SET last_at = now()"
_COUNT: Final = "UPDATE purges SET purged = purged + $1"
_KEYS: Final = "DELETE FROM data_keys WHERE record = ANY($1::uuid[])"
_DUE_CONVERSATIONS: Final = "SELECT id FROM conversations WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED"
_DUE_DOCUMENTS: Final = "SELECT id FROM documents WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED"
_DUE_IN_PART: Final = "SELECT DISTINCT conversation FROM items WHERE expires_at <= $1 LIMIT $2"
_LOCK_ALIVE: Final = "SELECT id FROM conversations WHERE id = $1 AND expires_at > $2 FOR UPDATE SKIP LOCKED"

logger = logging.getLogger(__name__)


class Purger:
    """Removes what is due, and shortens what a narrower policy makes due earlier."""

    def __init__(self, store: Store, current: Current, sweeper: Sweeper, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._current = current
        self._sweeper = sweeper
        self._monotonic = monotonic
        self._seen: tuple[datetime, float] | None = None
        self._narrowed: tuple[RetentionPolicy, float] | None = None
        self._is_failing = False

    async def watch(self, seconds: float = PASS_SECONDS) -> None:
        """Purge for as long as the process lives."""
        self._sweeper.mark(CONVERSATIONS + DOCUMENTS)  # what an earlier process removed and did not get to sweep
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._sweeper.watch())
            while True:
                began = self._monotonic()
                await self._pass()
                await asyncio.sleep(min(LOOK_SECONDS, seconds))  # also where a pass fails at once
                while self._monotonic() - began < seconds and not self._is_narrower_due():  # noqa: ASYNC110  the policy is polled too
                    await asyncio.sleep(min(LOOK_SECONDS, seconds))

    async def _pass(self) -> None:
        """Purge; where that fails, say so once. The next pass may get further, and what stays late is seen in the status."""
        try:
            await self.once()
        except Exception as error:
            if not self._is_failing:
                logger.warning("Purges fail for now.", exc_info=None if isinstance(error, StoreError) else error)
            self._is_failing = True
        else:
            self._is_failing = False

    async def once(self) -> int:
        """Remove all that is due now and return how many records went; raises StoreError."""
        if self._is_narrower_due():
            await self.narrow()
        now = await self._advance()
        gone = 0
        while batch := await self._conversations(now):
            gone += batch
        gone += await self._items(now)
        while batch := await self._documents(now):
            gone += batch
        async with self._store.connection() as connection:
            await connection.execute(_ENDED)
        return gone

    async def narrow(self) -> None:
        """Shorten what was kept under a wider policy than the one in force; raises StoreError."""
        retention = self._current.snapshot.policy.retention
        await narrow(self._store, retention)
        self._narrowed = retention, self._monotonic()

    def _is_narrower_due(self) -> bool:
        if self._narrowed is None:
            return True
        retention, when = self._narrowed
        return retention != self._current.snapshot.policy.retention or self._monotonic() - when >= NARROW_SECONDS

    async def _advance(self) -> datetime:
        """Return the store's time, and keep it as the latest that was seen."""
        reckoned = None
        if self._seen is not None:
            reckoned = self._seen[0] + timedelta(seconds=self._monotonic() - self._seen[1])
        async with self._store.connection() as connection:
            now: datetime = await connection.fetchval(_ADVANCE, reckoned)
        self._seen = now, self._monotonic()
        return now

    async def _conversations(self, now: datetime) -> int:
        """Remove a batch of conversations whose last item is due; return how many records went: none, where others hold what is due."""
        due = await self._doomed(_DUE_CONVERSATIONS, now, BATCH)
        if not due:
            return 0
        self._sweeper.mark(CONVERSATIONS)
        return await removal.conversations(self._store, due, as_purge=True)

    async def _documents(self, now: datetime) -> int:
        """Remove a batch of documents; return how many went."""
        due = await self._doomed(_DUE_DOCUMENTS, now, DOCUMENT_BATCH)
        if not due:
            return 0
        self._sweeper.mark(DOCUMENTS)
        return await removal.documents(self._store, due, as_purge=True)

    async def _doomed(self, select: str, now: datetime, limit: int) -> list[UUID]:
        """Destroy the keys of what is due, as far as nobody else holds it, and return whose they were."""
        async with self._store.transaction() as connection:
            due = [row["id"] for row in await connection.fetch(select, now, limit)]
            if due:
                await connection.execute(_KEYS, due)
        return due

    async def _items(self, now: datetime) -> int:
        """Remove what is due of conversations that go on; return how many items went. What another holds is left for the next pass."""
        gone = 0
        while True:
            async with self._store.connection() as connection:
                due = [row["conversation"] for row in await connection.fetch(_DUE_IN_PART, now, BATCH)]
            batch = 0
            for conversation in due:
                batch += await self._items_of(conversation, now)
            gone += batch
            if batch == 0 or len(due) < BATCH:
                return gone

    async def _items_of(self, conversation: UUID, now: datetime) -> int:
        gone = 0
        try:
            async with self._store.transaction() as connection:
                held = await connection.fetchval(_LOCK_ALIVE, conversation, now)
                if held is not None:
                    gone = await rekey.without_due(connection, self._store.ring, held, now)
                    await connection.execute(_COUNT, gone)
        finally:
            if gone:  # also where the store is lost over the commit, which may have come through: nothing is due any more then
                self._sweeper.mark(CONVERSATIONS)
        return gone
