"""What whoever has rights in the namespace, or over the cluster's admission, does to an assistant's objects is undone, or it is told."""

from collections.abc import Iterator

import pytest

from assistant_operator.kube.kinds import NETWORK_POLICY
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
