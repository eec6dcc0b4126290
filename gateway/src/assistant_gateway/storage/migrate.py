"""The schema's versions: numbered SQL files, each applied once, in order, in a transaction of its own, by one gateway at a time.

A file that was released is never changed: a database that has it would not get the change.
"""

import logging
from dataclasses import dataclass
from importlib import resources
from typing import Final

import asyncpg

logger = logging.getLogger(__name__)

LOCK: Final = 0x70_61_6D_69_67  # advisory locks are numbers; no other lock of ours has this one
MIGRATION_SECONDS: Final = 600.0
VECTOR_FLOOR: Final = (0, 8)
"""Older versions filter after the index scan, so that a reader of few documents would find none of them."""


class ExtensionMissingError(Exception):
    """pgvector is not there, too old, or may not be created."""


class MigrationError(Exception):
    """A migration did not go through; the schema is as it was before that migration."""


class SchemaTooNewError(Exception):
    """The database has a version that this program does not know."""


@dataclass(frozen=True, slots=True)
class Migration:
    version: int
    name: str
    statements: str


def migrations() -> tuple[Migration, ...]:
    """Return all that this program knows, oldest first."""
    found = []
    for file in (resources.files("assistant_gateway.storage") / "migrations").iterdir():
        number, _, name = file.name.removesuffix(".sql").partition("_")
        if file.name.endswith(".sql"):
            found.append(Migration(int(number), name, file.read_text()))
    return tuple(sorted(found, key=lambda migration: migration.version))


async def version(connection: asyncpg.Connection) -> int:
    """Return the database's version; 0 for one that holds nothing of ours."""
    try:
        return int(await connection.fetchval("SELECT coalesce(max(version), 0) FROM schema_migrations"))
    except asyncpg.UndefinedTableError:
        return 0


async def migrate(connection: asyncpg.Connection, known: tuple[Migration, ...]) -> int:
    """Bring the database to the newest version and return how many migrations that took.

    Raises ExtensionMissingError, MigrationError, SchemaTooNewError, or what the connection raises if it is lost.
    """
    await connection.execute("SELECT pg_advisory_lock($1)", LOCK, timeout=MIGRATION_SECONDS)
    try:
        return await _migrate(connection, known)
    finally:
        if not connection.is_closed():
            await connection.execute("SELECT pg_advisory_unlock($1)", LOCK)


async def _migrate(connection: asyncpg.Connection, known: tuple[Migration, ...]) -> int:
    before = await version(connection)
    if before > known[-1].version:
        raise SchemaTooNewError
    await _extension(connection)
    missing = [migration for migration in known if migration.version > before]
    for migration in missing:
        try:
            async with connection.transaction():
                await connection.execute(
                    "CREATE TABLE IF NOT EXISTS schema_migrations (version int PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"
                )
                await connection.execute(migration.statements, timeout=MIGRATION_SECONDS)
                await connection.execute("INSERT INTO schema_migrations (version) VALUES ($1)", migration.version)
        except (asyncpg.DiskFullError, asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError):
            raise  # not the migration's fault
        except asyncpg.PostgresError as error:
            # No traceback: what the server says may quote a value.
            logger.error("A migration failed.", extra={"fields": {"version": migration.version, "sqlstate": error.sqlstate}})  # noqa: TRY400
            raise MigrationError from error
        logger.info("The store's schema was migrated.", extra={"fields": {"version": migration.version, "name": migration.name}})
    return len(missing)


async def _extension(connection: asyncpg.Connection) -> None:
    """See to it that pgvector is there; its creation usually needs a superuser, who then has to do it beforehand."""
    installed = "SELECT extversion FROM pg_extension WHERE extname = 'vector'"
    found = await connection.fetchval(installed)
    if found is None:
        try:
            await connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        except (asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError):
            raise
        except asyncpg.PostgresError as error:
            raise ExtensionMissingError from error
        found = await connection.fetchval(installed)
    if tuple(int(part) for part in str(found).split(".")[:2]) < VECTOR_FLOOR:
        raise ExtensionMissingError
