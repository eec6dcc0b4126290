"""What was removed does not stay in tables and indexes until somebody cleans up some day."""

import asyncio
import itertools
import math
import random
from array import array
from uuid import UUID

import asyncpg
import pytest

from assistant_gateway.documents import spaces
from assistant_gateway.retention import horizon, sweep
from assistant_gateway.storage.store import StoreError
from tests.unit.gateway.retention.kept import Kept
from tests.unit.gateway.running import SECONDS

DIMENSIONS = 450
"""Four vectors fill a page."""


async def with_vectors(kept: Kept, documents: int, chunks_of_last: int = 2) -> dict[UUID, list[bytes]]:
    """Make documents with vectors; return, for each, bytes of its vectors as the index holds them: at length one."""
    choice = random.Random(1)
    made: dict[UUID, list[bytes]] = {await kept.document(f"document {number}"): [] for number in range(documents - 1)}
    made[await kept.document("the last", chunks=chunks_of_last)] = []
    async with kept.store.transaction() as connection:
        space = await spaces.open_space(connection, "sha256:of-a-model", DIMENSIONS)
        for row in await connection.fetch("SELECT id, document, acl FROM chunks"):
            vector = array("f", [choice.uniform(-1, 1) for _ in range(DIMENSIONS)])
            await connection.execute(f"INSERT INTO {space.table} VALUES ($1, $2, $3)", row["id"], row["acl"], vector)
            length = math.sqrt(sum(number * number for number in vector))
            made[row["document"]].append(array("f", [number / length for number in vector]).tobytes()[64:96])
    return made


async def in_index(kept: Kept, needles: list[bytes]) -> int:
    """Count the vectors in the index's file."""
    await kept.postgres.server.execute("CHECKPOINT")
    path = kept.postgres.server.data / await kept.value("SELECT pg_relation_filepath('vectors_1_embedding')")
    data = path.read_bytes()
    return sum(data.count(needle) for needle in needles)


async def test_vectors_leave_the_index(kept: Kept) -> None:
    """A few among many, which PostgreSQL would leave where they are: on less than a fiftieth of the table's pages."""
    vectors = await with_vectors(kept, 20, chunks_of_last=500)
    erased, *staying = vectors
    assert await in_index(kept, vectors[erased]) == len(vectors[erased])

    await kept.eraser.document(erased)
    assert await in_index(kept, vectors[erased]) == len(vectors[erased])
    await kept.sweeper.sweep()

    assert await in_index(kept, vectors[erased]) == 0
    assert await in_index(kept, [needle for document in staying for needle in vectors[document]]) == 2 * 18 + 500


async def test_only_what_is_marked_is_swept_and_again_if_it_failed(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sweep that fails is made good by the next; one without anything to do does nothing."""
    swept: list[str] = []
    fails = True

    class Connection:
        async def execute(self, statement: str, **_: object) -> None:
            if not statement.startswith("VACUUM"):
                return
            swept.append(statement.rpartition(" ")[2])
            if fails and swept[-1] == "documents":
                raise StoreError

        async def fetchval(self, *_: object) -> int:
            return 0

        async def fetch(self, statement: str) -> list[dict[str, str]]:
            return [{"relname": "vectors_7"}]

        async def __aenter__(self) -> "Connection":
            return self

        async def __aexit__(self, *_: object) -> None: ...

    monkeypatch.setattr(kept.store, "connection", Connection)
    await kept.sweeper.sweep()
    kept.sweeper.mark(sweep.DOCUMENTS)
    with pytest.raises(StoreError):
        await kept.sweeper.sweep()
    fails = False
    await kept.sweeper.sweep()
    await kept.sweeper.sweep()
    kept.sweeper.mark(sweep.CONVERSATIONS)
    await kept.sweeper.sweep()

    assert swept == ["data_keys", "chunks", "documents", "documents", "vectors_7", "data_keys", "conversations", "items"]


async def test_without_room_for_a_copy_of_the_keys_the_rest_is_vacuumed(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a full disk that is what makes room; the keys are written anew once there is some."""
    swept: list[str] = []
    is_full = True

    class Connection:
        async def execute(self, statement: str, **_: object) -> None:
            if is_full and "FULL" in statement:
                raise asyncpg.DiskFullError
            if statement.startswith("VACUUM"):
                swept.append(statement.rpartition(" ")[2])

        async def fetchval(self, *_: object) -> int:
            return 0

        async def __aenter__(self) -> "Connection":
            return self

        async def __aexit__(self, *_: object) -> None: ...

    monkeypatch.setattr(kept.store, "connection", Connection)
    kept.sweeper.mark(sweep.CONVERSATIONS)
    await kept.sweeper.sweep()
    assert swept == ["conversations", "items"]
    is_full = False
    await kept.sweeper.sweep()

    assert swept == ["conversations", "items", "data_keys"]


async def test_keys_in_use_are_written_anew_later(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rewrite does not queue for long behind somebody who works with keys: others would queue behind it."""
    monkeypatch.setattr(sweep, "LOCK_MILLISECONDS", 10)
    conversation = await kept.started("stays")
    file = await kept.value("SELECT pg_relation_filenode('data_keys')")
    kept.sweeper.mark(sweep.CONVERSATIONS)
    async with kept.store.transaction() as connection:
        await connection.execute("UPDATE data_keys SET kek = kek")
        await asyncio.wait_for(kept.sweeper.sweep(), SECONDS)
        assert await asyncio.wait_for(kept.texts(conversation), SECONDS) == ["stays"]
    assert await kept.value("SELECT pg_relation_filenode('data_keys')") == file

    await kept.sweeper.sweep()
    assert await kept.value("SELECT pg_relation_filenode('data_keys')") != file
    async with kept.store.connection() as connection:
        assert await connection.fetchval("SHOW lock_timeout") == "0"


async def test_keys_are_not_written_anew_all_the_time(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """The longer a rewrite takes, the longer nobody is to wait for the next."""

    async def rewrite(_: object) -> bool:
        kept.watch.seconds += 0.5
        rewritten.append(kept.watch.seconds)
        return True

    rewritten: list[float] = []
    monkeypatch.setattr(sweep, "_rewrite", rewrite)
    for _ in range(40):
        kept.sweeper.mark(sweep.CONVERSATIONS)
        await kept.sweeper.sweep()
        kept.watch.seconds += 30
    assert [after - before for before, after in itertools.pairwise(rewritten)] == [pytest.approx(510.5)] * 2


async def test_many_keys_are_not_written_anew(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where that would keep requests waiting, the keys are vacuumed like everything else."""
    monkeypatch.setattr(sweep, "REWRITTEN_BYTES", 0)
    await kept.started("stays")
    file = await kept.value("SELECT pg_relation_filenode('data_keys')")
    kept.sweeper.mark(sweep.CONVERSATIONS)
    await kept.sweeper.sweep()
    assert await kept.value("SELECT pg_relation_filenode('data_keys')") == file


async def test_watch_sweeps_when_there_is_something(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """And goes on after a failure."""
    monkeypatch.setattr(sweep, "SWEEP_SECONDS", 0)
    done = asyncio.Event()
    attempts = 0

    async def sweeping() -> None:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            raise StoreError
        done.set()

    monkeypatch.setattr(kept.sweeper, "sweep", sweeping)
    watching = asyncio.create_task(kept.sweeper.watch())
    await asyncio.sleep(0)
    assert attempts == 0
    kept.sweeper.mark(sweep.CONVERSATIONS)
    await asyncio.wait_for(done.wait(), SECONDS)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    assert attempts == 2


async def test_what_an_older_snapshot_sees_is_swept_again(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """VACUUM could not remove it; the sweep is done when nobody sees it any more, and then leaves nothing marked."""
    monkeypatch.setattr(horizon, "LOOKS", 1)
    vectors = await with_vectors(kept, 3)
    erased = next(iter(vectors))
    backup = await kept.postgres.connect()
    async with backup.transaction(isolation="repeatable_read", readonly=True):
        await backup.fetchval("SELECT count(*) FROM purges")
        await kept.eraser.document(erased)
        await kept.sweeper.sweep()
        assert await in_index(kept, vectors[erased]) == len(vectors[erased])
    await kept.sweeper.sweep()
    assert await in_index(kept, vectors[erased]) == 0
    await backup.close()
