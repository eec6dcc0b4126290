"""The OpenAI and the Ollama SDK, unchanged but for base URL, key and CA."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import ollama
import openai
import pytest

from assistant_gateway.storage.errors import StoreError
from tests.unit.gateway.chat.remembering import hit, remembering, run_remembering
from tests.unit.gateway.fake_ollama import MODEL, Asked, FakeOllama, Wire
from tests.unit.gateway.running import KEY, RunningGateway

MESSAGES: Any = [{"role": "user", "content": "Hello"}]


@asynccontextmanager
async def openai_of(gateway: RunningGateway) -> AsyncIterator[openai.AsyncOpenAI]:
    http: Any = httpx.AsyncClient(verify=gateway.client_context)
    async with openai.AsyncOpenAI(base_url=f"{gateway.url}/v1", api_key=KEY, http_client=http, max_retries=0) as client:
        yield client


def ollama_of(gateway: RunningGateway) -> ollama.AsyncClient:
    return ollama.AsyncClient(host=gateway.url, headers={"Authorization": f"Bearer {KEY}"}, verify=gateway.client_context)


@pytest.fixture
async def openai_client(gateway: RunningGateway) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai_of(gateway) as client:
        yield client


@pytest.fixture
async def ollama_client(gateway: RunningGateway) -> AsyncIterator[ollama.AsyncClient]:
    async with ollama_of(gateway) as client:
        yield client


async def test_openai_answers(openai_client: openai.AsyncOpenAI) -> None:
    chat = await openai_client.chat.completions.create(model=MODEL, messages=MESSAGES)
    completion = await openai_client.completions.create(model=MODEL, prompt="Hello")
    embedding = await openai_client.embeddings.create(model=MODEL, input="Hello", encoding_format="float")
    models = await openai_client.models.list()
    model = await openai_client.models.retrieve(MODEL)

    assert chat.choices[0].message.content == "Hello world"
    assert chat.usage is not None
    assert chat.usage.total_tokens == 13
    assert completion.choices[0].text == "Hello world"
    assert embedding.data[0].embedding == [0.25, -0.5]
    assert [entry.id for entry in models.data] == [model.id] == [MODEL]


async def test_openai_streams(openai_client: openai.AsyncOpenAI) -> None:
    stream = await openai_client.chat.completions.create(
        model=MODEL,
        messages=MESSAGES,
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = [chunk async for chunk in stream]

    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "Hello world"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 2


async def test_openais_errors_are_its_own(gateway: RunningGateway, openai_client: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as not_found:
        await openai_client.chat.completions.create(model="other:7b", messages=MESSAGES)
    with pytest.raises(openai.AuthenticationError) as wrong_key:
        await openai_client.with_options(api_key="sk-wrong").models.list()
    with pytest.raises(openai.PermissionDeniedError) as no_route:
        await openai_client.responses.create(model=MODEL, input="Hello")
    with pytest.raises(openai.BadRequestError) as bad:
        await openai_client.chat.completions.create(model=MODEL, messages=MESSAGES, max_tokens="x")  # type: ignore[call-overload]

    assert (not_found.value.code, not_found.value.param) == ("model_not_found", "model")
    assert (wrong_key.value.code, wrong_key.value.type) == ("wrong_key", "authentication_error")
    assert no_route.value.code == "route_not_allowed"
    assert (bad.value.code, bad.value.param) == ("invalid_request", "max_tokens")


async def test_openai_sees_a_stream_that_broke(gateway: RunningGateway, openai_client: openai.AsyncOpenAI) -> None:
    async def die(asked: Asked, wire: Wire) -> None:
        await wire.start()
        await wire.chunk(b'data: {"id":"1","choices":[],"created":1,"model":"m","object":"chat.completion.chunk"}\n\n')
        wire.cut()

    gateway.fake.scripts["/v1/chat/completions"] = die
    stream = await openai_client.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True)
    await anext(stream)
    with pytest.raises(openai.APIError) as broken:
        await anext(stream)

    assert broken.value.code == "upstream_lost"


async def test_ollama_answers(ollama_client: ollama.AsyncClient) -> None:
    chat = await ollama_client.chat(model=MODEL, messages=MESSAGES)
    generated = await ollama_client.generate(model=MODEL, prompt="Hello")
    embedded = await ollama_client.embed(model=MODEL, input="Hello")
    listed = await ollama_client.list()
    shown = await ollama_client.show(MODEL)

    assert chat.message.content == "Hello world"
    assert (generated.response, generated.eval_count) == ("Hello world", 2)
    assert embedded.embeddings == [[0.25, -0.5]]
    assert [model.model for model in listed.models] == [MODEL]
    assert shown.modelfile is not None


async def test_ollama_streams(ollama_client: ollama.AsyncClient) -> None:
    parts = [part async for part in await ollama_client.chat(model=MODEL, messages=MESSAGES, stream=True)]

    assert "".join(part.message.content or "" for part in parts) == "Hello world"
    assert parts[-1].done is True


async def test_ollamas_errors_are_its_own(gateway: RunningGateway, ollama_client: ollama.AsyncClient) -> None:
    with pytest.raises(ollama.ResponseError) as not_found:
        await ollama_client.chat(model="other:7b", messages=MESSAGES)
    with pytest.raises(ollama.ResponseError) as no_route:
        await ollama_client.pull("other:7b")

    assert not_found.value.status_code == 404
    assert "does not serve the requested model" in not_found.value.error
    assert no_route.value.status_code == 403


async def test_ollama_sees_a_stream_that_broke(gateway: RunningGateway, ollama_client: ollama.AsyncClient) -> None:
    async def die(asked: Asked, wire: Wire) -> None:
        await wire.start()
        await wire.chunk(b'{"model":"tiny:1b","message":{"role":"assistant","content":"a"},"done":false}\n')
        wire.cut()

    gateway.fake.scripts["/api/chat"] = die
    stream = await ollama_client.chat(model=MODEL, messages=MESSAGES, stream=True)
    await anext(aiter(stream))
    with pytest.raises(ollama.ResponseError) as broken:
        await anext(aiter(stream))

    assert "went away" in broken.value.error


# With memory


async def test_openai_shows_the_sources_and_goes_on_with_a_conversation(fake: FakeOllama, tls: Path) -> None:
    """Fields that it does not know pass through it: `extra_body` on the way in, the models' extras on the way out."""
    async with run_remembering(fake, tls) as (gateway, memory), openai_of(gateway) as client:
        memory.retriever.hits = [hit("30 days.")]
        more: Any = {"extra_body": {"use_context": True, "conversation": memory.conversations.make()}}
        chat = await client.chat.completions.create(model=MODEL, messages=MESSAGES, **more)
        stream = await client.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True, **more)
        chunks = [chunk async for chunk in stream]

    first: Any = chunks[0].choices[0]
    whole: Any = chat.choices[0]
    assert whole.sources[0]["text"] == first.sources[0]["text"] == "30 days."
    assert whole.sources[0]["document"]["doc_metadata"]["file_name"] == "handbook.md"
    assert chat.choices[0].message.content == "Hello world"
    assert [message["content"] for message in fake.asked[1].json["messages"]][:2] == ["Hello", "Hello world"]


async def test_openai_completes_a_prompt_with_context(fake: FakeOllama, tls: Path) -> None:
    async with run_remembering(fake, tls) as (gateway, memory), openai_of(gateway) as client:
        memory.retriever.hits = [hit("30 days.")]
        more: Any = {"extra_body": {"use_context": True}}
        whole = await client.completions.create(model=MODEL, prompt="How many holidays?", **more)
        chunks = [chunk async for chunk in await client.completions.create(model=MODEL, prompt="How many?", stream=True, **more)]

    first: Any = chunks[0].choices[0]
    assert whole.object == chunks[0].object == "text_completion"
    assert whole.choices[0].text == "".join(chunk.choices[0].text for chunk in chunks) == "Hello world"
    assert first.sources[0]["text"] == "30 days."


async def test_openais_own_field_for_storage_is_understood(fake: FakeOllama, tls: Path) -> None:
    async with run_remembering(fake, tls) as (gateway, memory), openai_of(gateway) as client:
        conversation = memory.conversations.make()
        more: Any = {"extra_body": {"conversation": conversation}}
        await client.chat.completions.create(model=MODEL, messages=MESSAGES, store=False, **more)
        with pytest.raises(openai.BadRequestError) as refused:
            await client.chat.completions.create(model=MODEL, messages=MESSAGES, store=True)

    assert memory.conversations.items(conversation) == []
    assert (refused.value.code, refused.value.param) == ("retention_not_allowed", "store")


async def test_openai_sees_a_turn_that_could_not_be_stored(fake: FakeOllama, tls: Path) -> None:
    async with run_remembering(fake, tls) as (gateway, memory), openai_of(gateway) as client:
        more: Any = {"extra_body": {"conversation": memory.conversations.make()}}
        memory.conversations.append_error = StoreError()
        stream = await client.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True, **more)
        with pytest.raises(openai.APIError) as broken:
            async for _ in stream:
                pass

    assert broken.value.code == "store_unavailable"


@pytest.mark.parametrize("stream", [True, False])
async def test_ollama_is_answered_from_documents_where_all_chats_are(fake: FakeOllama, tls: Path, stream: bool) -> None:
    """It cannot send fields that it does not know, and drops those that it does not know from answers."""
    async with run_remembering(fake, tls, remembering("Always")) as (gateway, memory), ollama_of(gateway) as client:
        memory.retriever.hits = [hit("30 days.")]
        if stream:
            parts = [part.message.content or "" async for part in await client.chat(model=MODEL, messages=MESSAGES, stream=True)]
        else:
            parts = [(await client.chat(model=MODEL, messages=MESSAGES)).message.content or ""]

    assert "".join(parts) == "Hello world"
    assert "30 days." in fake.asked[0].json["messages"][0]["content"]
