"""What the operator relies on in a client, asked of the fake that unit tests use and of a real API server."""

import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from assistant_operator import errors
from assistant_operator.kube.aio import HttpClient
from assistant_operator.kube.client import Client
from assistant_operator.kube.connection import configuration
from assistant_operator.kube.kinds import CONFIG_MAP, LEASE, PRIVATE_ASSISTANT, SERVICE
from assistant_operator.kube.objects import Object, generation_of, metadata, uid_of, version_of
from assistant_operator.kube.ownership import has_foreign_fields, is_created_only, is_recorded, is_touched
from assistant_operator.naming import ANNOTATION_INTENT
from tests.cluster.apiserver import ApiServer
from tests.integration.api import Api
from tests.support.fake_client import FakeClient


class Hand:
    """Edits by hand, on either side."""

    def __init__(self, api: Api | None, fake: FakeClient | None, namespace: str) -> None:
        self.api, self.fake, self.namespace = api, fake, namespace

    def set_data(self, name: str, entry: str, value: str) -> None:
        if self.api is not None:
            self.api.edit(CONFIG_MAP, self.namespace, name, {"data": {entry: value}})
        if self.fake is not None:
            self.fake.edit(CONFIG_MAP, self.namespace, name, lambda obj: obj["data"].update({entry: value}))

    def wipe(self, name: str) -> None:
        """Take the record of owners away."""
        if self.api is not None:
            self.api.edit(CONFIG_MAP, self.namespace, name, {"metadata": {"managedFields": [{}]}})
        if self.fake is not None:
            self.fake.wipe(CONFIG_MAP, self.namespace, name)

    def create(self, obj: Object) -> None:
        if self.api is not None:
            self.api.create(obj)
        if self.fake is not None:
            self.fake.put(obj)


@pytest.fixture(params=["fake", "real"])
async def sides(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Client, Hand]]:
    """A client, and a hand on the same objects."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    if request.param == "fake":
        fake = FakeClient()
        yield fake, Hand(None, fake, name)
        return
    cluster: ApiServer = request.getfixturevalue("operated_cluster")
    api: Api = request.getfixturevalue("api")
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}, path="/api/v1/namespaces")
    client = HttpClient(await configuration(str(cluster.kubeconfig)))
    yield client, Hand(api, None, name)
    await client.close()


def config(hand: Hand, data: dict[str, str], **meta: Any) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": hand.namespace, **meta}, "data": data}


async def test_what_is_absent_is_none(sides: tuple[Client, Hand]) -> None:
    client, hand = sides

    assert await client.get(CONFIG_MAP, hand.namespace, "c") is None
    assert await client.list(CONFIG_MAP, hand.namespace, labels="x=y") == []


async def test_apply_makes_and_changes(sides: tuple[Client, Hand]) -> None:
    client, hand = sides
    made = await client.apply(config(hand, {"a": "1"}), force=False)
    changed = await client.apply(config(hand, {"a": "2"}))

    assert uid_of(made) == uid_of(changed)
    assert version_of(changed) > version_of(made)
    assert (await client.get(CONFIG_MAP, hand.namespace, "c") or {})["data"] == {"a": "2"}


async def test_the_same_intent_again_changes_nothing(sides: tuple[Client, Hand]) -> None:
    client, hand = sides
    made = await client.apply(config(hand, {"a": "1"}))
    again = await client.apply(config(hand, {"a": "1"}))

    assert version_of(again) == version_of(made)


async def test_what_leaves_the_intent_goes(sides: tuple[Client, Hand]) -> None:
    client, hand = sides
    await client.apply(config(hand, {"a": "1", "b": "2"}))

    assert (await client.apply(config(hand, {"a": "1"})))["data"] == {"a": "1"}


async def test_force_takes_back_what_a_hand_changed(sides: tuple[Client, Hand]) -> None:
    client, hand = sides
    await client.apply(config(hand, {"a": "1"}))
    hand.set_data("c", "a", "2")
    with pytest.raises(errors.ConflictError):
        await client.apply(config(hand, {"a": "1"}), force=False)

    assert (await client.apply(config(hand, {"a": "1"})))["data"] == {"a": "1"}


async def test_what_a_hand_added_stays_until_it_is_disowned(sides: tuple[Client, Hand]) -> None:
    client, hand = sides
    await client.apply(config(hand, {"a": "1"}))
    hand.set_data("c", "b", "2")
    kept = await client.apply(config(hand, {"a": "1"}))
    assert kept["data"] == {"a": "1", "b": "2"}
    assert has_foreign_fields(metadata(kept)["managedFields"])

    await client.disown(kept)
    clean = await client.apply(config(hand, {"a": "1"}))
    assert clean["data"] == {"a": "1"}
    assert not has_foreign_fields(metadata(clean)["managedFields"])


async def test_what_was_disowned_has_no_intent_until_it_is_applied(sides: tuple[Client, Hand]) -> None:
    """Taken off in the same write: in between the two the object's other fields look like ours."""
    client, hand = sides
    intended = config(hand, {"a": "1"})
    intended["metadata"]["annotations"] = {ANNOTATION_INTENT: "x", "other": "y"}
    made = await client.apply(intended)
    owned = await client.disown(made)
    applied = await client.apply(intended)

    assert metadata(owned)["annotations"] == {"other": "y"}
    assert metadata(applied)["annotations"] == {ANNOTATION_INTENT: "x", "other": "y"}
    assert not is_created_only(metadata(applied)["managedFields"])


async def test_what_nobody_is_recorded_for_goes_when_it_was_disowned_twice(sides: tuple[Client, Hand]) -> None:
    """With an apply in between: only then is it recorded that there is more than was applied."""
    client, hand = sides
    await client.apply(config(hand, {"a": "1"}))
    hand.set_data("c", "b", "2")
    hand.wipe("c")
    hand.set_data("c", "d", "3")  # of which somebody is recorded, and nothing of ours
    wiped = await client.get(CONFIG_MAP, hand.namespace, "c") or {}
    assert not is_recorded(metadata(wiped).get("managedFields") or ())

    await client.disown(wiped)
    kept = await client.apply(config(hand, {"a": "1"}))
    assert kept["data"] == {"a": "1", "b": "2", "d": "3"}
    assert is_touched(kept)
    await client.disown(kept)
    clean = await client.apply(config(hand, {"a": "1"}))
    assert clean["data"] == {"a": "1"}
    assert not is_touched(clean)


async def test_disown_needs_the_newest_version(sides: tuple[Client, Hand]) -> None:
    client, hand = sides
    old = await client.apply(config(hand, {"a": "1"}))
    hand.set_data("c", "b", "2")

    with pytest.raises(errors.ConflictError):
        await client.disown(old)


async def test_a_uid_is_a_precondition(sides: tuple[Client, Hand]) -> None:
    """Neither a successor under the same name nor an absent object is written to."""
    client, hand = sides
    with pytest.raises(errors.ConflictError):
        await client.apply(config(hand, {"a": "1"}, uid=str(uuid.uuid4())))
    made = await client.apply(config(hand, {"a": "1"}))
    with pytest.raises(errors.ConflictError):
        await client.apply(config(hand, {"a": "2"}, uid=str(uuid.uuid4())))

    assert (await client.apply(config(hand, {"a": "3"}, uid=uid_of(made))))["data"] == {"a": "3"}


async def test_without_force_a_strangers_value_is_not_changed(sides: tuple[Client, Hand]) -> None:
    client, hand = sides
    hand.create(config(hand, {"a": "theirs"}))

    with pytest.raises(errors.ConflictError):
        await client.apply(config(hand, {"a": "ours"}), force=False)


async def test_what_was_created_can_be_applied_after_it_was_disowned(sides: tuple[Client, Hand]) -> None:
    """What left the intent goes, as if the object had been applied from the start."""
    client, hand = sides
    made = await client.create(config(hand, {"a": "1", "b": "2"}, labels={"x": "y"}))
    assert not has_foreign_fields(metadata(made)["managedFields"])
    assert is_created_only(metadata(made)["managedFields"])
    with pytest.raises(errors.AlreadyExistsError):
        await client.create(config(hand, {"a": "1"}))
    owned = await client.disown(made)
    applied = await client.apply(config(hand, {"a": "1"}, uid=uid_of(made)))

    assert not is_created_only(metadata(owned)["managedFields"])
    assert applied["data"] == {"a": "1"}
    assert metadata(applied).get("labels", {}) == {}


async def test_create_creates_once(sides: tuple[Client, Hand]) -> None:
    client, hand = sides
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "l", "namespace": hand.namespace}, "spec": {}}
    made = await client.create(lease)
    with pytest.raises(errors.AlreadyExistsError):
        await client.create(lease)

    changed = await client.replace({**made, "spec": {"holderIdentity": "me"}})
    assert version_of(changed) > version_of(made)
    with pytest.raises(errors.ConflictError):
        await client.replace({**made, "spec": {"holderIdentity": "other"}})
    assert ((await client.get(LEASE, hand.namespace, "l")) or {})["spec"]["holderIdentity"] == "me"


async def test_an_amendment_is_made_whole_or_not_at_all(sides: tuple[Client, Hand]) -> None:
    """A JSON patch: its tests are its preconditions, and the rest of the object stays as it is, whatever its version."""
    client, hand = sides
    path = "/metadata/annotations/example.com~1a"
    meta = {"name": "l", "namespace": hand.namespace, "annotations": {"example.com/b": "b"}}
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": meta, "spec": {"holderIdentity": "us"}}
    await client.create(lease)
    ours, theirs = ({"op": "test", "path": "/spec/holderIdentity", "value": name} for name in ("us", "them"))
    note = {"op": "add", "path": path, "value": "a"}
    for _ in range(2):
        made = await client.amend(LEASE, hand.namespace, "l", [ours, note])
        assert made["metadata"]["annotations"] == {"example.com/a": "a", "example.com/b": "b"}

    removed = {"op": "remove", "path": path}
    for refused in ([theirs, removed], [removed, theirs], [ours, removed, removed], [{**note, "path": "/metadata/labels/x"}]):
        with pytest.raises(errors.InvalidError):
            await client.amend(LEASE, hand.namespace, "l", refused)
    with pytest.raises(errors.GoneError):
        await client.amend(LEASE, hand.namespace, "other", [note])
    left = await client.amend(LEASE, hand.namespace, "l", [ours, removed])
    assert left["metadata"]["annotations"] == {"example.com/b": "b"}
    assert left["spec"]["holderIdentity"] == "us"


async def test_delete_knows_whom(sides: tuple[Client, Hand]) -> None:
    """Another uid or an older version is not deleted, and what is gone is no error."""
    client, hand = sides
    made = await client.apply(config(hand, {"a": "1"}))
    newer = await client.apply(config(hand, {"a": "2"}))
    place = (CONFIG_MAP, hand.namespace, "c")

    assert not await client.delete(*place, uid=str(uuid.uuid4()))
    assert not await client.delete(*place, uid=uid_of(made), version=str(version_of(made)))
    assert await client.get(*place) is not None
    assert await client.delete(*place, uid=uid_of(made), version=str(version_of(newer)))
    assert await client.get(*place) is None
    assert not await client.delete(*place, uid=uid_of(made))


async def test_lists_are_filtered_and_say_what_they_hold(sides: tuple[Client, Hand]) -> None:
    client, hand = sides
    await client.apply(config(hand, {"a": "1"}, labels={"team": "x"}))
    other = config(hand, {})
    other["metadata"]["name"] = "d"
    await client.apply(other)

    found = await client.list(CONFIG_MAP, hand.namespace, labels="team=x")
    assert [(obj["apiVersion"], obj["kind"], obj["metadata"]["name"]) for obj in found] == [("v1", "ConfigMap", "c")]
    assert [
        obj["metadata"]["name"]
        for obj in await client.list(CONFIG_MAP, None, labels="team")
        if obj["metadata"]["namespace"] == hand.namespace
    ] == ["c"]


async def test_status_is_apart_from_the_spec(sides: tuple[Client, Hand]) -> None:
    client, hand = sides
    body: Object = {
        "apiVersion": PRIVATE_ASSISTANT.api_version,
        "kind": PRIVATE_ASSISTANT.kind,
        "metadata": {"name": "p", "namespace": hand.namespace},
        "spec": {"model": {"name": "m"}},
    }
    with pytest.raises(errors.GoneError):
        await client.apply_status({**body, "status": {"endpoint": "https://x"}})
    hand.create(body)
    before = await client.get(PRIVATE_ASSISTANT, hand.namespace, "p")
    assert before is not None
    told: Object = {**body, "metadata": {**metadata(body), "uid": uid_of(before)}}
    del told["spec"]
    after = await client.apply_status({**told, "status": {"endpoint": "https://x"}})

    assert after["status"] == {"endpoint": "https://x"}
    assert after["spec"] == before["spec"]
    assert generation_of(after) == generation_of(before)
    both = {"endpoint": "https://x", "model": {"name": "m"}}
    assert (await client.apply_status({**told, "status": both}))["status"] == both
    assert (await client.apply_status({**told, "status": {"model": {"name": "m"}}}))["status"] == {"model": {"name": "m"}}


async def test_a_version_is_a_precondition_of_status(sides: tuple[Client, Hand]) -> None:
    """The API server ignores a uid there: the version alone keeps a status from an object for which it was not made."""
    client, hand = sides
    body: Object = {
        "apiVersion": PRIVATE_ASSISTANT.api_version,
        "kind": PRIVATE_ASSISTANT.kind,
        "metadata": {"name": "p", "namespace": hand.namespace},
        "spec": {"model": {"name": "m"}},
    }
    hand.create(body)
    before = await client.get(PRIVATE_ASSISTANT, hand.namespace, "p")
    assert before is not None
    version = metadata(before)["resourceVersion"]
    told = {key: value for key, value in body.items() if key != "spec"}
    told = {**told, "metadata": {**metadata(body), "resourceVersion": version}}

    await client.apply_status({**told, "status": {"endpoint": "https://x"}})
    with pytest.raises(errors.ConflictError):
        await client.apply_status({**told, "status": {"endpoint": "https://y"}})


async def test_verbs_outside_the_table_are_refused(sides: tuple[Client, Hand]) -> None:
    """RBAC is made from the table, so the client keeps to it."""
    client, hand = sides

    with pytest.raises(errors.ForbiddenError):
        await client.replace(config(hand, {}))


async def test_a_spec_change_moves_the_generation(sides: tuple[Client, Hand]) -> None:
    client, hand = sides
    policy: Object = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "b", "namespace": hand.namespace},
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"a": "b"}}},
    }
    made = await client.apply(policy)
    changed = await client.apply({**policy, "spec": {**policy["spec"], "maxUnavailable": 2}})

    assert generation_of(changed) == generation_of(made) + 1


async def test_what_is_not_acceptable_names_the_field(operated_cluster: ApiServer, api: Api, namespace: str) -> None:
    """Only a real API server validates."""
    client = HttpClient(await configuration(str(operated_cluster.kubeconfig)))
    bad = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "namespace": namespace}, "spec": {"ports": [{"port": 70000}]}}
    try:
        with pytest.raises(errors.InvalidError) as caught:
            await client.apply(bad)
        assert await client.get(SERVICE, namespace, "s") is None
    finally:
        await client.close()

    assert caught.value.causes[0].field == "spec.ports[0].port"
