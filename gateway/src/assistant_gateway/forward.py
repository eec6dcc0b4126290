"""The model server's path: the request checked and sent on, the answer passed back as it comes.

A chat that wants something of the assistant's memory (a conversation, documents as context) goes the same path; chat/ has what is done for
it before and after.
"""

from typing import TYPE_CHECKING, Final

import orjson

from assistant_gateway import answer, record
from assistant_gateway.answer import Events, StreamBrokenError
from assistant_gateway.errors import RefusalError
from assistant_gateway.neighbours.upstream import (
    Connection,
    Upstream,
    UpstreamError,
    UpstreamLostError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)
from assistant_gateway.protocol import body
from assistant_gateway.protocol.call import JSON, Call
from assistant_gateway.protocol.routing import Route
from assistant_gateway.snapshot import Snapshot
from assistant_gateway.wire import fields
from assistant_gateway.wire.fields import Body

if TYPE_CHECKING:
    from assistant_gateway.chat.turn import Turn
    from assistant_gateway.memory import Memory
    from assistant_gateway.redaction.service import Answer, Passage

EMBEDDINGS: Final = "embeddings"
WHOLE_BYTES: Final = 1024 * 1024
"""Answers up to this size are sent as a whole, with their length; larger ones pass through."""
RESHAPED_BYTES: Final = 64 * 1024 * 1024
FIRST_BYTE_SECONDS = 600.0
"""Longest wait for an answer's beginning: it may stand in the model server's queue, and the model may have to be loaded."""


async def serve(call: Call, route: Route, snapshot: Snapshot, upstream: Upstream, memory: "Memory | None") -> None:
    """Answer a request from the model server; raises RefusalError."""
    exchange = call.exchange
    path, payload = route.upstream, b""
    turn: Turn | None = None
    passage: Passage | None = None
    if route.prepare is not None:
        raw = await body.read(call.headers, call.receive, call.peer, snapshot.policy.limits.max_body_bytes)
        exchange.request_bytes = len(raw)
        parsed = fields.parse(raw)
        if memory is not None or not fields.MEMORY.isdisjoint(parsed) or "model" not in parsed:
            turn = _turn(call, route, snapshot, memory, parsed)
        exchange.stream = route.prepare(parsed, snapshot.rules)
        if snapshot.redaction is not None and route.reshape is None:
            passage = snapshot.redaction.passage(call.wire.NAME, exchange, embeds=route.operation == EMBEDDINGS)
        if turn is not None:
            path = turn.path(path)
            await turn.begin(parsed, passage)
        if passage is not None:
            parsed = await passage.request(parsed)
        payload = fields.encode(parsed)
    elif call.peer.whole_body(0) is None:
        raise RefusalError("invalid_request", "This route takes no body.")
    exchange.operation = route.operation
    exchange.model = snapshot.policy.model.name
    exchange.model_digest = snapshot.policy.model.digest
    if snapshot.policy.rag is not None and route.operation == EMBEDDINGS and parsed["model"] == snapshot.rules.embedding:
        exchange.model, exchange.model_digest = snapshot.policy.rag.embedding.name, snapshot.policy.rag.embedding.digest
    try:
        connection = await upstream.request(route.method, path, payload, seconds=FIRST_BYTE_SECONDS)
    except UpstreamError as error:
        raise as_refusal(error) from None
    try:
        if connection.status != 200:
            raise answer.refused_by_model_server(connection.status, await answer.whole(connection, WHOLE_BYTES))
        rewritten = None if passage is None else passage.answer()
        if turn is not None:
            await turn.answer(connection, rewritten)
        elif route.reshape is not None:
            await _reshaped(call, route, snapshot, connection)
        elif connection.content_type.startswith(JSON):  # also where a stream was asked for, if there is nothing to stream
            await _document(call, connection, rewritten)
        elif exchange.stream and connection.content_type.startswith(route.wire.STREAM_TYPE):
            await _streamed(call, connection, rewritten)
        else:
            raise RefusalError("upstream_error")
    except UpstreamError as error:
        exchange.outcome = record.UPSTREAM_LOST
        raise as_refusal(error) from None
    finally:
        connection.abort()


def _turn(call: Call, route: Route, snapshot: Snapshot, memory: "Memory | None", parsed: Body) -> "Turn | None":
    """Return what a chat with memory does before and after; None for a request that wants nothing of it. Raises RefusalError."""
    from assistant_gateway.chat import wanted  # most assistants never load it

    found = wanted.take(parsed, route.name, snapshot.policy, call.headers)
    if found is None:
        return None
    from assistant_gateway.chat.turn import Turn

    return Turn(call, found, snapshot, memory)


async def _reshaped(call: Call, route: Route, snapshot: Snapshot, connection: Connection) -> None:
    data = await answer.whole(connection, RESHAPED_BYTES)
    assert route.reshape is not None
    try:
        shown = route.reshape(orjson.loads(data), snapshot.rules)
    except (ValueError, TypeError, KeyError, AttributeError, StopIteration):
        raise RefusalError("upstream_error") from None
    await call.answer(200, shown)


async def _document(call: Call, connection: Connection, rewritten: "Answer | None") -> None:
    """Pass an answer that is one JSON document."""
    data = connection.whole()
    if rewritten is not None:
        whole = await answer.whole(connection, RESHAPED_BYTES) if data is None else data
        await _pass_whole(call, whole, rewritten)
    elif data is None:
        await _passed(call, connection)
    else:
        await _pass_whole(call, data, None)


async def _passed(call: Call, connection: Connection) -> None:
    """Pass an answer that is one JSON document, and arrives in pieces."""
    parts: list[bytes] = []
    size = 0
    while size <= WHOLE_BYTES and (data := await connection.read(answer.NEXT_BYTE_SECONDS)):
        parts.append(data)
        size += len(data)
    rest, data = data, b"".join(parts)
    if not rest:
        await _pass_whole(call, data, None)
        return
    if answer.is_error(data):
        raise RefusalError("upstream_error")
    await call.start(200, JSON)
    tail = b""
    while data:
        await call.send(data, more=True)
        tail = (tail + data)[-answer.TAIL :]
        data = await connection.read(answer.NEXT_BYTE_SECONDS)
    call.exchange.input_tokens, call.exchange.output_tokens = call.wire.usage(tail)
    await call.send(b"", more=False)


async def _pass_whole(call: Call, data: bytes, rewritten: "Answer | None") -> None:
    if answer.is_error(data):
        raise RefusalError("upstream_error")
    call.exchange.input_tokens, call.exchange.output_tokens = call.wire.usage(data[-answer.TAIL :])
    await call.answer(200, data if rewritten is None else await rewritten.document(data))


async def _streamed(call: Call, connection: Connection, rewritten: "Answer | None") -> None:
    """Pass an answer of many events."""
    events = Events(call.wire)
    await call.start(200, call.wire.STREAM_TYPE)
    try:
        while data := await connection.read(answer.NEXT_BYTE_SECONDS):
            if complete := _shown(events.feed(data), rewritten):
                await call.send(complete, more=True)
        rest = _shown(events.finish(), rewritten) + (b"" if rewritten is None else rewritten.end())
    except StreamBrokenError:
        raise RefusalError("upstream_error") from None
    finally:
        call.exchange.input_tokens, call.exchange.output_tokens = call.wire.usage(events.tail)
    await call.send(rest, more=False)


def _shown(events: bytes, rewritten: "Answer | None") -> bytes:
    return events if rewritten is None or not events else rewritten.feed(events)


def as_refusal(error: UpstreamError) -> RefusalError:
    """Return what a failure of the model server is to the client."""
    match error:
        case UpstreamTimeoutError():
            return RefusalError("upstream_timeout")
        case UpstreamLostError():
            return RefusalError("upstream_lost")
        case UpstreamUnavailableError():
            return RefusalError("upstream_unavailable")
    return RefusalError("upstream_error")
