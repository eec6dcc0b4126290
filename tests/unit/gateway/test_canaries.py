"""Nothing that a request or an answer holds is found in what the gateway writes, whatever goes wrong.

A word is planted wherever a client or the model server can put one; then everything is searched that leaves the process but is not the
answer itself: records, log lines, metrics, error bodies, the termination log. The last test plants a leak and must see it found.
"""

import asyncio
import base64
import contextlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx

from tests.unit.gateway.fake_ollama import MODEL, Asked, FakeOllama, Wire, compact, document
from tests.unit.gateway.process import GatewayProcess, start_process
from tests.unit.gateway.running import KEY, SECONDS, until

CANARY = "XCANARYX"
PROMPT = f"the {CANARY} prompt"
CHAT: dict[str, Any] = {"model": MODEL, "messages": [{"role": "user", "content": PROMPT, CANARY: CANARY}], "format": {"type": CANARY}}
FULL = CHAT | {"tools": [{"name": CANARY}], "options": {CANARY: CANARY, "stop": [CANARY]}, CANARY: CANARY, "system": CANARY}
GENERATE = {"model": MODEL, "prompt": PROMPT, "system": CANARY, "template": CANARY, "suffix": CANARY}
INFERENCE = ["/api/chat", "/api/generate", "/api/embed", "/v1/chat/completions", "/v1/completions", "/v1/embeddings"]
ALL = [
    *INFERENCE,
    "/api/show",
    "/api/tags",
    "/api/version",
    "/v1/models",
    f"/v1/models/{CANARY}",
    f"/{CANARY}",
    "/api/pull",
    "/v1/responses",
]
ODD: list[bytes] = [
    json.dumps(FULL).encode()[:-20],
    CANARY.encode(),
    f'["{CANARY}"]'.encode(),
    f'{{"model":"{CANARY}"}}'.encode(),
    f'{{"model":{{"{CANARY}":1}}}}'.encode(),
    f'{{"MODEL":"{CANARY}"}}'.encode(),
    f'{{"model":"{MODEL}","stream":"{CANARY}"}}'.encode(),
    f'{{"model":"{MODEL}","options":"{CANARY}","max_tokens":"{CANARY}"}}'.encode(),
    f'{{"model":"{MODEL}","options":{{"num_predict":"{CANARY}"}}}}'.encode(),
    f'"{CANARY}\xff'.encode("latin-1"),
    f'{{"{CANARY}":'.encode() * 2000,
    CANARY.encode() * 20_000,
]


def leaks(texts: Iterable[str]) -> list[str]:
    """Return the texts that hold the word, in any of the forms in which it may travel."""
    coded = base64.b64encode(CANARY.encode()).decode().rstrip("=")[:-1]
    forms = {CANARY.lower(), coded.lower(), CANARY.encode().hex()}
    return [text for text in texts if any(form in text.lower() for form in forms)]


async def everything(gateway: GatewayProcess) -> list[str]:
    """Return all lines that the process wrote, and its metrics."""
    metrics = (await gateway.ops("/metrics")).text
    ready = (await gateway.ops("/readyz")).text
    termination = gateway.folder / "termination"
    files = [gateway.output, gateway.errors, *([termination] if termination.exists() else [])]
    return [line for text in (metrics, ready, *(file.read_text() for file in files)) for line in text.splitlines()]


async def send_all(gateway: GatewayProcess) -> tuple[list[str], int]:
    """Send every kind of request with the word in it; return the bodies of errors, and how many requests there were."""
    errors: list[str] = []
    count = 0
    headers = {"user-agent": CANARY, f"x-{CANARY}": CANARY, "cookie": f"a={CANARY}", "content-type": CANARY}

    async def ask(client: httpx.AsyncClient, method: str, path: str, **more: Any) -> None:
        nonlocal count
        count += 1
        text = ""
        async with client.stream(method, f"{path}?q={CANARY}", headers=headers, **more) as answer:
            with contextlib.suppress(httpx.RemoteProtocolError):  # a stream that breaks off ends like this
                async for part in answer.aiter_text():
                    text += part
        # An answer is the client's own; its headers, and all that is said of errors, are the gateway's.
        errors.append(str(answer.headers))
        errors.extend(line for line in text.splitlines() if answer.status_code != 200 or '{"error"' in line)

    async with gateway.http() as client, gateway.http(CANARY) as stranger:
        for path in ALL:
            for method in ("GET", "POST", "DELETE"):
                await ask(client, method, path, json=FULL | GENERATE | {"input": PROMPT} if method == "POST" else None)
            await ask(stranger, "POST", path, json=CHAT)
        for path in INFERENCE:
            for stream in (True, False):
                await ask(client, "POST", path, json=FULL | GENERATE | {"input": PROMPT, "stream": stream})
            for odd in ODD:
                await ask(client, "POST", path, content=odd)
    return errors, count


async def send_raw(gateway: GatewayProcess) -> list[str]:
    """Send what no client library sends, and leave in the middle; return what came back."""
    found = []
    head = f"POST /api/chat?{CANARY} HTTP/1.1\r\nauthorization: Bearer {KEY}\r\nx: {CANARY}\r\n"
    for data in (
        f"{CANARY}\r\n\r\n",
        f"GET /{CANARY} {CANARY}\r\n\r\n",
        f"{head}x: {CANARY * 5000}\r\n\r\n",
        f"{head}content-length: {CANARY}\r\n\r\n",
        f"{head}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n{CANARY}\r\n",
    ):
        reader, writer = await asyncio.open_connection("localhost", gateway.port, ssl=gateway.context())
        writer.write(data.encode())
        found.append((await asyncio.wait_for(reader.read(), SECONDS)).decode())
        writer.close()
    _, writer = await asyncio.open_connection("localhost", gateway.port, ssl=gateway.context())
    writer.write(f"{head}content-length: 500\r\n\r\n{PROMPT}".encode())
    await writer.drain()
    writer.transport.abort()
    return found


def speak(fake: FakeOllama, how: str) -> None:
    """Let the model server put the word into everything that it says."""
    line = compact({"model": MODEL, "message": {"role": "assistant", "content": CANARY}, "response": CANARY, "done": False}) + b"\n"
    event = b'data: {"choices":[{"delta":{"content":"%s"}}]}\n\n' % CANARY.encode()

    async def script(asked: Asked, wire: Wire) -> None:
        part = event if asked.path.startswith("/v1/") else line
        error = compact({"error": f"invalid format: {PROMPT}"})
        if how == "answers":
            await wire.raw(document(part))
        elif how == "fails":
            await wire.raw(document(error, 500, more=f"x: {CANARY}\r\n"))
        elif how == "refuses":
            await wire.raw(document(error, 400))
        elif how == "fails in a stream":
            await wire.start()
            await wire.chunk(part)
            await wire.chunk(b"data: " * asked.path.startswith("/v1/") + error + b"\n\n")
            await wire.end()
        elif how == "dies":
            await wire.start()
            await wire.chunk(part + part[:9])
            wire.cut()
        else:
            await wire.raw(f"{CANARY}\r\n\r\n".encode())

    for path in (*INFERENCE, "/api/show", "/v1/models"):
        fake.scripts[path] = script


WAYS = ["answers", "fails", "refuses", "fails in a stream", "dies", "speaks no HTTP"]


async def test_no_word_of_a_request_or_an_answer_is_written_anywhere(tmp_path: Path, fake: FakeOllama) -> None:
    async with start_process(tmp_path, fake) as gateway:
        await gateway.ready()
        errors: list[str] = []
        requests = 0
        for how in WAYS:
            speak(fake, how)
            more, count = await send_all(gateway)
            errors += more
            requests += count
        errors += await send_raw(gateway)
        writer = os.open(gateway.pipe, os.O_RDWR)
        os.write(writer, runtime_lines())
        await until(lambda: "the model server panicked" in gateway.errors.read_text())
        os.close(writer)
        await until(lambda: len(gateway.records()) == requests + 6)
        written = await everything(gateway)

    assert any(CANARY in asked.body.decode() for asked in fake.asked)
    assert len(errors) > requests
    assert leaks(written) + leaks(errors) == []


def runtime_lines() -> bytes:
    time = "time=2026-11-24T23:14:57.385Z level=WARN source=gemma4.go:321"
    lines = [
        f'{time} msg="gemma4 tool call parsing failed" error=x content="{CANARY}"',
        f'{time} msg="invalid option provided" option={CANARY}',
        f'{time} msg="{CANARY}"',
        f'[GIN] 2026/11/24 - 23:15:04 | 200 |  7.01s |  127.0.0.1 | POST "/api/generate?{CANARY}"',
        f"{PROMPT}\nand an answer: {CANARY}",
        f"panic: {CANARY}\n\ngoroutine 1 [running]:\nmain.main({CANARY})",
    ]
    return "\n".join(lines).encode() + b"\n"


CRASHES = """
import assistant_gateway.forward as forward
def crash(*parts): raise RuntimeError(repr(parts))
forward.fields.encode = crash
forward.answer.refused_by_model_server = crash
"""


async def test_no_word_is_written_when_the_gateway_itself_crashes(tmp_path: Path, fake: FakeOllama) -> None:
    async with start_process(tmp_path, fake, prelude=CRASHES) as gateway:
        await gateway.ready()
        errors, requests = await send_all(gateway)
        await until(lambda: len(gateway.records()) == requests)
        written = await everything(gateway)

    assert sum('"exception":"RuntimeError"' in line for line in written) >= len(INFERENCE)
    assert sum("internal_error" in error for error in errors) >= len(INFERENCE)
    assert leaks(written) + leaks(errors) == []


LEAKS = """
import logging
import assistant_gateway.wire.fields as fields
parse = fields.parse
def leak(raw):
    logging.getLogger("assistant_gateway").warning("Got %s.", raw)
    return parse(raw)
fields.parse = leak
"""


async def test_a_leak_would_be_seen(tmp_path: Path, fake: FakeOllama) -> None:
    async with start_process(tmp_path, fake, prelude=LEAKS) as gateway:
        await gateway.ready()
        async with gateway.http() as client:
            await client.post("/api/chat", json=CHAT)
        await until(lambda: len(gateway.records()) == 1)
        written = await everything(gateway)

    assert len(leaks(written)) == 1
