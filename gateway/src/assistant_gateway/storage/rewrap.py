"""Moves the store to the newest encryption key, in the background and in small batches: a rotation needs no pause.

Only wrapped keys change, so a rotation costs the same however much they sealed. Rows that someone is working on are left for later.
"""

import asyncio
import logging
from typing import Final

from assistant_gateway.sealing.errors import KeyMissingError, SealBrokenError
from assistant_gateway.sealing.ring import KeyRing
from assistant_gateway.storage.errors import StoreError
from assistant_gateway.storage.store import Store

BATCH: Final = 200

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
            try:
                while await self.batch():
                    pass
            except StoreError:
                pass  # the next look goes on
            await asyncio.sleep(seconds)

    async def remaining(self) -> int:
        """Return how many keys are wrapped by another key than the newest; 0: older encryption keys may go. Raises StoreError."""
        async with self._store.connection() as connection:
            return int(await connection.fetchval("SELECT count(*) FROM data_keys WHERE kek <> $1", self._ring.newest))

    async def batch(self) -> int:
        """Rewrap some rows and return how many; raises StoreError. One that cannot be opened stays as it is, and keeps no other from it."""
        current = self._ring.current
        older = [kek for kek in self._ring.ids if kek < current]  # never back: another gateway may use the newest already
        if not older:
            return 0
        async with self._store.transaction() as connection:
            rows = await connection.fetch(
                "SELECT record, kek, wrapped FROM data_keys WHERE kek = ANY($1) LIMIT $2 FOR UPDATE SKIP LOCKED", older, BATCH
            )
            fresh, damage = [], None
            for row in rows:
                try:
                    key = self._ring.unwrap(row["record"], row["kek"], row["wrapped"])
                except (KeyMissingError, SealBrokenError) as error:
                    damage = error
                else:
                    fresh.append((row["record"], *self._ring.wrap(row["record"], key)))
            await connection.executemany("UPDATE data_keys SET kek = $2, wrapped = $3 WHERE record = $1", fresh)
        if damage is not None:
            logger.error("A wrapped key cannot be opened.", exc_info=damage)
        return len(fresh)
