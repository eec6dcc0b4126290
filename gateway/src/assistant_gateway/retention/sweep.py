"""VACUUM after something was removed: what is deleted lies in tables and indexes, vectors among them, until then.

It runs beside the purger, on a connection of its own, since an index of vectors takes its time. INDEX_CLEANUP is on because PostgreSQL
would leave a few dead entries in the indexes, which is where the vectors are.

VACUUM makes room, it does not wipe it: what was there stays in the file until something else is written over it. Of ciphertext that may be;
of the keys it may not, so their small table is written anew, which leaves in its file what is alive and nothing else. Rows that an older
snapshot can see survive both (horizon.py): such a sweep is done again. What the log of changes holds goes by write_ahead_log.py.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final

import asyncpg

from assistant_gateway.retention import horizon
from assistant_gateway.retention.write_ahead_log import WriteAheadLog
from assistant_gateway.storage.errors import StoreError
from assistant_gateway.storage.store import Store

CONVERSATIONS: Final = ("data_keys", "items", "conversations")
DOCUMENTS: Final = ("data_keys", "chunks", "documents")
SWEEP_SECONDS: Final = 30.0
"""Shortest time from one sweep to the next."""
SHARE: Final = 9
"""A sweep is followed by so many times as long without one: a large store is not swept all the time."""
VACUUM_SECONDS: Final = 3600.0
KEYS: Final = "data_keys"
REWRITTEN_BYTES: Final = 32 * 1024 * 1024
"""Up to this size, some 250,000 records, the keys are written anew. Nobody reads a key meanwhile, so it must not take long ..."""
REWRITE_SHARE: Final = 1000
"""... and is followed by so many times as long without it."""
LOCK_MILLISECONDS: Final = 200
"""How long a rewrite waits for those who are at the keys; who comes later waits behind it."""

_SPACES: Final = "SELECT relname FROM pg_class WHERE relname ~ '^vectors_[0-9]+$' AND relkind = 'r' AND pg_table_is_visible(oid)"

logger = logging.getLogger(__name__)


class Sweeper:
    """Knows which tables something was removed from, and vacuums them."""

    def __init__(self, store: Store, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._monotonic = monotonic
        self._marked: set[str] = set()
        self._woken = asyncio.Event()
        self._log = WriteAheadLog(monotonic)
        self._next_rewrite = float("-inf")

    def mark(self, tables: tuple[str, ...]) -> None:
        """Say that something was removed from these tables; those of documents mean the tables of vectors as well."""
        self._marked.update(tables)
        self._woken.set()

    async def watch(self) -> None:
        """Sweep whenever there is something to sweep, for as long as the process lives."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            began = self._monotonic()
            try:
                await self.sweep()
            except StoreError:
                self._woken.set()  # what could not be swept is marked still
            await asyncio.sleep(max(SWEEP_SECONDS, SHARE * (self._monotonic() - began)))

    async def sweep(self) -> None:
        """Vacuum what is marked, and turn over the log that holds it; raises StoreError."""
        async with self._store.connection() as connection:
            if "chunks" in self._marked:
                self._marked.update(row["relname"] for row in await connection.fetch(_SPACES))
            is_final = not self._marked or await horizon.is_passed(connection)
            for table in sorted(self._marked, key=lambda table: (table != KEYS, table)):  # the keys first
                self._marked.discard(table)  # what is removed from it meanwhile marks it again
                await self._sweep(connection, table, is_final=is_final)
                if table == KEYS:  # at once: other tables may take long
                    await self._turn(connection)
            await self._turn(connection)

    async def _sweep(self, connection: asyncpg.Connection, table: str, *, is_final: bool) -> None:
        """Clean one table, and leave it marked unless that is all that there is to do."""
        is_clean = False
        try:
            is_clean = await self._vacuum(connection, table) and is_final
        finally:
            if is_clean:
                self._log.mark()
            else:
                self._marked.add(table)
                self._woken.set()

    async def _turn(self, connection: asyncpg.Connection) -> None:
        if not await self._log.turn(connection):
            self._woken.set()

    async def _vacuum(self, connection: asyncpg.Connection, table: str) -> bool:
        """Clean one table; return whether that is all that there is to do."""
        if table != KEYS or await connection.fetchval("SELECT pg_relation_size($1::regclass)", KEYS) > REWRITTEN_BYTES:
            await connection.execute(f"VACUUM (INDEX_CLEANUP ON) {table}", timeout=VACUUM_SECONDS)
            return True
        began = self._monotonic()
        if began < self._next_rewrite or not await _rewrite(connection):
            return False
        ended = self._monotonic()
        self._next_rewrite = ended + REWRITE_SHARE * (ended - began)
        return True


async def _rewrite(connection: asyncpg.Connection) -> bool:
    """Write the keys anew; return whether that was possible: without keeping others waiting, and with room for a copy."""
    await connection.execute(f"SET lock_timeout = {LOCK_MILLISECONDS}")
    try:
        await connection.execute(f"VACUUM (FULL) {KEYS}", timeout=VACUUM_SECONDS)
    except (asyncpg.LockNotAvailableError, asyncpg.DiskFullError):  # the other tables are vacuumed all the same: that makes room
        return False
    finally:
        await connection.execute("RESET lock_timeout")
    return True
