"""A policy that keeps less than before counts for what is kept already; one that keeps more does not.

In batches, each of which locks its rows in the order of their ids first and looks at what hangs on them then: an item that was added
while the lock was waited for is seen.
"""

# ruff: noqa: S608  the statements are put together from constants alone

import itertools
from typing import Final

import asyncpg

from assistant_gateway.policy import RetentionPolicy
from assistant_gateway.retention.expiry import TIME
from assistant_gateway.storage.store import Store

BATCH: Final = 50
"""Conversations, or documents, in one transaction."""
ITEMS: Final = 5000
"""Items in one transaction, unless a single conversation has more."""
ITEMS_SECONDS: Final = 600.0

_WIDER: Final = "SELECT id, ttl_seconds - $1 AS surplus, next_seq FROM conversations WHERE ttl_seconds > $1 ORDER BY id LIMIT $2 FOR UPDATE"
# No earlier than now: it was not due before, so nobody is late with it.
_EARLIER: Final = f"least(t.expires_at, greatest(t.expires_at - make_interval(secs => wider.surplus), {TIME}))"
_ITEMS: Final = f"""
    UPDATE items t SET expires_at = {_EARLIER} FROM unnest($1::uuid[], $2::bigint[]) AS wider (id, surplus) WHERE t.conversation = wider.id
"""
_CONVERSATIONS: Final = f"""
    UPDATE conversations t SET ttl_seconds = t.ttl_seconds - wider.surplus, expires_at = {_EARLIER}
    FROM unnest($1::uuid[], $2::bigint[]) AS wider (id, surplus) WHERE t.id = wider.id
"""

_KEPT: Final = f"SELECT id FROM conversations WHERE expires_at > {TIME} ORDER BY id LIMIT $1 FOR UPDATE"
_KEYS: Final = "DELETE FROM data_keys WHERE record = ANY($1::uuid[])"
_END: Final = f"UPDATE conversations SET expires_at = least(expires_at, {TIME}) WHERE id = ANY($1::uuid[])"

_DOCUMENTS: Final = f"""
    UPDATE documents SET expires_at = least(expires_at, greatest(created_at + make_interval(secs => $1::bigint), {TIME}))
    WHERE id IN (
        SELECT id FROM documents
        WHERE chunk_count > 0 AND (expires_at IS NULL OR expires_at > greatest(created_at + make_interval(secs => $1::bigint), {TIME}))
        ORDER BY id LIMIT $2 FOR UPDATE)
"""


async def narrow(store: Store, retention: RetentionPolicy) -> None:
    """Shorten what the policy does not let live as long as it was to; raises StoreError."""
    conversations = retention.conversations
    while await (_end(store) if conversations.ttl_seconds is None else _shorten(store, conversations.ttl_seconds)):
        pass
    if (ttl := retention.documents.ttl_seconds) is not None:
        while await _documents(store, ttl):
            pass


async def _shorten(store: Store, ttl: int) -> bool:
    async with store.transaction() as connection:
        wider = _few(await connection.fetch(_WIDER, ttl, BATCH))
        columns = [row["id"] for row in wider], [row["surplus"] for row in wider]
        if wider:
            await connection.execute(_ITEMS, *columns, timeout=ITEMS_SECONDS)
            await connection.execute(_CONVERSATIONS, *columns)
    return bool(wider)


def _few(rows: list[asyncpg.Record]) -> list[asyncpg.Record]:
    """Return the first rows, as many as have a bounded number of items together, and at least one."""
    sizes = itertools.accumulate(row["next_seq"] for row in rows)
    return [row for row, size in zip(rows, sizes, strict=True) if size <= ITEMS] or rows[:1]


async def _end(store: Store) -> bool:
    """Nothing is kept any more: keys go at once, the rows with the purge that follows."""
    async with store.transaction() as connection:
        kept = [row["id"] for row in await connection.fetch(_KEPT, BATCH)]
        if kept:
            await connection.execute(_KEYS, kept)
            await connection.execute(_END, kept)
    return bool(kept)


async def _documents(store: Store, ttl: int) -> bool:
    async with store.transaction() as connection:
        return bool(await connection.fetchval(f"WITH shorter AS ({_DOCUMENTS} RETURNING 1) SELECT count(*) FROM shorter", ttl, BATCH))
