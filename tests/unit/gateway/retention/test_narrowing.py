"""A narrower resource narrows what is kept already, at once; a wider one widens nothing."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from assistant_gateway.conversations import conversations
from assistant_gateway.errors import RefusalError
from assistant_gateway.retention import narrowing
from tests.unit.gateway.retention.kept import ALICE, TTL, Kept
from tests.unit.gateway.retention.test_purger import NOTHING


async def test_a_wider_policy_widens_nothing(kept: Kept) -> None:
    """The promise under which a conversation began is kept for what is added to it later, too."""
    conversation = await kept.started("one")
    kept.keep(TTL * 10)
    await kept.purger.once()
    await kept.add(conversation, "two")

    assert (await kept.conversations.retrieve(ALICE, conversation))["ttl_seconds"] == TTL
    await kept.move_clock(TTL)
    with pytest.raises(RefusalError, match="not_found"):
        await kept.texts(conversation)
    await kept.purger.once()
    assert await kept.counts() == NOTHING


async def test_a_narrower_policy_counts_before_any_purge(kept: Kept) -> None:
    """From the moment that the policy is in force, nobody sees what it does not keep; and the next purge removes it."""
    conversation = await kept.started("early")
    await kept.move_clock(200)
    await kept.add(conversation, "late")

    kept.keep(100)

    assert await kept.texts(conversation) == ["late"]
    assert await kept.conversations.history(ALICE, conversation, 10_000) == [{"role": "user", "content": "late"}]
    shown = await kept.conversations.retrieve(ALICE, conversation)
    assert shown["ttl_seconds"] == 100
    await kept.purger.once()
    assert (await kept.counts())["items"] == 1
    assert await kept.conversations.retrieve(ALICE, conversation) == shown


async def test_a_narrower_policy_stays_narrow(kept: Kept) -> None:
    """Wider again does not give back what was narrowed."""
    conversation = await kept.started("one")
    kept.keep(100)
    await kept.purger.once()
    kept.keep(TTL)
    await kept.purger.once()
    await kept.add(conversation, "two")

    assert (await kept.conversations.retrieve(ALICE, conversation))["ttl_seconds"] == 100
    await kept.move_clock(101)
    assert await kept.purger.once() == 3


async def test_what_is_written_before_the_purge_is_narrowed_as_well(kept: Kept) -> None:
    """An item that is added between the policy and the purge lives as long as the policy says, not for a moment less."""
    conversation = await kept.started("early")
    kept.keep(100)
    await kept.add(conversation, "late")
    await kept.purger.narrow()

    lives = await kept.sql("SELECT extract(epoch FROM expires_at - created_at)::int FROM items UNION SELECT ttl_seconds FROM conversations")
    assert [row[0] for row in lives] == [100]
    assert await kept.texts(conversation) == ["early", "late"]


async def test_what_is_being_added_is_narrowed_as_well(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever adds holds the conversation: what is narrowed meanwhile waits for that, and sees the item that came."""
    conversation = await kept.started("early")
    kept.keep(100)
    append, added, go_on = conversations._append, asyncio.Event(), asyncio.Event()

    async def slow(*given: Any) -> list[UUID]:
        ids = await append(*given)
        added.set()
        await go_on.wait()
        return ids

    monkeypatch.setattr(conversations, "_append", slow)
    adding = asyncio.create_task(kept.add(conversation, "late"))
    await added.wait()
    narrowing = asyncio.create_task(kept.purger.narrow())
    await asyncio.wait([narrowing], timeout=0.3)
    go_on.set()
    await asyncio.gather(adding, narrowing)

    assert await kept.value("SELECT max(extract(epoch FROM expires_at - created_at))::int FROM items") == 100


async def test_narrowing_is_not_late(kept: Kept) -> None:
    """What a narrower policy makes due is due from then on: nobody could have purged it before."""
    await kept.started("one", "two")
    await kept.move_clock(TTL / 2)
    kept.keep(1)
    await kept.purger.narrow()
    assert (await kept.status.look())["isLate"] is False

    await kept.move_clock(59)
    assert (await kept.status.look())["isLate"] is False
    await kept.move_clock(2)
    assert (await kept.status.look())["isLate"] is True
    await kept.purger.once()
    assert (await kept.status.look())["isLate"] is False


async def test_many_are_narrowed_in_batches(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches end where there is nothing wider."""
    monkeypatch.setattr(narrowing, "BATCH", 3)
    monkeypatch.setattr(narrowing, "ITEMS", 4)
    for size in (1, 1, 6, 0, 2, 2, 1):
        await kept.started(*["text"] * size)
    await kept.document("kept until removed")
    await kept.document("short", expires_in=5)
    kept.keep(100, documents=50)

    await kept.purger.narrow()

    assert [row[0] for row in await kept.sql("SELECT DISTINCT ttl_seconds FROM conversations")] == [100]
    lives = await kept.sql("SELECT extract(epoch FROM expires_at - created_at)::int FROM documents ORDER BY expires_at")
    assert [row[0] for row in lives] == [5, 50]


async def test_where_nothing_is_kept_all_conversations_go(kept: Kept) -> None:
    """A store that stays for the documents loses its conversations: the keys at once, the rows with the purge."""
    await kept.started("one", "two")
    await kept.document("stays")
    kept.keep(None)

    await kept.purger.narrow()
    assert (await kept.counts())["keys"] == 1
    await kept.purger.once()

    assert await kept.counts() == NOTHING | {"documents": 1, "chunks": 2, "keys": 1}


async def test_what_an_older_gateway_writes_meanwhile_is_found_later(kept: Kept, other: Kept) -> None:
    """While pods are replaced, one may still write under the policy before; every few minutes somebody looks."""
    kept.keep(100)
    await kept.purger.once()
    await other.started("one")
    await kept.purger.once()
    assert await kept.value("SELECT ttl_seconds FROM conversations") == TTL

    kept.watch.seconds += 301
    await kept.purger.once()
    assert await kept.value("SELECT ttl_seconds FROM conversations") == 100
