"""What the measurements stand on: a real PostgreSQL as the store's pod runs it, the gateway as a process, and Ollama with real models."""

import asyncio
import contextlib
import os
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from assistant_gateway import policy
from assistant_gateway.auth import Identity, KeyRing
from assistant_gateway.memory import Memory
from assistant_gateway.metrics import Metrics
from assistant_gateway.neighbours.upstream import Upstream
from assistant_gateway.record import Records
from assistant_gateway.settings import Settings
from assistant_gateway.snapshot import Current, Snapshot
from assistant_operator.api.v1alpha1.store import ManagedStore
from assistant_operator.resources import store_script
from assistant_operator.resources.store_stateful_set import memory_mebibytes
from tests.cluster import builds
from tests.cluster.certificates import SERVER, authority, issue
from tests.cluster.models import EMBEDDING_MODEL, digest, models_folder
from tests.support.postgres import Postgres, run_server
from tests.unit.gateway.running import free_port

KEY = "sk-of-the-bench-0123456789"
CHAT, EMBEDDING = "smollm2:135m", f"{EMBEDDING_MODEL}:l6-v2"
GROUPS = tuple(f"group{number}" for number in range(5))
EVERYTHING, ONE_GROUP = Identity("bench", "bench", GROUPS, "User"), Identity("bench", "bench", GROUPS[2:3], "User")
PLACE = ("listen_addresses", "port", "unix_socket_directories", "ssl", "ssl_min_protocol_version")
"""Settings by which a server is reached, which is the tests' business here."""
# As the managed store's: the tests' own server forgets what a power cut would take, and has less memory.
SETTINGS = {
    **{name: value for name, value in store_script.SETTINGS.items() if name not in PLACE},
    "fsync": "on",
    "full_page_writes": "on",
    "shared_buffers": f"{memory_mebibytes(ManagedStore())}MB",
}
START_SECONDS = 120.0

server = run_server


def make_policy(database: Postgres) -> policy.Policy:
    """Return a policy with one source for each group, kept conversations, and limits that do not limit."""
    return policy.Policy(
        api_version="policy.privateassistant.dev/v1",
        assistant=policy.AssistantRef(namespace="bench", name="bench"),
        generation=1,
        model=policy.ModelPolicy(name=CHAT, digest=digest("135m")),
        keys=(policy.KeyPolicy(name="bench", subject="bench", groups=GROUPS, role="DataOfficer"),),
        limits=policy.Limits(requests_per_minute=10**9, concurrent_requests=1000, max_body_bytes=8 << 20, max_output_tokens=10**7),
        logging=policy.LoggingPolicy(level="INFO", format="JSON", runtime="Discard"),
        retention=policy.RetentionPolicy(conversations=policy.ConversationRetention(mode="Keep", ttl_seconds=86400)),
        store=database.policy,
        rag=policy.RagPolicy(
            embedding=policy.EmbeddingPolicy(name=EMBEDDING, digest=digest("l6-v2", EMBEDDING_MODEL)),
            chunk=policy.ChunkPolicy(size=800, overlap=100),
            retrieval=policy.RetrievalPolicy(top_k=4, hybrid=True, mode="OnRequest", on_failure="Refuse"),
            sources=tuple(policy.SourcePolicy(name=group, groups=(group,)) for group in GROUPS),
        ),
    )


@dataclass(frozen=True)
class Inside:
    """The gateway's memory in this process, and what it was made from."""

    memory: Memory
    current: Current
    upstream: Upstream


@asynccontextmanager
async def inside(database: Postgres, folder: Path) -> AsyncIterator[Inside]:
    """The memory on a store that is ready; nothing watches."""
    wanted = make_policy(database)
    current = Current(Snapshot.of(wanted, KeyRing.load(_keys(folder), wanted.keys)), ready=True)
    settings = Settings(store=database.folder, encryption_keys=database.keys)
    upstream = Upstream("http://127.0.0.1:9")
    made = Memory.build(settings, current, upstream, Metrics(), Records())
    await made.store.look()
    assert made.store.fault is None, made.store.fault
    try:
        yield Inside(made, current, upstream)
    finally:
        await made.store.close()


def _keys(folder: Path) -> Path:
    target = folder / "keys"
    target.mkdir(parents=True)
    (target / "bench").write_text(KEY)
    return target


@contextmanager
def ollama(folder: Path) -> Iterator[str]:
    """Ollama with the tests' models; yields its URL."""
    models, address = folder / "models", f"127.0.0.1:{free_port()}"
    for path in (source := models_folder()).rglob("*"):
        target = models / path.relative_to(source)
        if path.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileExistsError):
                target.symlink_to(path)
    environment = {"HOME": str(folder), "OLLAMA_MODELS": str(models), "OLLAMA_HOST": address, "OLLAMA_NO_CLOUD": "1"}
    environment |= {"OLLAMA_NOPRUNE": "1", "OLLAMA_KEEP_ALIVE": "-1", "OLLAMA_MAX_LOADED_MODELS": "2", "PATH": os.environ["PATH"]}
    with (folder / "ollama.log").open("wb") as log:
        process = subprocess.Popen([builds.built("ollama"), "serve"], env=environment, stdout=log, stderr=log)
    try:
        url = f"http://{address}"
        _wait(lambda: urllib.request.urlopen(f"{url}/api/version", timeout=2).close())
        yield url
    finally:
        process.terminate()
        process.wait(30)


@dataclass
class Gateway:
    """The gateway as a process."""

    url: str
    context: ssl.SSLContext
    process: "subprocess.Popen[bytes]"

    def client(self) -> httpx.AsyncClient:
        headers = {"authorization": f"Bearer {KEY}"}
        return httpx.AsyncClient(base_url=self.url, verify=self.context, headers=headers, timeout=600)

    def megabytes(self, field: str = "VmRSS") -> float:
        """Return resident memory, now or (VmHWM) at most."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{field}:"))


@contextmanager
def gateway(database: Postgres, folder: Path, upstream: str) -> Iterator[Gateway]:
    """Run the gateway on a database until the block ends; it is ready when the block begins."""
    (folder / "tls").mkdir(parents=True)
    root = authority("bench")
    issue(root, "localhost", SERVER, dns=("localhost",)).write(folder / "tls", "tls")
    (folder / "policy.json").write_text(make_policy(database).to_json())
    port, ops_port = free_port(), free_port()
    flags = {
        "policy": folder / "policy.json",
        "tls": folder / "tls",
        "keys": _keys(folder),
        "store": database.folder,
        "encryption-keys": database.keys,
        "documents-socket": folder / "documents.sock",
        "termination-log": folder / "termination",
        "runtime-log": folder / "runtime.log",
        "upstream": upstream,
        "host": "127.0.0.1",
        "port": port,
        "ops-port": ops_port,
    }
    command = [sys.executable, "-m", "assistant_gateway", *(f"--{name}={value}" for name, value in flags.items())]
    with (folder / "gateway.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        _wait(lambda: urllib.request.urlopen(f"http://127.0.0.1:{ops_port}/readyz", timeout=2).close(), folder / "gateway.log")
        yield Gateway(f"https://localhost:{port}", ssl.create_default_context(cadata=root.certificate_pem.decode()), process)
    finally:
        process.kill()  # nothing of it is needed any more
        process.wait(30)


def _wait(attempt: object, log: Path | None = None) -> None:
    assert callable(attempt)
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            attempt()
        except OSError:
            if time.monotonic() > end:
                raise TimeoutError(log.read_text()[-2000:] if log else "it did not start") from None
            time.sleep(0.1)
        else:
            return


async def settle(database: Postgres) -> None:
    """Let the server finish what loading left to do, so that nothing is measured beside it."""
    connection = await database.server.connect(database.database)
    try:
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()
    await asyncio.sleep(1)
