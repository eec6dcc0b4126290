"""What tests of documents and retrieval run on: a real PostgreSQL, a model server that embeds by counting words, a sidecar that decodes.

`Embedding` is deterministic: every word is a direction, so texts with words in common are near each other.
"""

import asyncio
import hashlib
import json
import random
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from math import sqrt
from pathlib import Path
from typing import Any
from uuid import UUID

from assistant_gateway.auth import Identity, KeyRing
from assistant_gateway.documents.extract import Extractor
from assistant_gateway.documents.index import Index
from assistant_gateway.documents.library import Document, Library
from assistant_gateway.neighbours.upstream import Upstream
from assistant_gateway.policy import ChunkPolicy, DocumentRetention, EmbeddingPolicy, Policy, RagPolicy, RetrievalPolicy, SourcePolicy
from assistant_gateway.retrieval.retriever import Retriever
from assistant_gateway.sealing.ring import KeyRing as EncryptionKeys
from assistant_gateway.snapshot import Current, Snapshot
from assistant_gateway.storage.store import Store
from tests.support.postgres import Postgres
from tests.unit.gateway.fake_ollama import Asked, FakeOllama, Wire
from tests.unit.gateway.redacting import redacting
from tests.unit.gateway.running import make_policy

MODEL = "words:1"
DIGEST = "sha256:" + "e1" * 32
OTHER_DIGEST = "sha256:" + "e2" * 32
DIMENSIONS = 384


@lru_cache(maxsize=100_000)
def direction(word: str, dimensions: int) -> tuple[float, ...]:
    """Return a word's own direction."""
    chance = random.Random(hashlib.sha256(word.encode()).digest())
    return tuple(chance.gauss(0, 1) for _ in range(dimensions))


def embedded(text: str, dimensions: int = DIMENSIONS) -> list[float]:
    """Return a text's vector: the sum of its words' directions, of length one."""
    total = [1e-6] * dimensions
    for word in re.findall(r"\w+", text.casefold()):
        total = [a + b for a, b in zip(total, direction(word, dimensions), strict=True)]
    length = sqrt(sum(value * value for value in total))
    return [value / length for value in total]


@dataclass
class Embedding:
    """How the scripted model server embeds."""

    dimensions: int = DIMENSIONS
    context: int = 1000
    """Words that one text may have."""
    failing: int | None = None
    """Status of every answer, while set."""
    held: asyncio.Event | None = None
    """While set, nothing is answered before this is."""
    texts: int = 0
    broken: Any = None
    """In place of the vectors, while set."""

    async def __call__(self, asked: Asked, wire: Wire) -> None:
        texts = asked.json["input"]
        assert asked.json["truncate"] is False
        self.texts += len(texts)
        if self.held is not None:
            await self.held.wait()
        if self.failing is not None:
            await wire.json({"error": "CANARY of the model server"}, self.failing)
        elif any(len(re.findall(r"\w+", text)) > self.context for text in texts):
            await wire.json({"error": "the input length exceeds the context length"}, 400)
        else:
            vectors = [embedded(text, self.dimensions) for text in texts]
            await wire.json({"model": asked.json["model"], "embeddings": vectors if self.broken is None else self.broken})


@dataclass
class Sidecar:
    """Speaks the sidecar's protocol; a file is its own text in UTF-8 unless `says` tells otherwise."""

    socket: Path
    says: dict[bytes, dict[str, Any]] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)
    _server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_unix_server(self._serve, self.socket)

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = json.loads(await reader.readline())
        data = await reader.readexactly(head["size"])
        self.asked.append(head)
        said = self.says.get(data, {"ok": True, "mediaType": "text/plain", "size": len(data)})
        writer.write(json.dumps(said).encode() + b"\n" + (data if said.get("ok") else b""))
        await writer.drain()
        writer.close()


SOURCES = (SourcePolicy(name="handbook"), SourcePolicy(name="salaries", groups=("hr",)), SourcePolicy(name="plans", groups=("board", "hr")))


def rag(**changes: Any) -> RagPolicy:
    """Return a policy for documents; changes by field of any of its parts."""
    retrieval: dict[str, Any] = {"top_k": 4, "hybrid": True, "min_score": None, "mode": "OnRequest", "on_failure": "Refuse"}
    chunk = {"size": 200, "overlap": 20}
    return RagPolicy(
        embedding=EmbeddingPolicy(name=MODEL, digest=changes.get("digest", DIGEST)),
        chunk=ChunkPolicy(**{name: changes.get(name, value) for name, value in chunk.items()}),
        retrieval=RetrievalPolicy(**{name: changes.get(name, value) for name, value in retrieval.items()}),
        sources=changes.get("sources", SOURCES),
    )


def identity(subject: str, *groups: str, role: Any = "User") -> Identity:
    return Identity(subject.lower(), subject, groups, role)


ALICE, BOB = identity("Alice"), identity("Bob", "hr")


@dataclass
class World:
    """One gateway's documents, on a store that is up."""

    postgres: Postgres
    ollama: FakeOllama
    embedding: Embedding
    sidecar: Sidecar
    current: Current
    store: Store
    index: Index
    library: Library
    retriever: Retriever

    def policy(self, wanted: RagPolicy | None, ttl_seconds: int | None = None) -> None:
        """Put a policy in force."""
        self.current.snapshot = Snapshot.of(policy_with(self.postgres, wanted, ttl_seconds), KeyRing(()))

    def redact(self, action: str) -> None:
        """Let the policy in force redact requests."""
        self.current.snapshot = Snapshot.of(redacting(action, base=self.current.snapshot.policy), self.current.snapshot.keys)

    async def found(self, reader: Identity, text: str, limit: int | None = None) -> list[str]:
        """Return the texts that a reader finds."""
        return [hit.text for hit in await self.retriever.retrieve(reader, text, None, limit)]

    async def listed(self, reader: Identity) -> list[Document]:
        """Return the documents that a reader may read."""
        return [document async for page in self.library.pages(reader) for document in page]

    async def of_source(self, source: str) -> list[dict[str, Any]]:
        """Return what a source's Job is told that is there."""
        return [document async for page in self.library.sources.pages(source) for document in page]

    async def damage(self, document: UUID) -> None:
        """Change a byte of what is sealed of a document's name and metadata."""
        statement = "UPDATE documents SET head = set_byte(head, 20, get_byte(head, 20) # 1) WHERE id = $1 RETURNING id"
        assert await self.fetch(statement, document)

    async def fetch(self, statement: str, *values: Any) -> list[Any]:
        """Ask the database, past the gateway's code."""
        connection = await self.postgres.connect()
        try:
            return list(await connection.fetch(statement, *values))
        finally:
            await connection.close()

    async def count(self, table: str) -> int:
        return int((await self.fetch(f"SELECT count(*) FROM {table}"))[0][0])


def policy_with(postgres: Postgres, wanted: RagPolicy | None, ttl_seconds: int | None = None) -> Policy:
    base = make_policy(max_body_bytes=1024 * 1024)
    retention = base.retention.model_copy(update={"documents": DocumentRetention(ttl_seconds=ttl_seconds)})
    return base.model_copy(update={"store": postgres.policy, "rag": wanted, "retention": retention})


@asynccontextmanager
async def run_world(postgres: Postgres, folder: Path, wanted: RagPolicy | None = None) -> AsyncIterator[World]:
    """Run the rooms of documents, as Memory puts them together."""
    embedding, sidecar = Embedding(), Sidecar(folder / "documents.sock")
    async with FakeOllama(scripts={"/api/embed": embedding}) as ollama:
        await sidecar.start()
        current = Current(Snapshot.of(policy_with(postgres, wanted or rag()), KeyRing(())), ready=True)
        ring = EncryptionKeys.load(postgres.keys)
        store = Store(postgres.policy, postgres.folder, ring)
        await store.look()
        assert store.fault is None
        upstream = Upstream(ollama.url)
        index = Index(store, ring, current, upstream)
        library = Library(index, Extractor(sidecar.socket))
        try:
            yield World(postgres, ollama, embedding, sidecar, current, store, index, library, Retriever(index))
        finally:
            await store.close()
            upstream.close()
            await sidecar.stop()
