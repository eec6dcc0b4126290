"""The store on a real server: what it makes, what it lends, and how it fails and comes back."""

import asyncio
import base64
import os
import signal
import time
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from assistant_gateway.errors import RefusalError
from assistant_gateway.faults import FatalError
from assistant_gateway.sealing.ring import KeyRing
from assistant_gateway.storage.errors import StoreError
from assistant_gateway.storage.store import CONNECTIONS, Store
from tests.support.postgres import Postgres, write_key
from tests.unit.gateway.storage.stores import open_store

OUTAGE_SECONDS = 30.0
"""What a request may at most take to learn that the store is gone without a word."""


async def test_a_look_makes_all_that_is_needed(postgres: Postgres) -> None:
    """One look at an empty database: tables, index key, no fault."""
    async with open_store(postgres) as store:
        assert store.fault is None
        async with store.connection() as connection:
            assert await connection.fetchval("SELECT count(*) FROM purges") == 1
            row = await connection.fetchrow("SELECT * FROM data_keys")
        assert row["record"] == UUID(int=0)
        assert store.index.raw not in row["wrapped"]
        assert store.ring.unwrap(row["record"], row["kek"], row["wrapped"]) == store.index.raw


async def test_nothing_is_lent_before_the_first_look(postgres: Postgres) -> None:
    """A gateway that has not reached its store refuses at once."""
    store = Store(postgres.policy, postgres.folder, KeyRing.load(postgres.keys))

    assert store.fault is not None
    with pytest.raises(StoreError):
        _ = store.index
    with pytest.raises(StoreError):
        async with store.connection():
            pass


async def test_gateways_share_one_index_key(postgres: Postgres) -> None:
    """Several gateways start at once on an empty database: one migrates, all find the same tokens."""
    stores = [Store(postgres.policy, postgres.folder, KeyRing.load(postgres.keys)) for _ in range(4)]

    await asyncio.gather(*(store.look() for store in stores))

    assert [store.fault for store in stores] == [None] * 4
    assert len({store.index.token("subject", "Alice") for store in stores}) == 1
    connection = await postgres.connect()
    assert await connection.fetchval("SELECT count(*) FROM schema_migrations") == len(stores[0]._known)
    await connection.close()
    for store in stores:
        await store.close()


async def test_a_transaction_is_whole_or_not_there(postgres: Postgres) -> None:
    """Whatever ends the body takes back what it did, and is not dressed up if it is not the store's."""
    async with open_store(postgres) as store:
        with pytest.raises(RefusalError):  # noqa: PT012
            async with store.transaction() as connection:
                await connection.execute("UPDATE purges SET purged = 7")
                raise RefusalError("not_ready")
        with pytest.raises(StoreError):  # noqa: PT012
            async with store.transaction() as connection:
                await connection.execute("UPDATE purges SET purged = 8")
                await connection.execute("SELECT no_such_column")

        async with store.connection() as connection:
            assert await connection.fetchval("SELECT purged FROM purges") == 0
        assert store.fault is None


async def test_a_statement_that_should_not_have_been_sent_is_told(postgres: Postgres, caplog: pytest.LogCaptureFixture) -> None:
    """It is ours to mend, and no outage: nothing else would show it."""
    async with open_store(postgres) as store:
        with pytest.raises(StoreError):
            async with store.connection() as connection:
                await connection.execute("SELECT nothing_of_the_kind")

        assert store.fault is None
        assert [record.levelname for record in caplog.records if record.message == "The store refused a statement."] == ["ERROR"]


async def test_vectors_work_on_lent_connections(postgres: Postgres) -> None:
    """The codec is there on every connection of the pool."""
    async with open_store(postgres) as store, store.connection() as one, store.connection() as other:
        for connection in (one, other):
            assert list(await connection.fetchval("SELECT $1::vector", [1.0, 2.0])) == [1.0, 2.0]


async def test_a_killed_server_is_noticed_and_found_again(own_postgres: Postgres) -> None:
    """Requests fail with StoreError while the server is away, and work again without a restart; what was committed is there."""
    async with open_store(own_postgres) as store:
        watching = asyncio.create_task(store.watch(0.1))
        async with store.transaction() as connection:
            await connection.execute("UPDATE purges SET purged = 42")
        with pytest.raises(StoreError):  # noqa: PT012
            async with store.transaction() as connection:
                await connection.execute("UPDATE purges SET purged = 43")
                own_postgres.server.crash()

        await reason(store, "StoreUnreachable")
        started = time.monotonic()
        with pytest.raises(StoreError):
            async with store.connection():
                pass
        assert time.monotonic() - started < 60
        own_postgres.server.start()

        await reason(store, None)
        async with store.connection() as connection:
            assert await connection.fetchval("SELECT purged FROM purges") == 42
        watching.cancel()


async def test_a_server_that_says_nothing_is_not_waited_for(own_postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    """A frozen server holds requests and the watch for a bounded time."""
    monkeypatch.setattr("assistant_gateway.storage.credentials.COMMAND_SECONDS", 0.5)
    monkeypatch.setattr("assistant_gateway.storage.credentials.CONNECT_SECONDS", 0.5)
    monkeypatch.setattr("assistant_gateway.storage.store.CONNECT_SECONDS", 0.5)
    monkeypatch.setattr("assistant_gateway.storage.store.LOOK_SECONDS", 0.5)
    async with open_store(own_postgres) as store:
        async with store.connection() as connection:
            await connection.fetchval("SELECT 1")
        pids = own_postgres.server.pids()
        watching = asyncio.create_task(store.watch(0.1))
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            started = time.monotonic()
            with pytest.raises(StoreError):
                async with store.connection() as connection:
                    await connection.fetchval("SELECT 1")
            await reason(store, "StoreUnreachable")
            assert time.monotonic() - started < 60
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
        await reason(store, None)
        watching.cancel()


async def test_a_crowd_waits_for_connections_and_is_no_outage(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever gets no connection in time is refused; the store itself is still found to be usable."""
    monkeypatch.setattr("assistant_gateway.storage.store.CONNECT_SECONDS", 0.3)
    async with open_store(postgres) as store, AsyncExitStack() as crowd:
        for _ in range(CONNECTIONS):
            await crowd.enter_async_context(store.connection())

        with pytest.raises(StoreError):
            await crowd.enter_async_context(store.connection())
        await store.look()
        assert store.fault is None
        await crowd.aclose()

        async with store.connection() as connection:
            assert await connection.fetchval("SELECT 1") == 1


async def test_a_cancelled_request_gives_its_connection_back(postgres: Postgres) -> None:
    """Clients go away in the middle of anything; no connection is lost by it, and nothing of what they began stays."""
    async with open_store(postgres) as store:

        async def long(number: int) -> None:
            async with store.transaction() as connection:
                await connection.execute("UPDATE purges SET purged = 99")
                await connection.execute(f"SELECT pg_sleep(30) -- {number}")

        watching = await postgres.connect()
        for number in range(CONNECTIONS * 2):
            task = asyncio.create_task(long(number))
            asleep = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND query LIKE $1)"
            async with asyncio.timeout(OUTAGE_SECONDS):
                while not await watching.fetchval(asleep, f"%-- {number}"):  # noqa: ASYNC110
                    await asyncio.sleep(0.005)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await watching.close()

        async with store.connection() as connection:
            assert await connection.fetchval("SELECT purged FROM purges") == 0
        assert store.fault is None


async def test_what_is_lent_works_as_when_it_was_new(postgres: Postgres) -> None:
    """Connections are given back without a round trip: a transaction's own settings end with it."""
    async with open_store(postgres) as store:
        async with store.transaction() as connection:
            await connection.execute("SET LOCAL statement_timeout = 1234")
        async with store.connection() as connection:
            assert await connection.fetchval("SHOW statement_timeout") == "0"


async def test_credentials_are_read_for_each_connection(own_postgres: Postgres) -> None:
    """A password that changes on both sides is taken into use without a restart; in between the reason says what is wrong."""
    async with open_store(own_postgres) as store:
        watching = asyncio.create_task(store.watch(0.1))
        async with store.connection() as connection:
            await own_postgres.server.execute("ALTER ROLE assistant PASSWORD 'another'")
            assert await connection.fetchval("SELECT 1") == 1  # sessions that live go on
            with pytest.raises(StoreError):
                async with store.connection():  # the pool has no other
                    pass

        await reason(store, "StoreCredentialsInvalid")
        (own_postgres.folder / "password").write_text("another\n")

        await reason(store, None)
        async with store.connection() as connection:
            assert await connection.fetchval("SELECT 1") == 1
        watching.cancel()


async def test_another_database_in_the_stores_place_means_a_new_start(postgres: Postgres) -> None:
    """One that was restored from a backup may be older, or empty: it is migrated; what this process remembers does not hold for it."""
    async with open_store(postgres) as store:
        connection = await postgres.connect()
        await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        await connection.close()
        await postgres.server.execute("CREATE EXTENSION vector", database=postgres.database)

        with pytest.raises(FatalError):
            await store.look()

    async with open_store(postgres) as later:
        assert later.fault is None


async def test_a_new_key_opens_and_seals_without_a_restart(postgres: Postgres) -> None:
    """A record that another gateway sealed with a key that has just appeared opens: the ring looks again before it gives up."""
    async with open_store(postgres) as store:
        write_key(postgres.keys, "k0002")
        other = KeyRing.load(postgres.keys)
        record = uuid4()

        assert other.current == "k0002"
        assert store.ring.unwrap(record, *other.wrap(record, bytes(32))) == bytes(32)


async def test_nothing_else_may_be_behind_the_name(postgres: Postgres, tmp_path: Path) -> None:
    """Another assistant's gateway finds that the keys do not fit, and does not touch the database."""
    async with open_store(postgres):
        pass
    other = tmp_path / "other"
    other.mkdir()
    (other / "k0001").write_bytes(base64.b64encode(bytes(32)))
    store = Store(postgres.policy, postgres.folder, KeyRing.load(other))

    await store.look()

    assert store.fault is not None
    assert store.fault.reason == "EncryptionKeyMissing"
    await store.close()


async def reason(store: Store, wanted: str | None) -> None:
    """Wait until the store's fault has this reason."""
    async with asyncio.timeout(OUTAGE_SECONDS):
        while (store.fault and store.fault.reason) != wanted:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
