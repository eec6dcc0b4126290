"""What a person may ask about all that is kept of them: a copy, and its erasure. For others, or all, the data officer's key may ask."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import orjson

from assistant_gateway.auth import Identity
from assistant_gateway.errors import RefusalError
from assistant_gateway.protocol.call import Call
from assistant_gateway.protocol.routing import OPENAI, Route
from assistant_gateway.retention.export import Export
from assistant_gateway.snapshot import Snapshot

if TYPE_CHECKING:
    from assistant_gateway.memory import Memory

ME: Final = "me"
OFFICER: Final = "DataOfficer"
NDJSON: Final = b"application/x-ndjson"
MAX_SUBJECT: Final = 253


async def erase(call: Call, snapshot: Snapshot, parameters: Mapping[str, str], memory: "Memory") -> None:
    receipt = await memory.eraser.subject(_subject(call.identity, parameters["subject"]))
    await call.answer(200, orjson.dumps(receipt.shown()))


async def export(call: Call, snapshot: Snapshot, parameters: Mapping[str, str], memory: "Memory") -> None:
    subject = _subject(call.identity, parameters["subject"])
    exported = Export(memory.store, subject, snapshot.policy.retention.conversations.ttl_seconds)
    pages = exported.lines()
    page = await anext(pages)
    known = {"record": "export", "request_id": call.exchange.request_id, "subject": subject}
    is_whole = False
    try:
        await call.start(200, NDJSON)
        await call.send(page, more=True)
        async for page in pages:
            await call.send(page, more=True)
        is_whole = True
    finally:  # also of a part: who leaves before the last line has read what came before it
        memory.eraser.records.note({**known, "whole": is_whole, "counts": exported.counts})
    await call.send(b"", more=False)


async def erase_all(call: Call, snapshot: Snapshot, parameters: Mapping[str, str], memory: "Memory") -> None:
    """Erase everything, for whoever may and has written down of which assistant."""
    if call.identity.role != OFFICER:
        raise RefusalError("wrong_role")
    policy = snapshot.policy
    if call.json() != {"confirm": policy.assistant.name}:
        raise RefusalError("invalid_request", "The body must have the field 'confirm' alone, with the assistant's name.", param="confirm")
    receipt = await memory.eraser.assistant(policy.assistant.name, [source.name for source in policy.rag.sources] if policy.rag else [])
    await call.answer(200, orjson.dumps(receipt.shown()))


def _subject(identity: Identity, text: str) -> str:
    """Return whose data is asked for; raises RefusalError. Whether a subject exists is not told to those who may not ask."""
    if text in (ME, identity.subject):
        return identity.subject
    if identity.role != OFFICER:
        raise RefusalError("wrong_role")
    if len(text) > MAX_SUBJECT or not text.isprintable():
        raise RefusalError("invalid_request", "The subject is not one that a key of this assistant could have.")
    return text


SUBJECT: Final = "/v1/subjects/{subject}"
EXPORT: Final = "/v1/subjects/{subject}/export"
EVERYTHING: Final = "/v1/memory"

ROUTES: Final = (
    Route(SUBJECT, "DELETE", OPENAI, handler=erase, needs="privacy"),
    Route(EXPORT, "GET", OPENAI, handler=export, needs="privacy"),
    Route(EVERYTHING, "DELETE", OPENAI, handler=erase_all, accepts="json", needs="privacy"),
)
