"""PrivateGPT's published SDK (pgpt-python 0.1.2), unchanged but for base URL, key and CA.

Its models allow `object` to be `completion` or `completion.chunk` only, and its requests name no model: that is how they are told apart.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pgpt_python.client import AsyncPrivateGPTApi, PrivateGPTApi  # type: ignore[import-untyped]
from pgpt_python.core.api_error import ApiError  # type: ignore[import-untyped]
from pgpt_python.types import ContextFilter, OpenAiCompletion, OpenAiMessage  # type: ignore[import-untyped]

from tests.unit.gateway.chat.remembering import EMBEDDING, FakeMemory, hit, run_remembering
from tests.unit.gateway.fake_ollama import MODEL, FakeOllama
from tests.unit.gateway.process import start_process
from tests.unit.gateway.running import KEY, RunningGateway

MESSAGES = [OpenAiMessage(role="user", content="How many holidays?")]


@pytest.fixture
async def private(gateway: RunningGateway) -> AsyncIterator[AsyncPrivateGPTApi]:
    """The client of an assistant without memory."""
    async with gateway.http() as http:
        yield AsyncPrivateGPTApi(base_url=gateway.url, httpx_client=http)


@pytest.fixture
async def remembering(fake: FakeOllama, tls: Path) -> AsyncIterator[tuple[AsyncPrivateGPTApi, FakeMemory]]:
    async with run_remembering(fake, tls) as (gateway, memory):
        memory.retriever.hits = [hit("30 days.")]
        async with gateway.http() as http:
            yield AsyncPrivateGPTApi(base_url=gateway.url, httpx_client=http), memory


def said(*answers: OpenAiCompletion) -> str:
    parts = [choice.delta or choice.message for answer in answers for choice in answer.choices]
    return "".join((part.content or "") for part in parts if part is not None)


async def test_it_chats(gateway: RunningGateway, private: AsyncPrivateGPTApi) -> None:
    whole = await private.contextual_completions.chat_completion(messages=MESSAGES)
    parts = [part async for part in private.contextual_completions.chat_completion_stream(messages=MESSAGES)]

    assert said(whole) == said(*parts) == "Hello world"
    assert whole.object == "completion"
    assert {part.object for part in parts} == {"completion.chunk"}
    assert [part.choices[0].finish_reason for part in parts] == [None, None, "stop"]
    assert whole.choices[0].sources is None
    assert gateway.fake.asked[0].json["model"] == MODEL
    assert gateway.fake.asked[0].json["max_tokens"] == 256


async def test_it_chats_with_context(remembering: tuple[AsyncPrivateGPTApi, FakeMemory]) -> None:
    private, memory = remembering
    more: Any = {"messages": MESSAGES, "use_context": True, "include_sources": True}
    more["context_filter"] = ContextFilter(docs_ids=[str(memory.retriever.hits[0].document)])

    whole = await private.contextual_completions.chat_completion(**more)
    parts = [part async for part in private.contextual_completions.chat_completion_stream(**more)]

    assert said(whole) == said(*parts) == "Hello world"
    for choice in (whole.choices[0], parts[0].choices[0]):
        assert choice.sources is not None
        assert choice.sources[0].text == "30 days."
        assert choice.sources[0].document.doc_id == str(memory.retriever.hits[0].document)
        assert choice.sources[0].document.doc_metadata == {"file_name": "handbook.md"}
    assert [part.choices[0].sources for part in parts[1:]] == [None, None]
    assert memory.retriever.asked[0][2] == [memory.retriever.hits[0].document]


@pytest.mark.parametrize("use_context", [True, False])
async def test_it_completes_a_prompt(remembering: tuple[AsyncPrivateGPTApi, FakeMemory], fake: FakeOllama, use_context: bool) -> None:
    private, _ = remembering
    more: Any = {"prompt": "How many holidays?", "system_prompt": "Be brief.", "use_context": use_context, "include_sources": use_context}

    whole = await private.contextual_completions.prompt_completion(**more)
    parts = [part async for part in private.contextual_completions.prompt_completion_stream(**more)]

    assert said(whole) == said(*parts) == "Hello world"
    assert (whole.choices[0].sources is not None) is use_context
    assert {asked.path for asked in fake.asked} == {"/v1/chat/completions"}
    roles = ["system", "system", "user"] if use_context else ["system", "user"]
    assert [message["role"] for message in fake.asked[0].json["messages"]] == roles


async def test_it_completes_a_bare_prompt(private: AsyncPrivateGPTApi) -> None:
    whole = await private.contextual_completions.prompt_completion(prompt="Hello")
    parts = [part async for part in private.contextual_completions.prompt_completion_stream(prompt="Hello")]

    assert said(whole) == said(*parts) == "Hello world"


async def test_it_embeds(remembering: tuple[AsyncPrivateGPTApi, FakeMemory], fake: FakeOllama) -> None:
    private, _ = remembering

    answer = await private.embeddings.embeddings_generation(input=["Hello"])

    assert answer.data[0].embedding == [0.25, -0.5]
    assert fake.asked[0].json["model"] == EMBEDDING


async def test_its_errors_are_its_own(private: AsyncPrivateGPTApi) -> None:
    with pytest.raises(ApiError) as refused:
        await private.contextual_completions.chat_completion(messages=MESSAGES, use_context=True)
    with pytest.raises(ApiError) as no_documents:
        await private.ingestion.list_ingested()

    assert refused.value.status_code == no_documents.value.status_code == 400
    assert refused.value.body["error"]["code"] == no_documents.value.body["error"]["code"] == "documents_not_configured"


async def test_it_works_with_the_gateway_as_a_process(tmp_path: Path, fake: FakeOllama) -> None:
    async with start_process(tmp_path, fake) as gateway:
        await gateway.ready()

        def use(key: str) -> tuple[str, str]:
            headers = {"authorization": f"Bearer {key}"}
            with httpx.Client(verify=gateway.context(), headers=headers) as http:
                private = PrivateGPTApi(base_url=f"https://localhost:{gateway.port}", httpx_client=http)
                chat = private.contextual_completions
                parts = list(chat.chat_completion_stream(messages=MESSAGES))
                assert said(chat.chat_completion(messages=MESSAGES)) == said(*parts)
                return str(private.health.health().status), said(*parts)

        assert await asyncio.to_thread(use, KEY) == ("ok", "Hello world")
        with pytest.raises(ApiError) as refused:
            await asyncio.to_thread(use, "sk-wrong")

    assert refused.value.status_code == 401
