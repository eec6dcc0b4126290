"""Erasure on demand: of a conversation, a document, everything of a subject, or everything.

The keys go first, in a transaction of their own: once it is committed nobody can read what they sealed, whatever happens next. What was
doomed is also due from then on, so if this process ends before the rows are gone, the next purge removes them. Where the store is lost in
between, whoever asked gets no receipt; that keys were destroyed, and whose, stands in a record all the same.
"""

# ruff: noqa: S608  the statements are put together from constants alone

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from dataclasses import asdict, astuple, dataclass, replace
from datetime import datetime
from typing import Any, Final, Self
from uuid import UUID, uuid4

import asyncpg

from assistant_gateway.auth import Identity
from assistant_gateway.conversations import ids
from assistant_gateway.errors import RefusalError
from assistant_gateway.record import Records
from assistant_gateway.retention import removal
from assistant_gateway.retention.expiry import TIME
from assistant_gateway.retention.sweep import CONVERSATIONS, DOCUMENTS, Sweeper
from assistant_gateway.storage.errors import StoreError
from assistant_gateway.storage.store import Store

BATCH: Final = 500

# The rows are locked in the order of their ids before anything is counted: nothing is added to them any more.
_CONVERSATION: Final = f"SELECT id FROM conversations WHERE id = $1 AND owner = $2 AND expires_at > {TIME} FOR UPDATE"
_CONVERSATIONS_OF: Final = "SELECT id FROM conversations WHERE owner = $1 ORDER BY id FOR UPDATE"
_CONVERSATIONS_AFTER: Final = "SELECT id FROM conversations WHERE id > $1 ORDER BY id LIMIT $2 FOR UPDATE"
_DOCUMENT: Final = f"SELECT id FROM documents WHERE id = $1 AND (expires_at IS NULL OR expires_at > {TIME}) FOR UPDATE"
_DOCUMENTS_OF: Final = "SELECT id FROM documents WHERE owner = $1 ORDER BY id FOR UPDATE"
_DOCUMENTS_AFTER: Final = "SELECT id FROM documents WHERE id > $1 ORDER BY id LIMIT $2 FOR UPDATE"

_KEYS: Final = "DELETE FROM data_keys WHERE record = ANY($1::uuid[]) RETURNING record"
_DOOM_CONVERSATIONS: Final = f"UPDATE conversations SET expires_at = least(expires_at, {TIME}) WHERE id = ANY($1::uuid[])"
_DOOM_DOCUMENTS: Final = f"UPDATE documents SET expires_at = least(expires_at, {TIME}) WHERE id = ANY($1::uuid[])"
_ITEMS: Final = "SELECT count(*) FROM items WHERE conversation = ANY($1::uuid[])"
_RUNS: Final = "DELETE FROM source_runs"
_CHUNKS: Final = "SELECT count(*) FROM chunks WHERE document = ANY($1::uuid[])"


@dataclass(frozen=True, slots=True)
class Counts:
    """How many rows an erasure took: each row is in one receipt, also where two gateways erase at once."""

    conversations: int
    items: int
    documents: int
    chunks: int
    keys: int

    def __add__(self, other: Self) -> "Counts":
        return Counts(*(one + another for one, another in zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was erased, when, and how much: never what it held."""

    kind: str
    erased: str
    """The id of the conversation or document, the subject, or the assistant's name."""
    counts: Counts
    id: str
    returning: Sequence[str] = ()
    """Sources whose documents the next ingestion brings back: what is to stay away has to leave the source."""
    completed_at: datetime | None = None
    """None, in a record alone: the keys are destroyed, and the rows go with a later purge."""

    def shown(self) -> dict[str, Any]:
        """Return the receipt as a client and the audit record get it."""
        shown: dict[str, Any] = {
            "id": self.id,
            "object": "erasure.receipt",
            "kind": self.kind,
            "subject" if self.kind == "subject" else self.kind: self.erased,
            "completed_at": _time(self.completed_at),
            "counts": asdict(self.counts),
        }
        return shown | {"returning_sources": list(self.returning)} if self.kind == "assistant" else shown


@dataclass(frozen=True, slots=True)
class _Doomed:
    """What has no key any more, and how much hangs on it."""

    conversations: Sequence[UUID]
    documents: Sequence[UUID]
    counts: Counts

    def __add__(self, other: Self) -> "_Doomed":
        return _Doomed([*self.conversations, *other.conversations], [*self.documents, *other.documents], self.counts + other.counts)


NONE: Final = _Doomed([], [], Counts(0, 0, 0, 0, 0))


class Eraser:
    """Erases, and leaves a record of each erasure."""

    def __init__(self, store: Store, records: Records, sweeper: Sweeper) -> None:
        self._store = store
        self.records = records
        self._sweeper = sweeper
        self._working: set[asyncio.Task[Receipt]] = set()

    async def conversation(self, identity: Identity, conversation: UUID) -> Receipt:
        """Erase one of the identity's conversations; raises RefusalError and StoreError."""
        return await self._to_its_end(self._conversation(identity, conversation))

    async def document(self, document: UUID) -> Receipt:
        """Erase a document whose owner asks; raises RefusalError and StoreError."""
        return await self._to_its_end(self._document(document))

    async def subject(self, subject: str) -> Receipt:
        """Erase all that is the subject's; raises StoreError."""
        return await self._to_its_end(self._subject(subject))

    async def assistant(self, name: str, sources: Sequence[str]) -> Receipt:
        """Erase all that is kept, and what is noted of the sources' runs; raises StoreError. What is written meanwhile may stay."""
        return await self._to_its_end(self._assistant(name, sources))

    def sweep_conversations(self) -> None:
        """Have what went without a receipt swept too: where an item goes, its conversation is sealed anew and the old key destroyed."""
        self._sweeper.mark(CONVERSATIONS)

    async def _to_its_end(self, work: Coroutine[Any, Any, Receipt]) -> Receipt:
        """Do it to its end, also where whoever asked leaves: keys may be destroyed by then, and the record has to say so."""
        task = asyncio.create_task(work)
        self._working.add(task)  # the loop itself keeps no task alive
        task.add_done_callback(self._working.discard)
        return await asyncio.shield(task)

    async def settle(self, seconds: float) -> None:
        """Wait for what is being done to its end, so long at most: what it destroyed should stand in a record before the process ends."""
        if self._working:
            await asyncio.wait(self._working, timeout=seconds)

    async def _conversation(self, identity: Identity, conversation: UUID) -> Receipt:
        owner = self._store.index.token("subject", identity.subject)
        async with self._store.transaction() as connection:
            if await connection.fetchval(_CONVERSATION, conversation, owner) is None:
                raise RefusalError("not_found")
            doomed = await _doom(connection, [conversation], [])
        return await self._finish("conversation", ids.of_conversation(conversation), doomed)

    async def _document(self, document: UUID) -> Receipt:
        async with self._store.transaction() as connection:
            if await connection.fetchval(_DOCUMENT, document) is None:
                raise RefusalError("not_found")
            doomed = await _doom(connection, [], [document])
        return await self._finish("document", str(document), doomed)

    async def _subject(self, subject: str) -> Receipt:
        owner = self._store.index.token("subject", subject)
        async with self._store.transaction() as connection:
            conversations = [row["id"] for row in await connection.fetch(_CONVERSATIONS_OF, owner)]
            documents = [row["id"] for row in await connection.fetch(_DOCUMENTS_OF, owner)]
            doomed = await _doom(connection, conversations, documents)
        return await self._finish("subject", subject, doomed)

    async def _assistant(self, name: str, sources: Sequence[str]) -> Receipt:
        doomed = NONE
        try:
            async for some in self._all():
                doomed += some
            async with self._store.connection() as connection:
                await connection.execute(_RUNS)
        except StoreError:
            self._note(_receipt("assistant", name, doomed, sources))
            raise
        return await self._finish("assistant", name, doomed, sources)

    async def _all(self) -> AsyncIterator[_Doomed]:
        """Doom everything, some in each transaction: nobody is to wait for all of it."""
        last = [UUID(int=0), UUID(int=0)]
        while True:
            async with self._store.transaction() as connection:
                conversations = [row["id"] for row in await connection.fetch(_CONVERSATIONS_AFTER, last[0], BATCH)]
                documents = [row["id"] for row in await connection.fetch(_DOCUMENTS_AFTER, last[1], BATCH)]
                doomed = await _doom(connection, conversations, documents)
            yield doomed
            if not conversations and not documents:
                return
            last = [[before, *rows][-1] for before, rows in zip(last, (conversations, documents), strict=True)]

    async def _finish(self, kind: str, erased: str, doomed: _Doomed, returning: Sequence[str] = ()) -> Receipt:
        """Remove what is doomed and say so."""
        receipt = _receipt(kind, erased, doomed, returning)
        try:
            await self._remove(doomed)
            async with self._store.connection() as connection:
                receipt = replace(receipt, completed_at=await connection.fetchval("SELECT now()"))
        except StoreError:
            self._note(receipt)
            raise
        self._note(receipt)
        return receipt

    def _note(self, receipt: Receipt) -> None:
        """Leave the record of an erasure; of one that was broken off, where it destroyed something."""
        if receipt.completed_at is not None or receipt.counts.keys:
            self.records.note({"record": "erasure", **{name: value for name, value in receipt.shown().items() if name != "object"}})

    async def _remove(self, doomed: _Doomed) -> None:
        for batch in _batches(doomed.conversations):
            await removal.conversations(self._store, batch)
            self._sweeper.mark(CONVERSATIONS)
        for batch in _batches(doomed.documents):
            await removal.documents(self._store, batch)
            self._sweeper.mark(DOCUMENTS)


async def _doom(connection: asyncpg.Connection, conversations: Sequence[UUID], documents: Sequence[UUID]) -> _Doomed:
    """Destroy the keys of rows that the transaction has locked, and make them due; count what had a key until now.

    What has none any more, another gateway's erasure may be about to remove: it is in that one's receipt. It is removed here as well.
    """
    keys = {row["record"] for row in await connection.fetch(_KEYS, [*conversations, *documents])}
    own_conversations, own_documents = ([row for row in rows if row in keys] for rows in (conversations, documents))
    items = await connection.fetchval(_ITEMS, own_conversations)
    chunks = await connection.fetchval(_CHUNKS, own_documents)
    await connection.execute(_DOOM_CONVERSATIONS, conversations)
    await connection.execute(_DOOM_DOCUMENTS, documents)
    return _Doomed(conversations, documents, Counts(len(own_conversations), items, len(own_documents), chunks, len(keys)))


def _receipt(kind: str, erased: str, doomed: _Doomed, returning: Sequence[str]) -> Receipt:
    return Receipt(kind, erased, doomed.counts, f"erasure_{uuid4().hex}", returning)


def _time(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _batches(rows: Sequence[UUID]) -> list[Sequence[UUID]]:
    return [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]
