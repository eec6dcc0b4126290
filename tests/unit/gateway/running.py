"""A gateway as it runs, in the test's own event loop: real TLS, real server, real client towards a scripted model server."""

import asyncio
import io
import json
import logging
import os
import socket
import ssl
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from assistant_gateway import policy
from assistant_gateway.app import Gateway
from assistant_gateway.auth import KeyRing
from assistant_gateway.logs import ContentFreeFormatter
from assistant_gateway.metrics import Metrics
from assistant_gateway.neighbours.upstream import Upstream
from assistant_gateway.policy import Policy
from assistant_gateway.protocol import server
from assistant_gateway.protocol.certificates import Certificates
from assistant_gateway.protocol.limits import Limiter
from assistant_gateway.protocol.routing import Table
from assistant_gateway.protocol.server import GatewayServer
from assistant_gateway.record import Records
from assistant_gateway.snapshot import Current, Snapshot
from tests.unit.gateway.fake_ollama import DIGEST, MODEL, FakeOllama

KEY = "sk-of-alice-0123456789"
OTHER_KEY = "sk-of-bob-0123456789"
KEYS = {"alice": KEY, "bob": OTHER_KEY}
SECONDS = 20.0
"""How long a test waits for something that always comes; it fails then, it never passes by it."""


def make_policy(**limits: int) -> Policy:
    """Return a policy with two keys."""
    defaults = {"requests_per_minute": 1000, "concurrent_requests": 8, "max_body_bytes": 65536, "max_output_tokens": 256}
    return Policy(
        api_version="policy.privateassistant.dev/v1",
        assistant=policy.AssistantRef(namespace="demo", name="minimal"),
        generation=7,
        model=policy.ModelPolicy(name=MODEL, digest=f"sha256:{DIGEST}", context_length=4096),
        keys=(policy.KeyPolicy(name="alice", subject="Alice"), policy.KeyPolicy(name="bob", subject="Bob", groups=("staff",))),
        limits=policy.Limits(**(defaults | limits)),
        logging=policy.LoggingPolicy(level="DEBUG", format="JSON", runtime="Filtered"),
        retention=policy.RetentionPolicy(conversations=policy.ConversationRetention(mode="None")),
    )


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def write_keys(folder: Path) -> None:
    for name, value in KEYS.items():
        (folder / name).write_text(value + "\n")


@dataclass
class RunningGateway:
    """What a test holds of it."""

    fake: FakeOllama
    current: Current
    gateway: Gateway
    server: GatewayServer
    upstream: Upstream
    metrics: Metrics
    client_context: ssl.SSLContext
    records_file: Path
    log: io.StringIO
    port: int
    _seen: int = field(default=0)

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    def http(self, key: str | None = KEY, **more: Any) -> httpx.AsyncClient:
        """Return a client that trusts the gateway's certificate and has a key."""
        headers = {} if key is None else {"authorization": f"Bearer {key}"}
        return httpx.AsyncClient(base_url=self.url, verify=self.client_context, headers=headers, timeout=SECONDS, **more)

    async def raw(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Return a bare TLS connection."""
        return await asyncio.open_connection("localhost", self.port, ssl=self.client_context)

    def records(self) -> list[dict[str, Any]]:
        self.gateway.records.flush()
        return [json.loads(line) for line in self.records_file.read_text().splitlines()]

    async def record(self) -> dict[str, Any]:
        """Return the next record, waiting for it; the one after all earlier ones were taken must be the only new one."""
        await until(lambda: len(self.records()) > self._seen)
        await self.idle()
        found = self.records()
        assert len(found) == self._seen + 1, found[self._seen :]
        self._seen = len(found)
        return found[-1]

    async def idle(self) -> None:
        """Wait until no request is in progress."""
        await until(lambda: not self.server.server_state.tasks)

    def counted(self) -> dict[tuple[str, str, str], float]:
        """Return the request counter, by route, outcome and code."""
        self.metrics.page()
        samples = next(family for family in self.metrics.registry.collect() if family.name == "private_assistant_gateway_requests").samples
        return {(s.labels["route"], s.labels["outcome"], s.labels["code"]): s.value for s in samples if s.name.endswith("_total")}


async def start(serving: GatewayServer) -> None:
    """Start a server without uvicorn's main loop, whose ticks would make every test wait; test_lifecycle.py runs the whole."""
    serving.config.load()
    serving.lifespan = serving.config.lifespan_class(serving.config)
    await serving.startup()


async def stop(serving: GatewayServer) -> None:
    for listener in serving.servers:
        listener.close()
    for connection in list(serving.server_state.connections):
        connection.transport.abort()
    await until(lambda: not serving.server_state.tasks and not serving.server_state.connections)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition that always comes."""
    async with asyncio.timeout(SECONDS):
        while not condition():  # noqa: ASYNC110  what is waited for is not written to be waited for
            await asyncio.sleep(0.002)


@asynccontextmanager
async def run_gateway(
    fake: FakeOllama,
    tls: Path,
    wanted: Policy | None = None,
    limiter: Limiter | None = None,
    memory: Any = None,
    table: Table | None = None,
) -> AsyncIterator[RunningGateway]:
    """Run a gateway that is ready, on a free port."""
    with tempfile.TemporaryDirectory() as folder:
        keys = Path(folder)
        write_keys(keys)
        wanted = wanted or make_policy()
        current = Current(Snapshot.of(wanted, KeyRing.load(keys, wanted.keys)), ready=True)
        certificates = Certificates(tls)
        certificates.load()
        records_file = Path(folder, "records")
        descriptor = os.open(records_file, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        upstream, metrics = Upstream(fake.url), Metrics()
        gateway = Gateway(current, upstream, Records(descriptor), metrics, limiter, table)
        gateway.memory = memory
        serving = server.make(gateway, "127.0.0.1", 0, certificates.context, 1)
        log, remove = _capture()
        await start(serving)
        context = ssl.create_default_context(cafile=str(tls / "tls.crt"))
        try:
            yield RunningGateway(fake, current, gateway, serving, upstream, metrics, context, records_file, log, serving.bound_port)
        finally:
            await stop(serving)
            upstream.close()
            remove()
            os.close(descriptor)


def _capture() -> tuple[io.StringIO, Callable[[], None]]:
    """Capture every logger's lines as the gateway would write them."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(ContentFreeFormatter("JSON"))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)

    def remove() -> None:
        root.removeHandler(handler)
        root.setLevel(level)

    return stream, remove
