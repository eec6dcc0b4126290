"""Whether what was removed can still be seen is told by the server itself."""

import asyncio

import pytest

from assistant_gateway.retention import horizon
from tests.unit.gateway.retention.kept import Kept
from tests.unit.gateway.running import SECONDS


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(horizon, "LOOKS", 3)
    monkeypatch.setattr(horizon, "PAUSE_SECONDS", 0.01)


async def passed(kept: Kept) -> bool:
    async with kept.store.connection() as connection:
        return await horizon.is_passed(connection)


async def test_a_quiet_store_has_nobody_who_looks_back(kept: Kept) -> None:
    """Sessions that wait for work see nothing."""
    await kept.started("one")
    idle = await kept.postgres.connect()
    await idle.fetchval("SELECT 1")
    assert await passed(kept)
    await idle.close()


async def test_an_older_snapshot_can_see_what_was_removed(kept: Kept) -> None:
    """For as long as its transaction is open."""
    conversation = await kept.started("one")
    older = await kept.postgres.connect()
    async with older.transaction(isolation="repeatable_read", readonly=True):
        await older.fetchval("SELECT count(*) FROM purges")
        await kept.eraser.subject("Alice")
        assert not await passed(kept)
        assert await older.fetchval("SELECT count(*) FROM data_keys WHERE record = $1", conversation) == 1
    assert await passed(kept)
    await older.close()


async def test_so_can_who_sees_an_older_writer_as_unfinished(kept: Kept) -> None:
    """A writer between two of its statements has no snapshot, and holds up the others' all the same."""
    writer = await kept.postgres.connect()
    async with writer.transaction():
        await writer.execute("UPDATE purges SET purged = purged")
        await kept.started("one")
        await kept.eraser.subject("Alice")
        assert not await passed(kept)
    assert await passed(kept)
    await writer.close()


async def test_short_transactions_are_waited_for(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under load somebody always looks; the sweep goes on once those are done who looked before."""
    monkeypatch.setattr(horizon, "LOOKS", 1000)
    writer = await kept.postgres.connect()
    change = writer.transaction()
    await change.start()
    await writer.execute("UPDATE purges SET purged = purged")
    await kept.started("one")
    waiting = asyncio.create_task(passed(kept))
    done, _ = await asyncio.wait([waiting], timeout=0.2)
    assert not done
    await change.commit()

    assert await asyncio.wait_for(waiting, SECONDS)
    await writer.close()
