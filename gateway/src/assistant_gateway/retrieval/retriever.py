"""What the chat and /v1/chunks ask: the pieces of documents that this key may read and that have most to do with a text."""

import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from typing import TYPE_CHECKING, Any, Final, TypeVar
from uuid import UUID

import orjson

from assistant_gateway.auth import Identity
from assistant_gateway.documents import access, heads, labels
from assistant_gateway.documents.embedding import EmbeddingError, Vector, ends
from assistant_gateway.documents.index import Index
from assistant_gateway.documents.spaces import Space
from assistant_gateway.errors import RefusalError
from assistant_gateway.retrieval import search
from assistant_gateway.retrieval.rarity import Rarity, Words
from assistant_gateway.retrieval.search import Question
from assistant_gateway.sealing.errors import KeyMissingError, SealBrokenError
from assistant_gateway.sealing.keys import DataKey
from assistant_gateway.storage.errors import StoreError

if TYPE_CHECKING:
    from asyncpg import Record

MOST: Final = 50
"""Pieces that one question may ask for."""
MOST_NEIGHBOURS: Final = 5
REACH_SECONDS = 30.0
"""How long is believed how much a reader may read; it decides the plan only, never what is found."""
MOST_READERS: Final = 1000
RETRY: Final = [(b"retry-after", b"2")]

Found = TypeVar("Found")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Hit:
    """One piece that was found."""

    score: float
    """Cosine similarity to the question. The order is that of both halves fused, so it need not fall with it."""
    document: UUID
    file_name: str | None
    metadata: dict[str, Any]
    text: str
    seq: int


class Retriever:
    """Finds pieces of documents."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._rarity = Rarity()
        self._reach: dict[tuple[int, frozenset[int]], tuple[float, int]] = {}

    async def retrieve(self, identity: Identity, text: str, docs_ids: Sequence[UUID] | None, limit: int | None = None) -> list[Hit]:
        """Return the pieces for a text, best first; raises RefusalError where the documents cannot be searched."""
        return await _or_refuse(lambda: self._retrieve(identity, text, docs_ids, limit))

    async def neighbours(self, identity: Identity, hits: Sequence[Hit], count: int) -> list[tuple[list[str], list[str]]]:
        """Return the texts right before and right after each piece; raises RefusalError."""
        return await _or_refuse(lambda: self._neighbours(identity, hits, min(count, MOST_NEIGHBOURS)))

    async def _retrieve(self, identity: Identity, text: str, docs_ids: Sequence[UUID] | None, limit: int | None) -> list[Hit]:
        settings = self._index.rag.retrieval
        if not text.strip() or docs_ids == []:
            return []
        space = await self._index.space()
        vector = await self._index.embedder.embed_query(text)
        if len(vector) != space.dimensions:
            raise EmbeddingError
        question = Question(
            readers=access.of_reader(self._index.store.index, identity, self._index.rag),
            vector=vector,
            words=Words(),
            limit=min(MOST, settings.top_k if limit is None else max(1, limit)),
            min_score=settings.min_score,
            documents=docs_ids,
        )
        rows = await self._search(space, question, text if settings.hybrid or not space.serving else "")
        hits = [_found(self._index, row) for row in rows]
        if any(row["similarity"] is None for row in rows):
            hits = await self._compared(hits, rows, vector)
        return [hit for hit in hits if settings.min_score is None or hit.score >= settings.min_score]

    async def _search(self, space: Space, question: Question, text: str) -> "list[Record]":
        async with self._index.store.transaction() as connection:
            if text:
                await self._rarity.refresh(connection)
                lexemes = self._index.lexemes.of(ends(text))
                question = replace(question, words=self._rarity.words(lexemes))
            found = await self._candidates(connection, space, question)
            if len(found) < question.limit and question.min_score is None:
                # Candidates were lost: documents that are gone, and that the purger has not cleared away yet, stand before others.
                found = (await search.exact(connection, space, replace(question, limit=MOST)))[: question.limit]
            return found

    async def _candidates(self, connection: Any, space: Space, question: Question) -> "list[Record]":
        if question.documents is None and await self._reach_of(connection, space, question.readers) > search.EXACT:
            found = await search.walk(connection, space, question)
            if found and found[0]["nearby"] >= question.limit:
                return found
        # Few pieces to compare, or the index gave up before it met enough of this reader's.
        return await search.exact(connection, space, question)

    async def _reach_of(self, connection: Any, space: Space, readers: list[int]) -> int:
        key = space.id, frozenset(readers)
        now = time.monotonic()
        until, count = self._reach.get(key, (0.0, 0))
        if until < now:
            count = await search.reach(connection, space, readers)
            if len(self._reach) >= MOST_READERS:
                self._reach.clear()
            self._reach[key] = now + REACH_SECONDS, count
        return count

    async def _compared(self, hits: list[Hit], rows: "list[Record]", vector: Vector) -> list[Hit]:
        """Give pieces that words found their similarity, while the table of vectors is built and has not come to them."""
        unknown = [hit.text for hit, row in zip(hits, rows, strict=True) if row["similarity"] is None]
        vectors = iter(await self._index.embedder.embed_wholes(unknown))
        return [
            replace(hit, score=_cosine(vector, next(vectors))) if row["similarity"] is None else hit
            for hit, row in zip(hits, rows, strict=True)
        ]

    async def _neighbours(self, identity: Identity, hits: Sequence[Hit], count: int) -> list[tuple[list[str], list[str]]]:
        if count < 1 or not hits:
            return [([], []) for _ in hits]
        readers = access.of_reader(self._index.store.index, identity, self._index.rag)
        wanted = [(hit.document, hit.seq + step) for hit in hits for step in range(-count, count + 1) if step and hit.seq + step >= 0]
        async with self._index.store.connection() as connection:
            rows = await connection.fetch(
                """SELECT c.document, c.seq, c.sealed, k.kek, k.wrapped
                   FROM unnest($1::uuid[], $2::int[]) AS w (document, seq)
                   JOIN chunks c USING (document, seq) JOIN data_keys k ON k.record = c.document WHERE c.acl && $3::bigint[]""",
                [document for document, _ in wanted],
                [seq for _, seq in wanted],
                readers,
            )
        texts = {(row["document"], row["seq"]): _text(_key(self._index, row), row) for row in rows}

        def around(hit: Hit, steps: range) -> list[str]:
            return [texts[hit.document, hit.seq + step] for step in steps if (hit.document, hit.seq + step) in texts]

        return [(around(hit, range(-count, 0)), around(hit, range(1, count + 1))) for hit in hits]


async def _or_refuse(work: Callable[[], Awaitable[Found]]) -> Found:
    try:
        return await work()
    except (StoreError, EmbeddingError, KeyMissingError, SealBrokenError):
        raise RefusalError("retrieval_failed", headers=RETRY) from None


def _key(index: Index, row: "Record") -> DataKey:
    return DataKey(index.ring.unwrap(row["document"], row["kek"], row["wrapped"]))


def _text(key: DataKey, row: "Record") -> str:
    return key.open(row["sealed"], labels.chunk(row["document"], row["seq"])).decode()


def _found(index: Index, row: "Record") -> Hit:
    """Return what was found; the log names a document that cannot be opened, which its owner may delete or bring again."""
    try:
        return _hit(index, row)
    except (KeyMissingError, SealBrokenError):
        logger.warning("A document is damaged: a piece of it cannot be opened.", extra={"fields": {"document": str(row["document"])}})
        raise


def _hit(index: Index, row: "Record") -> Hit:
    key = _key(index, row)
    head = orjson.loads(key.open(row["head"], labels.head(row["document"])))
    score = 0.0 if row["similarity"] is None else row["similarity"]
    name, metadata = heads.shown_to(head, None)  # as the text is, for whoever uploaded it as well: it goes to models
    return Hit(score, row["document"], name, metadata, _text(key, row), row["seq"])


def _cosine(first: Vector, second: Vector) -> float:
    lengths = sqrt(sum(a * a for a in first) * sum(b * b for b in second))
    return sum(a * b for a, b in zip(first, second, strict=True)) / lengths if lengths else 0.0
