"""The Lease that replicas hold together: one number of shards at a time, and a list in which stands whoever may write."""

from typing import Any

import pytest

from assistant_operator import errors
from assistant_operator.kube.kinds import LEASE
from assistant_operator.kube.lease import Elector, Timing
from assistant_operator.kube.objects import Object
from assistant_operator.kube.roster import Roster
from assistant_operator.naming import ANNOTATION_REPLICA
from tests.support.fake_client import FakeClient
from tests.support.hand_clock import Clock

TIMING = Timing()


def roster(client: FakeClient, clock: Clock, replica: str, shards: int = 2) -> Roster:
    return Roster(client, "n", "lease", replica, shards, timing=TIMING, clock=clock)


def sole(client: FakeClient, clock: Clock) -> Elector:
    return Elector(client, "n", "lease", "sole", timing=TIMING, clock=clock)


def lease(client: FakeClient) -> Object:
    found = client.find(LEASE, "n", "lease")
    assert found is not None
    return found


def listed(client: FakeClient) -> set[str]:
    """Return the replicas that the Lease names."""
    lines = (lease(client)["metadata"].get("annotations") or {}).items()
    return {str(line).partition(" ")[0] for key, line in lines if key.startswith(ANNOTATION_REPLICA)}


async def test_replicas_that_count_alike_hold_it_together(client: FakeClient, clock: Clock) -> None:
    """Each by its own renewals."""
    one, two = roster(client, clock, "a"), roster(client, clock, "b")
    assert await one.attempt()
    assert await two.attempt()
    clock.now += TIMING.deadline * 0.8
    await two.renew()
    clock.now += TIMING.deadline * 0.3

    two.check()
    with pytest.raises(errors.LeaseLostError):
        one.check()
    assert lease(client)["spec"]["holderIdentity"] == "2-shards"


async def test_who_counts_otherwise_waits_for_all_of_them(client: FakeClient, clock: Clock) -> None:
    """Also who knows nothing of shards; and they for him."""
    one, two = roster(client, clock, "a"), roster(client, clock, "b")
    others = [roster(client, clock, "c", shards=3), sole(client, clock)]
    await one.attempt()
    await two.attempt()
    for _ in range(8):
        clock.now += TIMING.duration / 7
        await two.renew()
        assert not any([await other.attempt() for other in others])
    clock.now += TIMING.duration + 0.1

    assert await others[1].attempt()
    assert not await two.attempt()
    with pytest.raises(errors.LeaseLostError):
        two.check()


async def test_the_list_has_who_renews(client: FakeClient, clock: Clock) -> None:
    """Whose time does not move for the deadline is not present any more, and leaves the list."""
    one, two = roster(client, clock, "a"), roster(client, clock, "b")
    await one.attempt()
    assert one.present == {"a"}
    await two.attempt()
    await one.renew()
    assert one.present == two.present == {"a", "b"}
    for _ in range(5):
        clock.now += TIMING.deadline / 5
        await one.renew()
    clock.now += 0.1
    await one.renew()

    assert one.present == listed(client) == {"a"}


async def test_replicas_that_write_at_once_do_not_refuse_each_other(client: FakeClient, clock: Clock) -> None:
    """A renewal is one call, and takes nothing for granted but the holder: on a slow server others always write in between."""
    one, two = roster(client, clock, "a"), roster(client, clock, "b")
    await one.attempt()
    await two.attempt()
    before = client.calls.copy()
    clock.now += TIMING.deadline * 0.8
    await two.renew()
    await one.renew()
    await two.renew()

    assert client.calls - before == {"patch Lease": 3}
    assert listed(client) == {"a", "b"}
    one.check()


async def test_who_comes_back_at_the_last_moment_stays_in_the_list(client: FakeClient, clock: Clock) -> None:
    """Whoever takes him off looks whether his time is still the old one."""
    one, two = roster(client, clock, "a"), roster(client, clock, "b")
    await one.attempt()
    await two.attempt()
    await one.renew()
    for _ in range(3):
        clock.now += TIMING.deadline * 0.3
        await one.renew()
    clock.now += TIMING.deadline * 0.11
    await two.attempt()
    await one.renew()

    assert listed(client) == {"a", "b"}
    assert one.present == {"a", "b"}
    one.check()


async def test_who_leaves_keeps_it_for_the_others(client: FakeClient, clock: Clock) -> None:
    """Only the last frees it: then who counts otherwise need not wait."""
    one, two, other = roster(client, clock, "a"), roster(client, clock, "b"), roster(client, clock, "c", shards=3)
    await one.attempt()
    await two.attempt()
    await one.release()
    assert listed(client) == {"b"}
    with pytest.raises(errors.LeaseLostError):
        one.check()
    assert not await other.attempt()
    await two.release()

    assert lease(client)["spec"]["holderIdentity"] == ""
    assert await other.attempt()
    assert listed(client) == {"c"}


async def test_who_comes_as_the_last_leaves_keeps_it(client: FakeClient, clock: Clock) -> None:
    """It is freed as it was seen, and not as it is by then."""
    one, two = roster(client, clock, "a"), roster(client, clock, "b")
    await one.attempt()
    amend = client.amend

    async def then_two_comes(*change: Any) -> Object:
        found = await amend(*change)
        client.amend = amend  # type: ignore[method-assign]
        await two.attempt()
        return found

    client.amend = then_two_comes  # type: ignore[method-assign,assignment]
    await one.release()

    assert lease(client)["spec"]["holderIdentity"] == "2-shards"
    assert listed(client) == {"b"}


async def test_those_who_counted_otherwise_are_forgotten(client: FakeClient, clock: Clock) -> None:
    """Their list is not that of who holds the Lease now, and having waited for them keeps nobody from renewing."""
    old, one, two = roster(client, clock, "old", shards=3), roster(client, clock, "a"), roster(client, clock, "b")
    await old.attempt()
    assert not await one.attempt()
    assert not await two.attempt()
    clock.now += TIMING.duration + 0.1
    assert await one.attempt()
    assert await two.attempt()
    await two.renew()
    await one.renew()

    assert listed(client) == one.present == two.present == {"a", "b"}
    one.check()
    two.check()


async def test_who_left_leaves_the_lease_of_others_alone(client: FakeClient, clock: Clock) -> None:
    one, other = roster(client, clock, "a"), sole(client, clock)
    await one.attempt()
    await other.attempt()
    clock.now += TIMING.duration + 0.1
    await other.attempt()
    await one.release()

    assert lease(client)["spec"]["holderIdentity"] == "sole"


async def test_releasing_ends_where_the_api_server_does_not_answer(client: FakeClient, clock: Clock) -> None:
    one = roster(client, clock, "a")
    await one.attempt()
    client.faults.append(lambda verb, kind, _name: errors.UnavailableError(verb, kind, 0, "ClientError"))
    await one.release()

    with pytest.raises(errors.LeaseLostError):
        one.check()


@pytest.mark.parametrize(
    "annotations", [None, {}, {f"{ANNOTATION_REPLICA}x": "b 2026"}, {f"{ANNOTATION_REPLICA}x": ""}, {"other": "b 2026"}]
)
async def test_a_list_that_somebody_wrote_is_no_list(client: FakeClient, clock: Clock, annotations: Object | None) -> None:
    """It is written anew, and keeps nobody from leaving."""
    one = roster(client, clock, "a")
    await one.attempt()

    def scribble(obj: Object) -> None:
        obj["metadata"]["annotations"] = annotations
        if annotations is None:
            del obj["metadata"]["annotations"]

    client.edit(LEASE, "n", "lease", scribble)
    await one.renew()
    assert "a" in listed(client)
    assert one.present == {"a"}
    one.check()
    await one.release()

    assert lease(client)["spec"]["holderIdentity"] == ""
