"""The model registries: a models folder served as Ollama's client and ours expect it.

Behaves like the public one where it matters: manifests as they lie in the folder (so their digest is known), blobs with ranges, and
downloads redirected to another host. Control (world.py) slows it down, cuts it, spoils it. Every request is recorded.
"""

import base64
import hashlib
import http.server
import os
import re
import socketserver
import ssl
import time
from http import HTTPStatus
from pathlib import Path
from typing import Any, BinaryIO

from tests.cluster.outside.world import PASSWORD, PUBLIC_BLOBS, PUBLIC_REGISTRY, USER, Control, Journal, Outside

MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
ROUTE = re.compile(r"^/v2/([A-Za-z0-9_.-]+)/([A-Za-z0-9_.-]+)/(manifests|blobs)/([A-Za-z0-9_.:-]+)$")
DIGEST = re.compile(r"^sha256:[0-9a-f]{64}$")
BLOCK = 1 << 16
SPOIL_FROM = 1 << 20
AUTHORIZED = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


class Registry(http.server.ThreadingHTTPServer):
    """One listening address; several share the models, the control file and the journal."""

    daemon_threads = True
    allow_reuse_port = True

    def __init__(
        self, address: tuple[str, int], outside: Outside, journal: Journal, *, tls: bool = False, credentials: bool = False
    ) -> None:
        self.outside, self.journal, self.credentials, self.tls = outside, journal, credentials, tls
        super().__init__(address, Handler)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(outside.folder / "server.crt", outside.folder / "server.key")
            # The handshake is left to the connection's own thread: a client that never speaks must not hold up the others.
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def server_bind(self) -> None:
        """Bind without HTTPServer's question for the address's name: out here nobody answers it, and it waits long for that."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away are part of the tests."""


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    timeout = 60
    server: Registry

    def log_message(self, format: str, *args: Any) -> None:
        """The journal says it."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        control = self.server.outside.control()
        if control.broken:
            return self._send(HTTPStatus.SERVICE_UNAVAILABLE, _error("UNAVAILABLE"))
        if self.server.credentials and self.headers.get("Authorization") != AUTHORIZED:
            return self._send(HTTPStatus.UNAUTHORIZED, _error("UNAUTHORIZED"), {"WWW-Authenticate": 'Basic realm="models"'})
        if self.path in ("/v2", "/v2/"):
            return self._send(HTTPStatus.OK, b"{}")
        match = ROUTE.match(self.path)
        if match is None:
            return self._send(HTTPStatus.NOT_FOUND, _error("NAME_UNKNOWN"))
        namespace, model, kind, reference = match.groups()
        if kind == "manifests":
            return self._manifest(namespace, model, control.moved_to or reference)
        return self._blob(reference, control)

    def _manifest(self, namespace: str, model: str, reference: str) -> None:
        folder = self.server.outside.models / "manifests" / PUBLIC_REGISTRY / namespace / model
        body = _by_digest(folder, reference) if DIGEST.match(reference) else _read(folder / reference)
        if body is None:
            return self._send(HTTPStatus.NOT_FOUND, _error("MANIFEST_UNKNOWN"))
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        return self._send(HTTPStatus.OK, body, {"Content-Type": MANIFEST_TYPE, "Docker-Content-Digest": digest})

    def _blob(self, reference: str, control: Control) -> None:
        path = self.server.outside.models / "blobs" / reference.replace(":", "-")
        if not DIGEST.match(reference) or not path.is_file():
            return self._send(HTTPStatus.NOT_FOUND, _error("BLOB_UNKNOWN"))
        if self.server.tls and control.redirect and self.headers.get("Host", "") == PUBLIC_REGISTRY:
            return self._send(HTTPStatus.TEMPORARY_REDIRECT, b"", {"Location": f"https://{PUBLIC_BLOBS}{self.path}"})
        with path.open("rb") as file:
            return self._content(file, reference, control)

    def _content(self, file: BinaryIO, reference: str, control: Control) -> None:
        size = os.fstat(file.fileno()).st_size
        first, last, status = 0, size - 1, HTTPStatus.OK
        # Location with a 200 is how the public registry tells its client that no further redirect follows.
        headers = {
            "Content-Type": "application/octet-stream",
            "Docker-Content-Digest": reference,
            "Accept-Ranges": "bytes",
            "Location": self.path,
        }
        if wanted := re.match(r"^bytes=(\d+)-(\d*)$", self.headers.get("Range", "")):
            first, last, status = int(wanted[1]), min(int(wanted[2] or size - 1), size - 1), HTTPStatus.PARTIAL_CONTENT
            if first > last:
                return self._send(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, b"", {"Content-Range": f"bytes */{size}"})
            headers["Content-Range"] = f"bytes {first}-{last}/{size}"
        self._head(status, headers | {"Content-Length": str(last - first + 1)})
        sent = 0
        if self.command == "GET":
            try:
                sent = self._stream(file, first, last + 1, size // 2 if control.corrupt and size > SPOIL_FROM else -1, control)
            except OSError:
                self.close_connection = True
        self._note(status, sent)
        return None

    def _stream(self, file: BinaryIO, position: int, end: int, spoiled: int, control: Control) -> int:
        """Send bytes up to the end; return how many."""
        file.seek(position)
        start = position
        while position < end:
            block = bytearray(file.read(min(BLOCK, end - position)))
            if control.cut_after and position - start + len(block) > control.cut_after:
                self.close_connection = True
                break
            if position <= spoiled < position + len(block):
                block[spoiled - position] ^= 0xFF
            self.wfile.write(block)
            position += len(block)
            if control.rate:
                time.sleep(len(block) / control.rate)
                control = self.server.outside.control()  # a test may let it go on faster
        return position - start

    def _send(self, status: HTTPStatus, body: bytes, headers: dict[str, str] | None = None) -> None:
        self._head(status, {"Content-Type": "application/json", "Content-Length": str(len(body)), **(headers or {})})
        if self.command == "GET":
            self.wfile.write(body)
        self._note(status, len(body))

    def _head(self, status: HTTPStatus, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _note(self, status: HTTPStatus, size: int) -> None:
        self.server.journal.note(
            time=time.time(),
            source=self.client_address[0],
            port=self.server.server_address[1],
            host=self.headers.get("Host", ""),
            method=self.command,
            path=self.path,
            status=int(status),
            bytes=size,
            agent=self.headers.get("User-Agent", ""),
            authorized="Authorization" in self.headers,
        )


def _error(code: str) -> bytes:
    return b'{"errors":[{"code":"%s","message":"%s"}]}' % (code.encode(), code.lower().replace("_", " ").encode())


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _by_digest(folder: Path, digest: str) -> bytes | None:
    for path in sorted(folder.glob("*")):
        body = path.read_bytes()
        if hashlib.sha256(body).hexdigest() == digest.removeprefix("sha256:"):
            return body
    return None
