"""Shards: every namespace has one, each is held by one replica, and replicas hold about as many of them as each other."""

import asyncio
import random
from collections import Counter

import pytest

from assistant_operator import errors
from assistant_operator.kube.kinds import LEASE
from assistant_operator.kube.lease import Elector, Timing
from assistant_operator.kube.shards import LEFT_ALONE, Alone, Shards, Sole, may_take, must_give, shard_of, shares
from tests.support.fake_client import FakeClient
from tests.support.hand_clock import Clock

TIMING = Timing()
NAMESPACES = [f"team-{number}" for number in range(1000)]


def shards(client: FakeClient, clock: Clock, replica: str, count: int = 4) -> Shards:
    return Shards(client, "n", "lease", replica, count, timing=TIMING, clock=clock)


def writes_to(tenure: Shards | Sole, namespace: str) -> bool:
    try:
        tenure.check(namespace)
    except errors.LeaseLostError:
        return False
    return True


def hides_the_second(verb: str, kind: str, name: str) -> errors.ApiError | None:
    """Let nobody read one of the Leases."""
    return errors.UnavailableError(verb, kind, 0, "ClientError") if name == "lease-2" and verb == "get" else None


async def turn(one: Shards) -> None:
    """What a replica does every two seconds; what it gives up it has no passes of."""
    await one.renew()
    if not one.held:
        await one.enlist()
    elif not await one.take() and (shard := one.surplus()) is not None:
        await one.give_up(shard)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 16])
def test_every_namespace_has_one_shard(count: int) -> None:
    """Of those that there are, whatever the name; and no shard has much more than its part."""
    found = Counter(shard_of(namespace, count) for namespace in NAMESPACES)

    assert set(found) == set(range(count))
    assert max(found.values()) < 1.5 * len(NAMESPACES) / count


def test_the_shard_of_a_namespace_is_the_same_everywhere() -> None:
    """In every process, on every machine, in every version: another answer would be another writer."""
    assert [shard_of(name, 4) for name in ("default", "team-a", "team-b", "kube-system", "ä" * 63)] == [1, 0, 2, 1, 1]
    assert [shard_of(name, 16) for name in ("default", "team-a", "team-b")] == [13, 4, 10]


@pytest.mark.parametrize("count", [1, 4, 16])
def test_what_is_in_no_namespace_is_the_chiefs(count: int) -> None:
    assert shard_of("", count) == 0


def test_who_holds_fewest_takes() -> None:
    held = shares({0: "a", 1: "a", 2: "b", 3: "gone", 4: ""}, {"a", "b", "c"})

    assert held == {"a": 2, "b": 1, "c": 0}
    assert [name for name in "abc" if may_take(held, name)] == ["c"]


@pytest.mark.parametrize(
    ("held", "giver"),
    [
        ({"a": 4}, ""),
        ({"a": 2, "b": 2}, ""),
        ({"a": 2, "b": 1}, ""),
        ({"a": 4, "b": 0}, "a"),
        ({"a": 2, "b": 2, "c": 0}, "b"),
        ({"a": 3, "b": 1, "c": 2}, "a"),
        ({"a": 1, "b": 1, "c": 0}, ""),
    ],
)
def test_one_gives_where_that_evens_out(held: dict[str, int], giver: str) -> None:
    """Never two at once, and not where it would only move."""
    assert "".join(name for name in held if must_give(held, name)) == giver


async def test_one_replica_holds_all(client: FakeClient, clock: Clock) -> None:
    """At once: no namespace waits for a second replica."""
    one = shards(client, clock, "a")
    assert not writes_to(one, "team-1")
    await one.acquire()

    assert one.held == (0, 1, 2, 3)
    assert all(writes_to(one, namespace) for namespace in (*NAMESPACES[:20], ""))
    assert one.surplus() is None


async def test_replicas_that_start_together_share(client: FakeClient, clock: Clock) -> None:
    replicas = [shards(client, clock, name) for name in "abcd"]
    for _ in range(4):
        clock.now += 2
        for one in replicas:
            await turn(one)

    assert sorted(shard for one in replicas for shard in one.held) == [0, 1, 2, 3]
    assert {len(one.held) for one in replicas} == {1}


async def test_who_comes_later_gets_a_part(client: FakeClient, clock: Clock) -> None:
    """One shard after the other, and never the chief's while there are others."""
    one, two = shards(client, clock, "a"), shards(client, clock, "b")
    await one.acquire()
    for _ in range(6):
        clock.now += 2
        await turn(two)
        await turn(one)

    assert [one.held, two.held] == [(0, 1), (2, 3)]
    assert not writes_to(one, next(name for name in NAMESPACES if shard_of(name, 4) == 2))


async def test_more_replicas_than_shards_stand_by(client: FakeClient, clock: Clock) -> None:
    one, two, three = (shards(client, clock, name, 2) for name in "abc")
    for _ in range(8):
        clock.now += 2
        for replica in (one, two, three):
            await turn(replica)

    assert sorted(map(len, (one.held, two.held, three.held))) == [0, 1, 1]


async def test_what_a_dead_replica_held_is_taken_within_the_leases_time(client: FakeClient, clock: Clock) -> None:
    one, two = shards(client, clock, "a"), shards(client, clock, "b")
    for _ in range(6):
        clock.now += 2
        await turn(one)
        await turn(two)
    assert len(two.held) == 2
    died = clock.now
    while len(one.held) < 4:
        clock.now += 2
        await turn(one)
        assert clock.now - died <= TIMING.duration + 2 * TIMING.look

    assert not any(writes_to(two, namespace) for namespace in NAMESPACES[:20])


async def test_a_replica_that_starts_anew_under_its_name_takes_what_it_held(client: FakeClient, clock: Clock) -> None:
    """A container that is killed releases nothing, and its pod keeps its name: no other replica may be there to let the Leases run out."""
    await shards(client, clock, "a").acquire()
    clock.now += 1
    anew = shards(client, clock, "a")

    assert await anew.enlist()
    assert anew.held == (0, 1, 2, 3)


async def test_a_shard_that_could_not_be_given_up_is_taken_back(client: FakeClient, clock: Clock) -> None:
    """Where nobody else is left to take it."""
    one, two = shards(client, clock, "a"), shards(client, clock, "b")
    await one.acquire()
    await two.enlist()
    client.faults = [lambda verb, kind, _name: errors.UnavailableError(verb, kind, 0, "ClientError") if verb == "update" else None]
    await one.give_up(3)
    client.faults = []
    assert not writes_to(one, next(name for name in NAMESPACES if shard_of(name, 4) == 3))
    await two.release()
    for _ in range(8):
        clock.now += 2
        await turn(one)

    assert one.held == (0, 1, 2, 3)


async def test_a_shard_that_the_poorest_does_not_take_is_taken_by_anybody(client: FakeClient, clock: Clock) -> None:
    """A replica that stands in the list and takes nothing keeps nobody from being looked after."""
    one, idle = shards(client, clock, "a"), shards(client, clock, "b")
    await idle._roster.attempt()
    while len(one.held) < 4:
        clock.now += 2
        await idle._roster.renew()
        await turn(one)
        assert clock.now - 1000 <= (LEFT_ALONE + 2) * TIMING.look


async def test_a_lease_that_cannot_be_read_is_not_taken_for_free(client: FakeClient, clock: Clock) -> None:
    """Those that can be read are taken."""
    one = shards(client, clock, "a")
    await one.acquire()
    two = shards(client, clock, "b")

    await two.enlist()
    client.faults.append(hides_the_second)
    clock.now += TIMING.duration + 0.1
    await two.enlist()

    assert two.held == (0, 1, 3)


async def test_nothing_is_given_away_on_a_picture_that_is_not_whole(client: FakeClient, clock: Clock) -> None:
    """Whose Lease cannot be read may hold enough."""
    one, idle = shards(client, clock, "a"), shards(client, clock, "b")
    await one.acquire()
    await idle._roster.attempt()
    await turn(one)
    client.faults.append(hides_the_second)
    assert one.held == (0, 1, 2)
    await one.give_up(2)
    await one.renew()
    await one.take()

    assert one.surplus() is None
    client.faults.clear()
    client.edit(LEASE, "n", "lease-2", lambda obj: obj["spec"].update({"holderIdentity": "c", "renewTime": "2026"}))
    client.edit(LEASE, "n", "lease-3", lambda obj: obj["spec"].update({"holderIdentity": "c", "renewTime": "2026"}))
    await one.take()
    assert one.surplus() == 1


async def test_a_stolen_lease_ends_the_replica(client: FakeClient, clock: Clock) -> None:
    """Of one shard too."""
    one = shards(client, clock, "a")
    await one.acquire()
    client.edit(LEASE, "n", "lease-3", lambda obj: obj["spec"].update({"holderIdentity": "thief", "renewTime": "2026"}))

    with pytest.raises(errors.LeaseLostError):
        await one.renew()


async def test_the_common_lease_fences_every_write(client: FakeClient, clock: Clock) -> None:
    """Whoever does not renew it may meet those who count otherwise, though the Leases of his shards are fresh."""
    one = shards(client, clock, "a")
    await one.acquire()
    client.faults.append(lambda verb, kind, name: errors.UnavailableError(verb, kind, 0, "ClientError") if name == "lease" else None)
    for _ in range(4):
        clock.now += TIMING.deadline / 5
        await one.renew()
    assert writes_to(one, "team-1")
    clock.now += TIMING.deadline / 5 + 0.1
    with pytest.raises(errors.LeaseLostError):
        await one.renew()

    assert one.held == (0, 1, 2, 3)
    assert not any(writes_to(one, namespace) for namespace in ("team-1", ""))


async def test_a_shard_that_was_given_up_is_not_renewed(client: FakeClient, clock: Clock) -> None:
    one = shards(client, clock, "a")
    await one.acquire()
    await one.give_up(3)
    await one.renew()

    assert one.held == (0, 1, 2)
    found = client.find(LEASE, "n", "lease-3")
    assert found is not None
    assert found["spec"]["holderIdentity"] == ""


async def test_who_ends_leaves_all_to_the_others(client: FakeClient, clock: Clock) -> None:
    """At once, whatever number of shards they count."""
    one = shards(client, clock, "a")
    await one.acquire()
    await one.release()
    assert one.held == ()
    other = shards(client, clock, "b", 3)
    await other.acquire()

    assert other.held == (0, 1, 2)


async def test_who_waits_says_for_whom_once(client: FakeClient, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """A roll-out of another number of shards that does not move is explained by the log of who waits."""
    caplog.set_level("INFO")
    await shards(client, clock, "a", 3).acquire()
    waiting = asyncio.create_task(Shards(client, "n", "lease", "b", 4, timing=Timing(look=0.001), clock=clock).acquire())
    async with asyncio.timeout(10):
        while client.calls["get Lease"] < 30:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    waiting.cancel()

    told = [record.__dict__["held_by"] for record in caplog.records if record.message == "Waiting for a shard"]
    assert told == ["3-shards"]


async def test_one_lease_for_all_and_none_at_all(client: FakeClient, clock: Clock) -> None:
    """What there is without shards."""
    sole, alone = Sole(Elector(client, "n", "lease", "a", timing=TIMING, clock=clock)), Alone()
    assert (sole.held, alone.held) == ((), (0,))
    await sole.acquire()
    await alone.acquire()
    assert sole.held == (0,)
    sole.check("team-1")
    alone.check("team-1")
    await sole.release()
    await alone.release()

    assert not writes_to(sole, "team-1")


class Cluster:
    """Replicas that come, freeze, wake, die and end as chance has it, with the numbers of shards that they were given."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.client, self.clock = FakeClient(), Clock()
        self.all: list[Shards] = []
        self.working: list[Shards] = []
        self.frozen: list[Shards] = []

    def come(self, count: int) -> None:
        self.all.append(shards(self.client, self.clock, f"r{len(self.all)}", count))
        self.working.append(self.all[-1])

    async def go_on(self) -> None:
        """Let a moment pass, and some replica do something."""
        self.clock.now += self.chance.uniform(0, 0.4 * TIMING.deadline / max(1, len(self.working)))
        await self.one_does(self.chance.choice(self.working))
        self.check()

    async def one_does(self, one: Shards) -> None:
        fate = self.chance.random()
        if fate < 0.01 and len(self.working) > 1:
            self.working.remove(one)
            await one.release()
        elif fate < 0.02 and len(self.working) > 1:
            self.working.remove(one)
            self.frozen.append(one)
        else:
            try:
                await turn(one)
            except errors.LeaseLostError:
                self.working.remove(one)
                await one.release()
                if not self.working:
                    self.come(one.count)

    def check(self) -> None:
        for namespace in NAMESPACES[:8]:
            writers = [one for one in self.all if writes_to(one, namespace)]
            assert len(writers) <= 1, f"{len(writers)} may write to {namespace}"


@pytest.mark.parametrize("seed", range(12))
async def test_never_two_may_write_to_one_namespace(seed: int) -> None:
    """Whatever happens to replicas, and however they count; once it is quiet, each shard is held, and evenly."""
    cluster = Cluster(seed)
    for _ in range(600):
        if cluster.chance.random() < 0.03 and len(cluster.working) < 5:
            cluster.come(cluster.chance.choice((2, 4, 4, 5)))
        elif not cluster.working:
            cluster.come(4)
        if cluster.frozen and cluster.chance.random() < 0.02:
            cluster.working.append(cluster.frozen.pop())  # its next turn is the first that it makes as it wakes
        await cluster.go_on()
    count = cluster.working[0].count
    cluster.working = [one for one in cluster.working if one.count == count]
    for _ in range(40):
        cluster.clock.now += 2
        for one in list(cluster.working):
            try:
                await turn(one)
            except errors.LeaseLostError:
                cluster.working.remove(one)
            cluster.check()
        if not cluster.working:
            cluster.come(count)

    held = [len(one.held) for one in cluster.working]
    assert sum(held) == count
    assert max(held) - min(held) <= 1
