"""Hybrid retrieval beside the embedding call, against plain SQL on the same rows, and how much of the exact answer the index finds."""

import time
from array import array
from pathlib import Path
from typing import TYPE_CHECKING

from assistant_gateway.auth import Identity
from assistant_gateway.documents import access, terms
from assistant_gateway.documents.embedding import Embedder, Vector
from assistant_gateway.documents.index import Index
from assistant_gateway.documents.spaces import Space
from assistant_gateway.memory import Memory
from assistant_gateway.retrieval import search
from assistant_gateway.retrieval.retriever import Retriever
from bench.store import rig
from bench.store.figures import Figures
from bench.store.synthetic import DIMENSIONS, Piece, World, load
from tests.support.postgres import Postgres

if TYPE_CHECKING:
    from asyncpg import Connection, Record

WARM, EXACT_QUESTIONS, NEAREST = 30, 100, 10
READERS = {"all groups": rig.EVERYTHING, "one group of five": rig.ONE_GROUP}
# As one who knows pgvector writes it: IS TRUE keeps the planner from reading all that a reader may see and sorting it.
PLAIN = """
    WITH near AS (
        SELECT chunk AS id, row_number() OVER (ORDER BY distance) AS place
        FROM (
            SELECT chunk, embedding <=> $1 AS distance FROM {table} WHERE (acl && $2::bigint[]) IS TRUE ORDER BY embedding <=> $1 LIMIT 20
        ) AS found
    ), worded AS (
        SELECT id, row_number() OVER (ORDER BY rank DESC) AS place FROM (
            SELECT id, ts_rank(terms, $3::text::tsquery) AS rank FROM chunks
            WHERE terms @@ $3::text::tsquery AND acl && $2::bigint[] ORDER BY rank DESC LIMIT 20
        ) AS found
    )
    SELECT id, sealed FROM (
        SELECT id, sum(1.0 / (60 + place)) AS fusion FROM (SELECT * FROM near UNION ALL SELECT * FROM worded) AS both_parts
        GROUP BY id ORDER BY fusion DESC LIMIT 4
    ) AS best JOIN chunks USING (id) ORDER BY fusion DESC"""


class Given(Embedder):
    """Gives the vector that it was told: the model's own time is not what is measured."""

    def __init__(self) -> None:
        self.vector: Vector = array("f", [0.0] * DIMENSIONS)

    async def embed_whole(self, text: str) -> Vector:
        return self.vector


class GivenIndex(Index):
    """An index whose vectors are given."""

    given = Given()

    @property
    def embedder(self) -> Embedder:
        return self.given


async def measure(database: Postgres, folder: Path, figures: Figures, sizes: list[int], questions: int) -> None:
    """Grow one store through the sizes, and ask it at each."""
    world, have = World(), 0
    async with rig.inside(database, folder) as inside:
        for size in sizes:
            begun = time.monotonic()
            space = await load(inside.memory, world, size - have)
            figures.note(f"{size} chunks: seconds to load {size - have} by COPY and index them", time.monotonic() - begun, "s")
            have = size
            await rig.settle(database)
            for name, reader in READERS.items():
                await _ask(inside, space, world, figures, f"{size} chunks, {name}", reader, questions)


async def _ask(inside: rig.Inside, space: Space, world: World, figures: Figures, name: str, reader: Identity, questions: int) -> None:
    memory = inside.memory
    index = GivenIndex(memory.store, memory.ring, inside.current, inside.upstream)
    index._opened = index.rag.embedding.digest, space
    retriever = Retriever(index)
    tokens = access.of_reader(memory.store.index, reader, index.rag)
    ours, plain = [], []
    for number in range(WARM + questions):  # in turn, so that what else the machine does hits both
        asked = world.question()
        index.given.vector = asked.vector
        begun = time.perf_counter()
        await retriever.retrieve(reader, " ".join(asked.words), None)
        ended = time.perf_counter()
        other = await _plain(memory, index, space, tokens, asked)
        if number >= WARM:
            ours.append(ended - begun)
            plain.append(other)
    figures.latencies(f"{name}: gateway's retrieval", ours)
    figures.latencies(f"{name}: plain SQL", plain)
    figures.note(f"{name}: recall@{NEAREST} of the vectors' index", await _recall(memory, space, world, tokens))


async def _plain(memory: Memory, index: Index, space: Space, tokens: list[int], asked: Piece) -> float:
    words = terms.query(index.lexemes.of(" ".join(asked.words)))
    async with memory.store.transaction() as connection:
        await connection.execute("SET LOCAL hnsw.iterative_scan = relaxed_order; SET LOCAL jit = off")
        begun = time.perf_counter()
        await connection.fetch(PLAIN.format(table=space.table), asked.vector, tokens, words)
        return time.perf_counter() - begun


async def _recall(memory: Memory, space: Space, world: World, tokens: list[int]) -> float:
    """Return which share of the nearest pieces the index finds, with the settings that the gateway uses for so many."""
    found = 0
    async with memory.store.transaction() as connection:
        effort = max(search.LEAST_EF_SEARCH, search.CANDIDATES * NEAREST)
        await connection.execute(f"SET LOCAL hnsw.iterative_scan = relaxed_order; SET LOCAL hnsw.ef_search = {effort}")
        for _ in range(EXACT_QUESTIONS):
            vector = world.question().vector
            near = await _nearest(connection, space, vector, tokens, "embedding <=> $1")
            found += len(near & await _nearest(connection, space, vector, tokens, "(embedding <=> $1) + 0"))
    return found / (EXACT_QUESTIONS * NEAREST)


async def _nearest(connection: "Connection[Record]", space: Space, vector: Vector, tokens: list[int], order: str) -> set[int]:
    statement = f"SELECT chunk FROM {space.table} WHERE (acl && $2::bigint[]) IS TRUE ORDER BY {order} LIMIT {NEAREST}"
    return {row["chunk"] for row in await connection.fetch(statement, vector, tokens)}
