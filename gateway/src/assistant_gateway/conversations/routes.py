"""OpenAI's Conversations API, as `client.conversations` of its SDK calls it. One more field on creation: `ttl_seconds`, for less time."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import orjson

from assistant_gateway.conversations import ids, shapes
from assistant_gateway.conversations.paging import page
from assistant_gateway.errors import RefusalError
from assistant_gateway.protocol import body
from assistant_gateway.protocol.call import Call
from assistant_gateway.protocol.routing import OPENAI, Route
from assistant_gateway.snapshot import Snapshot
from assistant_gateway.wire import fields
from assistant_gateway.wire.fields import Body

if TYPE_CHECKING:
    from assistant_gateway.memory import Memory

Parameters = Mapping[str, str]


async def create(call: Call, snapshot: Snapshot, parameters: Parameters, memory: "Memory") -> None:
    asked = _asked(call, {"items", "metadata", "ttl_seconds"})
    items = [] if asked.get("items") in (None, []) else shapes.items(asked["items"])
    metadata = shapes.metadata(asked.get("metadata"))
    kept = await _redacted(call, snapshot, {"messages": items, "metadata": metadata})
    made = await memory.conversations.create(call.identity, kept["messages"], kept["metadata"], _ttl(asked))
    call.exchange.conversation, call.exchange.retained = made["id"], True
    await call.answer(200, orjson.dumps(made))


async def retrieve(call: Call, snapshot: Snapshot, parameters: Parameters, memory: "Memory") -> None:
    id = ids.conversation(parameters["conversation"])
    found = await memory.conversations.retrieve(call.identity, id)
    call.exchange.conversation = found["id"]
    await call.answer(200, orjson.dumps(found))


async def update(call: Call, snapshot: Snapshot, parameters: Parameters, memory: "Memory") -> None:
    id = ids.conversation(parameters["conversation"])
    metadata = shapes.metadata(_asked(call, {"metadata"}).get("metadata"))
    kept = await _redacted(call, snapshot, {"metadata": metadata})
    changed = await memory.conversations.update(call.identity, id, kept["metadata"])
    call.exchange.conversation, call.exchange.retained = changed["id"], True
    await call.answer(200, orjson.dumps(changed))


async def delete(call: Call, snapshot: Snapshot, parameters: Parameters, memory: "Memory") -> None:
    id = ids.conversation(parameters["conversation"])
    receipt = await memory.eraser.conversation(call.identity, id)
    call.exchange.conversation = ids.of_conversation(id)
    answer = {"id": ids.of_conversation(id), "object": "conversation.deleted", "deleted": True, "receipt": receipt.shown()}
    await call.answer(200, orjson.dumps(answer))


async def list_items(call: Call, snapshot: Snapshot, parameters: Parameters, memory: "Memory") -> None:
    id = ids.conversation(parameters["conversation"])
    found = await memory.conversations.items(call.identity, id, page(call.query))
    call.exchange.conversation = ids.of_conversation(id)
    await call.answer(200, orjson.dumps(found))


async def add_items(call: Call, snapshot: Snapshot, parameters: Parameters, memory: "Memory") -> None:
    id = ids.conversation(parameters["conversation"])
    items = shapes.items(_asked(call, {"items"}).get("items"))
    kept = await _redacted(call, snapshot, {"messages": items})
    added = await memory.conversations.add(call.identity, id, kept["messages"])
    call.exchange.conversation, call.exchange.retained = ids.of_conversation(id), True
    await call.answer(200, orjson.dumps(added))


async def retrieve_item(call: Call, snapshot: Snapshot, parameters: Parameters, memory: "Memory") -> None:
    id, item = ids.conversation(parameters["conversation"]), ids.item(parameters["item"])
    found = await memory.conversations.item(call.identity, id, item)
    call.exchange.conversation = ids.of_conversation(id)
    await call.answer(200, orjson.dumps(found))


async def delete_item(call: Call, snapshot: Snapshot, parameters: Parameters, memory: "Memory") -> None:
    id, item = ids.conversation(parameters["conversation"]), ids.item(parameters["item"])
    try:
        found = await memory.conversations.delete_item(call.identity, id, item)
    finally:  # also where the client leaves, or the store is lost, over a commit that has come through
        memory.eraser.sweep_conversations()
    call.exchange.conversation = ids.of_conversation(id)
    await call.answer(200, orjson.dumps(found))


async def _redacted(call: Call, snapshot: Snapshot, brought: Body) -> Body:
    """Return what a request brings as it may be kept; raises RefusalError."""
    redaction = snapshot.redaction
    return brought if redaction is None else await redaction.kept(brought, redaction.counts(call.exchange))


def _asked(call: Call, known: set[str]) -> Body:
    """Return the object of a request that keeps something; raises RefusalError.

    What cannot be honoured is refused: the wish that nothing be kept, and a field that nobody here knows, which could be such a wish.
    """
    if body.opts_out(call.headers):
        raise RefusalError("retention_not_allowed", "This request is for something to be kept: leave X-Assistant-Retention away.")
    asked = fields.parse(call.body) if call.body else {}
    if asked.keys() - known:
        raise RefusalError("invalid_request", f"The request has a field that is not one of these: {', '.join(sorted(known))}.")
    return asked


def _ttl(asked: Body) -> int | None:
    ttl = fields.whole(asked, "ttl_seconds", "ttl_seconds")
    if ttl is not None and ttl < 1:
        raise RefusalError("invalid_request", "The field 'ttl_seconds' must be at least 1.", param="ttl_seconds")
    return ttl


ALL: Final = "/v1/conversations"
ONE: Final = "/v1/conversations/{conversation}"
ITEMS: Final = "/v1/conversations/{conversation}/items"
ITEM: Final = "/v1/conversations/{conversation}/items/{item}"

ROUTES: Final = (
    Route(ALL, "POST", OPENAI, handler=create, accepts="json", needs="conversations"),
    Route(ONE, "GET", OPENAI, handler=retrieve, needs="conversations"),
    Route(ONE, "POST", OPENAI, handler=update, accepts="json", needs="conversations"),
    Route(ONE, "DELETE", OPENAI, handler=delete, needs="conversations"),
    Route(ITEMS, "GET", OPENAI, handler=list_items, needs="conversations"),
    Route(ITEMS, "POST", OPENAI, handler=add_items, accepts="json", needs="conversations"),
    Route(ITEM, "GET", OPENAI, handler=retrieve_item, needs="conversations"),
    Route(ITEM, "DELETE", OPENAI, handler=delete_item, needs="conversations"),
)
