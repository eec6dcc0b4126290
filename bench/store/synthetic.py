"""Documents that nobody wrote: vectors in clusters, words of a vocabulary, sealed as the gateway seals them, loaded by COPY.

Python has no fast normal distribution: a pool of noise is drawn once, and each vector takes a slice of it.
"""

import random
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from assistant_gateway.documents import access, heads, labels, spaces
from assistant_gateway.documents.spaces import Space
from assistant_gateway.documents.terms import Lexemes
from assistant_gateway.memory import Memory
from assistant_gateway.sealing.keys import DataKey
from bench.store.rig import GROUPS
from tests.cluster.models import EMBEDDING_MODEL, digest

DIMENSIONS, CLUSTERS, VOCABULARY = 384, 500, 5000
WORDS, PIECES = 30, 10
"""Words of a piece; pieces of a document."""
NOISE = 0.35
"""Length of the noise beside a centre of length one."""
BATCH = 5000


@dataclass(frozen=True)
class Piece:
    """One piece, before it is stored."""

    vector: "array[float]"
    words: list[str]


class World:
    """Where pieces and questions are drawn from: the same for the same seed."""

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)
        scale = DIMENSIONS**-0.5
        self._noise = [self._random.gauss(0, NOISE * scale) for _ in range(500_000)]
        self._centres = [[self._random.gauss(0, scale) for _ in range(DIMENSIONS)] for _ in range(CLUSTERS)]

    def piece(self) -> Piece:
        at = self._random.randrange(len(self._noise) - DIMENSIONS)
        centre = self._random.choice(self._centres)
        vector = array("f", map(float.__add__, centre, self._noise[at : at + DIMENSIONS]))
        return Piece(vector, [f"w{self._random.randrange(VOCABULARY)}" for _ in range(WORDS)])

    def question(self) -> Piece:
        """Return a place near the pieces, and four words."""
        found = self.piece()
        return Piece(found.vector, found.words[:4])


async def load(memory: Memory, world: World, pieces: int) -> Space:
    """Add so many pieces, in documents of the five groups in turn; return their space."""
    store = memory.store
    async with store.transaction() as connection:
        space = await spaces.open_space(connection, digest("l6-v2", EMBEDDING_MODEL), DIMENSIONS)
        index = await connection.fetchval("SELECT indexdef FROM pg_indexes WHERE indexname = $1", f"{space.table}_embedding")
        await connection.execute(f"DROP INDEX {space.table}_embedding")
    lexemes = Lexemes(store.index)
    tokens = {group: access.of_source(store.index, group) for group in GROUPS}
    for begin in range(0, pieces, BATCH):
        await _copy(memory, space, list(_rows(memory, world, lexemes, tokens, min(BATCH, pieces - begin))))
    async with store.connection() as connection:
        # The gateway's index grows document by document; one that is made at once needs room, or takes many minutes.
        await connection.execute("SET maintenance_work_mem = '1GB'")
        await connection.execute(index, timeout=3600)
        await connection.execute("RESET maintenance_work_mem")
        await connection.execute("VACUUM ANALYZE", timeout=3600)
    return space


@dataclass(frozen=True)
class Rows:
    """One document's rows."""

    key: tuple[Any, ...]
    document: tuple[Any, ...]
    chunks: list[tuple[Any, ...]]
    vectors: list[tuple[Any, ...]]


def _rows(memory: Memory, world: World, lexemes: Lexemes, tokens: dict[str, list[int]], pieces: int) -> Iterator[Rows]:
    for number in range(pieces // PIECES):
        group = GROUPS[number % len(GROUPS)]
        document, key = uuid4(), DataKey.new()
        head = heads.seal(
            key, document, {"subject": None, "fileName": f"{document}.txt", "metadata": {}, "mediaType": "text/plain", "groups": []}
        )
        texts = [world.piece() for _ in range(PIECES)]
        tag = memory.store.index.tag(document.bytes)
        yield Rows(
            key=(document, *memory.ring.wrap(document, key.raw)),
            document=(document, group, random.getrandbits(62), tag, tokens[group], PIECES, head),
            chunks=[_chunk(document, key, lexemes, tokens[group], seq, piece) for seq, piece in enumerate(texts)],
            vectors=[(tokens[group], piece.vector) for piece in texts],
        )


def _chunk(document: UUID, key: DataKey, lexemes: Lexemes, acl: list[int], seq: int, piece: Piece) -> tuple[Any, ...]:
    text = " ".join(piece.words)
    return document, seq, acl, lexemes.vector(text), key.seal(text.encode(), labels.chunk(document, seq))


async def _copy(memory: Memory, space: Space, rows: Sequence[Rows]) -> None:
    chunks = [chunk for row in rows for chunk in row.chunks]
    vectors = [vector for row in rows for vector in row.vectors]
    async with memory.store.transaction() as connection:
        await connection.copy_records_to_table("data_keys", records=[row.key for row in rows])
        await connection.executemany(
            """INSERT INTO documents (id, source, locator, content_tag, acl, created_at, chunk_count, head)
               VALUES ($1, $2, $3, $4, $5, now(), $6, $7)""",
            [row.document for row in rows],
        )
        first = await connection.fetchval("SELECT coalesce(max(id), 0) FROM chunks")
        await connection.executemany(
            """INSERT INTO chunks (id, document, seq, acl, terms, sealed) OVERRIDING SYSTEM VALUE
               VALUES ($1, $2, $3, $4, $5::text::tsvector, $6)""",
            [(first + number, *chunk) for number, chunk in enumerate(chunks, 1)],
            timeout=600,
        )
        await connection.execute("SELECT setval(pg_get_serial_sequence('chunks', 'id'), $1)", first + len(chunks))
        records = [(first + number, *vector) for number, vector in enumerate(vectors, 1)]
        await connection.copy_records_to_table(space.table, records=records, columns=["chunk", "acl", "embedding"], timeout=600)
