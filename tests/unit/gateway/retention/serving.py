"""A gateway that keeps conversations: the whole of it, over TLS, with a real store behind."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from assistant_gateway.memory import Memory
from assistant_gateway.metrics import Metrics
from assistant_gateway.neighbours.upstream import Upstream
from assistant_gateway.policy import KeyPolicy, Policy
from assistant_gateway.settings import Settings
from assistant_gateway.snapshot import Current
from tests.support.postgres import Postgres
from tests.unit.gateway.fake_ollama import FakeOllama
from tests.unit.gateway.retention.kept import TTL, set_clock_up, snapshot, with_store
from tests.unit.gateway.running import KEY, OTHER_KEY, RunningGateway, run_gateway

KEYS = (
    KeyPolicy(name="alice", subject="Alice"),
    KeyPolicy(name="bob", subject="Bob"),
)


@dataclass
class Serving:
    """The gateway, its memory, and its database."""

    gateway: RunningGateway
    memory: Memory
    postgres: Postgres

    @asynccontextmanager
    async def openai(self, key: str = KEY) -> AsyncIterator[openai.AsyncOpenAI]:
        """Return the SDK, unchanged but for base URL, key and CA."""
        http: Any = httpx.AsyncClient(verify=self.gateway.client_context)
        async with openai.AsyncOpenAI(base_url=f"{self.gateway.url}/v1", api_key=key, http_client=http, max_retries=0) as client:
            yield client

    async def sql(self, statement: str, *values: Any) -> list[Any]:
        connection = await self.postgres.connect()
        try:
            found: list[Any] = await connection.fetch(statement, *values)
            return found
        finally:
            await connection.close()

    async def move_clock(self, seconds: float) -> None:
        await self.sql("UPDATE clock.shift SET by = by + make_interval(secs => $1)", seconds)


@asynccontextmanager
async def serve(postgres: Postgres, fake: FakeOllama, tls: Path, wanted: Policy) -> AsyncIterator[Serving]:
    """Run a gateway with this policy."""
    settings = Settings(store=postgres.folder, encryption_keys=postgres.keys)
    current = Current(snapshot(wanted), ready=True)
    upstream = Upstream(fake.url)
    try:
        async with run_gateway(fake, tls, wanted) as gateway:
            memory = Memory.build(settings, current, upstream, Metrics(), gateway.gateway.records)
            await memory.store.look()
            assert memory.store.fault is None
            gateway.gateway.memory = memory
            try:
                yield Serving(gateway, memory, postgres)
            finally:
                await memory.store.close()
    finally:
        upstream.close()


@pytest.fixture
async def serving(postgres: Postgres, fake: FakeOllama, tls: Path) -> AsyncIterator[Serving]:
    """A gateway that keeps conversations for an hour, for Alice and for Bob."""
    await set_clock_up(postgres)
    async with serve(postgres, fake, tls, with_store(postgres.policy, TTL).model_copy(update={"keys": KEYS})) as running:
        yield running


@pytest.fixture
async def officer(postgres: Postgres, fake: FakeOllama, tls: Path) -> AsyncIterator[Serving]:
    """The same, where Bob is the data officer."""
    await set_clock_up(postgres)
    keys = (KEYS[0], KeyPolicy(name="bob", subject="Bob", role="DataOfficer"))
    async with serve(postgres, fake, tls, with_store(postgres.policy, TTL).model_copy(update={"keys": keys})) as running:
        yield running


__all__ = ["KEY", "OTHER_KEY", "Serving", "officer", "serve", "serving"]
