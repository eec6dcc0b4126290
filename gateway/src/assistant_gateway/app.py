"""The ASGI application: one path that every request takes, whatever its route and wire format.

TLS -> key -> route -> limits -> the model server (forward.py) or what the assistant keeps (local.py) -> answer. `Gateway.__call__` is the
middleware around it all: what it does on the way out (the record, the metrics) happens on success, refusal, failure and disconnect alike,
once.
"""

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any

from assistant_gateway import forward, local, record, routes
from assistant_gateway.errors import CODES, RefusalError
from assistant_gateway.metrics import Metrics
from assistant_gateway.neighbours.upstream import Upstream
from assistant_gateway.protocol import body
from assistant_gateway.protocol.call import JSON, Call, Send
from assistant_gateway.protocol.limits import Limiter
from assistant_gateway.protocol.routing import Table
from assistant_gateway.protocol.server import REFUSAL
from assistant_gateway.record import Records
from assistant_gateway.snapshot import Current

if TYPE_CHECKING:
    from assistant_gateway.memory import Memory

logger = logging.getLogger(__name__)


class Gateway:
    """The application."""

    memory: "Memory | None" = None
    """What the assistant keeps; lifecycle.py sets it where the policy names a store."""

    def __init__(
        self,
        current: Current,
        upstream: Upstream,
        records: Records,
        metrics: Metrics,
        limiter: Limiter | None = None,
        table: Table | None = None,
    ) -> None:
        self.current = current
        self.upstream = upstream
        self.records = records
        self.metrics = metrics
        self.limiter = limiter or Limiter()
        self.table = table or routes.table(current.snapshot.policy)

    async def __call__(self, scope: dict[str, Any], receive: body.Receive, send: Send) -> None:
        """Serve one request and leave one record of it."""
        call = Call(scope, receive, send)
        exchange = call.exchange
        self.metrics.began()
        try:
            try:
                await self._serve(call)
                exchange.outcome = record.COMPLETED
            except RefusalError as refusal:
                await self._refuse(call, refusal)
        except (asyncio.CancelledError, body.ClientGoneError) as error:
            await self._interrupted(call, error)
        except Exception as error:
            logger.exception("A request crashed.", extra={"fields": {"request_id": exchange.request_id, "route": exchange.route}})
            await self._crashed(call, error)
        finally:
            call.peer.when_gone(None)
            exchange.ended = time.perf_counter()
            self.records.write(exchange)
            self.metrics.ended(exchange)

    async def _serve(self, call: Call) -> None:
        exchange = call.exchange
        snapshot = self.current.snapshot
        exchange.policy_generation = snapshot.policy.generation
        exchange.policy_revision = snapshot.revision
        refusal = call.scope.get(REFUSAL)
        if refusal is not None:
            raise refusal
        path = call.scope["path"]
        place = self.table.find(path) or self.table.match(call.scope["raw_path"])
        if place is not None:
            exchange.route = place.name
        call.identity = identity = snapshot.keys.identify(call.headers)
        exchange.key = identity.key
        exchange.subject = identity.subject
        if place is None:
            raise RefusalError(self.table.lacking(path))
        route = routes.check(place, exchange.method, path, snapshot.rules)
        if call.scope["http_version"] != "1.1":
            raise RefusalError("invalid_http", "Only HTTP/1.1 is served.")
        limits = snapshot.policy.limits
        if identity.role != local.INGEST:
            self.limiter.spend(identity.key, limits.requests_per_minute)
        elif route.needs != local.SOURCE:
            raise RefusalError("wrong_role")
        self.limiter.enter(limits.concurrent_requests)
        try:
            if not self.current.ready or self.records.fault is not None:
                raise RefusalError("not_ready", headers=[(b"retry-after", b"2")])
            if route.handler is None:
                await forward.serve(call, route, snapshot, self.upstream, self.memory)
            else:
                await local.serve(call, place, route, snapshot, self.memory)
        finally:
            self.limiter.leave()

    async def _refuse(self, call: Call, refusal: RefusalError) -> None:
        """Answer with an error in the client's wire format, in whatever state the answer is."""
        exchange = call.exchange
        exchange.code = refusal.code
        if exchange.outcome != record.UPSTREAM_LOST:
            exchange.outcome = record.REFUSED if refusal.status < 500 and not call.started else record.FAILED
        if refusal.code == "client_stalled":
            exchange.outcome = record.CLIENT_GONE
            call.peer.abort()
            return
        try:
            await self._tell(call, refusal)
        except RefusalError:  # nor does the client read what it is told
            call.peer.abort()

    async def _tell(self, call: Call, refusal: RefusalError) -> None:
        if not call.started:
            await self._send_error(call, refusal)
        elif call.exchange.stream:
            await call.send(call.wire.stream_error(refusal.code, refusal.text, refusal.status), more=True)
            call.peer.break_off()
        else:
            call.peer.abort()

    async def _send_error(self, call: Call, refusal: RefusalError) -> None:
        data = call.wire.error(refusal.code, refusal.text, refusal.status, refusal.param)
        if not call.peer.body_complete and body.is_small(call.headers):
            await body.linger(call.receive, call.peer)  # headers and body came in two packets: no reason to give the connection up
        if call.peer.body_complete:
            await call.answer(refusal.status, data, refusal.headers)
            return
        # The client is still sending: it reads the answer, and the connection ends, rather than that all of it is taken in.
        closing = [(b"content-length", b"%d" % len(data)), (b"connection", b"close")]
        await call.start(refusal.status, JSON, [*refusal.headers, *closing])
        await call.send(data, more=True)
        await body.linger(call.receive, call.peer)
        await call.send(b"", more=False)

    async def _interrupted(self, call: Call, error: BaseException) -> None:
        exchange = call.exchange
        if call.gone or isinstance(error, body.ClientGoneError):
            exchange.outcome, exchange.code = record.CLIENT_GONE, "client_gone"
            exchange.status = exchange.status or CODES["client_gone"].status
            return
        await self._refuse(call, RefusalError("shutting_down"))  # the drain is over

    async def _crashed(self, call: Call, error: Exception) -> None:
        exchange = call.exchange
        exchange.outcome, exchange.code = record.FAILED, "internal_error"
        if call.started:
            call.peer.abort()
            return
        try:
            await self._send_error(call, RefusalError("internal_error"))
        except Exception:
            call.peer.abort()
