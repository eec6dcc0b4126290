"""A scripted model server: what Ollama says on the wire, without a model.

It parses HTTP by hand, on purpose: the gateway's own parser must not be on both sides of a test. test_contract.py asks it and a real
Ollama the same questions.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Self

DIGEST = "a6" * 32
MODEL = "tiny:1b"


@dataclass
class Asked:
    """One request that arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Wire:
    """What a script writes to."""

    writer: asyncio.StreamWriter
    reader: asyncio.StreamReader
    path: str

    async def json(self, value: Any, status: int = 200) -> None:
        """Answer with one document."""
        await self.raw(document(compact(value) + b"\n", status))

    async def raw(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def start(self) -> None:
        """Begin a stream."""
        content_type = "text/event-stream" if self.path.startswith("/v1/") else "application/x-ndjson"
        await self.raw(f"HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ntransfer-encoding: chunked\r\n\r\n".encode())

    async def chunk(self, data: bytes) -> None:
        await self.raw(b"%x\r\n%s\r\n" % (len(data), data))

    async def end(self) -> None:
        await self.raw(b"0\r\n\r\n")

    def cut(self) -> None:
        """Die without a word."""
        self.writer.transport.abort()

    async def gone(self) -> None:
        """Wait until the client closes the connection."""
        try:
            while await self.reader.read(65536):
                pass
        except ConnectionError:
            pass


Script = Callable[[Asked, Wire], Awaitable[None]]


def compact(value: Any) -> bytes:
    """Return JSON as Go writes it: without a space."""
    return json.dumps(value, separators=(",", ":")).encode()


def document(data: bytes, status: int = 200, more: str = "") -> bytes:
    head = f"HTTP/1.1 {status} X\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: {len(data)}\r\n{more}\r\n"
    return head.encode() + data


@dataclass
class FakeOllama:
    """The server; `scripts` answer by path."""

    model: str = MODEL
    digest: str = DIGEST
    version: str = "0.24.0"
    cloud_disabled: object = True
    scripts: dict[str, Script] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    _server: asyncio.Server | None = None
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the port and every connection, as a server that dies does."""
        assert self._server is not None
        self._server.close()
        self.close_connections()
        await self._server.wait_closed()

    def close_connections(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def asked_for(self, path: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.path == path]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            while True:
                asked = await _read(reader)
                self.asked.append(asked)
                usual: Script = getattr(self, "_" + asked.path.strip("/").replace("/", "_"), _missing)
                script = self.scripts.get(asked.path, usual)
                await script(asked, Wire(writer, reader, asked.path))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    # What Ollama answers when no script says otherwise

    async def _api_version(self, asked: Asked, wire: Wire) -> None:
        await wire.json({"version": self.version})

    async def _api_status(self, asked: Asked, wire: Wire) -> None:
        await wire.json({"cloud": {"disabled": self.cloud_disabled, "source": "env"}})

    async def _api_tags(self, asked: Asked, wire: Wire) -> None:
        def entry(name: str, digest: str) -> dict[str, Any]:
            return {"name": name, "model": name, "modified_at": "2026-11-24T23:14:11Z", "size": 98363016, "digest": digest, "details": {}}

        await wire.json({"models": [entry("other:7b", "0f" * 32), entry(self.model, self.digest)]})

    async def _v1_models(self, asked: Asked, wire: Wire) -> None:
        data = [{"id": name, "object": "model", "created": 1795562051, "owned_by": "library"} for name in ("other:7b", self.model)]
        await wire.json({"object": "list", "data": data})

    async def _api_show(self, asked: Asked, wire: Wire) -> None:
        modelfile = f"# {self.model}\nFROM /models/blobs/sha256-00\nPARAMETER seed 1\n"
        await wire.json({"modelfile": modelfile, "details": {"format": "gguf"}, "model_info": {}, "capabilities": ["completion"]})

    async def _api_chat(self, asked: Asked, wire: Wire) -> None:
        await self._native(asked, wire, lambda text: {"message": {"role": "assistant", "content": text}})

    async def _api_generate(self, asked: Asked, wire: Wire) -> None:
        await self._native(asked, wire, lambda text: {"response": text})

    async def _native(self, asked: Asked, wire: Wire, piece: Callable[[str], dict[str, Any]]) -> None:
        head = {"model": self.model, "created_at": "2026-11-24T23:14:58.611222393Z"}
        end = {"done": True, "done_reason": "stop", "total_duration": 5, "prompt_eval_count": 11, "eval_count": 2, "eval_duration": 3}
        if asked.json.get("stream") is False:
            await wire.json(head | piece("Hello world") | end)
            return
        await wire.start()
        for text in ("Hello", " world"):
            await wire.chunk(compact(head | piece(text) | {"done": False}) + b"\n")
        await wire.chunk(compact(head | piece("") | end) + b"\n")
        await wire.end()

    async def _api_embed(self, asked: Asked, wire: Wire) -> None:
        await wire.json({"model": self.model, "embeddings": [[0.25, -0.5]], "total_duration": 5, "prompt_eval_count": 3})

    async def _v1_embeddings(self, asked: Asked, wire: Wire) -> None:
        data = [{"object": "embedding", "embedding": [0.25, -0.5], "index": 0}]
        answer = {"object": "list", "data": data, "model": self.model, "usage": {"prompt_tokens": 3, "total_tokens": 3}}
        await wire.raw(document(compact(answer)))

    async def _v1_chat_completions(self, asked: Asked, wire: Wire) -> None:
        await self._openai(asked, wire, "message", "delta", lambda text: {"role": "assistant", "content": text})

    async def _v1_completions(self, asked: Asked, wire: Wire) -> None:
        await self._openai(asked, wire, "text", "text", lambda text: text)

    async def _openai(self, asked: Asked, wire: Wire, whole: str, part: str, piece: Callable[[str], Any]) -> None:
        usage = {"prompt_tokens": 11, "completion_tokens": 2, "total_tokens": 13}
        head = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1795562051, "model": self.model, "system_fingerprint": "fp"}

        def dump(value: dict[str, Any]) -> bytes:
            return compact(head | value)

        if not asked.json.get("stream"):
            choice = {"index": 0, whole: piece("Hello world"), "finish_reason": "stop"}
            await wire.raw(document(dump({"choices": [choice], "usage": usage})))
            return
        await wire.start()
        for text in ("Hello", " world"):
            await wire.chunk(b"data: %s\n\n" % dump({"choices": [{"index": 0, part: piece(text), "finish_reason": None}]}))
        await wire.chunk(b"data: %s\n\n" % dump({"choices": [{"index": 0, part: piece(""), "finish_reason": "stop"}]}))
        if (asked.json.get("stream_options") or {}).get("include_usage"):
            await wire.chunk(b"data: %s\n\n" % dump({"choices": [], "usage": usage}))
        await wire.chunk(b"data: [DONE]\n\n")
        await wire.end()


async def _missing(asked: Asked, wire: Wire) -> None:
    await wire.raw(document(b"404 page not found", 404))


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    method, path, _ = head[0].split(" ")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in head[1:] if line)}
    return Asked(method, path, headers, await reader.readexactly(int(headers.get("content-length", "0"))))
