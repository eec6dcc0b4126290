"""Text to vectors, by the assistant's own model server.

Nothing is cut silently (`truncate: false`): a text that is too long for the model is an error here, and the caller divides it.
"""

import asyncio
from array import array
from collections.abc import Sequence
from math import isfinite, sqrt
from typing import Any, Final, TypeAlias

import orjson

from assistant_gateway import answer
from assistant_gateway.documents.chunking import halves
from assistant_gateway.neighbours.upstream import Upstream, UpstreamError

SECONDS: Final = 300.0
"""Longest silence: the model may have to be loaded, and other texts may stand before these."""
MAX_ANSWER_BYTES: Final = 64 * 1024 * 1024
QUERY_CHARACTERS: Final = 8000
"""A longer question is looked for by its beginning and its end; where people paste, the question stands at one of them."""
BUSY_TRIES: Final = 6
BUSY_SECONDS = 0.5

Vector: TypeAlias = "array[float]"


class EmbeddingError(Exception):
    """The model server gave no vectors. No message: what it said may quote the text."""


class TextTooLongError(EmbeddingError):
    """One of the texts is longer than the model's context."""


class Embedder:
    """One embedding model."""

    def __init__(self, upstream: Upstream, model: str) -> None:
        self._upstream = upstream
        self.model = model

    async def embed(self, texts: Sequence[str]) -> list[Vector]:
        """Return one vector for each text, all of one dimension; raises EmbeddingError."""
        request = orjson.dumps({"model": self.model, "input": texts, "truncate": False})
        for attempt in range(BUSY_TRIES):
            status, said = await self._ask(request)
            refusal = None if status == 200 else answer.refused_by_model_server(status, said)
            if refusal is None or refusal.code != "upstream_busy":
                break
            await asyncio.sleep(BUSY_SECONDS * (attempt + 1))
        if refusal is not None:
            raise TextTooLongError if refusal.code == "context_too_long" else EmbeddingError
        return _vectors(said, len(texts))

    async def embed_whole(self, text: str) -> Vector:
        """Return one vector for a text of any length: the mean of its parts' vectors where the model cannot take it at once."""
        try:
            return (await self.embed([text]))[0]
        except TextTooLongError:
            parts = [part for part in halves(text) if part]
            if len(parts) < 2:
                raise
        first, second = [await self.embed_whole(part) for part in parts]
        return _normal(array("f", [a + b for a, b in zip(_normal(first), _normal(second), strict=True)]))

    async def embed_wholes(self, texts: Sequence[str]) -> list[Vector]:
        """Return one vector for each text, each of any length."""
        try:
            return await self.embed(texts)
        except TextTooLongError:
            return [await self.embed_whole(text) for text in texts]

    async def embed_query(self, text: str) -> Vector:
        """Return the vector of a question."""
        return await self.embed_whole(ends(text))

    async def _ask(self, request: bytes) -> tuple[int, bytes]:
        parts: list[bytes] = []
        size = 0
        try:
            connection = await self._upstream.request("POST", "/api/embed", request, seconds=SECONDS)
            try:
                while data := await connection.read(SECONDS):
                    parts.append(data)
                    size += len(data)
                    if size > MAX_ANSWER_BYTES:
                        raise EmbeddingError
            finally:
                connection.abort()
        except UpstreamError:
            raise EmbeddingError from None
        return connection.status, b"".join(parts)


def ends(text: str) -> str:
    """Return a question as it is looked for."""
    if len(text) <= QUERY_CHARACTERS:
        return text
    half = QUERY_CHARACTERS // 2
    return f"{text[:half]}\n\n{text[-half:]}"


def _vectors(said: bytes, wanted: int) -> list[Vector]:
    try:
        found: Any = orjson.loads(said)["embeddings"]
        vectors = [array("f", vector) for vector in found]
    except (orjson.JSONDecodeError, KeyError, TypeError, OverflowError):
        raise EmbeddingError from None
    dimensions = {len(vector) for vector in vectors}
    if len(vectors) != wanted or len(dimensions) != 1 or dimensions == {0}:
        raise EmbeddingError
    # One sum tells: a single number that is not finite makes it so.
    if not all(isfinite(sum(vector)) for vector in vectors):
        raise EmbeddingError
    return vectors


def _normal(vector: Vector) -> Vector:
    length = sqrt(sum(value * value for value in vector))
    return array("f", [value / length for value in vector]) if length else vector
