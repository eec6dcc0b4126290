"""Documents in the store: written as a whole or not at all, removed by destroying their key.

A document has its row and its key before its text is read: who erases what is a subject's finds there what is still being taken in, too.
Until it is whole nobody may read it, and it has no pieces.

A removed document's key is deleted and the document is due: nobody can read or find it from the commit on, and the purger
(retention/purger.py) clears the rows away, vectors among them, as it does with what expired.
"""

# ruff: noqa: S608  the statements are put together from constants and numbers of our own

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from assistant_gateway.documents.pieces import Piece
from assistant_gateway.documents.spaces import Space
from assistant_gateway.retention.expiry import TIME

if TYPE_CHECKING:
    from asyncpg import Connection, Record

BATCH: Final = 500
"""Pieces in one statement: a large document's take longer than one statement may."""
COPY_SECONDS: Final = 300.0

ALIVE: Final = f"(d.expires_at IS NULL OR d.expires_at > {TIME})"

RESERVED_SECONDS: Final = 86400
"""How long a row may wait for its document: what a gateway that was killed has left behind goes then."""

_RESERVE: Final = f"""
    INSERT INTO documents (id, owner, content_tag, acl, created_at, expires_at, chunk_count, head)
    VALUES ($1, $2, '', '{{}}', {TIME}, {TIME} + make_interval(secs => $3), 0, '')"""
# One that is whole stays, key and all: its commit may have come through although the store was lost over it.
_LET_GO: Final = """
    WITH gone AS (DELETE FROM documents WHERE id = $1 AND chunk_count = 0 RETURNING id)
    DELETE FROM data_keys WHERE record IN (SELECT id FROM gone)"""
# In the order of their ids, as erasures lock them.
_HOLD: Final = "SELECT id FROM documents WHERE id = $1 OR (source = $2 AND locator = $3) ORDER BY id FOR UPDATE"
_KEY: Final = "SELECT EXISTS (SELECT FROM data_keys WHERE record = $1)"
_DOCUMENT: Final = f"""
    UPDATE documents SET source = $2, locator = $3, content_tag = $4, acl = $5, created_at = {TIME},
        expires_at = {TIME} + make_interval(secs => $6::bigint), chunk_count = $7, head = $8
    WHERE id = $1"""
_DOOM: Final = f"""
    UPDATE documents SET expires_at = least(expires_at, {TIME}), locator = NULL, acl = '{{}}' WHERE id = ANY($1::uuid[])"""
_IDS: Final = "SELECT nextval(pg_get_serial_sequence('chunks', 'id')) FROM generate_series(1, $1)"


@dataclass(frozen=True, slots=True)
class NewDocument:
    """What a document's row says once it is whole."""

    id: UUID
    source: str | None
    locator: int | None
    tag: bytes
    acl: list[int]
    ttl_seconds: int | None
    head: bytes


async def reserve(connection: "Connection[Record]", document: UUID, owner: int | None, kek: str, wrapped: bytes) -> None:
    """Write the key and the row of a document that is about to be taken in; inside a transaction."""
    await connection.execute("INSERT INTO data_keys VALUES ($1, $2, $3)", document, kek, wrapped)
    await connection.execute(_RESERVE, document, owner, RESERVED_SECONDS)


async def let_go(connection: "Connection[Record]", document: UUID) -> None:
    """Remove the row and the key of a document that was not taken in."""
    await connection.execute(_LET_GO, document)


async def complete(connection: "Connection[Record]", space: Space, document: NewDocument, pieces: Sequence[Piece]) -> bool:
    """Write a document, in the place of the one that its source had there; inside a transaction.

    False, and nothing is written, where it was erased while it was taken in. That is seen once its row is locked: an erasure locks the row
    before it destroys the key.
    """
    if document.locator is not None:
        await lock(connection, document.locator)
    held = [row["id"] for row in await connection.fetch(_HOLD, document.id, document.source, document.locator)]
    if not await connection.fetchval(_KEY, document.id):
        return False
    await doom(connection, [other for other in held if other != document.id])
    place = (document.source, document.locator)
    await connection.execute(_DOCUMENT, document.id, *place, document.tag, document.acl, document.ttl_seconds, len(pieces), document.head)
    for begin in range(0, len(pieces), BATCH):
        await _insert_pieces(connection, space, document, pieces[begin : begin + BATCH])
    return True


async def _insert_pieces(connection: "Connection[Record]", space: Space, document: NewDocument, pieces: Sequence[Piece]) -> None:
    ids = [row[0] for row in await connection.fetch(_IDS, len(pieces))]
    rows = [(number, document.id, piece.seq, document.acl, piece.terms, piece.sealed) for number, piece in zip(ids, pieces, strict=True)]
    await connection.executemany(
        """INSERT INTO chunks (id, document, seq, acl, terms, sealed) OVERRIDING SYSTEM VALUE
           VALUES ($1, $2, $3, $4, $5::text::tsvector, $6)""",
        rows,
        timeout=COPY_SECONDS,
    )
    await insert_vectors(connection, space, [(number, document.acl, piece.vector) for number, piece in zip(ids, pieces, strict=True)])


async def insert_vectors(connection: "Connection[Record]", space: Space, rows: Sequence[tuple[int, list[int], object]]) -> None:
    """Write vectors of pieces that are there."""
    columns = ["chunk", "acl", "embedding"]
    await connection.copy_records_to_table(space.table, records=rows, columns=columns, timeout=COPY_SECONDS)


async def add_vectors(connection: "Connection[Record]", space: Space, vectors: Sequence[tuple[int, object]]) -> int:
    """Write vectors of pieces that may be gone by now, or have got theirs from another gateway; return how many that are."""
    statement = f"""
        INSERT INTO {space.table} (chunk, acl, embedding) SELECT id, acl, $2 FROM chunks WHERE id = $1 FOR KEY SHARE
        ON CONFLICT DO NOTHING"""
    await connection.executemany(statement, vectors, timeout=COPY_SECONDS)
    return len(vectors)


async def lock(connection: "Connection[Record]", locator: int) -> None:
    """Wait until nobody else writes the document at this place of a source; until the transaction's end."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", locator)


async def at(connection: "Connection[Record]", source: str, locator: int) -> list[UUID]:
    """Return the ids of what a source has at a place: one or none."""
    rows = await connection.fetch("SELECT id FROM documents WHERE source = $1 AND locator = $2 FOR UPDATE", source, locator)
    return [row["id"] for row in rows]


async def doom(connection: "Connection[Record]", documents: Sequence[UUID]) -> None:
    """Destroy the documents' keys, and have the purger remove the rest; inside a transaction."""
    if documents:
        await connection.execute("DELETE FROM data_keys WHERE record = ANY($1::uuid[])", list(documents))
        await connection.execute(_DOOM, list(documents))


async def head_at(connection: "Connection[Record]", source: str, locator: int) -> "Record | None":
    """Return what a source has at a place: its head, and how many pieces it has."""
    return await connection.fetchrow(f"{_HEADS} WHERE d.source = $1 AND d.locator = $2 AND {ALIVE}", source, locator)


async def readable(connection: "Connection[Record]", readers: list[int]) -> list[UUID]:
    """Return the ids of all documents that these readers may read, the oldest first."""
    found = await connection.fetch(f"SELECT id FROM documents d WHERE acl && $1::bigint[] AND {ALIVE} ORDER BY {_OLDEST}", readers)
    return [row["id"] for row in found]


async def of_source(connection: "Connection[Record]", source: str) -> list[UUID]:
    """Return the ids of all documents of a source, the oldest first."""
    found = await connection.fetch(f"SELECT id FROM documents d WHERE source = $1 AND {ALIVE} ORDER BY {_OLDEST}", source)
    return [row["id"] for row in found]


async def heads(connection: "Connection[Record]", documents: Sequence[UUID]) -> "list[Record]":
    """Return the heads of those documents that are still there, the oldest first."""
    found: list[Record] = await connection.fetch(f"{_HEADS} WHERE d.id = ANY($1::uuid[]) AND {ALIVE} ORDER BY {_OLDEST}", documents)
    return found


async def is_owned(connection: "Connection[Record]", document: UUID, owner: int) -> bool:
    """Say whether somebody uploaded this document."""
    statement = f"SELECT EXISTS (SELECT FROM documents d WHERE id = $1 AND owner = $2 AND {ALIVE})"
    return bool(await connection.fetchval(statement, document, owner))


_HEADS: Final = """
    SELECT d.id, d.head, d.content_tag, d.chunk_count, k.kek, k.wrapped FROM documents d JOIN data_keys k ON k.record = d.id"""
_OLDEST: Final = "d.created_at, d.id"
