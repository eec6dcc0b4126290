"""What is due goes: for readers at once, from the store with the next purge, counted once, whoever purges and whatever the clock does."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant_gateway.errors import RefusalError
from assistant_gateway.retention import purger as purging
from assistant_gateway.retention import rekey
from assistant_gateway.retention.sweep import CONVERSATIONS, DOCUMENTS
from assistant_gateway.storage.store import StoreError
from tests.unit.gateway.retention.kept import ALICE, TTL, Kept, only
from tests.unit.gateway.running import SECONDS

NOTHING = {"conversations": 0, "items": 0, "documents": 0, "chunks": 0, "keys": 0}


async def test_a_conversation_goes_when_its_last_item_does(kept: Kept) -> None:
    """It is gone for its owner when it is due, and from the store with the purge; what is not due stays."""
    conversation = await kept.started("one", "two", ttl_seconds=1)
    staying = await kept.started("stays")
    assert await kept.purger.once() == 0

    await kept.move_clock(1)
    with pytest.raises(RefusalError, match="not_found"):
        await kept.texts(conversation)
    assert (await kept.counts())["items"] == 3
    purged = await kept.purger.once()

    assert purged == 3
    assert await kept.counts() == NOTHING | {"conversations": 1, "items": 1, "keys": 1}
    assert await kept.texts(staying) == ["stays"]
    assert (await kept.status.look())["purged"] == 3


async def test_each_item_keeps_the_conversation_alive(kept: Kept) -> None:
    """An item is gone ttl after it was written, the conversation ttl after the last; an empty one ttl after it was made."""
    conversation, empty = await kept.started("early", ttl_seconds=100), await kept.started(ttl_seconds=100)
    await kept.move_clock(60)
    await kept.add(conversation, "late")
    await kept.move_clock(50)

    assert await kept.texts(conversation) == ["late"]
    with pytest.raises(RefusalError, match="not_found"):
        await kept.texts(empty)
    assert await kept.purger.once() == 2
    assert await kept.texts(conversation) == ["late"]
    await kept.move_clock(50)
    await kept.purger.once()
    assert await kept.counts() == NOTHING


async def test_what_remains_gets_a_new_key(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key under which the expired items were sealed is replaced in the same transaction, batch after batch."""
    monkeypatch.setattr("assistant_gateway.retention.rekey.BATCH", 2)
    conversation = await kept.started("early", topic="numbers", ttl_seconds=100)
    await kept.move_clock(60)
    await kept.add(conversation, "a", "b", "c", "d", "e")
    before = only(await kept.sql("SELECT * FROM data_keys WHERE record = $1", conversation))
    sealed = await kept.sql("SELECT sealed FROM items ORDER BY seq")
    await kept.move_clock(50)

    assert await kept.purger.once() == 1

    after = only(await kept.sql("SELECT * FROM data_keys WHERE record = $1", conversation))
    old, new = (kept.store.ring.unwrap(conversation, row["kek"], row["wrapped"]) for row in (before, after))
    assert old != new
    assert not {row["sealed"] for row in sealed} & {row["sealed"] for row in await kept.sql("SELECT sealed FROM items")}
    assert await kept.texts(conversation) == ["a", "b", "c", "d", "e"]
    assert (await kept.conversations.retrieve(ALICE, conversation))["metadata"] == {"topic": "numbers"}


async def test_what_was_sealed_anew_is_swept_though_the_store_is_lost_over_it(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commit may have come through when its answer did not; nothing of the conversation is due any more, so no later pass would."""
    without_due, transaction, due = rekey.without_due, kept.store.transaction, asyncio.Event()
    marked: list[tuple[str, ...]] = []

    async def seen(*values: Any) -> int:
        due.set()
        return await without_due(*values)

    @contextlib.asynccontextmanager
    async def lost() -> AsyncIterator[Any]:
        async with transaction() as connection:
            yield connection
        if due.is_set():
            raise StoreError

    conversation = await kept.started("early", ttl_seconds=100)
    await kept.move_clock(60)
    await kept.add(conversation, "late")
    await kept.move_clock(50)
    monkeypatch.setattr(rekey, "without_due", seen)
    monkeypatch.setattr(kept.store, "transaction", lost)
    monkeypatch.setattr(kept.sweeper, "mark", marked.append)

    with pytest.raises(StoreError):
        await kept.purger.once()

    assert await kept.texts(conversation) == ["late"]
    assert marked == [CONVERSATIONS]


async def test_a_damaged_item_does_not_keep_the_others(kept: Kept) -> None:
    """Expiry goes on where something cannot be opened: an item, or the conversation's whole key."""
    damaged, locked = await kept.started("early", ttl_seconds=100), await kept.started("early", ttl_seconds=100)
    await kept.move_clock(60)
    await kept.add(damaged, "late")
    await kept.add(locked, "late")
    await kept.sql("UPDATE items SET sealed = '\\x00' WHERE conversation = $1 AND seq = 1", damaged)
    await kept.sql("UPDATE data_keys SET kek = 'lost' WHERE record = $1", locked)
    await kept.move_clock(50)

    assert await kept.purger.once() == 2
    assert (await kept.counts())["items"] == 2


async def test_documents_go_with_their_chunks(kept: Kept) -> None:
    """A document that has a ttl goes when it is due, one without stays."""
    await kept.document("short", expires_in=10)
    await kept.document("long")
    await kept.move_clock(11)

    assert await kept.purger.once() == 1
    assert await kept.counts() == NOTHING | {"documents": 1, "chunks": 2, "keys": 1}


async def test_what_is_purged_is_swept(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it would lie in the tables, and vectors in their index, until another purge."""
    marked: list[tuple[str, ...]] = []
    monkeypatch.setattr(kept.sweeper, "mark", marked.append)
    await kept.started("one")
    await kept.document("short", expires_in=10)
    await kept.move_clock(TTL)

    await kept.purger.once()

    assert set(marked) == {CONVERSATIONS, DOCUMENTS}


async def test_two_purgers_count_each_row_once(kept: Kept, other: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """Together they remove everything that is due, in small batches at the same time, and their counts add up."""
    monkeypatch.setattr(purging, "BATCH", 3)
    monkeypatch.setattr(purging, "DOCUMENT_BATCH", 2)
    for number in range(30):
        await kept.started(*"abc"[: number % 4], ttl_seconds=100)
    partly = [await kept.started("early", ttl_seconds=100) for _ in range(20)]
    for _ in range(10):
        await kept.document("short", expires_in=100)
    due = await kept.counts()
    await kept.move_clock(60)
    for conversation in partly:
        await kept.add(conversation, "late")
    await kept.move_clock(50)

    gone = 0
    while (await kept.counts())["items"] > len(partly) or (await kept.counts())["documents"] or (await kept.counts())["conversations"] > 20:
        gone += sum(await asyncio.gather(kept.purger.once(), other.purger.once()))

    expected = due["conversations"] - len(partly) + due["items"] + due["documents"]
    assert gone == expected == (await kept.status.look())["purged"]
    assert await kept.counts() == NOTHING | {"conversations": 20, "items": 20, "keys": 20}
    assert [await kept.texts(conversation) for conversation in partly] == [["late"]] * 20


async def test_what_another_holds_is_left_for_later(kept: Kept) -> None:
    """A purge does not wait for a row that somebody is writing to, and takes the rest."""
    held = await kept.started("a", ttl_seconds=1)
    await kept.started("b", ttl_seconds=1)
    await kept.move_clock(2)
    async with kept.store.transaction() as connection:
        await connection.execute("SELECT FROM conversations WHERE id = $1 FOR UPDATE", held)
        assert await asyncio.wait_for(kept.purger.once(), SECONDS) == 2

    assert [row["id"] for row in await kept.sql("SELECT id FROM conversations")] == [held]
    assert await kept.purger.once() == 2


async def test_a_reader_does_not_wait_for_a_purge(kept: Kept) -> None:
    """While a conversation gets its new key, its owner reads it under the old one."""
    conversation = await kept.started("early", ttl_seconds=100)
    await kept.move_clock(60)
    await kept.add(conversation, "late")
    await kept.move_clock(50)
    async with kept.store.transaction() as connection:
        now = await connection.fetchval("SELECT now() FROM conversations WHERE id = $1 FOR UPDATE", conversation)
        assert await rekey.without_due(connection, kept.store.ring, conversation, now) == 1
        assert await asyncio.wait_for(kept.texts(conversation), SECONDS) == ["late"]

    assert await kept.texts(conversation) == ["late"]


async def test_a_clock_set_back_brings_nothing_back(kept: Kept) -> None:
    """What was gone stays gone, and time goes on from the latest that was seen, by what the gateway itself measures."""
    gone, pending = await kept.started("gone", ttl_seconds=100), await kept.started("pending", ttl_seconds=200)
    await kept.move_clock(150)
    assert await kept.purger.once() == 2

    await kept.move_clock(-86400)
    kept.watch.seconds += 10
    assert await kept.purger.once() == 0
    with pytest.raises(RefusalError, match="not_found"):
        await kept.texts(gone)
    assert await kept.texts(pending) == ["pending"]
    late = await kept.started("late", ttl_seconds=100)

    kept.watch.seconds += 45
    assert await kept.purger.once() == 2
    assert await kept.texts(late) == ["late"]
    kept.watch.seconds += 60
    assert await kept.purger.once() == 2
    assert await kept.counts() == NOTHING


async def test_two_purgers_do_not_make_time_run_twice_as_fast(kept: Kept, other: Kept) -> None:
    """With the clock behind, what two gateways measure is the same time."""
    for memory in (kept, other):
        await memory.purger.once()
    await kept.move_clock(-86400)
    start = await kept.value("SELECT high_water FROM purges")

    for _ in range(10):
        for memory in (kept, other):
            memory.watch.seconds += 10
            await memory.purger.once()

    passed = (await kept.value("SELECT high_water FROM purges") - start).total_seconds()
    assert 99 < passed < 102


async def test_the_time_is_kept_over_a_restart(kept: Kept, other: Kept) -> None:
    """A gateway that starts while the clock is behind goes on from the time that an earlier one saw."""
    conversation = await kept.started("one", ttl_seconds=100)
    await kept.move_clock(150)
    async with kept.store.connection() as connection:  # a purge that was killed after it had looked at the clock
        await connection.execute("UPDATE purges SET high_water = now()")
    await kept.move_clock(-86400)

    with pytest.raises(RefusalError, match="not_found"):
        await other.texts(conversation)
    assert await other.purger.once() == 2


async def test_watch_purges_again_and_again(kept: Kept) -> None:
    """A store that is away for a while costs one purge, not the purger."""
    await kept.started("one", ttl_seconds=1)
    fails = [True, True]
    once = kept.purger.once

    async def failing() -> int:
        if fails:
            fails.pop()
            raise StoreError
        return await once()

    kept.purger.once = failing  # type: ignore[method-assign]
    await kept.move_clock(2)
    watching = asyncio.create_task(kept.purger.watch(seconds=0))
    async with asyncio.timeout(SECONDS):
        while (await kept.counts())["conversations"]:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching

    assert not fails


@pytest.mark.parametrize("error", [StoreError, ValueError])
async def test_what_fails_does_not_keep_the_gateway_busy(kept: Kept, caplog: pytest.LogCaptureFixture, error: type[Exception]) -> None:
    """Purges that fail at once, for whatever reason, are tried again after a while, and said once; with the place where it is no outage."""
    passes = 0

    async def failing() -> int:
        nonlocal passes
        passes += 1
        raise error

    kept.purger.once = failing  # type: ignore[method-assign]
    watching = asyncio.create_task(kept.purger.watch())
    for _ in range(100):
        await asyncio.sleep(0)
    assert passes == 1
    watching.cancel()
    assert isinstance((await asyncio.gather(watching, return_exceptions=True))[0], asyncio.CancelledError)

    await kept.purger._pass()
    told = [(record.message, bool(record.exc_info)) for record in caplog.records if "Purges fail" in record.message]
    assert told == [("Purges fail for now.", error is not StoreError)]


async def test_what_an_earlier_process_removed_is_swept(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may have ended between the two: keys that it destroyed would stay in the server's files until another one goes."""
    marked: list[tuple[str, ...]] = []
    monkeypatch.setattr(kept.sweeper, "mark", marked.append)
    watching = asyncio.create_task(kept.purger.watch())
    await asyncio.sleep(0)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)

    assert {table for tables in marked for table in tables} >= {*CONVERSATIONS, *DOCUMENTS}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(st.tuples(st.integers(0, 400), st.booleans()), min_size=1, max_size=6),
    ttl=st.integers(1, TTL),
    narrowed=st.none() | st.integers(1, TTL),
)
async def test_items_live_for_the_shorter_of_both_ttls(kept: Kept, steps: list[tuple[int, bool]], ttl: int, narrowed: int | None) -> None:
    """Whenever items are written and purges run: an item is there until the shorter ttl is over, and no longer."""
    kept.keep(TTL)
    await kept.purger.once()  # it sees the wide policy, or would take a narrower one for that of the example before, and leave all to later
    conversation = await kept.started(ttl_seconds=ttl)
    clock, written = 0, [(0, "")]
    for number, (seconds, purges) in enumerate(steps):
        await kept.move_clock(seconds)
        clock += seconds
        try:
            await kept.add(conversation, str(number))
            written.append((clock, str(number)))
        except RefusalError:
            assert clock - written[-1][0] >= ttl - 1  # a second for the time that the test itself takes
            break
        if purges:
            await kept.purger.once()
    lives = min(ttl, narrowed or ttl)
    kept.keep(narrowed or TTL)
    try:
        texts = await kept.texts(conversation)
    except RefusalError:
        texts = []
    certain = [text for when, text in written if text and clock - when < lives - 2]
    possible = [text for when, text in written if text and clock - when <= lives]
    assert set(certain) <= set(texts) <= set(possible)
    await kept.purger.once()
    with contextlib.suppress(RefusalError):
        assert set(await kept.texts(conversation)) <= set(texts)
    remaining = await kept.value("SELECT count(*) FROM items WHERE conversation = $1", conversation)
    assert len(certain) <= remaining <= len(possible)
