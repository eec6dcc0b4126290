"""From text to sealed pieces with vectors, in batches, so that neither the text's words nor its vectors are in memory more often than once.

The model is never left without work: while one batch is embedded the next one waits at the model server, and the one before is sealed in
a thread. A piece that is too long for the model is divided and embedded again, in its place: nothing is left out.
"""

import asyncio
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final
from uuid import UUID

from assistant_gateway.documents import chunking, labels
from assistant_gateway.documents.embedding import Embedder, TextTooLongError, Vector
from assistant_gateway.documents.terms import Lexemes
from assistant_gateway.errors import RefusalError
from assistant_gateway.policy import ChunkPolicy
from assistant_gateway.sealing.keys import DataKey

BATCH: Final = 16
"""Pieces in one call: enough to keep the model busy, few enough that a question waits a moment only."""
AHEAD: Final = 2
MOST_PIECES: Final = 20_000


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece as it is stored, but for its vector's table."""

    seq: int
    terms: str
    sealed: bytes
    vector: Vector


class Sealer:
    """Makes pieces of one document."""

    def __init__(self, document: UUID, key: DataKey, lexemes: Lexemes) -> None:
        self._document = document
        self._key = key
        self._lexemes = lexemes
        self.pieces: list[Piece] = []

    def add(self, embedded: list[tuple[str, Vector]]) -> None:
        """Seal the next pieces."""
        for text, vector in embedded:
            seq = len(self.pieces)
            sealed = self._key.seal(text.encode(), labels.chunk(self._document, seq))
            self.pieces.append(Piece(seq, self._lexemes.vector(text), sealed, vector))


async def make(text: str, chunk: ChunkPolicy, embedder: Embedder, sealer: Sealer) -> list[Piece]:
    """Return the text's sealed pieces; raises EmbeddingError, and RefusalError if they are too many."""
    texts = chunking.chunks(text, chunk.size, chunk.overlap)
    embedding: deque[asyncio.Task[list[tuple[str, Vector]]]] = deque()
    try:
        while True:
            while len(embedding) < AHEAD and (batch := await asyncio.to_thread(_next, texts)):
                embedding.append(asyncio.create_task(embed(embedder, batch)))
            if not embedding:
                return sealer.pieces
            await asyncio.to_thread(sealer.add, await embedding.popleft())
            if len(sealer.pieces) > MOST_PIECES:
                raise RefusalError("document_too_large", param="file")
    finally:
        for task in embedding:
            task.cancel()
        await asyncio.gather(*embedding, return_exceptions=True)


async def embed(embedder: Embedder, texts: list[str]) -> list[tuple[str, Vector]]:
    """Return the texts with their vectors, those that are too long for the model as the parts that are not."""
    try:
        return list(zip(texts, await embedder.embed(texts), strict=True))
    except TextTooLongError:
        if len(texts) == 1:
            parts = [[part] for part in chunking.halves(texts[0]) if part]
            if len(parts) < 2:
                raise
        else:
            parts = [[text] for text in texts]  # one of them it is; the others are not divided for it
    return [embedded for part in parts for embedded in await embed(embedder, part)]


def _next(texts: Iterator[str]) -> list[str]:
    return list(islice(texts, BATCH))
