"""Chats with memory on an assistant that redacts: what is searched for, kept, and shown to the model."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from assistant_gateway.policy import Policy
from tests.unit.gateway.chat.remembering import FakeMemory, hit, remembering, run_remembering
from tests.unit.gateway.fake_ollama import MODEL, FakeOllama
from tests.unit.gateway.redacting import EMAIL, TEXT, body_for, redacting, said, speak
from tests.unit.gateway.running import RunningGateway

ROUTES = ["/api/chat", "/v1/chat/completions"]
MASKED = "Write to [EMAIL] about card [CARD], please."
BOTH = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])


def policy(request: str, response: str = "Off", **more: Any) -> Policy:
    return redacting(request, response, base=remembering(), **more)


async def ask(gateway: RunningGateway, path: str, body: dict[str, Any]) -> Any:
    async with gateway.http() as client:
        return await client.post(path, json=body)


def texts(memory: FakeMemory, conversation: str) -> list[str]:
    return [str(message["content"]) for message in memory.conversations.messages(conversation)]


@BOTH
@pytest.mark.parametrize("path", ROUTES)
async def test_a_conversation_is_kept_as_its_owner_reads_it_and_shown_in_stand_ins(
    fake: FakeOllama, tls: Path, path: str, stream: bool
) -> None:
    """Every turn draws the same stand-ins, so that the model finds again what it has read, also of values of earlier turns."""
    speak(fake)
    async with run_remembering(fake, tls, policy("Pseudonymize")) as (gateway, memory):
        conversation = memory.conversations.make()
        first = await ask(gateway, path, body_for(path, conversation=conversation, stream=stream))
        second = await ask(gateway, path, body_for(path, f"Again: {EMAIL}", conversation=conversation, stream=stream))

    begun, gone_on = [asked.json["messages"] for asked in fake.asked]
    assert said(path, first.text, stream=stream) == TEXT
    assert said(path, second.text, stream=stream) == f"Again: {EMAIL}"
    assert texts(memory, conversation) == [TEXT, TEXT, f"Again: {EMAIL}", f"Again: {EMAIL}"]
    assert gone_on[:2] == [begun[0], begun[0] | {"role": "assistant"}]
    assert all(EMAIL not in asked.body.decode() for asked in fake.asked)


@BOTH
@pytest.mark.parametrize("path", ROUTES)
async def test_what_is_masked_is_kept_masked(fake: FakeOllama, tls: Path, path: str, stream: bool) -> None:
    """Nobody needs the values again: the store does not get them."""
    speak(fake)
    async with run_remembering(fake, tls, policy("Mask")) as (gateway, memory):
        conversation = memory.conversations.make()
        for _ in range(2):
            await ask(gateway, path, body_for(path, conversation=conversation, stream=stream))
        record = gateway.records()[-1]

    assert texts(memory, conversation) == [MASKED] * 4
    assert record["redactions"]["request"] == {"EMAIL": 1, "CARD": 1}


@pytest.mark.parametrize("path", ROUTES)
async def test_a_refused_request_is_neither_searched_for_nor_kept(fake: FakeOllama, tls: Path, path: str) -> None:
    async with run_remembering(fake, tls, policy("Block")) as (gateway, memory):
        conversation = memory.conversations.make()
        answer = await ask(gateway, path, body_for(path, conversation=conversation, use_context=True))

    assert answer.status_code == 422
    assert (memory.retriever.asked, memory.conversations.limits, fake.asked) == ([], [], [])
    assert texts(memory, conversation) == []


async def test_a_value_beside_the_question_is_refused_before_the_question_is_searched_for(fake: FakeOllama, tls: Path) -> None:
    """What is embedded has gone to a model."""
    messages = [{"role": "system", "content": TEXT}, {"role": "user", "content": "Whom shall I write to?"}]
    async with run_remembering(fake, tls, policy("Block")) as (gateway, memory):
        answer = await ask(gateway, "/api/chat", {"model": MODEL, "messages": messages, "use_context": True})

    assert answer.status_code == 422
    assert memory.retriever.asked == []


async def test_what_a_conversation_holds_from_before_is_looked_at_too(fake: FakeOllama, tls: Path) -> None:
    """It was kept when the policy was another."""
    async with run_remembering(fake, tls, policy("Block")) as (gateway, memory):
        conversation = memory.conversations.make("Alice", {"role": "user", "content": TEXT})
        answer = await ask(gateway, "/api/chat", body_for("/api/chat", "Hello", conversation=conversation))

    assert answer.status_code == 422
    assert fake.asked == []


@pytest.mark.parametrize("action", ["Mask", "Pseudonymize"])
async def test_documents_are_searched_with_a_masked_question_and_shown_masked(fake: FakeOllama, tls: Path, action: str) -> None:
    """The question is embedded as documents are stored, and a document that was stored before is masked on its way to the model."""
    speak(fake)
    async with run_remembering(fake, tls, policy(action)) as (gateway, memory):
        memory.retriever.hits = [hit("Ask bert@example.com for the key.", file_name="carla@example.com and others.txt")]
        answer = await ask(gateway, "/api/chat", body_for("/api/chat", use_context=True, include_sources=True, stream=False))

    assert answer.status_code == 200
    assert [text for _, text, _ in memory.retriever.asked] == [MASKED]
    assert "Ask " in fake.asked[0].body.decode()
    assert "@example.com" not in fake.asked[0].body.decode()


@BOTH
async def test_what_the_model_must_not_say_is_not_kept_either(fake: FakeOllama, tls: Path, stream: bool) -> None:
    """Kept is what was shown."""
    speak(fake, TEXT)
    async with run_remembering(fake, tls, policy("Off", "Mask")) as (gateway, memory):
        conversation = memory.conversations.make()
        body = {"model": MODEL, "messages": [{"role": "user", "content": "Whom?"}], "conversation": conversation, "stream": stream}
        answer = await ask(gateway, "/v1/chat/completions", body)

    assert said("/v1/chat/completions", answer.text, stream=stream) == MASKED
    assert texts(memory, conversation) == ["Whom?", MASKED]


@BOTH
async def test_an_answer_that_must_not_pass_is_not_kept(fake: FakeOllama, tls: Path, stream: bool) -> None:
    speak(fake, TEXT)
    async with run_remembering(fake, tls, policy("Off", "Block")) as (gateway, memory):
        conversation = memory.conversations.make()
        body = {"model": MODEL, "messages": [{"role": "user", "content": "Whom?"}], "conversation": conversation, "stream": stream}
        with suppress(httpx.RemoteProtocolError):  # a stream that is cut off
            await ask(gateway, "/api/chat", body)
        record = await gateway.record()

    assert record["code"] == "personal_data_refused"
    assert texts(memory, conversation) == []
