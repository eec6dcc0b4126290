"""What the gateway relies on in the model server: asked of the scripted one, and of a real Ollama where one runs.

Set PRIVATE_ASSISTANT_TEST_OLLAMA=http://host:port and PRIVATE_ASSISTANT_TEST_MODEL=name to ask a real one: on every bump of its version.
"""

import os
import re
from collections.abc import AsyncIterator

import httpx
import pytest

from assistant_gateway.answer import refused_by_model_server
from assistant_gateway.chat import ollama as ollama_chat
from assistant_gateway.chat import openai as openai_chat
from assistant_gateway.neighbours.readiness import too_old
from assistant_gateway.wire import ollama, openai
from tests.unit.gateway.fake_ollama import MODEL, Asked, FakeOllama, Wire

REAL = os.environ.get("PRIVATE_ASSISTANT_TEST_OLLAMA", "")


@pytest.fixture(params=["scripted", "real"] if REAL else ["scripted"])
async def server(request: pytest.FixtureRequest, fake: FakeOllama) -> AsyncIterator[httpx.AsyncClient]:
    async def refuse(asked: Asked, wire: Wire) -> None:
        await wire.json({"error": '"tiny:1b" does not support insert'}, 400)

    async with httpx.AsyncClient(base_url=REAL if request.param == "real" else fake.url, timeout=120) as client:
        if request.param == "scripted":
            fake.scripts["/refuse"] = refuse
        yield client


@pytest.fixture
def model(request: pytest.FixtureRequest) -> str:
    real = request.node.callspec.params["server"] == "real"
    return os.environ["PRIVATE_ASSISTANT_TEST_MODEL"] if real else MODEL


async def test_it_tells_version_cloud_and_digest(server: httpx.AsyncClient, model: str) -> None:
    version = (await server.get("/api/version")).json()["version"]
    status = (await server.get("/api/status")).json()
    (digest,) = [entry["digest"] for entry in (await server.get("/api/tags")).json()["models"] if entry["name"] == model]

    assert not too_old(version)
    assert status["cloud"]["disabled"] is True
    assert re.fullmatch(r"[0-9a-f]{64}", digest)


@pytest.mark.parametrize("path", ["/api/chat", "/api/generate"])
@pytest.mark.parametrize("stream", [True, False])
async def test_native_answers_are_lines_and_the_last_tells_the_tokens(
    server: httpx.AsyncClient, model: str, path: str, stream: bool
) -> None:
    body = {
        "model": model,
        "messages": [{"role": "user", "content": "Hi"}],
        "prompt": "Hi",
        "stream": stream,
        "options": {"num_predict": 2},
    }
    answer = await server.post(path, json=body)

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(ollama.STREAM_TYPE.decode() if stream else "application/json")
    assert "transfer-encoding" in answer.headers or not stream
    assert answer.content.endswith(ollama.SEPARATOR) or not stream
    assert ollama.usage(answer.content[-4096:])[0] is not None
    assert ollama.usage(answer.content[-4096:])[1] == 2


@pytest.mark.parametrize(("path", "stream"), [("/v1/chat/completions", True), ("/v1/chat/completions", False), ("/v1/completions", False)])
async def test_openai_answers_are_events_and_tell_the_tokens(server: httpx.AsyncClient, model: str, path: str, stream: bool) -> None:
    body = {"model": model, "messages": [{"role": "user", "content": "Hi"}], "prompt": "Hi", "stream": stream, "max_tokens": 2}
    answer = await server.post(path, json=body | {"stream_options": {"include_usage": True}} if stream else body)

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(openai.STREAM_TYPE.decode() if stream else "application/json")
    assert answer.content.endswith(b"data: [DONE]\n\n") or not stream
    assert openai.usage(answer.content[-4096:])[1] == 2


@pytest.mark.parametrize(("path", "wire"), [("/api/embed", ollama), ("/v1/embeddings", openai)])
async def test_embeddings_tell_the_tokens(server: httpx.AsyncClient, model: str, path: str, wire: object) -> None:
    answer = await server.post(path, json={"model": model, "input": "Hi"})

    assert answer.status_code == 200
    assert wire.usage(answer.content[-4096:])[0] is not None  # type: ignore[attr-defined]


async def test_the_listings_name_the_model(server: httpx.AsyncClient, model: str) -> None:
    models = (await server.get("/v1/models")).json()
    shown = (await server.post("/api/show", json={"model": model, "verbose": False})).json()

    assert [entry.keys() for entry in models["data"] if entry["id"] == model] == [{"id", "object", "created", "owned_by"}]
    assert "\nFROM /" in shown["modelfile"]
    assert "model_info" in shown


async def test_its_errors_are_understood(server: httpx.AsyncClient, model: str, request: pytest.FixtureRequest) -> None:
    path = "/api/generate" if request.node.callspec.params["server"] == "real" else "/refuse"
    answer = await server.post(path, json={"model": model, "prompt": "a", "suffix": "b"})

    assert refused_by_model_server(answer.status_code, answer.content).text == "The model does not support insert."


@pytest.mark.parametrize(("path", "make"), [("/api/chat", ollama_chat.Answer), ("/v1/chat/completions", openai_chat.Answer)])
async def test_answers_of_chats_are_understood_whole_and_as_streams(
    server: httpx.AsyncClient, model: str, path: str, make: type[ollama_chat.Answer] | type[openai_chat.Answer]
) -> None:
    """Also with instructions right before the last message, which is where context stands."""
    messages = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]
    messages += [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Count to three."}]
    body = {"model": model, "messages": messages, "options": {"num_predict": 8}, "max_tokens": 8}
    whole, streamed = make("chat", {}), make("chat", {})

    whole.document((await server.post(path, json=body | {"stream": False})).content)
    separator = openai.SEPARATOR if path.startswith("/v1/") else ollama.SEPARATOR
    for event in (await server.post(path, json=body | {"stream": True})).content.split(separator):
        streamed.event(event)

    for answer in (whole, streamed):
        assert answer.is_whole
        assert answer.message()["content"]
