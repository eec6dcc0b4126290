"""Every way in which a store is of no use has its own reason, found on a real server."""

import base64
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant_gateway.policy import StorePolicy
from assistant_gateway.sealing.errors import KeyMissingError
from assistant_gateway.sealing.ring import KeyRing
from assistant_gateway.storage import migrate
from assistant_gateway.storage.errors import StoreError
from assistant_gateway.storage.store import Store
from tests.support.postgres import Postgres, Server, fresh_database, write_certificates
from tests.unit.gateway.running import free_port
from tests.unit.gateway.storage.stores import open_store

SMALL_MEBIBYTES = 32


async def fault(postgres: Postgres, policy: StorePolicy | None = None) -> str:
    """Return the reason that a first look finds; nothing that identifies the store or its user may be in the message."""
    store = Store(policy or postgres.policy, postgres.folder, KeyRing.load(postgres.keys))
    await store.look()
    await store.close()
    assert store.fault is not None
    for secret in (postgres.database, "localhost", "of-the-assistant", "wrong-password"):
        assert secret not in store.fault.message
    with pytest.raises(StoreError):
        async with store.connection():
            pass
    return store.fault.reason


async def test_nobody_listens(postgres: Postgres) -> None:
    assert await fault(postgres, StorePolicy(host="localhost", port=free_port(), database="x")) == "StoreUnreachable"


async def test_no_such_host(postgres: Postgres) -> None:
    assert await fault(postgres, StorePolicy(host="store.invalid", port=5432, database="x")) == "StoreUnreachable"


async def test_too_many_connections(postgres: Postgres) -> None:
    await postgres.server.execute(f"ALTER DATABASE {postgres.database} CONNECTION LIMIT 0")
    assert await fault(postgres) == "StoreUnreachable"


async def test_a_replica_is_no_store(postgres: Postgres) -> None:
    """What accepts no writes cannot keep a promise to erase."""
    await postgres.server.execute(f"ALTER DATABASE {postgres.database} SET default_transaction_read_only = on")
    assert await fault(postgres) == "StoreUnreachable"


@pytest.mark.parametrize(
    ("file", "content"), [("password", "wrong-password"), ("username", "nobody-knows"), ("password", ""), ("username", "\xff")]
)
async def test_wrong_credentials(postgres: Postgres, file: str, content: str) -> None:
    (postgres.folder / file).write_bytes(content.encode("latin-1"))
    assert await fault(postgres) == "StoreCredentialsInvalid"


async def test_missing_credentials(postgres: Postgres) -> None:
    (postgres.folder / "password").unlink()
    assert await fault(postgres) == "StoreCredentialsInvalid"


async def test_a_local_socket_is_no_host(postgres: Postgres) -> None:
    """There would be no TLS on it."""
    assert await fault(postgres, StorePolicy(host="/run/postgresql", port=5432, database="x")) == "StoreCredentialsInvalid"


async def test_no_such_database(postgres: Postgres) -> None:
    assert await fault(postgres, StorePolicy(host="localhost", port=postgres.port, database="another")) == "StoreCredentialsInvalid"


async def test_a_database_that_the_user_may_not_connect_to(postgres: Postgres) -> None:
    await postgres.server.execute(
        f"ALTER DATABASE {postgres.database} OWNER TO postgres", f"REVOKE CONNECT ON DATABASE {postgres.database} FROM PUBLIC"
    )
    assert await fault(postgres) == "StoreCredentialsInvalid"


async def test_no_tls(own_postgres: Postgres) -> None:
    """A server without TLS never gets as far as a password."""
    own_postgres.server.stop()
    own_postgres.server.settings["ssl"] = "off"
    own_postgres.server.start()
    assert await fault(own_postgres) == "StoreTlsRequired"


async def test_another_authority(postgres: Postgres, tls: Path) -> None:
    (postgres.folder / "ca.crt").write_bytes((tls / "tls.crt").read_bytes())
    assert await fault(postgres) == "StoreCertificateInvalid"


async def test_no_authority_of_ones_own(postgres: Postgres) -> None:
    """Without ca.crt the system's authorities are asked, and do not know the test's."""
    (postgres.folder / "ca.crt").unlink()
    assert await fault(postgres) == "StoreCertificateInvalid"


async def test_an_authority_that_is_none(postgres: Postgres) -> None:
    (postgres.folder / "ca.crt").write_text("no certificate")
    assert await fault(postgres) == "StoreCertificateInvalid"


async def test_a_certificate_for_another_host(own_postgres: Postgres) -> None:
    write_certificates(own_postgres.server, "store.example")
    (own_postgres.folder / "ca.crt").write_bytes(own_postgres.ca.read_bytes())
    own_postgres.server.stop()
    own_postgres.server.start()
    assert await fault(own_postgres) == "StoreCertificateInvalid"


async def test_no_extension(postgres_server: Server, tmp_path: Path) -> None:
    async with fresh_database(postgres_server, tmp_path, template="template0") as postgres:
        assert await fault(postgres) == "StoreExtensionMissing"


async def test_an_extension_that_is_too_old(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrate, "VECTOR_FLOOR", (0, 99))
    assert await fault(postgres) == "StoreExtensionMissing"


async def test_no_right_to_create_tables(postgres: Postgres) -> None:
    await postgres.server.execute(f"ALTER DATABASE {postgres.database} OWNER TO postgres")
    assert await fault(postgres) == "StoreMigrationFailed"


async def test_tables_of_others_in_the_way(postgres: Postgres) -> None:
    """Nothing is half done: the failed migration left no table of ours."""
    connection = await postgres.connect()
    await connection.execute("CREATE TABLE items (id int)")

    assert await fault(postgres) == "StoreMigrationFailed"

    assert await connection.fetchval("SELECT to_regclass('data_keys') IS NULL AND to_regclass('schema_migrations') IS NULL")
    await connection.close()


async def test_a_schema_of_a_newer_version(postgres: Postgres) -> None:
    async with open_store(postgres) as store, store.connection() as connection:
        await connection.execute("INSERT INTO schema_migrations VALUES (9999)")
        assert await fault(postgres) == "StoreSchemaTooNew"

        await store.look()  # also for a gateway that ran before the newer one came

        assert store.fault is not None
        assert store.fault.reason == "StoreSchemaTooNew"
        assert not store.is_usable


async def test_another_key(postgres: Postgres) -> None:
    async with open_store(postgres):
        pass
    (postgres.keys / "k0001").rename(postgres.keys / "k0002")
    assert await fault(postgres) == "EncryptionKeyMissing"
    (postgres.keys / "k0001").write_bytes(base64.b64encode(bytes(32)))
    assert await fault(postgres) == "EncryptionKeyMissing"


async def test_a_key_that_some_records_need(postgres: Postgres) -> None:
    """A key that was removed too early is missed at once, not when someone asks for that record."""
    async with open_store(postgres) as store, store.connection() as connection:
        await connection.execute("INSERT INTO data_keys VALUES (gen_random_uuid(), 'k0000', 'x')")
        assert await fault(postgres) == "EncryptionKeyMissing"


@pytest.mark.parametrize("content", [None, b"", b"no base64!", base64.b64encode(bytes(16))])
def test_a_folder_without_a_usable_key(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "k0001").write_bytes(content)
    with pytest.raises(KeyMissingError):
        KeyRing.load(tmp_path)


@pytest.fixture
def small_disk(own_server: Server) -> Iterator[Path]:
    """A file system that is soon full, which belongs to the server's user."""
    folder = own_server.folder / "small"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SMALL_MEBIBYTES}m,mode=0700,uid=65534,gid=65534", "tmpfs", folder], capture_output=True
    )
    if made.returncode:
        pytest.skip("mounting needs root")
    try:
        yield folder
    finally:
        own_server.stop()
        subprocess.run(["umount", folder], check=True)


async def test_a_full_disk(own_postgres: Postgres, small_disk: Path) -> None:
    """A write that finds no room is refused and leads to the reason; reading goes on; with room again the fault goes by itself."""
    await own_postgres.server.execute(
        f"CREATE TABLESPACE small LOCATION '{small_disk}'", f"ALTER DATABASE {own_postgres.database} SET TABLESPACE small"
    )
    async with open_store(own_postgres) as store:
        assert store.fault is None
        with pytest.raises(StoreError):
            async with store.transaction() as connection:
                await connection.execute("CREATE TABLE big AS SELECT generate_series(1, 2000000)")
        assert store.fault is not None
        assert store.fault.reason == "StoreFull"
        filler = small_disk / "filler"
        with pytest.raises(OSError, match="No space"):
            filler.write_bytes(bytes(SMALL_MEBIBYTES * 2**20))

        await store.look()

        assert store.fault is not None
        assert store.fault.reason == "StoreFull"
        async with store.connection() as connection:
            assert await connection.fetchval("SELECT count(*) FROM purges") == 1
        filler.unlink()
        await store.look()
        assert store.fault is None
