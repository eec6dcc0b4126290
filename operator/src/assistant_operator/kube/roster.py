"""The Lease that all replicas with one and the same number of shards hold together, and in it the list of these replicas.

Two replicas that divide the namespaces differently must never act at once. So the number of shards is the holder of the Lease: whoever
counts otherwise, and a replica that knows nothing of shards, waits for it as for any Lease that is another's. Each replica renews it, and
each is fenced by its own renewals alone.

The list is an annotation for each replica, with a time. Nobody compares these times with a clock: a replica whose time does not move for
the Lease's deadline may not write any more, and is taken off the list. Who may still write always stands there, so where nobody does, the
Lease can be freed. A renewal is a JSON patch, which tests for the holder and touches the replica's own lines: replicas that write at the
same time do not refuse each other, as they would by the resourceVersion, again and again where the API server is slow.
"""

import contextlib
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime

from assistant_operator import errors
from assistant_operator.kube.client import Client
from assistant_operator.kube.kinds import LEASE
from assistant_operator.kube.lease import TIME, Elector, Timing, boot_clock, free
from assistant_operator.kube.objects import Object, metadata
from assistant_operator.naming import ANNOTATION_REPLICA


class Roster(Elector):
    """Holds the Lease for all replicas with this number of shards, and knows them."""

    def __init__(
        self,
        client: Client,
        namespace: str,
        name: str,
        replica: str,
        shards: int,
        *,
        timing: Timing,
        clock: Callable[[], float] = boot_clock,
    ) -> None:
        super().__init__(client, namespace, name, f"{shards}-shards", timing=timing, clock=clock)
        self._replica = replica
        self._heard: dict[str, tuple[str, float]] = {}

    @property
    def present(self) -> frozenset[str]:
        """The replicas that may write, as far as can be seen from here; this one is always among them."""
        oldest = self._clock() - self._timing.deadline
        return frozenset({self._replica, *(name for name, (_, at) in self._heard.items() if at > oldest)})

    async def release(self) -> None:
        """Leave the list, and free the Lease where nobody stands there then. Call it when nothing writes any more."""
        async with self._turn:
            if self._renewed is None:
                return
            self._renewed = None
            with contextlib.suppress(errors.ApiError):  # it runs out
                await self._leave()

    async def _leave(self) -> None:
        left = await self._amend({"op": "remove", "path": _path(self._replica)})
        if _replicas(left):
            return
        known = metadata(left)
        # Whoever came in between has changed the version, and keeps it.
        place = {key: known[key] for key in ("name", "namespace", "resourceVersion")}
        manifest = {"apiVersion": LEASE.api_version, "kind": LEASE.kind, "metadata": place, "spec": free(left["spec"])}
        await self._client.replace(manifest)

    async def _take(self) -> bool:
        """Renew it where it is ours, whoever of us has it; else take it as any Lease is taken."""
        with contextlib.suppress(errors.InvalidError, errors.GoneError):
            await self._renew()
            return True
        return await super()._take()

    async def _renew(self) -> None:
        now = datetime.now(UTC).strftime(TIME)
        gone = [(name, at) for name, (at, _) in self._heard.items() if name not in self.present]
        changes = [
            {"op": "add", "path": _path(self._replica), "value": f"{self._replica} {now}"},
            {"op": "add", "path": "/spec/renewTime", "value": now},
        ]
        for name, at in gone:  # unless they come back at this very moment
            changes += [{"op": "test", "path": _path(name), "value": f"{name} {at}"}, {"op": "remove", "path": _path(name)}]
        self._hear(await self._amend(*changes))
        self._seen = (self._identity, now)

    async def _amend(self, *changes: Object) -> Object:
        """Change the Lease while it is ours, and return it; InvalidError where it is not, or is not as it was."""
        ours = {"op": "test", "path": "/spec/holderIdentity", "value": self._identity}
        return await self._client.amend(LEASE, self._namespace, self._name, [ours, *changes])

    def _notes(self, before: Object, now: str) -> dict[str, str]:
        """Return the list as it is where the Lease is taken, or written by hand so that it cannot be amended."""
        self._hear(before)
        others = {name: at for name, (at, _) in self._heard.items() if name in self.present}
        return {_key(name): f"{name} {at}" for name, at in (others | {self._replica: now}).items()}

    def _hear(self, lease: Object) -> None:
        """Note whose time has moved; of a Lease that others held, nobody's."""
        ours = (lease.get("spec") or {}).get("holderIdentity") == self._identity
        before, self._heard = self._heard, {}
        for name, at in (_replicas(lease) if ours else {}).items():
            known = before.get(name)
            self._heard[name] = known if known is not None and known[0] == at else (at, self._clock())


def _replicas(lease: Object) -> dict[str, str]:
    """Return the list; a line under another name than its own was written by hand, and counts for nothing."""
    lines = (metadata(lease).get("annotations") or {}).items()
    told = {str(line).partition(" ")[0]: (key, str(line).partition(" ")[2]) for key, line in lines}
    return {name: at for name, (key, at) in told.items() if key == _key(name)}


def _key(replica: str) -> str:
    """Return the annotation of a replica: names of pods can be longer than those of annotations."""
    return f"{ANNOTATION_REPLICA}{hashlib.sha256(replica.encode()).hexdigest()[:16]}"


def _path(replica: str) -> str:
    return f"/metadata/annotations/{_key(replica).replace('/', '~1')}"
