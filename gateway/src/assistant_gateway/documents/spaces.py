"""One table of vectors for each embedding model: vectors of different models have no distance, and often not even the same length.

`spaces` names the model of each table. While the table of the model in force is not complete ("building"), searches take from it what it
has, and words find the rest (retrieval/search.py); an earlier model's table stays until then, for the case that its model comes back.
"""

# ruff: noqa: S608  the statements are put together from constants and numbers of our own

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from asyncpg import Connection, Record

INDEXED_DIMENSIONS: Final = 2000
"""What pgvector can index of `vector`; up to twice as much it indexes at half precision; longer vectors are compared one by one."""
HALF_DIMENSIONS: Final = 4000
EF_CONSTRUCTION: Final = 128
"""Twice pgvector's default: with it the index misses one in thirty of the nearest among 100,000, which no search makes good."""
INLINE_DIMENSIONS: Final = 1500
"""What a row can hold of a page beside the tokens of its readers."""
LOCK: Final = 0x70617370
"""Advisory lock under which spaces are made and dropped: two gateways start at the same time."""


@dataclass(frozen=True, slots=True)
class Space:
    """One embedding model's vectors."""

    id: int
    dimensions: int
    serving: bool

    @property
    def table(self) -> str:
        return f"vectors_{self.id}"

    def distance(self, to: str) -> str:
        """Return the SQL of the cosine distance between a row and a parameter, spelt as the index has it."""
        if INDEXED_DIMENSIONS < self.dimensions <= HALF_DIMENSIONS:
            return f"embedding::halfvec({self.dimensions}) <=> {to}::vector::halfvec({self.dimensions})"
        return f"embedding <=> {to}::vector"


async def open_space(connection: "Connection[Record]", digest: str, dimensions: int) -> Space:
    """Return the model's space, made if it is not there yet; inside a transaction."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
    found = await find_space(connection, digest)
    if found is not None:
        return found
    empty = await connection.fetchval("SELECT NOT EXISTS (SELECT FROM chunks)")
    number = await connection.fetchval(
        "INSERT INTO spaces (model_digest, dimensions, state) VALUES ($1, $2, $3) RETURNING id",
        digest,
        dimensions,
        "serving" if empty else "building",
    )
    space = Space(number, dimensions, empty)
    for statement in _tables(space):
        await connection.execute(statement)
    return space


async def find_space(connection: "Connection[Record]", digest: str) -> Space | None:
    """Return the model's space if there is one."""
    row = await connection.fetchrow("SELECT id, dimensions, state FROM spaces WHERE model_digest = $1", digest)
    return None if row is None else Space(row["id"], row["dimensions"], row["state"] == "serving")


async def is_there_any(connection: "Connection[Record]") -> bool:
    """Say whether any model has a space."""
    return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM spaces)"))


async def serve_alone(connection: "Connection[Record]", space: Space) -> None:
    """Let a complete space serve, and drop those of other models; inside a transaction."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
    await connection.execute("UPDATE spaces SET state = 'serving' WHERE id = $1", space.id)
    for row in await connection.fetch("DELETE FROM spaces WHERE id <> $1 RETURNING id", space.id):
        await connection.execute(f"DROP TABLE IF EXISTS vectors_{int(row['id'])}")


async def missing(connection: "Connection[Record]", space: Space, after: int, limit: int) -> "list[Record]":
    """Return pieces that the space has no vector of, with what opens them, in the order of their ids."""
    found: list[Record] = await connection.fetch(
        f"""SELECT c.id, c.document, c.seq, c.acl, c.sealed, k.kek, k.wrapped
            FROM chunks c JOIN data_keys k ON k.record = c.document
            WHERE c.id > $1 AND NOT EXISTS (SELECT FROM {space.table} v WHERE v.chunk = c.id)
            ORDER BY c.id LIMIT $2""",
        after,
        limit,
    )
    return found


async def remaining(connection: "Connection[Record]", space: Space | None) -> int:
    """Count the pieces that the space has no vector of: all of them, while there is no space."""
    statement = "SELECT count(*) FROM chunks c JOIN data_keys k ON k.record = c.document"
    if space is not None:
        statement += f" WHERE NOT EXISTS (SELECT FROM {space.table} v WHERE v.chunk = c.id)"
    return int(await connection.fetchval(statement))


def _tables(space: Space) -> list[str]:
    table, dimensions = space.table, space.dimensions
    statements = [
        f"""CREATE TABLE {table} (
            chunk bigint PRIMARY KEY REFERENCES chunks ON DELETE CASCADE,
            acl bigint[] NOT NULL,
            embedding vector({dimensions}) NOT NULL)""",
        # Beside the rows that the index on it will find anyway: readers of a few documents among many get exactly theirs.
        f"CREATE INDEX {table}_acl ON {table} USING gin (acl)",
        # Statistics are samples of what is in a column, in a table of the server's own that no erasure reaches.
        f"ALTER TABLE {table} ALTER COLUMN embedding SET STATISTICS 0",
    ]
    if dimensions <= INLINE_DIMENSIONS:
        # In the row itself: out of line, every exact comparison would fetch the vector from a second table.
        statements.append(f"ALTER TABLE {table} ALTER COLUMN embedding SET STORAGE PLAIN")
    if dimensions <= INDEXED_DIMENSIONS:
        statements.append(_index(table, "embedding vector_cosine_ops"))
    elif dimensions <= HALF_DIMENSIONS:
        statements.append(_index(table, f"(embedding::halfvec({dimensions})) halfvec_cosine_ops"))
    return statements


def _index(table: str, what: str) -> str:
    return f"CREATE INDEX {table}_embedding ON {table} USING hnsw ({what}) WITH (ef_construction = {EF_CONSTRUCTION})"
