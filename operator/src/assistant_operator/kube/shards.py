"""Which namespaces this replica writes to: all of them, or those of the shards whose Leases it holds.

A namespace belongs to one shard by a hash of its name and the number of shards: nobody has to agree on that with anybody. Each shard has
a Lease, so of each there is one holder, and a replica may hold several. Replicas even out what they hold by looking at the Leases and
at the list of replicas (roster.py): who holds fewest takes what is free, who holds most gives up one at a time. That is a wish; that
every shard is held is none: what stays free for a moment is taken by anybody.
"""

import asyncio
import contextlib
import hashlib
import logging
import random
from collections.abc import Callable, Collection, Mapping
from typing import Protocol

from assistant_operator import errors
from assistant_operator.kube.client import Client
from assistant_operator.kube.lease import Elector, Timing, boot_clock, keep
from assistant_operator.kube.roster import Roster

log = logging.getLogger(__name__)

CHIEF = 0
"""The shard whose holder also looks after what the cluster has once."""
LEFT_ALONE = 3
"""Looks after which a shard that nobody took is for anybody."""
LOOK_SECONDS = 5.0


def shard_of(namespace: str, count: int) -> int:
    """Return the shard of a namespace, from 0; what is in no namespace (an empty name) is the chief's."""
    if not namespace or count == 1:
        return CHIEF
    return int.from_bytes(hashlib.sha256(namespace.encode()).digest()[:8], "big") % count


class Tenure(Protocol):
    """What a replica may write, and until when."""

    @property
    def count(self) -> int:
        """The number of shards."""

    @property
    def held(self) -> tuple[int, ...]:
        """The shards that this replica holds at this moment."""

    def check(self, namespace: str) -> None:
        """Raise LeaseLostError unless this replica may write to the namespace, empty for what is in none."""

    async def acquire(self) -> None:
        """Return when this replica holds something."""

    async def hold(self) -> None:
        """Renew what is held for as long as it goes well; raise LeaseLostError where it does not. Never returns."""

    async def release(self) -> None:
        """Give all up. Call it when nothing writes any more."""


class Alone:
    """No Lease: the installation says that there is never more than this one replica."""

    count = 1
    held = (CHIEF,)

    def check(self, namespace: str) -> None:
        """Everything may be written."""

    async def acquire(self) -> None:
        """There is nothing to wait for."""

    async def hold(self) -> None:
        await asyncio.Event().wait()

    async def release(self) -> None:
        """There is nothing to give up."""


class Sole:
    """One Lease for all namespaces: the other replicas stand by."""

    count = 1

    def __init__(self, elector: Elector) -> None:
        self._elector = elector
        self.acquire = elector.acquire
        self.hold = elector.hold
        self.release = elector.release

    @property
    def held(self) -> tuple[int, ...]:
        return (CHIEF,) if self._elector.is_leader else ()

    def check(self, namespace: str) -> None:
        self._elector.check()


class Shards:
    """A Lease for each shard, and one for all who count the same number of them."""

    def __init__(
        self,
        client: Client,
        namespace: str,
        name: str,
        identity: str,
        count: int,
        *,
        timing: Timing,
        clock: Callable[[], float] = boot_clock,
    ) -> None:
        """Name is that of the common Lease, and with a number at its end that of a shard's."""
        self.count = count
        self._identity = identity
        self._timing = timing
        self._clock = clock
        self._roster = Roster(client, namespace, name, identity, count, timing=timing, clock=clock)
        self._electors = tuple(
            Elector(client, namespace, f"{name}-{shard}", identity, timing=timing, clock=clock) for shard in range(count)
        )
        self._holders: dict[int, str] = {}
        """As last seen, empty for what is free."""
        self._free_since: dict[int, float] = {}

    @property
    def held(self) -> tuple[int, ...]:
        return tuple(shard for shard, elector in enumerate(self._electors) if elector.is_leader)

    def check(self, namespace: str) -> None:
        self._roster.check()
        self._electors[shard_of(namespace, self.count)].check()

    async def acquire(self) -> None:
        """Return when this replica holds a shard. Until then it stands in the list, so that others leave it one."""
        told = ""
        while not await self.enlist():
            if (holder := self._roster.seen_holder) != told:
                log.info("Waiting for a shard", extra={"held_by": holder, "identity": self._identity})
                told = holder
            await asyncio.sleep(self._timing.look * random.uniform(0.8, 1.2))  # noqa: S311 - no secret

    async def enlist(self) -> bool:
        """Stand in the list and take what there is to take, once; tell whether that is anything."""
        return await self._roster.attempt() and bool(await self.take())

    async def hold(self) -> None:
        await keep(self.renew, self._timing)

    async def renew(self) -> bool:
        """Renew all that is held once, as an Elector does."""
        return all(await asyncio.gather(self._roster.renew(), *(elector.renew() for elector in self._electors)))

    async def release(self) -> None:
        """Give all up: the shards first, since who is not in the list does not write."""
        await asyncio.gather(*(elector.release() for elector in self._electors))
        await self._roster.release()

    async def take(self) -> tuple[int, ...]:
        """Look at all Leases once, take what is free and this replica's to take, and return it."""
        if not self._roster.is_leader:
            return ()
        await self._look()
        taken = []
        for shard in [shard for shard, holder in self._holders.items() if not holder]:
            if self._may_take(shard) and await self._electors[shard].attempt():
                self._electors[shard].tell()
                self._holders[shard] = self._identity
                taken.append(shard)
        return tuple(taken)

    def surplus(self) -> int | None:
        """Return the shard to give up, None where this replica holds no more than its share, as the last look showed."""
        if not all(self._holders.values()) or not must_give(self._shares(), self._identity):
            return None
        return max(self.held, default=None)

    async def give_up(self, shard: int) -> None:
        """Let another replica have the shard. Call it when nothing writes to its namespaces any more."""
        await self._electors[shard].release()
        self._holders[shard] = ""
        log.info("Shard given up", extra={"shard": shard, "identity": self._identity})

    async def _look(self) -> None:
        found = await asyncio.gather(*map(self._holder, range(self.count)))
        self._holders = dict(enumerate(found))
        free = [shard for shard, holder in self._holders.items() if not holder]
        self._free_since = {shard: self._free_since.get(shard, self._clock()) for shard in free}

    async def _holder(self, shard: int) -> str:
        """Return who holds the shard; where the API server does not say, nobody: who would take it reads the Lease once more.

        A Lease in this replica's name that it does not hold is free: it is from before a container was restarted, whose pod keeps its
        name, or could not be given up. To this replica alone it never runs out.
        """
        if self._electors[shard].is_leader:
            return self._identity
        with contextlib.suppress(errors.ApiError, TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                holder = await self._electors[shard].look()
                return "" if holder == self._identity else holder
        return ""

    def _may_take(self, shard: int) -> bool:
        is_left_alone = self._clock() - self._free_since[shard] >= LEFT_ALONE * self._timing.look
        return is_left_alone or may_take(self._shares(), self._identity)

    def _shares(self) -> dict[str, int]:
        return shares(self._holders, self._roster.present)


def shares(holders: Mapping[int, str], present: Collection[str]) -> dict[str, int]:
    """Return how many shards each replica that is present holds."""
    return {replica: sum(holder == replica for holder in holders.values()) for replica in present}


def may_take(held: Mapping[str, int], replica: str) -> bool:
    """Tell whether nobody holds fewer."""
    return held[replica] == min(held.values())


def must_give(held: Mapping[str, int], replica: str) -> bool:
    """Tell whether this replica holds most, and so many that one of them would be better with another; of several such the last by name."""
    richest = max(held, key=lambda name: (held[name], name))
    return replica == richest and held[replica] - min(held.values()) >= 2
