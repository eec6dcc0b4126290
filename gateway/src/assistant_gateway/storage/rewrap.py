"""Moves the store to the newest encryption key, in the background and in small batches: a rotation needs no pause.

Only wrapped keys change, so a rotation costs the same however much they sealed. Rows that someone is working on are left for later.
"""

import asyncio
import contextlib
import logging
from typing import Final, NamedTuple
from uuid import UUID

from assistant_gateway.sealing.errors import KeyMissingError, SealBrokenError
from assistant_gateway.sealing.ring import KeyRing
from assistant_gateway.storage.errors import StoreError
from assistant_gateway.storage.store import Store

BATCH: Final = 200
_NEXT: Final = """
    SELECT record, kek, wrapped FROM data_keys
    WHERE kek = ANY($1) AND ($2::uuid IS NULL OR record > $2) ORDER BY record LIMIT $3 FOR UPDATE SKIP LOCKED"""

logger = logging.getLogger(__name__)


class Rewrap:
    """Takes changed keys into use and knows how much is left to do."""

    def __init__(self, store: Store, ring: KeyRing) -> None:
        self._store = store
        self._ring = ring

    async def watch(self, seconds: float) -> None:
        """Look for as long as the process lives."""
        while True:
            if self._ring.refresh():
                logger.info("The encryption keys changed.", extra={"fields": {"kek": self._ring.current}})
            with contextlib.suppress(StoreError):  # the next look goes on
                await self.sweep()
            await asyncio.sleep(seconds)

    async def remaining(self) -> int:
        """Return how many keys are wrapped by another key than the newest; 0: older encryption keys may go. Raises StoreError."""
        async with self._store.connection() as connection:
            return int(await connection.fetchval("SELECT count(*) FROM data_keys WHERE kek <> $1", self._ring.newest))

    async def sweep(self) -> int:
        """Go once through all keys and return how many were rewrapped; raises StoreError.

        One that cannot be opened stays as it is, and keeps no other from it, however many there are.
        """
        batch = await self._batch(None)
        moved, damaged = batch.moved, batch.damaged
        while batch.last is not None:
            batch = await self._batch(batch.last)
            moved += batch.moved
            damaged += batch.damaged
        if damaged:
            logger.error("Wrapped keys cannot be opened.", extra={"fields": {"keys": damaged}})
        return moved

    async def _batch(self, after: UUID | None) -> "_Batch":
        """Rewrap some keys: the first ones, or those of records behind this one."""
        current = self._ring.current
        older = [kek for kek in self._ring.ids if kek < current]  # never back: another gateway may use the newest already
        if not older:
            return _Batch(0, 0, None)
        async with self._store.transaction() as connection:
            rows = await connection.fetch(_NEXT, older, after, BATCH)
            fresh = []
            for row in rows:
                with contextlib.suppress(KeyMissingError, SealBrokenError):
                    key = self._ring.unwrap(row["record"], row["kek"], row["wrapped"])
                    fresh.append((row["record"], *self._ring.wrap(row["record"], key)))
            await connection.executemany("UPDATE data_keys SET kek = $2, wrapped = $3 WHERE record = $1", fresh)
        return _Batch(len(fresh), len(rows) - len(fresh), rows[-1]["record"] if rows else None)


class _Batch(NamedTuple):
    moved: int
    damaged: int
    last: UUID | None
    """None: there are no more."""
