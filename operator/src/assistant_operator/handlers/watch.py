"""The watches: every event goes into the cache, and what is news asks for a pass. Nothing is decided here and nothing is written.

Of kopf only `on.event` is used: it leaves users' objects as they are. `index` would too, and would hold events back until everything is
listed, but at a price that grows with the square of the number of objects (minutes for 13,000, measured); the first listings are our
own instead (operator.py).
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import aiohttp
import kopf

from assistant_operator.handlers import wire
from assistant_operator.handlers.credentials import connection_info
from assistant_operator.handlers.storage import NoDiffBase, NoProgress
from assistant_operator.kube.connection import Credentials
from assistant_operator.kube.kinds import PRIVATE_ASSISTANT, WATCHED_CHILDREN, Kind
from assistant_operator.kube.objects import Object
from assistant_operator.reconcile.cluster.cache import Cache
from assistant_operator.reconcile.key import Key
from assistant_operator.reconcile.scheduling.queue import Queue

WORKERS = 64
"""Events that kopf handles at once; without a limit, every object of a listing has a task of its own for a while."""
LINGER = 0.01
"""Seconds for which kopf keeps the task of an object after its event, and a place among WORKERS with it: one second would let 64 objects
of a kind through in each second, and news of a thousand assistants wait for a quarter of a minute. Zero would handle none."""


class Watch:
    """What the handlers need; kopf hands it to none of them, they are its methods."""

    def __init__(self, cache: Cache, queue: Queue, credentials: Callable[[], Awaitable[Credentials]], since: wire.Since) -> None:
        self._cache = cache
        self._queue = queue
        self._credentials = credentials
        self._since = since
        self._session: aiohttp.ClientSession | None = None

    def register(self, registry: kopf.OperatorRegistry) -> None:
        """Register the handlers for every watched kind."""
        kopf.on.login(registry=registry)(self.login)
        for kind in (PRIVATE_ASSISTANT, *WATCHED_CHILDREN):
            selector = (kind.group, kind.version, kind.plural)
            kopf.on.event(*selector, registry=registry, id=f"seen-{kind.plural}")(self._watcher(kind))

    async def login(self, **_: object) -> kopf.AiohttpSession:
        """Return a connection; kopf asks for another, and closes this one, when the API server does not accept it any more."""
        facts = await self._credentials()
        self._session = wire.session(connection_info(facts), self.is_known, self._since)
        return kopf.AiohttpSession(server=facts.server, aiohttp_session=self._session)

    async def close(self) -> None:
        """Close the latest connection, when kopf has ended: it does so itself, but not where it was cancelled."""
        if self._session is not None:
            await self._session.close()

    def _watcher(self, kind: Kind) -> Any:
        async def seen(body: kopf.Body, type: str | None, **_: object) -> None:
            obj = complete(kind, body)
            if type == "DELETED":
                self.drop(obj)
            else:
                self.put(obj)

        return seen

    def put(self, obj: Object) -> None:
        """Remember the object, and ask for a pass over each assistant to which it is news."""
        self._ask(self._cache.put(obj))

    def is_known(self, obj: Object) -> bool:
        """Tell whether the handlers would find nothing new. An echo that is here before the answer to our write is taken on the spot."""
        if self._cache.is_being_written(obj):
            self.put(obj)
        return self._cache.knows(obj)

    def drop(self, obj: Object) -> None:
        """Forget the object and ask for a pass."""
        self._ask(self._cache.drop(obj))
        if (key := Key.of(obj)) is not None:  # also where the cache did not know it
            self._queue.add(key)

    def _ask(self, concerned: Iterable[Key]) -> None:
        for key in concerned:
            self._queue.add(key)


def complete(kind: Kind, body: kopf.Body) -> Object:
    """Return the object as a plain dictionary; items of a typed list come without apiVersion and kind."""
    return {"apiVersion": kind.api_version, "kind": kind.kind, **dict(body)}


def settings(chunk: int = 100) -> kopf.OperatorSettings:
    """Return kopf's settings: streams and nothing else."""
    made = kopf.OperatorSettings()
    for kind in WATCHED_CHILDREN:
        if kind.selector:
            made.watching.label_selectors[kind.group, kind.version, kind.plural] = kind.selector
    made.watching.chunk_size = chunk
    made.watching.connect_timeout = 10
    made.networking.request_timeout = 30
    made.networking.connect_timeout = 10
    made.posting.enabled = False
    made.peering.standalone = True
    made.scanning.disabled = True
    made.persistence.diffbase_storage = NoDiffBase()
    made.persistence.progress_storage = NoProgress()
    made.execution.max_workers = 1
    made.queueing.worker_limit = WORKERS
    made.queueing.idle_timeout = LINGER
    return made
