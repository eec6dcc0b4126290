"""The NetworkPolicies beside ours: what is news of them, and which could select an assistant's pods."""

from typing import Any

import pytest

from assistant_operator.kube.inventory import Ref
from assistant_operator.kube.kinds import NETWORK_POLICY
from assistant_operator.kube.objects import Object
from assistant_operator.naming import KIND, LABEL_ASSISTANT
from assistant_operator.reconcile.key import Key
from assistant_operator.reconcile.policies.foreign import Policies

KEY = Key("n", "one")
RULE = [{"ports": [{"port": 443}]}]
FOR_ONE = {"matchLabels": {LABEL_ASSISTANT: "one"}}


def policy(name: str = "theirs", namespace: str = "n", controller: str = "", **spec: Any) -> Object:
    meta: Object = {"name": name, "namespace": namespace, "uid": f"uid-{name}"}
    if controller:
        meta["ownerReferences"] = [{"kind": KIND, "name": "one", "uid": controller, "controller": True}]
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta, "spec": {"podSelector": {}, **spec}}


def names(policies: Policies, key: Key = KEY, uid: str = "u") -> set[str]:
    return {found.name for found in policies.others(key, uid)}


def test_the_name_of_a_policy_that_is_not_planned_is_nobodys() -> None:
    """With a forged owner and a finalizer one could stand there for ever: the proxy's, where no host is allowed."""
    policies = Policies()
    for name in ("one", "one-egress", "one-store", "one-pull"):
        policies.put(policy(name, controller="u", egress=RULE))

    def left(*planned: str) -> set[str]:
        refs = [Ref.named(NETWORK_POLICY, "n", name) for name in planned]
        return {found.name for found in policies.others(KEY, "u", refs)}

    assert left("one") == {"one-egress", "one-store", "one-pull"}
    assert left("one", "one-egress", "one-store", "one-pull") == {"one-pull"}  # that selects no pod that serves
    assert names(policies) == {"one-pull"}  # there is no plan yet


def test_what_changes_nothing_is_no_news() -> None:
    """Status, annotations, and which ports a rule names: the answer would be the same."""
    policies = Policies()
    [first] = policies.put(policy(egress=RULE))
    assert policies.put(policy(egress=[{"ports": [{"port": 80}]}])) == ()

    before, after = policies.put(policy(ingress=RULE))
    assert before == first
    assert (after.egress, after.ingress) == (False, True)
    assert policies.drop("n", "theirs") == (after,)
    assert policies.drop("n", "theirs") == ()
    assert policies.others(KEY, "u") == ()


def test_another_policy_of_the_same_name_is_news() -> None:
    """Deleted and made anew between two looks."""
    policies, again = Policies(), policy()
    again["metadata"]["uid"] = "another"
    policies.put(policy())

    assert len(policies.put(again)) == 2


def test_policies_are_those_of_the_namespace() -> None:
    """A policy reaches no pod of another one."""
    policies = Policies()
    policies.put(policy("here"))
    policies.put(policy("there", "m"))

    assert names(policies) == {"here"}
    assert names(policies, Key("m", "one")) == {"there"}
    assert names(policies, Key("x", "one")) == set()


def test_policies_for_the_pods_of_another_assistant_are_left_out() -> None:
    """In a namespace with a thousand assistants there are thousands of those."""
    policies = Policies()
    policies.put(policy("two", podSelector={"matchLabels": {LABEL_ASSISTANT: "two"}}, egress=RULE))
    policies.put(policy("both", podSelector={"matchExpressions": [{"key": LABEL_ASSISTANT, "operator": "Exists"}]}, egress=RULE))

    assert names(policies) == {"both"}
    assert names(policies, Key("n", "two")) == {"both", "two"}


@pytest.mark.parametrize(
    ("name", "controller", "is_ours"),
    [("one", "u", True), ("one", "", False), ("one", "another", False), ("one-pull", "u", False), ("forged", "u", False)],
)
def test_ours_is_one_by_its_name_and_its_owner(name: str, controller: str, is_ours: bool) -> None:
    """Anybody can write an owner reference: a policy that nobody planned is told of for as long as it is there."""
    policies = Policies()
    policies.put(policy(name, controller=controller, podSelector=FOR_ONE))

    assert names(policies) == (set() if is_ours else {name})


def test_a_policy_that_names_another_assistant_now_is_no_longer_the_first_ones() -> None:
    policies = Policies()
    policies.put(policy(podSelector=FOR_ONE, egress=RULE))
    policies.put(policy(podSelector={"matchLabels": {LABEL_ASSISTANT: "two"}}, egress=RULE))
    assert names(policies) == set()
    assert names(policies, Key("n", "two")) == {"theirs"}
    policies.put(policy(egress=RULE))
    assert names(policies) == names(policies, Key("n", "two")) == {"theirs"}
    policies.drop("n", "theirs")

    assert names(policies) == names(policies, Key("n", "two")) == set()
