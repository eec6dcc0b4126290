"""Cilium's policies of others: which rules let something through, and whom their selectors mean."""

from typing import Any

import pytest

from assistant_operator.naming import LABEL_ASSISTANT, LABEL_COMPONENT
from assistant_operator.reconcile.policies.opening import Home
from assistant_operator.reconcile.policies.opening_cilium import read
from assistant_operator.resources.cilium import cilium_policy
from tests.unit.operator.api.cases import body, keep
from tests.unit.operator.resources.contexts import context, spec_of

LABELS = {
    LABEL_ASSISTANT: "one",
    LABEL_COMPONENT: "assistant",
    "team": "x",
    "statefulset.kubernetes.io/pod-name": "one-0",
    "app.kubernetes.io/name": "private-assistant",
}
HOME = Home("n", {"tier": "gold", "kubernetes.io/metadata.name": "n"}, "one")
RULE = [{"toEntities": ["world"]}]


def policy(kind: str = "CiliumNetworkPolicy", **body: Any) -> dict[str, Any]:
    namespace = {"namespace": "n"} if kind == "CiliumNetworkPolicy" else {}
    return {"apiVersion": "cilium.io/v2", "kind": kind, "metadata": {"name": "theirs", **namespace}, **body}


def rule(**parts: Any) -> dict[str, Any]:
    return policy(spec={"endpointSelector": {}, **parts})


@pytest.mark.parametrize(
    ("parts", "ways"),
    [
        ({}, None),
        ({"egress": []}, None),
        ({"egress": [{}]}, None),
        ({"egress": [{"toEndpoints": []}], "ingress": [{"fromEntities": []}]}, None),
        ({"egressDeny": RULE, "ingressDeny": [{"fromEntities": ["world"]}]}, None),
        ({"enableDefaultDeny": {"egress": False}}, None),
        ({"egress": RULE}, "egress"),
        ({"egress": [{}, *RULE]}, "egress"),
        ({"egress": [{"toEndpoints": [{}]}]}, "egress"),
        ({"egress": [{"toPorts": [{"ports": [{"port": "53"}]}]}]}, "egress"),
        ({"egress": [{"toFQDNs": [{"matchPattern": "*"}]}]}, "egress"),
        ({"egress": [{"toServices": [{"k8sService": {"serviceName": "kubernetes"}}]}]}, "egress"),
        ({"egress": [{"icmps": [{"fields": [{"type": 8}]}]}]}, "egress"),
        ({"egress": [{"toWhatNobodyKnows": ["x"]}]}, "egress"),
        ({"egress": "everything"}, "egress"),
        ({"egress": ["everything"]}, "egress"),
        ({"ingress": [{"fromEndpoints": [{}]}]}, "ingress"),
        ({"ingress": [{"fromEntities": ["all"]}], "egress": RULE, "egressDeny": RULE}, "egress and ingress"),
    ],
)
def test_rules_that_allow_something_count(parts: dict[str, Any], ways: str | None) -> None:
    """`{}` switches on that nothing is allowed, which many clusters have; what cannot be read counts."""
    assert [str(opening) for opening in read(rule(**parts))] == ([] if ways is None else [f"CiliumNetworkPolicy theirs ({ways})"])


def test_each_rule_of_a_policy_counts_by_itself() -> None:
    """`spec` and `specs`: a selector is of its own rule alone."""
    harmless: dict[str, Any] = {"endpointSelector": {}, "egress": [{}]}
    elsewhere = {"endpointSelector": {"matchLabels": {"team": "y"}}, "egress": RULE}
    ours = {"endpointSelector": {"matchLabels": {"team": "x"}}, "ingress": [{"fromEntities": ["all"]}]}
    found = read(policy(spec=harmless, specs=[elsewhere, ours]))

    assert [str(one) for one in found if one.selects(LABELS, HOME)] == ["CiliumNetworkPolicy theirs (ingress)"]
    assert len(found) == 2


def test_a_policy_that_cannot_be_read_counts() -> None:
    """For everybody."""
    for broken in (policy(spec="x"), policy(specs=["x"]), policy(specs="x"), policy(spec={"egress": RULE})):
        (found,) = read(broken)
        assert found.selects(LABELS, HOME)


def test_rules_for_nodes_are_not_for_pods() -> None:
    """A clusterwide policy can be for the hosts' own traffic."""
    assert read(policy("CiliumClusterwideNetworkPolicy", spec={"nodeSelector": {}, "egress": RULE})) == ()


@pytest.mark.parametrize(
    ("key", "value", "selects"),
    [
        ("team", "x", True),
        ("k8s:team", "x", True),
        ("any:team", "x", True),
        ("k8s:team", "y", False),
        ("any:other", "x", False),
        ("io.kubernetes.pod.namespace", "n", True),
        ("k8s:io.kubernetes.pod.namespace", "n", True),
        ("k8s:io.kubernetes.pod.namespace", "kube-system", False),
        ("k8s:io.cilium.k8s.namespace.labels.tier", "gold", True),
        ("io.cilium.k8s.namespace.labels.tier", "iron", False),
        ("io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name", "n", True),
        ("io.cilium.k8s.policy.serviceaccount", "one", True),
        ("k8s:io.cilium.k8s.policy.serviceaccount", "prometheus", False),
        ("io.cilium.k8s.policy.cluster", "anything", True),
        ("reserved:ingress", "", False),
        ("reserved:host", "", False),
        ("reserved:init", "", True),
        ("container:team", "anything", True),
        (f"k8s:{LABEL_ASSISTANT}", "one", True),
        (LABEL_ASSISTANT, "two", False),
        ("app.kubernetes.io/name", "private-assistant", True),
        ("app.kubernetes.io/name", "other", False),
    ],
)
def test_labels_are_ciliums(key: str, value: str, selects: bool) -> None:
    """With a source before them or without, and those that Cilium adds: namespace, its labels, service account. Unknown may match."""
    for kind in ("CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy"):
        spec = {"endpointSelector": {"matchLabels": {key: value}}, "egress": RULE}
        (found,) = read(policy(kind, spec=spec))
        assert found.selects(LABELS, HOME) is selects


@pytest.mark.parametrize(
    ("key", "operator", "values", "selects"),
    [
        ("io.kubernetes.pod.namespace", "NotIn", ["kube-system"], True),
        ("io.kubernetes.pod.namespace", "NotIn", ["kube-system", "n"], False),
        ("k8s:team", "DoesNotExist", [], False),
        ("k8s:team", "NotIn", ["x"], False),
        ("statefulset.kubernetes.io/pod-name", "DoesNotExist", [], True),
        ("statefulset.kubernetes.io/pod-name", "Exists", [], True),
        ("reserved:ingress", "DoesNotExist", [], True),
        ("io.cilium.k8s.namespace.labels.tier", "Exists", [], True),
        ("io.cilium.k8s.namespace.labels.tier", "DoesNotExist", [], False),
    ],
)
def test_expressions_are_asked_of_the_same_labels(key: str, operator: str, values: list[str], selects: bool) -> None:
    """A label that Cilium leaves out of what selectors see may be absent to it, though the pod has it."""
    expression = {"key": key, "operator": operator, **({"values": values} if values else {})}
    (found,) = read(rule(endpointSelector={"matchExpressions": [expression]}, egress=RULE))

    assert found.selects(LABELS, HOME) is selects


def test_labels_of_a_namespace_that_may_not_be_read_may_match() -> None:
    """But its name is known to everybody."""
    unread = Home("n", None, "one")
    keys = {"io.cilium.k8s.namespace.labels.tier": "iron", "io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name": "other"}
    found = [read(rule(endpointSelector={"matchLabels": {key: value}}, egress=RULE))[0] for key, value in keys.items()]

    assert [one.selects(LABELS, unread) for one in found] == [True, False]


def test_a_policy_of_a_namespace_is_for_its_pods() -> None:
    """And one that names another assistant is for that one's."""
    (here,) = read(rule(egress=RULE))
    (everywhere,) = read(policy("CiliumClusterwideNetworkPolicy", spec={"endpointSelector": {}, "egress": RULE}))
    (other,) = read(rule(endpointSelector={"matchLabels": {f"k8s:{LABEL_ASSISTANT}": "two"}}, egress=RULE))

    assert [one.may_select("n", "one") for one in (here, everywhere, other)] == [True, True, False]
    assert [one.may_select("m", "one") for one in (here, everywhere, other)] == [False, True, False]


def test_our_own_policies_open_nothing() -> None:
    """They only deny."""
    spec = spec_of(body(keep()))
    made = cilium_policy(spec, context(spec, dialects=frozenset({"CiliumNetworkPolicy"})))

    assert made is not None
    assert read(made.to_dict()) == ()
