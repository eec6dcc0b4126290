"""NetworkPolicies of others on a real API server: seen when they come, change and go, and never written to."""

from functools import partial
from typing import Any

import pytest

from assistant_operator.kube.kinds import NETWORK_POLICY, POD
from assistant_operator.kube.objects import Object, uid_of
from assistant_operator.naming import API_VERSION, COMPONENT_ASSISTANT, KIND, LABEL_ASSISTANT, Names
from assistant_operator.reconcile.conditions import EGRESS_CONFINED
from assistant_operator.reconcile.key import Key
from tests.cluster.apiserver import ApiServer
from tests.integration.api import Api
from tests.integration.conftest import new_namespace
from tests.integration.lab import MODEL, OPERATOR, REGISTRY, Lab
from tests.integration.running import Hosts, Running
from tests.support.waiting import until

OPEN: dict[str, Any] = {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]}


def policy(namespace: str, name: str = "theirs", spec: Object | None = None) -> Object:
    meta = {"name": name, "namespace": namespace}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta, "spec": spec or OPEN}


def widening(running: Running, key: Key, uid: str) -> set[str]:
    """Return the policies of others that the operator knows to open something to the assistant's pods, or from them."""
    assert running.operator is not None
    labels = Names(*key).labels(COMPONENT_ASSISTANT)
    return {found.name for found in running.operator.cache.policies.others(key, uid) if found.widens and found.selects(labels)}


def test_a_policy_of_others_brings_a_pass_when_it_comes_changes_and_goes(lab: Lab) -> None:
    """Nobody labelled it for the operator; nothing is written to it."""
    uid = uid_of(lab.make_ready())
    for change, seen in (
        (lambda: lab.api.create(policy(lab.namespace)), {"theirs"}),
        (lambda: lab.api.edit(NETWORK_POLICY, lab.namespace, "theirs", {"spec": {"egress": []}}), set()),
        (lambda: lab.api.edit(NETWORK_POLICY, lab.namespace, "theirs", {"spec": {"egress": [{}]}}), {"theirs"}),
        (lambda: lab.api.delete(NETWORK_POLICY, lab.namespace, "theirs"), set()),
    ):
        passes = lab.running.passes
        change()
        until("the operator knows", lambda seen=seen: widening(lab.running, lab.key, uid) == seen)  # type: ignore[misc]
        until("the assistant was passed over", lambda passes=passes: lab.running.passes > passes)  # type: ignore[misc]
        lab.settle()

    assert not [line for line in lab.writes() if "/networkpolicies/theirs" in line]


def test_a_policy_of_others_is_named_in_the_condition_until_it_goes(lab: Lab) -> None:
    """The assistant is not Ready meanwhile, and whoever looks at it learns which policy it is and which way it opens."""
    lab.make_ready()
    lab.api.create(policy(lab.namespace))

    found = lab.expect("False", "WidenedByPolicy", EGRESS_CONFINED)
    assert found["message"].endswith("They are: NetworkPolicy theirs (egress).")
    lab.expect("False", "WidenedByPolicy")
    lab.api.delete(NETWORK_POLICY, lab.namespace, "theirs")
    lab.expect("True", "Serving")


@pytest.mark.parametrize("name", ["debugger", "documents"])
def test_a_container_that_was_put_into_a_running_pod_is_named(lab: Lab, name: str) -> None:
    """By `kubectl debug`: it shares the model server's loopback. Also under a name that one of ours has, where documents are read."""
    lab.make_ready()
    pod = lab.gateway_pods()[0]["metadata"]["name"]
    debugger = {"spec": {"ephemeralContainers": [{"name": name, "image": "x"}]}}
    path = POD.path(lab.namespace, pod, "ephemeralcontainers")
    lab.api.raw("PATCH", path, debugger, "application/strategic-merge-patch+json")

    found = lab.expect("False", "PodNotAsPlanned", EGRESS_CONFINED)
    assert found["message"].endswith(f"Pod {pod} has: container {name}.")


def test_what_the_rest_of_a_policy_says_brings_no_pass(lab: Lab) -> None:
    """A label, another port: with a thousand assistants in a namespace that would be a thousand passes."""
    lab.make_ready()
    lab.seen(lab.api.create(policy(lab.namespace)))
    passes = lab.running.passes

    lab.seen(lab.api.edit(NETWORK_POLICY, lab.namespace, "theirs", {"metadata": {"labels": {"team": "x"}}}))
    lab.seen(lab.api.edit(NETWORK_POLICY, lab.namespace, "theirs", {"spec": {"egress": [{"ports": [{"port": 443}]}]}}))

    assert lab.running.passes == passes


def test_a_policy_that_the_watch_did_not_tell_of_is_found_by_listing(operated_cluster: ApiServer, api: Api, namespace: str) -> None:
    """When it comes and when it goes."""
    hosts = Hosts({REGISTRY: ("192.0.2.10",)})
    kubeconfig = operated_cluster.kubeconfig_for(OPERATOR)
    running = Running(kubeconfig, namespace, hosts, f"--namespace={namespace}", "--resync-seconds=1").start()
    try:
        meta = {"name": "one", "namespace": namespace}
        api.apply({"apiVersion": API_VERSION, "kind": KIND, "metadata": meta, "spec": {"model": {"name": MODEL}}})
        until("its policy", partial(api.get, NETWORK_POLICY, namespace, "one"))
        running.settle()
        assert running.operator is not None
        watch = running.operator.watch
        assert watch is not None
        watch.put = watch.drop = lambda obj: None  # type: ignore[method-assign]  # the watch goes silent
        key, uid = Key(namespace, "one"), uid_of(api.assistant(namespace, "one"))

        api.create(policy(namespace))
        until("it is found", lambda: widening(running, key, uid) == {"theirs"})
        api.delete(NETWORK_POLICY, namespace, "theirs")
        until("it is missed", lambda: widening(running, key, uid) == set())
    finally:
        running.stop()


def test_policies_of_other_namespaces_are_not_even_read(lab: Lab) -> None:
    """An operator that watches one namespace keeps nothing of others."""
    uid = uid_of(lab.make_ready())
    other = new_namespace(lab.api)
    lab.api.create(policy(other, "elsewhere"))
    lab.seen(lab.api.create(policy(lab.namespace, "here")))

    assert widening(lab.running, lab.key, uid) == {"here"}
    assert widening(lab.running, Key(other, "one"), "") == set()


@pytest.mark.parametrize("value", [None, "two"])
def test_the_label_of_our_own_policy_comes_back(lab: Lab, value: str | None) -> None:
    """It is ours by its owner: neither made twice nor taken for somebody else's."""
    uid = uid_of(lab.make_ready())
    before = lab.child(NETWORK_POLICY, "one")
    lab.api.edit(NETWORK_POLICY, lab.namespace, "one", {"metadata": {"labels": {LABEL_ASSISTANT: value}}})

    until("the label is back", lambda: lab.child(NETWORK_POLICY, "one")["metadata"]["labels"] == before["metadata"]["labels"])
    assert uid_of(lab.child(NETWORK_POLICY, "one")) == uid_of(before)
    assert widening(lab.running, lab.key, uid) == set()


def test_a_policy_of_others_under_our_name_is_left_alone_until_it_goes(lab: Lab) -> None:
    """The assistant stalls before anything is made; when the name is free, the next pass comes by itself."""
    before = lab.api.create(policy(lab.namespace, "one"))
    lab.apply()

    assert lab.condition("Stalled")["reason"] == "NameCollision"
    assert lab.child(NETWORK_POLICY, "one")["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]
    lab.api.delete(NETWORK_POLICY, lab.namespace, "one")
    until(
        "it is ours", lambda: LABEL_ASSISTANT in (lab.api.get(NETWORK_POLICY, lab.namespace, "one") or before)["metadata"].get("labels", {})
    )
    lab.settle()
    assert lab.condition("Stalled") == {}


def test_a_policy_with_a_forged_owner_is_removed(lab: Lab) -> None:
    """An owner reference makes no policy ours that was not planned; a finalizer that keeps it keeps it from being overlooked."""
    assistant = lab.make_ready()
    owner = {"apiVersion": API_VERSION, "kind": KIND, "name": "one", "uid": uid_of(assistant), "controller": True}
    forged = policy(lab.namespace, "forged")
    forged["metadata"] |= {"ownerReferences": [owner], "finalizers": ["example.com/stay"]}
    lab.api.create(forged)

    until("it is being removed", lambda: lab.child(NETWORK_POLICY, "forged")["metadata"].get("deletionTimestamp"))
    lab.settle()
    assert widening(lab.running, lab.key, uid_of(assistant)) == {"forged"}
    lab.api.edit(NETWORK_POLICY, lab.namespace, "forged", {"metadata": {"finalizers": None}})
    until("it is gone", lambda: widening(lab.running, lab.key, uid_of(assistant)) == set())
