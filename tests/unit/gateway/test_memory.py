"""The whole process with a store: it becomes ready with it, says what it keeps, and is not ready without it."""

import asyncio
import contextlib
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from assistant_gateway.memory import Memory
from assistant_gateway.metrics import Metrics
from assistant_gateway.neighbours.upstream import Upstream
from assistant_gateway.policy import Policy
from assistant_gateway.record import Records
from assistant_gateway.settings import Settings
from assistant_gateway.snapshot import Current
from tests.support.postgres import Postgres, write_key
from tests.unit.gateway.fake_ollama import MODEL, FakeOllama
from tests.unit.gateway.keeping import keeping_policy
from tests.unit.gateway.process import GatewayProcess, start_process, write_files
from tests.unit.gateway.retention.kept import snapshot
from tests.unit.gateway.running import SECONDS, make_policy, until

CANARY = "zanzibar-canary-7731"
CHAT = {"model": MODEL, "messages": [{"role": "user", "content": "Hi"}]}


@asynccontextmanager
async def keeping_process(
    folder: Path, fake: FakeOllama, postgres: Postgres, policy: Policy | None = None
) -> AsyncIterator[GatewayProcess]:
    """A gateway process with the database as its store."""
    if not (folder / "policy.json").exists():
        write_files(folder, policy or keeping_policy(postgres.policy))
    async with start_process(folder, fake, f"--store={postgres.folder}", f"--encryption-keys={postgres.keys}") as gateway:
        yield gateway


async def status_of(gateway: GatewayProcess) -> Any:
    return (await gateway.ops("/status")).json()


async def becomes(gateway: GatewayProcess, reasons: list[str]) -> None:
    """Wait until /readyz gives these reasons."""
    found = None
    async with asyncio.timeout(SECONDS * 2):
        while found != reasons:
            await asyncio.sleep(0.05)
            with contextlib.suppress(httpx.TransportError):  # it has only just been started
                found = [reason["reason"] for reason in (await gateway.ops("/readyz")).json()["reasons"]]


async def test_it_serves_with_its_store_and_says_what_it_keeps(tmp_path: Path, fake: FakeOllama, postgres: Postgres) -> None:
    async with keeping_process(tmp_path, fake, postgres) as gateway:
        await gateway.ready()
        async with gateway.http() as client:
            made = await client.post("/v1/conversations", json={"items": [{"type": "message", "role": "user", "content": CANARY}]})
            listed = await client.get(f"/v1/conversations/{made.json()['id']}/items")
        status = None
        async with asyncio.timeout(SECONDS):
            while status is None or status["retention"]["lastPurge"] is None or status["index"] is None:
                await asyncio.sleep(0.05)
                status = await status_of(gateway)
        gateway.process.terminate()
        ended = await gateway.exit_status()

    assert made.status_code == 200
    assert CANARY in listed.text
    assert ended == 0
    assert status["revision"] == keeping_policy(postgres.policy).revision()
    assert status["store"] == {"fault": None, "server": status["store"]["server"]}
    assert re.fullmatch(r"1[0-9]\.[0-9]+", status["store"]["server"])
    kept = status["retention"]
    assert {name: kept[name] for name in ("purged", "isLate", "kek", "toRewrap")} == {
        "purged": 0, "isLate": False, "kek": "k0001", "toRewrap": 0,
    }  # fmt: skip
    assert kept["oldest"]
    assert status["sources"] == {"handbook": {"startedAt": None, "finishedAt": None, "documents": 0, "chunks": 0, "failed": {}}}
    assert status["index"] == {"state": "Serving", "remaining": 0}
    assert CANARY not in gateway.output.read_text() + gateway.errors.read_text() + postgres.server.log.read_text()


async def test_both_models_answer_before_it_is_ready(tmp_path: Path, fake: FakeOllama, postgres: Postgres) -> None:
    async with keeping_process(tmp_path, fake, postgres) as gateway:
        await gateway.ready()

    assert fake.asked_for("/api/generate")
    assert [asked.json["model"] for asked in fake.asked_for("/api/embed")][:1] == ["other:7b"]


async def test_without_its_store_it_is_not_ready_and_with_it_again_it_is(tmp_path: Path, fake: FakeOllama, own_postgres: Postgres) -> None:
    """Refused, not hung: no request gets as far as a model that would answer without what the assistant knows."""
    async with keeping_process(tmp_path, fake, own_postgres) as gateway:
        await gateway.ready()
        own_postgres.server.crash()
        await becomes(gateway, ["StoreUnreachable"])
        status = await status_of(gateway)
        asked = len(fake.asked_for("/api/chat"))
        async with gateway.http() as client:
            refused = await client.post("/api/chat", json=CHAT)
        own_postgres.server.start()
        await gateway.ready()
        async with gateway.http() as client:
            served = await client.post("/api/chat", json=CHAT)

    assert (refused.status_code, refused.json()["code"]) == (503, "not_ready")
    assert len(fake.asked_for("/api/chat")) == asked + 1
    assert status["store"]["fault"]["reason"] == "StoreUnreachable"
    assert (status["retention"], status["sources"], status["index"]) == (None, {}, None)
    assert served.status_code == 200


async def test_a_gateway_that_starts_says_nothing_of_its_store(fake: FakeOllama, postgres: Postgres) -> None:
    """Before it has looked it knows nothing: with each pod that was replaced, a store that serves all others was told as unreachable."""
    settings = Settings(store=postgres.folder, encryption_keys=postgres.keys)
    upstream = Upstream(fake.url)
    memory = Memory.build(settings, Current(snapshot(keeping_policy(postgres.policy))), upstream, Metrics(), Records())
    try:
        before = await memory.status()
        await memory.store.look()
        after = await memory.status()
    finally:
        await memory.close()
        upstream.close()

    assert before == {"store": None, "retention": None, "sources": {}, "index": None}
    assert after["store"]["fault"] is None


async def test_a_store_that_is_away_at_the_start_is_waited_for(tmp_path: Path, fake: FakeOllama, own_postgres: Postgres) -> None:
    own_postgres.server.stop()
    async with keeping_process(tmp_path, fake, own_postgres) as gateway:
        await becomes(gateway, ["StoreUnreachable"])
        own_postgres.server.start()
        await gateway.ready()


async def test_an_encryption_key_takes_over_while_it_serves(tmp_path: Path, fake: FakeOllama, postgres: Postgres) -> None:
    """What was there moves to the new key, and a process that started with the old one alone opens what another seals with the new one."""
    async with keeping_process(tmp_path, fake, postgres) as gateway:
        await gateway.ready()
        write_key(postgres.keys, "k0002")
        os.utime(postgres.keys / "k0002", (0, 0))  # as if it had been there for long enough to be everywhere
        (tmp_path / "second").mkdir()
        async with keeping_process(tmp_path / "second", fake, postgres) as second:
            await second.ready()
            async with second.http() as client:
                made = (await client.post("/v1/conversations", json={"metadata": {"a": "b"}})).json()
            async with gateway.http() as client:
                found = (await client.get(f"/v1/conversations/{made['id']}")).json()
            kept: dict[str, Any] = {}
            async with asyncio.timeout(SECONDS):
                while (kept.get("kek"), kept.get("toRewrap")) != ("k0002", 0):
                    await asyncio.sleep(0.1)
                    kept = (await status_of(gateway))["retention"] or {}

    assert found == made


@pytest.mark.parametrize("content", [None, "no key"])
async def test_without_encryption_keys_it_does_not_start(tmp_path: Path, fake: FakeOllama, postgres: Postgres, content: str | None) -> None:
    (postgres.keys / "k0001").unlink()
    if content is not None:
        (postgres.keys / "k0001").write_text(content)
    async with keeping_process(tmp_path, fake, postgres) as gateway:
        ended = await gateway.exit_status()

    assert ended == 1
    assert gateway.termination()["reason"] == "EncryptionKeyMissing"


async def test_a_gateway_that_keeps_nothing_says_so(tmp_path: Path, fake: FakeOllama) -> None:
    async with start_process(tmp_path, fake) as gateway:
        await gateway.ready()
        status = await status_of(gateway)

    keeps_nothing: dict[str, object] = {"store": None, "retention": None, "sources": {}, "index": None}
    assert status == {"revision": make_policy().revision(), "waitsFor": None, **keeps_nothing, "redaction": None}


async def test_a_policy_for_another_store_is_left_to_its_own_pod(tmp_path: Path, fake: FakeOllama, postgres: Postgres) -> None:
    """What was kept for one store does not get into another by a change of a file."""
    policy = keeping_policy(postgres.policy)
    async with keeping_process(tmp_path, fake, postgres, policy) as gateway:
        await gateway.ready()
        other = postgres.policy.model_copy(update={"database": "another"})
        for change in ({"store": other}, {"rag": None}):
            rejected = gateway.errors.read_text().count("PolicyInvalid")
            (tmp_path / "policy.json").write_text(policy.model_copy(update=change).to_json())
            await until(lambda before=rejected: gateway.errors.read_text().count("PolicyInvalid") > before)  # type: ignore[misc]
        assert (await status_of(gateway))["revision"] == policy.revision()
