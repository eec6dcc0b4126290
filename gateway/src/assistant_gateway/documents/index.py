"""The embedding model in force and its table of vectors: what storing and searching documents both need first."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from assistant_gateway.documents import heads, rows, spaces
from assistant_gateway.documents.embedding import Embedder, EmbeddingError
from assistant_gateway.documents.spaces import Space
from assistant_gateway.documents.terms import Lexemes
from assistant_gateway.errors import RefusalError
from assistant_gateway.neighbours.upstream import Upstream
from assistant_gateway.policy import RagPolicy
from assistant_gateway.snapshot import Current

if TYPE_CHECKING:
    from asyncpg import Record

    from assistant_gateway.redaction.service import Redaction
    from assistant_gateway.sealing.keys import IndexKey
    from assistant_gateway.sealing.ring import KeyRing
    from assistant_gateway.storage.store import Store

PROBE = "dimensions"
"""What is embedded to learn how long the model's vectors are."""
PAGE: Final = 500
"""Heads that are in memory at a time while documents are listed: each may hold some kilobytes of metadata."""


class Index:
    """Everything that documents are stored with and found by."""

    def __init__(self, store: "Store", ring: "KeyRing", current: Current, upstream: Upstream) -> None:
        self.store = store
        self.ring = ring
        self._current = current
        self._upstream = upstream
        self._opened: tuple[str, Space] | None = None
        self._lexemes: tuple[IndexKey, Lexemes] | None = None

    @property
    def configured(self) -> RagPolicy | None:
        """The policy for documents; None where the assistant has none."""
        return self._current.snapshot.policy.rag

    @property
    def rag(self) -> RagPolicy:
        """The policy for documents; raises RefusalError where the assistant has none."""
        rag = self.configured
        if rag is None:
            raise RefusalError("documents_not_configured")
        return rag

    @property
    def redaction(self) -> "Redaction | None":
        """What masks texts before they are embedded and stored; None where nothing does."""
        return self._current.snapshot.redaction

    @property
    def ttl_seconds(self) -> int | None:
        """How long documents are kept."""
        return self._current.snapshot.policy.retention.documents.ttl_seconds

    @property
    def lexemes(self) -> Lexemes:
        """Words to lexemes; there once the store has started."""
        key = self.store.index
        if self._lexemes is None or self._lexemes[0] is not key:  # another one: the store was restored, or made anew
            self._lexemes = key, Lexemes(key)
        return self._lexemes[1]

    @property
    def embedder(self) -> Embedder:
        return Embedder(self._upstream, self.rag.embedding.name)

    async def space(self) -> Space:
        """Return the space of the model in force; raises StoreError or EmbeddingError."""
        digest = self.rag.embedding.digest
        if self._opened is None or self._opened[0] != digest:
            dimensions = len((await self.embedder.embed([PROBE]))[0])
            async with self.store.transaction() as connection:
                self._opened = digest, await spaces.open_space(connection, digest, dimensions)
            if self._opened[1].dimensions != dimensions:
                self._opened = None
                raise EmbeddingError  # the model server does not have the model that the policy names
        return self._opened[1]

    async def look_again(self) -> Space:
        """Return the space as another gateway may have left it; raises like space().

        One that was there and is gone is not made again: another gateway, with a newer policy, serves another model's space by now, and
        the two would drop each other's for ever.
        """
        await self.space()
        digest = self.rag.embedding.digest
        async with self.store.connection() as connection:
            found = await spaces.find_space(connection, digest)
            is_others = found is None and await spaces.is_there_any(connection)
        if is_others:
            raise EmbeddingError
        if found is None:  # nobody's: the store was made anew
            self._opened = None
            return await self.space()
        self._opened = digest, found
        return found

    async def heads(self, documents: Sequence[UUID]) -> "AsyncIterator[list[tuple[Record, dict[str, Any] | None]]]":
        """Return rows and heads of those documents that are still there, a page at a time; None for a damaged head. Raises StoreError."""
        for start in range(0, len(documents), PAGE):
            async with self.store.connection() as connection:
                found = await rows.heads(connection, documents[start : start + PAGE])
            yield await asyncio.to_thread(self._opened_heads, found)

    def _opened_heads(self, found: "list[Record]") -> "list[tuple[Record, dict[str, Any] | None]]":
        return [(row, heads.opened(self.ring, row)) for row in found]
