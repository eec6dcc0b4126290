"""What goes and is made anew under its name, an assistant or its volume: nothing of the old one is taken for the new one's."""

import pytest

from assistant_operator import errors
from assistant_operator.kube.kinds import CLAIM, PRIVATE_ASSISTANT, kind_of
from assistant_operator.kube.objects import controller_uid, name_of
from tests.support.fake_world import FakeWorld


@pytest.fixture
def fake() -> FakeWorld:
    return FakeWorld()


async def test_a_volume_is_not_made_anew_before_status_says_that_the_model_is_lost(fake: FakeWorld) -> None:
    """The pass may end before it has written that: the next one must not take an empty volume for the one with the model."""
    await fake.make_ready()
    fake.client.remove(CLAIM, "ns", "one-models")
    fake.fail(lambda verb, kind: errors.ConflictError(verb, kind, 409, "Conflict") if kind == PRIVATE_ASSISTANT.kind else None)
    with pytest.raises(errors.ConflictError):
        await fake.reconcile()
    fake.client.faults = []
    await fake.settle()

    assert fake.client.find(CLAIM, "ns", "one-models") is not None
    assert "digest" not in fake.status()["model"]
    assert fake.verdict("ModelReady")[0] == "Unknown"
    fake.pull_succeeds()
    await fake.settle()
    assert fake.verdict("ModelReady") == ("True", "ModelVerified")


async def test_what_a_predecessor_leaves_behind_is_waited_for(fake: FakeWorld) -> None:
    """Deleted and made anew in one go: the garbage collector is a moment behind, nobody has anything to do, and nothing of it counts."""
    await fake.make_ready()
    fake.gateway_runs()
    remains = [obj for obj in fake.client.objects.values() if controller_uid(obj)]
    fake.client.remove(PRIVATE_ASSISTANT, "ns", "one")
    fake.apply()
    outcome = await fake.reconcile()

    assert fake.verdict() == ("False", "NameCollision")
    assert fake.verdict("Stalled") == ("None", "None")
    assert outcome.after == 15
    assert [fake.verdict(kind)[0] for kind in ("GatewayReady", "EgressConfined", "RedactionActive")] == ["Unknown"] * 3
    for obj in remains:
        fake.client.remove(kind_of(obj), "ns", name_of(obj))
    await fake.make_ready()
