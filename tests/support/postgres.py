"""A real PostgreSQL server for tests: on loopback, with TLS and a certificate authority of its own, run by an unprivileged user.

`postgres` gives each test a fresh database on a server that the whole session shares; `own_server` is a server to ill-treat. What the
server keeps lies in a folder under /tmp that goes with it, and the kernel ends it if the tests are killed.
"""

import asyncio
import atexit
import base64
import contextlib
import datetime
import functools
import ipaddress
import os
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from assistant_gateway.policy import StorePolicy
from tests.cluster.postgres import postgres_folder

NOBODY = 65534
"""A server refuses to run as root, and initdb wants a user that /etc/passwd knows: this one is everywhere."""
SECONDS = 60.0
FOLDERS = "private-assistant-postgres-"
USERNAME, PASSWORD = "assistant", "of-the-assistant"
SUPERUSER, SUPERPASSWORD = "postgres", "of-the-superuser"
TEMPLATE = "with_vector"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "ssl": "on",
    "ssl_cert_file": "server.crt",
    "ssl_key_file": "server.key",
    "shared_buffers": "32MB",
    "max_connections": "100",
    "fsync": "off",  # what a killed server wrote is in the kernel; only a power cut would lose it
    "full_page_writes": "off",
    "log_statement": "none",
    "log_min_messages": "warning",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}


@dataclass
class Server:
    """One server and its files."""

    folder: Path
    port: int
    settings: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def ca(self) -> Path:
        return self.folder / "ca.crt"

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    def start(self) -> None:
        """Start and wait until it answers. From the main thread only: the kernel ends the server with the thread that started it."""
        options = [word for name, value in (SETTINGS | self.settings).items() for word in ("-c", f"{name}={value}")]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*_unprivileged("--pdeathsig=INT"), _bin("postgres"), "-D", self.data, "-p", str(self.port), *options],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env=_environment(),
                cwd=self.folder,
            )
        end = time.monotonic() + SECONDS
        while not self._answers():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < end, self.log.read_text()
            time.sleep(0.02)

    def _answers(self) -> bool:
        """Say whether it accepts sessions: postmaster.pid's last line says so, without a client that would fill its log."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return self.process is not None and lines[:1] == [str(self.process.pid)] and lines[-1].strip() == "ready"

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End the server: SIGINT cuts its sessions and writes everything, SIGQUIT is a crash of all its processes."""
        if self.process is None:
            return
        self.process.send_signal(how)
        self.process.wait(SECONDS)
        self.process = None

    def pids(self) -> list[int]:
        """Return the server's process and all its children."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [self.process.pid, *map(int, children)]

    def crash(self) -> None:
        """End every process of the server at once, as a killed container does."""
        assert self.process is not None
        pids = self.pids()
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(SECONDS)
        self.process = None
        end = time.monotonic() + SECONDS
        while any(_lives(pid) for pid in pids):
            assert time.monotonic() < end
            time.sleep(0.01)

    def reload(self) -> None:
        """Have the server read its configuration and certificates again."""
        assert self.process is not None
        self.process.send_signal(signal.SIGHUP)

    async def connect(self, database: str = "postgres", user: str = SUPERUSER, password: str = SUPERPASSWORD) -> Any:
        """Return a connection, the superuser's unless told otherwise."""
        context = ssl.create_default_context(cafile=str(self.ca)) if self.settings.get("ssl") != "off" else None
        return await asyncpg.connect(
            host="127.0.0.1", port=self.port, user=user, password=password, database=database, ssl=context or False, timeout=SECONDS
        )

    async def execute(self, *statements: str, database: str = "postgres") -> None:
        """Run statements as the superuser, each on its own."""
        connection = await self.connect(database)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()


@dataclass
class Postgres:
    """One database of a server, and the folders that a gateway would have for it."""

    server: Server
    database: str
    folder: Path
    """As the store Secret is mounted: username, password, ca.crt."""
    keys: Path
    """As the encryption Secret is mounted: one key, k0001."""
    host: str = "localhost"
    username: str = USERNAME
    password: str = PASSWORD

    @property
    def port(self) -> int:
        return self.server.port

    @property
    def ca(self) -> Path:
        return self.server.ca

    @property
    def policy(self) -> StorePolicy:
        return StorePolicy(host=self.host, port=self.port, database=self.database)

    async def connect(self) -> Any:
        """Return a connection as the assistant's user, past the gateway's code."""
        return await self.server.connect(self.database, USERNAME, PASSWORD)


def write_key(folder: Path, name: str = "k0001") -> None:
    """Write a new encryption key as a mounted Secret holds it."""
    (folder / name).write_bytes(base64.b64encode(secrets.token_bytes(32)))


@contextlib.contextmanager
def run_server(**settings: str) -> Iterator[Server]:
    """Run a server of one's own; `settings` go on top of SETTINGS."""
    folder = _own_folder()
    server = Server(folder, _free_port(), settings)
    try:
        _prepare(server)
        server.start()
        _in_thread(_make_roles(server))
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


@contextlib.asynccontextmanager
async def fresh_database(server: Server, folder: Path, template: str = TEMPLATE, *, drop: bool = True) -> AsyncIterator[Postgres]:
    """Make a database that holds nothing but what the template does, and drop it afterwards."""
    name = f"t{secrets.token_hex(6)}"
    await server.execute(f"CREATE DATABASE {name} OWNER {USERNAME} TEMPLATE {template}")
    store, keys = folder / f"{name}-store", folder / f"{name}-encryption"
    for made in (store, keys):
        made.mkdir(parents=True)
    (store / "username").write_text(USERNAME)
    (store / "password").write_text(PASSWORD)
    shutil.copy(server.ca, store / "ca.crt")
    write_key(keys)
    try:
        yield Postgres(server, name, store, keys)
    finally:
        if drop:
            await server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """One server for all tests that do it no harm."""
    with run_server() as server:
        yield server


@pytest.fixture
async def postgres(postgres_server: Server, tmp_path: Path) -> AsyncIterator[Postgres]:
    """A fresh database with the extension, whose owner is the assistant's user."""
    async with fresh_database(postgres_server, tmp_path) as database:
        yield database


@pytest.fixture
def own_server() -> Iterator[Server]:
    """A server to stop, crash and reconfigure: about two seconds."""
    with run_server() as server:
        yield server


@pytest.fixture
async def own_postgres(own_server: Server, tmp_path: Path) -> AsyncIterator[Postgres]:
    """A fresh database on a server of the test's own."""
    async with fresh_database(own_server, tmp_path, drop=False) as database:  # it goes with its server, in whatever state that is
        yield database


def _prepare(server: Server) -> None:
    (server.folder / "superpassword").write_text(SUPERPASSWORD)
    server.data.mkdir(mode=0o700)
    server.folder.chmod(0o755)
    _give(server.folder)
    make = ("-U", SUPERUSER, "--auth=scram-sha-256", f"--pwfile={server.folder / 'superpassword'}", "-E", "UTF8", "--locale=C", "--no-sync")
    done = subprocess.run(
        [*_unprivileged(), _bin("initdb"), "-D", server.data, *make], capture_output=True, text=True, env=_environment(), cwd=server.folder
    )
    assert done.returncode == 0, done.stderr
    (server.data / "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 scram-sha-256\n")
    write_certificates(server)


async def _make_roles(server: Server) -> None:
    await server.execute(f"CREATE ROLE {USERNAME} LOGIN PASSWORD '{PASSWORD}'", f"CREATE DATABASE {TEMPLATE}")
    await server.execute("CREATE EXTENSION vector", database=TEMPLATE)


def write_certificates(server: Server, name: str = "localhost") -> None:
    """Write a new authority (ca.crt), and a certificate by it for the server to use from its start or next reload."""
    authority, authority_key = _certificate("test authority", None, None)
    certificate, key = _certificate(name, authority, authority_key)
    pem = serialization.Encoding.PEM
    server.ca.write_bytes(authority.public_bytes(pem))
    (server.data / "server.crt").write_bytes(certificate.public_bytes(pem))
    secret = server.data / "server.key"
    secret.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    secret.chmod(0o600)
    _give(server.data)


def _certificate(
    name: str, issuer: x509.Certificate | None, issuer_key: ec.EllipticCurvePrivateKey | None
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if issuer is not None:
        alternatives: list[x509.GeneralName] = [x509.DNSName(name)]
        if name == "localhost":
            alternatives.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    return builder.sign(issuer_key or key, hashes.SHA256()), key


def _bin(name: str) -> Path:
    return _readable_programs() / "bin" / name


def _own_folder() -> Path:
    """Make a folder that others can look into, named by this process; first remove what processes left that were killed."""
    for left in Path("/tmp").glob(f"{FOLDERS}*-*"):
        owner = left.name.removeprefix(FOLDERS).partition("-")[0]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists():
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{FOLDERS}{os.getpid()}-", dir="/tmp"))


@functools.cache
def _readable_programs() -> Path:
    """Return the programs' folder; for root a copy that an unprivileged user can read, until this process ends."""
    if os.geteuid() != 0:
        return postgres_folder()
    folder = _own_folder()
    atexit.register(shutil.rmtree, folder)
    folder.chmod(0o755)
    return Path(shutil.copytree(postgres_folder(), folder / "programs", symlinks=True))


def _lives(pid: int) -> bool:
    """Say whether the process does anything still: a dead one whose parent is gone may never be waited for in a container."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _unprivileged(*more: str) -> list[str]:
    who = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"] if os.geteuid() == 0 else []
    return ["setpriv", *who, *more] if who or more else []


def _give(folder: Path) -> None:
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, NOBODY, NOBODY)


def _environment() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC"}


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _in_thread(work: Coroutine[Any, Any, None]) -> None:
    """Run asynchronous work from a fixture that is not: the test's own loop must not notice."""
    failures: list[BaseException] = []

    def target() -> None:
        try:
            asyncio.run(work)
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=target)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]
