"""What an assistant keeps, put together: the store and the rooms that work on it.

Loaded only where the policy names a store: everything that this module imports, drivers and ciphers among it, is memory that an assistant
that keeps nothing does not pay for.
"""

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Final, Self

from assistant_gateway.conversations.conversations import Conversations
from assistant_gateway.documents.extract import Extractor
from assistant_gateway.documents.index import Index
from assistant_gateway.documents.library import Library
from assistant_gateway.faults import FatalError
from assistant_gateway.metrics import Metrics
from assistant_gateway.neighbours.upstream import Upstream
from assistant_gateway.record import Records
from assistant_gateway.retention.erasure import Eraser
from assistant_gateway.retention.purger import Purger
from assistant_gateway.retention.status import RetentionStatus
from assistant_gateway.retention.sweep import Sweeper
from assistant_gateway.retrieval.retriever import Retriever
from assistant_gateway.sealing.errors import KeyMissingError
from assistant_gateway.sealing.ring import KeyRing
from assistant_gateway.settings import Settings
from assistant_gateway.snapshot import Current
from assistant_gateway.storage.errors import StoreError
from assistant_gateway.storage.rewrap import Rewrap
from assistant_gateway.storage.store import STARTING, Store

SETTLE_SECONDS: Final = 180.0
"""A kubelet may be that late with a Secret that changed: until then another gateway could not open what a new key sealed."""
REWRAP_SECONDS: Final = 5.0
LIBRARY_SECONDS: Final = 15.0
ERASURE_SECONDS: Final = 5.0
"""What the pod's grace period leaves after the drain."""
STATUS_SECONDS: Final = 3.0
"""Whoever asks for the status does not wait for a store that is slow to answer."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Memory:
    """The store and its rooms. Conversations and documents are always there; whether they may be used is the policy's to say."""

    store: Store
    ring: KeyRing
    rewrap: Rewrap
    conversations: Conversations
    library: Library
    retriever: Retriever
    eraser: Eraser
    purger: Purger
    retention: RetentionStatus

    @classmethod
    def build(cls, settings: Settings, current: Current, upstream: Upstream, metrics: Metrics, records: Records) -> Self:
        """Put the rooms together, without touching the store yet; raises FatalError."""
        policy = current.snapshot.policy.store
        assert policy is not None
        try:
            ring = KeyRing.load(settings.encryption_keys, SETTLE_SECONDS)
        except KeyMissingError as error:
            raise FatalError("EncryptionKeyMissing", "The encryption keys are missing, unreadable, or not 32 bytes in base64.") from error
        store = Store(policy, settings.store, ring)
        sweeper = Sweeper(store)
        index = Index(store, ring, current, upstream)
        return cls(
            store=store,
            ring=ring,
            rewrap=Rewrap(store, ring),
            conversations=Conversations(store, current),
            library=Library(index, Extractor(settings.documents_socket)),
            retriever=Retriever(index),
            eraser=Eraser(store, records, sweeper),
            purger=Purger(store, current, sweeper),
            retention=RetentionStatus(store),
        )

    def watches(self, seconds: float) -> tuple[Coroutine[Any, Any, None], ...]:
        """Return what has to run for as long as the process lives; `seconds` is how often the store is looked at."""
        return (
            self.store.watch(seconds),
            self.rewrap.watch(REWRAP_SECONDS),
            self.purger.watch(),
            self.library.watch(LIBRARY_SECONDS),
        )

    async def close(self) -> None:
        """Let erasures that go on without their clients come to their records, and let go of the store."""
        await self.eraser.settle(ERASURE_SECONDS)
        await self.store.close()

    async def status(self) -> dict[str, Any]:
        """Return what /status says of all this; what cannot be known now is None, never what it was before."""
        page: dict[str, Any] = {"store": self._store_told(), "retention": None, "sources": {}, "index": None}
        try:
            async with asyncio.timeout(STATUS_SECONDS):
                kept = {**await self.retention.look(), "kek": self.ring.newest, "toRewrap": await self.rewrap.remaining()}
                page |= {"retention": kept, **await self.library.status()}
        except (StoreError, TimeoutError):
            pass
        return page

    def _store_told(self) -> dict[str, Any] | None:
        """Return what is known of the store, None before the first look: a gateway that starts has nothing against a store of others."""
        fault = self.store.fault
        if fault is STARTING:
            return None
        return {"fault": None if fault is None else {"reason": fault.reason, "message": fault.message}, "server": self.store.server}
