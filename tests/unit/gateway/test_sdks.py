"""The OpenAI and the Ollama SDK, unchanged but for base URL, key and CA."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import ollama
import openai
import pytest

from tests.unit.gateway.fake_ollama import MODEL, Asked, Wire
from tests.unit.gateway.running import KEY, RunningGateway

MESSAGES: Any = [{"role": "user", "content": "Hello"}]


@pytest.fixture
async def openai_client(gateway: RunningGateway) -> AsyncIterator[openai.AsyncOpenAI]:
    http: Any = httpx.AsyncClient(verify=gateway.client_context)
    async with openai.AsyncOpenAI(base_url=f"{gateway.url}/v1", api_key=KEY, http_client=http, max_retries=0) as client:
        yield client


@pytest.fixture
async def ollama_client(gateway: RunningGateway) -> AsyncIterator[ollama.AsyncClient]:
    async with ollama.AsyncClient(host=gateway.url, headers={"Authorization": f"Bearer {KEY}"}, verify=gateway.client_context) as client:
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
