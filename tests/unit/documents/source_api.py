"""The gateway's source API in memory, over TLS, and the contract that both it and the real gateway keep."""

import hashlib
import http.client
import http.server
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from tests.unit.model.registry_server import tls_server_context, write_certificate

KEY = "ingest-key"


@dataclass(frozen=True, slots=True)
class Request:
    """One request, as it came."""

    method: str
    path: str
    locator: str | None
    connection: int
    body: bytes


@dataclass
class Gateway:
    """What the store holds, what was asked, and what a test has it do instead of answering."""

    source: str = "handbook"
    key: str = KEY
    max_bytes: int | None = None
    documents: dict[str, bytes] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)
    connections: int = 0
    most_at_once: int = 0
    at_once: int = 0
    open: int = 0
    """Connections that are being served: with none, nothing is under way any more."""
    intercept: "Callable[[Handler, Request], bool] | None" = None
    """Called for each request that came whole; True where it has dealt with it."""
    before_body: "Callable[[Handler], bool] | None" = None
    lock: threading.Lock = field(default_factory=threading.Lock)
    url: str = ""
    authority: Path = Path()
    key_file: Path = Path()

    def asked(self, method: str) -> list[str | None]:
        """Return the locators that a method was used on."""
        return [request.locator for request in self.requests if request.method == method]


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers as the gateway does."""

    server: "Server"
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    number = 0

    def setup(self) -> None:
        """Count the connection."""
        super().setup()
        with self.server.gateway.lock:
            self.server.gateway.connections += 1
            self.number = self.server.gateway.connections
            self.server.gateway.open += 1

    def finish(self) -> None:
        """Count it out."""
        try:
            super().finish()
        finally:
            with self.server.gateway.lock:
                self.server.gateway.open -= 1

    def handle_one(self) -> None:
        """Answer one request, whatever its method."""
        gateway = self.server.gateway
        with gateway.lock:
            gateway.at_once += 1
            gateway.most_at_once = max(gateway.most_at_once, gateway.at_once)
        try:
            if gateway.before_body is not None and gateway.before_body(self):
                return
            self._whole(gateway)
        finally:
            with gateway.lock:
                gateway.at_once -= 1

    do_GET = do_PUT = do_DELETE = do_POST = handle_one  # noqa: N815 - the base class finds them by these names

    def _whole(self, gateway: Gateway) -> None:
        size = int(self.headers.get("Content-Length", "0"))
        body = self.rfile.read(size)
        if len(body) < size:
            self.close_connection = True  # the client gave up: nothing of it is kept
            return
        parts = urlsplit(self.path)
        locator = parse_qs(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query), errors="strict").get("locator", [None])[0]
        request = Request(self.command, parts.path, locator, self.number, body)
        with gateway.lock:
            gateway.requests.append(request)
        if gateway.intercept is None or not gateway.intercept(self, request):
            self._serve(gateway, request)

    def _serve(self, gateway: Gateway, request: Request) -> None:
        if self.headers.get("Authorization") != f"Bearer {gateway.key}":
            self.refuse(401, "wrong_key")
        elif not request.path.startswith(f"/v1/sources/{gateway.source}/"):
            self.refuse(404, "not_found")
        else:
            with gateway.lock:
                self._known(gateway, request, request.path.rpartition("/")[2])

    def _known(self, gateway: Gateway, request: Request, what: str) -> None:
        if (request.method, what) == ("GET", "documents"):
            data = [{"locator": name, "sha256": _sha256(content), "id": "x"} for name, content in gateway.documents.items()]
            self.answer({"data": data} | ({} if gateway.max_bytes is None else {"maxBytes": gateway.max_bytes}))
        elif (request.method, what) == ("PUT", "document") and request.locator:
            same = gateway.documents.get(request.locator) == request.body
            gateway.documents[request.locator] = request.body
            self.answer({"status": "unchanged" if same else "stored", "chunks": 1 + len(request.body) // 800})
        elif (request.method, what) == ("DELETE", "document") and request.locator in gateway.documents:
            del gateway.documents[request.locator]
            self.answer({"status": "deleted"})
        elif (request.method, what) == ("POST", "runs") and json.loads(request.body).get("state") in ("started", "finished"):
            gateway.runs.append(json.loads(request.body))
            self.answer({"status": "noted"})
        else:
            self.refuse(404, "not_found")

    def refuse(self, status: int, code: str, **headers: str) -> None:
        """Answer with an error."""
        self.answer({"error": {"message": "constant", "type": "t", "param": None, "code": code}}, status, **headers)

    def answer(self, body: dict[str, Any], status: int = 200, **headers: str) -> None:
        """Answer with JSON."""
        content = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


class Server(http.server.ThreadingHTTPServer):
    """The gateway's port."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, gateway: Gateway, tls: ssl.SSLContext, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.gateway = gateway
        self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that leave are part of the tests."""


@contextmanager
def serving(gateway: Gateway, folder: Path, port: int = 0) -> Iterator[Gateway]:
    """Serve the source API while the block runs; the folder gets certificate and key."""
    if not (folder / "ca.crt").exists():
        write_certificate(folder)
    gateway.authority, gateway.key_file = folder / "ca.crt", folder / "api-key"
    gateway.key_file.write_text(f"{gateway.key}\n")
    server = Server(gateway, tls_server_context(folder / "ca.crt", folder / "tls.key"), port)
    gateway.url = f"https://localhost:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield gateway
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def check_source_api(url: str, authority: Path, key: str, source: str) -> None:
    """Go through the contract that an ingestion relies on; raises AssertionError. The source has to be empty and is left so."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    connection = http.client.HTTPSConnection(
        parts.hostname, parts.port or 443, context=ssl.create_default_context(cafile=str(authority)), timeout=120
    )
    headers = {"Authorization": f"Bearer {key}"}

    def ask(method: str, path: str, body: bytes | None = None, **more: str) -> tuple[int, Any]:
        connection.request(method, f"/v1/sources/{path}", body, headers | {name.replace("_", "-"): value for name, value in more.items()})
        response = connection.getresponse()
        content = response.read()
        assert not response.will_close, "connections are kept"
        return response.status, json.loads(content) if content else None

    def held() -> dict[str, str]:
        status, body = ask("GET", f"{source}/documents")
        assert status == 200
        return {item["locator"]: item["sha256"] for item in body["data"]}

    names = ["plain.md", "folder/with space & more?=#%.txt", "ünïcode/☃.md"]
    contents = {name: f"# Heading\n\nThe words of number {n}.\n".encode() for n, name in enumerate(names)}
    assert held() == {}
    assert (
        ask("POST", f"{source}/runs", b'{"state": "started", "documents": 0, "chunks": 0, "failed": {}}', content_type="application/json")[
            0
        ]
        == 200
    )
    for name, content in contents.items():
        place = f"{source}/document?locator={quote(name, safe='/')}"
        status, body = ask("PUT", place, content, content_type="text/markdown")
        assert (status, body["status"]) == (200, "stored")
        assert body["chunks"] >= 1
        status, body = ask("PUT", place, content, content_type="text/markdown")
        assert (status, body["status"]) == (200, "unchanged")
    assert held() == {name: _sha256(content) for name, content in contents.items()}
    status, body = ask("PUT", f"{source}/document?locator=plain.md", b"Other words.\n", content_type="application/octet-stream")
    assert (status, body["status"]) == (200, "stored")
    assert held()["plain.md"] == _sha256(b"Other words.\n")
    for name in names:
        assert ask("DELETE", f"{source}/document?locator={quote(name, safe='/')}", content_length="0")[0] == 200
    status, body = ask("DELETE", f"{source}/document?locator=plain.md")
    assert (status, body["error"]["code"]) == (404, "not_found")
    assert (
        ask(
            "POST",
            f"{source}/runs",
            b'{"state": "finished", "documents": 3, "chunks": 3, "failed": {"Broken": 1}}',
            content_type="application/json",
        )[0]
        == 200
    )
    assert held() == {}
    assert ask("GET", "no-such-source/documents")[0] == 404
    connection.close()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
