"""What is known of policies of other kinds: whose they are, what moved, and what is told to be in force."""

from typing import Any

import pytest

from assistant_operator.kube.inventory import Ref
from assistant_operator.kube.kinds import CILIUM_POLICY, NETWORK_POLICY
from assistant_operator.naming import API_VERSION, KIND, LABEL_ASSISTANT
from assistant_operator.reconcile.key import Key
from assistant_operator.reconcile.policies.dialects import Dialects, Known, in_force
from assistant_operator.reconcile.policies.opening_cilium import read
from tests.unit.operator.api.cases import body, keep, model
from tests.unit.operator.resources.contexts import spec_of

ONE = Key("n", "one")
CILIUM = "CiliumNetworkPolicy"
ALLOWS = {"egress": [{"toEntities": ["world"]}]}
NETWORK = {"egress": {"mode": "Allowlist", "allow": [{"cidr": "10.20.0.0/16", "ports": [{"port": 443}]}]}}


def found(name: str = "theirs", namespace: str = "n", owner: str = "", **spec: Any) -> dict[tuple[str, str], Any]:
    meta: dict[str, Any] = {"name": name, "namespace": namespace}
    if owner:
        meta["ownerReferences"] = [{"apiVersion": API_VERSION, "kind": KIND, "name": "one", "uid": owner, "controller": True}]
    return {(namespace, name): read({"kind": CILIUM, "metadata": meta, "spec": {"endpointSelector": {}, **ALLOWS, **spec}})}


def others(dialects: Dialects) -> list[str]:
    return [str(one) for one in dialects.others(ONE, "uid")]


def test_policies_that_may_select_the_pods_are_others() -> None:
    """Not those of another namespace, nor those that name another assistant."""
    dialects = Dialects()
    elsewhere = found("elsewhere", "m") | found("another", endpointSelector={"matchLabels": {LABEL_ASSISTANT: "two"}})
    dialects.take(CILIUM, found() | elsewhere)

    assert others(dialects) == ["CiliumNetworkPolicy theirs (egress)"]


def test_the_one_that_the_operator_made_is_not_anothers() -> None:
    """By its name and its owner: each alone can be forged."""
    for name, owner, expected in (("one", "uid", []), ("one", "", ["one"]), ("two", "uid", ["two"]), ("one", "older", ["one"])):
        dialects = Dialects()
        dialects.take(CILIUM, found(name, owner=owner))

        assert others(dialects) == [f"CiliumNetworkPolicy {one} (egress)" for one in expected]


def test_the_one_that_the_operator_would_make_is_anothers_where_none_is_planned() -> None:
    """Nothing is left to deny: one with the name and a forged owner is not the operator's."""
    dialects = Dialects()
    dialects.take(CILIUM, found("one", owner="uid"))

    assert dialects.others(ONE, "uid", [Ref.named(CILIUM_POLICY, "n", "one")]) == ()
    assert len(dialects.others(ONE, "uid", [Ref.named(NETWORK_POLICY, "n", "one")])) == 1


def test_what_came_changed_or_went_has_moved() -> None:
    """And nothing else has: passes are made for it."""
    dialects = Dialects()

    assert len(dialects.take(CILIUM, found())) == 1
    assert dialects.take(CILIUM, found()) == ()
    assert dialects.take("AdminNetworkPolicy", {}) == ()
    assert len(dialects.take(CILIUM, found(ingress=[{"fromEntities": ["all"]}]))) == 2
    assert len(dialects.take(CILIUM, {})) == 1
    assert others(dialects) == []


def test_selectors_ask_for_the_labels_of_the_namespace() -> None:
    """As far as they are known."""
    dialects = Dialects()
    dialects.take(CILIUM, found(endpointSelector={"matchLabels": {"io.cilium.k8s.namespace.labels.tier": "gold"}}))

    def selects(labels: dict[str, dict[str, str]] | None) -> bool:
        dialects.known = Known(namespaces=labels)
        (one,) = dialects.others(ONE, "uid")
        return one.widens and one.selects({})

    assert selects(None)
    assert selects({})
    assert selects({"n": {"tier": "gold"}})
    assert not selects({"n": {"tier": "iron"}})
    assert not selects({"n": {}})


@pytest.mark.parametrize(
    ("fields", "applied", "admin_tier", "expected"),
    [
        (model(), {"NetworkPolicy", "Service"}, None, ("NetworkPolicy",)),
        (model(), {"NetworkPolicy", CILIUM}, None, (CILIUM, "NetworkPolicy")),
        (model(), {"NetworkPolicy", CILIUM}, "ClusterNetworkPolicy", (CILIUM, "ClusterNetworkPolicy", "NetworkPolicy")),
        (keep(), {"NetworkPolicy"}, "AdminNetworkPolicy", ("AdminNetworkPolicy", "NetworkPolicy")),
        (model() | NETWORK, {"NetworkPolicy"}, "ClusterNetworkPolicy", ("NetworkPolicy",)),
        (model(), set(), None, ()),
    ],
)
def test_what_stands_is_told(fields: dict[str, Any], applied: set[str], admin_tier: str | None, expected: tuple[str, ...]) -> None:
    """Policies of the cluster do not select pods that may reach networks: for them none is in force."""
    assert in_force(spec_of(body(fields)), applied, Known(admin_tier=admin_tier)) == expected
