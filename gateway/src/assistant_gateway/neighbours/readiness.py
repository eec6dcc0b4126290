"""Whether requests may be served: the model server is the right one, has the right models, keeps to itself, and has answered once; the
store, where there is one, can be used; the pod is confined, where the policy requires evidence of it; and personal data is masked, where it
asks for that.

Level-triggered: each look asks everything again. What no wait can mend raises FatalError; everything else is a reason until the next look.
"""

import asyncio
import logging
import re
from typing import TYPE_CHECKING, Any, Final

import orjson

from assistant_gateway.faults import FatalError, Reason
from assistant_gateway.metrics import Metrics
from assistant_gateway.neighbours.egress import Egress
from assistant_gateway.neighbours.upstream import Upstream, UpstreamError
from assistant_gateway.snapshot import Current

if TYPE_CHECKING:
    from assistant_gateway.record import Records
    from assistant_gateway.redaction.proving.selfcheck import SelfCheck
    from assistant_gateway.storage.store import Store

RUNTIME_FLOOR: Final = (0, 20, 3)
"""Older versions of Ollama have known vulnerabilities."""
LOOK_SECONDS: Final = 5.0
LOAD_SECONDS: Final = 900.0

UNREACHABLE: Final = Reason("RuntimeUnreachable", "The model server does not answer on the pod's loopback.")
LOADING: Final = Reason("ModelLoading", "The model has not answered yet since the model server started.")
MISSING: Final = Reason("ModelMissing", "The model server does not have the model.")
EMBEDDING_LOADING: Final = Reason("ModelLoading", "The embedding model has not answered yet since the model server started.")
EMBEDDING_MISSING: Final = Reason("ModelMissing", "The model server does not have the embedding model.")
CLOUD: Final = Reason("CloudEnabled", "The model server says that its cloud features are not disabled.")
DRAINING: Final = Reason("Draining", "The gateway is shutting down.")

logger = logging.getLogger(__name__)


class Readiness:
    """Looks, and keeps what it saw last."""

    def __init__(
        self,
        current: Current,
        upstream: Upstream,
        egress: Egress,
        metrics: Metrics,
        store: "Store | None" = None,
        redaction: "SelfCheck | None" = None,
        records: "Records | None" = None,
    ) -> None:
        self._current = current
        self._upstream = upstream
        self._egress = egress
        self._metrics = metrics
        self._store = store
        self._redaction = redaction
        self._records = records
        self._runtime_lacks: Reason | None = UNREACHABLE
        self.reasons = self._missing()
        self._answered = False
        self._embeds = False

    async def watch(self, seconds: float) -> None:
        """Look for as long as the process lives; raises FatalError."""
        while True:
            await self.look()
            self._show()
            await asyncio.sleep(seconds)

    async def watch_egress(self, seconds: float) -> None:
        """Look at the egress probe for as long as the process lives; in a loop of its own, since the other may wait for minutes."""
        while True:
            await self._egress.look()
            self._show()
            await asyncio.sleep(seconds)

    async def watch_redaction(self, seconds: float) -> None:
        """See to the redaction's self-check for as long as the process lives."""
        while self._redaction is not None:
            await self._redaction.look()
            self._show()
            await asyncio.sleep(seconds)

    def drain(self) -> None:
        """Be not ready from now on."""
        self._current.draining = True
        self._show()

    def _missing(self) -> list[Reason]:
        store = None if self._store is None else self._store.fault
        records = None if self._records is None else self._records.fault
        return [found for found in (self._egress.fault, self._unmasked, records, self._runtime_lacks, store) if found is not None]

    @property
    def _unmasked(self) -> Reason | None:
        return None if self._redaction is None else self._redaction.fault

    def _show(self) -> None:
        missing = self._missing()
        reasons = [DRAINING] if self._current.draining else missing
        if reasons != self.reasons:
            logger.info("Readiness changed.", extra={"fields": {"ready": not reasons, "reasons": [reason.reason for reason in reasons]}})
        self.reasons = reasons
        # Draining only asks clients to go elsewhere: whoever still comes is served, by a pod that still keeps what it promises.
        was_serving = self._current.draining and self._current.ready and self._egress.fault is None and self._unmasked is None
        self._current.ready = not missing or was_serving
        self._metrics.ready.set(0 if reasons else 1)

    async def look(self) -> list[Reason]:
        """Ask the model server again, and return all that is missing."""
        try:
            reason = await self._runtime() or await self._models() or await self._answer() or await self._embed()
        except (UpstreamError, ValueError, TypeError, KeyError, AttributeError):
            reason = UNREACHABLE
        if reason is UNREACHABLE:
            self._answered = self._embeds = False
        self._runtime_lacks = reason
        return self._missing()

    def _show_waiting(self, reason: Reason) -> None:
        """Say what the look waits for: its end may be minutes away."""
        self._runtime_lacks = reason
        self._show()

    async def _runtime(self) -> Reason | None:
        status, answer = await self._ask("/api/version")
        if status != 200:
            return UNREACHABLE
        if too_old(answer["version"]):
            raise FatalError("RuntimeTooOld", f"The model server is older than {'.'.join(map(str, RUNTIME_FLOOR))}.")
        status, answer = await self._ask("/api/status")
        if status == 200 and answer["cloud"]["disabled"] is not True:  # older servers have no such route
            return CLOUD
        return None

    async def _models(self) -> Reason | None:
        snapshot = self._current.snapshot
        status, answer = await self._ask("/api/tags")
        if status != 200:
            return UNREACHABLE
        rules, rag = snapshot.rules, snapshot.policy.rag
        if not _has(answer, rules.spellings, snapshot.policy.model.digest, "model"):
            return MISSING
        if rag is not None and not _has(answer, rules.embedding_spellings, rag.embedding.digest, "embedding model"):
            return EMBEDDING_MISSING
        return None

    async def _answer(self) -> Reason | None:
        if self._answered:
            return None
        self._show_waiting(LOADING)
        body = {"model": self._current.snapshot.rules.model, "stream": False}
        status, _ = await self._ask("/api/generate", body | {"prompt": "Hello", "options": {"num_predict": 1}})
        if status == 400:  # a model that embeds does not generate
            status, _ = await self._ask("/api/embed", body | {"input": "Hello"})
        if status != 200:
            return LOADING
        self._answered = True
        return None

    async def _embed(self) -> Reason | None:
        """Have the embedding model loaded before the first question waits for it."""
        model = self._current.snapshot.rules.embedding
        if model is None or self._embeds:
            return None
        self._show_waiting(EMBEDDING_LOADING)
        status, _ = await self._ask("/api/embed", {"model": model, "input": "Hello"})
        if status != 200:
            return EMBEDDING_LOADING
        self._embeds = True
        return None

    async def _ask(self, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
        method, payload, seconds = ("GET", b"", LOOK_SECONDS) if body is None else ("POST", orjson.dumps(body), LOAD_SECONDS)
        connection = await self._upstream.request(method, path, payload, seconds=seconds)
        try:
            parts = []
            while data := await connection.read(LOOK_SECONDS):
                parts.append(data)
        finally:
            connection.abort()
        return connection.status, orjson.loads(b"".join(parts)) if connection.status == 200 else None


def _has(answer: dict[str, Any], spellings: frozenset[str], digest: str, what: str) -> bool:
    """Say whether the model server has the model; raises FatalError if it has another of that name."""
    digests = {entry["digest"] for entry in answer["models"] if entry["name"] in spellings}
    if digests and digests != {digest.removeprefix("sha256:")}:
        raise FatalError("DigestMismatch", f"The model server's {what} has another digest than the policy pins.")
    return bool(digests)


def too_old(version: str) -> bool:
    """Say whether the version is below the floor; what is no version is. A build without a version (0.0.0) is not a release."""
    found = re.match(r"v?(\d+)\.(\d+)\.(\d+)", version)
    return found is None or tuple(map(int, found.groups())) < RUNTIME_FLOOR
