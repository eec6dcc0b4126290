"""Tables of vectors: what they are made of, and what the server may remember of them."""

import pytest

from assistant_gateway.documents import spaces
from assistant_gateway.storage import migrate
from tests.support.postgres import Postgres


@pytest.mark.parametrize("dimensions", [3, 2001])
async def test_the_server_keeps_no_samples_of_vectors(postgres: Postgres, dimensions: int) -> None:
    """Statistics outlive what they were sampled from: there are some of the table, and none of its vectors."""
    connection = await postgres.connect()
    await migrate.migrate(connection, migrate.migrations())
    async with connection.transaction():
        space = await spaces.open_space(connection, "sha256:of-a-model", dimensions)
    await connection.execute(f"ALTER TABLE {space.table} DROP CONSTRAINT {space.table}_chunk_fkey")
    await connection.execute(
        f"INSERT INTO {space.table} SELECT n, ARRAY[1], array_fill(n::real, ARRAY[{dimensions}])::vector FROM generate_series(1, 300) n"
    )
    await connection.execute("ANALYZE")

    sampled = await connection.fetch("SELECT attname FROM pg_stats WHERE tablename = $1", space.table)
    assert {row["attname"] for row in sampled} == {"chunk", "acl"}
    await connection.close()


@pytest.mark.parametrize("dimensions", [3, 2001])
async def test_the_index_is_built_with_effort(postgres: Postgres, dimensions: int) -> None:
    """pgvector's default misses too many of the nearest among 100,000 (bench/store), and no later search makes up for that."""
    connection = await postgres.connect()
    await migrate.migrate(connection, migrate.migrations())
    async with connection.transaction():
        space = await spaces.open_space(connection, "sha256:of-a-model", dimensions)

    made = await connection.fetchval("SELECT reloptions FROM pg_class WHERE relname = $1", f"{space.table}_embedding")
    assert made == [f"ef_construction={spaces.EF_CONSTRUCTION}"]
    await connection.close()
