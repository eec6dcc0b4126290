"""What was removed stands in the server's write-ahead log too, until the segments in which it was written are gone.

A switch begins a new segment, and the checkpoint after it is what the server would start from: it needs nothing older, and removes it. The
managed store deletes such segments (`wal_recycle` is off there); a server that recycles them gives them another name and keeps what they
hold until something is written over it. An external store's role may often do neither: its administrator decides about its log
(docs/memory.md).
"""

import logging
import time
from collections.abc import Callable
from typing import Final

import asyncpg

TURN_SECONDS: Final = 60.0
"""Shortest time from one turn to the next: each costs a segment, and full pages of what is written after it."""
CHECKPOINT_SECONDS: Final = 600.0

# PostgreSQL stops, and may not start again, where there is no room for a new segment: so much is taken first, and given back. Rows of this
# size are neither compressed nor stored elsewhere.
_ROOM: Final = """
    CREATE TEMPORARY TABLE room ON COMMIT DROP AS
    SELECT repeat('-', 1900) FROM generate_series(1, pg_size_bytes(current_setting('wal_segment_size')) / 1024)
"""
_MAY: Final = "SELECT has_function_privilege('pg_switch_wal()', 'EXECUTE') AND pg_has_role('pg_checkpoint', 'USAGE')"

logger = logging.getLogger(__name__)


class WriteAheadLog:
    """Turns the log over, once for all that was removed meanwhile."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._is_marked = False
        self._next = float("-inf")
        self._told: str | None = None

    def mark(self) -> None:
        """Say that the log holds what was removed."""
        self._is_marked = True

    async def turn(self, connection: asyncpg.Connection) -> bool:
        """Leave the marked segments behind if it is time to; return whether nothing is left to do. Raises what the connection does."""
        if not self._is_marked:
            return True
        if self._monotonic() < self._next:
            return False
        if await connection.fetchval(_MAY):  # one that is not asked first would be an error in the server's log each time
            if not await _is_room(connection):
                self._tell("The store has no room for a new segment of its write-ahead log: destroyed keys stay in it meanwhile.")
                return False
            await connection.execute("SELECT pg_switch_wal()")
            await connection.execute("CHECKPOINT", timeout=CHECKPOINT_SECONDS)
            self._told = None
        else:
            self._tell("The store's role may not turn over the write-ahead log: destroyed keys are in it until the server recycles it.")
        self._is_marked = False
        self._next = self._monotonic() + TURN_SECONDS
        return True

    def _tell(self, message: str) -> None:
        if message != self._told:
            logger.info(message)
        self._told = message


async def _is_room(connection: asyncpg.Connection) -> bool:
    """Say whether there is room for two segments."""
    try:
        async with connection.transaction():
            await connection.execute(_ROOM)
    except asyncpg.DiskFullError:
        return False
    return True
