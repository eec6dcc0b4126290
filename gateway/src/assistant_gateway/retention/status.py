"""What is known of retention: the last purge, how much went, the oldest that remains, and whether something is overdue."""

# ruff: noqa: S608  the statements are put together from constants alone

import asyncio
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from assistant_gateway.retention.expiry import TIME
from assistant_gateway.storage.errors import StoreError
from assistant_gateway.storage.store import Store

LATE_SECONDS: Final = 60
"""What is due for longer should be gone."""
OLDEST_SECONDS: Final = 30.0
"""How long an answer to "what is the oldest" stands: it takes a look at every item."""
SHARE: Final = 9
"""A look is followed by so many times as long without one: while it lasts, sweeps wait for what it can still see (horizon.py)."""
LOOK_SECONDS: Final = 600.0
PATIENCE_SECONDS = 1.0
"""Whoever asks waits so long for it, and is told what is known without it."""

_STATUS: Final = f"""
    SELECT last_at, purged,
        EXISTS (SELECT FROM conversations WHERE expires_at <= late.since)
        OR EXISTS (SELECT FROM items WHERE expires_at <= late.since)
        OR EXISTS (SELECT FROM documents WHERE expires_at <= late.since) AS is_late
    FROM purges, (SELECT {TIME} - make_interval(secs => {LATE_SECONDS}) AS since) AS late
"""
# Documents that are kept until they are removed have no age that anybody promised, and those without pieces are not there yet.
_OLDEST: Final = """
    SELECT least(
        (SELECT min(created_at) FROM items),
        (SELECT min(created_at) FROM documents WHERE expires_at IS NOT NULL AND chunk_count > 0))
"""


class RetentionStatus:
    """Looks at what retention has done."""

    def __init__(self, store: Store, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._monotonic = monotonic
        self._oldest: datetime | None = None
        self._next = float("-inf")
        self._looking: asyncio.Task[None] | None = None

    async def look(self) -> dict[str, Any]:
        """Return the part of /status; raises StoreError."""
        async with self._store.connection() as connection:
            row = await connection.fetchrow(_STATUS)
        if self._looking is None and self._monotonic() >= self._next:
            self._looking = asyncio.create_task(self._look_for_oldest())
        if self._looking is not None:
            await asyncio.wait([self._looking], timeout=PATIENCE_SECONDS)
        return {"lastPurge": _text(row["last_at"]), "purged": row["purged"], "oldest": _text(self._oldest), "isLate": row["is_late"]}

    async def _look_for_oldest(self) -> None:
        """Find the oldest, for this and later answers: begun with each of them, it would come to no end in a large store."""
        began = self._monotonic()
        try:
            async with self._store.connection() as connection:
                self._oldest = await connection.fetchval(_OLDEST, timeout=LOOK_SECONDS)
            ended = self._monotonic()
            self._next = ended + max(OLDEST_SECONDS, SHARE * (ended - began))
        except StoreError:
            pass  # what was known stands; the next answer's look may get there
        finally:
            self._looking = None


def _text(when: datetime | None) -> str | None:
    return None if when is None else when.strftime("%Y-%m-%dT%H:%M:%SZ")
