"""The routes of documents: PrivateGPT's for clients (/v1/ingest, /v1/chunks), and those of the ingest Jobs (/v1/sources)."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import orjson

from assistant_gateway.documents import shapes, uploads
from assistant_gateway.documents.extract import clean
from assistant_gateway.errors import RefusalError
from assistant_gateway.protocol.call import JSON
from assistant_gateway.protocol.routing import OPENAI, Route
from assistant_gateway.retrieval.retriever import MOST, MOST_NEIGHBOURS
from assistant_gateway.wire import fields

if TYPE_CHECKING:
    from collections import Counter

    from assistant_gateway.documents.library import Document, Library
    from assistant_gateway.memory import Memory
    from assistant_gateway.protocol.call import Call
    from assistant_gateway.snapshot import Snapshot

Parameters = Mapping[str, str]
OPT_OUT: Final = b"x-assistant-retention"


async def ingest_file(call: "Call", snapshot: "Snapshot", parameters: Parameters, memory: "Memory") -> None:
    """Take in a file of a form."""
    _kept(call)
    # In a thread: a form that is made to be slow must not keep others waiting.
    upload = await asyncio.to_thread(uploads.read, _header(call, b"content-type"), call.body)
    metadata, groups = shapes.metadata(_object(upload.fields.get("metadata")))
    library = _library(memory)
    found = _counts(call, snapshot)
    await _taken(call, await library.upload_file(call.identity, upload.name, upload.media_type, upload.data, metadata, groups, found))


async def ingest_text(call: "Call", snapshot: "Snapshot", parameters: Parameters, memory: "Memory") -> None:
    """Take in a text."""
    _kept(call)
    body = fields.parse(call.body)
    metadata, groups = shapes.metadata(body.get("metadata"))
    name, text = uploads.clean_name(shapes.text(body, "file_name")), clean(shapes.text(body, "text"))
    await _taken(call, await _library(memory).upload_text(call.identity, name, text, metadata, groups, _counts(call, snapshot)))


async def ingested(call: "Call", snapshot: "Snapshot", parameters: Parameters, memory: "Memory") -> None:
    """List the documents that the key may read."""
    await _list(call, shapes.LIST, ([shapes.document(found) for found in page] async for page in _library(memory).pages(call.identity)))


async def delete(call: "Call", snapshot: "Snapshot", parameters: Parameters, memory: "Memory") -> None:
    """Erase a document that the key's subject uploaded, and answer with the receipt."""
    document = shapes.document_id(parameters["doc_id"])
    if document is None or not await _library(memory).owns(call.identity, document):
        raise RefusalError("not_found")
    receipt = await memory.eraser.document(document)
    call.exchange.documents = [str(document)]
    await call.answer(200, orjson.dumps(receipt.shown()))


async def chunks(call: "Call", snapshot: "Snapshot", parameters: Parameters, memory: "Memory") -> None:
    """Find pieces for a text."""
    body = fields.parse(call.body)
    limit = shapes.count(body, "limit", None, 1, MOST)
    around = shapes.count(body, "prev_next_chunks", 0, 0, MOST_NEIGHBOURS) or 0
    retriever = memory.retriever
    if retriever is None:
        raise RefusalError("documents_not_configured")
    text = shapes.text(body, "text")
    if (redaction := snapshot.redaction) is not None:
        text = await redaction.stored(text, redaction.counts(call.exchange))  # it is embedded, and found by, as documents are
    hits = await retriever.retrieve(call.identity, text, shapes.documents(body.get("context_filter")), limit)
    texts = await retriever.neighbours(call.identity, hits, around) if around else [(None, None)] * len(hits)
    call.exchange.documents = list(dict.fromkeys(str(hit.document) for hit in hits))
    found = [shapes.chunk(hit, previous, following) for hit, (previous, following) in zip(hits, texts, strict=True)]
    await call.answer(200, shapes.listed(found))


async def source_documents(call: "Call", snapshot: "Snapshot", parameters: Parameters, memory: "Memory") -> None:
    """List what a source has in the store."""
    await _list(call, {"maxBytes": snapshot.policy.limits.max_body_bytes}, _library(memory).sources.pages(parameters["source"]))


async def put_document(call: "Call", snapshot: "Snapshot", parameters: Parameters, memory: "Memory") -> None:
    """Store a file of a source, if it is not there as it is."""
    media_type = _header(call, b"content-type").decode("latin-1") or None
    put = await _library(memory).sources.put(parameters["source"], _locator(call), media_type, call.body, _counts(call, snapshot))
    call.exchange.documents = [str(put.document)]
    await call.answer(200, orjson.dumps({"status": "stored" if put.is_new else "unchanged", "chunks": put.chunks}))


async def delete_document(call: "Call", snapshot: "Snapshot", parameters: Parameters, memory: "Memory") -> None:
    """Remove a file that its source no longer has."""
    call.exchange.documents = [str(await _library(memory).sources.remove(parameters["source"], _locator(call)))]
    await call.answer(200, orjson.dumps({"status": "deleted"}))


async def report_run(call: "Call", snapshot: "Snapshot", parameters: Parameters, memory: "Memory") -> None:
    """Note where a run of an ingest Job stands."""
    await _library(memory).sources.report(parameters["source"], fields.parse(call.body))
    await call.answer(200, orjson.dumps({"status": "noted"}))


def _counts(call: "Call", snapshot: "Snapshot") -> "Counter[str] | None":
    """Return what counts the values that are masked in what the request brings."""
    return None if snapshot.redaction is None else snapshot.redaction.counts(call.exchange)


def _library(memory: "Memory") -> "Library":
    if memory.library is None:
        raise RefusalError("documents_not_configured")
    return memory.library


async def _list(call: "Call", known: dict[str, Any], pages: AsyncIterator[list[dict[str, Any]]]) -> None:
    """Send a list (`data`) page by page, after what is known of it: however long it is, a page of it is in memory."""
    page: list[dict[str, Any]] = await anext(pages, [])  # before the answer begins: what is wrong with the store has a status of its own
    await call.start(200, JSON)
    await call.send(orjson.dumps(known)[:-1] + b',"data":[' + _items(page), more=True)
    comma = b"," if page else b""
    async for page in pages:
        if page:
            await call.send(comma + _items(page), more=True)
            comma = b","
    await call.send(b"]}", more=False)


def _items(page: list[dict[str, Any]]) -> bytes:
    """Return a list's items without its brackets."""
    return orjson.dumps(page)[1:-1]


async def _taken(call: "Call", document: "Document") -> None:
    call.exchange.documents = [str(document.id)]
    await call.answer(200, shapes.listed([shapes.document(document)]))


def _kept(call: "Call") -> None:
    """Refuse an upload that asks that nothing be kept: to keep it is all that an upload is for."""
    if _header(call, OPT_OUT).strip().lower() == b"none":
        raise RefusalError("retention_not_allowed", "A document is uploaded to be kept: leave X-Assistant-Retention away.")


def _locator(call: "Call") -> str:
    return call.query.get("locator", "")


def _header(call: "Call", wanted: bytes) -> bytes:
    return next((value for name, value in call.headers if name == wanted), b"")


def _object(text: str | None) -> Any:
    try:
        return None if text is None else orjson.loads(text)
    except orjson.JSONDecodeError:
        raise RefusalError("invalid_request", "The field 'metadata' must be JSON.", param="metadata") from None


ROUTES: Final = (
    Route("/v1/ingest", "POST", OPENAI, handler=ingest_file, accepts="multipart", needs="documents"),
    Route("/v1/ingest/file", "POST", OPENAI, handler=ingest_file, accepts="multipart", needs="documents"),
    Route("/v1/ingest/text", "POST", OPENAI, handler=ingest_text, accepts="json", needs="documents"),
    Route("/v1/ingest/list", "GET", OPENAI, handler=ingested, needs="documents"),
    Route("/v1/ingest/{doc_id}", "DELETE", OPENAI, handler=delete, needs="documents"),
    Route("/v1/chunks", "POST", OPENAI, handler=chunks, accepts="json", needs="documents"),
    Route("/v1/sources/{source}/documents", "GET", OPENAI, handler=source_documents, needs="source"),
    Route("/v1/sources/{source}/document", "PUT", OPENAI, handler=put_document, accepts="raw", needs="source"),
    Route("/v1/sources/{source}/document", "DELETE", OPENAI, handler=delete_document, needs="source"),
    Route("/v1/sources/{source}/runs", "POST", OPENAI, handler=report_run, accepts="json", needs="source"),
)
