"""Who can still see what was removed.

VACUUM keeps a row for as long as an older snapshot may look at it, also where it writes the table anew. Such snapshots are long
transactions', e.g. of pg_dump or of an index that is made. A role is told nothing of other roles' sessions unless it is a member of
pg_read_all_stats, as the managed store's is.
"""

import asyncio
from typing import Final

import asyncpg

LOOKS: Final = 20
PAUSE_SECONDS: Final = 0.1
"""Requests end within a few of these pauses; what takes longer is looked for again with the next sweep."""

_NEXT: Final = "SELECT pg_snapshot_xmax(pg_current_snapshot())::xid"
# Ages, since transactions' numbers start again at their end. A session between two statements has no snapshot, but its number counts.
_IS_SEEN: Final = """
    SELECT EXISTS (
        SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
            AND greatest(age(backend_xmin), age(backend_xid)) > age($1::xid))
"""


async def is_passed(connection: asyncpg.Connection) -> bool:
    """Wait a little until nobody can see what was removed before this call; return whether that is so."""
    next_transaction = await connection.fetchval(_NEXT)
    for look in range(LOOKS):
        if not await connection.fetchval(_IS_SEEN, next_transaction):
            return True
        if look < LOOKS - 1:
            await asyncio.sleep(PAUSE_SECONDS)
    return False
