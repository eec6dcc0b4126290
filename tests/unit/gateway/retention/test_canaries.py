"""Every byte of the database server's files: what people said, how they tagged it and who they are is in none of them."""

import base64
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import pytest

from assistant_gateway.auth import Identity
from assistant_gateway.retention.write_ahead_log import TURN_SECONDS
from assistant_operator.resources.store_script import RIGHTS, SETTINGS
from tests.support.postgres import Server, fresh_database, run_server
from tests.unit.gateway.retention.kept import Kept, open_kept, set_clock_up
from tests.unit.gateway.retention.test_sweep import with_vectors

MARK = "zqcanary"
STORED = {name: SETTINGS[name] for name in ("wal_level", "wal_recycle", "min_wal_size", "max_wal_size", "track_activities")}
PERSON = Identity("person", f"{MARK}-subject", ())


@pytest.fixture
def careful_server() -> Iterator[Server]:
    """A server that writes as in production: whole pages into the WAL, all of it to the disk. Its log is told more than there."""
    with run_server(fsync="on", full_page_writes="on", **STORED | {"wal_level": "replica"}) as server:
        yield server


@pytest.fixture
async def kept(careful_server: Server, tmp_path: Path) -> AsyncIterator[Kept]:
    async with fresh_database(careful_server, tmp_path) as database:
        await set_clock_up(database)
        await careful_server.execute(*RIGHTS, database=database.database)
        async with open_kept(database, tmp_path) as memory:
            yield memory


def occurrences(server: Server, needles: Sequence[bytes]) -> dict[str, int]:
    """Count the needles in every file of the server, its log among them; files without any are left out."""
    files = [path for path in (*server.data.rglob("*"), server.log) if path.is_file()]
    assert any(path.parent.name == "pg_wal" for path in files)
    assert sum(path.stat().st_size for path in files) > 20_000_000
    found = {str(path.relative_to(server.folder)): sum(path.read_bytes().count(needle) for needle in needles) for path in files}
    return {path: count for path, count in found.items() if count}


def spellings(text: str) -> list[bytes]:
    """Return the ways in which text might stand in a file: plain, base64 at each offset, wide."""
    plain = text.encode()
    shifted = [base64.b64encode(b"\0" * shift + plain)[4:-4] for shift in range(3)]
    return [plain, plain.upper(), text.encode("utf-16-le"), plain[::-1], *shifted]


async def test_nothing_readable_is_ever_on_the_disk(kept: Kept) -> None:
    """While it is kept, after it expired, and after it was erased: heap, indexes, WAL, TOAST, log."""
    server = kept.postgres.server
    needles = spellings(MARK)
    expiring = await kept.started(f"{MARK} early", "x" * 20_000 + MARK, identity=PERSON, ttl_seconds=100, topic=f"{MARK}-topic")
    await kept.move_clock(60)
    for number in range(30):
        await kept.add(expiring, f"{MARK} late {number}", identity=PERSON)
    erased = await kept.started(f"{MARK} erased", identity=PERSON)
    await kept.conversations.update(PERSON, erased, {f"{MARK}-key": f"{MARK}-value"})
    await kept.document(f"{MARK} document", identity=PERSON)
    await server.execute("CREATE TABLE control AS SELECT 'zqcontrol' || 'led' AS planted", "CHECKPOINT")

    assert occurrences(server, [b"zqcontrolled"]), "the scan would find what is there"
    assert occurrences(server, needles) == {}
    assert len(await kept.texts(expiring, PERSON)) == 32

    await kept.move_clock(50)
    assert await kept.purger.once() == 2
    await kept.sweeper.sweep()
    await server.execute("CHECKPOINT")
    assert occurrences(server, needles) == {}

    await kept.eraser.subject(PERSON.subject)
    await kept.sweeper.sweep()
    await server.execute("CHECKPOINT")
    assert occurrences(server, needles) == {}
    assert MARK not in server.log.read_text()


async def wrapped_keys(kept: Kept) -> set[bytes]:
    """Return the keys as the store holds them."""
    return {bytes(row["wrapped"]) for row in await kept.sql("SELECT wrapped FROM data_keys")}


async def test_destroyed_keys_are_in_no_file(kept: Kept) -> None:
    """Whoever takes the store's files and the encryption key after a sweep opens nothing that expired or was erased; no superuser helps."""
    server = kept.postgres.server
    await kept.started("stays")
    document = await kept.document("erased")
    renewed = await kept.started("early", ttl_seconds=100)
    for number in range(20):
        await kept.started(f"expires {number}", ttl_seconds=100)
    before = await wrapped_keys(kept)
    await kept.move_clock(60)
    await kept.add(renewed, "late")
    await kept.move_clock(50)
    await server.execute("ANALYZE", database=kept.postgres.database)
    await server.execute("CHECKPOINT")
    found = occurrences(server, list(before))
    assert sum(found.values()) >= 2 * len(before), "in the table and in the log"

    await kept.purger.once()
    await kept.eraser.document(document)
    await kept.sweeper.sweep()

    destroyed = before - await wrapped_keys(kept)
    assert len(destroyed) == 22
    assert occurrences(server, list(destroyed)) == {}
    assert await kept.texts(renewed) == ["late"]


async def test_destroyed_keys_that_somebody_could_see_go_later(kept: Kept) -> None:
    """A long transaction, as of a backup, keeps rows alive that were removed: the sweep is not done until they are gone."""
    server = kept.postgres.server
    await kept.started("erased")
    before = await wrapped_keys(kept)
    backup = await kept.postgres.connect()
    async with backup.transaction(isolation="repeatable_read", readonly=True):
        await backup.fetchval("SELECT count(*) FROM purges")
        await kept.eraser.subject("Alice")
        destroyed = before - await wrapped_keys(kept)
        await kept.sweeper.sweep()
        assert occurrences(server, list(destroyed))
    await kept.sweeper.sweep()

    assert len(destroyed) == 1
    assert occurrences(server, list(destroyed)) == {}
    await backup.close()


async def test_everything_that_was_erased_is_in_no_file(kept: Kept) -> None:
    """After the erasure of all and the sweep: no key, and no vector, neither in tables and indexes nor in the log."""
    server = kept.postgres.server
    vectors = await with_vectors(kept, 20)
    await kept.started(f"{MARK} said", identity=PERSON)
    needles = [needle for document in vectors.values() for needle in document]
    keys = await wrapped_keys(kept)
    await server.execute("CHECKPOINT")
    assert occurrences(server, needles), "the scan would find them"

    await kept.eraser.assistant("minimal", [])
    await kept.sweeper.sweep()
    kept.watch.seconds += TURN_SECONDS
    await kept.sweeper.sweep()

    destroyed = keys - await wrapped_keys(kept)
    assert len(destroyed) == 21
    assert occurrences(server, [*destroyed, *needles, *spellings(MARK)]) == {}
