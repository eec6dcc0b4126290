"""How far a command is: on its log, and over HTTP for the operator, which writes it into status.

`GET /progress` answers `{"completedBytes", "totalBytes"}`, `GET /livez` that the process is there, everything else 404. Nothing else is
ever served or read; the NetworkPolicy lets the operator alone in.
"""

import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

_log = logging.getLogger(__name__)
_LOG_EVERY: Final = 10.0


class Progress:
    """Bytes that are done, of all bytes. One thread writes, the server's threads read."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.completed_bytes = 0
        self.total_bytes = 0
        self._clock = clock
        self._logged = clock()

    def expect(self, total_bytes: int) -> None:
        """Say how much there is to do, beside what was said before."""
        self.total_bytes += total_bytes

    def advance(self, count: int) -> None:
        """Add what was done, or take back (below zero) what has to be done again."""
        self.completed_bytes = max(0, self.completed_bytes + count)
        now = self._clock()
        if now - self._logged >= _LOG_EVERY:
            self._logged = now
            _log.info("progress", extra={"completedBytes": self.completed_bytes, "totalBytes": self.total_bytes})

    def to_json(self) -> bytes:
        """Return the answer of /progress."""
        return json.dumps({"completedBytes": min(self.completed_bytes, self.total_bytes), "totalBytes": self.total_bytes}).encode()


class _Handler(BaseHTTPRequestHandler):
    server: "_Server"
    timeout = 5
    protocol_version = "HTTP/1.0"  # one request a connection: nothing to keep alive, nothing to exhaust

    def do_GET(self) -> None:
        """Answer the two paths that there are."""
        if self.path == "/progress":
            self._answer(200, self.server.progress.to_json())
        elif self.path == "/livez":
            self._answer(200, b'{"alive": true}')
        else:
            self._answer(404, b'{"error": "not found"}')

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: requests are the operator's, or a stranger's bytes."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], progress: Progress) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.progress = progress
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind without asking any resolver for this machine's name, for both families where the host is `::`."""
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore clients that go away: the base class would print a traceback."""


@contextmanager
def serve(progress: Progress, port: int | None, host: str | None = None) -> Iterator[int | None]:
    """Serve progress while the block runs; yields the port. A port that cannot be had costs the progress, not the pull."""
    server = None if port is None else _bind(progress, port, host)
    if server is None:
        yield None
        return
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.2}, name="progress", daemon=True).start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()


def _bind(progress: Progress, port: int, host: str | None) -> _Server | None:
    for address in ("::", "0.0.0.0") if host is None else (host,):  # noqa: S104 - pods are reached on their own address
        try:
            return _Server((address, port), progress)
        except OSError:
            continue
    _log.warning("progress is not served: the port is taken")
    return None
