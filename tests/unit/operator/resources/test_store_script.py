"""The managed store's script with a real PostgreSQL: what it makes, what it takes up while it runs, and what it never says."""

import asyncio
import os
import shutil
import signal
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from assistant_operator.reconcile.credentials import certificates
from assistant_operator.resources.store_script import SCRIPT, SETTINGS
from tests.support import postgres

HOST = "minimal-store.assistants.svc"
PASSWORD, OTHER = "first-password_0123456789", "another-password_0123456789"
SECONDS = 30.0
BAD_STATEMENTS = (
    "INSERT INTO kept VALUES (1, 'CANARY-unique')",
    "SELECT 'CANARY-cast'::int",
    "DO $$ BEGIN RAISE EXCEPTION 'CANARY-raised'; END $$",
    "DO $$ BEGIN RAISE WARNING 'CANARY-warned'; END $$",
    "SELEC 'CANARY-syntax'",
    "SELECT '[1, 2, 3]'::vector(2) -- CANARY-vector",
    "SELECT 1 / 0, 'CANARY-zero'",
)


class Store:
    """The script as its container runs it, in folders of the test's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = postgres._free_port()
        self.log = folder / "log"
        self.environment = postgres._environment() | {"STORE_LOOK_SECONDS": "0.2", "STORE_MEMORY": "32MB"}
        for name in ("data", "run", "credentials", "tls"):
            (folder / name).mkdir(mode=0o755)
            self.environment[f"STORE_{name.upper()}"] = str(folder / name)
        self.environment["PATH"] = f"{postgres._readable_programs() / 'bin'}:{self.environment['PATH']}"
        self.new_certificate()
        self.set_password(PASSWORD)
        postgres._give(folder / "data")
        postgres._give(folder / "run")
        self.process: subprocess.Popen[bytes] | None = None

    def new_certificate(self) -> None:
        """Make an authority and a certificate as the operator does, and move them into their place as kubelet does."""
        now = datetime.now(UTC)
        authority = certificates.make_ca("assistants/minimal", now)
        leaf = certificates.make_leaf(authority, (HOST,), now)
        for text, path in ((authority.certificate, "ca.crt"), (leaf.certificate, "tls/tls.crt"), (leaf.key, "tls/tls.key")):
            made = self.folder / "made"
            made.write_text(text)
            made.chmod(0o644)
            made.rename(self.folder / path)

    def set_password(self, password: str) -> None:
        path = self.folder / "password"
        path.write_text(password)
        path.rename(self.folder / "credentials" / "password")

    def start(self, script: str = SCRIPT) -> None:
        script = script.replace(f"-c port='{SETTINGS['port']}'", f"-c port='{self.port}'")
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*postgres._unprivileged("--pdeathsig=TERM"), "/bin/sh", "-c", script],
                env=self.environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,
            )

    def end(self, how: signal.Signals) -> int:
        """Send the container's first process the signal; KILL goes to all of its processes, as when a container is killed."""
        assert self.process is not None
        if how is signal.SIGKILL:
            os.killpg(self.process.pid, how)
        else:
            self.process.send_signal(how)
        return self.process.wait(SECONDS)

    def single(self, *statements: str) -> None:
        """Run statements as the superuser, while there is no server."""
        command = [*postgres._unprivileged(), "postgres", "--single", "-D", str(self.folder / "data" / "data"), "assistant"]
        lines = "".join(f"{statement}\n" for statement in statements).encode()
        subprocess.run(command, input=lines, env=self.environment, cwd="/", check=True, stdout=subprocess.DEVNULL)

    async def connect(self, password: str = PASSWORD, user: str = "assistant", database: str = "assistant", *, tls: bool = True) -> Any:
        context: ssl.SSLContext | bool = False
        if tls:
            context = ssl.create_default_context(cafile=str(self.folder / "ca.crt"))
            context.check_hostname = False  # by loopback; that the name is in it is seen where pods are
        return await asyncpg.connect(
            host="127.0.0.1", port=self.port, user=user, password=password, database=database, ssl=context, timeout=SECONDS
        )

    async def until_served(self, password: str = PASSWORD) -> Any:
        """Return a connection as soon as there can be one."""
        end = time.monotonic() + SECONDS
        while True:
            try:
                return await self.connect(password)
            except (OSError, asyncpg.PostgresError):
                assert self.process is None or self.process.poll() is None, self.log.read_text()
                assert time.monotonic() < end, self.log.read_text()
                await asyncio.sleep(0.1)


@pytest.fixture
def store() -> Iterator[Store]:
    folder = Path(tempfile.mkdtemp(prefix="private-assistant-store-", dir="/tmp"))
    folder.chmod(0o755)
    made = Store(folder)
    made.start()
    try:
        yield made
    finally:
        if made.process is not None and made.process.poll() is None:
            made.end(signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)  # its last processes may be at it still


async def test_the_assistant_can_do_its_work_and_nobody_else_comes_in(store: Store) -> None:
    """Its role owns its database and uses vectors; without TLS, as the superuser or in another database nobody is served."""
    connection = await store.until_served()
    await connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
    await connection.execute("CREATE TABLE kept (id int PRIMARY KEY, embedding vector(2))")
    await connection.execute("CREATE INDEX ON kept USING hnsw (embedding vector_cosine_ops)")
    await connection.execute("SET hnsw.iterative_scan = relaxed_order")
    rights = await connection.fetchrow("SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = current_user")
    await connection.close()

    assert tuple(rights) == (False, False, False)
    refused: list[dict[str, Any]] = [{"tls": False}, {"user": "postgres"}, {"database": "postgres"}]
    refused.append({"user": "postgres", "database": "postgres"})
    for way in refused:
        with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
            await store.connect(**way)
    with pytest.raises(asyncpg.InvalidPasswordError):
        await store.connect("wrong-password")


async def test_no_statement_and_no_value_is_in_the_log(store: Store) -> None:
    """Whatever fails: statements, sessions, and a process that crashes in the middle of one."""
    connection = await store.until_served()
    await connection.execute("CREATE TABLE kept (id int PRIMARY KEY, text text)")
    await connection.execute("INSERT INTO kept VALUES (1, 'CANARY-kept')")
    for statement in BAD_STATEMENTS:
        try:
            await connection.execute(statement)
        except asyncpg.PostgresError:
            continue
    process = await connection.fetchval("SELECT pg_backend_pid()")
    sleeping = asyncio.create_task(connection.execute("SELECT 'CANARY-crash', pg_sleep(60)"))
    other = await store.connect()
    end = time.monotonic() + SECONDS
    while await other.fetchval("SELECT wait_event FROM pg_stat_activity WHERE pid = $1", process) != "PgSleep":
        assert time.monotonic() < end
        await asyncio.sleep(0.02)
    os.kill(process, signal.SIGSEGV)
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await sleeping
    again = await store.until_served()

    assert await again.fetchval("SELECT text FROM kept") == "CANARY-kept"
    await again.close()
    log = store.log.read_text()
    assert "terminated by signal 11" in log
    assert "CANARY" not in log
    assert "STATEMENT" not in log
    assert "DETAIL" not in log
    assert PASSWORD not in log


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
async def test_what_was_committed_is_there_after_a_restart(store: Store, how: signal.Signals) -> None:
    """An orderly end and a container that was killed; the databases are not made anew."""
    connection = await store.until_served()
    await connection.execute("CREATE TABLE kept (id int)")
    await connection.execute("INSERT INTO kept VALUES (7)")
    status = store.end(how)
    store.start()
    again = await store.until_served()

    assert status == (0 if how is signal.SIGTERM else -signal.SIGKILL)
    assert store.log.read_text().count("ready to accept connections") == 2
    assert await again.fetchval("SELECT id FROM kept") == 7
    await again.close()


async def test_a_password_that_changes_is_taken_up(store: Store) -> None:
    """The old one does no longer; the container stays."""
    await (await store.until_served()).close()
    store.set_password(OTHER)
    connection = await store.until_served(OTHER)

    assert await connection.fetchval("SELECT 1") == 1
    await connection.close()
    with pytest.raises(asyncpg.InvalidPasswordError):
        await store.connect(PASSWORD)
    assert store.process is not None
    assert store.process.poll() is None


async def test_a_certificate_that_changes_is_taken_up_without_cutting_anybody(store: Store) -> None:
    """The session that is open goes on; new ones see the new certificate, here one of a new authority."""
    connection = await store.until_served()
    store.new_certificate()
    again = None
    end = time.monotonic() + SECONDS
    while again is None:
        try:
            again = await store.connect()
        except ssl.SSLCertVerificationError:
            assert time.monotonic() < end
            await asyncio.sleep(0.1)

    assert await connection.fetchval("SELECT 1") == 1
    await connection.close()
    await again.close()


async def test_the_number_of_a_server_that_was_killed_keeps_none_from_starting(store: Store) -> None:
    """Another process may have it by then: in each new container, as a rule, one of the script's own."""
    connection = await store.until_served()
    await connection.close()
    store.end(signal.SIGKILL)
    lock = store.folder / "data" / "data" / "postmaster.pid"
    other = await asyncio.create_subprocess_exec(*postgres._unprivileged(), "sleep", "60")
    try:
        _, *rest = lock.read_text().splitlines(keepends=True)
        lock.write_text("".join([f"{other.pid}\n", *rest]))
        store.start()
        connection = await store.until_served()
        await connection.close()
    finally:
        other.kill()
        await other.wait()


async def test_a_second_server_on_the_same_volume_does_not_start(store: Store) -> None:
    """As after a pod that was deleted by force and runs on. The first goes on as if nothing were, and the second may once it has ended."""
    connection = await store.until_served()
    await connection.execute("CREATE TABLE kept (id int)")
    first = store.process
    store.start()
    second = store.process
    try:
        assert second is not None
        assert await asyncio.to_thread(second.wait, SECONDS) == 1
        assert store.log.read_text().endswith("store: another server uses this volume\n")
        await connection.execute("INSERT INTO kept VALUES (1)")
        await connection.close()
    finally:
        store.process = first
    assert store.end(signal.SIGTERM) == 0

    store.start()
    connection = await store.until_served()
    assert await connection.fetchval("SELECT count(*) FROM kept") == 1
    await connection.close()


async def test_a_volume_that_cannot_be_locked_is_served_and_said(store: Store) -> None:
    """As some network file systems: the lock is a second line of defence behind the cluster's own, not a need."""
    store.end(signal.SIGKILL)
    store.start(SCRIPT.replace("flock -n 9", "(exit 71)"))

    await (await store.until_served()).close()
    assert "store: the volume cannot be locked" in store.log.read_text()


async def test_a_start_that_was_killed_halfway_is_begun_anew(store: Store) -> None:
    """What it left is no database yet."""
    end = time.monotonic() + SECONDS
    while not (store.folder / "data" / "data.new" / "base").exists():
        assert time.monotonic() < end
        await asyncio.sleep(0.005)
    store.end(signal.SIGKILL)
    assert not (store.folder / "data" / "data").exists()
    store.start()

    await (await store.until_served()).close()


@pytest.mark.parametrize("password", ["", "it's", "a\nb", "x'; DROP ROLE assistant; --"])
def test_a_password_that_is_not_ours_is_refused_and_not_told(store: Store, password: str) -> None:
    """It stands in a statement: letters, digits, - and _ alone, as the operator makes it."""
    store.end(signal.SIGKILL)
    store.set_password(password)
    store.start()
    assert store.process is not None

    assert store.process.wait(SECONDS) == 1
    log = store.log.read_text()
    assert "the password must be letters, digits, - and _ alone" in log
    assert not password or password not in log


async def test_a_server_that_is_killed_ends_the_container(store: Store) -> None:
    """So that Kubernetes starts it again, and says so."""
    await (await store.until_served()).close()
    (process, *_) = (store.folder / "data" / "data" / "postmaster.pid").read_text().splitlines()
    os.kill(int(process), signal.SIGKILL)
    assert store.process is not None

    assert store.process.wait(SECONDS) == 128 + signal.SIGKILL


def segments(store: Store) -> set[str]:
    """Return the files of the log of changes."""
    return {path.name for path in (store.folder / "data" / "data" / "pg_wal").iterdir() if len(path.name) == 24}


async def leaves_its_log_behind(store: Store, connection: Any) -> bool:
    """Have the role turn over the log; say whether what it held before is gone from the disk."""
    before = await connection.fetchval("SELECT pg_walfile_name(pg_current_wal_insert_lsn())")
    assert before in segments(store)
    await connection.execute("SELECT pg_switch_wal()")
    await connection.execute("CHECKPOINT")
    return before not in segments(store)


async def test_the_role_may_leave_its_log_behind(store: Store) -> None:
    """What was erased is in it; segments that are done with are removed, not kept for another use with what they hold."""
    connection = await store.until_served()
    await connection.execute("CREATE TABLE kept (text text)")
    await connection.execute("INSERT INTO kept VALUES ('CANARY-kept')")
    for _ in range(3):
        assert await leaves_its_log_behind(store, connection)
    held = [path.read_bytes() for path in (store.folder / "data" / "data" / "pg_wal").iterdir() if path.is_file()]

    assert len(segments(store)) == 1
    assert not any(b"CANARY-kept" in data for data in held)
    assert await connection.fetchval("SELECT pg_has_role('pg_read_all_stats', 'USAGE')")
    await connection.close()


async def test_a_volume_that_an_earlier_version_made_gets_the_rights(store: Store) -> None:
    """With the next start, once."""
    await (await store.until_served()).close()
    store.end(signal.SIGTERM)
    granted = store.folder / "data" / "granted.1"
    store.single("REVOKE EXECUTE ON FUNCTION pg_switch_wal() FROM assistant", "REVOKE pg_checkpoint, pg_read_all_stats FROM assistant")
    granted.unlink()
    store.start()
    connection = await store.until_served()

    assert granted.exists()
    assert await leaves_its_log_behind(store, connection)
    await connection.close()


async def test_rights_that_cannot_be_granted_keep_nobody_from_the_store(store: Store) -> None:
    """It serves without, says so, and tries again with its next start."""
    await (await store.until_served()).close()
    store.end(signal.SIGTERM)
    granted = store.folder / "data" / "granted.1"
    granted.unlink()
    store.start(SCRIPT.replace("pg_switch_wal()", "no_such_function()"))
    await (await store.until_served()).close()
    assert "store: the role's rights cannot be granted" in store.log.read_text()
    assert not granted.exists()
    store.end(signal.SIGTERM)
    store.start()

    await (await store.until_served()).close()
    assert granted.exists()
