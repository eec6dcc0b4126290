"""One active operator: a Lease that the active replica renews, and the fence that stops it where it cannot.

kubernetes.aio.leaderelection was read and left: a broken connection ends its loop with an exception, its renewals have no time-out of
their own, and it writes local time as UTC. This is the same protocol in small (client-go's): take the Lease where it is free or
was not renewed for its duration as seen by our own clock, renew it every few seconds, and give up before others may take it.

Writes ask `check()` first, so even a process that was frozen for a minute writes nothing when it wakes. Neighbours: shards.py holds several
of them at once, roster.py has one that replicas hold together.
"""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from assistant_operator import errors
from assistant_operator.kube.client import Client
from assistant_operator.kube.kinds import LEASE
from assistant_operator.kube.objects import Object

log = logging.getLogger(__name__)

TIME = "%Y-%m-%dT%H:%M:%S.%fZ"
"""metav1.MicroTime, of UTC."""


def boot_clock() -> float:
    """Return seconds that go on while the machine sleeps, where the platform has such a clock."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


@dataclass(frozen=True, slots=True)
class Timing:
    """In seconds: others take over after `duration`, the holder stops itself after `deadline`.

    Client-go's defaults are 15, 10 and 2. Renewals are most of what an idle operator does, and an API server that is away for ten seconds
    (its own update) is no reason to begin anew; whoever loses a node waits longer. A connection that hangs is given up, and another
    tried, before the deadline: an attempt may last eight seconds, and the next one follows after one.
    """

    duration: float = 30.0
    deadline: float = 20.0
    renewal: float = 10.0
    retry: float = 1.0
    """After a renewal that failed."""
    look: float = 2.0
    """How often those who have none look whether it is to be had."""

    @property
    def patience(self) -> float:
        """Return how long one attempt may last."""
        return max(1.0, self.deadline - self.renewal - 2 * self.retry)


class Elector:
    """Takes and holds the Lease for one replica."""

    def __init__(
        self,
        client: Client,
        namespace: str,
        name: str,
        identity: str,
        *,
        timing: Timing = Timing(),
        clock: Callable[[], float] = boot_clock,
    ) -> None:
        self._client = client
        self._namespace = namespace
        self._name = name
        self._identity = identity
        self._timing = timing
        self._clock = clock
        self._renewed: float | None = None
        self._seen: tuple[str, str] | None = None
        self._seen_at = 0.0
        self._lease: Object | None = None
        # A release must not meet a renewal that is under way: the renewal would win, and the Lease stay ours for nobody.
        self._turn = asyncio.Lock()

    @property
    def is_leader(self) -> bool:
        return self._renewed is not None and self._clock() < self._renewed + self._timing.deadline

    @property
    def seen_holder(self) -> str:
        """Who held the Lease when it was last seen, empty for nobody."""
        return self._seen[0] if self._seen else ""

    def check(self) -> None:
        """Raise LeaseLost unless this replica holds the Lease for certain."""
        if not self.is_leader:
            raise errors.LeaseLostError(f"The Lease {self._name} is not held")

    async def acquire(self) -> None:
        """Return when this replica is the active one."""
        while not await self.attempt():  # noqa: ASYNC110 - the API server is polled, there is no event to wait for
            await asyncio.sleep(self._timing.look * random.uniform(0.8, 1.2))  # noqa: S311 - no secret
        self.tell()

    def tell(self) -> None:
        """Say in the log that the Lease is held."""
        log.info("Lease acquired", extra={"lease": self._name, "identity": self._identity})

    async def hold(self) -> None:
        """Renew for as long as it goes well; raise LeaseLostError where it does not. Never returns."""
        await keep(self.renew, self._timing)

    async def renew(self) -> bool:
        """Renew once and say whether that went well; one that is not held needs nothing.

        Raises LeaseLostError where the Lease is another's by now, or was not renewed for too long.
        """
        async with self._turn:
            if self._renewed is None:
                return True
            done = await self._attempt()
            if self._seen and self._seen[0] != self._identity:
                self._renewed = None
            self.check()
            return done

    async def release(self) -> None:
        """Give the Lease up, so that another replica need not wait for it to run out. Call it when nothing writes any more."""
        async with self._turn:
            if self._renewed is None or self._lease is None:
                return
            freed = self._lease | {"spec": free(self._lease["spec"])}
            self._renewed = None
            with contextlib.suppress(errors.ApiError):
                await self._client.replace(freed)

    async def look(self) -> str:
        """Return who holds the Lease, empty where it is to be had. ApiError where the API server does not say."""
        lease = await self._client.get(LEASE, self._namespace, self._name)
        return "" if lease is None else self._holder(lease)

    async def attempt(self) -> bool:
        """Take or renew the Lease once; False where it is another's or the API server did not answer."""
        async with self._turn:
            return await self._attempt()

    async def _attempt(self) -> bool:
        begun = self._clock()
        try:
            async with asyncio.timeout(self._timing.patience):
                done = await self._take()
        except (errors.ApiError, TimeoutError) as error:
            log.warning("Lease not renewed", extra={"lease": self._name, "reason": str(error) or type(error).__name__})
            return False
        if done:
            self._renewed = begun  # counted from before the call, the earliest moment at which others can have seen it
        return done

    async def _take(self) -> bool:
        if self.is_leader and self._lease is not None:
            with contextlib.suppress(errors.ConflictError):
                return await self._put(self._lease)
        lease = await self._client.get(LEASE, self._namespace, self._name)
        if lease is None:
            self._lease = await self._client.create(self._manifest({}))
            self._seen = (self._identity, "")
            return True
        if self._holder(lease) not in ("", self._identity):
            return False
        return await self._put(lease)

    def _holder(self, lease: Object) -> str:
        """Return who holds the Lease, empty where nobody does or it ran out: was not renewed for its duration, as seen from here."""
        spec = lease.get("spec") or {}
        holder = str(spec.get("holderIdentity") or "")
        record = (holder, str(spec.get("renewTime") or ""))
        if record != self._seen:
            self._seen, self._seen_at = record, self._clock()
        has_run_out = holder != self._identity and self._clock() >= self._seen_at + self._timing.duration
        return "" if has_run_out else holder

    async def _put(self, lease: Object) -> bool:
        """Write ourselves into the Lease; a ConflictError where it is no longer as we know it."""
        manifest = self._manifest(lease)
        manifest["metadata"]["resourceVersion"] = lease["metadata"]["resourceVersion"]
        self._lease = await self._client.replace(manifest)
        self._seen = (self._identity, str(manifest["spec"]["renewTime"]))
        return True

    def _notes(self, _before: Object, _now: str) -> dict[str, str]:
        """Return the annotations of the Lease that is written in place of the one before."""
        return {}

    def _manifest(self, before: Object) -> Object:
        spec = before.get("spec") or {}
        now = datetime.now(UTC).strftime(TIME)
        notes = self._notes(before, now)
        held = spec.get("holderIdentity") == self._identity
        return {
            "apiVersion": LEASE.api_version,
            "kind": LEASE.kind,
            "metadata": {"name": self._name, "namespace": self._namespace} | ({"annotations": notes} if notes else {}),
            "spec": {
                "holderIdentity": self._identity,
                "leaseDurationSeconds": max(1, round(self._timing.duration)),
                "acquireTime": spec.get("acquireTime") if held else now,
                "renewTime": now,
                "leaseTransitions": int(spec.get("leaseTransitions") or 0) + (0 if held else 1),
            },
        }


async def keep(renew: Callable[[], Awaitable[bool]], timing: Timing) -> None:
    """Renew again and again, sooner where it did not go well. Never returns."""
    done = True
    while True:
        await asyncio.sleep(timing.renewal if done else timing.retry)
        done = await renew()


def free(spec: Object) -> Object:
    """Return the spec of a Lease that nobody holds any more."""
    return spec | {"holderIdentity": "", "leaseDurationSeconds": 1}
