"""The table of kinds, and the rights that are made from it."""

import json

import pytest

from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.kube import rbac
from assistant_operator.kube.kinds import KINDS, LEASE, NODE, PRIVATE_ASSISTANT, SECRET, WATCHED_CHILDREN, find, kind_of
from assistant_operator.naming import LABEL_ASSISTANT, Names
from assistant_operator.resources.context import Context, Installation, ServingModel
from assistant_operator.resources.plan import plan
from assistant_operator.resources.pull_target import pull_hosts, pull_target


def test_paths_are_the_api_servers() -> None:
    """Core kinds live below /api, all others below /apis."""
    assert SECRET.path("n", "s") == "/api/v1/namespaces/n/secrets/s"
    assert PRIVATE_ASSISTANT.path("n", "a", "status") == "/apis/privateassistant.dev/v1alpha1/namespaces/n/privateassistants/a/status"
    assert LEASE.path(None) == "/apis/coordination.k8s.io/v1/leases"


def test_every_planned_kind_is_in_the_table() -> None:
    """Owned, watched, and writable: a builder of a new kind needs a row."""
    egress = {"mode": "Allowlist", "allow": [{"host": "api.corp.example"}]}
    spec = PrivateAssistantSpec.model_validate({"model": {"name": "m"}, "egress": egress})
    installation = Installation(gateway_image="g:1", ollama_image="o:1", operator_namespace="o", operator_labels={"a": "b"}, pull_ca="x")
    context = Context(
        installation,
        Names("n", "one"),
        uid="u",
        generation=1,
        serving=ServingModel("m", "sha256:" + "a" * 64, "one-models"),
        pull=pull_target(spec, dict.fromkeys(pull_hosts(spec), ("192.0.2.1",))),
        ca_certificate="x",
    )
    for manifest in plan(spec, context):
        kind = kind_of(manifest.to_dict())
        assert kind.owned
        assert kind in WATCHED_CHILDREN
        assert {"get", "create", "patch", "delete"} <= set(kind.verbs)


def test_unknown_kinds_are_unknown() -> None:
    assert find("", "Endpoints") is None
    with pytest.raises(KeyError):
        kind_of({"apiVersion": "v1", "kind": "Endpoints"})


def test_what_is_watched_without_a_selector_is_what_others_make() -> None:
    """Assistants, and policies, which add up; of the rest only what bears our label crosses the wire."""
    assert {kind.kind for kind in KINDS if kind.watched and not kind.selector} == {"PrivateAssistant", "NetworkPolicy"}
    assert all(kind.selector == LABEL_ASSISTANT for kind in KINDS if not kind.whole)


def test_secrets_may_not_be_listed_or_watched() -> None:
    """Neither in the table nor in the rules."""
    for rule in rbac.workload_rules():
        if "secrets" in rule["resources"]:
            assert not {"list", "watch"} & set(rule["verbs"])
            assert rule["resources"] == ["secrets"]


def test_nodes_may_be_listed_and_that_is_all() -> None:
    """Neither watched nor written, and not in the rules that a Role in a namespace has: it could not grant them."""
    assert NODE.verbs == ("list",)
    assert all("nodes" not in rule["resources"] for rule in [*rbac.workload_rules(), *rbac.own_rules()])
    assert [rule["verbs"] for rule in rbac.cluster_rules() if "nodes" in rule["resources"]] == [["list"]]


def test_no_rule_says_everything() -> None:
    """No stars, and no writes to specs of assistants, to pods, or to roles."""
    rules = [*rbac.workload_rules(), *rbac.cluster_rules(), *rbac.own_rules()]
    assert "*" not in json.dumps(rules)
    for rule in rules:
        if "privateassistants" in rule["resources"] or "pods" in rule["resources"]:
            assert set(rule["verbs"]) <= {"get", "list", "watch"}
        assert "rbac.authorization.k8s.io" not in rule["apiGroups"]


def test_the_rules_hold_the_whole_table_and_no_more() -> None:
    granted = {
        (group, resource, verb)
        for rule in [*rbac.workload_rules(), *rbac.cluster_rules(), *rbac.own_rules()]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    used = {(kind.group, kind.plural, verb) for kind in KINDS for verb in kind.verbs}
    used |= {(kind.group, f"{kind.plural}/status", verb) for kind in KINDS for verb in kind.status_verbs}

    assert granted == used | {("privateassistant.dev", "privateassistants/finalizers", "update")}


def test_what_is_in_no_namespace_is_for_a_cluster_role() -> None:
    """A Role in a namespace would grant nothing of it. Of definitions our own alone may be read."""
    resources = {resource for rule in rbac.cluster_rules() for resource in rule["resources"]}

    assert resources == {
        "ciliumclusterwidenetworkpolicies",
        "clusternetworkpolicies",
        "adminnetworkpolicies",
        "namespaces",
        "nodes",
        "customresourcedefinitions",
    }
    named = {rule["resources"][0]: rule["resourceNames"] for rule in rbac.cluster_rules() if "resourceNames" in rule}
    assert named == {"customresourcedefinitions": ["privateassistants.privateassistant.dev"]}
    assert not resources & {resource for rule in rbac.workload_rules() for resource in rule["resources"]}


def test_leases_are_for_the_operators_own_namespace() -> None:
    assert [rule["resources"] for rule in rbac.own_rules()] == [["leases"]]
    assert all("leases" not in rule["resources"] for rule in rbac.workload_rules())


def test_the_program_prints_yaml_and_json(capsys: pytest.CaptureFixture[str]) -> None:
    """What the chart's rules are made from."""
    import yaml

    rbac.main(["--part", "workload"])
    assert yaml.safe_load(capsys.readouterr().out) == rbac.workload_rules()
    rbac.main([])
    assert json.loads(capsys.readouterr().out) == rbac.document()
    assert list(rbac.document()) == ["workload", "cluster", "own"]
    rbac.main(["--part", "cluster"])
    assert yaml.safe_load(capsys.readouterr().out) == rbac.cluster_rules()
