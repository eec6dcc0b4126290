#!/usr/bin/python3
"""Stands in for `ollama serve`: tries to leave the pod from its first instruction on, and serves well enough to become Ready.

Its targets are those of tests/cluster/node/addresses.py. The outcomes of each path are counted in /tmp/tried.json:
{name: {"open": n, "refused": n, "blocked": n}}.
"""

import collections
import hashlib
import http.client
import http.server
import json
import os
import pathlib
import socket
import sys
import threading
import time

TARGETS = {
    "outside-tcp": (socket.SOCK_STREAM, "198.51.100.10", 443),
    "outside-http": (socket.SOCK_STREAM, "198.51.100.10", 5000),
    "outside-udp": (socket.SOCK_DGRAM, "198.51.100.10", 53),
    "metadata": (socket.SOCK_STREAM, "169.254.169.254", 80),
    "dns-service": (socket.SOCK_DGRAM, "10.96.0.10", 53),
    "api-service": (socket.SOCK_STREAM, "10.96.0.1", 443),
    "api-node": (socket.SOCK_STREAM, "203.0.113.2", 6443),
    "kubelet": (socket.SOCK_STREAM, "203.0.113.2", 10250),
}
QUERY = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x08registry\x06ollama\x02ai\x00\x00\x01\x00\x01"
TRIED = pathlib.Path("/tmp/tried.json")


def attempt(kind: socket.SocketKind, host: str, port: int) -> str:
    with socket.socket(socket.AF_INET, kind) as connection:
        connection.settimeout(0.5)
        try:
            connection.connect((host, port))
            if kind == socket.SOCK_DGRAM:
                connection.send(QUERY)
                connection.recv(512)
        except ConnectionRefusedError:
            return "refused"
        except OSError:
            return "blocked"
        return "open"


def keep_trying() -> None:
    tried: dict[str, collections.Counter[str]] = {name: collections.Counter() for name in TARGETS}
    while True:
        for name, target in TARGETS.items():
            tried[name][attempt(*target)] += 1
        partial = TRIED.with_suffix(".partial")
        partial.write_text(json.dumps(tried))
        partial.replace(TRIED)
        time.sleep(0.05)  # a pace, not a wait: the gateway shares the core


def models() -> list[dict[str, object]]:
    root = pathlib.Path(os.environ["OLLAMA_MODELS"]) / "manifests" / "registry.ollama.ai" / "library"
    return [
        {
            "name": f"{path.parent.name}:{path.name}",
            "model": f"{path.parent.name}:{path.name}",
            "digest": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        for path in root.glob("*/*")
    ]


class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        answers: dict[str, object] = {
            "/api/version": {"version": "0.24.0"},
            "/api/status": {"cloud": {"disabled": True, "source": "env"}},
            "/api/tags": {"models": models()},
        }
        body = json.dumps(answers.get(self.path, {"model": "", "response": "", "done": True})).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = answer  # noqa: N815 - names that http.server calls


if sys.argv[1:] != ["serve"]:  # `ollama list`, by which the kubelet asks whether the server lives
    http.client.HTTPConnection("127.0.0.1", 11434, timeout=5).connect()
    sys.exit()
threading.Thread(target=keep_trying, daemon=True).start()
http.server.ThreadingHTTPServer(("127.0.0.1", 11434), Server).serve_forever()
