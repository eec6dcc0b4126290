"""The whole: the gateway's process, a real store, the sidecar that reads files, and the published SDKs in front.

Only the models are scripted.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from pgpt_python.client import AsyncPrivateGPTApi  # type: ignore[import-untyped]
from pgpt_python.core.api_error import ApiError  # type: ignore[import-untyped]
from pgpt_python.types import ContextFilter, OpenAiMessage  # type: ignore[import-untyped]

from tests.support.postgres import Postgres
from tests.unit.gateway.documents.world import embedded
from tests.unit.gateway.fake_ollama import MODEL, Asked, FakeOllama, Wire
from tests.unit.gateway.keeping import keeping_policy
from tests.unit.gateway.process import GatewayProcess, start_process, write_files
from tests.unit.gateway.running import KEY, OTHER_KEY, until

CANARY = "XCANARYX"
HANDBOOK = f"Employees have thirty days of holidays every year. {CANARY}"
QUESTION = f"How many days of holidays do employees have? {CANARY}"


async def embed(asked: Asked, wire: Wire) -> None:
    texts = asked.json["input"] if isinstance(asked.json["input"], list) else [asked.json["input"]]
    await wire.json({"model": asked.json["model"], "embeddings": [embedded(text) for text in texts]})


@asynccontextmanager
async def sidecar(socket: Path) -> AsyncIterator[None]:
    """Run the process that reads files."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "assistant_documents", "serve", f"--socket={socket}", stderr=asyncio.subprocess.DEVNULL
    )
    try:
        await until(socket.exists)
        yield
    finally:
        process.kill()
        await process.wait()


@pytest.fixture
async def process(tmp_path: Path, fake: FakeOllama, postgres: Postgres) -> AsyncIterator[GatewayProcess]:
    fake.scripts["/api/embed"] = embed
    write_files(tmp_path, keeping_policy(postgres.policy))
    socket = tmp_path / "documents.sock"
    flags = (f"--store={postgres.folder}", f"--encryption-keys={postgres.keys}", f"--documents-socket={socket}")
    async with sidecar(socket), start_process(tmp_path, fake, *flags) as gateway:
        await gateway.ready()
        yield gateway


@asynccontextmanager
async def private_gpt(gateway: GatewayProcess, key: str = KEY) -> AsyncIterator[Any]:
    async with gateway.http(key) as http:
        yield AsyncPrivateGPTApi(base_url=f"https://localhost:{gateway.port}", httpx_client=http)


async def test_privategpts_client_works_unchanged(process: GatewayProcess, fake: FakeOllama, tmp_path: Path) -> None:
    (tmp_path / "handbook.md").write_text(HANDBOOK)
    messages = [OpenAiMessage(role="user", content=QUESTION)]
    async with private_gpt(process) as client:
        with (tmp_path / "handbook.md").open("rb") as file:
            taken = await client.ingestion.ingest_file(file=file)
        text = await client.ingestion.ingest_text(file_name="notes.txt", text="The canteen is closed on Fridays.")
        listed = await client.ingestion.list_ingested()
        found = await client.context_chunks.chunks_retrieval(text=QUESTION, limit=1, prev_next_chunks=1)
        only = ContextFilter(docs_ids=[taken.data[0].doc_id])
        chat = client.contextual_completions
        whole = await chat.chat_completion(messages=messages, use_context=True, include_sources=True, context_filter=only)
        parts = [part async for part in chat.chat_completion_stream(messages=messages, use_context=True, include_sources=True)]
        prompted = await chat.prompt_completion(prompt=QUESTION, use_context=True, include_sources=True)
        vectors = await client.embeddings.embeddings_generation(input="Hello")
        health = await client.health.health()
        async with private_gpt(process, OTHER_KEY) as stranger:
            others = await stranger.ingestion.list_ingested()
            hidden = await stranger.context_chunks.chunks_retrieval(text=QUESTION)
            with pytest.raises(ApiError) as refused:
                await stranger.ingestion.delete_ingested(doc_id=taken.data[0].doc_id)
        await client.ingestion.delete_ingested(doc_id=taken.data[0].doc_id)
        left = await client.ingestion.list_ingested()

    assert {document.doc_id for document in listed.data} == {taken.data[0].doc_id, text.data[0].doc_id}
    assert found.data[0].text == HANDBOOK
    assert [source.document.doc_id for source in whole.choices[0].sources] == [taken.data[0].doc_id]
    assert whole.choices[0].sources[0].document.doc_metadata["file_name"] == "handbook.md"
    assert whole.choices[0].message.content == prompted.choices[0].message.content == "Hello world"
    assert parts[0].choices[0].sources[0].text == HANDBOOK
    assert vectors.data[0].embedding == [0.25, -0.5]
    assert health.status == "ok"
    assert others.data == hidden.data == []
    assert refused.value.status_code == 404
    assert [document.doc_id for document in left.data] == [text.data[0].doc_id]
    sent = fake.asked_for("/v1/chat/completions")[0].json["messages"]
    assert [message["role"] for message in sent] == ["system", "user"]
    assert HANDBOOK in sent[0]["content"]


def completions(process: GatewayProcess) -> list[dict[str, Any]]:
    """Return the records of the OpenAI route."""
    return [record for record in process.records() if record.get("route") == "/v1/chat/completions"]


async def test_openais_client_goes_on_with_a_conversation_from_documents(process: GatewayProcess, fake: FakeOllama) -> None:
    async with process.http() as http, httpx.AsyncClient(verify=process.context()) as bare:
        await http.post("/v1/ingest/text", json={"file_name": "handbook.md", "text": HANDBOOK})
        wire: Any = bare
        async with openai.AsyncOpenAI(base_url=f"https://localhost:{process.port}/v1", api_key=KEY, http_client=wire) as client:
            conversation = await client.conversations.create()
            more: Any = {"extra_body": {"conversation": conversation.id, "use_context": True}}
            messages: Any = [{"role": "user", "content": QUESTION}]
            first: Any = await client.chat.completions.create(model=MODEL, messages=messages, **more)
            stream = await client.chat.completions.create(model=MODEL, messages=messages, stream=True, **more)
            async for _ in stream:
                pass
            await client.chat.completions.create(model=MODEL, messages=messages, store=False, **more)
            items = await client.conversations.items.list(conversation.id, order="asc")
            kept: list[Any] = [item async for item in items]
            await client.conversations.delete(conversation.id)
            with pytest.raises(openai.NotFoundError):
                await client.chat.completions.create(model=MODEL, messages=messages, **more)

    assert first.choices[0].sources[0]["text"] == HANDBOOK
    assert [(item.role, item.content[0].text) for item in kept] == [("user", QUESTION), ("assistant", "Hello world")] * 2
    third = fake.asked_for("/v1/chat/completions")[2].json["messages"]
    assert [message["role"] for message in third] == ["user", "assistant", "user", "assistant", "system", "user"]
    await until(lambda: len(completions(process)) == 4)  # an answer is there before its record
    records = completions(process)
    assert [record["retained"] for record in records] == [True, True, False, False]
    assert {record["conversation"] for record in records[:3]} == {conversation.id}
    assert all(len(record["documents"]) == 1 for record in records[:3])


WIRES = ["/api/chat", "/v1/chat/completions"]


class Prober:
    """Sends requests of every kind with the canary wherever a client may put it, and keeps what the errors say."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.errors: list[str] = []

    async def ask(self, method: str, path: str, **more: Any) -> None:
        answer = await self.client.request(method, path, params={"q": CANARY, "after": CANARY}, headers={"x": CANARY}, **more)
        self.errors += [str(answer.headers), answer.text] if answer.status_code != 200 else [str(answer.headers)]

    async def chat(self, conversation: str) -> None:
        chat: dict[str, Any] = {"model": MODEL, "messages": [{"role": "user", "content": QUESTION}], "use_context": True}
        for path in WIRES:
            for stream in (True, False):
                for more in ({}, {"conversation": conversation}, {"conversation": CANARY}, {"conversation": {"id": CANARY}}):
                    await self.ask("POST", path, json=chat | {"stream": stream} | more)
            for odd in (
                {"use_context": CANARY},
                {"context_filter": {CANARY: CANARY}},
                {"context_filter": {"docs_ids": [CANARY]}},
                {"store": CANARY},
                {"include_sources": [CANARY]},
                {"messages": [{"role": CANARY, "content": {CANARY: CANARY}}]},
                {"messages": [{"role": "user", "content": [{"type": CANARY, CANARY: CANARY}]}], "conversation": conversation},
            ):
                await self.ask("POST", path, json=chat | odd)
        await self.ask("POST", "/v1/completions", json={"prompt": QUESTION, "system_prompt": CANARY, "use_context": True})
        await self.ask("POST", "/v1/completions", json={"prompt": {CANARY: CANARY}, "use_context": True})

    async def rooms(self, conversation: str) -> None:
        await self.ask("POST", "/v1/chunks", json={"text": QUESTION, "context_filter": {"docs_ids": [CANARY]}})
        await self.ask("POST", "/v1/ingest/text", json={"file_name": CANARY, "text": HANDBOOK, "metadata": {CANARY: CANARY}})
        await self.ask("POST", "/v1/ingest/file", files={"file": (f"{CANARY}.pdf", b"%PDF-1.7 " + CANARY.encode())})
        await self.ask("POST", "/v1/ingest/file", content=CANARY.encode())
        await self.ask("POST", "/v1/conversations", json={"metadata": {CANARY: CANARY}, "items": [{"type": CANARY}]})
        await self.ask("GET", f"/v1/conversations/{conversation}/items")
        await self.ask("GET", f"/v1/conversations/{CANARY}/items/{CANARY}")
        await self.ask("DELETE", f"/v1/ingest/{CANARY}")
        await self.ask("DELETE", f"/v1/subjects/{CANARY}")

    async def all(self, conversation: str) -> None:
        await self.chat(conversation)
        await self.rooms(conversation)


async def test_no_word_of_documents_and_conversations_is_written_anywhere(
    process: GatewayProcess, fake: FakeOllama, postgres: Postgres
) -> None:
    """Also where requests are odd, the model fails, and the store is away."""

    async def fail(asked: Asked, wire: Wire) -> None:
        await wire.json({"error": f"what of {CANARY}"}, 500)

    async with process.http() as client:
        prober = Prober(client)
        made = await client.post("/v1/conversations", json={"metadata": {"topic": CANARY}})
        conversation = made.json()["id"]
        await prober.all(conversation)
        fake.scripts |= dict.fromkeys(["/api/embed", *WIRES], fail)
        await prober.all(conversation)
        fake.scripts.clear()
        (postgres.folder / "password").write_text(CANARY)
        await postgres.server.execute(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{postgres.policy.database}'",
        )
        await postgres.server.execute(f'ALTER DATABASE "{postgres.policy.database}" ALLOW_CONNECTIONS false')
        await prober.all(conversation)
        status = (await process.ops("/status")).text
        metrics = (await process.ops("/metrics")).text
        ready = (await process.ops("/readyz")).text
    await until(lambda: len(process.records()) > 100)

    written = [process.output.read_text(), process.errors.read_text(), postgres.server.log.read_text(), status, metrics, ready]
    assert not [line for text in [*written, *prober.errors] for line in text.splitlines() if CANARY.lower() in line.lower()]
    codes = {record.get("code") for record in process.records()}
    assert {"not_found", "invalid_request", "retrieval_failed", None} <= codes
    assert codes & {"store_unavailable", "not_ready"}
    assert "internal_error" not in codes
