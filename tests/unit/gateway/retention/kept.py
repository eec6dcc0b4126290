"""What an assistant with a store keeps, on a real PostgreSQL whose clock a test can move: no test waits for something to expire."""

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from assistant_gateway.auth import Identity, KeyRing
from assistant_gateway.conversations import ids, shapes
from assistant_gateway.conversations.conversations import Conversations
from assistant_gateway.conversations.paging import Page
from assistant_gateway.policy import ConversationRetention, DocumentRetention, Policy, RetentionPolicy, StorePolicy
from assistant_gateway.record import Records
from assistant_gateway.retention.erasure import Eraser
from assistant_gateway.retention.purger import Purger
from assistant_gateway.retention.status import RetentionStatus
from assistant_gateway.retention.sweep import Sweeper
from assistant_gateway.sealing.keys import DataKey
from assistant_gateway.sealing.ring import KeyRing as EncryptionKeys
from assistant_gateway.snapshot import Current, Snapshot
from assistant_gateway.storage.store import Store
from tests.support.postgres import Postgres
from tests.unit.gateway.running import make_policy

ALICE = Identity("alice", "Alice", ())
BOB = Identity("bob", "Bob", ("staff",))
TTL = 3600
ALL = Page(limit=100, ascending=True)

# A now() that stands in the search path before PostgreSQL's own: the gateway's SQL is what it is in production.
CLOCK = """
    CREATE SCHEMA clock;
    CREATE TABLE clock.shift AS SELECT interval '0' AS by;
    CREATE FUNCTION clock.now() RETURNS timestamptz STABLE LANGUAGE sql AS 'SELECT pg_catalog.now() + (SELECT by FROM clock.shift)';
"""


class Watch:
    """A monotonic clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Kept:
    """One gateway's memory, and what a test looks at beside it."""

    postgres: Postgres
    store: Store
    current: Current
    conversations: Conversations
    purger: Purger
    eraser: Eraser
    sweeper: Sweeper
    status: RetentionStatus
    watch: Watch
    records_file: Path

    async def move_clock(self, seconds: float) -> None:
        """Move the database's clock from where it is."""
        await self.sql("UPDATE clock.shift SET by = by + make_interval(secs => $1)", seconds)

    async def sql(self, statement: str, *values: Any) -> list[Any]:
        """Run a statement past the gateway."""
        connection = await self.postgres.connect()
        try:
            found: list[Any] = await connection.fetch(statement, *values)
            return found
        finally:
            await connection.close()

    async def value(self, statement: str, *values: Any) -> Any:
        return (await self.sql(statement, *values))[0][0]

    async def counts(self) -> dict[str, int]:
        """Return how many rows there are; of the keys, those of records."""
        tables = ("conversations", "items", "documents", "chunks")
        found = {table: await self.value(f"SELECT count(*) FROM {table}") for table in tables}
        return found | {"keys": await self.value("SELECT count(*) FROM data_keys WHERE record <> $1", UUID(int=0))}

    async def started(self, *texts: str, identity: Identity = ALICE, ttl_seconds: int | None = None, **metadata: str) -> UUID:
        """Start a conversation with these messages."""
        made = await self.conversations.create(identity, [said(text) for text in texts], metadata, ttl_seconds)
        return ids.conversation(made["id"])

    async def add(self, conversation: UUID, *texts: str, identity: Identity = ALICE) -> None:
        await self.conversations.add(identity, conversation, [said(text) for text in texts])

    async def texts(self, conversation: UUID, identity: Identity = ALICE) -> list[str]:
        """Return what its owner reads of the conversation."""
        page = await self.conversations.items(identity, conversation, ALL)
        return [item["content"][0]["text"] for item in page["data"]]

    async def document(self, text: str, identity: Identity = ALICE, chunks: int = 2, expires_in: float | None = None) -> UUID:
        """Put a document into the store as ingestion does."""
        id, key, index = uuid4(), DataKey.new(), self.store.index
        owner = index.token("subject", identity.subject)
        head = key.seal(orjson.dumps({"subject": identity.subject, "fileName": "a.txt", "metadata": {}}), b"document" + id.bytes)
        async with self.store.transaction() as connection:
            await connection.execute("INSERT INTO data_keys VALUES ($1, $2, $3)", id, *self.store.ring.wrap(id, key.raw))
            await connection.execute(
                """INSERT INTO documents (id, owner, content_tag, acl, created_at, expires_at, chunk_count, head)
                VALUES ($1, $2, $3, $4, now(), now() + make_interval(secs => $5), $6, $7)""",
                id, owner, index.tag(text.encode()), [owner], expires_in, chunks, head,
            )  # fmt: skip
            for seq in range(chunks):
                sealed = key.seal(f"{text} {seq}".encode(), b"chunk" + id.bytes + seq.to_bytes(4, "big"))
                await connection.execute(
                    "INSERT INTO chunks (document, seq, acl, terms, sealed) VALUES ($1, $2, $3, to_tsvector('simple', $4), $5)",
                    id, seq, [owner], index.lexeme(text), sealed,
                )  # fmt: skip
        return id

    def keep(self, ttl_seconds: int | None, documents: int | None = None) -> None:
        """Take another policy into use."""
        conversations = ConversationRetention(mode="None" if ttl_seconds is None else "Keep", ttl_seconds=ttl_seconds)
        retention = RetentionPolicy(conversations=conversations, documents=DocumentRetention(ttl_seconds=documents))
        self.current.snapshot = snapshot(self.current.snapshot.policy.model_copy(update={"retention": retention}))

    def records(self) -> list[dict[str, Any]]:
        self.eraser.records.flush()
        return [orjson.loads(line) for line in self.records_file.read_bytes().splitlines()]


def said(text: str, role: str = "user") -> shapes.Item:
    """Return a message as it is kept."""
    return shapes.kept({"role": role, "content": text})[0]


def snapshot(policy: Policy) -> Snapshot:
    return Snapshot.of(policy, KeyRing(()))


def with_store(store: StorePolicy, ttl_seconds: int = TTL) -> Policy:
    """Return the policy of an assistant that keeps conversations in this store."""
    conversations = ConversationRetention(mode="Keep", ttl_seconds=ttl_seconds)
    return make_policy().model_copy(update={"store": store, "retention": RetentionPolicy(conversations=conversations)})


@asynccontextmanager
async def open_store(postgres: Postgres) -> AsyncIterator[Store]:
    """Open the store as a gateway does at its start."""
    store = Store(postgres.policy, postgres.folder, EncryptionKeys.load(postgres.keys))
    await store.look()
    assert store.fault is None, store.fault
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def open_kept(postgres: Postgres, folder: Path, ttl_seconds: int = TTL) -> AsyncIterator[Kept]:
    """Make one gateway's memory of the database."""
    records_file = folder / "records"
    descriptor = os.open(records_file, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    current = Current(snapshot(with_store(postgres.policy, ttl_seconds)), ready=True)
    watch = Watch()
    try:
        async with open_store(postgres) as store:
            sweeper = Sweeper(store, watch)
            yield Kept(
                postgres,
                store,
                current,
                Conversations(store, current),
                Purger(store, current, sweeper, watch),
                Eraser(store, Records(descriptor), sweeper),
                sweeper,
                RetentionStatus(store, watch),
                watch,
                records_file,
            )
    finally:
        os.close(descriptor)


async def set_clock_up(postgres: Postgres) -> None:
    """Give the database a clock that can be moved; connections made from now on go by it."""
    connection = await postgres.connect()
    await connection.execute(CLOCK)
    await connection.execute(f"ALTER DATABASE {postgres.database} SET search_path = public, clock, pg_catalog")
    await connection.close()


@pytest.fixture
async def kept(postgres: Postgres, tmp_path: Path) -> AsyncIterator[Kept]:
    await set_clock_up(postgres)
    async with open_kept(postgres, tmp_path) as memory:
        yield memory


@pytest.fixture
async def other(kept: Kept, tmp_path: Path) -> AsyncIterator[Kept]:
    """A second gateway of the same assistant."""
    (tmp_path / "other").mkdir()
    async with open_kept(kept.postgres, tmp_path / "other") as memory:
        yield memory


def only(rows: Sequence[Any]) -> Any:
    (row,) = rows
    return row
