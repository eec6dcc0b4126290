"""A registry in this process, over real sockets: well-behaved by default, and misbehaving in every way that a test asks for."""

import base64
import hashlib
import http.server
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

WEIGHTS = "application/vnd.ollama.image.model"
CONFIG = "application/vnd.docker.container.image.v1+json"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


def digest_of(content: bytes) -> str:
    """Return the digest as registries spell it."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


@dataclass
class Model:
    """A model with real digests; `weights` may be any bytes, for nobody runs it."""

    weights: bytes = b"GGUF" + bytes(range(256)) * 2000
    config: bytes = b'{"model_format":"gguf","model_family":"llama"}'
    template: bytes = b"{{ .Prompt }}"
    changes: dict[str, Any] = field(default_factory=dict)
    """Keys of the manifest that are replaced, to make it wrong."""

    @property
    def blobs(self) -> dict[str, bytes]:
        """Every blob by its digest."""
        return {digest_of(blob): blob for blob in (self.config, self.weights, self.template)}

    @property
    def manifest(self) -> bytes:
        """The manifest's bytes."""
        document = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": layer(CONFIG, self.config),
            "layers": [layer(WEIGHTS, self.weights), layer("application/vnd.ollama.image.template", self.template)],
        }
        return json.dumps(document | self.changes).encode()

    @property
    def digest(self) -> str:
        """The model's digest."""
        return digest_of(self.manifest)

    @property
    def size(self) -> int:
        """Bytes of all blobs."""
        return sum(len(blob) for blob in self.blobs.values())


def layer(media_type: str, content: bytes) -> dict[str, Any]:
    """Return the manifest's entry of a blob."""
    return {"mediaType": media_type, "digest": digest_of(content), "size": len(content)}


@dataclass
class Request:
    """What the registry was asked."""

    path: str
    headers: dict[str, str]
    host: str


@dataclass
class Behaviour:
    """How the registry answers; the defaults are those of an ordinary one."""

    blobs: dict[str, bytes] = field(default_factory=dict)
    manifest: bytes = b""
    manifest_status: int = 200
    manifest_headers: dict[str, str] = field(default_factory=dict)
    ranges: bool = True
    cut_after: list[int] = field(default_factory=list)
    """Blob answers end after so many bytes, one entry an answer; then no more cuts."""
    failures: list[int] = field(default_factory=list)
    """Statuses of the first answers."""
    redirect_blobs: str | None = None
    """Base URL that blob requests are sent to."""
    storage_failures: list[int] = field(default_factory=list)
    """Statuses of the first answers of the storage that blobs are redirected to."""
    bearer: str | None = None
    """Token that is required; got from /token."""
    realm: str | None = None
    basic: tuple[str, str] | None = None
    """Credentials that are required: by /token where bearer is set, else by every request."""
    intercept: Callable[["Handler"], bool] | None = None
    """Answers the request itself and returns True, or leaves it."""


class Handler(http.server.BaseHTTPRequestHandler):
    """One request."""

    server: "Server"
    protocol_version = "HTTP/1.1"
    timeout = 20

    def log_message(self, format: str, *args: object) -> None:
        """Be quiet."""

    def reply(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None, length: int | None = None) -> None:
        """Send a whole answer."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        """Answer as the behaviour says."""
        does = self.server.behaviour
        self.server.requests.append(Request(self.path, dict(self.headers), self.headers.get("Host", "")))
        if does.intercept is not None and does.intercept(self):
            return
        if self.path.startswith("/token"):
            self._token(does)
        elif self.path.startswith("/storage/"):
            if does.storage_failures:
                self.reply(does.storage_failures.pop(0))
            else:
                self._blob(does, self.path.removeprefix("/storage/").partition("?")[0])
        elif does.failures:
            self.reply(does.failures.pop(0))
        elif not self._authorized(does):
            self._challenge(does)
        elif "/manifests/" in self.path:
            self._manifest(does)
        elif "/blobs/" in self.path:
            self._blob_or_redirect(does)
        else:
            self.reply(404)

    def _authorized(self, does: Behaviour) -> bool:
        sent = self.headers.get("Authorization")
        if does.bearer is not None:
            return sent == f"Bearer {does.bearer}"
        return does.basic is None or sent == _basic(does.basic)

    def _challenge(self, does: Behaviour) -> None:
        if does.bearer is None:
            self.reply(401, headers={"WWW-Authenticate": 'Basic realm="models"'})
            return
        realm = does.realm or f"{self.server.url}/token"
        self.reply(401, headers={"WWW-Authenticate": f'Bearer realm="{realm}",service="models",scope="repository:*:push,pull"'})

    def _token(self, does: Behaviour) -> None:
        if does.basic is not None and self.headers.get("Authorization") != _basic(does.basic):
            self.reply(401)
        else:
            self.reply(200, json.dumps({"token": does.bearer}).encode())

    def _manifest(self, does: Behaviour) -> None:
        headers = {"Content-Type": MANIFEST} | does.manifest_headers
        self.reply(does.manifest_status, does.manifest if does.manifest_status == 200 else b"", headers)

    def _blob_or_redirect(self, does: Behaviour) -> None:
        name = self.path.rpartition("/")[2]
        if does.redirect_blobs is not None:
            self.reply(307, headers={"Location": f"{does.redirect_blobs}/storage/{name}?X-Amz-Signature=secret-signature"})
        else:
            self._blob(does, name)

    def _blob(self, does: Behaviour, name: str) -> None:
        content = does.blobs.get(name)
        if content is None:
            self.reply(404)
            return
        start, status = 0, 200
        headers: dict[str, str] = {}
        asked = self.headers.get("Range")
        if asked is not None and does.ranges:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            if start >= len(content):
                self.reply(416)
                return
            status, headers = 206, {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"}
        body = content[start:]
        cut = does.cut_after.pop(0) if does.cut_after else len(body)
        self.reply(status, body[:cut], headers, length=len(body))
        if cut < len(body):
            self.close_connection = True


def _basic(credentials: tuple[str, str]) -> str:
    return "Basic " + base64.b64encode(":".join(credentials).encode()).decode()


class Server(http.server.ThreadingHTTPServer):
    """The registry, with what it was asked."""

    daemon_threads = True

    def __init__(self, behaviour: Behaviour, tls: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.behaviour = behaviour
        self.requests: list[Request] = []
        self.connections = 0
        self.port = int(self.server_address[1])
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self.other_url = f"{'https' if tls else 'http'}://localhost:{self.port}"
        """The same server under another host name."""
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_side=True)

    def verify_request(self, request: object, client_address: object) -> bool:
        """Count the connection; nobody is turned away."""
        self.connections += 1
        return True

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that leave are part of the tests."""

    def name(self, model: str = "tiny:test") -> str:
        """Return a reference to a model in this registry."""
        return f"127.0.0.1:{self.port}/library/{model}"

    def asked(self, part: str) -> list[Request]:
        """Return the requests whose path holds the part."""
        return [request for request in self.requests if part in request.path]


@contextmanager
def registry_server(behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Run a registry while the block runs."""
    server = Server(behaviour, tls)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def serving(model: Model, **behaviour: Any) -> Behaviour:
    """Return the behaviour of a registry that has the model."""
    return Behaviour(**({"blobs": model.blobs, "manifest": model.manifest} | behaviour))


def write_certificate(folder: Path) -> tuple[Path, Path]:
    """Write a self-signed certificate for this machine; returns the files of certificate and key."""
    from datetime import UTC, datetime, timedelta
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test registry")])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "ca.crt", folder / "tls.key"
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return certificate_file, key_file


def tls_server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return the context of a server with this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
