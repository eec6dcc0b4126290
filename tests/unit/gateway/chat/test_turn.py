"""Chats with memory through a running gateway, on both wires: what the model is given, what the client gets, and what is kept."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from assistant_gateway.chat import prompt, turn
from assistant_gateway.errors import RefusalError
from assistant_gateway.neighbours.upstream import UpstreamLostError
from assistant_gateway.storage.errors import StoreError
from tests.unit.gateway.chat.remembering import EMBEDDING, EMBEDDING_DIGEST, FakeMemory, hit, remembering, run_remembering
from tests.unit.gateway.fake_ollama import MODEL, Asked, FakeOllama, Wire, compact, document
from tests.unit.gateway.running import OTHER_KEY, SECONDS, RunningGateway, make_policy, run_gateway, until

PATHS = ["/api/chat", "/v1/chat/completions"]
USER = {"role": "user", "content": "How many holidays?"}
CHAT: dict[str, Any] = {"model": MODEL, "messages": [{"role": "system", "content": "Be brief."}, USER]}
CONVERSATION = "conv_" + "0a" * 16


def pieces(answer: httpx.Response) -> list[dict[str, Any]]:
    """Return the JSON of an answer's events, or of the whole of it."""
    lines = [line.removeprefix("data: ") for line in answer.text.splitlines() if line]
    return [json.loads(line) for line in lines if line != "[DONE]"]


def content(answer: httpx.Response) -> str:
    def one(piece: dict[str, Any]) -> str:
        if "message" in piece:
            return str(piece["message"]["content"])
        return "".join((choice.get("delta") or choice["message"])["content"] for choice in piece["choices"])

    return "".join(one(piece) for piece in pieces(answer))


def sources_of(answer: httpx.Response) -> list[Any]:
    """Return every `sources` of an answer."""
    found = [piece["sources"] for piece in pieces(answer) if "sources" in piece]
    return found + [choice["sources"] for piece in pieces(answer) for choice in piece.get("choices", ()) if "sources" in choice]


def code_of(answer: httpx.Response) -> str:
    error = answer.json()
    return str(error["error"]["code"] if isinstance(error["error"], dict) else error["code"])


# Documents


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", PATHS)
async def test_an_answer_from_documents_names_its_sources_once(fake: FakeOllama, tls: Path, path: str, stream: bool) -> None:
    async with run_remembering(fake, tls) as (gateway, memory), gateway.http() as client:
        memory.retriever.hits = [hit("30 days.", metadata={"page": 3}), hit("More.", score=0.5)]
        answer = await client.post(path, json=CHAT | {"use_context": True, "stream": stream})
        record = await gateway.record()

    assert memory.retriever.asked == [("Alice", "How many holidays?", None)]
    (asked,) = fake.asked
    sent = asked.json["messages"]
    assert [message["role"] for message in sent] == ["system", "system", "user"]
    assert "30 days." in sent[1]["content"]
    assert sent[2] == USER
    assert not asked.json.keys() & {"use_context", "include_sources", "context_filter", "conversation", "store"}
    assert content(answer) == "Hello world"
    (sources,) = sources_of(answer)
    first = memory.retriever.hits[0]
    assert sources[0] == {
        "object": "context.chunk",
        "score": 0.75,
        "document": {"object": "ingest.document", "doc_id": str(first.document), "doc_metadata": {"file_name": "handbook.md", "page": 3}},
        "text": "30 days.",
        "previous_texts": None,
        "next_texts": None,
    }
    assert len(sources) == 2
    assert record["documents"] == [str(hit.document) for hit in memory.retriever.hits]
    assert (record["outcome"], record["retained"], record["conversation"]) == ("completed", False, None)
    assert record["response_bytes"] == len(answer.content)


@pytest.mark.parametrize("path", PATHS)
async def test_in_a_stream_the_sources_stand_where_the_contract_says(fake: FakeOllama, tls: Path, path: str) -> None:
    async with run_remembering(fake, tls) as (gateway, memory), gateway.http() as client:
        memory.retriever.hits = [hit("30 days.")]
        answer = await client.post(path, json=CHAT | {"use_context": True, "stream": True})

    events = pieces(answer)
    if path == "/api/chat":
        assert [("sources" in event, event["done"]) for event in events] == [(False, False), (False, False), (True, True)]
    else:
        assert ["sources" in event["choices"][0] for event in events] == [True, False, False]
        assert answer.text.endswith("data: [DONE]\n\n")


@pytest.mark.parametrize("path", PATHS)
async def test_where_nothing_is_found_the_model_and_the_client_are_told(fake: FakeOllama, tls: Path, path: str) -> None:
    async with run_remembering(fake, tls) as (gateway, memory), gateway.http() as client:
        answer = await client.post(path, json=CHAT | {"use_context": True, "stream": False})
        none = await client.post(path, json=CHAT | {"use_context": True, "context_filter": {"docs_ids": ["x"]}, "stream": False})

    assert sources_of(answer) == sources_of(none) == [[]]
    assert fake.asked[0].json["messages"][1] == {"role": "system", "content": prompt.NOTHING}
    assert len(memory.retriever.asked) == 1  # an empty filter needs no search
    assert "x-assistant-context" not in answer.headers


@pytest.mark.parametrize("path", PATHS)
async def test_a_filter_reaches_the_search_and_sources_can_be_declined(fake: FakeOllama, tls: Path, path: str) -> None:
    one = "0b" * 16
    async with run_remembering(fake, tls) as (gateway, memory), gateway.http() as client:
        memory.retriever.hits = [hit("30 days.")]
        body = CHAT | {"use_context": True, "context_filter": {"docs_ids": [one]}, "include_sources": False, "stream": False}
        answer = await client.post(path, json=body)
        record = await gateway.record()

    assert memory.retriever.asked[0][2] == [UUID(one)]
    assert sources_of(answer) == []
    assert len(record["documents"]) == 1


@pytest.mark.parametrize("path", PATHS)
async def test_an_assistant_that_always_retrieves_does(fake: FakeOllama, tls: Path, path: str) -> None:
    async with run_remembering(fake, tls, remembering("Always")) as (gateway, memory), gateway.http() as client:
        always = await client.post(path, json=CHAT | {"stream": False})
        never = await client.post(path, json=CHAT | {"stream": False, "use_context": False})
        empty = await client.post(path, json=CHAT | {"stream": False, "messages": []})

    assert sources_of(always) == [[]]
    assert sources_of(never) == sources_of(empty) == []
    assert len(memory.retriever.asked) == 1


FAILURES = [StoreError(), UpstreamLostError(), RefusalError("embedding_failed"), RefusalError("store_unavailable"), RuntimeError("CANARY")]


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
@pytest.mark.parametrize("path", PATHS)
async def test_a_search_that_fails_never_passes_for_an_answer(fake: FakeOllama, tls: Path, path: str, failure: Exception) -> None:
    async with run_remembering(fake, tls) as (gateway, memory), gateway.http() as client:
        memory.retriever.error = failure
        answer = await client.post(path, json=CHAT | {"use_context": True})
        record = await gateway.record()

    assert (answer.status_code, code_of(answer)) == (503, "retrieval_failed")
    assert fake.asked == []
    assert record["code"] == "retrieval_failed"
    assert "CANARY" not in gateway.log.getvalue() + answer.text


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", PATHS)
async def test_where_the_cr_allows_it_the_answer_says_that_it_has_no_sources(
    fake: FakeOllama, tls: Path, path: str, stream: bool, failure: Exception
) -> None:
    async with run_remembering(fake, tls, remembering(on_failure="Answer")) as (gateway, memory), gateway.http() as client:
        memory.retriever.error = failure
        answer = await client.post(path, json=CHAT | {"use_context": True, "stream": stream})
        record = await gateway.record()

    assert content(answer) == "Hello world"
    assert sources_of(answer) == [None]
    assert answer.headers["x-assistant-context"] == "unavailable"
    assert fake.asked[0].json["messages"] == CHAT["messages"]
    assert record["documents"] is None


async def test_what_the_search_refuses_is_the_clients_to_know(fake: FakeOllama, tls: Path) -> None:
    async with run_remembering(fake, tls, remembering(on_failure="Answer")) as (gateway, memory), gateway.http() as client:
        memory.retriever.error = RefusalError("not_found")
        answer = await client.post("/v1/chat/completions", json=CHAT | {"use_context": True})

    assert (answer.status_code, code_of(answer)) == (404, "not_found")


@pytest.mark.parametrize(
    "messages", [[{"role": "system", "content": "x"}], [{"role": "user", "content": " "}], [{"role": "user"}], "x", ["x"], None]
)
@pytest.mark.parametrize("path", PATHS)
async def test_without_a_question_there_is_nothing_to_search_for(fake: FakeOllama, tls: Path, path: str, messages: object) -> None:
    async with run_remembering(fake, tls) as (gateway, _), gateway.http() as client:
        answer = await client.post(path, json=CHAT | {"use_context": True, "messages": messages})

    assert (answer.status_code, code_of(answer)) == (400, "invalid_request")
    assert fake.asked == []


async def test_the_question_may_be_in_parts(fake: FakeOllama, tls: Path) -> None:
    parts = [{"type": "text", "text": "How many"}, {"type": "image_url", "image_url": {"url": "data:x"}}, {"type": "text", "text": "days?"}]
    async with run_remembering(fake, tls) as (gateway, memory), gateway.http() as client:
        await client.post("/v1/chat/completions", json=CHAT | {"use_context": True, "messages": [{"role": "user", "content": parts}]})

    assert memory.retriever.asked[0][1] == "How many\ndays?"


# Conversations


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", PATHS)
async def test_a_conversation_goes_on_and_is_kept(fake: FakeOllama, tls: Path, path: str, stream: bool) -> None:
    async with run_remembering(fake, tls) as (gateway, memory), gateway.http() as client:
        conversation = memory.conversations.make()
        first = await client.post(path, json=CHAT | {"conversation": conversation, "stream": stream})
        record = await gateway.record()
        second = {"role": "user", "content": "And for new people?"}
        body = {"model": MODEL, "messages": [second], "conversation": {"id": conversation}, "store": True, "stream": stream}
        await client.post(path, json=body)

    assert content(first) == "Hello world"
    answer = {"role": "assistant", "content": "Hello world"}
    assert fake.asked[0].json["messages"] == CHAT["messages"]
    assert fake.asked[1].json["messages"] == [USER, answer, second]
    assert memory.conversations.messages(conversation) == [USER, answer, second, answer]
    assert "conversation" not in fake.asked[1].json
    assert "store" not in fake.asked[1].json
    assert (record["conversation"], record["retained"]) == (conversation, True)


@pytest.mark.parametrize("path", PATHS)
async def test_the_history_stands_between_the_instructions_and_the_new_messages(fake: FakeOllama, tls: Path, path: str) -> None:
    old = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    async with run_remembering(fake, tls) as (gateway, memory), gateway.http() as client:
        memory.retriever.hits = [hit("30 days.")]
        conversation = memory.conversations.make("Alice", *old)
        await client.post(path, json=CHAT | {"conversation": conversation, "use_context": True, "stream": False})

    sent = fake.asked[0].json["messages"]
    assert [message["role"] for message in sent] == ["system", "user", "assistant", "system", "user"]
    assert sent[1:3] == old
    assert memory.conversations.messages(conversation) == [*old, USER, {"role": "assistant", "content": "Hello world"}]  # no context


@pytest.mark.parametrize("more", [{"store": False}, {}], ids=["store", "header"])
@pytest.mark.parametrize("path", PATHS)
async def test_a_turn_that_is_not_to_be_kept_is_not(fake: FakeOllama, tls: Path, path: str, more: dict[str, Any]) -> None:
    headers = {} if more else {"X-Assistant-Retention": "none"}
    async with run_remembering(fake, tls) as (gateway, memory), gateway.http() as client:
        conversation = memory.conversations.make("Alice", {"role": "user", "content": "a"})
        await client.post(path, json=CHAT | {"conversation": conversation} | more, headers=headers)
        record = await gateway.record()

    assert [message["content"] for message in fake.asked[0].json["messages"]] == ["Be brief.", "a", "How many holidays?"]
    assert len(memory.conversations.items(conversation)) == 1
    assert record["retained"] is False


@pytest.mark.parametrize("value", ["all", "", "none, all", "true"])
@pytest.mark.parametrize("policy", [make_policy(), remembering()], ids=["default", "remembering"])
async def test_the_header_knows_one_value(fake: FakeOllama, tls: Path, policy: Any, value: str) -> None:
    async with run_remembering(fake, tls, policy) as (gateway, _), gateway.http() as client:
        answers = [await client.post(path, json=CHAT, headers={"X-Assistant-Retention": value}) for path in [*PATHS, "/api/generate"]]

    assert {answer.status_code for answer in answers} == {400}
    assert fake.asked == []


@pytest.mark.parametrize("value", ["none", "None"])
@pytest.mark.parametrize("path", PATHS)
async def test_the_header_is_honoured_where_nothing_is_kept(gateway: RunningGateway, path: str, value: str) -> None:
    async with gateway.http() as client:
        answer = await client.post(path, json=CHAT | {"stream": False}, headers={"X-Assistant-Retention": value})

    assert answer.status_code == 200


@pytest.mark.parametrize("path", PATHS)
async def test_anothers_conversation_is_as_unknown_as_none(fake: FakeOllama, tls: Path, path: str) -> None:
    async with run_remembering(fake, tls) as (gateway, memory), gateway.http(OTHER_KEY) as bob:
        alices = memory.conversations.make("Alice", {"role": "user", "content": "CANARY"})
        answers = [await bob.post(path, json=CHAT | {"conversation": id}) for id in (alices, CONVERSATION, "x")]
        records = gateway.records()

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert fake.asked == []
    assert {record["conversation"] for record in records} == {None}


@pytest.mark.parametrize(("error", "status", "code"), [
    (StoreError(), 503, "store_unavailable"),
    (RefusalError("conversation_too_long"), 400, "conversation_too_long"),
    (RuntimeError("CANARY"), 500, "internal_error"),
])  # fmt: skip
@pytest.mark.parametrize("path", PATHS)
async def test_a_history_that_cannot_be_read_ends_the_request(
    fake: FakeOllama, tls: Path, path: str, error: Exception, status: int, code: str
) -> None:
    async with run_remembering(fake, tls) as (gateway, memory), gateway.http() as client:
        conversation = memory.conversations.make()
        memory.conversations.history_error = error
        answer = await client.post(path, json=CHAT | {"conversation": conversation})

    assert (answer.status_code, code_of(answer)) == (status, code)
    assert fake.asked == []
    assert "CANARY" not in gateway.log.getvalue() + answer.text


async def test_history_and_request_together_are_within_the_limit(fake: FakeOllama, tls: Path) -> None:
    async with run_remembering(fake, tls, remembering(max_body_bytes=5000)) as (gateway, memory), gateway.http() as client:
        body = json.dumps(CHAT | {"conversation": memory.conversations.make()}).encode()
        await client.post("/api/chat", content=body)

    assert memory.conversations.limits == [5000 - len(body)]


@pytest.mark.parametrize("path", PATHS)
async def test_what_cannot_be_kept_is_refused_before_the_model_is_asked(fake: FakeOllama, tls: Path, path: str) -> None:
    messages = [{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "CANARY"}}]}]
    async with run_remembering(fake, tls) as (gateway, memory), gateway.http() as client:
        body = {"model": MODEL, "messages": messages, "conversation": memory.conversations.make()}
        answer = await client.post(path, json=body)
        unkept = await client.post(path, json=body | {"store": False, "stream": False})

    assert (answer.status_code, code_of(answer)) == (400, "invalid_request")
    assert "CANARY" not in answer.text
    assert unkept.status_code == 200


# The end of an answer comes when the turn is stored, and not before


class Gate:
    """Holds the store's commit until it is opened."""

    def __init__(self, memory: FakeMemory) -> None:
        self._append = memory.conversations.append
        self.asked = asyncio.Event()
        self.open = asyncio.Event()
        memory.conversations.append = self.append  # type: ignore[method-assign, assignment]

    async def append(self, *arguments: Any) -> None:
        self.asked.set()
        await self.open.wait()
        await self._append(*arguments)


@pytest.mark.parametrize("path", PATHS)
async def test_a_streams_end_waits_for_the_store(fake: FakeOllama, tls: Path, path: str) -> None:
    end = '"done":true' if path == "/api/chat" else "[DONE]"
    async with run_remembering(fake, tls) as (gateway, memory), gateway.http() as client:
        gate = Gate(memory)
        body = CHAT | {"conversation": memory.conversations.make(), "stream": True}
        got = ""
        async with client.stream("POST", path, json=body) as answer:
            async for text in answer.aiter_text():
                got += text
                if "world" in got and not gate.open.is_set():
                    await asyncio.wait_for(gate.asked.wait(), SECONDS)
                    assert end not in got
                    gate.open.set()

    assert end in got


@pytest.mark.parametrize("path", PATHS)
async def test_a_whole_answer_waits_for_the_store(fake: FakeOllama, tls: Path, path: str) -> None:
    async with run_remembering(fake, tls) as (gateway, memory), gateway.http() as client:
        gate = Gate(memory)
        asking = asyncio.create_task(client.post(path, json=CHAT | {"conversation": memory.conversations.make(), "stream": False}))
        await asyncio.wait_for(gate.asked.wait(), SECONDS)
        assert not asking.done()
        gate.open.set()
        answer = await asking

    assert content(answer) == "Hello world"


@pytest.mark.parametrize("path", PATHS)
async def test_a_client_that_leaves_while_its_turn_is_stored_was_told_nothing(fake: FakeOllama, tls: Path, path: str) -> None:
    async with run_remembering(fake, tls) as (gateway, memory), gateway.http() as client:
        gate = Gate(memory)
        body = CHAT | {"conversation": memory.conversations.make(), "stream": False}
        asking = asyncio.create_task(client.post(path, json=body))
        await asyncio.wait_for(gate.asked.wait(), SECONDS)
        asking.cancel()
        record = await gateway.record()

    assert (record["outcome"], record["retained"]) == ("client_gone", False)


@pytest.mark.parametrize("path", PATHS)
async def test_a_store_that_never_answers_is_not_waited_for(
    fake: FakeOllama, tls: Path, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(turn, "STORE_SECONDS", 0.05)
    monkeypatch.setattr(turn, "SEARCH_SECONDS", 0.05)
    async with run_remembering(fake, tls) as (gateway, memory), gateway.http() as client:
        body = CHAT | {"conversation": memory.conversations.make(), "stream": False}
        for room, name in ((memory.conversations, "append"), (memory.retriever, "retrieve"), (memory.conversations, "history")):
            monkeypatch.setattr(room, name, hang)
        searched = await client.post(path, json=CHAT | {"use_context": True})
        read = await client.post(path, json=body)
        monkeypatch.delattr(memory.conversations, "history")
        written = await client.post(path, json=body)

    assert [code_of(answer) for answer in (searched, read, written)] == ["retrieval_failed", "store_unavailable", "store_unavailable"]
    assert gateway.gateway.limiter.in_flight == 0


ERRORS: list[tuple[Exception, str]] = [(StoreError(), "store_unavailable"), (RefusalError("not_found"), "not_found")]


@pytest.mark.parametrize(("error", "code"), ERRORS)
@pytest.mark.parametrize("path", PATHS)
async def test_a_stream_that_is_not_stored_ends_with_an_error(fake: FakeOllama, tls: Path, path: str, error: Exception, code: str) -> None:
    async with run_remembering(fake, tls) as (gateway, memory):
        conversation = memory.conversations.make()
        memory.conversations.append_error = error
        got = await broken_stream(gateway, path, CHAT | {"conversation": conversation})
        record = await gateway.record()

    assert b"world" in got
    assert code.encode() in got
    assert b"[DONE]" not in got
    assert b'"done":true' not in got
    assert (record["outcome"], record["code"], record["retained"]) == ("failed", code, False)
    assert memory.conversations.items(conversation) == []


async def broken_stream(gateway: RunningGateway, path: str, body: dict[str, Any]) -> bytes:
    """Return what a client gets of a stream that breaks off."""
    got = b""
    async with gateway.http() as client, client.stream("POST", path, json=body | {"stream": True}) as answer:
        assert answer.status_code == 200
        with pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked read"):  # noqa: PT012  after as many parts as came
            async for part in answer.aiter_bytes():
                got += part
    return got


@pytest.mark.parametrize(("error", "code"), ERRORS)
@pytest.mark.parametrize("path", PATHS)
async def test_a_whole_answer_that_is_not_stored_is_none(fake: FakeOllama, tls: Path, path: str, error: Exception, code: str) -> None:
    async with run_remembering(fake, tls) as (gateway, memory), gateway.http() as client:
        body = CHAT | {"conversation": memory.conversations.make(), "stream": False}
        memory.conversations.append_error = error
        answer = await client.post(path, json=body)

    assert code_of(answer) == code
    assert "Hello" not in answer.text


LINE = {"/api/chat": b'{"message":{"role":"assistant","content":"half"},"done":false}\n'}
LINE["/v1/chat/completions"] = b'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":"half"},"finish_reason":null}]}\n\n'
Ending = Callable[[Wire], Awaitable[None]]


async def cut(wire: Wire) -> None:
    wire.cut()


async def fail(wire: Wire) -> None:
    await wire.chunk(b'data: {"error":{"message":"CANARY"}}\n\n' if wire.path.startswith("/v1/") else b'{"error":"CANARY"}\n')
    await wire.end()


async def speak_nonsense(wire: Wire) -> None:
    await wire.chunk(b"data: CANARY\n\n" if wire.path.startswith("/v1/") else b"CANARY\n")
    await wire.end()


async def die_before_the_last_chunk(wire: Wire) -> None:
    if wire.path.startswith("/v1/"):
        await wire.chunk(b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n')
    else:
        await wire.chunk(b'{"message":{"role":"assistant","content":""},"done":true}\n')
    wire.cut()


@pytest.mark.parametrize("ending", [cut, fail, speak_nonsense, die_before_the_last_chunk])
@pytest.mark.parametrize("path", PATHS)
async def test_a_stream_that_breaks_keeps_nothing(fake: FakeOllama, tls: Path, path: str, ending: Ending) -> None:
    async def script(asked: Asked, wire: Wire) -> None:
        await wire.start()
        await wire.chunk(LINE[path])
        await ending(wire)

    fake.scripts[path] = script
    async with run_remembering(fake, tls) as (gateway, memory):
        conversation = memory.conversations.make()
        got = await broken_stream(gateway, path, CHAT | {"conversation": conversation})
        record = await gateway.record()

    assert b"upstream_" in got
    assert b"CANARY" not in got
    assert b"[DONE]" not in got
    assert b'"done":true' not in got
    assert memory.conversations.items(conversation) == []
    assert record["retained"] is False
    assert record["code"] in {"upstream_lost", "upstream_error"}


@pytest.mark.parametrize("path", PATHS)
async def test_a_stream_without_an_end_keeps_nothing(fake: FakeOllama, tls: Path, path: str) -> None:
    """Ollama ends a stream like this when the model repeats itself."""

    async def script(asked: Asked, wire: Wire) -> None:
        await wire.start()
        await wire.chunk(LINE[path])
        await wire.end()

    fake.scripts[path] = script
    async with run_remembering(fake, tls) as (gateway, memory), gateway.http() as client:
        conversation = memory.conversations.make()
        answer = await client.post(path, json=CHAT | {"conversation": conversation, "stream": True})
        record = await gateway.record()

    assert answer.content == LINE[path]
    assert memory.conversations.items(conversation) == []
    assert (record["outcome"], record["retained"]) == ("completed", False)


@pytest.mark.parametrize("status", [400, 500, 503])
@pytest.mark.parametrize("path", PATHS)
async def test_an_answer_that_is_an_error_keeps_nothing(fake: FakeOllama, tls: Path, path: str, status: int) -> None:
    async def script(asked: Asked, wire: Wire) -> None:
        await wire.raw(document(b'{"error":"CANARY"}', status))

    fake.scripts[path] = script
    async with run_remembering(fake, tls) as (gateway, memory), gateway.http() as client:
        conversation = memory.conversations.make()
        answer = await client.post(path, json=CHAT | {"conversation": conversation})

    assert answer.status_code >= 400
    assert "CANARY" not in answer.text
    assert memory.conversations.items(conversation) == []


@pytest.mark.parametrize("data", [b'{"error":"CANARY"}', b"[]", b"CANARY", b"{}", b'{"choices":[7],"message":7}'])
@pytest.mark.parametrize("path", PATHS)
async def test_a_success_that_is_no_answer_is_an_error(fake: FakeOllama, tls: Path, path: str, data: bytes) -> None:
    async def script(asked: Asked, wire: Wire) -> None:
        await wire.raw(document(data))

    fake.scripts[path] = script
    async with run_remembering(fake, tls) as (gateway, memory), gateway.http() as client:
        conversation = memory.conversations.make()
        answer = await client.post(path, json=CHAT | {"conversation": conversation, "stream": False})

    assert (answer.status_code, code_of(answer)) == (502, "upstream_error")
    assert "CANARY" not in answer.text
    assert memory.conversations.items(conversation) == []


# Tools and images


CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Berlin"}'}}


async def test_tool_calls_are_kept_from_a_stream_in_pieces_and_told_on_the_other_wire(fake: FakeOllama, tls: Path) -> None:
    def chunk(delta: dict[str, Any], reason: str | None = None) -> bytes:
        return b"data: %s\n\n" % compact({"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]})

    async def script(asked: Asked, wire: Wire) -> None:
        await wire.start()
        head = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "weather", "arguments": ""}}
        await wire.chunk(chunk({"role": "assistant", "content": None, "tool_calls": [head]}))
        for part in ('{"city":', '"Berlin"}'):
            await wire.chunk(chunk({"tool_calls": [{"index": 0, "function": {"arguments": part}}]}))
        await wire.chunk(chunk({}, "tool_calls") + b"data: [DONE]\n\n")
        await wire.end()

    fake.scripts["/v1/chat/completions"] = script
    async with run_remembering(fake, tls) as (gateway, memory), gateway.http() as client:
        conversation = memory.conversations.make()
        await client.post("/v1/chat/completions", json=CHAT | {"conversation": conversation, "stream": True})
        result = {"role": "tool", "tool_call_id": "call_1", "content": "Sunny."}
        await client.post("/api/chat", json={"model": MODEL, "messages": [result], "conversation": conversation, "stream": False})

    assert [item["type"] for item in memory.conversations.items(conversation)] == [
        "message",
        "function_call",
        "function_call_output",
        "message",
    ]
    sent = fake.asked[1].json["messages"]
    assert sent[0] == USER
    assert sent[1]["role"] == "assistant"
    assert sent[1]["content"] == ""
    assert sent[1]["tool_calls"] == [CALL | {"function": {"name": "weather", "arguments": {"city": "Berlin"}}}]
    assert sent[2] == result


@pytest.mark.parametrize("stream", [False, True])
async def test_tool_calls_of_ollamas_format_are_kept(fake: FakeOllama, tls: Path, stream: bool) -> None:
    call = {"function": {"name": "weather", "arguments": {"city": "Berlin"}}}
    line = {"message": {"role": "assistant", "content": "", "tool_calls": [call]}, "done": not stream}

    async def script(asked: Asked, wire: Wire) -> None:
        if not stream:
            await wire.json(line)
            return
        await wire.start()
        await wire.chunk(compact(line) + b"\n" + compact({"message": {"role": "assistant", "content": ""}, "done": True}) + b"\n")
        await wire.end()

    fake.scripts["/api/chat"] = script
    async with run_remembering(fake, tls) as (gateway, memory), gateway.http() as client:
        conversation = memory.conversations.make()
        await client.post("/api/chat", json=CHAT | {"conversation": conversation, "stream": stream})

    kept = memory.conversations.messages(conversation)[1]
    assert kept["tool_calls"][0]["function"] == {"name": "weather", "arguments": '{"city":"Berlin"}'}


@pytest.mark.parametrize("stream", [False, True])
async def test_a_tool_call_that_is_none_is_the_models_fault_and_not_kept(fake: FakeOllama, tls: Path, stream: bool) -> None:
    line = {"message": {"role": "assistant", "content": "", "tool_calls": [{"function": {"CANARY": 1}}]}, "done": True}

    async def script(asked: Asked, wire: Wire) -> None:
        await (wire.start() if stream else wire.json(line))
        if stream:
            await wire.chunk(compact(line) + b"\n")
            await wire.end()

    fake.scripts["/api/chat"] = script
    async with run_remembering(fake, tls) as (gateway, memory), gateway.http() as client:
        conversation = memory.conversations.make()
        with contextlib.suppress(httpx.RemoteProtocolError):
            await client.post("/api/chat", json=CHAT | {"conversation": conversation, "stream": stream})
        record = await gateway.record()

    assert record["code"] == "upstream_error"
    assert memory.conversations.items(conversation) == []


async def test_images_are_told_on_either_wire(fake: FakeOllama, tls: Path) -> None:
    async with run_remembering(fake, tls) as (gateway, memory), gateway.http() as client:
        conversation = memory.conversations.make()
        seen = {"role": "user", "content": "What is it?", "images": ["aGk="]}
        await client.post("/api/chat", json={"model": MODEL, "messages": [seen], "conversation": conversation})
        await client.post("/v1/chat/completions", json=CHAT | {"conversation": conversation})
        await client.post("/api/chat", json=CHAT | {"conversation": conversation})

    openai, native = fake.asked[1].json["messages"], fake.asked[2].json["messages"]
    assert openai[1]["content"][1]["image_url"]["url"].endswith("base64,aGk=")
    assert native[1] == seen


async def test_a_refusal_of_the_model_is_kept_as_what_it_said(fake: FakeOllama, tls: Path) -> None:
    async def script(asked: Asked, wire: Wire) -> None:
        message = {"role": "assistant", "content": None, "refusal": "No."}
        await wire.raw(document(compact({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})))

    fake.scripts["/v1/chat/completions"] = script
    async with run_remembering(fake, tls) as (gateway, memory), gateway.http() as client:
        conversation = memory.conversations.make()
        await client.post("/v1/chat/completions", json=CHAT | {"conversation": conversation})

    assert memory.conversations.items(conversation)[1]["content"] == [{"type": "refusal", "refusal": "No."}]


# Models, and assistants without memory


@pytest.mark.parametrize("body", [{"store": True}, {"use_context": True}, {"conversation": CONVERSATION}, {"include_sources": True}])
@pytest.mark.parametrize("path", [*PATHS, "/v1/completions", "/api/generate", "/api/embed", "/v1/embeddings"])
async def test_a_default_assistant_says_what_it_lacks(gateway: RunningGateway, path: str, body: dict[str, Any]) -> None:
    async with gateway.http() as client:
        answer = await client.post(path, json=CHAT | {"prompt": "x", "input": "x"} | body)

    is_chat = path not in ("/api/generate", "/api/embed", "/v1/embeddings")
    assert answer.status_code == (200 if "include_sources" in body and not is_chat else 400)
    assert all(not asked.json.keys() & body.keys() for asked in gateway.fake.asked)


@pytest.mark.parametrize("path", [*PATHS, "/v1/completions", "/api/generate", "/api/embed", "/v1/embeddings"])
async def test_less_than_nothing_is_fine_and_goes_no_further(gateway: RunningGateway, path: str) -> None:
    less = {"store": False, "use_context": False, "include_sources": False, "context_filter": None, "conversation": None}
    async with gateway.http() as client:
        answer = await client.post(path, json=CHAT | {"prompt": "x", "input": "x"} | less)

    assert answer.status_code == 200
    assert not gateway.fake.asked[0].json.keys() & less.keys()


@pytest.mark.parametrize("name", ["Store", "USE_CONTEXT", "Conver\u017fation"])
async def test_another_spelling_of_a_field_is_refused(gateway: RunningGateway, name: str) -> None:
    async with gateway.http() as client:
        answer = await client.post("/api/chat", json=CHAT | {name: False})

    assert answer.status_code == 400


@pytest.mark.parametrize(("path", "named"), [("/v1/embeddings", None), ("/v1/embeddings", EMBEDDING), ("/api/embed", EMBEDDING)])
async def test_the_embedding_model_can_be_asked_and_is_on_record(fake: FakeOllama, tls: Path, path: str, named: str | None) -> None:
    body = {"input": "x"} if named is None else {"input": "x", "model": named}
    async with run_remembering(fake, tls) as (gateway, _), gateway.http() as client:
        answer = await client.post(path, json=body)
        record = await gateway.record()
        chat = await client.post("/v1/chat/completions", json=CHAT | {"model": EMBEDDING})

    assert answer.status_code == 200
    assert fake.asked[0].json["model"] == EMBEDDING
    assert (record["model"], record["model_digest"]) == (EMBEDDING, EMBEDDING_DIGEST)
    assert chat.status_code == 404


async def test_the_assistants_own_model_embeds_too(fake: FakeOllama, tls: Path) -> None:
    async with run_remembering(fake, tls) as (gateway, _), gateway.http() as client:
        await client.post("/v1/embeddings", json={"input": "x", "model": MODEL})
        record = await gateway.record()

    assert fake.asked[0].json["model"] == record["model"] == MODEL


async def test_chats_that_want_nothing_pass_as_on_any_assistant(fake: FakeOllama, tls: Path) -> None:
    async with run_gateway(fake, tls) as plain, plain.http() as client:
        expected = [(await client.post(path, json=CHAT)).content for path in PATHS]
    async with run_remembering(fake, tls) as (gateway, memory), gateway.http() as client:
        got = [(await client.post(path, json=CHAT)).content for path in PATHS]
        await until(lambda: len(gateway.records()) == 2)

    assert got == expected
    assert fake.asked[0].body == fake.asked[2].body
    assert memory.retriever.asked == []
