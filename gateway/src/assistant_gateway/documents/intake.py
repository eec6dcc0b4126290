"""Takes a document in: read, masked where the policy says so, its text cut, embedded, sealed, and written in one transaction.

So it is there whole or not at all. Its row and key are there before: what is erased while it waits and is worked on is not kept.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID, uuid4

from assistant_gateway.documents import heads, pieces, redacted, rows
from assistant_gateway.documents.embedding import EmbeddingError
from assistant_gateway.documents.extract import MAX_TEXT, Extracted, Extractor
from assistant_gateway.documents.index import Index
from assistant_gateway.documents.pieces import Piece, Sealer
from assistant_gateway.documents.redacted import Brought
from assistant_gateway.documents.rows import NewDocument
from assistant_gateway.documents.spaces import Space
from assistant_gateway.errors import RefusalError
from assistant_gateway.sealing.keys import DataKey
from assistant_gateway.storage.errors import StoreError

AT_ONCE: Final = 2
"""Documents that are taken in at the same time: each is in memory as a whole, and the model works on one of them only."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a new document comes from, and who may read it."""

    acl: list[int]
    tag: bytes
    sha256: str
    subject: str | None = None
    groups: Sequence[str] = ()
    source: str | None = None
    locator: int | None = None
    found: Counter[str] = field(default_factory=Counter)
    """Counts what of it is masked."""


@dataclass(frozen=True, slots=True)
class _Reserved:
    """A document's row in the store, and the key that seals what is to be kept of it."""

    document: UUID
    key: DataKey


class Intake:
    """Takes documents in."""

    def __init__(self, index: Index, extractor: Extractor) -> None:
        self._index = index
        self._extractor = extractor
        self._room = asyncio.Semaphore(AT_ONCE)
        self._going: set[asyncio.Task[None]] = set()

    async def file(
        self, origin: Origin, name: str, media_type: str | None, data: bytes, metadata: dict[str, Any] | None = None
    ) -> tuple[UUID, int]:
        """Take in a file and return its id and count of pieces; raises RefusalError and StoreError."""
        async with self._reserved(origin) as reserved, self._room:
            return await self._take(reserved, origin, name, await self._extractor.text(data, name, media_type), metadata or {})

    async def text(self, origin: Origin, name: str, text: str, metadata: dict[str, Any]) -> tuple[UUID, int]:
        """Take in a text, as file() does."""
        if len(text.encode()) > MAX_TEXT:
            raise RefusalError("document_too_large", param="text")
        async with self._reserved(origin) as reserved, self._room:
            return await self._take(reserved, origin, name, Extracted("text/plain", text), metadata)

    @contextlib.asynccontextmanager
    async def _reserved(self, origin: Origin) -> AsyncIterator[_Reserved]:
        """Have the document's row and key written, and taken away again where the document does not get there; raises StoreError."""
        index = self._index
        reserved = _Reserved(uuid4(), DataKey.new())
        owner = None if origin.subject is None else index.store.index.token("subject", origin.subject)
        kek, wrapped = index.ring.wrap(reserved.document, reserved.key.raw)
        async with index.store.transaction() as connection:
            await rows.reserve(connection, reserved.document, owner, kek, wrapped)
        try:
            yield reserved
        except BaseException:
            going = asyncio.create_task(self._let_go(reserved.document))
            self._going.add(going)  # the loop itself keeps no task alive
            going.add_done_callback(self._going.discard)
            await asyncio.shield(going)
            raise

    async def _let_go(self, document: UUID) -> None:
        with contextlib.suppress(StoreError):  # it goes when it is due
            async with self._index.store.connection() as connection:
                await rows.let_go(connection, document)

    async def _take(self, reserved: _Reserved, origin: Origin, name: str, found: Extracted, metadata: dict[str, Any]) -> tuple[UUID, int]:
        index, document, key = self._index, reserved.document, reserved.key
        brought = Brought(found.text, name, metadata)
        shown = await redacted.masked(index.redaction, brought, origin.found)
        space, made = await self._pieces(shown.text, Sealer(document, key, index.lexemes))
        called = heads.called(name, metadata, shown.name, shown.metadata)
        known = {"subject": origin.subject, "mediaType": found.media_type, "groups": list(origin.groups), "sha256": origin.sha256}
        sealed = heads.seal(key, document, called | known)
        new = NewDocument(document, origin.source, origin.locator, origin.tag, origin.acl, index.ttl_seconds, sealed)
        async with index.store.transaction() as connection:
            if not await rows.complete(connection, space, new, made):
                raise RefusalError("erased_meanwhile")
        return document, len(made)

    async def _pieces(self, text: str, sealer: Sealer) -> tuple[Space, list[Piece]]:
        index = self._index
        try:
            space = await index.space()
            made = await pieces.make(text, index.rag.chunk, index.embedder, sealer)
        except EmbeddingError:
            raise RefusalError("embedding_failed") from None
        if not made:
            raise RefusalError("document_unreadable", "The document holds no text.", param="file")
        if any(len(piece.vector) != space.dimensions for piece in made):
            raise RefusalError("embedding_failed")
        return space, made
