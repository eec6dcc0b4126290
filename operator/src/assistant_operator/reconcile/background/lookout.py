"""Finds out which dialects of network policy there are, lists them, and says to which assistants that is news.

Listing, in place of a watch: the kinds may be absent, and may come while the operator runs, which no watch bears. It asks discovery
first, since an API server that does not let a client list a kind says the same whether the kind is there or not.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from assistant_operator import errors
from assistant_operator.kube.client import Client
from assistant_operator.kube.kinds import CILIUM_POLICY, DIALECTS, NAMESPACE, Kind
from assistant_operator.kube.objects import Object, metadata, name_of, namespace_of, uid_of
from assistant_operator.reconcile.background.admin_tier import PREFERRED, AdminTier
from assistant_operator.reconcile.cluster.cache import Cache
from assistant_operator.reconcile.key import Key
from assistant_operator.reconcile.policies import opening_admin, opening_cilium
from assistant_operator.reconcile.policies.dialects import Dialects, Found, Known
from assistant_operator.reconcile.policies.opening import NAMESPACE_NAME, Opening

log = logging.getLogger(__name__)

LOOK_EVERY = 30.0
"""Seconds: a policy of others is named within them."""
MOST_FAILURES = 3
"""Looks on end in which the API server may fail at one kind. From this one on the kind cannot be read: for how long what was seen of it has
not been so, nobody knows, and what else is there must not wait for it."""

Served = Callable[[str], Awaitable[Mapping[str, frozenset[str]]]]
"""The versions in which each resource of a group is served: kube/aio.py."""


@dataclass(slots=True)
class _Look:
    """What one look has come to so far."""

    listed: dict[str, list[Object]] = field(default_factory=dict)
    failing: set[str] = field(default_factory=set)
    """Kinds of which what was seen last stands."""
    unreadable: list[str] = field(default_factory=list)


class Lookout:
    """Looks, and tells Dialects and the cache what it saw."""

    def __init__(
        self, client: Client, served: Served, cache: Cache, dialects: Dialects, admin_tier: AdminTier, namespaces: Sequence[str]
    ) -> None:
        """No namespaces means that all are watched."""
        self._client = client
        self._served = served
        self._cache = cache
        self._dialects = dialects
        self._admin_tier = admin_tier
        self._scopes: Sequence[str | None] = tuple(namespaces) or (None,)
        self._told: tuple[str, ...] = ()
        self._failures: dict[str, int] = {}
        """Of each kind, on end."""
        # Whoever takes a shard looks too: of two looks at once, the one that saw less could be the last to tell.
        self._turn = asyncio.Lock()

    async def look(self) -> frozenset[Key]:
        """Look once; return the assistants to which what was seen is news. ApiError where the API server did not answer: all stands."""
        async with self._turn:
            return await self._look()

    async def _look(self) -> frozenset[Key]:
        before = self._cache.uids(CILIUM_POLICY)
        look = await self._list_all()
        found = {
            kind.kind: self._dialects.found(kind.kind) if kind.kind in look.failing else _read(kind, look.listed.get(kind.kind, ()))
            for kind in DIALECTS
        }
        namespaces = await self._labels_of_namespaces(found)
        admin_tier = await self._keep_admin_tier(look)
        # A kind that could be read stays one: what we made in it is still there, and still wanted.
        readable = frozenset(look.listed) | (look.failing & self._dialects.known.readable)
        known = Known(readable, tuple(look.unreadable), admin_tier, namespaces)
        is_new, self._dialects.known = known != self._dialects.known, known
        moved = [opening for kind, there in found.items() for opening in self._dialects.take(kind, there)]
        is_failing = CILIUM_POLICY.kind in look.failing
        ours = [] if is_failing else self._remember(look.listed.get(CILIUM_POLICY.kind, []), before)
        self._tell(known.unreadable)
        return frozenset(self._cache.everybody() if is_new else (*ours, *self._concerned(moved)))

    async def _list_all(self) -> _Look:
        look = _Look()
        groups = dict.fromkeys(kind.group for kind in DIALECTS)
        served = {group: await self._ask(group, look) for group in groups}
        for kind in DIALECTS:
            versions = served[kind.group].get(kind.plural, frozenset())
            if kind.version in versions:
                await self._list(kind, look)
            elif versions:
                look.unreadable.append(
                    f"{kind.kind} is served in versions that this operator does not know ({', '.join(sorted(versions))})"
                )
        return look

    async def _ask(self, group: str, look: _Look) -> Mapping[str, frozenset[str]]:
        try:
            return await self._served(group)
        except errors.ForbiddenError:
            look.unreadable.append(f"the right to get /apis/{group}")
            return {}

    async def _list(self, kind: Kind, look: _Look) -> None:
        scopes = (None,) if kind.cluster else self._scopes
        try:
            look.listed[kind.kind] = [obj for scope in scopes for obj in await self._client.list(kind, scope)]
        except errors.ForbiddenError:
            look.unreadable.append(f"the right to list {kind.plural}.{kind.group}")
        except errors.GoneError:
            return  # taken away in between
        except errors.ApiError:
            self._failures[kind.kind] = self._failures.get(kind.kind, 0) + 1
            if self._failures[kind.kind] < MOST_FAILURES:
                raise
            look.failing.add(kind.kind)
            look.unreadable.append(f"an answer to a listing of {kind.plural}.{kind.group}, at which the API server fails")
        else:
            self._failures.pop(kind.kind, None)

    async def _keep_admin_tier(self, look: _Look) -> str | None:
        """Have the policies of the whole cluster kept; while a kind of theirs fails, all is left as it is."""
        if any(kind.kind in look.failing for kind in PREFERRED):
            return self._dialects.known.admin_tier
        return await self._admin_tier.keep(look.listed)

    async def _labels_of_namespaces(self, found: Mapping[str, Found]) -> Mapping[str, Mapping[str, str]] | None:
        """Return the labels of the assistants' namespaces, where a policy of others asks for them."""
        openings = (opening for kind in found.values() for there in kind.values() for opening in there)
        if not any(_asks_for_namespace(opening) for opening in openings):
            return None
        homes = {key.namespace for key in self._cache.everybody()}
        try:
            present = await self._client.list(NAMESPACE)
        except errors.ForbiddenError:
            return None  # what cannot be decided counts as selected
        return {name_of(obj): metadata(obj).get("labels") or {} for obj in present if name_of(obj) in homes}

    def _remember(self, present: Sequence[Object], known: Collection[str]) -> list[Key]:
        """Put the operator's own policies into the cache, as a watch would, and forget those that are gone."""
        lost = self._cache.retain(CILIUM_POLICY, known, tuple(map(uid_of, present)))
        return [*lost, *(key for obj in present if Key.of(obj) is not None for key in self._cache.put(obj))]

    def _concerned(self, moved: Sequence[Opening]) -> Iterable[Key]:
        return (key for key in self._cache.everybody() if any(opening.may_select(*key) for opening in moved))

    def _tell(self, unreadable: tuple[str, ...]) -> None:
        if unreadable and unreadable != self._told:
            log.warning("Policies of others cannot be read", extra={"reason": "; ".join(unreadable)})
        self._told = unreadable


def _read(kind: Kind, present: Iterable[Object]) -> Found:
    reader = opening_cilium.read if kind.group == CILIUM_POLICY.group else opening_admin.read
    return {(namespace_of(obj), name_of(obj)): openings for obj in present if (openings := reader(obj))}


def _asks_for_namespace(opening: Opening) -> bool:
    asked = opening.namespaces.asked() - {NAMESPACE_NAME}
    return bool(asked) or any(opening_cilium.is_of_namespace(key) for key in opening.pods.asked())
