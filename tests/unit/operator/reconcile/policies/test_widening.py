"""Who else decides what the pods may reach: label selectors, rules that count, and what others put into pods."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from assistant_operator.kube.objects import Object
from assistant_operator.naming import COMPONENT_ASSISTANT, LABEL_ASSISTANT, LABEL_COMPONENT, Names
from assistant_operator.reconcile.policies.widening import CONTAINERS, Policy, find, not_as_planned, widened
from assistant_operator.reconcile.verdict import Course
from assistant_operator.resources.plan import plan
from tests.unit.operator.api.cases import GOOD, body, keep, source
from tests.unit.operator.resources.contexts import context, spec_of

LABELS = {LABEL_ASSISTANT: "one", LABEL_COMPONENT: "assistant", "team": "x"}
RULE = [{"ports": [{"port": 443}]}]
EVERYTHING_KEPT = spec_of(body({**source(schedule="@daily"), "retention": keep()["retention"]}))


def policy(name: str = "theirs", **spec: Any) -> Policy:
    """Return a policy of somebody else; without a selector it selects every pod."""
    metadata = {"name": name, "namespace": "n", "uid": f"uid-{name}"}
    body = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": {"podSelector": {}, **spec}}
    return Policy.of(body)


def pod(name: str = "one-0", labels: Mapping[str, str] = LABELS, **spec: Any) -> Object:
    containers = {"containers": [{"name": "gateway"}], "initContainers": [{"name": "model-check"}, {"name": "ollama"}]}
    return {"metadata": {"name": name, "labels": dict(labels)}, "spec": {**containers, **spec}}


def annotated(key: str, value: str) -> Object:
    made = pod()
    made["metadata"]["annotations"] = {key: value}
    return made


def expression(key: str, operator: str, *values: str) -> Object:
    return {"key": key, "operator": operator, "values": list(values)} if values else {"key": key, "operator": operator}


@pytest.mark.parametrize(
    ("selector", "selects"),
    [
        ({}, True),
        ({"matchLabels": None, "matchExpressions": None}, True),
        ({"matchLabels": {}, "matchExpressions": []}, True),
        ({"matchLabels": {"team": "x"}}, True),
        ({"matchLabels": {"team": "y"}}, False),
        ({"matchLabels": {"team": "x", "other": "z"}}, False),
        ({"matchLabels": {"other": ""}}, False),
        ({"matchExpressions": [expression("team", "In", "w", "x")]}, True),
        ({"matchExpressions": [expression("team", "In", "w")]}, False),
        ({"matchExpressions": [expression("other", "In", "w")]}, False),
        ({"matchExpressions": [expression("team", "NotIn", "w")]}, True),
        ({"matchExpressions": [expression("team", "NotIn", "x")]}, False),
        ({"matchExpressions": [expression("other", "NotIn", "w")]}, True),
        ({"matchExpressions": [expression("team", "Exists")]}, True),
        ({"matchExpressions": [expression("other", "Exists")]}, False),
        ({"matchExpressions": [expression("team", "DoesNotExist")]}, False),
        ({"matchExpressions": [expression("other", "DoesNotExist")]}, True),
        ({"matchLabels": {"team": "x"}, "matchExpressions": [expression("team", "NotIn", "x")]}, False),
        ({"matchExpressions": [expression("team", "Exists"), expression("other", "Exists")]}, False),
    ],
)
def test_selectors_mean_what_the_api_says(selector: Object, selects: bool) -> None:
    """All parts must hold; an empty one selects everything; NotIn holds for what lacks the label."""
    assert policy(podSelector=selector).selects(LABELS) is selects


def test_an_operator_that_nobody_knows_may_select() -> None:
    """Failures close: better a policy too many in the message than one too few."""
    assert policy(podSelector={"matchExpressions": [expression("team", "Gt", "5")]}).selects(LABELS)


KEYS, VALUES = st.sampled_from(["a", "b", "c"]), st.sampled_from(["", "x", "y"])
EXPRESSIONS = st.one_of(
    st.builds(expression, KEYS, st.sampled_from(["In", "NotIn"]), VALUES),
    st.builds(expression, KEYS, st.sampled_from(["In", "NotIn"]), VALUES, VALUES),
    st.builds(expression, KEYS, st.sampled_from(["Exists", "DoesNotExist"])),
)
SELECTORS = st.fixed_dictionaries(
    {}, optional={"matchLabels": st.dictionaries(KEYS, VALUES), "matchExpressions": st.lists(EXPRESSIONS, max_size=3)}
)


def selected(selector: Object) -> list[dict[str, str]]:
    """The model: of all sets of labels there are, keep for each part those that it wants."""
    absent = [None, "", "x", "y"]
    every = [{k: v for k, v in zip("abc", (a, b, c), strict=True) if v is not None} for a in absent for b in absent for c in absent]
    for key, value in selector.get("matchLabels", {}).items():
        every = [labels for labels in every if key in labels and labels[key] == value]
    for part in selector.get("matchExpressions", []):
        key = part["key"]
        if part["operator"] == "Exists":
            every = [labels for labels in every if key in labels]
        if part["operator"] == "DoesNotExist":
            every = [labels for labels in every if key not in labels]
        if part["operator"] == "In":
            every = [labels for labels in every if key in labels and labels[key] in part["values"]]
        if part["operator"] == "NotIn":
            every = [labels for labels in every if not (key in labels and labels[key] in part["values"])]
    return every


@settings(deadline=None)
@given(SELECTORS, st.dictionaries(KEYS, VALUES))
@example({"matchExpressions": [expression("a", "NotIn", "x")]}, {})
def test_selectors_are_those_of_the_model(selector: Object, labels: dict[str, str]) -> None:
    """Any selector, any labels."""
    assert policy(podSelector=selector).selects(labels) is (labels in selected(selector))


@pytest.mark.parametrize(
    ("spec", "egress", "ingress"),
    [
        ({}, False, False),
        ({"policyTypes": ["Ingress", "Egress"]}, False, False),
        ({"policyTypes": ["Ingress", "Egress"], "ingress": [], "egress": []}, False, False),
        ({"ingress": RULE}, False, True),
        ({"egress": RULE}, True, False),
        ({"policyTypes": [], "egress": RULE}, True, False),
        ({"policyTypes": None, "ingress": RULE, "egress": RULE}, True, True),
        ({"policyTypes": ["Ingress"], "egress": RULE}, False, False),
        ({"policyTypes": ["Egress"], "ingress": RULE}, False, False),
        ({"policyTypes": ["Egress"], "egress": [{}]}, True, False),
        ({"policyTypes": ["Ingress"], "ingress": [{}]}, False, True),
        ({"policyTypes": ["Ingress", "Egress"], "ingress": RULE, "egress": RULE}, True, True),
    ],
)
def test_rules_count_where_the_policy_is_of_their_type(spec: Object, egress: bool, ingress: bool) -> None:
    """Absent types mean Ingress, and Egress where it has such rules; `{}` is a rule, and one that allows everything."""
    found = policy(**spec)

    assert (found.egress, found.ingress) == (egress, ingress)
    assert (widened([found], [pod()], None) is not None) is (egress or ingress)


def test_an_absent_selector_selects_every_pod() -> None:
    """Later versions of the API leave it out for an empty one."""
    assert Policy.of({"metadata": {"name": "p"}, "spec": {"egress": RULE}}).selects(LABELS)


def test_who_may_call_is_widened_by_anybody_elses_ingress() -> None:
    """A policy that lets everybody to the TLS port opens what spec.access.from closes."""
    found = widened([policy("open", ingress=[{"ports": [{"port": 8443}]}])], [pod()], None)

    assert found is not None
    assert (found.status, found.reason, found.course) == ("False", "WidenedByPolicy", Course.STUCK)
    assert found.message.endswith("They are: NetworkPolicy open (ingress).")


def test_a_policy_that_allows_just_what_ours_does_counts() -> None:
    """Rules are not compared: who may change it tomorrow is somebody else. One that only denies is nobody's worry."""
    own = next(one for one in plan(EVERYTHING_KEPT, context(EVERYTHING_KEPT, "one")) if one.name == "one" and one.kind == "NetworkPolicy")
    spec = own.to_dict()["spec"]

    assert widened([policy("twin", **spec)], [pod()], None) is not None
    assert widened([policy("denial", **{**spec, "ingress": [], "egress": []})], [pod()], None) is None


def test_policies_are_named_sorted_and_not_without_end() -> None:
    """Eight with their direction, then how many more; the same policies always give the same message."""
    many = [policy(f"p{number}", egress=RULE) for number in range(10)]
    both = policy("a", egress=RULE, ingress=RULE)

    found, again = widened([*many, both], [pod()], None), widened([both, *reversed(many)], [pod()], None)

    assert found is not None
    assert found == again
    named = ", ".join(f"NetworkPolicy p{number} (egress)" for number in range(7))
    assert found.message.endswith(f"They are: NetworkPolicy a (egress and ingress), {named} and 3 more.")


def test_any_one_pod_is_enough() -> None:
    """Somebody put a label on one of them."""
    theirs = policy(podSelector={"matchLabels": {"debug": "yes"}}, egress=RULE)

    assert widened([theirs], [pod(), pod("one-1")], None) is None
    assert widened([theirs], [pod(), pod("one-1", {**LABELS, "debug": "yes"})], None) is not None


def test_before_there_are_pods_the_template_stands_for_them() -> None:
    """And with them it does not: what selects neither is nobody's worry."""
    theirs = policy(podSelector={"matchLabels": {"team": "y"}}, egress=RULE)
    template = {"metadata": {"labels": {**LABELS, "team": "y"}}}

    assert widened([theirs], [], template) is not None
    assert widened([theirs], [pod()], template) is None
    assert widened([theirs], [], None) is None


NAMES = st.from_regex(r"[a-z]([-a-z0-9]{0,30}[a-z0-9])?", fullmatch=True)
SPECS = [pytest.param(spec_of(case.body()), id=case.id) for case in GOOD]


def of_plan(spec: Any, name: str) -> tuple[list[Object], dict[str, str]]:
    """Return the policies of an assistant and the labels of the pods that serve."""
    made = [manifest.to_dict() for manifest in plan(spec, context(spec, name))]
    labels = [one["spec"]["template"]["metadata"]["labels"] for one in made if one["kind"] == "StatefulSet"]
    serving = [found for found in labels if found[LABEL_COMPONENT] == COMPONENT_ASSISTANT]
    return [one for one in made if one["kind"] == "NetworkPolicy"], serving[0] if serving else {}


@settings(max_examples=30, deadline=None)
@given(NAMES, NAMES)
@example("one", "one-store")
@example("one-store", "one")
def test_policies_of_other_assistants_never_select_these_pods(name: str, other: str) -> None:
    """Nor do those of the assistant's own pull, store and ingests; the one policy that does is its own."""
    policies, labels = of_plan(EVERYTHING_KEPT, name)
    foreign, _ = of_plan(EVERYTHING_KEPT, other)

    assert len(policies) == len(foreign) == 4
    assert [one["metadata"]["name"] for one in policies if Policy.of(one).selects(labels)] == [Names("n", name).network_policy]
    assert name == other or not any(Policy.of(one).selects(labels) or Policy.of(one).may_select(name) for one in foreign)


@pytest.mark.parametrize("spec", SPECS)
def test_every_planned_container_is_known(spec: Any) -> None:
    """Or the operator would call its own pods not as planned."""
    for manifest in plan(spec, context(spec, "one")):
        body = manifest.to_dict()
        if body["kind"] == "StatefulSet" and body["metadata"]["name"] == "one":
            made = body["spec"]["template"]
            assert not_as_planned([{"metadata": {"name": "one-0"}, "spec": made["spec"]}]) is None
            assert all({part["name"] for part in made["spec"][field]} <= CONTAINERS[field] for field in ("initContainers", "containers"))


TOKEN = {"projected": {"sources": [{"configMap": {"name": "x"}}, {"serviceAccountToken": {"path": "token", "audience": "cloud"}}]}}
STATUS_KEY = "k8s.v1.cni.cncf.io/network-status"
ONE_NETWORK = json.dumps([{"name": "cbr0", "interface": "eth0", "default": True}])
TWO_NETWORKS = json.dumps([{"name": "cbr0"}, {"name": "macvlan", "interface": "net1"}])


@pytest.mark.parametrize(
    ("seen", "named"),
    [
        (pod(hostNetwork=True), "hostNetwork"),
        (annotated("k8s.v1.cni.cncf.io/networks", "macvlan"), "annotation k8s.v1.cni.cncf.io/networks"),
        (annotated("v1.multus-cni.io/default-network", "macvlan"), "annotation v1.multus-cni.io/default-network"),
        (annotated(STATUS_KEY, TWO_NETWORKS), "annotation k8s.v1.cni.cncf.io/network-status"),
        (annotated("k8s.v1.cni.cncf.io/networks-status", TWO_NETWORKS), "annotation k8s.v1.cni.cncf.io/networks-status"),
        (annotated(STATUS_KEY, "{not json"), "annotation k8s.v1.cni.cncf.io/network-status"),
        (annotated(STATUS_KEY, "[" * 100_000), "annotation k8s.v1.cni.cncf.io/network-status"),
        (annotated(STATUS_KEY, "{}"), "annotation k8s.v1.cni.cncf.io/network-status"),
        (annotated("networking.gke.io/interfaces", TWO_NETWORKS), "annotation networking.gke.io/interfaces"),
        (pod(containers=[{"name": "gateway"}, {"name": "istio-proxy"}]), "container istio-proxy"),
        (pod(initContainers=[{"name": "istio-init"}]), "container istio-init"),
        (pod(ephemeralContainers=[{"name": "debugger-x7"}]), "container debugger-x7"),
        (pod(ephemeralContainers=[{"name": "documents"}]), "container documents"),
        (pod(containers=[{"name": "gateway"}, {"name": "egress-gate"}]), "container egress-gate"),
        (pod(volumes=[{"name": "x", "emptyDir": {}}, {"name": "t", **TOKEN}]), "volume t with a token"),
    ],
)
def test_what_others_put_into_a_pod_is_named(seen: Object, named: str) -> None:
    """Ways to other networks, and containers: they share the pod's network, and the model server's loopback."""
    found = find([], [pod("one-1"), seen], None)

    assert found is not None
    assert (found.status, found.reason, found.course) == ("False", "PodNotAsPlanned", Course.STUCK)
    assert found.message.endswith(f"Pod one-0 has: {named}.")


@pytest.mark.parametrize(
    "seen",
    [
        pod(),
        pod(hostNetwork=False),
        pod(initContainers=[{"name": name} for name in sorted(CONTAINERS["initContainers"])]),
        pod(volumes=[{"name": "keys", "projected": {"sources": [{"secret": {"name": "one-key-default"}}]}}]),
        annotated("k8s.v1.cni.cncf.io/networks", " "),
        annotated(STATUS_KEY, ""),
        annotated(STATUS_KEY, ONE_NETWORK),
        annotated("networking.gke.io/interfaces", ONE_NETWORK),
        annotated("team/x", "y"),
    ],
)
def test_a_pod_that_is_as_planned_is_no_news(seen: Object) -> None:
    """Multus tells of the one network that every pod has."""
    assert not_as_planned([seen]) is None


def test_the_first_pod_by_name_is_told_of_with_all_that_it_has() -> None:
    """Whatever the order in which they were seen."""
    first, second = pod("one-0", hostNetwork=True, containers=[{"name": "b"}, {"name": "a"}]), pod("one-1", hostNetwork=True)

    found = not_as_planned([second, first])

    assert found is not None
    assert found == not_as_planned([first, second])
    assert found.message.endswith("Pod one-0 has: hostNetwork, container a, container b.")


def test_policies_are_told_of_before_pods() -> None:
    found = find([policy(egress=RULE)], [pod(hostNetwork=True)], None)

    assert found is not None
    assert found.reason == "WidenedByPolicy"
    assert find([], [pod()], None) is None


def test_a_message_with_the_longest_names_still_says_what_to_do() -> None:
    """A condition's message is cut at 1,024 characters: names come last."""
    found = widened([policy(f"{number}{'x' * 252}", egress=RULE) for number in range(9)], [pod()], None)

    assert found is not None
    assert "Remove them" in found.message[:300]
