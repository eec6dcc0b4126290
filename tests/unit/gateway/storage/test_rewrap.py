"""A new encryption key takes over while the store is in use."""

import asyncio
from uuid import UUID, uuid4

import pytest

from assistant_gateway.sealing.keys import DataKey
from assistant_gateway.sealing.ring import KeyRing
from assistant_gateway.storage.rewrap import BATCH, Rewrap
from assistant_gateway.storage.store import Store, StoreError
from tests.support.postgres import Postgres, write_key
from tests.unit.gateway.storage.stores import open_store

ROWS = BATCH * 2 + 17


async def fill(store: Store, rows: int = ROWS) -> dict[UUID, bytes]:
    """Put keys of records into the store and return them."""
    keys = {uuid4(): DataKey.new().raw for _ in range(rows)}
    async with store.transaction() as connection:
        await connection.executemany(
            "INSERT INTO data_keys VALUES ($1, $2, $3)", [(record, *store.ring.wrap(record, key)) for record, key in keys.items()]
        )
    return keys


async def test_every_key_moves_and_opens_as_before(postgres: Postgres) -> None:
    """After a rotation the old encryption key can go: nothing needs it, and what was sealed opens."""
    async with open_store(postgres) as store:
        keys = await fill(store)
        token = store.index.token("subject", "Alice")
        write_key(postgres.keys, "k0002")
        store.ring.refresh()
        rewrap = Rewrap(store, store.ring)
        assert await rewrap.remaining() == ROWS + 1

        assert await rewrap.sweep() == ROWS + 1

        assert await rewrap.remaining() == 0
        (postgres.keys / "k0001").unlink()
        store.ring.refresh()
        async with store.connection() as connection:
            rows = await connection.fetch("SELECT * FROM data_keys")
        opened = {row["record"]: store.ring.unwrap(*row) for row in rows}
        assert {record: opened[record] for record in keys} == keys
    async with open_store(postgres) as later:
        assert later.fault is None
        assert later.index.token("subject", "Alice") == token


async def test_readers_and_writers_never_notice(postgres: Postgres) -> None:
    """While two gateways rewrap, keys are read, added and destroyed; nothing fails, nothing that was destroyed comes back."""
    async with open_store(postgres) as store, open_store(postgres) as other:
        keys = await fill(store)
        write_key(postgres.keys, "k0002")
        watches = [asyncio.create_task(Rewrap(one, one.ring).watch(0.05)) for one in (store, other)]
        gone: list[UUID] = []
        added: dict[UUID, bytes] = {}
        for record, key in list(keys.items())[::5]:
            async with store.connection() as connection:
                assert (
                    store.ring.unwrap(record, *await connection.fetchrow("SELECT kek, wrapped FROM data_keys WHERE record = $1", record))
                    == key
                )
                await connection.execute("DELETE FROM data_keys WHERE record = $1", record)
            gone.append(record)
            added |= await fill(other, 1)
        async with asyncio.timeout(30):
            while await Rewrap(store, store.ring).remaining():  # noqa: ASYNC110
                await asyncio.sleep(0.02)

        async with store.connection() as connection:
            rows = {row["record"]: row for row in await connection.fetch("SELECT * FROM data_keys")}
        assert not set(gone) & set(rows)
        assert all(store.ring.unwrap(*rows[record]) == key for record, key in added.items())
        assert {row["kek"] for row in rows.values()} == {"k0002"}
        for watch in watches:
            watch.cancel()


async def test_a_row_that_is_held_is_left_for_later(postgres: Postgres) -> None:
    async with open_store(postgres) as store:
        keys = await fill(store, 3)
        write_key(postgres.keys, "k0002")
        store.ring.refresh()
        rewrap = Rewrap(store, store.ring)
        async with store.transaction() as connection:
            await connection.execute("SELECT * FROM data_keys WHERE record = $1 FOR UPDATE", next(iter(keys)))
            assert await rewrap.sweep() == 3
            assert await rewrap.sweep() == 0
        assert await rewrap.sweep() == 1


async def test_damaged_rows_are_reported_and_stop_nobody(postgres: Postgres, caplog: pytest.LogCaptureFixture) -> None:
    """They are not rewrapped, which would make them look whole; all others are, and they show in what is left to do."""
    damaged = BATCH + 1  # a batch may hold nothing else
    async with open_store(postgres) as store:
        async with store.connection() as connection:
            rows = [(UUID(int=number), bytes(60)) for number in range(1, damaged + 1)]
            await connection.executemany("INSERT INTO data_keys VALUES ($1, 'k0001', $2)", rows)
        await fill(store, 3)
        write_key(postgres.keys, "k0002")
        store.ring.refresh()

        rewrap = Rewrap(store, store.ring)
        assert await rewrap.sweep() == 4
        assert await rewrap.sweep() == 0

        assert await rewrap.remaining() == damaged
        (said, *_) = [record for record in caplog.records if record.message == "Wrapped keys cannot be opened."]
        assert vars(said)["fields"] == {"keys": damaged}


async def test_a_new_key_waits_until_others_have_it(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key that has just appeared opens at once and seals later; a gateway that starts with it alone uses it at once."""
    ring = KeyRing.load(postgres.keys, settle_seconds=60)
    assert ring.current == "k0001"
    write_key(postgres.keys, "k0002")
    ring.refresh()
    assert ring.current == "k0001"

    monkeypatch.setattr("assistant_gateway.sealing.ring.time.time", lambda: (postgres.keys / "k0002").stat().st_mtime + 61)

    assert ring.current == "k0002"


async def test_a_gateway_that_does_not_use_the_new_key_yet_does_not_go_back(postgres: Postgres) -> None:
    """It started a moment ago, so every key is new to it; what another has moved stays where it is."""
    write_key(postgres.keys, "k0002")
    async with open_store(postgres) as store:
        await fill(store, 5)
        ring = KeyRing.load(postgres.keys, settle_seconds=60)
        assert ring.current == "k0001"

        assert await Rewrap(store, ring).sweep() == 0

        assert await Rewrap(store, ring).remaining() == 0


async def test_a_store_that_is_away_ends_no_watch(postgres: Postgres) -> None:
    """With it the gateway would end; what is left to do is done when the store is there again."""
    write_key(postgres.keys, "k0002")
    ring = KeyRing.load(postgres.keys)
    rewrap = Rewrap(Store(postgres.policy, postgres.folder, ring), ring)
    with pytest.raises(StoreError):
        await rewrap.sweep()

    watch = asyncio.create_task(rewrap.watch(0.01))
    ended, _ = await asyncio.wait([watch], timeout=0.1)
    watch.cancel()

    assert not ended
