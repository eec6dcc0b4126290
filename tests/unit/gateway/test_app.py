"""Requests through a running gateway: what clients get, what the model server gets, and the one record that each leaves."""

import asyncio
import gc
import json
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from assistant_gateway import forward, routes
from assistant_gateway.protocol import call, routing
from tests.unit.gateway.fake_ollama import DIGEST, MODEL, Asked, FakeOllama, Wire, compact, document
from tests.unit.gateway.redacting import redacting
from tests.unit.gateway.running import KEY, RunningGateway, make_policy, run_gateway, until

CHAT = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}]}
BODIES: dict[str, Any] = {
    "/api/chat": CHAT,
    "/api/generate": {"model": MODEL, "prompt": "Hello"},
    "/api/embed": {"model": MODEL, "input": "Hello"},
    "/api/show": {"model": MODEL},
    "/v1/chat/completions": CHAT,
    "/v1/completions": {"model": MODEL, "prompt": "Hello"},
    "/v1/embeddings": {"model": MODEL, "input": "Hello"},
}
RECORD = {
    "record", "time", "key", "subject", "route", "method", "wire", "model", "model_digest", "policy_generation", "policy_revision",
    "outcome", "status", "code", "request_bytes", "response_bytes", "input_tokens", "output_tokens", "stream", "first_byte_ms",
    "duration_ms", "request_id", "conversation", "documents", "retained", "redactions",
}  # fmt: skip


FORWARDED = [route for route in routes.TABLE if route.handler is None]


def path_of(route: routing.Route) -> str:
    return route.name.replace("{model}", MODEL)


@pytest.mark.parametrize("route", [*FORWARDED, routes.ONE_MODEL], ids=lambda route: route.name)
async def test_every_route_answers_and_leaves_one_record(gateway: RunningGateway, route: routing.Route) -> None:
    async with gateway.http() as client:
        answer = await client.request(route.method, path_of(route), json=BODIES.get(route.name))

    assert answer.status_code == 200
    record = await gateway.record()
    assert record.keys() == RECORD
    expected: dict[str, Any] = {
        "record": "request",
        "key": "alice",
        "subject": "Alice",
        "route": route.name,
        "method": route.method,
        "outcome": "completed",
    }
    expected |= {"wire": route.wire.NAME, "model": MODEL, "model_digest": f"sha256:{DIGEST}", "status": 200, "code": None}
    expected |= {"policy_generation": 7, "policy_revision": make_policy().revision(), "response_bytes": len(answer.content)}
    assert record | expected == record
    assert answer.headers["x-request-id"] == record["request_id"]
    assert answer.headers["cache-control"] == "no-store"
    assert "server" not in answer.headers
    assert gateway.counted() == {(route.name, "completed", ""): 1.0}


@pytest.mark.parametrize(
    ("path", "stream", "tokens"),
    [
        ("/api/chat", False, (11, 2)),
        ("/api/chat", True, (11, 2)),
        ("/api/generate", True, (11, 2)),
        ("/api/embed", None, (3, None)),
        ("/v1/chat/completions", False, (11, 2)),
        ("/v1/chat/completions", True, (None, None)),
        ("/v1/completions", False, (11, 2)),
        ("/v1/embeddings", None, (3, None)),
    ],
)
async def test_the_record_has_the_tokens_that_the_model_server_counted(
    gateway: RunningGateway, path: str, stream: bool | None, tokens: tuple[int | None, int | None]
) -> None:
    async with gateway.http() as client:
        await client.post(path, json=BODIES[path] | ({} if stream is None else {"stream": stream}))

    record = await gateway.record()
    assert (record["input_tokens"], record["output_tokens"]) == tokens
    assert record["stream"] is bool(stream)
    assert record["first_byte_ms"] <= record["duration_ms"]


async def test_a_stream_tells_its_usage_when_the_client_asks_for_it(gateway: RunningGateway) -> None:
    async with gateway.http() as client:
        body = CHAT | {"stream": True, "stream_options": {"include_usage": True}}
        answer = await client.post("/v1/chat/completions", json=body)

    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.text.endswith("data: [DONE]\n\n")
    record = await gateway.record()
    assert (record["input_tokens"], record["output_tokens"]) == (11, 2)


@pytest.mark.parametrize("path", ["/api/chat", "/v1/chat/completions"])
async def test_nothing_of_the_client_reaches_the_model_server_but_the_body(gateway: RunningGateway, path: str) -> None:
    async with gateway.http() as client:
        headers = {"x-forwarded-for": "10.1.2.3", "origin": "https://evil.example", "cookie": "a=b"}
        await client.post(path + "?debug=1", json=BODIES[path], headers=headers)

    (asked,) = gateway.fake.asked
    assert asked.path == path
    assert asked.headers.keys() == {"host", "content-type", "content-length"}
    assert KEY.encode() not in asked.body


async def test_only_the_policys_model_is_listed(gateway: RunningGateway) -> None:
    async with gateway.http() as client:
        tags = (await client.get("/api/tags")).json()
        models = (await client.get("/v1/models")).json()
        one = (await client.get(f"/v1/models/{MODEL}")).json()

    assert [entry["name"] for entry in tags["models"]] == [MODEL]
    assert [entry["id"] for entry in models["data"]] == [MODEL]
    assert one == models["data"][0]


async def test_show_tells_no_path_of_the_model_server(gateway: RunningGateway) -> None:
    async with gateway.http() as client:
        shown = (await client.post("/api/show", json={"name": MODEL})).json()

    assert shown["modelfile"] == f"# {MODEL}\nFROM {MODEL}\nPARAMETER seed 1\n"
    assert gateway.fake.asked[0].json == {"model": MODEL, "verbose": False}


async def test_the_policys_limits_reach_the_model_server(gateway: RunningGateway) -> None:
    async with gateway.http() as client:
        await client.post(
            "/api/chat", json=CHAT | {"keep_alive": -1, "options": {"num_predict": -1, "num_ctx": 10**6, "num_gpu": 0, "seed": 3}}
        )
        await client.post("/v1/chat/completions", json=CHAT | {"max_completion_tokens": 9999})
        await client.post("/v1/chat/completions", json=CHAT | {"max_tokens": 5, "max_completion_tokens": 20})

    native, openai, smaller = (asked.json for asked in gateway.fake.asked)
    assert native["options"] == {"num_predict": 256, "num_ctx": 4096, "seed": 3}
    assert "keep_alive" not in native
    assert openai["max_tokens"] == 256
    assert "max_completion_tokens" not in openai
    assert smaller["max_tokens"] == 5


@pytest.mark.parametrize("path", BODIES)
async def test_a_request_that_wants_no_memory_never_comes_near_it(
    gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """What an assistant can remember costs nothing where it remembers nothing."""

    def near(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(forward, "_turn", near)
    async with gateway.http() as client:
        answer = await client.post(path, json=BODIES[path])

    assert answer.status_code == 200


# Refusals: shape, status, code, one record, nothing upstream

REFUSALS: list[tuple[str, str, Any, dict[str, str], int, str]] = [
    ("POST", "/api/chat", CHAT, {"authorization": ""}, 401, "missing_key"),
    ("POST", "/api/chat", CHAT, {"authorization": "Basic YTpi"}, 401, "missing_key"),
    ("POST", "/v1/chat/completions", CHAT, {"authorization": "Bearer sk-wrong"}, 401, "wrong_key"),
    ("GET", "/v1/models", None, {"authorization": f"Bearer {KEY}x"}, 401, "wrong_key"),
    ("POST", "/api/pull", {"model": MODEL}, {}, 403, "route_not_allowed"),
    ("DELETE", "/api/delete", {"model": MODEL}, {}, 403, "route_not_allowed"),
    ("POST", "/api/me", None, {}, 403, "route_not_allowed"),
    ("GET", "/api/ps", None, {}, 403, "route_not_allowed"),
    ("HEAD", "/", None, {}, 403, "route_not_allowed"),
    ("GET", "/", None, {}, 403, "route_not_allowed"),
    ("POST", "/api/chat/", CHAT, {}, 403, "route_not_allowed"),
    ("POST", "//api/chat", CHAT, {}, 403, "route_not_allowed"),
    ("POST", "/API/chat", CHAT, {}, 403, "route_not_allowed"),
    ("POST", "/api/%2e%2e/api/chat", CHAT, {}, 403, "route_not_allowed"),
    ("POST", "/api/chat%00", CHAT, {}, 403, "route_not_allowed"),
    ("POST", "/api/chat%0d%0ax:y", CHAT, {}, 403, "route_not_allowed"),
    ("POST", "/v1/responses", CHAT, {}, 403, "route_not_allowed"),
    ("POST", "/v1/messages", CHAT, {}, 403, "route_not_allowed"),
    ("POST", "/v1/audio/transcriptions", CHAT, {}, 403, "route_not_allowed"),
    ("GET", "/api/chat", None, {}, 405, "method_not_allowed"),
    ("POST", "/v1/models", CHAT, {}, 405, "method_not_allowed"),
    ("POST", "/api/tags", None, {}, 405, "method_not_allowed"),
    ("GET", "/v1/models/other:7b", None, {}, 404, "model_not_found"),
    ("GET", "/v1/models/", None, {}, 404, "model_not_found"),
    ("POST", "/api/chat", CHAT | {"model": "other:7b"}, {}, 404, "model_not_found"),
    ("POST", "/v1/embeddings", CHAT | {"model": "other:7b"}, {}, 404, "model_not_found"),
    ("POST", "/api/chat", CHAT | {"model": 7}, {}, 400, "invalid_request"),
    ("POST", "/api/chat", {"messages": []}, {}, 400, "invalid_request"),
    ("POST", "/api/chat", CHAT | {"stream": "yes"}, {}, 400, "invalid_request"),
    ("POST", "/api/chat", CHAT | {"options": []}, {}, 400, "invalid_request"),
    ("POST", "/api/chat", CHAT | {"options": {"num_predict": "9"}}, {}, 400, "invalid_request"),
    ("POST", "/api/chat", CHAT | {"options": {"num_ctx": 1.5}}, {}, 400, "invalid_request"),
    ("POST", "/api/chat", CHAT | {"MODEL": "other:7b"}, {}, 400, "invalid_request"),
    ("POST", "/api/chat", CHAT | {"Keep_Alive": -1}, {}, 400, "invalid_request"),
    ("POST", "/v1/chat/completions", CHAT | {"max_token\u017f": 9999}, {}, 400, "invalid_request"),
    ("POST", "/v1/chat/completions", CHAT | {"max_tokens": True}, {}, 400, "invalid_request"),
    ("POST", "/v1/chat/completions", CHAT | {"max_completion_tokens": []}, {}, 400, "invalid_request"),
    ("POST", "/api/chat", [CHAT], {}, 400, "invalid_request"),
    ("POST", "/api/chat", b'{"model":"tiny:1b","messages":[{"role":"us', {}, 400, "invalid_json"),
    ("POST", "/api/chat", b"", {}, 400, "invalid_json"),
    ("POST", "/api/chat", b"\xff\xfe", {}, 400, "invalid_json"),
    ("POST", "/v1/chat/completions", b'{"model":"tiny:1b","temperature":NaN}', {}, 400, "invalid_json"),
    ("POST", "/v1/chat/completions", b'{"model":"tiny:1b","a":' + b"[" * 5000, {}, 400, "invalid_json"),
    ("POST", "/v1/chat/completions", b'{"model":"tiny:1b","a":' + b"[" * 500 + b"]" * 500 + b"}", {}, 400, "invalid_json"),
    ("POST", "/api/chat", b"\x1f\x8b", {"content-encoding": "gzip"}, 415, "unsupported_encoding"),
    ("POST", "/api/chat", b"x" * 70000, {}, 413, "body_too_large"),
]


def ids(case: object) -> str | None:
    return None if isinstance(case, int) else str(case)[:24]


@pytest.mark.parametrize(("method", "path", "content", "headers", "status", "code"), REFUSALS, ids=ids)
async def test_a_refusal_has_the_wires_shape_and_one_record(
    gateway: RunningGateway, method: str, path: str, content: Any, headers: dict[str, str], status: int, code: str
) -> None:
    sent = content if isinstance(content, bytes) else None if content is None else json.dumps(content).encode()
    async with gateway.http() as client:
        client.headers.update(headers)
        if headers.get("authorization") == "":
            del client.headers["authorization"]
        answer = await client.request(method, path, content=sent)

    assert answer.status_code == status
    if method != "HEAD":
        assert_error(answer.content, path, code)
    assert gateway.fake.asked == []
    record = await gateway.record()
    assert (record["outcome"], record["status"], record["code"]) == ("refused", status, code)
    assert record["key"] == (None if status == 401 else "alice")
    assert record["route"] in {route.name for route in routes.TABLE} | {"/v1/models/{model}", "unknown"}
    assert record["model"] is None


def assert_error(content: bytes, path: str, code: str) -> None:
    body = json.loads(content)
    if path.startswith("/v1/"):
        assert body.keys() == {"error"}
        assert body["error"].keys() == {"message", "type", "param", "code"}
        assert body["error"]["code"] == code
    else:
        assert isinstance(body["error"], str)
        assert body["code"] == code


async def test_the_refusals_say_what_a_client_needs_to_know(gateway: RunningGateway) -> None:
    async with gateway.http() as client:
        wrong_method = await client.get("/api/chat")
        no_key = await client.get("/api/tags", headers={"authorization": ""})
        wrong_field = await client.post("/v1/chat/completions", json=CHAT | {"max_tokens": "9"})

    assert wrong_method.headers["allow"] == "POST"
    assert no_key.headers["www-authenticate"] == "Bearer"
    assert wrong_field.json()["error"] | {"type": "invalid_request_error", "param": "max_tokens"} == wrong_field.json()["error"]


@pytest.mark.parametrize("keys", [("sk-wrong", KEY), (KEY, "sk-wrong"), (KEY, KEY)])
async def test_two_keys_in_one_request_are_no_key(gateway: RunningGateway, keys: tuple[str, str]) -> None:
    async with gateway.http(key=None) as client:
        answer = await client.get("/api/tags", headers=[("authorization", f"Bearer {key}") for key in keys])

    assert answer.status_code == 401


@pytest.mark.parametrize("spelling", ["tiny:1b", "library/tiny:1b", "registry.ollama.ai/library/tiny:1b"])
async def test_every_spelling_of_the_model_is_the_model(gateway: RunningGateway, spelling: str) -> None:
    async with gateway.http() as client:
        answer = await client.post("/api/chat", json=CHAT | {"model": spelling})
        listed = await client.get(f"/v1/models/{spelling}")

    assert (answer.status_code, listed.status_code) == (200, 200)
    assert gateway.fake.asked[0].json["model"] == MODEL


async def test_of_a_field_that_is_there_twice_the_checked_one_goes_on(gateway: RunningGateway) -> None:
    async with gateway.http() as client:
        answer = await client.post("/api/chat", content=b'{"model":"other:7b","model":"tiny:1b","messages":[],"stream":false}')

    assert answer.status_code == 200
    assert gateway.fake.asked[0].body.count(b'"model"') == 1


async def test_a_body_in_chunks_is_cut_off_at_the_limit(gateway: RunningGateway) -> None:
    async def long() -> Any:
        for _ in range(100):
            yield b"x" * 16384

    async with gateway.http() as client:
        answer = await client.post("/api/chat", content=long())

    assert answer.status_code == 413
    assert answer.json()["code"] == "body_too_large"
    assert answer.headers["connection"] == "close"
    assert (await gateway.record())["code"] == "body_too_large"


async def test_a_get_takes_no_body(gateway: RunningGateway) -> None:
    reader, writer = await gateway.raw()
    writer.write(f"GET /api/tags HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhe".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    writer.close()

    assert head.startswith(b"HTTP/1.1 400")
    assert gateway.fake.asked == []


async def test_nothing_goes_upstream_before_the_gateway_is_ready(gateway: RunningGateway) -> None:
    gateway.current.ready = False

    async with gateway.http() as client:
        native = await client.post("/api/chat", json=CHAT)
        openai = await client.get("/v1/models")

    assert (native.status_code, openai.status_code) == (503, 503)
    assert native.json()["code"] == openai.json()["error"]["code"] == "not_ready"
    assert gateway.fake.asked == []


# Limits


async def test_a_key_that_used_up_its_requests_waits_and_others_do_not(fake: FakeOllama, tls: Path) -> None:
    async with run_gateway(fake, tls, make_policy(requests_per_minute=2)) as gateway, gateway.http() as alice:
        statuses = [(await alice.get("/api/tags")).status_code for _ in range(2)]
        refused = await alice.get("/v1/models")
        async with gateway.http("sk-of-bob-0123456789") as bob:
            other = await bob.get("/api/tags")

    assert statuses == [200, 200]
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "rate_limited")
    assert 1 <= int(refused.headers["retry-after"]) <= 30
    assert other.status_code == 200


async def test_requests_in_flight_are_capped_and_their_places_come_back(fake: FakeOllama, tls: Path) -> None:
    release = asyncio.Event()

    async def wait(asked: Asked, wire: Wire) -> None:
        await release.wait()
        await wire.json({"done": True})

    fake.scripts["/api/chat"] = wait
    async with run_gateway(fake, tls, make_policy(concurrent_requests=1)) as gateway, gateway.http() as client:
        first = asyncio.create_task(client.post("/api/chat", json=CHAT | {"stream": False}))
        await until(lambda: len(fake.asked) == 1)
        refused = await client.post("/api/chat", json=CHAT)
        release.set()
        done = await first
        again = await client.post("/api/chat", json=CHAT | {"stream": False})

    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests_in_flight")
    assert (done.status_code, again.status_code) == (200, 200)
    assert gateway.gateway.limiter.in_flight == 0


# The model server fails


@pytest.mark.parametrize("path", ["/api/chat", "/v1/chat/completions"])
async def test_a_model_server_that_is_away_is_a_502(gateway: RunningGateway, path: str) -> None:
    await gateway.fake.stop()
    async with gateway.http() as client:
        answer = await client.post(path, json=CHAT)
    await gateway.fake.start()

    assert answer.status_code == 502
    assert_error(answer.content, path, "upstream_unavailable")
    record = await gateway.record()
    assert (record["outcome"], record["code"], record["model"]) == ("failed", "upstream_unavailable", MODEL)


@pytest.mark.parametrize(
    ("status", "body", "expected", "code"),
    [
        (500, b'{"error":"invalid JSON schema in format: CANARY"}', 502, "upstream_error"),
        (400, b'{"error":"json: cannot unmarshal CANARY into Go value"}', 400, "upstream_refused"),
        (400, b'{"error":{"message":"CANARY does not support tools","type":"x"}}', 400, "unsupported_by_model"),
        (400, b'{"error":"the input length exceeds the context length"}', 400, "context_too_long"),
        (503, b'{"error":"server busy, please try again.  maximum pending requests exceeded"}', 503, "upstream_busy"),
        (404, b'{"error":"model \'CANARY\' not found"}', 502, "upstream_error"),
        (418, b"CANARY", 502, "upstream_error"),
        (302, b"", 502, "upstream_error"),
    ],
)
@pytest.mark.parametrize("path", ["/api/chat", "/v1/chat/completions"])
async def test_what_the_model_server_says_of_an_error_goes_no_further(
    gateway: RunningGateway, path: str, status: int, body: bytes, expected: int, code: str
) -> None:
    async def fail(asked: Asked, wire: Wire) -> None:
        await wire.raw(document(body, status))

    gateway.fake.scripts[path] = fail
    async with gateway.http() as client:
        answer = await client.post(path, json=CHAT)

    assert answer.status_code == expected
    assert_error(answer.content, path, code)
    assert "CANARY" not in answer.text
    assert (await gateway.record())["code"] == code


@pytest.mark.parametrize(
    ("path", "first", "last"),
    [
        ("/api/chat", b'{"message":{"content":"a"},"done":false}\n', b'{"error":"'),
        ("/v1/chat/completions", b'data: {"choices":[]}\n\n', b'data: {"error":{"message":"'),
    ],
)
@pytest.mark.parametrize("half", [b"", b'data: {"cho'])
async def test_a_model_server_that_dies_in_a_stream_ends_it_with_an_error(
    gateway: RunningGateway, path: str, first: bytes, last: bytes, half: bytes
) -> None:
    async def die(asked: Asked, wire: Wire) -> None:
        await wire.start()
        await wire.chunk(first)
        if half:
            await wire.chunk(half)
        wire.cut()

    gateway.fake.scripts[path] = die
    content = await broken_stream(gateway, path)

    assert content.startswith(first + last)
    assert b"upstream_lost" in content
    assert b"[DONE]" not in content
    record = await gateway.record()
    assert (record["outcome"], record["code"], record["status"]) == ("upstream_lost", "upstream_lost", 200)
    assert record["response_bytes"] == len(content)
    assert "without completing" not in gateway.log.getvalue()


async def broken_stream(gateway: RunningGateway, path: str, body: dict[str, Any] = CHAT) -> bytes:
    """Return what a client gets of a stream that breaks off: the connection ends before the stream does."""
    content = b""
    async with gateway.http() as client, client.stream("POST", path, json=body | {"stream": True}) as answer:
        assert answer.status_code == 200
        with pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked read"):  # noqa: PT012  after as many parts as came
            async for part in answer.aiter_bytes():
                content += part
    return content


@pytest.mark.parametrize("path", ["/api/chat", "/v1/chat/completions"])
async def test_a_model_server_that_dies_in_a_whole_answer_is_a_502(gateway: RunningGateway, path: str) -> None:
    async def die(asked: Asked, wire: Wire) -> None:
        await wire.raw(document(b"{" * 100)[:-90])
        wire.cut()

    gateway.fake.scripts[path] = die
    async with gateway.http() as client:
        answer = await client.post(path, json=CHAT | {"stream": False})

    assert answer.status_code == 502
    assert_error(answer.content, path, "upstream_lost")
    assert (await gateway.record())["outcome"] == "upstream_lost"


async def test_an_answer_too_large_to_hold_passes_through_and_one_that_breaks_off_is_cut(gateway: RunningGateway) -> None:
    size = forward.WHOLE_BYTES * 3

    async def large(asked: Asked, wire: Wire) -> None:
        await wire.raw(document(b'"' + b"x" * (size - 2) + b'"'))

    async def broken(asked: Asked, wire: Wire) -> None:
        await wire.raw(document(b"x" * size)[:-1])
        wire.cut()

    async with gateway.http() as client:
        gateway.fake.scripts["/api/embed"] = large
        answer = await client.post("/api/embed", json=BODIES["/api/embed"])
        gateway.fake.scripts["/api/embed"] = broken
        with pytest.raises(Exception, match=r"incomplete|closed"):
            await client.post("/api/embed", json=BODIES["/api/embed"])

    assert len(answer.content) == size
    await until(lambda: len(gateway.records()) == 2)
    assert [(record["outcome"], record["status"]) for record in gateway.records()] == [("completed", 200), ("upstream_lost", 200)]


@pytest.mark.parametrize(
    ("path", "event"),
    [("/api/chat", b'{"error":"CANARY"}\n'), ("/v1/chat/completions", b'data: {"error":{"message":"CANARY"}}\n\n')],
)
async def test_an_error_in_a_stream_is_told_in_our_words(gateway: RunningGateway, path: str, event: bytes) -> None:
    async def fail(asked: Asked, wire: Wire) -> None:
        await wire.start()
        await wire.chunk(event[:9])
        await wire.chunk(event[9:])
        await wire.end()

    gateway.fake.scripts[path] = fail
    content = await broken_stream(gateway, path)

    assert b"CANARY" not in content
    assert b"upstream_error" in content
    assert (await gateway.record())["outcome"] == "failed"


@pytest.mark.parametrize("redacts", [False, True])
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/completions"])
async def test_an_error_of_which_openais_format_says_nothing_is_told_all_the_same(
    fake: FakeOllama, tls: Path, path: str, redacts: bool
) -> None:
    """Of an error within a stream Ollama makes an event without a model and a text here (v0.24.0, middleware/openai.go), and the end.

    Passed on, half an answer would be a whole one to every client.
    """
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1795562051}

    def event(model: str, text: str) -> bytes:
        if path == "/v1/completions":
            rest: Any = {"choices": [{"text": text, "index": 0, "finish_reason": None}], "model": model, "system_fingerprint": "fp"}
        else:
            choice = {"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": None}
            rest = {"model": model, "system_fingerprint": "fp", "choices": [choice]}
        return b"data: %s\n\n" % compact(head | rest)

    async def fail(asked: Asked, wire: Wire) -> None:
        await wire.start()
        await wire.chunk(event(MODEL, 'Half an "model":"" answer') + event("", ""))
        await wire.end()

    fake.scripts[path] = fail
    async with run_gateway(fake, tls, redacting("Pseudonymize", "Mask") if redacts else None) as gateway:
        content = await broken_stream(gateway, path, BODIES[path])
        record = await gateway.record()

    assert b"upstream_error" in content
    assert (record["outcome"], record["code"]) == ("failed", "upstream_error")


@pytest.mark.parametrize(
    ("stream", "content_type", "status"), [(True, "application/json", 200), (True, "text/html", 502), (False, "text/event-stream", 502)]
)
async def test_an_answer_must_be_of_a_kind_that_was_asked_for(
    gateway: RunningGateway, stream: bool, content_type: str, status: int
) -> None:
    """Asked to generate from an empty prompt, Ollama loads the model and answers with one document although a stream was asked for."""

    async def answer_so(asked: Asked, wire: Wire) -> None:
        await wire.raw(b"HTTP/1.1 200 OK\r\ncontent-type: %s\r\ncontent-length: 2\r\n\r\n{}" % content_type.encode())

    gateway.fake.scripts["/v1/chat/completions"] = answer_so
    async with gateway.http() as client:
        answer = await client.post("/v1/chat/completions", json=CHAT | {"stream": stream})

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"


async def test_a_success_that_is_an_error_is_one(gateway: RunningGateway) -> None:
    async def fail(asked: Asked, wire: Wire) -> None:
        await wire.json({"error": "CANARY"})

    gateway.fake.scripts["/api/embed"] = fail
    async with gateway.http() as client:
        answer = await client.post("/api/embed", json=BODIES["/api/embed"])

    assert (answer.status_code, answer.json()["code"]) == (502, "upstream_error")


async def test_a_stream_without_a_last_event_is_complete_without_tokens(gateway: RunningGateway) -> None:
    """Ollama ends a stream like this when the model repeats itself."""

    async def stop(asked: Asked, wire: Wire) -> None:
        await wire.start()
        await wire.chunk(b'{"message":{"content":"a"},"done":false}\n')
        await wire.end()

    gateway.fake.scripts["/api/chat"] = stop
    async with gateway.http() as client:
        answer = await client.post("/api/chat", json=CHAT)

    assert answer.content == b'{"message":{"content":"a"},"done":false}\n'
    record = await gateway.record()
    assert (record["outcome"], record["input_tokens"], record["output_tokens"]) == ("completed", None, None)


async def test_a_model_server_that_says_nothing_times_out(gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = asyncio.Event()

    async def silence(asked: Asked, wire: Wire) -> None:
        await wire.gone()
        gone.set()

    monkeypatch.setattr(forward, "FIRST_BYTE_SECONDS", 0.05)
    gateway.fake.scripts["/api/chat"] = silence
    async with gateway.http() as client:
        answer = await client.post("/api/chat", json=CHAT)

    assert (answer.status_code, answer.json()["code"]) == (504, "upstream_timeout")
    await asyncio.wait_for(gone.wait(), 20)


async def test_what_is_no_answer_of_a_listing_is_an_error(gateway: RunningGateway) -> None:
    async def odd(asked: Asked, wire: Wire) -> None:
        await wire.json(["CANARY"])

    for path in ("/api/tags", "/v1/models", "/api/version"):
        gateway.fake.scripts[path] = odd
    async with gateway.http() as client:
        answers = [await client.get(path) for path in ("/api/tags", "/v1/models", "/api/version")]

    assert {answer.status_code for answer in answers} == {502}
    assert not any("CANARY" in answer.text for answer in answers)


async def test_a_crash_is_a_500_without_words(gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object) -> bool:
        raise RuntimeError("CANARY")

    monkeypatch.setattr("assistant_gateway.forward.fields.parse", crash)
    async with gateway.http() as client:
        answer = await client.post("/v1/chat/completions", json=CHAT)

    assert answer.status_code == 500
    assert_error(answer.content, "/v1/chat/completions", "internal_error")
    record = await gateway.record()
    assert (record["outcome"], record["code"]) == ("failed", "internal_error")
    assert '"exception":"RuntimeError"' in gateway.log.getvalue()
    assert "CANARY" not in gateway.log.getvalue() + answer.text
    assert gateway.gateway.limiter.in_flight == 0


# The client fails


def request(path: str, body: Any, key: str = KEY) -> bytes:
    data = json.dumps(body).encode()
    return f"POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\ncontent-length: {len(data)}\r\n\r\n".encode() + data


@pytest.mark.parametrize("when", ["before", "during"])
@pytest.mark.parametrize("path", ["/api/chat", "/v1/chat/completions"])
async def test_a_client_that_leaves_takes_its_request_off_the_model_server(gateway: RunningGateway, path: str, when: str) -> None:
    gone = asyncio.Event()

    async def endless(asked: Asked, wire: Wire) -> None:
        if when == "during":
            await wire.start()
            await wire.chunk(b'{"a":1}\n\n')
        await wire.gone()
        gone.set()

    gateway.fake.scripts[path] = endless
    reader, writer = await gateway.raw()
    writer.write(request(path, CHAT | {"stream": True}))
    await until(lambda: len(gateway.fake.asked) == 1)
    if when == "during":
        await reader.readuntil(b"1}")
    writer.transport.abort()

    await asyncio.wait_for(gone.wait(), 20)
    record = await gateway.record()
    assert (record["outcome"], record["code"]) == ("client_gone", "client_gone")
    assert record["status"] == (200 if when == "during" else 499)
    assert gateway.gateway.limiter.in_flight == 0


async def test_a_client_that_leaves_in_its_own_body_leaves_a_record(gateway: RunningGateway) -> None:
    _, writer = await gateway.raw()
    writer.write(request("/api/chat", CHAT)[:-5])
    await until(lambda: gateway.gateway.limiter.in_flight == 1)
    writer.transport.abort()

    record = await gateway.record()
    assert (record["outcome"], record["route"], record["key"]) == ("client_gone", "/api/chat", "alice")
    assert gateway.fake.asked == []


async def test_a_client_that_stops_reading_costs_no_memory_and_is_cut_in_the_end(
    gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model server is held back, so what waits is what fits into the buffers on the way."""
    written = 0
    gone = asyncio.Event()
    most = 64 * 1024 * 1024

    async def flood(asked: Asked, wire: Wire) -> None:
        nonlocal written
        await wire.start()
        event = b'{"message":{"content":"' + b"x" * 4000 + b'"}}\n'
        try:
            while written < most:
                await wire.chunk(event)
                written += len(event)
        except ConnectionError:
            pass
        gone.set()

    monkeypatch.setattr(call, "STALL_SECONDS", 0.5)
    gateway.fake.scripts["/api/chat"] = flood
    _, writer = await gateway.raw()
    writer.transport.pause_reading()  # type: ignore[attr-defined]  # typed as a transport that only writes
    writer.write(request("/api/chat", CHAT))

    await asyncio.wait_for(gone.wait(), 60)
    assert 0 < written < most / 2
    record = await gateway.record()
    assert (record["outcome"], record["code"]) == ("client_gone", "client_stalled")
    writer.close()


@pytest.mark.parametrize(("body", "outcome"), [(CHAT, ("client_gone", "client_stalled")), ({"model": "x"}, ("refused", "model_not_found"))])
async def test_a_client_that_does_not_read_is_cut_also_where_its_answer_has_not_begun(
    gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch, body: dict[str, Any], outcome: tuple[str, str]
) -> None:
    """What it left unread of the answer before keeps the next one from beginning: it must not keep a place among those in flight."""

    async def large(asked: Asked, wire: Wire) -> None:
        await wire.raw(document(b'"%s"' % (b"x" * (forward.WHOLE_BYTES - 2))))

    monkeypatch.setattr(call, "STALL_SECONDS", 0.5)
    gateway.fake.scripts["/api/embed"] = large
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    client.connect(("127.0.0.1", gateway.port))
    _, writer = await asyncio.open_connection(sock=client, ssl=gateway.client_context, server_hostname="localhost")
    writer.transport.pause_reading()  # type: ignore[attr-defined]  # typed as a transport that only writes
    writer.write((request("/api/embed", BODIES["/api/embed"]) + request("/api/chat", body)) * 8)

    await until(lambda: bool(gateway.records()))
    await until(lambda: not gateway.server.server_state.connections)
    last = gateway.records()[-1]
    assert (last["route"], last["outcome"], last["code"]) == ("/api/chat", *outcome)
    assert gateway.gateway.limiter.in_flight == 0
    assert "crashed" not in gateway.log.getvalue()
    writer.close()


async def test_requests_on_one_connection_reuse_one_connection_upstream(gateway: RunningGateway) -> None:
    async with gateway.http() as client:
        for _ in range(5):
            await client.post("/api/chat", json=CHAT)
            await client.post("/v1/chat/completions", json=CHAT)

    assert gateway.fake.connections == 1
    assert gateway.server.server_state.total_requests == 10


async def test_a_connection_that_died_while_idle_is_replaced_unseen(gateway: RunningGateway) -> None:
    async with gateway.http() as client:
        first = await client.get("/api/version")
        gateway.fake.close_connections()
        second = await client.get("/api/version")

    assert (first.status_code, second.status_code) == (200, 200)


@pytest.mark.parametrize("stream", [True, False])
async def test_a_request_leaves_nothing_for_the_garbage_collector(gateway: RunningGateway, stream: bool) -> None:
    async with gateway.http() as client:
        await client.post("/api/chat", json=CHAT | {"stream": stream})
        gc.collect()
        gc.disable()
        try:
            for _ in range(20):
                await client.post("/api/chat", json=CHAT | {"stream": stream})
                await client.post("/api/chat", content=b"{")
            await gateway.idle()
            left = sum(isinstance(found, RequestResponseCycle) for found in gc.get_objects())
        finally:
            gc.enable()

    assert left <= 1  # the connection remembers its last


async def test_pipelined_requests_each_have_their_answer_and_record(gateway: RunningGateway) -> None:
    reader, writer = await gateway.raw()
    writer.write(request("/api/chat", CHAT | {"stream": False}) + request("/api/embed", BODIES["/api/embed"]))
    heads = [await read_answer(reader) for _ in range(2)]
    writer.close()

    assert [head.split()[1] for head in heads] == [b"200", b"200"]
    await until(lambda: len(gateway.records()) == 2)
    assert [record["route"] for record in gateway.records()] == ["/api/chat", "/api/embed"]


async def read_answer(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(int(line.split(b": ")[1]) for line in head.split(b"\r\n") if line.startswith(b"content-length"))
    await reader.readexactly(length)
    return head
