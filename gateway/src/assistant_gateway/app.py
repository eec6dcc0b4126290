"""The ASGI application: one path that every request takes, whatever its route and wire format.

TLS -> key -> route -> limits -> body -> model server -> answer. `Gateway.__call__` is the middleware around it all: what
it does on the way out (the record, the metrics) happens on success, refusal, failure and disconnect alike, once.
"""

import asyncio
import logging
import time
from typing import Any, Final

import orjson

from assistant_gateway import answer, body, record, routes
from assistant_gateway.answer import Events, StreamBrokenError
from assistant_gateway.call import JSON, Call, Send
from assistant_gateway.errors import CODES, RefusalError
from assistant_gateway.limits import Limiter
from assistant_gateway.metrics import Metrics
from assistant_gateway.record import Records
from assistant_gateway.routes import Route
from assistant_gateway.server import REFUSAL
from assistant_gateway.snapshot import Current, Snapshot
from assistant_gateway.upstream import (
    Connection,
    Upstream,
    UpstreamError,
    UpstreamLostError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)
from assistant_gateway.wire import fields

WHOLE_BYTES: Final = 1024 * 1024
"""Answers up to this size are sent as a whole, with their length; larger ones pass through."""
RESHAPED_BYTES: Final = 64 * 1024 * 1024
FIRST_BYTE_SECONDS = 600.0
"""Longest wait for an answer's beginning: it may stand in the model server's queue, and the model may have to be loaded."""
NEXT_BYTE_SECONDS = 300.0

logger = logging.getLogger(__name__)


class Gateway:
    """The application."""

    def __init__(self, current: Current, upstream: Upstream, records: Records, metrics: Metrics, limiter: Limiter | None = None) -> None:
        self.current = current
        self.upstream = upstream
        self.records = records
        self.metrics = metrics
        self.limiter = limiter or Limiter()

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
        route = routes.find(path)
        if route is not None:
            exchange.route = route.name
        identity = snapshot.keys.identify(call.headers)
        exchange.key = identity.key
        exchange.subject = identity.subject
        route = routes.check(route, exchange.method, path, snapshot.rules)
        if call.scope["http_version"] != "1.1":
            raise RefusalError("invalid_http", "Only HTTP/1.1 is served.")
        limits = snapshot.policy.limits
        self.limiter.spend(identity.key, limits.requests_per_minute)
        self.limiter.enter(limits.concurrent_requests)
        try:
            if not self.current.ready:
                raise RefusalError("not_ready", headers=[(b"retry-after", b"2")])
            await self._forward(call, route, snapshot)
        finally:
            self.limiter.leave()

    async def _forward(self, call: Call, route: Route, snapshot: Snapshot) -> None:
        exchange = call.exchange
        payload = b""
        if route.prepare is not None:
            raw = await body.read(call.headers, call.receive, call.peer, snapshot.policy.limits.max_body_bytes)
            exchange.request_bytes = len(raw)
            parsed = fields.parse(raw)
            exchange.stream = route.prepare(parsed, snapshot.rules)
            payload = fields.encode(parsed)
        elif not call.peer.body_complete:
            raise RefusalError("invalid_request", "This route takes no body.")
        exchange.operation = route.operation
        exchange.model = snapshot.policy.model.name
        exchange.model_digest = snapshot.policy.model.digest
        try:
            upstream = await self.upstream.request(route.method, route.upstream, payload, seconds=FIRST_BYTE_SECONDS)
        except UpstreamError as error:
            raise _as_refusal(error) from None
        try:
            if upstream.status != 200:
                raise answer.refused_by_model_server(upstream.status, await _whole(upstream, WHOLE_BYTES))
            if route.reshape is not None:
                await self._reshaped(call, route, snapshot, upstream)
            elif upstream.content_type.startswith(JSON):  # also where a stream was asked for, if there is nothing to stream
                data = upstream.whole()
                await (self._passed(call, upstream) if data is None else self._pass_whole(call, data))
            elif exchange.stream and upstream.content_type.startswith(route.wire.STREAM_TYPE):
                await self._streamed(call, upstream)
            else:
                raise RefusalError("upstream_error")
        except UpstreamError as error:
            exchange.outcome = record.UPSTREAM_LOST
            raise _as_refusal(error) from None
        finally:
            upstream.abort()

    async def _reshaped(self, call: Call, route: Route, snapshot: Snapshot, upstream: Connection) -> None:
        data = await _whole(upstream, RESHAPED_BYTES)
        assert route.reshape is not None
        try:
            shown = route.reshape(orjson.loads(data), snapshot.rules)
        except (ValueError, TypeError, KeyError, AttributeError, StopIteration):
            raise RefusalError("upstream_error") from None
        await call.answer(200, shown)

    async def _passed(self, call: Call, upstream: Connection) -> None:
        """Pass an answer that is one JSON document, and arrives in pieces."""
        parts: list[bytes] = []
        size = 0
        while size <= WHOLE_BYTES and (data := await upstream.read(NEXT_BYTE_SECONDS)):
            parts.append(data)
            size += len(data)
        rest, data = data, b"".join(parts)
        if not rest:
            await self._pass_whole(call, data)
            return
        if answer.is_error(data):
            raise RefusalError("upstream_error")
        await call.start(200, JSON)
        tail = b""
        while data:
            await call.send(data, more=True)
            tail = (tail + data)[-answer.TAIL :]
            data = await upstream.read(NEXT_BYTE_SECONDS)
        call.exchange.input_tokens, call.exchange.output_tokens = call.wire.usage(tail)
        await call.send(b"", more=False)

    async def _pass_whole(self, call: Call, data: bytes) -> None:
        if answer.is_error(data):
            raise RefusalError("upstream_error")
        call.exchange.input_tokens, call.exchange.output_tokens = call.wire.usage(data[-answer.TAIL :])
        await call.answer(200, data)

    async def _streamed(self, call: Call, upstream: Connection) -> None:
        """Pass an answer of many events."""
        events = Events(call.wire)
        await call.start(200, call.wire.STREAM_TYPE)
        try:
            while data := await upstream.read(NEXT_BYTE_SECONDS):
                if whole := events.feed(data):
                    await call.send(whole, more=True)
            rest = events.finish()
        except StreamBrokenError:
            raise RefusalError("upstream_error") from None
        finally:
            call.exchange.input_tokens, call.exchange.output_tokens = call.wire.usage(events.tail)
        await call.send(rest, more=False)

    async def _refuse(self, call: Call, refusal: RefusalError) -> None:
        """Answer with an error in the client's wire format, in whatever state the answer is."""
        exchange = call.exchange
        exchange.code = refusal.code
        if exchange.outcome != record.UPSTREAM_LOST:
            exchange.outcome = record.REFUSED if refusal.status < 500 and not call.started else record.FAILED
        if refusal.code == "client_stalled":
            exchange.outcome = record.CLIENT_GONE
            call.peer.abort()
        elif not call.started:
            await self._send_error(call, refusal)
        elif exchange.stream:
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


async def _whole(upstream: Connection, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while data := await upstream.read(NEXT_BYTE_SECONDS):
        parts.append(data)
        size += len(data)
        if size > limit:
            raise RefusalError("upstream_error")
    return b"".join(parts)


def _as_refusal(error: UpstreamError) -> RefusalError:
    match error:
        case UpstreamTimeoutError():
            return RefusalError("upstream_timeout")
        case UpstreamLostError():
            return RefusalError("upstream_lost")
        case UpstreamUnavailableError():
            return RefusalError("upstream_unavailable")
    return RefusalError("upstream_error")
