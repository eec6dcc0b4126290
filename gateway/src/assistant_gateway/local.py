"""Routes that are answered here, from what the assistant keeps, in place of the model server.

Their handlers are the rooms' (conversations/, documents/, retention/); this module does what all of them need before: it says whether the
assistant keeps what the route works on and whether the key's role may call it, and reads query and body.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import parse_qsl

from assistant_gateway.errors import RefusalError
from assistant_gateway.protocol import body

if TYPE_CHECKING:
    from assistant_gateway.memory import Memory
    from assistant_gateway.protocol.call import Call
    from assistant_gateway.protocol.routing import Place, Route
    from assistant_gateway.snapshot import Snapshot

INGEST: Final = "Ingest"
SOURCE: Final = "source"
MAX_QUERY_FIELDS: Final = 32


async def serve(call: "Call", place: "Place", route: "Route", snapshot: "Snapshot", memory: "Memory | None") -> None:
    """Answer a request for a local route; raises RefusalError."""
    assert route.handler is not None
    if (call.identity.role == INGEST) != (route.needs == SOURCE):
        raise RefusalError("wrong_role")
    _check(route, snapshot, memory)
    call.query = _query(call.scope.get("query_string", b""))
    call.body = await _body(call, route, snapshot)
    parameters = place.parameters(call.scope["raw_path"])
    if parameters is None:
        raise RefusalError("not_found")
    try:
        await route.handler(call, snapshot, parameters, cast("Memory", memory))
    except Exception as error:
        raise as_refusal(error) from None


def _check(route: "Route", snapshot: "Snapshot", memory: "Memory | None") -> None:
    if route.needs is None:
        return
    policy = snapshot.policy
    if route.needs == "conversations":
        if memory is None or memory.conversations is None or policy.retention.conversations.mode != "Keep":
            raise RefusalError("conversations_not_kept")
    elif route.needs in ("documents", SOURCE):
        if memory is None or memory.library is None or policy.rag is None:
            raise RefusalError("documents_not_configured")
    elif memory is None:
        raise RefusalError("store_unavailable")


def _query(raw: bytes) -> dict[str, str]:
    """Return the query's fields; of one that is there twice, the last."""
    try:
        return dict(parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_QUERY_FIELDS))
    except ValueError:
        raise RefusalError("invalid_request", "The query string is not valid.") from None


async def _body(call: "Call", route: "Route", snapshot: "Snapshot") -> bytes:
    if route.accepts == "none":
        if call.peer.whole_body(0) is None:
            raise RefusalError("invalid_request", "This route takes no body.")
        return b""
    raw = await body.read(call.headers, call.receive, call.peer, snapshot.policy.limits.max_body_bytes)
    call.exchange.request_bytes = len(raw)
    return raw


def as_refusal(error: Exception) -> Exception:
    """Return what a failure of what is kept is to the client: a store that is away is no crash."""
    if isinstance(error, RefusalError):
        return error
    from assistant_gateway.storage.errors import StoreError  # an assistant without a store does not load it

    return RefusalError("store_unavailable", headers=[(b"retry-after", b"2")]) if isinstance(error, StoreError) else error


async def health(call: "Call", snapshot: "Snapshot", parameters: Mapping[str, str], memory: "Memory") -> None:
    """Answer as PrivateGPT's clients expect; like every route it needs a key, and a gateway that is ready."""
    await call.answer(200, b'{"status":"ok"}')
