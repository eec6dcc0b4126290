"""Secrets that were made by a pass of which status does not tell: they are not watched, so nothing else knows of them."""

from collections.abc import Callable

import pytest

from assistant_operator import errors
from assistant_operator.kube.inventory import Ref
from assistant_operator.kube.kinds import SECRET
from assistant_operator.kube.objects import Object
from assistant_operator.reconcile.credentials.untold import Untold
from assistant_operator.reconcile.key import Key
from tests.support.fake_world import MODEL, FakeWorld

BOTH = {"model": {"name": MODEL}, "access": {"keys": [{"name": "a"}, {"name": "b"}]}}
ONE = {"model": {"name": MODEL}, "access": {"keys": [{"name": "a"}]}}
KEY = Key("ns", "one")
REF = Ref.named(SECRET, "ns", "one-key-b")


@pytest.fixture
def fake() -> FakeWorld:
    return FakeWorld()


def secret(fake: FakeWorld, key: str) -> Object | None:
    return fake.client.find(SECRET, "ns", f"one-key-{key}")


def refused(fake: FakeWorld) -> None:
    """Let status be refused, as it is where the spec has changed during the pass."""
    fake.fail(lambda verb, kind: errors.ConflictError(verb, kind, 409, "Conflict") if kind == "PrivateAssistant" else None)


def unanswered(fake: FakeWorld) -> None:
    """Let the Secret be made, and the answer be lost."""
    create = fake.client.create

    async def lost(manifest: Object) -> Object:
        made = await create(manifest)
        if Ref.of(manifest) == REF:
            raise errors.UnavailableError("create", SECRET.kind, 0, "ServerDisconnectedError")
        return made

    fake.client.create = lost  # type: ignore[method-assign]


@pytest.mark.parametrize("fail", [refused, unanswered], ids=["status refused", "answer lost"])
async def test_a_key_that_leaves_the_spec_before_status_names_its_secret_is_removed(
    fake: FakeWorld, fail: Callable[[FakeWorld], None]
) -> None:
    """The next pass knows all the same what was made."""
    create = fake.client.create
    fake.apply(BOTH)
    fail(fake)
    with pytest.raises(errors.ApiError):
        await fake.reconcile()
    fake.client.faults, fake.client.create = [], create  # type: ignore[method-assign]
    first = secret(fake, "a")
    assert secret(fake, "b") is not None

    fake.apply(ONE)
    await fake.settle()

    assert secret(fake, "b") is None
    assert first is not None
    assert secret(fake, "a") == first


async def test_it_is_remembered_while_the_assistant_is_suspended(fake: FakeWorld) -> None:
    """Nothing is removed then; later it is."""
    fake.apply(BOTH)
    refused(fake)
    with pytest.raises(errors.ConflictError):
        await fake.reconcile()
    fake.client.faults = []

    fake.apply({**ONE, "suspend": True})
    await fake.reconcile()
    assert secret(fake, "b") is not None
    fake.apply(ONE)
    await fake.settle()

    assert secret(fake, "b") is None


async def test_what_status_tells_of_is_forgotten(fake: FakeWorld) -> None:
    """And so is the assistant that is gone: memory does not grow with the number of those that there ever were."""
    fake.apply(BOTH)
    refused(fake)
    with pytest.raises(errors.ConflictError):
        await fake.reconcile()
    uid = fake.apply(BOTH)["metadata"]["uid"]
    assert REF in fake.world.untold.of(KEY, uid)

    fake.client.faults = []
    await fake.reconcile()
    assert fake.world.untold.of(KEY, uid) == frozenset()

    fake.world.untold.add(KEY, uid, [REF])
    fake.apply(BOTH, deletionTimestamp="2026-01-01T00:00:00Z")
    await fake.reconcile()
    assert fake.world.untold.of(KEY, uid) == frozenset()


def test_what_was_made_for_another_of_the_same_name_is_not_its() -> None:
    untold = Untold()
    untold.add(KEY, "old", [REF])
    assert untold.of(KEY, "new") == frozenset()

    untold.add(KEY, "new", [])
    assert untold.of(KEY, "old") == {REF}
    untold.add(KEY, "new", [Ref.named(SECRET, "ns", "one-ca")])
    assert untold.of(KEY, "old") == frozenset()
