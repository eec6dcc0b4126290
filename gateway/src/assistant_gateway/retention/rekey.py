"""What remains of a conversation gets a new key when something of it goes, so that the key under which that was sealed is gone with it.

The caller's transaction has locked the conversation: nobody adds to it meanwhile, and readers see it as it was until the commit.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from assistant_gateway.conversations.sealed import Sealer
from assistant_gateway.conversations.statements import within_bytes
from assistant_gateway.retention.counted import counted
from assistant_gateway.sealing.errors import KeyMissingError, SealBrokenError
from assistant_gateway.sealing.keys import DataKey
from assistant_gateway.sealing.ring import KeyRing

BATCH: Final = 500

_DELETE_ITEM: Final = "DELETE FROM items WHERE conversation = $1 AND id = $2"
_DELETE_DUE: Final = "DELETE FROM items WHERE conversation = $1 AND expires_at <= $2"
_KEY: Final = "SELECT k.kek, k.wrapped, c.head FROM data_keys k JOIN conversations c ON c.id = k.record WHERE k.record = $1 FOR UPDATE OF k"
_SET_KEY: Final = "UPDATE data_keys SET kek = $2, wrapped = $3 WHERE record = $1"
_SET_HEAD: Final = "UPDATE conversations SET head = $2 WHERE id = $1"
_ITEMS: Final = within_bytes(
    "place, seq, id", "SELECT ctid AS place, seq, id, sealed FROM items WHERE conversation = $1 AND seq > $2 ORDER BY seq LIMIT $3"
)
# By the rows' places, which the lock on the conversation keeps: no plan for this compares every item with every other.
_SET_ITEMS: Final = """
    UPDATE items SET sealed = new.sealed FROM unnest($1::tid[], $2::bytea[]) AS new (place, sealed) WHERE items.ctid = new.place
"""


async def without_item(connection: asyncpg.Connection, ring: KeyRing, conversation: UUID, item: UUID) -> int:
    """Take one item out of the conversation; return how many went."""
    return await _rekeyed(connection, ring, conversation, counted(await connection.execute(_DELETE_ITEM, conversation, item)))


async def without_due(connection: asyncpg.Connection, ring: KeyRing, conversation: UUID, time: datetime) -> int:
    """Take out of the conversation what is due at this time; return how many items went."""
    return await _rekeyed(connection, ring, conversation, counted(await connection.execute(_DELETE_DUE, conversation, time)))


async def _rekeyed(connection: asyncpg.Connection, ring: KeyRing, conversation: UUID, gone: int) -> int:
    row = await connection.fetchrow(_KEY, conversation) if gone else None
    if row is None:
        return gone
    try:
        old = Sealer.unwrapped(ring, conversation, row)
        head = old.open_head(row["head"])
    except (KeyMissingError, SealBrokenError):
        return gone  # nobody can read the conversation as it is; what is due goes all the same
    new = Sealer(conversation, DataKey.new())
    await connection.execute(_SET_KEY, conversation, *ring.wrap(conversation, new.key.raw))
    await connection.execute(_SET_HEAD, conversation, new.seal_head(head["subject"], head["metadata"]))
    last = -1
    while rows := await connection.fetch(_ITEMS, conversation, last, BATCH):
        fitting = [row for row in rows if row["sealed"] is not None]
        last = fitting[-1]["seq"]
        await connection.execute(_SET_ITEMS, *_resealed(old, new, fitting))
    return gone


def _resealed(old: Sealer, new: Sealer, rows: list[asyncpg.Record]) -> tuple[list[tuple[int, int]], list[bytes]]:
    places, sealed = [], []
    for row in rows:
        try:
            item = old.open_item(row["id"], row["sealed"])
        except SealBrokenError:
            continue  # damaged, so nobody can read it, under whichever key; it must not keep the others from their expiry
        places.append(row["place"])
        sealed.append(new.seal_item(row["id"], item))
    return places, sealed
