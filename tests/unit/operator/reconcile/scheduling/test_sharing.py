"""Shards in work: the Lease, then memory, then passes; out of it the other way round, and never with a pass under way."""

from collections.abc import Collection

import pytest

from assistant_operator.kube.shards import shard_of
from assistant_operator.naming import API_VERSION, KIND
from assistant_operator.reconcile.cluster.cache import Cache
from assistant_operator.reconcile.key import Key
from assistant_operator.reconcile.scheduling.queue import Queue
from assistant_operator.reconcile.scheduling.sharing import Sharing
from assistant_operator.reconcile.scheduling.territory import Territory

COUNT = 4
TEAMS = [next(name for name in (f"team-{number}" for number in range(99)) if shard_of(name, COUNT) == shard) for shard in range(COUNT)]


class Leases:
    """What is to be taken and given up, and what was."""

    def __init__(self) -> None:
        self.free: tuple[int, ...] = ()
        self.too_much: int | None = None
        self.given: list[int] = []

    async def take(self) -> Collection[int]:
        taken, self.free = self.free, ()
        return taken

    def surplus(self) -> int | None:
        return self.too_much

    async def give_up(self, shard: int) -> None:
        self.given.append(shard)
        self.too_much = None


class Replica:
    """One replica's memory and work."""

    def __init__(self) -> None:
        self.territory = Territory(COUNT)
        self.cache = Cache(self.territory.keeps)
        self.queue = Queue(admits=self.territory.works_on)
        self.forgotten: list[Key] = []
        self.leases = Leases()
        self.sharing = Sharing(self.territory, self.cache, self.queue, self.fill, self.forgotten.append)

    async def fill(self) -> None:
        """List all teams' assistants, as one does who takes what is kept of it; news while that goes on asks for no pass."""
        for team in TEAMS:
            metadata = {"name": "one", "namespace": team, "uid": team, "resourceVersion": "5"}
            for key in self.cache.put({"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata}):
                before = len(self.queue)
                self.queue.add(key)
                assert len(self.queue) == before

    async def queued(self) -> set[Key]:
        return {await self.queue.take() for _ in range(len(self.queue))}


def keys(*shards: int) -> set[Key]:
    return {Key(TEAMS[shard], "one") for shard in shards}


@pytest.fixture
async def replica() -> Replica:
    return Replica()


async def test_a_shard_is_worked_on_when_it_is_known(replica: Replica) -> None:
    """And then every assistant of it is passed over, and none of others is even known."""
    await replica.sharing.enter((1, 3))

    assert set(replica.cache.everybody()) == keys(1, 3)
    assert await replica.queued() == keys(1, 3)


async def test_what_is_free_is_taken_into_work(replica: Replica) -> None:
    """What is in work already is not passed over for that."""
    await replica.sharing.enter((1,))
    assert await replica.queued() == keys(1)
    replica.leases.free = (0, 2)
    await replica.sharing.even_out(replica.leases)

    assert await replica.queued() == keys(0, 2)
    assert set(replica.cache.everybody()) == keys(0, 1, 2)


async def test_a_shard_is_given_up_when_nothing_of_it_runs(replica: Replica) -> None:
    """No pass of it begins meanwhile, and the Lease is kept until the last has ended."""
    await replica.sharing.enter((0, 1))
    mine = await replica.queue.take()
    theirs = await replica.queue.take()
    assert {mine} | {theirs} == keys(0, 1)
    shard = shard_of(theirs.namespace, COUNT)
    replica.leases.too_much = shard
    await replica.sharing.even_out(replica.leases)
    replica.queue.add(theirs)
    await replica.sharing.even_out(replica.leases)
    assert replica.leases.given == []
    assert theirs in replica.cache.everybody()

    replica.queue.done(theirs)
    assert len(replica.queue) == 0
    await replica.sharing.even_out(replica.leases)
    assert replica.leases.given == [shard]
    assert replica.forgotten == [theirs]
    assert replica.cache.everybody() == (mine,)


async def test_an_assistant_that_is_deleted_while_its_shard_rests_is_forgotten(replica: Replica) -> None:
    """No pass tells that it is gone, and what its last one has begun to ask of its pods would be asked for ever."""
    await replica.sharing.enter((0, 1))
    taken = [await replica.queue.take() for _ in range(2)]
    [theirs] = keys(1)
    replica.leases.too_much = 1
    await replica.sharing.even_out(replica.leases)
    metadata = {"name": "one", "namespace": theirs.namespace, "uid": theirs.namespace, "resourceVersion": "6"}
    replica.cache.drop({"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata})
    replica.queue.add(theirs)
    for key in taken:
        replica.queue.done(key)
    await replica.sharing.even_out(replica.leases)

    assert replica.leases.given == [1]
    assert replica.forgotten == [theirs]


async def test_one_shard_is_given_up_at_a_time(replica: Replica) -> None:
    await replica.sharing.enter((0, 1, 2))
    running = [await replica.queue.take() for _ in range(3)]
    for shard in (2, 1):
        replica.leases.too_much = shard
        await replica.sharing.even_out(replica.leases)
    for key in running:
        replica.queue.done(key)
    await replica.sharing.even_out(replica.leases)

    assert replica.leases.given == [2]
    assert set(replica.cache.everybody()) == keys(0, 1)


async def test_a_shard_that_comes_back_is_listed_anew(replica: Replica) -> None:
    await replica.sharing.enter((0, 1))
    await replica.queued()
    for key in tuple(replica.queue.in_hand()):
        replica.queue.done(key)
    replica.leases.too_much = 1
    await replica.sharing.even_out(replica.leases)
    replica.leases.free = (1,)
    await replica.sharing.even_out(replica.leases)

    assert await replica.queued() == keys(1)


@pytest.mark.parametrize("shards", [(0,), (1, 2)])
async def test_the_chief_is_who_has_the_first(replica: Replica, shards: tuple[int, ...]) -> None:
    """From the first look on: what the cluster has once is made before the first pass."""
    assert not replica.territory.is_chief()
    replica.territory.keep(shards)

    assert replica.territory.is_chief() == (0 in shards)
