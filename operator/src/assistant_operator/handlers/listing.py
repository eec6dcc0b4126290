"""The cache compared with fresh listings of all that is watched: at the start, when namespaces are taken over, and now and then."""

import logging
from collections.abc import Callable, Collection

from assistant_operator import errors
from assistant_operator.kube.aio import HttpClient
from assistant_operator.kube.kinds import PRIVATE_ASSISTANT, WATCHED_CHILDREN, Kind
from assistant_operator.kube.objects import uid_of
from assistant_operator.reconcile.cluster.cache import Cache
from assistant_operator.reconcile.key import Key
from assistant_operator.reconcile.scheduling.queue import Queue

log = logging.getLogger(__name__)

Keeps = Callable[[str], bool]


async def list_all(client: HttpClient, cache: Cache, queue: Queue, namespaces: Collection[str], keeps: Keeps) -> bool:
    """List everything in the namespaces that are kept, and ask for a pass where that is news to the cache.

    No namespaces means that all are watched. Tells whether everything could be listed.
    """
    scopes = tuple(filter(keeps, namespaces)) if namespaces else (None,)
    complete = True
    for kind in (*WATCHED_CHILDREN, PRIVATE_ASSISTANT):
        concerned: set[Key] = set()
        try:
            await _list(client, cache, kind, scopes, keeps, concerned)
        except errors.ApiError as error:
            log.warning("Listing failed", extra={"kind": kind.kind, "reason": str(error)})
            complete = False
        for key in concerned:
            queue.add(key)
    return complete


async def _list(client: HttpClient, cache: Cache, kind: Kind, scopes: Collection[str | None], keeps: Keeps, concerned: set[Key]) -> None:
    """List one kind, and note to whom what is there, or no longer, is news: of what was read before a failure too."""
    known = cache.uids(kind)
    present: set[str] = set()
    for scope in scopes:
        async for page in client.pages(kind, scope, labels=kind.selector, wanted=keeps):
            present.update(map(uid_of, page))
            concerned.update(key for obj in page for key in cache.put(obj))
    concerned.update(cache.retain(kind, known, present))
