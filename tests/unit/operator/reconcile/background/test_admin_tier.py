"""The installation's policies of the whole cluster: made once, mended, moved to a newer kind, and nothing of others touched."""

from typing import Any

import pytest

from assistant_operator import errors
from assistant_operator.kube.kinds import ADMIN_POLICY, CLUSTER_POLICY, DEFINITION, Kind
from assistant_operator.kube.objects import Object, metadata
from assistant_operator.reconcile.background.admin_tier import AdminTier
from assistant_operator.resources.admin_policy import policy_name
from tests.support.fake_client import FakeClient

NAMES = [policy_name("operators", word) for word in ("none", "own")]


@pytest.fixture
def client() -> FakeClient:
    made = FakeClient()
    meta = {"name": DEFINITION.only[0]}
    made.put({"apiVersion": "apiextensions.k8s.io/v1", "kind": DEFINITION.kind, "metadata": meta})
    return made


async def keep(client: FakeClient, *kinds: Kind, tier: AdminTier | None = None) -> str | None:
    listed = {kind.kind: await client.list(kind) for kind in kinds}
    return await (tier or AdminTier(client, "operators", ())).keep(listed)


def there(client: FakeClient, kind: Kind) -> list[str]:
    return sorted(name for name in NAMES if client.find(kind, "", name) is not None)


def forbid(client: FakeClient, *verbs: str, kind: Kind = CLUSTER_POLICY, error: type[errors.ApiError] = errors.ForbiddenError) -> None:
    def fault(verb: str, asked: str, _name: str) -> errors.ApiError | None:
        return error(verb, asked, 403, "No") if verb in verbs and asked == kind.kind else None

    client.faults.append(fault)


async def test_where_nothing_is_served_nothing_is_made(client: FakeClient) -> None:
    """Nor asked for."""
    assert await keep(client) is None
    assert client.calls.total() == 0


@pytest.mark.parametrize("kind", [CLUSTER_POLICY, ADMIN_POLICY], ids=lambda kind: kind.kind)
async def test_they_are_made_once(client: FakeClient, kind: Kind) -> None:
    """A second look writes nothing; they belong to the definition."""
    assert await keep(client, kind) == kind.kind
    assert there(client, kind) == NAMES
    before = list(client.writes)

    assert await keep(client, kind) == kind.kind
    assert client.writes == before
    definition = client.find(DEFINITION, "", DEFINITION.only[0])
    made = client.find(kind, "", NAMES[0])
    assert definition is not None
    assert made is not None
    assert metadata(made)["ownerReferences"][0]["uid"] == metadata(definition)["uid"]


async def test_what_somebody_changed_is_changed_back(client: FakeClient) -> None:
    """By hand, on the spec."""
    await keep(client, CLUSTER_POLICY)

    def open_it(obj: Object) -> None:
        obj["spec"]["egress"][0]["action"] = "Accept"

    client.edit(CLUSTER_POLICY, "", NAMES[0], open_it)
    await keep(client, CLUSTER_POLICY)

    found = client.find(CLUSTER_POLICY, "", NAMES[0])
    assert found is not None
    assert found["spec"]["egress"][0]["action"] == "Deny"


async def test_what_somebody_added_goes(client: FakeClient) -> None:
    """A rule for the other direction, of which ours says nothing; again and again."""
    await keep(client, CLUSTER_POLICY)

    def add(obj: Object) -> None:
        obj["spec"]["ingress"] = [{"action": "Accept", "from": [{"namespaces": {}}]}]

    for _ in range(2):
        client.edit(CLUSTER_POLICY, "", NAMES[0], add)
        await keep(client, CLUSTER_POLICY)

        found = client.find(CLUSTER_POLICY, "", NAMES[0])
        assert found is not None
        assert "ingress" not in found["spec"]


async def test_the_newer_kind_takes_over(client: FakeClient) -> None:
    """And what stood in the older one goes, once the newer stands."""
    await keep(client, ADMIN_POLICY)
    assert await keep(client, CLUSTER_POLICY, ADMIN_POLICY) == CLUSTER_POLICY.kind

    assert (there(client, CLUSTER_POLICY), there(client, ADMIN_POLICY)) == (NAMES, [])


async def test_without_the_right_to_the_newer_kind_the_older_one_serves(client: FakeClient) -> None:
    """Nothing is removed for what could not be made."""
    await keep(client, ADMIN_POLICY)
    forbid(client, "create")

    assert await keep(client, CLUSTER_POLICY, ADMIN_POLICY) == ADMIN_POLICY.kind
    assert there(client, ADMIN_POLICY) == NAMES


@pytest.mark.parametrize("error", [errors.ForbiddenError, errors.InvalidError, errors.UnavailableError])
async def test_a_refusal_is_said_once(client: FakeClient, error: type[errors.ApiError], caplog: pytest.LogCaptureFixture) -> None:
    """And ends nothing: assistants go on without."""
    forbid(client, "create", error=error)
    tier = AdminTier(client, "operators", ())

    assert [await keep(client, CLUSTER_POLICY, tier=tier) for _ in range(3)] == [None] * 3
    assert len(caplog.records) == 1


async def test_what_is_not_ours_is_left_alone(client: FakeClient, caplog: pytest.LogCaptureFixture) -> None:
    """Somebody else's under our name: neither changed nor removed, and not counted as standing."""
    theirs: dict[str, Any] = {
        "apiVersion": CLUSTER_POLICY.api_version,
        "kind": CLUSTER_POLICY.kind,
        "metadata": {"name": NAMES[0]},
        "spec": {},
    }
    client.put(theirs)
    before = client.find(CLUSTER_POLICY, "", NAMES[0])

    assert await keep(client, CLUSTER_POLICY) is None
    assert client.find(CLUSTER_POLICY, "", NAMES[0]) == before
    assert len(caplog.records) == 1


async def test_what_is_not_ours_is_not_removed(client: FakeClient) -> None:
    """Where the newer kind has taken over."""
    theirs = {"apiVersion": ADMIN_POLICY.api_version, "kind": ADMIN_POLICY.kind, "metadata": {"name": NAMES[0]}, "spec": {}}
    client.put(theirs)

    assert await keep(client, CLUSTER_POLICY, ADMIN_POLICY) == CLUSTER_POLICY.kind
    assert there(client, ADMIN_POLICY) == [NAMES[0]]


async def test_without_the_right_to_read_the_definition_they_have_no_owner(client: FakeClient) -> None:
    """They stand all the same."""
    forbid(client, "get", kind=DEFINITION)

    assert await keep(client, CLUSTER_POLICY) == CLUSTER_POLICY.kind
    made = client.find(CLUSTER_POLICY, "", NAMES[0])
    assert made is not None
    assert "ownerReferences" not in metadata(made)


async def test_while_the_definition_cannot_be_read_their_owner_stays(client: FakeClient) -> None:
    """A moment without answers is no reason to write."""
    await keep(client, CLUSTER_POLICY)
    forbid(client, "get", kind=DEFINITION, error=errors.UnavailableError)
    before = list(client.writes)

    await keep(client, CLUSTER_POLICY)

    assert client.writes == before


async def test_they_belong_to_a_definition_that_was_made_anew(client: FakeClient) -> None:
    """What goes with the old one is made again for the new one: with an owner that is gone it would be collected again and again."""
    tier = AdminTier(client, "operators", ())
    await keep(client, CLUSTER_POLICY, tier=tier)
    definition = client.find(DEFINITION, "", DEFINITION.only[0])
    assert definition is not None
    client.remove(DEFINITION, "", DEFINITION.only[0])
    for name in NAMES:
        client.remove(CLUSTER_POLICY, "", name)
    await keep(client, CLUSTER_POLICY, tier=tier)
    assert "ownerReferences" not in metadata(client.find(CLUSTER_POLICY, "", NAMES[0]) or {})
    anew = client.put({**definition, "metadata": {"name": DEFINITION.only[0]}})
    await keep(client, CLUSTER_POLICY, tier=tier)

    made = [client.find(CLUSTER_POLICY, "", name) or {} for name in NAMES]
    assert metadata(anew)["uid"] != metadata(definition)["uid"]
    assert [[owner["uid"] for owner in metadata(obj)["ownerReferences"]] for obj in made] == [[metadata(anew)["uid"]]] * 2


async def test_who_may_not_write_says_what_stands(client: FakeClient) -> None:
    """Of several replicas one makes them; the others see whether they are there, and are ours."""
    other = AdminTier(client, "operators", (), lambda: False)
    assert await keep(client, CLUSTER_POLICY, ADMIN_POLICY, tier=other) is None
    assert client.writes == []
    await keep(client, ADMIN_POLICY)
    before = list(client.writes)
    assert await keep(client, CLUSTER_POLICY, ADMIN_POLICY, tier=other) == ADMIN_POLICY.kind

    def lose(obj: Object) -> None:
        obj["metadata"]["labels"] = {}

    client.edit(ADMIN_POLICY, "", NAMES[1], lose)
    assert await keep(client, CLUSTER_POLICY, ADMIN_POLICY, tier=other) is None
    assert [write for write in client.writes if write not in before] == []
