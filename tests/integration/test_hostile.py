"""What whoever has rights in the namespace, or over the cluster's admission, does to an assistant's objects is undone, or it is told."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from assistant_operator.kube.kinds import NETWORK_POLICY, PRIVATE_ASSISTANT, SERVICE, STATEFUL_SET
from assistant_operator.kube.objects import Object, condition, uid_of
from assistant_operator.naming import API_VERSION, FIELD_MANAGER, KIND
from assistant_operator.reconcile.conditions import EGRESS_CONFINED
from assistant_operator.reconcile.steps import suspension
from tests.integration.lab import Lab
from tests.support.waiting import until

HOOKS = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"


@pytest.fixture
def webhook(lab: Lab) -> Iterator[None]:
    """An admission webhook for NetworkPolicies of the namespace that does not answer, and without whose answer nothing is let in."""
    rule = {"apiGroups": ["networking.k8s.io"], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["networkpolicies"]}
    hook = {
        "name": "silent.example.com",
        "clientConfig": {"url": "https://127.0.0.1:1/"},
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "timeoutSeconds": 1,
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": lab.namespace}},
        "rules": [rule],
    }
    kind = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration"}
    lab.make_ready()
    lab.api.create({**kind, "metadata": {"name": lab.namespace}, "webhooks": [hook]}, path=HOOKS)
    until("the webhook is asked", lambda: lab.api.patched(NETWORK_POLICY.path(lab.namespace, "one"), LABEL).status_code == 500)
    yield
    if lab.api.asked("GET", f"{HOOKS}/{lab.namespace}").status_code == 200:
        lab.api.raw("DELETE", f"{HOOKS}/{lab.namespace}")


LABEL = {"metadata": {"labels": {"team": "x"}}}


@pytest.mark.usefixtures("webhook")
def test_a_webhook_that_keeps_a_policy_away_is_told(lab: Lab) -> None:
    """The assistant is not Ready while its policy cannot be made, and is again, without anybody's help, when the webhook is gone."""
    lab.api.delete(NETWORK_POLICY, lab.namespace, "one")

    found = lab.expect("False", "ApiFailed", seconds=30)
    assert "to create a NetworkPolicy" in found["message"]
    lab.api.raw("DELETE", f"{HOOKS}/{lab.namespace}")
    until("the policy is back", lambda: lab.api.get(NETWORK_POLICY, lab.namespace, "one"), 60)
    lab.expect("True", "Serving")


def borrowed(lab: Lab) -> None:
    """Write under the operator's name."""
    lab.api.edit(STATEFUL_SET, lab.namespace, "one", ADDED, manager=FIELD_MANAGER)
    lab.api.edit(SERVICE, lab.namespace, "one", ADDRESS, manager=FIELD_MANAGER)


def borrowed_later(lab: Lab) -> None:
    """Do the same to objects that the operator has put right before: it has applied them then."""
    for kind, edit in ((STATEFUL_SET, ADDED), (SERVICE, ADDRESS)):
        lab.seen(lab.api.edit(kind, lab.namespace, "one", edit))
    until("all is as before", lambda: not added(lab))
    borrowed(lab)


def wiped(lab: Lab) -> None:
    """Take the record away together with the edit."""
    lab.api.edit(STATEFUL_SET, lab.namespace, "one", WIPE | ADDED)
    lab.api.edit(SERVICE, lab.namespace, "one", WIPE | ADDRESS)


def wiped_before(lab: Lab) -> None:
    """Take the record away, and put a container into the pods that nobody is recorded for."""
    lab.api.edit(STATEFUL_SET, lab.namespace, "one", WIPE)
    spy = {"spec": {"template": {"spec": {"containers": [{"name": "spy", "image": "spy"}], "hostname": "theirs"}}}}
    lab.api.edit(STATEFUL_SET, lab.namespace, "one", spy, how="strategic", manager=FIELD_MANAGER)


WIPE: Object = {"metadata": {"managedFields": [{}]}}
ADDED = {"spec": {"template": {"spec": {"hostname": "theirs"}}}}
ADDRESS = {"spec": {"externalIPs": ["192.0.2.99"]}}


def added(lab: Lab) -> list[str]:
    """Return what was put there and is there still."""
    pod = lab.stateful_set()["spec"]["template"]["spec"]
    containers = (part["name"] for part in pod["containers"] if part["name"] != "gateway")
    fields = ("hostname",) if "hostname" in pod else ()
    return [*containers, *fields, *lab.child(SERVICE, "one")["spec"].get("externalIPs", ())]


@pytest.mark.parametrize("attack", [borrowed, borrowed_later, wiped, wiped_before])
def test_what_is_added_without_a_trace_is_taken_away(lab: Lab, attack: Callable[[Lab], None]) -> None:
    """Nobody else is recorded for the field; there it comes to rest."""
    lab.make_ready()
    time.sleep(1.1)  # the record knows whole seconds
    attack(lab)

    until("it is gone", lambda: not added(lab))
    lab.settle()
    lab.pods_become_ready()
    lab.writes()
    lab.running.another_pass(lab.key)
    assert lab.writes() == []
    assert lab.verdict() == ("True", "Serving")


STAYS = ["example.com/stay"]
OPEN = {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]}


def test_a_policy_that_a_finalizer_keeps_cannot_be_opened(lab: Lab) -> None:
    """It is being deleted and cannot go: until it does, what it says holds in the cluster, and is put right as ever."""
    lab.make_ready()
    lab.api.edit(NETWORK_POLICY, lab.namespace, "one", {"metadata": {"finalizers": STAYS}})
    lab.api.delete(NETWORK_POLICY, lab.namespace, "one")
    before = lab.child(NETWORK_POLICY, "one")["spec"]

    lab.api.edit(NETWORK_POLICY, lab.namespace, "one", {"spec": {"egress": [{}]}})

    until("it is as before", lambda: lab.child(NETWORK_POLICY, "one")["spec"] == before)
    lab.api.edit(NETWORK_POLICY, lab.namespace, "one", {"metadata": {"finalizers": None}})
    new = until("there is a new one", lambda: lab.api.get(NETWORK_POLICY, lab.namespace, "one"))
    assert new["spec"] == before


def test_an_assistant_that_a_finalizer_keeps_is_not_called_ready(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is being deleted and cannot go; nobody looks after it any more. When it may, it goes."""
    monkeypatch.setattr(suspension, "KEPT", timedelta(seconds=1))
    lab.make_ready()
    lab.api.edit(PRIVATE_ASSISTANT, lab.namespace, "one", {"metadata": {"finalizers": STAYS}})
    lab.api.delete(PRIVATE_ASSISTANT, lab.namespace, "one")

    # Not by expect(): until that minute is over, the status is that of the generation before.
    until("it is told", lambda: condition(lab.api.assistant(lab.namespace, "one"), "Ready")["reason"] == "BeingDeleted")
    assert lab.verdict() == ("Unknown", "BeingDeleted")
    lab.api.edit(PRIVATE_ASSISTANT, lab.namespace, "one", {"metadata": {"finalizers": None}})
    until("it is gone", lambda: lab.api.get(PRIVATE_ASSISTANT, lab.namespace, "one") is None)


def test_a_policy_under_a_name_of_ours_that_is_not_planned_is_named(lab: Lab) -> None:
    """No host is allowed, so there is no proxy's policy: one that pretends to be it, and cannot be removed, is somebody else's."""
    owner = {"apiVersion": API_VERSION, "kind": KIND, "name": "one", "uid": uid_of(lab.make_ready()), "controller": True}
    metadata = {"name": lab.names.egress_proxy, "namespace": lab.namespace, "ownerReferences": [owner], "finalizers": STAYS}
    lab.api.create({"apiVersion": NETWORK_POLICY.api_version, "kind": NETWORK_POLICY.kind, "metadata": metadata, "spec": OPEN})

    found = lab.expect("False", "WidenedByPolicy", EGRESS_CONFINED)
    assert found["message"].endswith("They are: NetworkPolicy one-egress (egress).")
    lab.api.edit(NETWORK_POLICY, lab.namespace, lab.names.egress_proxy, {"metadata": {"finalizers": None}})
    lab.expect("True", "Serving")
