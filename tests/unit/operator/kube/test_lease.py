"""The Lease: one holder, counted by our own clock, and a fence that closes before others may open theirs."""

import asyncio

import pytest

from assistant_operator import errors
from assistant_operator.kube.kinds import LEASE
from assistant_operator.kube.lease import Elector, Timing, keep
from assistant_operator.kube.objects import Object
from tests.support.fake_client import FakeClient
from tests.support.hand_clock import Clock

TIMING = Timing(renewal=0.001, retry=0.001, look=0.001)
pytestmark = pytest.mark.usefixtures("jumping_clock")


def elector(client: FakeClient, clock: Clock, identity: str = "a") -> Elector:
    return Elector(client, "n", "lease", identity, timing=TIMING, clock=clock)


def lease(client: FakeClient) -> Object:
    found = client.find(LEASE, "n", "lease")
    assert found is not None
    spec = found["spec"]
    assert isinstance(spec, dict)
    return spec


def unreachable(verb: str, kind: str, _name: str) -> errors.ApiError:
    return errors.UnavailableError(verb, kind, 0, "ClientError")


async def tries(one: Elector, seconds: float = 0.03) -> bool:
    """Let it try for a moment; tell whether it became the leader."""
    try:
        async with asyncio.timeout(seconds):
            await one.acquire()
    except TimeoutError:
        return False
    return True


async def test_a_free_lease_is_taken(client: FakeClient, clock: Clock) -> None:
    one = elector(client, clock)
    assert not one.is_leader
    await one.acquire()

    assert one.is_leader
    one.check()
    assert lease(client)["holderIdentity"] == "a"
    assert lease(client)["leaseDurationSeconds"] == TIMING.duration


async def test_a_held_lease_is_not_taken(client: FakeClient, clock: Clock) -> None:
    """Not for its whole duration as seen from here, whatever times the holder writes."""
    await elector(client, clock).acquire()
    two = elector(client, clock, "b")
    assert not await tries(two)
    clock.now += TIMING.duration - 1
    assert not await tries(two)
    with pytest.raises(errors.LeaseLostError):
        two.check()


async def test_a_lease_that_is_not_renewed_is_taken(client: FakeClient, clock: Clock) -> None:
    await elector(client, clock).acquire()
    two = elector(client, clock, "b")
    assert not await tries(two)
    clock.now += TIMING.duration + 0.1

    assert await tries(two)
    assert lease(client)["holderIdentity"] == "b"
    assert lease(client)["leaseTransitions"] == 2


async def test_the_fence_closes_before_others_may_take_it(client: FakeClient, clock: Clock) -> None:
    """A process that was frozen must not write when it wakes: the deadline is shorter than the duration."""
    one = elector(client, clock)
    await one.acquire()
    clock.now += TIMING.deadline + 0.1

    assert not one.is_leader
    with pytest.raises(errors.LeaseLostError):
        one.check()


async def test_a_renewal_keeps_it(client: FakeClient, clock: Clock) -> None:
    one = elector(client, clock)
    await one.acquire()
    before = lease(client)["acquireTime"]
    holding = asyncio.create_task(one.hold())
    for _ in range(5):
        clock.now += TIMING.deadline * 0.8
        await asyncio.sleep(0.01)
        assert one.is_leader
    holding.cancel()

    assert lease(client)["acquireTime"] == before
    assert lease(client)["leaseTransitions"] == 1


async def test_an_api_server_that_does_not_answer_ends_it(client: FakeClient, clock: Clock) -> None:
    """Errors are waited out until the deadline, and no longer."""
    one = elector(client, clock)
    await one.acquire()
    client.faults.append(unreachable)
    holding = asyncio.create_task(one.hold())
    clock.now += TIMING.deadline * 0.5
    await asyncio.sleep(0.02)
    assert not holding.done()
    clock.now += TIMING.deadline * 0.6

    with pytest.raises(errors.LeaseLostError):
        await asyncio.wait_for(holding, 1)


async def test_an_api_server_that_does_not_answer_gives_nothing(client: FakeClient, clock: Clock) -> None:
    client.faults.append(unreachable)

    assert not await tries(elector(client, clock))


async def test_a_stolen_lease_ends_the_holder(client: FakeClient, clock: Clock) -> None:
    """At the next renewal, not at the deadline."""
    one = elector(client, clock)
    await one.acquire()

    def steal(obj: Object) -> None:
        obj["spec"] |= {"holderIdentity": "thief", "renewTime": "2026-01-01T00:00:00.000000Z"}

    client.edit(LEASE, "n", "lease", steal)
    with pytest.raises(errors.LeaseLostError):
        await asyncio.wait_for(one.hold(), 1)
    assert lease(client)["holderIdentity"] == "thief"


async def test_of_two_that_race_one_wins(client: FakeClient, clock: Clock) -> None:
    """The resourceVersion decides."""
    one, two = elector(client, clock), elector(client, clock, "b")

    results = await asyncio.gather(tries(one), tries(two))
    assert sorted(results) == [False, True]


async def test_a_released_lease_is_free_at_once(client: FakeClient, clock: Clock) -> None:
    one = elector(client, clock)
    await one.acquire()
    await one.release()
    assert not one.is_leader
    assert lease(client)["holderIdentity"] == ""

    assert await tries(elector(client, clock, "b"))


async def test_releasing_what_is_not_held_does_nothing(client: FakeClient, clock: Clock) -> None:
    await elector(client, clock).release()

    assert client.writes == []


async def test_a_renewal_that_failed_is_tried_again_sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    """And one that went well is followed by the usual pause."""
    usual = Timing()
    slept: list[float] = []
    results = iter([True, False, False, True])

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async def renew() -> bool:
        done = next(results, None)
        if done is None:
            raise errors.LeaseLostError("the end")
        return done

    monkeypatch.setattr(asyncio, "sleep", sleep)
    with pytest.raises(errors.LeaseLostError):
        await keep(renew, usual)
    assert slept == [usual.renewal, usual.renewal, usual.retry, usual.retry, usual.renewal]


def test_after_an_attempt_that_hangs_there_is_time_for_another() -> None:
    """Before the deadline, at which the fence closes; others take over later than that."""
    usual = Timing()
    assert usual.renewal + usual.patience + usual.retry < usual.deadline < usual.duration


async def test_renewing_says_whether_it_went_well(client: FakeClient, clock: Clock) -> None:
    one = elector(client, clock)
    await one.acquire()
    assert await one.renew()
    client.faults.append(unreachable)
    assert not await one.renew()
