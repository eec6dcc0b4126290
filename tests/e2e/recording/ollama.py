#!/usr/bin/python3
"""Stands in for `ollama serve` where a test has to know what a model is given: every request's bytes go to /tmp/given, as they came.

What it is told last is what it says, in pieces of a few characters where it streams, so that a stand-in is cut wherever it can be. Texts
with words in common get vectors that are near to each other.
"""

import hashlib
import http.client
import http.server
import json
import math
import os
import pathlib
import re
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

GIVEN = pathlib.Path("/tmp/given")
PIECE = 3
DIMENSIONS = 384
WRITING = threading.Lock()


def models() -> list[dict[str, object]]:
    root = pathlib.Path(os.environ["OLLAMA_MODELS"]) / "manifests" / "registry.ollama.ai" / "library"
    return [
        {"name": name, "model": name, "digest": hashlib.sha256(path.read_bytes()).hexdigest()}
        for path in root.glob("*/*")
        for name in [f"{path.parent.name}:{path.name}"]
    ]


def told(asked: dict[str, Any]) -> str:
    """Return the text that was said last to the model."""
    if "messages" not in asked:
        return str(asked.get("prompt", ""))
    content = asked["messages"][-1]["content"]
    return content if isinstance(content, str) else " ".join(part.get("text", "") for part in content)


def vector(text: str) -> list[float]:
    """Return a vector of length 1: of each word, one dimension."""
    counts = [0.0] * DIMENSIONS
    for word in re.findall(r"\w+", text.lower()) or [""]:
        counts[int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big") % DIMENSIONS] += 1
    length = math.hypot(*counts)
    return [count / length for count in counts]


def native(asked: dict[str, Any], text: str, done: bool) -> dict[str, Any]:
    said = {"message": {"role": "assistant", "content": text}} if "messages" in asked else {"response": text}
    return {"model": asked["model"], "created_at": "2026-11-24T23:14:58Z", **said, "done": done}


def openai(asked: dict[str, Any], text: str, done: bool) -> dict[str, Any]:
    name = "delta" if asked.get("stream") else "message"
    choice = {"index": 0, name: {"role": "assistant", "content": text}, "finish_reason": "stop" if done else None}
    head = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1795562051, "model": asked["model"]}
    return head | {"choices": [choice]}


class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        answers = {
            "/api/version": {"version": "0.24.0"},
            "/api/status": {"cloud": {"disabled": True, "source": "env"}},
            "/api/tags": {"models": models()},
        }
        self.document(answers[self.path])

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with WRITING, GIVEN.open("ab") as file:
            file.write(self.path.encode() + b" " + body + b"\n")
        asked = json.loads(body)
        if "input" in asked:
            texts = [asked["input"]] if isinstance(asked["input"], str) else asked["input"]
            self.document({"model": asked["model"], "embeddings": [vector(text) for text in texts]})
        elif self.path.startswith("/v1/"):
            self.say(asked, openai, b"data: %s\n\n", bool(asked.get("stream")), b"data: [DONE]\n\n")
        else:
            self.say(asked, native, b"%s\n", asked.get("stream", True), b"")

    def say(self, asked: dict[str, Any], form: Callable[..., dict[str, Any]], line: bytes, stream: bool, last: bytes) -> None:
        text = told(asked)
        if not stream:
            self.document(form(asked, text, True))
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream" if last else "application/x-ndjson")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for start in range(0, len(text), PIECE):
            self.chunk(line % json.dumps(form(asked, text[start : start + PIECE], False)).encode())
        self.chunk(line % json.dumps(form(asked, "", True)).encode() + last)
        self.chunk(b"")

    def chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def document(self, answer: object) -> None:
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if sys.argv[1:] != ["serve"]:  # `ollama list`, by which the kubelet asks whether the server lives
    http.client.HTTPConnection("127.0.0.1", 11434, timeout=5).connect()
    sys.exit()
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # the first process of a container dies of nothing by default
http.server.ThreadingHTTPServer(("127.0.0.1", 11434), Server).serve_forever()
