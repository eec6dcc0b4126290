"""The gateway's source API, as one ingestion uses it.

    GET    /v1/sources/{source}/documents               {"data": [{"locator", "sha256" | null, "chunks"?}], "maxBytes"?}
    PUT    /v1/sources/{source}/document?locator=PATH   the file's bytes -> {"status": "stored" | "unchanged", "chunks"}
    DELETE /v1/sources/{source}/document?locator=PATH
    a refusal's header X-Assistant-Reason               one word for the status: Encrypted, Broken, Empty, ...
    POST   /v1/sources/{source}/runs                    {"state": "started" | "finished", "documents", "chunks", "failed"}

Neighbours: http.py (connections and patience), run.py (what is asked when).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import quote

from assistant_documents.ingest.http import Answer, Blocks, Connection, LostError, Patience, Target
from assistant_documents.ingest.walk import FileReason
from assistant_documents.outcome import IngestError, Reason

_MEDIA_TYPES: Final = {
    ".txt": "text/plain",
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".html": "text/html",
    ".htm": "text/html",
    ".pdf": "application/pdf",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
_UNKNOWN_TYPE: Final = "application/octet-stream"
_REASON: Final = re.compile(r"[A-Z][A-Za-z]{1,31}")
_BY_CODE: Final[Mapping[str, FileReason]] = {
    "document_too_large": FileReason.TOO_LARGE,
    "body_too_large": FileReason.TOO_LARGE,
    "unsupported_document": FileReason.UNSUPPORTED,
    "document_unreadable": FileReason.BROKEN,
    "embedding_failed": FileReason.EMBEDDING_FAILED,
    "personal_data_refused": FileReason.PERSONAL_DATA_REFUSED,
}
_BY_STATUS: Final[Mapping[int, FileReason]] = {
    413: FileReason.TOO_LARGE,
    415: FileReason.UNSUPPORTED,
    422: FileReason.BROKEN,
}


class DocumentRefusedError(Exception):
    """The gateway does not take this document, now or later."""

    def __init__(self, reason: str, *, is_final: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_final = is_final
        """Whether it is the document's fault: then what the store has of an earlier version is out of date."""


@dataclass(frozen=True, slots=True)
class Held:
    """A document that the store has."""

    sha256: bytes
    """Nothing where it has to be sent again whatever is in it."""
    chunks: int


@dataclass(frozen=True, slots=True)
class Listing:
    """What the store has of the source."""

    documents: dict[str, Held]
    max_bytes: int | None
    """Of a file that the gateway accepts, where it says."""


@dataclass(frozen=True, slots=True)
class Stored:
    """The gateway has the document now."""

    is_new: bool
    chunks: int


class Gateway:
    """One source's side of the gateway."""

    def __init__(self, url: str, authority: Path, key: Path, source: str, patience: Patience | None = None) -> None:
        self.target = Target(url, authority, key, patience)
        self._path = f"/v1/sources/{quote(source, safe='')}"

    def session(self) -> "Session":
        """Return a connection's worth of the API: one for each thread."""
        return Session(Connection(self.target), self._path)


class Session:
    """The API over one connection."""

    def __init__(self, connection: Connection, path: str) -> None:
        self._connection = connection
        self._path = path

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def documents(self) -> Listing:
        """Return what the store has; raises IngestError."""
        answer = self._sure("GET", "documents")
        try:
            data, limit = answer.body["data"], answer.body.get("maxBytes")
            held = {str(item["locator"]): Held(bytes.fromhex(item["sha256"] or ""), int(item.get("chunks") or 0)) for item in data}
            return Listing(held, None if limit is None else int(limit))
        except (TypeError, KeyError, ValueError, AttributeError):
            raise IngestError(Reason.GATEWAY_FAILED) from None

    def report(self, state: Literal["started", "finished"], documents: int, chunks: int, failed: Mapping[str, int]) -> None:
        """Say how far the run is; raises IngestError."""
        body = json.dumps({"state": state, "documents": documents, "chunks": chunks, "failed": dict(failed)}).encode()
        headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
        self._sure("POST", "runs", headers, lambda: (body,))

    def put(self, locator: str, size: int, blocks: Blocks) -> Stored:
        """Send a file; raises DocumentRefusedError, IngestError and what `blocks` raises."""
        headers = {"Content-Type": _media_type(locator), "Content-Length": str(size)}
        try:
            answer = self._connection.request("PUT", self._document(locator), headers, blocks)
        except LostError:
            raise DocumentRefusedError(FileReason.GATEWAY_FAILED, is_final=False) from None
        if answer.status in (200, 201):
            body = answer.body if isinstance(answer.body, dict) else {}
            chunks = body.get("chunks")
            return Stored(body.get("status") != "unchanged", chunks if isinstance(chunks, int) else 0)
        _end_on_refusal(answer)
        raise DocumentRefusedError(_reason(answer), is_final=answer.status < 500)

    def delete(self, locator: str) -> bool:
        """Remove a document; False where the gateway fails to. Raises IngestError."""
        try:
            answer = self._connection.request("DELETE", self._document(locator), {"Content-Length": "0"})
        except LostError:
            return False
        if answer.status == 404 and _code(answer) == "not_found":
            return True  # gone is what was wanted
        _end_on_refusal(answer)
        return answer.status in (200, 202, 204)

    def _document(self, locator: str) -> str:
        return f"{self._path}/document?locator={quote(locator, safe='/')}"

    def _sure(self, method: str, name: str, headers: Mapping[str, str] | None = None, blocks: Blocks | None = None) -> Answer:
        """Return a success; everything else ends the run."""
        try:
            answer = self._connection.request(method, f"{self._path}/{name}", headers, blocks)
        except LostError:
            raise IngestError(Reason.GATEWAY_FAILED) from None
        _end_on_refusal(answer)
        if answer.status not in (200, 201, 202, 204):
            raise IngestError(Reason.GATEWAY_FAILED)
        return answer


def _end_on_refusal(answer: Answer) -> None:
    """Raise IngestError where no request of this run would be answered otherwise."""
    if answer.status in (401, 403):
        raise IngestError(Reason.KEY_REFUSED)
    if answer.status == 404 or _code(answer) == "documents_not_configured":
        raise IngestError(Reason.SOURCE_UNKNOWN)


def _media_type(locator: str) -> str:
    return _MEDIA_TYPES.get("." + locator.rpartition(".")[2].lower(), _UNKNOWN_TYPE)


def _error(answer: Answer) -> dict[str, Any]:
    error = answer.body.get("error") if isinstance(answer.body, dict) else None
    return error if isinstance(error, dict) else {}


def _code(answer: Answer) -> str:
    return str(_error(answer).get("code"))


def _reason(answer: Answer) -> str:
    """Return one word for why a document was refused: the gateway's own where it gives one, else by its code."""
    if answer.reason is not None and _REASON.fullmatch(answer.reason):
        return answer.reason
    if answer.status >= 500:
        return _BY_CODE.get(_code(answer), FileReason.GATEWAY_FAILED)
    return _BY_CODE.get(_code(answer)) or _BY_STATUS.get(answer.status, FileReason.REFUSED)
