"""Conversations that the assistant keeps: made, read, added to, always by their owner and within their ttl.

routes.py offers them as OpenAI's Conversations API; a chat that names a conversation reads `history` and calls `append`. What ends them is
retention/'s.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from assistant_gateway.auth import Identity
from assistant_gateway.conversations import ids, messages, shapes, statements
from assistant_gateway.conversations.messages import Message
from assistant_gateway.conversations.paging import Page
from assistant_gateway.conversations.sealed import Sealer
from assistant_gateway.conversations.shapes import Item
from assistant_gateway.errors import RefusalError
from assistant_gateway.retention import rekey
from assistant_gateway.sealing.keys import DataKey
from assistant_gateway.snapshot import Current
from assistant_gateway.storage.store import Store

Resource = dict[str, Any]


class Conversations:
    """What the store holds of conversations, for one identity at a time."""

    def __init__(self, store: Store, current: Current) -> None:
        self._store = store
        self._current = current

    async def create(self, identity: Identity, items: Sequence[Item], metadata: Mapping[str, str], ttl_seconds: int | None) -> Resource:
        """Make a conversation and return it as its owner sees it; raises RefusalError."""
        ttl = self._allowed
        if ttl_seconds is not None:
            if ttl_seconds > ttl:
                message = f"The field 'ttl_seconds' may ask for less than this assistant keeps, not for more: {ttl} seconds."
                raise RefusalError("retention_not_allowed", message, param="ttl_seconds")
            ttl = ttl_seconds
        sealer = Sealer(uuid4(), DataKey.new())
        kek, wrapped = self._store.ring.wrap(sealer.conversation, sealer.key.raw)
        head = sealer.seal_head(identity.subject, metadata)
        async with self._store.transaction() as connection:
            row = await connection.fetchrow(statements.CREATE, sealer.conversation, self._owner(identity), ttl, kek, wrapped, head)
            if items:
                await _append(connection, sealer, items)
        return _resource(sealer.conversation, row, metadata)

    async def retrieve(self, identity: Identity, conversation: UUID) -> Resource:
        """Return the conversation; raises RefusalError."""
        async with self._store.connection() as connection:
            row = await connection.fetchrow(statements.OPEN, *self._bound(identity, conversation))
        return _resource(conversation, row, self._sealer(conversation, row).open_head(row["head"])["metadata"])

    async def update(self, identity: Identity, conversation: UUID, metadata: Mapping[str, str]) -> Resource:
        """Replace the metadata and return the conversation; raises RefusalError."""
        async with self._store.transaction() as connection:
            row = await connection.fetchrow(statements.LOCK, *self._bound(identity, conversation))
            head = self._sealer(conversation, row).seal_head(identity.subject, metadata)
            await connection.execute(statements.UPDATE_HEAD, conversation, head)
        return _resource(conversation, row, metadata)

    async def items(self, identity: Identity, conversation: UUID, page: Page) -> Resource:
        """Return a page of the conversation's items, fewer than asked for where they are large; raises RefusalError."""
        statement = statements.LIST_ASCENDING if page.ascending else statements.LIST_DESCENDING
        async with self._store.connection() as connection:
            rows = await connection.fetch(statement, *self._bound(identity, conversation), page.after, page.limit + 1)
        sealer = self._sealer(conversation, rows[0] if rows and rows[0]["found"] else None)
        found = [row for row in rows if row["id"]]
        fitting = [row for row in found[: page.limit] if row["sealed"] is not None]
        shown = [_shown(row["id"], sealer.open_item(row["id"], row["sealed"])) for row in fitting]
        return _list(shown, has_more=len(found) > len(shown))

    async def item(self, identity: Identity, conversation: UUID, item: UUID) -> Resource:
        """Return one item; raises RefusalError."""
        async with self._store.connection() as connection:
            row = await connection.fetchrow(statements.ITEM, *self._bound(identity, conversation), item)
        return _shown(item, self._sealer(conversation, row).open_item(item, row["sealed"]))

    async def add(self, identity: Identity, conversation: UUID, items: Sequence[Item]) -> Resource:
        """Add items at the conversation's end and return them; raises RefusalError."""
        async with self._store.transaction() as connection:
            row = await connection.fetchrow(statements.LOCK, *self._bound(identity, conversation))
            added = await _append(connection, self._sealer(conversation, row), items)
        return _list([_shown(id, item) for id, item in zip(added, items, strict=True)], has_more=False)

    async def delete_item(self, identity: Identity, conversation: UUID, item: UUID) -> Resource:
        """Erase one item, and the key under which it was sealed; return the conversation. Raises RefusalError."""
        async with self._store.transaction() as connection:
            row = await connection.fetchrow(statements.LOCK, *self._bound(identity, conversation))
            sealer = self._sealer(conversation, row)
            if await connection.fetchval(statements.ITEM, *self._bound(identity, conversation), item) is None:
                raise RefusalError("not_found")
            await rekey.without_item(connection, self._store.ring, conversation, item)
        return _resource(conversation, row, sealer.open_head(row["head"])["metadata"])

    async def history(self, identity: Identity, conversation: UUID, limit_bytes: int) -> list[Message]:
        """Return all messages, the oldest first; raises RefusalError, also where they are too long: none is left out in silence."""
        async with self._store.connection() as connection:
            rows = await connection.fetch(statements.HISTORY, *self._bound(identity, conversation), limit_bytes)
        sealer = self._sealer(conversation, rows[0] if rows else None)
        if rows[0]["bytes"] > limit_bytes:
            raise RefusalError("conversation_too_long", param="conversation")
        return messages.of_items(sealer.open_item(row["id"], row["sealed"]) for row in rows if row["id"])

    async def append(self, identity: Identity, conversation: UUID, items: Iterable[Mapping[str, Any]]) -> None:
        """Add the messages of a chat, or items; they are on the store's disk when this returns. Raises RefusalError."""
        kept = [item for one in items for item in shapes.kept(one)]
        if kept:
            await self.add(identity, conversation, kept)

    @property
    def _allowed(self) -> int:
        """The ttl that the policy allows now."""
        ttl = self._current.snapshot.policy.retention.conversations.ttl_seconds
        if ttl is None:
            raise RefusalError("conversations_not_kept")
        return ttl

    def _owner(self, identity: Identity) -> int:
        return self._store.index.token("subject", identity.subject)

    def _bound(self, identity: Identity, conversation: UUID) -> tuple[UUID, int, int]:
        """Return what binds a statement to the owner and the ttl."""
        return conversation, self._owner(identity), self._allowed

    def _sealer(self, conversation: UUID, row: Mapping[str, Any] | None) -> Sealer:
        """Return what opens the conversation; raises RefusalError where there is none that its owner may see."""
        if row is None:
            raise RefusalError("not_found")
        return Sealer.unwrapped(self._store.ring, conversation, row)


async def _append(connection: asyncpg.Connection, sealer: Sealer, items: Sequence[Item]) -> list[UUID]:
    added = [uuid4() for _ in items]
    sealed = [sealer.seal_item(id, item) for id, item in zip(added, items, strict=True)]
    await connection.execute(statements.APPEND, sealer.conversation, added, sealed)
    return added


def _resource(conversation: UUID, row: Mapping[str, Any], metadata: Mapping[str, str]) -> Resource:
    """Return the conversation as OpenAI shows it, and how long it is kept."""
    return {
        "id": ids.of_conversation(conversation),
        "object": "conversation",
        "created_at": int(row["created_at"].timestamp()),
        "metadata": metadata,
        "ttl_seconds": row["ttl_seconds"],
        "expires_at": int(row["expires_at"].timestamp()),
    }


def _shown(id: UUID, item: Item) -> Resource:
    return {"id": ids.of_item(id), **item}


def _list(shown: list[Resource], has_more: bool) -> Resource:
    first, last = (shown[0]["id"], shown[-1]["id"]) if shown else (None, None)
    return {"object": "list", "data": shown, "first_id": first, "last_id": last, "has_more": has_more}
