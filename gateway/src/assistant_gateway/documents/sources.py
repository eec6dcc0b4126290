"""Documents of sources: what the ingest Jobs push, what they are told that is there already, and what their runs came to.

The gateway keeps no path and no name in the clear: a place in a source is a token, and the path itself is in the sealed head.
"""

import asyncio
import hashlib
import logging
import re
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import orjson

from assistant_gateway.documents import access, heads, rows
from assistant_gateway.documents.index import Index
from assistant_gateway.documents.intake import Intake, Origin
from assistant_gateway.errors import RefusalError
from assistant_gateway.retention.expiry import TIME
from assistant_gateway.storage.errors import StoreError

if TYPE_CHECKING:
    from asyncpg import Connection, Record

MAX_LOCATOR: Final = 4096
MAX_REASONS: Final = 32
MOST: Final = 2**31 - 1
BATCH: Final = 100
CLEAR_SECONDS = 60.0
"""How often is looked for documents without a source while the policy stays the same."""
RECENT_SECONDS = 600.0
"""A source that this gateway's policy does not know, but that somebody fed within this time, may be newer than the policy."""

_REASON: Final = re.compile(r"[A-Za-z]{1,40}")

# The documents' origins that the policy no longer has, if nobody with another policy can still be at work on them. Uploads have no source:
# asked apart, since NULL = ANY of no sources at all is false, and not unknown.
_ORPHANS: Final = f"""
    SELECT source FROM documents WHERE CASE WHEN source IS NULL THEN NOT $2 ELSE source <> ALL($1::text[]) END AND acl <> '{{}}'
    GROUP BY source HAVING max(created_at) < greatest($3, {TIME} - make_interval(secs => $4))"""  # noqa: S608  of constants alone
_OF_ORPHAN: Final = "SELECT id FROM documents WHERE source IS NOT DISTINCT FROM $1 AND acl <> '{}' LIMIT $2 FOR UPDATE SKIP LOCKED"
_FORGET_RUNS: Final = """
    DELETE FROM source_runs r WHERE source <> ALL($1::text[])
        AND NOT EXISTS (SELECT FROM documents d WHERE d.source = r.source AND acl <> '{}')
        AND coalesce(greatest(started_at, finished_at), '-infinity') < greatest($2, now() - make_interval(secs => $3))"""
_RUN: Final = {
    "started": """
        INSERT INTO source_runs (source, started_at) VALUES ($1, now())
        ON CONFLICT (source) DO UPDATE SET started_at = now(), finished_at = NULL""",
    "finished": """
        INSERT INTO source_runs (source, finished_at, documents, chunks, failed) VALUES ($1, now(), $2, $3, $4::text::jsonb)
        ON CONFLICT (source) DO UPDATE SET finished_at = now(), documents = $2, chunks = $3, failed = $4::text::jsonb""",
}
# Only a constant of ours is put into the text.
_STATUS: Final = f"""
    SELECT name, started_at, finished_at, failed::text, coalesce(held.documents, 0) AS documents, coalesce(held.chunks, 0) AS chunks
    FROM unnest($1::text[]) AS name LEFT JOIN source_runs r ON r.source = name LEFT JOIN (
        SELECT source, count(*) AS documents, sum(chunk_count)::bigint AS chunks
        FROM documents d WHERE source IS NOT NULL AND acl <> '{{}}' AND {rows.ALIVE} GROUP BY source) AS held ON held.source = name"""  # noqa: S608

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Put:
    """What became of a document that a Job sent."""

    document: UUID
    chunks: int
    is_new: bool


class Sources:
    """The sources of the policy and what the store holds of them."""

    def __init__(self, index: Index, intake: Intake) -> None:
        self._index = index
        self._intake = intake
        self._names: frozenset[str] | None = None
        self._configured = True
        self._since: tuple[datetime | None, datetime | None] = (None, None)
        self._next = 0.0

    async def pages(self, source: str) -> AsyncIterator[list[dict[str, Any]]]:
        """Return what a source has in the store, a page at a time; raises RefusalError and StoreError.

        A damaged document is not there for its source, which then sends it again.
        """
        self._known(source)
        async with self._index.store.connection() as connection:
            held = await rows.of_source(connection, source)
        async for page in self._index.heads(held):
            yield [self._listed(row, head) for row, head in page if head is not None]

    async def put(self, source: str, locator: str, media_type: str | None, data: bytes, found: Counter[str] | None = None) -> Put:
        """Store a document unless it is there as it is, `found` counting what of it is masked; raises RefusalError and StoreError."""
        self._known(source)
        place = self._place(source, locator)
        sha256 = hashlib.sha256(data).hexdigest()
        tag = self._tag(sha256)
        async with self._index.store.connection() as connection:
            there = await rows.head_at(connection, source, place)
        if there is not None and there["content_tag"] == tag and heads.opened(self._index.ring, there) is not None:
            return Put(there["id"], there["chunk_count"], is_new=False)
        acl = access.of_source(self._index.store.index, source)
        counts = Counter() if found is None else found
        origin = Origin(acl=acl, tag=tag, source=source, locator=place, sha256=sha256, found=counts)
        return Put(*await self._intake.file(origin, locator, media_type, data), is_new=True)

    async def remove(self, source: str, locator: str) -> UUID:
        """Remove a document that its source no longer has and return its id; raises RefusalError and StoreError."""
        self._known(source)
        place = self._place(source, locator)
        async with self._index.store.transaction() as connection:
            await rows.lock(connection, place)
            there = await rows.at(connection, source, place)
            if not there:
                raise RefusalError("not_found")
            await rows.doom(connection, there)
        return there[0]

    async def report(self, source: str, run: dict[str, Any]) -> None:
        """Note where a run stands; raises RefusalError and StoreError."""
        self._known(source)
        state = run.get("state")
        if type(state) is not str or state not in _RUN:
            raise RefusalError("invalid_request", "The field 'state' must be started or finished.", param="state")
        values: list[object] = [source]
        if state == "finished":
            values += [_count(run, "documents"), _count(run, "chunks"), orjson.dumps(_failed(run)).decode()]
        async with self._index.store.connection() as connection:
            await connection.execute(_RUN[state], *values)

    async def status(self) -> dict[str, Any]:
        """Return each source's state for the gateway's status; raises StoreError."""
        rag = self._index.configured
        async with self._index.store.connection() as connection:
            found = await connection.fetch(_STATUS, [source.name for source in rag.sources] if rag else [])
        return {
            row["name"]: {
                "startedAt": _time(row["started_at"]),
                "finishedAt": _time(row["finished_at"]),
                "documents": row["documents"],
                "chunks": row["chunks"],
                "failed": orjson.loads(row["failed"] or "{}"),
            }
            for row in found
        }

    # What left the policy

    async def watch(self, seconds: float) -> None:
        """Erase the documents of sources that the policy no longer has, for as long as the process lives."""
        while True:
            try:
                if self._has_changed() or self._next <= time.monotonic():
                    await self.clear()
                    self._next = time.monotonic() + CLEAR_SECONDS
            except StoreError:
                pass  # the next look goes on
            except Exception:
                logger.exception("Documents that left the policy could not be erased.")
            await asyncio.sleep(seconds)

    async def clear(self) -> int:
        """Erase what belongs to no source of the policy, uploads too where it has no documents at all; return how many. Raises StoreError.

        Nobody finds them from the moment the policy changed (access.py). The rows wait only where somebody fed the source after this
        gateway read its policy: for a few minutes after a change, another gateway may know more than this one.
        """
        rag = self._index.configured
        names = sorted(source.name for source in rag.sources) if rag else []
        erased = 0
        async with self._index.store.connection() as connection:
            if self._has_changed():
                self._names, self._configured = frozenset(names), rag is not None
                # Documents go by the store's time (expiry.py), what is noted of runs by the server's clock.
                self._since = tuple(await connection.fetchrow(f"SELECT {TIME}, now()"))
            for row in await connection.fetch(_ORPHANS, names, rag is not None, self._since[0], RECENT_SECONDS):
                while count := await self._erase_some(connection, row["source"]):
                    erased += count
            await connection.execute(_FORGET_RUNS, names, self._since[1], RECENT_SECONDS)
        if erased:
            logger.info("Documents that left the policy were erased.", extra={"fields": {"documents": erased}})
        return erased

    def _has_changed(self) -> bool:
        """Say whether the policy names other sources than it did at the last look."""
        rag = self._index.configured
        return (self._names, self._configured) != (
            frozenset(source.name for source in rag.sources) if rag else frozenset(),
            rag is not None,
        )

    async def _erase_some(self, connection: "Connection[Record]", source: str | None) -> int:
        async with connection.transaction():
            found = [row["id"] for row in await connection.fetch(_OF_ORPHAN, source, BATCH)]
            await rows.doom(connection, found)
        return len(found)

    def _known(self, source: str) -> None:
        if all(known.name != source for known in self._index.rag.sources):
            raise RefusalError("not_found")

    def _place(self, source: str, locator: str) -> int:
        if not 0 < len(locator) <= MAX_LOCATOR:
            raise RefusalError("invalid_request", "The query's locator must name a file of the source.", param="locator")
        return self._index.store.index.token("locator", f"{source}\0{locator}")

    def _tag(self, sha256: str) -> bytes:
        """Return what content and settings a document is the same under: cut or masked otherwise, it is another."""
        chunk, redaction = self._index.rag.chunk, self._index.redaction
        masked = "" if redaction is None else redaction.stored_revision
        return self._index.store.index.tag(f"{sha256} {chunk.size} {chunk.overlap} {masked}".rstrip().encode())

    def _listed(self, row: "Record", head: dict[str, Any]) -> dict[str, Any]:
        """Return a document's line; without a digest where it has to be sent again, since pieces are cut otherwise by now."""
        sha256 = head.get("sha256")
        same = isinstance(sha256, str) and self._tag(sha256) == row["content_tag"]
        return {"locator": head["fileName"], "sha256": sha256 if same else None, "id": str(row["id"])}


def _count(run: dict[str, Any], name: str) -> int:
    value = run.get(name, 0)
    if type(value) is not int or not 0 <= value <= MOST:
        raise RefusalError("invalid_request", f"The field '{name}' must be a count.", param=name)
    return value


def _failed(run: dict[str, Any]) -> dict[str, int]:
    """Return counts by reason; reasons are words, so that no file's name gets into the status by this way."""
    failed = run.get("failed") or {}
    if type(failed) is not dict or len(failed) > MAX_REASONS or not all(_REASON.fullmatch(reason) for reason in failed):
        raise RefusalError("invalid_request", "The field 'failed' must map reasons to counts.", param="failed")
    return {reason: _count(failed, reason) for reason in failed}


def _time(value: datetime | None) -> str | None:
    return None if value is None else value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
