"""What was acknowledged is there, what expired is not: whatever is killed in the middle of whatever."""

import asyncio
import os
import random
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

from assistant_gateway.storage.store import StoreError
from tests.support.postgres import Postgres
from tests.unit.gateway.retention.kept import ALICE, Kept, open_kept, said, set_clock_up
from tests.unit.gateway.running import SECONDS

ROUNDS = 100
TTL = 100
STEP = 60
"""Seconds between rounds: what a round writes is due two rounds later."""


@asynccontextmanager
async def appender(postgres: Postgres) -> AsyncIterator[Process]:
    """Run the program that forks those who are killed."""
    where = (postgres.host, str(postgres.port), postgres.database, str(postgres.folder), str(postgres.keys))
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    program = (sys.executable, "-m", "tests.unit.gateway.retention.appender")
    process = await asyncio.create_subprocess_exec(*program, *where, stdin=PIPE, stdout=PIPE, env=environment)
    try:
        yield process
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await asyncio.wait_for(process.wait(), SECONDS)


async def killed_after(process: Process, conversation: UUID, prefix: str, count: int) -> list[str]:
    """Have a child write to the conversation, kill it when so many items were acknowledged, and return all that were."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{conversation.hex} {prefix}\n".encode())
    acknowledged: list[str] = []
    child = 0
    async with asyncio.timeout(SECONDS):
        while (line := (await process.stdout.readline()).decode().strip()) != "gone":
            assert line, "the program ended"
            if line.startswith("pid "):
                child = int(line[4:])
            else:
                acknowledged.append(line)
            if len(acknowledged) == count:
                os.kill(child, signal.SIGKILL)
    return acknowledged


async def everything(kept: Kept, conversation: UUID) -> list[str]:
    """Return what the owner reads of the whole conversation, however long."""
    history = await kept.conversations.history(ALICE, conversation, 100_000_000)
    return [message["content"] for message in history]


async def test_a_gateway_killed_a_hundred_times(kept: Kept) -> None:
    """Killed while it writes and purges: every acknowledged item is there with its answer, no expired one is, and the count is right."""
    conversation = await kept.started("first", ttl_seconds=TTL)
    choice = random.Random(5)
    rounds: list[list[str]] = []
    async with appender(kept.postgres) as process:
        for number in range(ROUNDS):
            rounds.append(await killed_after(process, conversation, f"r{number}", choice.randint(1, 40)))
            texts = await everything(kept, conversation)
            assert set(rounds[-1]) <= set(texts)
            assert {text.split("-")[0] for text in texts} <= {f"r{number}", f"r{number - 1}", "first"}
            for text, answer in zip(texts[::2], texts[1::2], strict=True) if number > 1 else ():
                assert answer == f"{text}-answer"  # both or neither
            await kept.move_clock(STEP)
    await kept.purger.once()

    texts = await everything(kept, conversation)
    assert {text.split("-")[0] for text in texts} == {f"r{ROUNDS - 1}"}
    written = await kept.value("SELECT next_seq FROM conversations")
    remaining = await kept.value("SELECT count(*) FROM items")
    assert remaining == len(texts)
    assert await kept.value("SELECT purged FROM purges") == written - remaining
    assert sum(map(len, rounds)) * 2 <= written


async def test_a_server_that_crashes(own_postgres: Postgres, tmp_path: Path) -> None:
    """All processes of the database are killed under load, again and again: what was acknowledged survives, what expired stays gone."""
    await set_clock_up(own_postgres)
    async with open_kept(own_postgres, tmp_path) as kept:
        conversation = await kept.started("first")
        expiring = await kept.started("expires", ttl_seconds=TTL)
        await kept.move_clock(TTL)
        await kept.purger.once()
        acknowledged: list[str] = []

        async def write(writer: int, crash: int) -> None:
            for number in range(1_000_000):
                text = f"{crash}-{writer}-{number}"
                try:
                    await kept.conversations.add(ALICE, conversation, [said(text)])
                except StoreError:
                    return
                acknowledged.append(text)

        for crash in range(5):
            writers = asyncio.gather(*(write(writer, crash) for writer in range(4)))
            before = len(acknowledged)
            async with asyncio.timeout(SECONDS):
                while len(acknowledged) < before + 20 * (crash + 1):  # noqa: ASYNC110
                    await asyncio.sleep(0.001)
            own_postgres.server.crash()
            await asyncio.wait_for(writers, SECONDS)
            own_postgres.server.start()
            async with asyncio.timeout(SECONDS):
                await kept.store.look()
                while kept.store.fault is not None:
                    await kept.store.look()

            texts = await everything(kept, conversation)
            assert set(acknowledged) <= set(texts)
            assert len(texts) == len(set(texts)) <= len(acknowledged) + 1 + 4 * (crash + 1)
            assert await kept.sql("SELECT FROM conversations WHERE id = $1", expiring) == []


async def test_a_purge_cut_off_by_the_server_goes_on(kept: Kept) -> None:
    """A purge whose sessions are ended half-way fails, and the next one finishes what it began."""
    for _ in range(20):
        await kept.started("one", ttl_seconds=TTL)
    await kept.move_clock(TTL)
    async with kept.store.transaction() as connection:  # holds the count, so that the purge gets no further than to it
        await connection.execute("UPDATE purges SET purged = purged")
        other = asyncio.create_task(kept.purger.once())
        cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = $1"
        async with asyncio.timeout(SECONDS):
            while not await kept.sql(cut, kept.postgres.database):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        failed = (await asyncio.gather(other, return_exceptions=True))[0]
    assert isinstance(failed, StoreError)

    await kept.purger.once()
    assert await kept.counts() == {"conversations": 0, "items": 0, "documents": 0, "chunks": 0, "keys": 0}
    assert await kept.value("SELECT purged FROM purges") == 40
