"""The operations port: health for kubelet, metrics for Prometheus, decisions for the operator; over plain HTTP, and without any content.

server.py of the package serves it, with its own bounds: whatever clients of the proxy do takes no connection from here.
"""

import selectors
import time
from typing import TYPE_CHECKING, Final

from assistant_egress.proxy.decisions import DECISIONS_PATH, encode_decisions
from assistant_egress.server import Connection, Server
from assistant_egress.wire import Request

if TYPE_CHECKING:
    from assistant_egress.proxy.server import Proxy

HEALTH_PATH: Final = "/healthz"
READY_PATH: Final = "/readyz"
METRICS_PATH: Final = "/metrics"
METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class Ops:
    """Answers about one proxy."""

    def __init__(self, proxy: "Proxy", port: int) -> None:
        """Listen; raises OSError."""
        self.selector = selectors.DefaultSelector()
        self._proxy = proxy
        self._server = Server(port, self.selector, self._handle, time.monotonic)
        self.port = self._server.port

    @property
    def has_connections(self) -> bool:
        """Whether `expire` may have something to do."""
        return self._server.deadline is not None

    def turn(self, _: int = 0) -> None:
        """Do what can be done without waiting."""
        for key, _ in self.selector.select(0):
            key.data()

    def expire(self, now: float) -> None:
        """Close what has had its time."""
        self._server.expire(now)

    def close(self) -> None:
        """Close everything."""
        self._server.close()
        self.selector.close()

    def _handle(self, client: Connection, request: Request) -> None:
        if request.method != "GET":
            client.reply(404)
        elif request.target == HEALTH_PATH:
            client.reply(200)
        elif request.target == READY_PATH:
            client.reply(503 if self._proxy.is_stopping else 200)
        elif request.target == METRICS_PATH:
            client.reply(200, self._proxy.record.page(len(self._proxy.connections)), METRICS_TYPE)
        elif request.target == DECISIONS_PATH:
            client.reply(200, encode_decisions(self._proxy.record.decisions()))
        else:
            client.reply(404)
