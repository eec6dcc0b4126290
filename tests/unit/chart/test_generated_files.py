"""What the chart has from elsewhere is current, and grants no more than it must."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from assistant_operator.settings import MOST_SHARDS

REPOSITORY = Path(__file__).resolve().parents[3]
CHART = REPOSITORY / "charts" / "private-assistant-operator"
RULES: dict[str, list[dict[str, list[str]]]] = yaml.safe_load((CHART / "files" / "rbac.yaml").read_text())


def generator() -> ModuleType:
    """Load charts/generate.py, which is a script and in no package."""
    spec = importlib.util.spec_from_file_location("charts_generate", REPOSITORY / "charts" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_chart_is_current() -> None:
    """CRD and rules are those of the code: `python charts/generate.py` after a change."""
    stale = [path.name for path, text in generator().chart_files() if not path.exists() or path.read_text() != text]

    assert stale == []


def test_the_chart_holds_every_definition_once() -> None:
    """Nothing is left of a definition that went."""
    assert sorted(path.name for path in (CHART / "files" / "crds").iterdir()) == sorted(
        path.name for path in (REPOSITORY / "crds").iterdir()
    )


def test_the_definition_has_one_place_for_the_annotation() -> None:
    """The template puts the annotation that keeps it below its only top-level `metadata:`."""
    for definition in (CHART / "files" / "crds").iterdir():
        assert definition.read_text().count("\nmetadata:\n") == 1


ALL_RULES = [rule for part in RULES.values() for rule in part]


@pytest.mark.parametrize("rule", ALL_RULES, ids=lambda rule: "/".join(rule["resources"]))
def test_no_rule_has_wildcards(rule: dict[str, list[str]]) -> None:
    """Every group, resource and verb is named."""
    assert not [word for words in rule.values() for word in words if "*" in word]


def verbs(resource: str) -> set[str]:
    """Return what may be done with a resource."""
    return {verb for rule in ALL_RULES if resource in rule["resources"] for verb in rule["verbs"]}


def test_secrets_are_read_by_name_only() -> None:
    """Neither list nor watch: both would show every Secret at once."""
    assert verbs("secrets") <= {"get", "create", "patch", "update", "delete"}


def test_specs_are_never_written() -> None:
    """Of assistants, the operator writes the status alone."""
    assert verbs("privateassistants") == {"get", "list", "watch"}
    assert verbs("privateassistants/status") == {"patch"}


@pytest.mark.parametrize("resource", ["pods/exec", "pods/log", "pods/portforward", "nodes/proxy", "roles", "clusterroles"])
def test_nothing_is_granted_that_reads_content_or_gives_rights(resource: str) -> None:
    """The operator cannot look into pods, and cannot make itself more powerful."""
    assert verbs(resource) == set()


def test_of_the_cluster_little_is_read() -> None:
    """Names and labels of namespaces, since policies select by them, addresses of nodes, and of definitions our own alone."""
    assert verbs("namespaces") == verbs("nodes") == {"list"}
    assert verbs("customresourcedefinitions") == {"get"}
    (rule,) = [rule for rule in ALL_RULES if "customresourcedefinitions" in rule["resources"]]
    assert rule["resourceNames"] == ["privateassistants.privateassistant.dev"]


def test_leases_are_granted_in_the_own_namespace_alone() -> None:
    """Other programs' Leases are not the operator's to take."""
    assert [rule["resources"] for rule in RULES["own"]] == [["leases"]]
    assert not [rule for rule in RULES["workload"] if "leases" in rule["resources"]]


def test_leases_are_granted_by_name() -> None:
    """The common one and those of as many shards as there can be: a change of their number takes no right from replicas that still run."""
    (role,) = [document for document in documents() if document["kind"] == "Role"]
    create, hold = role["rules"]
    name = "private-assistant-operator"

    assert (create["verbs"], hold["verbs"]) == (["create"], ["get", "update", "patch"])
    assert create["resources"] == hold["resources"] == ["leases"]
    assert hold["resourceNames"] == [name, *(f"{name}-{shard}" for shard in range(MOST_SHARDS))]
    schema = json.loads((CHART / "values.schema.json").read_text())
    assert schema["properties"]["shards"]["maximum"] == MOST_SHARDS


def documents() -> list[dict[str, Any]]:
    """Return the plain manifests."""
    return [document for document in yaml.safe_load_all((REPOSITORY / "deploy" / "install.yaml").read_text()) if document]


def test_the_plain_manifests_are_complete() -> None:
    """Namespace first, then the definition, rights and the Deployment; nothing that only Helm understands."""
    kinds = [document["kind"] for document in documents()]

    assert kinds[0] == "Namespace"
    assert {"CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding", "ServiceAccount", "Deployment"} <= set(
        kinds
    )
    assert "managed-by: Helm" not in (REPOSITORY / "deploy" / "install.yaml").read_text()


def test_the_plain_manifests_hold_the_current_definition_and_rules() -> None:
    """Also where helm is missing and the whole cannot be rendered: what is generated elsewhere is current in it."""
    (definition,) = [document for document in documents() if document["kind"] == "CustomResourceDefinition"]
    definition["metadata"].pop("annotations")
    roles = [document for document in documents() if document["kind"] == "ClusterRole"]
    workload, cluster = [role for role in roles if "/aggregate-to-" not in str(role["metadata"]["labels"])]

    assert definition == yaml.safe_load(next((REPOSITORY / "crds").iterdir()).read_text())
    assert (workload["rules"], cluster["rules"]) == (RULES["workload"], RULES["cluster"])
