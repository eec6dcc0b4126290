"""The web server that a host name of an allow-list leads to: over HTTPS alone, on a public address, under several names.

Answers every request with the name that was asked for in the handshake and the one in the Host header. Each connection is recorded when it
ends: whether its client ever said anything, which name it gave, and how many requests came.
"""

import http.client
import json
import socket
import socketserver
import ssl
import time
from dataclasses import asdict, dataclass

from tests.cluster.outside.world import Journal, Outside

PATIENCE = 120.0


@dataclass
class Seen:
    """One connection."""

    time: float
    """When it began."""
    source: str
    spoke: bool = False
    """A byte came, of whatever."""
    name: str = ""
    """Of the handshake (SNI)."""
    requests: int = 0


class Hosts(socketserver.ThreadingTCPServer):
    """One listening address."""

    daemon_threads = True
    allow_reuse_port = True

    def __init__(self, address: tuple[str, int], outside: Outside, journal: Journal) -> None:
        self.outside, self.journal = outside, journal
        super().__init__(address, Handler)

    def context(self, seen: Seen) -> ssl.SSLContext:
        """Return what makes the handshake of one connection, and notes the name that comes in it."""

        def note(_connection: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
            seen.name = name or ""

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.outside.folder / "server.crt", self.outside.folder / "server.key")
        context.sni_callback = note
        return context


class Handler(socketserver.BaseRequestHandler):
    """One connection."""

    server: Hosts
    request: socket.socket

    def handle(self) -> None:
        seen = Seen(time.time(), self.client_address[0])
        try:
            self._serve(seen)
        except OSError:  # clients that go away, and what is no TLS, are part of the tests
            pass
        finally:
            self.server.journal.note(**asdict(seen))

    def _serve(self, seen: Seen) -> None:
        self.request.settimeout(PATIENCE)
        if not self.request.recv(1, socket.MSG_PEEK):
            return
        seen.spoke = True
        with self.server.context(seen).wrap_socket(self.request, server_side=True) as secured, secured.makefile("rb") as lines:
            while lines.readline(4096).strip():
                host = http.client.parse_headers(lines)["Host"]
                seen.requests += 1
                body = json.dumps({"name": seen.name, "host": host}).encode()
                secured.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
