"""The log of changes is turned over where something was removed: not too often, not on a full disk, and not where the role may not."""

import logging
from typing import Any

import asyncpg
import pytest

from assistant_gateway.retention.write_ahead_log import TURN_SECONDS, WriteAheadLog
from tests.unit.gateway.retention.kept import Kept, Watch

SWITCH, CHECKPOINT = "SELECT pg_switch_wal()", "CHECKPOINT"


class Connection:
    """A server that notes what turns its log, and may refuse."""

    def __init__(self, *, allowed: bool = True) -> None:
        self.allowed = allowed
        self.is_full = False
        self.fails_at = ""
        self.done: list[str] = []

    async def fetchval(self, statement: str) -> bool:
        assert "has_function_privilege" in statement
        return self.allowed

    def transaction(self) -> "Connection":
        return self

    async def __aenter__(self) -> None: ...

    async def __aexit__(self, *_: object) -> None: ...

    async def execute(self, statement: str, **_: object) -> None:
        if "TEMPORARY" in statement:
            if self.is_full:
                raise asyncpg.DiskFullError
            return
        if statement == self.fails_at:
            raise asyncpg.ConnectionDoesNotExistError
        self.done.append(statement)


@pytest.fixture
def watch() -> Watch:
    return Watch()


def marked(watch: Watch) -> WriteAheadLog:
    log = WriteAheadLog(watch)
    log.mark()
    return log


async def turn(log: WriteAheadLog, connection: Any) -> bool:
    return await log.turn(connection)


async def test_a_turn_is_a_switch_and_then_a_checkpoint(watch: Watch) -> None:
    """In this order: a checkpoint before the switch would still need the segment."""
    log, connection = marked(watch), Connection()

    assert await turn(log, connection)
    assert connection.done == [SWITCH, CHECKPOINT]
    assert await turn(log, connection)
    assert connection.done == [SWITCH, CHECKPOINT], "nothing was removed since"


async def test_many_removals_are_one_turn_a_minute(watch: Watch) -> None:
    """What is removed within a minute after a turn waits for the next; it is not forgotten."""
    log, connection = marked(watch), Connection()
    await turn(log, connection)
    for _ in range(3):
        log.mark()
        assert not await turn(log, connection)
    watch.seconds += TURN_SECONDS

    assert await turn(log, connection)
    assert connection.done == [SWITCH, CHECKPOINT] * 2


@pytest.mark.parametrize("statement", [SWITCH, CHECKPOINT])
async def test_a_turn_that_fails_is_done_again(watch: Watch, statement: str) -> None:
    """A switch without its checkpoint leaves everything where it was."""
    log, connection = marked(watch), Connection()
    connection.fails_at = statement
    with pytest.raises(asyncpg.ConnectionDoesNotExistError):
        await turn(log, connection)
    connection.fails_at = ""
    connection.done.clear()

    assert await turn(log, connection)
    assert connection.done == [SWITCH, CHECKPOINT]


async def test_a_role_that_may_not_says_so_once(watch: Watch, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is tried, nobody waits for it, and the log says it once."""
    caplog.set_level(logging.INFO)
    log, connection = WriteAheadLog(watch), Connection(allowed=False)
    for _ in range(3):
        log.mark()
        assert await turn(log, connection)
        watch.seconds += TURN_SECONDS

    assert connection.done == []
    assert len([message for message in caplog.messages if "may not turn over" in message]) == 1


async def test_no_new_segment_where_there_is_no_room_for_it(watch: Watch, caplog: pytest.LogCaptureFixture) -> None:
    """A server that cannot make a segment stops, and may not start again; so it waits until there is room."""
    caplog.set_level(logging.INFO)
    log, connection = marked(watch), Connection()
    connection.is_full = True
    for _ in range(3):
        assert not await turn(log, connection)
    assert connection.done == []
    assert len([message for message in caplog.messages if "no room" in message]) == 1

    connection.is_full = False
    assert await turn(log, connection)
    assert connection.done == [SWITCH, CHECKPOINT]


async def test_a_real_server_says_who_may(kept: Kept, caplog: pytest.LogCaptureFixture) -> None:
    """A role with neither right, with one of them, and with both; it is never told no by the server, whose log would have the statement."""
    caplog.set_level(logging.INFO)
    grants = ("", "GRANT EXECUTE ON FUNCTION pg_switch_wal() TO assistant")
    for grant in grants:
        if grant:
            await kept.postgres.server.execute(grant, database=kept.postgres.database)
        before = await kept.value("SELECT pg_walfile_name(pg_current_wal_insert_lsn())")
        async with kept.store.connection() as connection:
            assert await turn(marked(kept.watch), connection)
        assert await kept.value("SELECT pg_walfile_name(pg_current_wal_insert_lsn())") == before
    assert len([message for message in caplog.messages if "may not turn over" in message]) == len(grants)
    assert kept.store.fault is None


async def test_a_real_server_begins_a_new_segment(kept: Kept) -> None:
    """With both rights the log goes on in another file."""
    server = kept.postgres.server
    await server.execute("GRANT EXECUTE ON FUNCTION pg_switch_wal() TO assistant", database=kept.postgres.database)
    await server.execute("GRANT pg_checkpoint TO assistant")
    before = await kept.value("SELECT pg_walfile_name(pg_current_wal_insert_lsn())")
    try:
        async with kept.store.connection() as connection:
            assert await turn(marked(kept.watch), connection)
    finally:
        await server.execute("REVOKE pg_checkpoint FROM assistant")  # the role is every test's on this server

    assert await kept.value("SELECT pg_walfile_name(pg_current_wal_insert_lsn())") != before
