"""The query that finds pieces: the nearest vectors and the words in common, fused by reciprocal rank.

Who may read what is asked inside both halves (`acl && readers`), so that a piece of others is never a candidate, whatever it looks like.
Two plans, chosen by how much the reader may read: of few pieces every one is compared, which is exact; among many, the vectors' index is
walked until enough of those that it meets are the reader's (pgvector's iterative scan).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from assistant_gateway.documents.embedding import Vector
from assistant_gateway.documents.spaces import Space
from assistant_gateway.retention.expiry import TIME
from assistant_gateway.retrieval.rarity import Words

if TYPE_CHECKING:
    from asyncpg import Connection, Record

RRF: Final = 60
"""The usual constant: how much the first ranks are worth over the next."""
LEAST_CANDIDATES: Final = 20
CANDIDATES: Final = 5
"""Of each half, for each piece that is wanted."""
EXACT: Final = 2000
"""Pieces up to which all of a reader's are compared."""
RANKED: Final = 1000
"""Pieces that are ranked by their words; more would match only where all words of the question are everywhere."""
ONE_PLAN: Final = "SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL jit = off"
"""Nothing in the question changes how it is best answered, and planning it each time takes longer than a part of the answer."""
LEAST_EF_SEARCH: Final = 40
MOST_EF_SEARCH: Final = 1000


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked for, and for whom."""

    readers: list[int]
    vector: Vector
    words: Words
    """Empty to look by vectors alone."""
    limit: int
    min_score: float | None = None
    documents: Sequence[UUID] | None = None

    @property
    def candidates(self) -> int:
        return max(LEAST_CANDIDATES, CANDIDATES * self.limit)


async def reach(connection: "Connection[Record]", space: Space, readers: list[int]) -> int:
    """Count what the reader may read, up to one more than is compared piece by piece."""
    some = f"SELECT FROM {space.table} WHERE acl && $1::bigint[] LIMIT {EXACT + 1}"
    return int(await connection.fetchval(f"SELECT count(*) FROM ({some}) AS counted", readers))  # noqa: S608 - a table of ours


async def exact(connection: "Connection[Record]", space: Space, question: Question) -> "list[Record]":
    """Compare every piece that the reader may read."""
    return await _fetch(connection, _sql(space, question, walk=False), question)


async def walk(connection: "Connection[Record]", space: Space, question: Question) -> "list[Record]":
    """Walk the vectors' index; inside a transaction, whose settings this changes."""
    effort = min(MOST_EF_SEARCH, max(LEAST_EF_SEARCH, question.candidates))
    await connection.execute(f"SET LOCAL hnsw.iterative_scan = relaxed_order; SET LOCAL hnsw.ef_search = {effort}; {ONE_PLAN}")
    return await _fetch(connection, _sql(space, question, walk=True), question)


async def _fetch(connection: "Connection[Record]", sql: str, question: Question) -> "list[Record]":
    words = question.words.match, question.words.rank
    more: list[object] = [] if question.documents is None else [list(question.documents)]
    found: list[Record] = await connection.fetch(sql, question.readers, question.vector, *words, question.min_score, *more)
    return found


def _sql(space: Space, question: Question, *, walk: bool) -> str:
    """Return the query's text: the same for every question of a kind, so that it is prepared once."""
    wanted = question.candidates
    distance = space.distance("$2")
    # What follows an operator that is not bare no index serves: each plan takes the index that it is for.
    readable, order = ("(acl && $1::bigint[]) IS TRUE", distance) if walk else ("acl && $1::bigint[]", f"({distance}) + 0")
    named = chosen = ""
    if question.documents is not None:
        named, chosen = "AND document = ANY($6::uuid[])", "AND chunk IN (SELECT id FROM chunks WHERE document = ANY($6::uuid[]))"
    return f"""
        WITH near AS MATERIALIZED (
            SELECT chunk, {distance} AS distance FROM {space.table} WHERE {readable} {chosen} ORDER BY {order} LIMIT {wanted}
        ), matching AS (
            SELECT id, terms FROM chunks
            WHERE $3 <> '' AND terms @@ $3::tsquery AND acl && $1::bigint[] {named} LIMIT {RANKED}
        ), worded AS MATERIALIZED (
            SELECT id, ts_rank(terms, $4::tsquery) AS rank FROM matching ORDER BY rank DESC, id LIMIT {wanted}
        ), placed AS (
            SELECT chunk, row_number() OVER (ORDER BY distance, chunk) AS place FROM near
            UNION ALL
            SELECT id, row_number() OVER (ORDER BY rank DESC, id) FROM worded
        ), fused AS (
            SELECT chunk, sum(1.0 / ({RRF} + place))::float8 AS fusion FROM placed GROUP BY chunk
        ), judged AS (
            SELECT fused.chunk, fusion, nullif(1 - ({distance}), 'NaN') AS similarity
            FROM fused LEFT JOIN {space.table} AS vectors ON vectors.chunk = fused.chunk
        )
        SELECT c.document, c.seq, c.sealed, d.head, k.kek, k.wrapped, similarity, (SELECT count(*) FROM near) AS nearby
        FROM judged JOIN chunks c ON c.id = chunk JOIN documents d ON d.id = c.document JOIN data_keys k ON k.record = c.document
        WHERE (similarity IS NULL OR $5::float8 IS NULL OR similarity >= $5)
            AND (d.expires_at IS NULL OR d.expires_at > {TIME})
        ORDER BY fusion DESC, similarity DESC NULLS LAST, chunk LIMIT {question.limit}"""  # noqa: S608  numbers and names of our own
