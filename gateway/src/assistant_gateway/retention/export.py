"""Everything that is held about a subject, as lines of JSON: conversations with their items, documents with their text.

It is read page by page, each page one statement with the key under which it was sealed, so that no transaction waits for a slow client. The
last line has the counts: without it, an export is not whole.
"""

# ruff: noqa: S608  the statements are put together from constants alone

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
import orjson

from assistant_gateway.conversations import ids
from assistant_gateway.conversations.sealed import Sealer
from assistant_gateway.conversations.statements import OPEN, within_bytes
from assistant_gateway.retention.expiry import TIME
from assistant_gateway.sealing.keys import DataKey
from assistant_gateway.storage.store import Store

PAGE: Final = 200

Line = dict[str, Any]

_CONVERSATIONS: Final = "SELECT id FROM conversations WHERE owner = $1 ORDER BY created_at, id"
# $1 to $3 as everywhere in conversations/statements.py, $4 the number after which the page begins, $5 how many.
_PAGE: Final = within_bytes(
    "seq, id, created_at, expires_at",
    f"SELECT * FROM items WHERE conversation = $1 AND seq > $4 AND expires_at - c.narrowed > {TIME} ORDER BY seq LIMIT $5",
)
_ITEMS: Final = f"""
    WITH c AS ({OPEN})
    SELECT c.*, i.seq, i.id, i.created_at AS written_at, i.expires_at - c.narrowed AS gone_at, i.sealed
    FROM c LEFT JOIN LATERAL ({_PAGE}) i ON true
"""

_DOCUMENTS: Final = "SELECT id FROM documents WHERE owner = $1 AND chunk_count > 0 ORDER BY created_at, id"
_CHUNKS: Final = f"""
    SELECT d.created_at, d.expires_at, d.head, k.kek, k.wrapped, c.seq, c.sealed
    FROM documents d JOIN data_keys k ON k.record = d.id LEFT JOIN LATERAL (
        SELECT seq, sealed FROM chunks WHERE document = $1 AND seq > $3 ORDER BY seq LIMIT $4) c ON true
    WHERE d.id = $1 AND d.owner = $2 AND (d.expires_at IS NULL OR d.expires_at > {TIME})
"""


class Export:
    """One subject's export."""

    def __init__(self, store: Store, subject: str, ttl_seconds: int | None) -> None:
        self.counts = {"conversations": 0, "items": 0, "documents": 0, "chunks": 0}
        self._store = store
        self._subject = subject
        self._owner = store.index.token("subject", subject)
        self._ttl = ttl_seconds or 0  # a policy that keeps no conversations: what there is still is about to be erased, and gone

    async def lines(self) -> AsyncIterator[bytes]:
        """Return the lines, a page of them at a time; raises StoreError."""
        conversations = await self._ids(_CONVERSATIONS)  # before the first line: a store that is away is seen before an answer begins
        yield _encoded([{"object": "export", "subject": self._subject}])
        for conversation in conversations:
            async for page in self._conversation(conversation):
                yield _encoded(page)
        for document in await self._ids(_DOCUMENTS):
            async for page in self._document(document):
                yield _encoded(page)
        yield _encoded([{"object": "export.end", "counts": self.counts}])

    async def _conversation(self, conversation: UUID) -> AsyncIterator[list[Line]]:
        last = -1
        while rows := await self._fetch(_ITEMS, conversation, self._owner, self._ttl, last, PAGE):
            sealer = Sealer.unwrapped(self._store.ring, conversation, rows[0])
            fitting = [row for row in rows if row["sealed"] is not None]
            items = [_item(sealer, row) for row in fitting]
            first = [_conversation(sealer, rows[0])] if last == -1 else []
            self.counts["conversations"] += len(first)
            self.counts["items"] += len(items)
            yield first + items
            if not fitting or len(fitting) == len(rows) < PAGE:
                return
            last = fitting[-1]["seq"]

    async def _document(self, document: UUID) -> AsyncIterator[list[Line]]:
        last = -1
        while rows := await self._fetch(_CHUNKS, document, self._owner, last, PAGE):
            key = DataKey(self._store.ring.unwrap(document, rows[0]["kek"], rows[0]["wrapped"]))
            chunks = [_chunk(key, document, row) for row in rows if row["seq"] is not None]
            first = [_document(key, document, rows[0])] if last == -1 else []
            self.counts["documents"] += len(first)
            self.counts["chunks"] += len(chunks)
            yield first + chunks
            if len(chunks) < PAGE:
                return
            last = rows[-1]["seq"]

    async def _ids(self, statement: str) -> list[UUID]:
        return [row["id"] for row in await self._fetch(statement, self._owner)]

    async def _fetch(self, statement: str, *values: object) -> list[asyncpg.Record]:
        async with self._store.connection() as connection:
            rows: list[asyncpg.Record] = await connection.fetch(statement, *values)
            return rows


def _conversation(sealer: Sealer, row: Mapping[str, Any]) -> Line:
    head = sealer.open_head(row["head"])
    return {
        "object": "conversation",
        "id": ids.of_conversation(sealer.conversation),
        **_times(row["created_at"], row["expires_at"]),
        **head,
    }


def _item(sealer: Sealer, row: Mapping[str, Any]) -> Line:
    shown = {"id": ids.of_item(row["id"]), **sealer.open_item(row["id"], row["sealed"])}
    times = _times(row["written_at"], row["gone_at"])
    return {"object": "conversation.item", "conversation": ids.of_conversation(sealer.conversation), **times, "item": shown}


def _document(key: DataKey, document: UUID, row: Mapping[str, Any]) -> Line:
    head = orjson.loads(key.open(row["head"], b"document" + document.bytes))
    return {"object": "document", "id": str(document), **_times(row["created_at"], row["expires_at"]), **head}


def _chunk(key: DataKey, document: UUID, row: Mapping[str, Any]) -> Line:
    text = key.open(row["sealed"], b"chunk" + document.bytes + row["seq"].to_bytes(4, "big")).decode()
    return {"object": "document.chunk", "document": str(document), "seq": row["seq"], "text": text}


def _times(created_at: datetime, expires_at: datetime | None) -> Line:
    return {"created_at": int(created_at.timestamp()), "expires_at": None if expires_at is None else int(expires_at.timestamp())}


def _encoded(lines: list[Line]) -> bytes:
    return b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in lines)
