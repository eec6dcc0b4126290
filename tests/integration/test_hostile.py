"""What whoever has rights in the namespace, or over the cluster's admission, does to an assistant's objects is undone, or it is told."""

from collections.abc import Iterator

import pytest

from assistant_operator.kube.kinds import NETWORK_POLICY
from assistant_operator.kube.objects import uid_of
from assistant_operator.naming import API_VERSION, KIND
from assistant_operator.reconcile.conditions import EGRESS_CONFINED
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


def test_a_policy_under_a_name_of_ours_that_is_not_planned_is_named(lab: Lab) -> None:
    """No host is allowed, so there is no proxy's policy: one that pretends to be it, and cannot be removed, is somebody else's."""
    owner = {"apiVersion": API_VERSION, "kind": KIND, "name": "one", "uid": uid_of(lab.make_ready()), "controller": True}
    metadata = {"name": lab.names.egress_proxy, "namespace": lab.namespace, "ownerReferences": [owner], "finalizers": STAYS}
    lab.api.create({"apiVersion": NETWORK_POLICY.api_version, "kind": NETWORK_POLICY.kind, "metadata": metadata, "spec": OPEN})

    found = lab.expect("False", "WidenedByPolicy", EGRESS_CONFINED)
    assert found["message"].endswith("They are: NetworkPolicy one-egress (egress).")
    lab.api.edit(NETWORK_POLICY, lab.namespace, lab.names.egress_proxy, {"metadata": {"finalizers": None}})
    lab.expect("True", "Serving")
