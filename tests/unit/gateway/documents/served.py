"""A gateway with documents behind TLS, and the keys of those who call it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import quote

import httpx
from pgpt_python.client import PrivateGPTApi  # type: ignore[import-untyped]

from assistant_gateway.auth import KeyRing
from assistant_gateway.memory import Memory
from assistant_gateway.policy import KeyPolicy
from assistant_gateway.retention.erasure import Eraser
from assistant_gateway.retention.sweep import Sweeper
from assistant_gateway.snapshot import Snapshot
from tests.unit.gateway.documents.world import World, policy_with, rag
from tests.unit.gateway.running import RunningGateway, run_gateway

KEYS = {"alice": "sk-alice-0123456789", "bob": "sk-bob-0123456789", "ingest.internal": "sk-ingest-0123456789"}
WHO = (
    KeyPolicy(name="alice", subject="Alice"),
    KeyPolicy(name="bob", subject="Bob", groups=("hr",)),
    KeyPolicy(name="ingest.internal", subject="system:ingest", role="Ingest"),
)


@dataclass
class Served:
    """A gateway in front of the documents."""

    world: World
    gateway: RunningGateway

    def client(self, key: str) -> httpx.AsyncClient:
        return self.gateway.http(KEYS[key])

    async def sdk(self, key: str, call: Any) -> Any:
        """Call PrivateGPT's client, which is not asynchronous, in a thread."""
        headers = {"authorization": f"Bearer {KEYS[key]}"}
        http = httpx.Client(verify=self.gateway.client_context, headers=headers, timeout=20)
        with http:
            return await asyncio.to_thread(call, PrivateGPTApi(base_url=self.gateway.url, httpx_client=http))


def place(source: str, locator: str) -> str:
    return f"/v1/sources/{source}/document?locator={quote(locator, safe='')}"


@asynccontextmanager
async def run_served(world: World, tls: Path, folder: Path) -> AsyncIterator[Served]:
    """Run a gateway in front of a world; its keys are written to a new folder."""
    _write_keys(folder)
    policy = policy_with(world.postgres, rag()).model_copy(update={"keys": WHO})
    world.current.snapshot = Snapshot.of(policy, KeyRing.load(folder, policy.keys))
    async with run_gateway(world.ollama, tls, policy_with(world.postgres, rag())) as gateway:
        gateway.current.snapshot = world.current.snapshot
        eraser = Eraser(world.store, gateway.gateway.records, Sweeper(world.store))
        memory = SimpleNamespace(library=world.library, retriever=world.retriever, eraser=eraser, conversations=None, store=world.store)
        gateway.gateway.memory = cast(Memory, memory)
        yield Served(world, gateway)


def _write_keys(folder: Path) -> None:
    folder.mkdir()
    for name, value in KEYS.items():
        (folder / name).write_text(value)
