"""The assistant's documents, as the rest of the gateway knows them: uploads, lists, and what keeps the store in step with the policy.

Documents of sources are sources.py's, taking in is intake.py's, the vectors' tables are rebuild.py's.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from assistant_gateway.auth import Identity
from assistant_gateway.documents import access, heads, rows
from assistant_gateway.documents.extract import Extractor
from assistant_gateway.documents.index import Index
from assistant_gateway.documents.intake import Intake, Origin
from assistant_gateway.documents.rebuild import Rebuild
from assistant_gateway.documents.sources import Sources
from assistant_gateway.errors import RefusalError

if TYPE_CHECKING:
    from asyncpg import Record


@dataclass(frozen=True, slots=True)
class Document:
    """A document as lists name it."""

    id: UUID
    file_name: str | None
    metadata: dict[str, Any]


class Library:
    """The assistant's documents."""

    def __init__(self, index: Index, extractor: Extractor) -> None:
        self._index = index
        self._intake = Intake(index, extractor)
        self.sources = Sources(index, self._intake)
        self.rebuild = Rebuild(index)

    async def upload_file(
        self,
        identity: Identity,
        name: str,
        media_type: str | None,
        data: bytes,
        metadata: dict[str, Any],
        groups: Sequence[str] = (),
        found: Counter[str] | None = None,
    ) -> Document:
        """Take in a file that a client sent, `found` counting what of it is masked; raises RefusalError and StoreError."""
        document, _ = await self._intake.file(self._origin(identity, data, groups, found), name, media_type, data, metadata)
        return Document(document, name, metadata)

    async def upload_text(
        self,
        identity: Identity,
        name: str,
        text: str,
        metadata: dict[str, Any],
        groups: Sequence[str] = (),
        found: Counter[str] | None = None,
    ) -> Document:
        """Take in a text, as upload_file() does."""
        document, _ = await self._intake.text(self._origin(identity, text.encode(), groups, found), name, text, metadata)
        return Document(document, name, metadata)

    async def pages(self, identity: Identity) -> AsyncIterator[Sequence[Document]]:
        """Return the documents that a key may read, a page at a time, the oldest first; raises StoreError.

        A damaged one is there by its id alone: so it can be deleted.
        """
        readers = access.of_reader(self._index.store.index, identity, self._index.rag)
        async with self._index.store.connection() as connection:
            readable = await rows.readable(connection, readers)
        async for page in self._index.heads(readable):
            yield [_document(row, head, identity.subject) for row, head in page]

    async def owns(self, identity: Identity, document: UUID) -> bool:
        """Say whether the key's subject uploaded a document; raises StoreError."""
        owner = self._index.store.index.token("subject", identity.subject)
        async with self._index.store.connection() as connection:
            return await rows.is_owned(connection, document, owner)

    async def watch(self, seconds: float) -> None:
        """Keep the vectors complete and the store free of what left the policy, for as long as the process lives."""
        await asyncio.gather(self.rebuild.watch(seconds), self.sources.watch(seconds))

    async def status(self) -> dict[str, Any]:
        """Return `sources` and `index` of the gateway's status; raises StoreError."""
        return {"sources": await self.sources.status(), "index": await self.rebuild.status()}

    def _origin(self, identity: Identity, data: bytes, groups: Sequence[str], found: Counter[str] | None) -> Origin:
        """Return an upload's origin; raises RefusalError where it is shared with others than the key's own groups."""
        if not set(groups) <= set(identity.groups):
            raise RefusalError("wrong_role", "A document can be shared with the API key's own groups only.", param="metadata")
        index = self._index.store.index
        acl = access.of_upload(index, identity.subject, groups)
        counts = Counter() if found is None else found
        return Origin(acl, index.tag(data), hashlib.sha256(data).hexdigest(), subject=identity.subject, groups=groups, found=counts)


def _document(row: "Record", head: dict[str, Any] | None, reader: str) -> Document:
    return Document(row["id"], None, {}) if head is None else Document(row["id"], *heads.shown_to(head, reader))
