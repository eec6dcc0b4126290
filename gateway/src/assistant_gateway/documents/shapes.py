"""What PrivateGPT's clients send and expect for documents and pieces of them, as its published SDK (pgpt-python) has it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import orjson

from assistant_gateway.errors import RefusalError
from assistant_gateway.wire import fields
from assistant_gateway.wire.fields import Body

if TYPE_CHECKING:
    from assistant_gateway.documents.library import Document
    from assistant_gateway.retrieval.retriever import Hit

MODEL: Final = "private-gpt"
"""Not a model's name: this API's own word for itself, in every list."""
MAX_METADATA_BYTES: Final = 8192
NESTING: Final = 12
MAX_DOCUMENTS: Final = 1000
MAX_GROUPS: Final = 32


LIST: Final = {"object": "list", "model": MODEL}


def listed(data: Sequence[dict[str, Any]]) -> bytes:
    """Return a list's body."""
    return orjson.dumps(LIST | {"data": data})


def document(found: "Document") -> dict[str, Any]:
    """Return one document."""
    return _document(found.id, found.file_name, found.metadata)


def chunk(hit: "Hit", previous: list[str] | None, following: list[str] | None) -> dict[str, Any]:
    """Return one piece that was found."""
    return {
        "object": "context.chunk",
        "score": hit.score,
        "document": _document(hit.document, hit.file_name, hit.metadata),
        "text": hit.text,
        "previous_texts": previous,
        "next_texts": following,
    }


def _document(document_id: UUID, file_name: str | None, metadata: dict[str, Any]) -> dict[str, Any]:
    shown = metadata if file_name is None else metadata | {"file_name": file_name}
    return {"object": "ingest.document", "doc_id": str(document_id), "doc_metadata": shown}


def metadata(value: Any) -> tuple[dict[str, Any], list[str]]:
    """Return a document's metadata and the groups that it is to be shared with (`metadata.groups`); raises RefusalError."""
    if value is None:
        return {}, []
    if type(value) is not dict or len(fields.encode(_nested(value))) > MAX_METADATA_BYTES:
        raise RefusalError("invalid_request", f"The metadata must be an object of at most {MAX_METADATA_BYTES} bytes.", param="metadata")
    groups = value.get("groups") or []
    if type(groups) is not list or len(groups) > MAX_GROUPS or not all(type(group) is str for group in groups):
        raise RefusalError("invalid_request", "The metadata's groups must be a list of names of groups.", param="metadata")
    return value, groups


def _nested(value: Any) -> Any:
    """Return the value as deep as it will stand in any document: what cannot be written there must not be taken in."""
    for _ in range(NESTING):
        value = [value]
    return value


def documents(context_filter: Any) -> list[UUID] | None:
    """Return the ids of a filter (`docs_ids`); None: all that the key may read. Raises RefusalError.

    What is no id names no document, like an id that nobody has: neither finds anything.
    """
    if context_filter is None:
        return None
    if type(context_filter) is not dict or context_filter.keys() - {"docs_ids"}:
        raise _filter_refused()
    named = context_filter.get("docs_ids")
    if named is None:
        return None
    if type(named) is not list or len(named) > MAX_DOCUMENTS or not all(type(one) is str for one in named):
        raise _filter_refused()
    return [found for one in named if (found := document_id(one)) is not None]


def _filter_refused() -> RefusalError:
    must = f"The field 'context_filter' must be an object with 'docs_ids', a list of at most {MAX_DOCUMENTS} ids of documents."
    return RefusalError("invalid_request", must, param="context_filter")


def document_id(value: object) -> UUID | None:
    """Return the id; None if it is none, and so names nothing."""
    try:
        return UUID(value) if type(value) is str else None
    except ValueError:
        return None


def text(body: Body, name: str) -> str:
    """Return a field that must be a text; raises RefusalError."""
    value = body.get(name)
    if type(value) is not str:
        raise RefusalError("invalid_request", f"The field '{name}' must be a string.", param=name)
    return value


def count(body: Body, name: str, default: int | None, least: int, most: int) -> int | None:
    """Return a field that must be a whole number, within bounds; raises RefusalError."""
    value = body.get(name)
    if value is None:
        return default
    if type(value) is not int or value < least:
        raise RefusalError("invalid_request", f"The field '{name}' must be a whole number from {least}.", param=name)
    return min(value, most)
