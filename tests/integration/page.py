"""What the operator is told by the gateways' pods, over HTTP as in life: every pod has the same page."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from assistant_operator.reconcile.asking import gateways, polling
from tests.integration.running import Running

WELL: dict[str, Any] = {
    "revision": "r",
    "store": {"fault": None},
    "retention": {"lastPurge": "2026-01-01T00:00:00Z", "purged": 0, "oldest": None, "isLate": False, "kek": "k0001", "toRewrap": 0},
    "sources": {},
    "index": None,
}


class Page(BaseHTTPRequestHandler):
    """A gateway's /status."""

    told: dict[str, Any] = WELL
    asked = 0

    def do_GET(self) -> None:
        type(self).asked += 1
        self.send_response(200 if self.path == "/status" else 404)
        self.end_headers()
        self.wfile.write(json.dumps(self.told).encode())

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Page]]:
    """Serve the page, and let operators ask for it often."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(polling.HttpAsk.__init__, "__defaults__", (server.server_address[1], polling.TIMEOUT, polling.AT_ONCE))
    monkeypatch.setattr(Running, "asks_gateways", True)
    monkeypatch.setattr(gateways, "INTERVAL", 0.1)
    monkeypatch.setattr(gateways, "PATIENCE", 2.0)
    Page.told, Page.asked = WELL, 0
    yield Page
    server.shutdown()
    server.server_close()
