"""The operations port: /livez, /readyz, /status and /metrics over plain HTTP for the kubelet, the operator and Prometheus; no content."""

from typing import TYPE_CHECKING, Any, Final

import orjson

from assistant_gateway import metrics
from assistant_gateway.metrics import Metrics
from assistant_gateway.neighbours.readiness import Readiness
from assistant_gateway.protocol.body import Receive
from assistant_gateway.protocol.call import JSON, Send
from assistant_gateway.protocol.server import PEER
from assistant_gateway.snapshot import Current

if TYPE_CHECKING:
    from assistant_gateway.memory import Memory
    from assistant_gateway.redaction.proving.selfcheck import SelfCheck

KEEPS_NOTHING: Final[dict[str, Any]] = {"store": None, "retention": None, "sources": {}, "index": None}


class Ops:
    """The application of the operations port."""

    def __init__(
        self,
        readiness: Readiness,
        gateway_metrics: Metrics,
        current: Current,
        memory: "Memory | None" = None,
        redaction: "SelfCheck | None" = None,
    ) -> None:
        self._readiness = readiness
        self._metrics = gateway_metrics
        self._current = current
        self._memory = memory
        self._redaction = redaction

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        del scope[PEER]  # see call.py
        status, kind, data = await self._answer(scope["path"])
        headers = [(b"content-type", kind), (b"content-length", b"%d" % len(data))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": data})

    async def _answer(self, path: str) -> tuple[int, bytes, bytes]:
        if path == "/livez":
            return 200, JSON, b'{"live":true}'
        if path == "/readyz":
            reasons = self._reasons()
            policy = self._current.snapshot.policy
            page = {"ready": not reasons, "reasons": reasons, "generation": policy.generation, "revision": self._current.snapshot.revision}
            return 503 if reasons else 200, JSON, orjson.dumps(page)
        if path == "/status":
            kept = KEEPS_NOTHING if self._memory is None else await self._memory.status()
            shown = None if self._redaction is None else self._redaction.status()
            waits_for = next(iter(self._reasons()), None)
            page = {"revision": self._current.snapshot.revision, "waitsFor": waits_for, **kept, "redaction": shown}
            return 200, JSON, orjson.dumps(page)
        if path == "/metrics":
            return 200, metrics.CONTENT_TYPE, self._metrics.page()
        return 404, JSON, b'{"error":"not found"}'

    def _reasons(self) -> list[dict[str, str]]:
        return [{"reason": reason.reason, "message": reason.message} for reason in self._readiness.reasons]
