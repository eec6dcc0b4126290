"""Removes rows whose keys are gone, in statements and transactions of bounded size, however much hangs on a conversation or a document.

More than one may be at it for the same rows: each takes what nobody else holds, so each row is removed, and counted, once.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from assistant_gateway.retention.counted import counted
from assistant_gateway.storage.store import Store

BATCH: Final = 5000
"""Items or chunks in one statement; each chunk has its vector."""

# By the rows' places, which are theirs while they are locked: no plan that a server with old statistics might choose reads whole tables.
_ITEMS: Final = """
    DELETE FROM items WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM items WHERE conversation = ANY($1::uuid[]) LIMIT $2 FOR UPDATE SKIP LOCKED))
"""
_CHUNKS: Final = """
    DELETE FROM chunks WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM chunks WHERE document = ANY($1::uuid[]) LIMIT $2 FOR UPDATE SKIP LOCKED))
"""
_CONVERSATIONS: Final = "DELETE FROM conversations WHERE id = ANY($1::uuid[])"
# A purge leaves a conversation whose items another purge is removing, and would have to count, to that one.
_EMPTY_CONVERSATIONS: Final = f"{_CONVERSATIONS} AND NOT EXISTS (SELECT FROM items WHERE conversation = conversations.id)"
_DOCUMENTS: Final = "DELETE FROM documents WHERE id = ANY($1::uuid[])"
_COUNT: Final = "UPDATE purges SET purged = purged + $1"


async def conversations(store: Store, gone: Sequence[UUID], *, as_purge: bool = False) -> int:
    """Remove conversations and their items; return how many rows that were, and add them to the purge's count if it is one."""
    items = 0
    while batch := await _execute(store, _ITEMS, gone, BATCH, as_purge=as_purge):
        items += batch
    return items + await _execute(store, _EMPTY_CONVERSATIONS if as_purge else _CONVERSATIONS, gone, as_purge=as_purge)


async def documents(store: Store, gone: Sequence[UUID], *, as_purge: bool = False) -> int:
    """Remove documents with their chunks and vectors; return how many documents that were, and add them to the purge's count."""
    while await _execute(store, _CHUNKS, gone, BATCH):
        pass
    return await _execute(store, _DOCUMENTS, gone, as_purge=as_purge)


async def _execute(store: Store, statement: str, *values: object, as_purge: bool = False) -> int:
    async with store.transaction() as connection:
        removed = counted(await connection.execute(statement, *values))
        if as_purge and removed:
            await connection.execute(_COUNT, removed)
    return removed
