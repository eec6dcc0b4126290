"""Stores for tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from assistant_gateway.sealing.ring import KeyRing
from assistant_gateway.storage.store import Store
from tests.support.postgres import Postgres


@asynccontextmanager
async def open_store(postgres: Postgres) -> AsyncIterator[Store]:
    """A store that has looked once, as a second gateway of the same assistant would have it."""
    store = Store(postgres.policy, postgres.folder, KeyRing.load(postgres.keys))
    await store.look()
    try:
        yield store
    finally:
        await store.close()
