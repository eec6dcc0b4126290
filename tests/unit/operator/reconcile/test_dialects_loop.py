"""Passes over an assistant in a cluster with more than NetworkPolicy: what is applied, what status tells, and what others may not do."""

from typing import Any

import pytest

from assistant_operator.kube.kinds import CILIUM_POLICY, NETWORK_POLICY
from assistant_operator.kube.objects import Object, uid_of
from assistant_operator.reconcile.policies import opening_cilium
from assistant_operator.reconcile.policies.dialects import Known
from tests.support.fake_world import MODEL, FakeWorld

CILIUM = Known(readable=frozenset({"CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy"}))
ALLOWLIST: dict[str, Any] = {
    "model": {"name": MODEL},
    "egress": {"mode": "Allowlist", "allow": [{"cidr": "10.20.0.0/16", "ports": [{"port": 443}]}]},
}


@pytest.fixture
def fake() -> FakeWorld:
    return FakeWorld()


def own(fake: FakeWorld) -> Object | None:
    return fake.client.find(CILIUM_POLICY, fake.key.namespace, fake.key.name)


async def test_without_dialects_there_is_the_network_policy(fake: FakeWorld) -> None:
    await fake.make_ready()

    assert fake.status()["policyDialects"] == ["NetworkPolicy"]
    assert own(fake) is None


async def test_what_is_served_is_used_on_top(fake: FakeWorld) -> None:
    """And told; it belongs to the assistant, and a second pass writes nothing."""
    fake.world.dialects.known = CILIUM
    await fake.make_ready()
    before = list(fake.client.writes)
    await fake.reconcile()

    assert fake.client.writes == before
    assert fake.status()["policyDialects"] == ["CiliumNetworkPolicy", "NetworkPolicy"]
    made = own(fake)
    assert made is not None
    assert made["metadata"]["ownerReferences"][0]["name"] == fake.key.name
    assert [entry for entry in fake.status()["inventory"] if entry["id"] == "ns_one_cilium.io_CiliumNetworkPolicy"]


async def test_a_dialect_that_comes_later_is_used_later(fake: FakeWorld) -> None:
    """And what a change of the spec allows is denied no longer."""
    await fake.make_ready()
    fake.world.dialects.known = CILIUM
    await fake.settle()
    made = own(fake)
    assert made is not None
    assert made["specs"][0]["egressDeny"] == [{"toEntities": ["all"]}]

    fake.apply(ALLOWLIST)
    await fake.settle()
    made = own(fake)
    assert made is not None
    assert set(made["specs"][0]["egressDeny"][0]) == {"toCIDR"}


async def test_a_dialect_that_goes_ends_nothing(fake: FakeWorld) -> None:
    """Its objects went with it: nothing is written to them, and they leave the inventory."""
    fake.world.dialects.known = CILIUM
    await fake.make_ready()
    fake.client.remove(CILIUM_POLICY, fake.key.namespace, fake.key.name)
    fake.world.dialects.known = Known()
    before = [line for line in fake.client.writes if CILIUM_POLICY.kind in line]
    await fake.settle()

    assert [line for line in fake.client.writes if CILIUM_POLICY.kind in line] == before
    assert fake.status()["policyDialects"] == ["NetworkPolicy"]
    assert not [entry for entry in fake.status()["inventory"] if CILIUM_POLICY.kind in entry["id"]]
    assert fake.verdict() == ("True", "Serving")


async def test_what_somebody_changed_is_changed_back(fake: FakeWorld) -> None:
    """On our own object, and what was added to it."""
    fake.world.dialects.known = CILIUM
    await fake.make_ready()

    def open_it(obj: Object) -> None:
        obj["spec"] = {"endpointSelector": {}, "egress": [{"toEntities": ["world"]}]}

    fake.client.edit(CILIUM_POLICY, fake.key.namespace, fake.key.name, open_it)
    await fake.settle()

    made = own(fake)
    assert made is not None
    assert not made.get("spec")


async def test_policies_of_the_cluster_are_told_where_they_select(fake: FakeWorld) -> None:
    """Not of an assistant that may reach networks."""
    fake.world.dialects.known = Known(admin_tier="ClusterNetworkPolicy")
    await fake.make_ready()
    assert fake.status()["policyDialects"] == ["ClusterNetworkPolicy", "NetworkPolicy"]

    fake.apply(ALLOWLIST)
    await fake.settle()
    assert fake.status()["policyDialects"] == ["NetworkPolicy"]


async def test_what_others_open_is_named_with_its_kind(fake: FakeWorld) -> None:
    """Beside their NetworkPolicies; the operator's own is not."""
    fake.world.dialects.known = CILIUM
    await fake.make_ready()
    theirs = {"kind": CILIUM_POLICY.kind, "metadata": {"name": "theirs", "namespace": fake.key.namespace}}
    opening = opening_cilium.read({**theirs, "spec": {"endpointSelector": {}, "egress": [{"toEntities": ["world"]}]}})
    fake.world.dialects.take(CILIUM_POLICY.kind, {(fake.key.namespace, "theirs"): opening})
    meta = {"name": "open", "namespace": fake.key.namespace}
    spec: dict[str, Any] = {"podSelector": {}, "egress": [{}]}
    fake.client.put({"apiVersion": NETWORK_POLICY.api_version, "kind": NETWORK_POLICY.kind, "metadata": meta, "spec": spec})
    await fake.settle()

    assert fake.verdict() == fake.verdict("EgressConfined") == ("False", "WidenedByPolicy")
    assert fake.message().endswith("They are: CiliumNetworkPolicy theirs (egress), NetworkPolicy open (egress).")


async def test_what_cannot_be_read_leaves_confinement_unknown(fake: FakeWorld) -> None:
    """And says which right is missing; with it the assistant is ready again."""
    await fake.make_ready()
    missing = "the right to list adminnetworkpolicies.policy.networking.k8s.io"
    fake.world.dialects.known = Known(unreadable=(missing,))
    await fake.settle()
    assert fake.verdict("EgressConfined") == ("Unknown", "PoliciesNotReadable")
    assert missing in fake.message("EgressConfined")

    fake.world.dialects.known = Known()
    await fake.settle()
    assert fake.verdict() == ("True", "Serving")


async def test_a_policy_of_others_under_our_name_is_left_alone(fake: FakeWorld) -> None:
    """As with every other kind: the assistant stalls before it is touched."""
    fake.world.dialects.known = CILIUM
    meta = {"name": fake.key.name, "namespace": fake.key.namespace}
    fake.client.put({"apiVersion": CILIUM_POLICY.api_version, "kind": CILIUM_POLICY.kind, "metadata": meta, "spec": {}})
    before = own(fake)
    fake.apply()
    await fake.settle()

    assert fake.verdict() == ("False", "NameCollision")
    assert own(fake) == before
    assert before is not None
    assert uid_of(before)
