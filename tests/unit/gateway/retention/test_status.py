"""What /status says of retention: what was done, what remains, and whether it is late."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from assistant_gateway.retention import status
from tests.unit.gateway.retention.kept import Kept
from tests.unit.gateway.running import SECONDS


def shown(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


async def test_before_the_first_purge(kept: Kept) -> None:
    """Nothing is claimed that was not done."""
    assert await kept.status.look() == {"lastPurge": None, "purged": 0, "oldest": None, "isLate": False}


async def test_what_was_purged_and_what_remains(kept: Kept) -> None:
    """The oldest is the oldest content that has to go some day: not a document that stays until it is removed."""
    await kept.document("stays")
    await kept.move_clock(10)
    await kept.started("early", ttl_seconds=100)
    await kept.move_clock(10)
    await kept.started("late")
    await kept.move_clock(95)

    await kept.purger.once()

    remaining = await kept.value("SELECT created_at FROM items")
    last = await kept.value("SELECT last_at FROM purges")
    assert await kept.status.look() == {"lastPurge": shown(last), "purged": 2, "oldest": shown(remaining), "isLate": False}
    await kept.document("goes", expires_in=1000)
    await kept.sql("UPDATE documents SET created_at = created_at - interval '1 hour' WHERE expires_at IS NOT NULL")
    assert (await kept.status.look())["oldest"] == shown(remaining)
    kept.watch.seconds += 31
    assert (await kept.status.look())["oldest"] < shown(remaining - timedelta(minutes=50))


async def test_late_is_what_is_due_for_more_than_a_minute(kept: Kept) -> None:
    """An item, a conversation or a document, each alone."""
    conversation = await kept.started("early", ttl_seconds=100)
    await kept.move_clock(90)
    await kept.add(conversation, "late")
    for seconds, is_late in ((60, False), (11, True)):
        await kept.move_clock(seconds)
        assert (await kept.status.look())["isLate"] is is_late
    await kept.purger.once()
    assert (await kept.status.look())["isLate"] is False

    await kept.eraser.subject("Alice")
    await kept.document("goes", expires_in=1)
    await kept.move_clock(62)
    assert (await kept.status.look())["isLate"] is True
    await kept.purger.once()
    assert (await kept.status.look())["isLate"] is False


async def test_a_long_look_for_the_oldest_hides_nothing(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes a look at every item, which may take longer than whoever asks waits: what is late is told meanwhile, and the oldest then."""
    await kept.started("oldest")
    monkeypatch.setattr(status, "_OLDEST", "SELECT now() FROM pg_sleep(1)")
    monkeypatch.setattr(status, "PATIENCE_SECONDS", 0.05)

    assert (await asyncio.wait_for(kept.status.look(), 0.8))["oldest"] is None
    async with asyncio.timeout(SECONDS):
        while (await kept.status.look())["oldest"] is None:  # noqa: ASYNC110  a look beside it ends it, which nothing tells of
            await asyncio.sleep(0.05)
