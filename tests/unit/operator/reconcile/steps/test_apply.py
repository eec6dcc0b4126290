"""What is removed when it leaves the plan, and what is nobody's to remove; what is written, the loop's tests show."""

from collections.abc import Callable
from typing import Any

import pytest

from assistant_operator import errors
from assistant_operator.kube.inventory import Ref
from assistant_operator.kube.kinds import CONFIG_MAP, NETWORK_POLICY, SECRET
from assistant_operator.kube.objects import Object
from assistant_operator.naming import KIND
from assistant_operator.reconcile.steps.apply import Applier
from tests.support.fake_world import MODEL, FakeWorld

UID = "uid-of-the-assistant"
OTHERS = "uid-of-another"


@pytest.fixture
def fake() -> FakeWorld:
    return FakeWorld()


def put(fake: FakeWorld, kind: str, name: str, *, owner: str = UID, namespace: str = "ns") -> Ref:
    """Put an object there that the assistant, or somebody else, controls."""
    reference = {"apiVersion": "privateassistant.dev/v1alpha1", "kind": KIND, "name": "one", "uid": owner, "controller": True}
    labels = {"app.kubernetes.io/instance": "one", "privateassistant.dev/assistant": "one"}
    metadata: dict[str, Any] = {"name": name, "namespace": namespace, "labels": labels, "ownerReferences": [reference]}
    obj: Object = {"apiVersion": "v1", "kind": kind, "metadata": metadata, "data": {}}
    return Ref.of(fake.client.put(obj))


def applier(fake: FakeWorld) -> Applier:
    return Applier(fake.client, fake.cache, fake.key, UID)


def is_there(fake: FakeWorld, ref: Ref) -> bool:
    return fake.client.find(ref.row, ref.namespace, ref.name) is not None


@pytest.mark.parametrize("kind", [SECRET.kind, CONFIG_MAP.kind])
async def test_what_left_the_plan_is_removed_and_what_is_in_it_stays(fake: FakeWorld, kind: str) -> None:
    """By the inventory, since Secrets are never listed."""
    gone, stays = put(fake, kind, "gone"), put(fake, kind, "stays")

    await applier(fake).prune([gone, stays], [stays])

    assert (is_there(fake, gone), is_there(fake, stays)) == (False, True)


async def test_what_no_inventory_names_is_removed_as_well(fake: FakeWorld) -> None:
    """Of what is watched: the status with its name may never have been written."""
    forgotten = put(fake, CONFIG_MAP.kind, "forgotten")

    await applier(fake).prune([], [])

    assert not is_there(fake, forgotten)


@pytest.mark.parametrize("kind", [SECRET.kind, CONFIG_MAP.kind])
async def test_what_is_not_this_assistants_is_never_removed(fake: FakeWorld, kind: str) -> None:
    """Whatever an inventory says, which anybody may have edited: not what is another's, and nothing in another namespace."""
    theirs = put(fake, kind, "theirs", owner=OTHERS)
    elsewhere = put(fake, kind, "elsewhere", namespace="other")

    assert await applier(fake).prune([theirs, elsewhere], []) == []

    assert is_there(fake, theirs)
    assert is_there(fake, elsewhere)


async def test_what_is_removed_is_remembered_until_it_is_seen_gone(fake: FakeWorld) -> None:
    """A finalizer may keep it; a Secret, of which no watch tells, is not: it must not be held against a new one."""
    refs = [put(fake, kind, "gone") for kind in (SECRET.kind, CONFIG_MAP.kind)]

    assert await applier(fake).prune(refs, []) == refs[1:]


def by_hand(fake: FakeWorld) -> None:
    fake.client.edit(NETWORK_POLICY, "ns", "one", lambda obj: obj["spec"].update(egress=[{}]))


def by_the_spec(fake: FakeWorld, port: int = 443) -> None:
    fake.apply({"model": {"name": MODEL}, "egress": {"mode": "Allowlist", "allow": [{"cidr": "192.0.2.1/32", "ports": [{"port": port}]}]}})


@pytest.mark.parametrize(("change", "moment"), [(by_hand, "get"), (by_hand, "patch"), (by_the_spec, "patch")])
async def test_what_took_the_name_in_this_instant_is_not_written_to(
    fake: FakeWorld, change: Callable[[FakeWorld], None], moment: str
) -> None:
    """Ours is to be written; meanwhile somebody deletes it and makes one of his own."""
    await fake.make_ready({"model": {"name": MODEL}})
    by_the_spec(fake, 8443)
    await fake.settle()  # from now on it is applied, and not only created
    change(fake)
    ours = fake.client.find(NETWORK_POLICY, "ns", "one")
    assert ours is not None
    theirs = {**ours, "metadata": {"name": "one", "namespace": "ns", "uid": "theirs", "resourceVersion": "9999"}, "spec": {}}

    def swaps(verb: str, kind: str, name: str) -> None:
        if (verb, kind, name) == (moment, NETWORK_POLICY.kind, "one"):
            fake.client.objects[NETWORK_POLICY.group, NETWORK_POLICY.kind, "ns", "one"] = theirs

    fake.client.faults.append(swaps)
    with pytest.raises(errors.ConflictError):  # the next pass tells whose it is
        await fake.reconcile()

    assert fake.client.find(NETWORK_POLICY, "ns", "one") == theirs
