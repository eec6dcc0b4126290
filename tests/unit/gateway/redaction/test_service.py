"""Requests through a running gateway that redacts: what the model server is shown, what clients get, and what is told of it."""

import asyncio
import gc
import json
import re
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from assistant_gateway.record import Exchange
from assistant_gateway.redaction import service
from assistant_gateway.redaction.replacing import restoring
from tests.unit.gateway.fake_ollama import MODEL, FakeOllama
from tests.unit.gateway.redacting import CARD, EMAIL, EMBEDDING, GENERATING, STAFF, TEXT, body_for, redacting, said, speak
from tests.unit.gateway.running import RunningGateway, make_policy, run_gateway, until

TOKEN = re.compile(r"[JQXZ][a-z]+[2-9]-EMAIL-1")
BOTH = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
ALL_TEXTS = pytest.mark.parametrize("path", GENERATING)


def shown(fake: FakeOllama) -> str:
    """Return all that the model server was sent."""
    return "\n".join(asked.body.decode() for asked in fake.asked)


async def ask(gateway: RunningGateway, path: str, body: dict[str, Any]) -> Any:
    async with gateway.http() as client:
        return await client.post(path, json=body)


async def broken_off(client: httpx.AsyncClient, path: str, body: dict[str, Any], heard: asyncio.Event | None = None) -> str:
    """Return what came of a stream that ends without its end; `heard` is set when something has come."""
    text = ""
    async with client.stream("POST", path, json=body) as answer:
        try:
            async for part in answer.aiter_text():
                text += part
                if heard is not None:
                    heard.set()
        except httpx.RemoteProtocolError:
            return text
    raise AssertionError("The stream has an end.")


@BOTH
async def test_an_answer_is_not_blown_up(monkeypatch: pytest.MonkeyPatch, fake: FakeOllama, tls: Path, stream: bool) -> None:
    """A model that says a stand-in over and over gets so much put back and no more: a value may be a thousand times as long."""
    monkeypatch.setattr(restoring, "MOST_CHARACTERS", len(EMAIL) * 3)
    path = "/v1/chat/completions"
    async with run_gateway(fake, tls, redacting("Pseudonymize")) as gateway, gateway.http() as client:
        speak(fake)
        few = await client.post(path, json=body_for(path, f"{EMAIL} " * 3, stream=stream))
        many = body_for(path, f"{EMAIL} " * 4, stream=stream)
        text = await broken_off(client, path, many) if stream else (await client.post(path, json=many)).text

    assert said(path, few.text, stream=stream) == f"{EMAIL} " * 3
    assert "upstream_error" in text


@BOTH
@ALL_TEXTS
async def test_the_model_sees_stand_ins_and_the_client_its_own_values(fake: FakeOllama, tls: Path, path: str, stream: bool) -> None:
    """Pseudonymize: no value goes upstream, and each is back where the model says its stand-in."""
    speak(fake)
    async with run_gateway(fake, tls, redacting("Pseudonymize")) as gateway:
        answer = await ask(gateway, path, body_for(path, stream=stream))
        record = await gateway.record()

    assert TOKEN.search(shown(fake))
    assert EMAIL not in shown(fake)
    assert CARD not in shown(fake)
    assert said(path, answer.text, stream=stream) == TEXT
    assert record["redactions"] == {"request": {"EMAIL": 1, "CARD": 1}, "response": {}}


@BOTH
@ALL_TEXTS
async def test_mask_leaves_the_type_alone(fake: FakeOllama, tls: Path, path: str, stream: bool) -> None:
    speak(fake)
    async with run_gateway(fake, tls, redacting("Mask")) as gateway:
        answer = await ask(gateway, path, body_for(path, f"{TEXT} {STAFF}", stream=stream))

    assert said(path, answer.text, stream=stream) == "Write to [EMAIL] about card [CARD], please. [STAFF-ID]"
    assert EMAIL not in shown(fake)


@pytest.mark.parametrize("path", [*GENERATING, *EMBEDDING])
async def test_block_tells_types_and_counts_and_the_model_server_saw_nothing(fake: FakeOllama, tls: Path, path: str) -> None:
    async with run_gateway(fake, tls, redacting("Block")) as gateway:
        answer = await ask(gateway, path, body_for(path, f"{TEXT} Or to bert@example.com, {STAFF}."))
        record = await gateway.record()

    error = answer.json() if path.startswith("/api/") else answer.json()["error"]
    assert (answer.status_code, error["code"]) == (422, "personal_data_refused")
    assert "CARD (1), EMAIL (2), STAFF-ID (1)" in answer.text
    assert fake.asked == []
    assert (record["outcome"], record["code"], record["status"]) == ("refused", "personal_data_refused", 422)
    assert record["redactions"]["request"] == {"EMAIL": 2, "CARD": 1, "STAFF-ID": 1}


@pytest.mark.parametrize("path", [*GENERATING, *EMBEDDING])
async def test_block_lets_pass_what_holds_nothing(fake: FakeOllama, tls: Path, path: str) -> None:
    """The request goes on as it came."""
    async with run_gateway(fake, tls, redacting("Block")) as gateway:
        answer = await ask(gateway, path, body_for(path, "Why is the sky blue?"))

    assert answer.status_code == 200
    assert "Why is the sky blue?" in shown(fake)


@pytest.mark.parametrize("path", EMBEDDING)
@pytest.mark.parametrize("action", ["Mask", "Pseudonymize"])
async def test_what_is_embedded_is_masked_alike_each_time(fake: FakeOllama, tls: Path, path: str, action: str) -> None:
    """Nobody can put a value back into a vector, and equal texts have equal ones."""
    async with run_gateway(fake, tls, redacting(action)) as gateway:
        for _ in range(2):
            answer = await ask(gateway, path, body_for(path))

    assert answer.status_code == 200
    assert [asked.json["input"] for asked in fake.asked] == ["Write to [EMAIL] about card [CARD], please."] * 2


PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
UNREADABLE: list[tuple[str, dict[str, Any], str]] = [
    ("/v1/chat/completions", {"messages": [{"role": "user", "content": [PICTURE]}]}, "image"),
    ("/api/chat", {"messages": [{"role": "user", "content": "Hi", "images": ["iVBORw0KGgo="]}]}, "image"),
    ("/api/generate", {"prompt": "Hi", "images": ["iVBORw0KGgo="]}, "image"),
    ("/v1/completions", {"prompt": [1, 2, 3]}, "tokens"),
    ("/v1/embeddings", {"input": [[1, 2], [3]]}, "tokens"),
]


@pytest.mark.parametrize("action", ["Mask", "Pseudonymize", "Block"])
@pytest.mark.parametrize(("path", "body", "what"), UNREADABLE)
async def test_what_cannot_be_searched_is_refused(
    fake: FakeOllama, tls: Path, path: str, body: dict[str, Any], what: str, action: str
) -> None:
    async with run_gateway(fake, tls, redacting(action)) as gateway:
        answer = await ask(gateway, path, {"model": MODEL} | body)

    assert answer.status_code == 400
    assert "unscanned_media" in answer.text
    assert f"holds {what}." in answer.text
    assert fake.asked == []


@pytest.mark.parametrize(("path", "body", "what"), UNREADABLE)
async def test_unless_the_policy_lets_it_pass(fake: FakeOllama, tls: Path, path: str, body: dict[str, Any], what: str) -> None:
    async with run_gateway(fake, tls, redacting("Pseudonymize", allow_unscanned_media=True)) as gateway:
        answer = await ask(gateway, path, {"model": MODEL} | body)

    assert answer.status_code == 200


@BOTH
@ALL_TEXTS
async def test_what_the_model_must_not_say_is_masked(fake: FakeOllama, tls: Path, path: str, stream: bool) -> None:
    """The model made the values up: the request had none."""
    speak(fake, f"{TEXT} {STAFF}")
    async with run_gateway(fake, tls, redacting(response="Mask")) as gateway:
        answer = await ask(gateway, path, body_for(path, "Whom shall I write to?", stream=stream))
        record = await gateway.record()

    assert said(path, answer.text, stream=stream) == "Write to [EMAIL] about card [CARD], please. [STAFF-ID]"
    assert record["redactions"] == {"request": {}, "response": {"EMAIL": 1, "CARD": 1, "STAFF-ID": 1}}


@BOTH
@ALL_TEXTS
async def test_the_clients_own_values_come_back_through_the_mask(fake: FakeOllama, tls: Path, path: str, stream: bool) -> None:
    """Stand-ins are no values to be masked, and what they stand for is the client's own."""
    speak(fake)
    async with run_gateway(fake, tls, redacting("Pseudonymize", "Mask")) as gateway:
        answer = await ask(gateway, path, body_for(path, f"{TEXT} password: Tr0ub4dor&3x", stream=stream))

    assert said(path, answer.text, stream=stream) == f"{TEXT} password: Tr0ub4dor&3x"


@ALL_TEXTS
async def test_an_answer_that_must_not_pass_is_an_error(fake: FakeOllama, tls: Path, path: str) -> None:
    speak(fake, TEXT)
    async with run_gateway(fake, tls, redacting(response="Block")) as gateway:
        answer = await ask(gateway, path, body_for(path, "Whom shall I write to?", stream=False))
        record = await gateway.record()

    assert answer.status_code == 422
    assert "personal_data_refused" in answer.text
    assert "The model's answer holds" in answer.text
    assert EMAIL not in answer.text
    assert (record["outcome"], record["code"]) == ("refused", "personal_data_refused")


@ALL_TEXTS
async def test_a_stream_that_must_not_pass_ends_in_an_error_before_the_value(fake: FakeOllama, tls: Path, path: str) -> None:
    heard = asyncio.Event()
    speak(fake, f"{'Some words. ' * 40}{TEXT}", heard=heard)
    async with run_gateway(fake, tls, redacting(response="Block")) as gateway, gateway.http() as client:
        text = await broken_off(client, path, body_for(path, "Whom shall I write to?", stream=True), heard)
        record = await gateway.record()

    assert "Some" in text
    assert "personal_data_refused" in text
    assert "[DONE]" not in text
    assert "weber" not in text
    assert (record["outcome"], record["code"]) == ("failed", "personal_data_refused")


async def test_a_conversation_that_goes_on_has_the_same_stand_ins(fake: FakeOllama, tls: Path) -> None:
    """The model server finds again what it has read before, and two that begin alike and are of two people differ."""
    speak(fake)
    first = body_for("/api/chat", stream=False)
    more = [{"role": "assistant", "content": TEXT}, {"role": "user", "content": f"And {STAFF}?"}]
    async with run_gateway(fake, tls, redacting("Pseudonymize")) as gateway:
        await ask(gateway, "/api/chat", first)
        await ask(gateway, "/api/chat", first | {"messages": [*first["messages"], *more]})
        for greeting in ("Hello", "Good morning", "Hi"):  # of some hundred prefixes two conversations may draw the same one
            await ask(gateway, "/api/chat", body_for("/api/chat", f"{greeting}. {TEXT}", stream=False))

    begun, gone_on, *others = [asked.json["messages"] for asked in fake.asked]
    assert gone_on[0] == begun[0]
    assert TOKEN.findall(gone_on[0]["content"]) == TOKEN.findall(gone_on[1]["content"])
    assert any(TOKEN.findall(other[0]["content"]) != TOKEN.findall(begun[0]["content"]) for other in others)


async def test_a_stand_in_that_the_client_writes_is_none(fake: FakeOllama, tls: Path) -> None:
    """Whoever knows another prefix cannot have anything put in by it: a prefix that the text holds is never drawn."""
    speak(fake)
    async with run_gateway(fake, tls, redacting("Pseudonymize")) as gateway:
        await ask(gateway, "/api/chat", body_for("/api/chat", stream=False))
        token = TOKEN.findall(shown(fake))[0]
        answer = await ask(gateway, "/api/chat", body_for("/api/chat", f"{TEXT} {token}", stream=False))

    assert said("/api/chat", answer.text, stream=False) == f"{TEXT} {token}"


async def test_everything_of_a_request_is_looked_at(fake: FakeOllama, tls: Path) -> None:
    """System prompt, names, tools, results and fields that nobody knows."""
    tool = {
        "type": "function",
        "function": {"name": "mail", "description": EMAIL, "parameters": {"properties": {EMAIL: {"default": EMAIL}}}},
    }
    call = {"id": "call_1", "type": "function", "function": {"name": "mail", "arguments": json.dumps({"to": EMAIL})}}
    messages = [
        {"role": "system", "content": EMAIL},
        {"role": "user", "content": [{"type": "text", "text": EMAIL}], "name": EMAIL},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": json.dumps({EMAIL: [EMAIL]})},
    ]
    body = {"model": MODEL, "messages": messages, "tools": [tool], "metadata": {"a": EMAIL}, EMAIL: EMAIL, "stop": [EMAIL], "user": EMAIL}
    async with run_gateway(fake, tls, redacting("Pseudonymize")) as gateway:
        answer = await ask(gateway, "/v1/chat/completions", body)

    assert answer.status_code == 200
    assert EMAIL not in shown(fake)
    assert len(TOKEN.findall(shown(fake))) == json.dumps(body).count(EMAIL)


@pytest.mark.parametrize("action", ["Mask", "Pseudonymize", "Block"])
@BOTH
async def test_no_value_is_told_anywhere(fake: FakeOllama, tls: Path, action: str, stream: bool) -> None:
    """Neither records, log lines, metrics nor errors; and a model server that quotes stand-ins in its errors is not passed on."""
    speak(fake)
    async with run_gateway(fake, tls, redacting(action, "Block")) as gateway:
        answers = [await ask(gateway, path, body_for(path, stream=stream)) for path in GENERATING]
        for path in GENERATING:
            fake.scripts.pop(path)
        await gateway.idle()
        told = gateway.records_file.read_text() + gateway.log.getvalue() + gateway.metrics.page().decode() + repr(gateway.records())

    told += "".join(answer.text for answer in answers if answer.status_code != 200)
    # Of the card its first half: four digits alone are in some duration or id now and then.
    assert all(part not in told for part in ("weber", CARD[:9], CARD.replace(" ", "")[:8], EMAIL))
    assert "EMAIL" in told


async def test_a_large_request_is_looked_through_beside_the_others(fake: FakeOllama, tls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a thread, with the same result; so is a large answer."""
    monkeypatch.setattr(service, "THREAD_BYTES", 1000)
    speak(fake)
    text = f"{TEXT} " * 50
    async with run_gateway(fake, tls, redacting("Pseudonymize", "Mask")) as gateway:
        answer = await ask(gateway, "/api/chat", body_for("/api/chat", text, stream=False))

    assert said("/api/chat", answer.text, stream=False) == text
    assert EMAIL not in shown(fake)


async def test_whether_a_request_is_large_goes_by_what_it_brings_along() -> None:
    """A conversation's earlier turns and the documents are not in its length; the loop must not be held by them either."""
    threads: set[int] = set()

    class Noting(service.Redaction):
        def storing(self, find: Any) -> Any:
            threads.add(threading.get_ident())
            return super().storing(find)

    passage = Noting(redacting("Mask").redaction).passage("ollama", Exchange())
    await passage.request(body_for("/api/chat"))
    assert threads == {threading.get_ident()}
    for large in (
        {"messages": [{"content": "x" * service.THREAD_BYTES}]},
        {"x": [1] * service.THREAD_BYTES},
        {"x" * service.THREAD_BYTES: 1},
    ):
        threads.clear()
        await passage.request(large)
        assert threads.isdisjoint({threading.get_ident()})


async def test_questions_and_what_is_kept_are_looked_through_beside_the_others_too(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: set[int] = set()
    redaction = service.Redaction(redacting("Mask").redaction)
    assert redaction.request_rules is not None
    find = redaction.request_rules.find

    def noting(text: str) -> Any:
        threads.add(threading.get_ident())
        return find(text)

    monkeypatch.setattr(redaction.request_rules, "find", noting)
    passage = redaction.passage("ollama", Exchange())
    text = f"{'x' * service.THREAD_BYTES} {EMAIL}"

    assert (await passage.question(text)).endswith("[EMAIL]")
    assert (await passage.kept([{"role": "user", "content": text}]))[0]["content"].endswith("[EMAIL]")
    assert threads.isdisjoint({threading.get_ident()})


async def test_a_body_nested_too_deeply_is_refused(fake: FakeOllama, tls: Path) -> None:
    deep = '{"a":' * 900 + "1" + "}" * 900
    async with run_gateway(fake, tls, redacting("Pseudonymize")) as gateway, gateway.http() as client:
        answer = await client.post("/api/chat", content=f'{{"model":"{MODEL}","messages":[],"x":{deep}}}')

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_json")
    assert fake.asked == []


async def test_an_answer_that_cannot_be_read_goes_no_further(fake: FakeOllama, tls: Path) -> None:
    """What cannot be searched is not passed on."""

    async def script(asked: Any, wire: Any) -> None:
        await wire.start()
        await wire.chunk(b"no JSON: anna.weber@example.com\n")
        await wire.end()

    fake.scripts["/api/chat"] = script
    async with run_gateway(fake, tls, redacting(response="Mask")) as gateway, gateway.http() as client:
        text = await broken_off(client, "/api/chat", body_for("/api/chat"))

    assert "upstream_error" in text
    assert EMAIL not in text


async def test_without_redaction_nothing_is_looked_for_and_the_record_says_so(gateway: RunningGateway) -> None:
    await ask(gateway, "/api/chat", body_for("/api/chat", stream=False))

    assert EMAIL in shown(gateway.fake)
    assert (await gateway.record())["redactions"] is None
    assert gateway.current.snapshot.redaction is None
    assert make_policy().redaction.request.action == "Off"


@BOTH
async def test_a_request_leaves_nothing_for_the_garbage_collector(fake: FakeOllama, tls: Path, stream: bool) -> None:
    """Values are gone from memory when their request is: nothing waits in a circle."""
    speak(fake)
    async with run_gateway(fake, tls, redacting("Pseudonymize", "Mask")) as gateway, gateway.http() as client:
        body = body_for("/api/chat", stream=stream)
        await client.post("/api/chat", json=body)
        gc.collect()
        gc.disable()
        try:
            for _ in range(5):
                await client.post("/api/chat", json=body)
            await gateway.idle()
            left = [one for one in gc.get_objects() if isinstance(one, (service.Passage, service.Answer, RequestResponseCycle))]
        finally:
            gc.enable()

    assert len(left) <= 2


async def test_few_large_texts_are_looked_through_at_once() -> None:
    """Each takes many times its size: as many as there are requests would take more memory than there is.

    And a client that leaves makes no room for its next one before the thread that works for it is through.
    """
    policy = redacting("Mask").redaction
    assert policy is not None
    redaction = service.Redaction(policy)
    goes_on = threading.Event()
    began: list[int] = []

    def work(number: int) -> int:
        began.append(number)
        assert goes_on.wait(20)
        return number

    large = "x" * (service.THREAD_BYTES + 1)
    asking = [asyncio.create_task(redaction.through(large, lambda _, number=number: work(number))) for number in range(5)]  # type: ignore[misc]  # a default in a lambda has no type
    await until(lambda: len(began) == service.LARGE_AT_ONCE)
    asking[0].cancel()
    await asyncio.sleep(0.05)  # nothing is to come: whatever would end it has had its turn
    assert not asking[0].done()
    assert len(began) == service.LARGE_AT_ONCE
    assert await redaction.through("small", lambda _: 7) == 7
    goes_on.set()

    assert await asyncio.gather(*asking[1:]) == [1, 2, 3, 4]
    with pytest.raises(asyncio.CancelledError):
        await asking[0]
