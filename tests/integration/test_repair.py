"""What was deleted or edited by hand comes back as the spec says; what is somebody else's is left alone."""

from typing import Any

import pytest

from assistant_operator.kube.kinds import (
    CLAIM,
    CONFIG_MAP,
    DISRUPTION_BUDGET,
    JOB,
    NETWORK_POLICY,
    PRIVATE_ASSISTANT,
    SECRET,
    SERVICE,
    SERVICE_ACCOUNT,
    STATEFUL_SET,
    Kind,
)
from assistant_operator.kube.objects import name_of, uid_of
from assistant_operator.naming import LABEL_ASSISTANT
from assistant_operator.reconcile.steps.drift import difference
from tests.integration.lab import CHILD_KINDS, Lab, everything
from tests.support.waiting import until

REPLACED = ("uid", "resourceVersion", "creationTimestamp", "managedFields", "generation")


def intent(obj: dict[str, Any]) -> dict[str, Any]:
    """Return the object without what the API server alone decides."""
    meta = {key: value for key, value in obj["metadata"].items() if key not in REPLACED}
    return {**{key: value for key, value in obj.items() if key != "status"}, "metadata": meta}


@pytest.mark.parametrize(
    "kind", [NETWORK_POLICY, SERVICE_ACCOUNT, CONFIG_MAP, SERVICE, STATEFUL_SET, DISRUPTION_BUDGET], ids=lambda kind: kind.kind
)
def test_a_deleted_child_comes_back(ready_lab: Lab, kind: Kind) -> None:
    """Every object of the kind, at once and as it was."""
    lab = ready_lab
    for obj in [obj for obj in lab.children() if obj["kind"] == kind.kind]:
        lab.api.delete(kind, lab.namespace, name_of(obj))

        def anew(obj: dict[str, Any] = obj) -> dict[str, Any] | None:
            found = lab.api.get(kind, lab.namespace, name_of(obj))
            return found if found is not None and uid_of(found) != uid_of(obj) else None

        found = until(f"{kind.kind} {name_of(obj)} comes back", anew)
        for allocated in ("clusterIP", "clusterIPs"):
            obj.get("spec", {}).pop(allocated, None)
        assert difference(intent(obj), found) is None
    if kind is STATEFUL_SET:
        lab.pods_become_ready()


def test_a_deleted_secret_comes_back_with_the_next_look(lab: Lab) -> None:
    """Secrets are not watched: the next pass makes what is missing, with a new key and a certificate by the same CA."""
    lab.make_ready()
    authority = lab.child(SECRET, lab.names.ca_secret)
    for name in (lab.names.tls_secret, lab.names.key_secret("default")):
        lab.api.delete(SECRET, lab.namespace, name)

    lab.running.another_pass(lab.key)

    assert lab.child(SECRET, lab.names.tls_secret)["data"]["ca.crt"] == authority["data"]["ca.crt"]
    assert lab.child(SECRET, lab.names.key_secret("default"))["data"]["api-key"]
    assert uid_of(lab.child(SECRET, lab.names.ca_secret)) == uid_of(authority)


EDITS: list[Any] = [
    pytest.param(NETWORK_POLICY, "one", {"spec": {"egress": [{}]}}, "spec.egress", id="a way out is opened"),
    pytest.param(NETWORK_POLICY, "one", {"spec": {"policyTypes": ["Ingress"]}}, "spec.policyTypes", id="egress is no longer policed"),
    pytest.param(SERVICE, "one", {"spec": {"selector": {"app": "other"}}}, "spec.selector", id="the service points elsewhere"),
    pytest.param(SERVICE, "one", {"spec": {"externalIPs": ["192.0.2.99"]}}, "spec.externalIPs", id="the service gains an address"),
    pytest.param(CONFIG_MAP, "one-policy", {"data": {"policy.json": "{}"}}, "data", id="the policy is emptied"),
    pytest.param(CONFIG_MAP, "one-policy", {"data": {"other": "x"}}, "data", id="the policy gains an entry"),
    pytest.param(CONFIG_MAP, "one-ca", {"data": {"ca.crt": "mine"}}, "data", id="the CA is exchanged"),
    pytest.param(STATEFUL_SET, "one", {"spec": {"replicas": 3}}, "spec.replicas", id="it is scaled"),
    pytest.param(
        STATEFUL_SET, "one", {"spec": {"template": {"spec": {"hostNetwork": True}}}}, "hostNetwork", id="pods join the node's network"
    ),
    pytest.param(
        STATEFUL_SET, "one", {"spec": {"template": {"spec": {"automountServiceAccountToken": True}}}}, "token", id="pods get a token"
    ),
    pytest.param(DISRUPTION_BUDGET, "one", {"spec": {"maxUnavailable": "100%"}}, "budget", id="the budget is lifted"),
    pytest.param(SERVICE, "one", {"metadata": {"labels": {"app.kubernetes.io/name": "x"}}}, "labels", id="a label of ours is changed"),
    pytest.param(SERVICE_ACCOUNT, "one", {"automountServiceAccountToken": True}, "token", id="the account's token is mounted"),
]


@pytest.mark.parametrize(("kind", "name", "patch", "what"), EDITS)
def test_an_edit_by_hand_is_undone(ready_lab: Lab, kind: Kind, name: str, patch: dict[str, Any], what: str) -> None:
    """Changed and added fields alike."""
    lab = ready_lab
    before = intent(lab.child(kind, name))

    lab.api.edit(kind, lab.namespace, name, patch)

    until(f"{what} is as before", lambda: intent(lab.child(kind, name)) == before)
    lab.settle()
    assert intent(lab.child(kind, name)) == before
    lab.writes()
    lab.running.another_pass(lab.key)
    assert lab.writes() == []


def test_a_container_that_was_put_into_the_pods_is_taken_out(ready_lab: Lab) -> None:
    """Server-side apply alone would leave it there: it is another manager's."""
    lab = ready_lab
    before = intent(lab.stateful_set())
    spy = {"spec": {"template": {"spec": {"containers": [{"name": "spy", "image": "spy"}]}}}}

    lab.api.edit(STATEFUL_SET, lab.namespace, "one", spy, how="strategic")

    until("the container is gone", lambda: intent(lab.stateful_set()) == before)


def test_a_storage_class_that_came_later_stays(lab: Lab) -> None:
    """Kubernetes gives a claim without a class the cluster's default one, once there is one; it cannot be taken away again."""
    lab.make_ready()
    later = {"spec": {"storageClassName": "standard"}}

    lab.seen(lab.api.edit(CLAIM, lab.namespace, lab.names.models_claim, later, manager="kube-controller-manager"))
    lab.running.another_pass(lab.key)

    assert lab.child(CLAIM, lab.names.models_claim)["spec"]["storageClassName"] == "standard"
    assert lab.verdict() == ("True", "Serving")


def test_a_removed_field_comes_back(ready_lab: Lab) -> None:
    """A field of ours that was removed by hand."""
    lab = ready_lab
    before = intent(lab.stateful_set())

    lab.api.edit(
        STATEFUL_SET,
        lab.namespace,
        "one",
        [{"op": "remove", "path": "/spec/template/spec/containers/0/securityContext/capabilities"}],
        how="json",
    )

    until("the field is back", lambda: intent(lab.stateful_set()) == before)


@pytest.mark.parametrize("value", [None, "two"])
def test_the_label_by_which_an_object_is_found_comes_back(ready_lab: Lab, value: str | None) -> None:
    """To the watch, which selects by it, the object is gone; it is not, and not made twice."""
    lab = ready_lab
    before = intent(lab.child(SERVICE, "one"))
    uid = uid_of(lab.child(SERVICE, "one"))
    lab.api.edit(SERVICE, lab.namespace, "one", {"metadata": {"labels": {LABEL_ASSISTANT: value}}})

    until("the label is back", lambda: intent(lab.child(SERVICE, "one")) == before)
    assert uid_of(lab.child(SERVICE, "one")) == uid


def test_what_others_may_add_stays(lab: Lab) -> None:
    """Labels and annotations of others, and `kubectl rollout restart`, are no drift."""
    lab.make_ready()
    lab.writes()
    lab.api.edit(SERVICE, lab.namespace, "one", {"metadata": {"annotations": {"team": "x"}, "labels": {"team": "x"}}})
    restart = {"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z"}}}}}
    lab.api.edit(STATEFUL_SET, lab.namespace, "one", restart)
    lab.settle()

    service, stateful_set = lab.child(SERVICE, "one"), lab.stateful_set()
    assert service["metadata"]["annotations"]["team"] == "x"
    assert "kubectl.kubernetes.io/restartedAt" in stateful_set["spec"]["template"]["metadata"]["annotations"]
    assert [line for line in lab.writes() if "/privateassistants/" not in line] == []


@pytest.mark.parametrize(
    "obj",
    [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "one"},
            "spec": {"ports": [{"port": 80}], "selector": {"app": "mine"}},
        },
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one-ca"}, "data": {"mine": "yes"}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "one-key-default"}, "stringData": {"api-key": "0123456789abcdefghij"}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "one"}},
    ],
    ids=lambda obj: obj["kind"],
)
def test_an_object_of_somebody_else_is_never_taken_over(lab: Lab, obj: dict[str, Any]) -> None:
    """The assistant stalls and says which name is taken; the object stays as it was."""
    obj = {**obj, "metadata": {**obj["metadata"], "namespace": lab.namespace}}
    before = lab.api.create(obj)

    lab.apply()

    stalled = lab.condition("Stalled")
    assert stalled["reason"] == "NameCollision"
    assert stalled["message"].count(f"{obj['kind']} {obj['metadata']['name']}") == 1
    kind = next(kind for kind in CHILD_KINDS if kind.kind == obj["kind"])
    assert lab.child(kind, name_of(obj))["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]
    assert all(found["kind"] != "StatefulSet" for found in lab.children())


def test_a_collision_that_is_removed_is_noticed(lab: Lab) -> None:
    """The next look finds the name free."""
    obj = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "one", "namespace": lab.namespace},
        "spec": {"ports": [{"port": 80}]},
    }
    lab.api.create(obj)
    lab.apply()
    lab.api.delete(SERVICE, lab.namespace, "one")
    lab.running.another_pass(lab.key)

    assert lab.verdict() == ("Unknown", "Pulling")
    assert lab.condition("Stalled") == {}


def test_two_assistants_do_not_meet(lab: Lab) -> None:
    """Each has its own objects; removing one leaves the other's."""
    lab.make_ready()
    lab.api.apply(lab.manifest(name="two"))
    until("the other's policy", lambda: lab.api.get(NETWORK_POLICY, lab.namespace, "two"))
    lab.settle()
    before = everything(lab)
    lab.api.edit(SERVICE, lab.namespace, "two", {"spec": {"selector": {"x": "y"}}})
    lab.settle()

    assert everything(lab) == before


def test_status_that_was_edited_by_hand_is_put_right(lab: Lab) -> None:
    """Nobody makes an assistant Ready by writing so."""
    assistant = lab.apply()
    lie = [{**condition, "status": "True"} for condition in assistant["status"]["conditions"] if condition["type"] != "Reconciling"]
    lab.api.set_status(PRIVATE_ASSISTANT, lab.namespace, "one", {"conditions": lie, "endpoint": "https://elsewhere"})

    until("the truth", lambda: lab.api.assistant(lab.namespace, "one")["status"]["endpoint"].startswith("https://one."))
    assert lab.verdict() == ("Unknown", "Pulling")


def test_a_hand_edited_inventory_reaches_nothing_of_others(lab: Lab) -> None:
    """Entries that are not the assistant's objects are not pruned."""
    lab.apply()
    mine = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "mine", "namespace": lab.namespace}}
    lab.api.create(mine)
    lab.api.set_status(
        PRIVATE_ASSISTANT,
        lab.namespace,
        "one",
        {
            "inventory": [
                {"id": f"{lab.namespace}_mine__ConfigMap", "v": "v1"},
                {"id": "kube-system_x__Secret", "v": "v1"},
                {"id": "a_b", "v": "v1"},
            ]
        },
    )
    lab.settle()
    lab.running.another_pass(lab.key)

    assert lab.child(CONFIG_MAP, "mine")
    assert len(lab.assistant()["status"]["inventory"]) > 5


def test_the_volume_and_the_finished_job_are_left_alone(lab: Lab) -> None:
    """A Job that is done is not made again because its manifest changed."""
    lab.make_ready()
    job, claim = lab.job(), lab.child(CLAIM, "one-models")
    lab.apply({"model": {"name": "registry.test:5000/library/smol:1", "pod": {"labels": {"team": "x"}}}})

    assert uid_of(lab.job()) == uid_of(job)
    assert uid_of(lab.child(CLAIM, "one-models")) == uid_of(claim)
    assert lab.api.get(JOB, lab.namespace, name_of(job))
