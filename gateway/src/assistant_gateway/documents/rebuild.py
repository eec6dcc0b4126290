"""Fills the vectors' table of the embedding model in force with what it lacks: all pieces, after the model changed.

It goes on where it was cut off, since what is missing is asked of the store. Two gateways share the work: each begins somewhere else. Until
it is done, searches take what is there and find the rest by words (retrieval/search.py); then the earlier model's table goes.
"""

import asyncio
import logging
import secrets
import time
from typing import TYPE_CHECKING, Any

from assistant_gateway.documents import labels, pieces, rows, spaces
from assistant_gateway.documents.embedding import EmbeddingError
from assistant_gateway.documents.index import Index
from assistant_gateway.documents.spaces import Space
from assistant_gateway.errors import RefusalError
from assistant_gateway.sealing.errors import KeyMissingError, SealBrokenError
from assistant_gateway.sealing.keys import DataKey
from assistant_gateway.storage.errors import StoreError

if TYPE_CHECKING:
    from asyncpg import Record

CHECK_SECONDS = 300.0
"""How often a complete table is looked at for pieces that a gateway with an earlier policy added without vectors of this model."""

logger = logging.getLogger(__name__)


class Rebuild:
    """Keeps the table complete."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._checked: tuple[int, float] | None = None

    async def watch(self, seconds: float) -> None:
        """Look for as long as the process lives."""
        while True:
            try:
                await self.look()
            except (StoreError, EmbeddingError, RefusalError):
                pass  # the store or the model is away, or its table is gone to a newer policy's: the next look may find otherwise
            except Exception:
                logger.exception("The vectors could not be completed.")
            await asyncio.sleep(seconds)

    async def look(self) -> None:
        """Complete the table if it is time to ask whether it is; raises StoreError and EmbeddingError."""
        if self._index.configured is None:
            return
        space = await self._index.look_again()
        now = time.monotonic()
        if space.serving and self._checked is not None and self._checked[0] == space.id and self._checked[1] > now:
            return
        made = await self.complete(space)
        self._checked = space.id, time.monotonic() + CHECK_SECONDS
        if made or not space.serving:
            async with self._index.store.transaction() as connection:
                await spaces.serve_alone(connection, space)
            logger.info("The vectors are complete.", extra={"fields": {"added": made}})
            await self._index.look_again()

    async def complete(self, space: Space) -> int:
        """Embed every piece that has no vector, and return how many there were."""
        made = 0
        while count := await self._pass(space, await self._somewhere()) or await self._pass(space, 0):
            made += count
        return made

    async def status(self) -> dict[str, Any] | None:
        """Return `index` of the gateway's status, None before there is one; raises StoreError."""
        if self._index.configured is None:
            return None
        async with self._index.store.connection() as connection:
            space = await spaces.find_space(connection, self._index.rag.embedding.digest)
            if space is not None and space.serving:
                return {"state": "Serving", "remaining": 0}
            remaining = await spaces.remaining(connection, space)
        return {"state": "Rebuilding", "remaining": remaining} if space is not None or remaining else None

    async def _somewhere(self) -> int:
        async with self._index.store.connection() as connection:
            return secrets.randbelow(1 + int(await connection.fetchval("SELECT coalesce(max(id), 0) FROM chunks")))

    async def _pass(self, space: Space, after: int) -> int:
        """Embed what is missing after a piece, and return how many there were."""
        made = 0
        while True:
            async with self._index.store.connection() as connection:
                found = await spaces.missing(connection, space, after, pieces.BATCH)
            if not found:
                return made
            after = found[-1]["id"]
            texts = await asyncio.to_thread(self._texts, found)
            if not texts:
                continue
            # One that this model cannot take whole gets the mean of its parts' vectors.
            vectors = await self._index.embedder.embed_wholes(list(texts.values()))
            async with self._index.store.transaction() as connection:
                made += await rows.add_vectors(connection, space, list(zip(texts, vectors, strict=True)))

    def _texts(self, found: "list[Record]") -> dict[int, str]:
        """Return the pieces' texts by id; one that cannot be opened is not to keep the others from being found."""
        texts = {}
        for row in found:
            try:
                key = DataKey(self._index.ring.unwrap(row["document"], row["kek"], row["wrapped"]))
                texts[row["id"]] = key.open(row["sealed"], labels.chunk(row["document"], row["seq"])).decode()
            except (KeyMissingError, SealBrokenError) as error:
                logger.error("A piece of a document cannot be opened.", exc_info=error)  # noqa: TRY400  the type says it all
        return texts
