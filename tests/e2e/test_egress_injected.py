"""A pod that an admission policy puts on its node's network, where no NetworkPolicy holds: it is named, and does not start."""

import secrets
from collections.abc import Iterator

import pytest

from tests.e2e.support.assistants import SETTLE_SECONDS, Assistants
from tests.e2e.support.confinement import GATE, message, started, state
from tests.e2e.support.kubectl import Kubectl, Object, until

NAME, POD = "minimal", "minimal-0"
PRIVILEGED = {"pod-security.kubernetes.io/enforce": "privileged"}


@pytest.fixture
def unrestricted(operator: Kubectl) -> Iterator[Kubectl]:
    """kubectl in a namespace in which pods may be anything."""
    namespace = f"unrestricted-{secrets.token_hex(3)}"
    operator.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": PRIVILEGED}})
    try:
        yield operator.within(namespace)
    finally:
        operator.delete("namespace", namespace, wait=False)


def host_network(namespace: str) -> tuple[Object, Object]:
    """Return what puts every serving pod of the namespace on its node's network (admissionregistration.k8s.io/v1)."""
    meta = {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": namespace}}
    expression = "Object{spec: Object.spec{hostNetwork: true}}"
    policy = meta | {
        "kind": "MutatingAdmissionPolicy",
        "spec": {
            "reinvocationPolicy": "Never",
            "failurePolicy": "Fail",
            "matchConstraints": {
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
                "objectSelector": {"matchLabels": {"privateassistant.dev/component": "assistant"}},
                "resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]}],
            },
            "mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": expression}}],
        },
    }
    binding = meta | {"kind": "MutatingAdmissionPolicyBinding", "spec": {"policyName": namespace}}
    return policy, binding


def test_a_pod_on_its_nodes_network_is_named_and_nothing_in_it_starts(unrestricted: Kubectl, images: dict[str, str]) -> None:
    """Until the cause is gone and the pod with it: then the assistant serves."""
    assistants = Assistants(unrestricted, images)
    policy, binding = host_network(unrestricted.namespace)
    unrestricted.apply(policy, binding)
    try:
        assistants.apply(NAME)
        until("it is named", lambda: state(unrestricted, NAME, "Ready") == ("False", "PodNotAsPlanned"), SETTLE_SECONDS)
        pod = unrestricted.get("pod", POD)
        assert pod["spec"]["hostNetwork"] is True
        assert f"Pod {POD} has: hostNetwork" in message(unrestricted, NAME)
        assert started(pod) <= {GATE}
    finally:
        unrestricted.delete("mutatingadmissionpolicybinding", unrestricted.namespace)
        unrestricted.delete("mutatingadmissionpolicy", unrestricted.namespace)

    unrestricted.delete("pod", POD)
    assistants.settled(NAME)
    assert "hostNetwork" not in unrestricted.get("pod", POD)["spec"]
