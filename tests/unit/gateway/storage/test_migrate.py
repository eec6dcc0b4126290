"""The schema's versions: from every earlier one to the newest, once, whoever else is at it."""

import asyncio
from typing import Any

import asyncpg
import pytest

from assistant_gateway.storage import migrate
from assistant_gateway.storage.migrate import Migration, MigrationError, SchemaTooNewError, migrations, version
from tests.support.postgres import Postgres

KNOWN = migrations()
COLUMNS = (
    "SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns WHERE table_schema = 'public'"
)
INDEXES = "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
CONSTRAINTS = """
    SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace AND conrelid <> 0
"""
ADDS = Migration(KNOWN[-1].version + 1, "adds", "CREATE TABLE added (x int); ALTER TABLE purges ADD COLUMN y int DEFAULT 3")
FAILS = Migration(ADDS.version + 1, "fails", "CREATE TABLE half (x int); SELECT no_such_function()")


async def shape(connection: Any) -> list[set[Any]]:
    """Return what the database looks like, whatever the order in which it came to be."""
    return [{tuple(row) for row in await connection.fetch(query)} for query in (COLUMNS, INDEXES, CONSTRAINTS)]


def test_versions_are_numbered_without_gaps() -> None:
    assert [migration.version for migration in KNOWN] == list(range(1, len(KNOWN) + 1))


@pytest.mark.parametrize("earlier", range(len(KNOWN) + 1))
async def test_every_earlier_version_becomes_the_newest(postgres: Postgres, earlier: int) -> None:
    """A database that stopped at any version ends like one that was made at once, and a further run changes nothing."""
    connection = await postgres.connect()
    if earlier:
        await migrate.migrate(connection, KNOWN[:earlier])
    assert await version(connection) == earlier

    assert await migrate.migrate(connection, KNOWN) == len(KNOWN) - earlier
    assert await migrate.migrate(connection, KNOWN) == 0

    found = await shape(connection)
    await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await postgres.server.execute("CREATE EXTENSION vector", database=postgres.database)
    await migrate.migrate(connection, KNOWN)
    assert found == await shape(connection)
    await connection.close()


async def test_a_migration_keeps_what_is_there(postgres: Postgres) -> None:
    connection = await postgres.connect()
    await migrate.migrate(connection, KNOWN)
    await connection.execute("UPDATE purges SET purged = 42")

    await migrate.migrate(connection, (*KNOWN, ADDS))

    assert tuple(await connection.fetchrow("SELECT purged, y FROM purges")) == (42, 3)
    await connection.close()


async def test_a_migration_that_fails_is_as_if_it_had_not_been(postgres: Postgres) -> None:
    """What came before it stays, and the next gateway may try again."""
    connection = await postgres.connect()

    with pytest.raises(MigrationError):
        await migrate.migrate(connection, (*KNOWN, ADDS, FAILS))

    assert await version(connection) == ADDS.version
    assert await connection.fetchval("SELECT to_regclass('added') IS NOT NULL AND to_regclass('half') IS NULL")
    assert await migrate.migrate(connection, (*KNOWN, ADDS)) == 0  # the lock is free
    await connection.close()


async def test_a_newer_version_is_left_alone(postgres: Postgres) -> None:
    connection = await postgres.connect()
    await migrate.migrate(connection, (*KNOWN, ADDS))
    before = await shape(connection)

    with pytest.raises(SchemaTooNewError):
        await migrate.migrate(connection, KNOWN)

    assert await shape(connection) == before
    await connection.close()


async def test_many_gateways_migrate_at_once(postgres: Postgres) -> None:
    """Each migration is applied by exactly one of them; the others wait for it."""
    connections = [await postgres.connect() for _ in range(6)]
    known = (*KNOWN, ADDS)

    done = await asyncio.gather(*(migrate.migrate(connection, known) for connection in connections))

    assert sorted(done) == [0] * 5 + [len(known)]
    assert await connections[0].fetchval("SELECT count(*) FROM schema_migrations") == len(known)
    for connection in connections:
        await connection.close()


async def test_a_gateway_that_dies_while_it_migrates_holds_nobody_up(postgres: Postgres) -> None:
    """Its lock goes with its session, and so does what it had done of the migration."""
    dying, waiting = await postgres.connect(), await postgres.connect()
    slow = Migration(KNOWN[-1].version + 1, "slow", "CREATE TABLE half (x int); SELECT pg_sleep(60)")
    first = asyncio.create_task(migrate.migrate(dying, (*KNOWN, slow)))
    while await version(waiting) < KNOWN[-1].version or not await sleeping(waiting):  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    second = asyncio.create_task(migrate.migrate(waiting, (*KNOWN, ADDS)))

    await postgres.server.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)' AND pid <> pg_backend_pid()"
    )

    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
        await first
    assert await second == 1
    assert await waiting.fetchval("SELECT to_regclass('half') IS NULL AND to_regclass('added') IS NOT NULL")
    await waiting.close()


async def sleeping(connection: Any) -> bool:
    return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep')"))


async def test_the_server_keeps_no_samples_of_keys(postgres: Postgres) -> None:
    """Statistics outlive what they were sampled from: there are some of the table, and none of its wrapped keys."""
    connection = await postgres.connect()
    await migrate.migrate(connection, KNOWN)
    await connection.execute(
        "INSERT INTO data_keys SELECT gen_random_uuid(), 'k0001', uuid_send(gen_random_uuid()) FROM generate_series(1, 500)"
    )
    await connection.execute("ANALYZE")

    sampled = await connection.fetch("SELECT attname FROM pg_stats WHERE tablename = 'data_keys'")
    assert {row["attname"] for row in sampled} == {"record", "kek"}
    await connection.close()
