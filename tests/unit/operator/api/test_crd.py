"""The CustomResourceDefinition: what every schema of it must hold, and that the committed file is current."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from assistant_operator.api import crd
from assistant_operator.api.v1alpha1.rules import CHANGES, RULES, Change, Rule

COMMITTED = Path(__file__).resolve().parents[4] / "crds" / "privateassistant.dev_privateassistants.yaml"
SCHEMA = crd.schema()
OPAQUE = {"apiVersion", "kind", "metadata"}


def nodes(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every schema below spec and status with its path."""
    for name, part in schema.get("properties", {}).items():
        if path or name not in OPAQUE:
            yield from _with_children(f"{path}.{name}", part)


def _with_children(path: str, part: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, part
    yield from nodes(part, path)
    for inner, mark in (("items", "[]"), ("additionalProperties", "{}")):
        if inner in part:
            yield from _with_children(path + mark, part[inner])


NODES = [pytest.param(path, node, id=path) for path, node in nodes(SCHEMA)]


def test_the_committed_definition_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    """Run `python -m assistant_operator.api.crd > crds/privateassistant.dev_privateassistants.yaml`."""
    crd.main()

    assert capsys.readouterr().out == COMMITTED.read_text()
    assert yaml.safe_load(COMMITTED.read_text()) == crd.custom_resource_definition()


@pytest.mark.parametrize(("path", "node"), NODES)
def test_every_node_is_structural_and_bounded(path: str, node: dict[str, Any]) -> None:
    """Nothing without an upper bound: CEL's costs are estimated from it, and so is what a reader must take."""
    kind = node.get("type")

    assert kind in ("object", "array", "string", "integer", "number", "boolean") or node.get("x-kubernetes-int-or-string")
    assert not {"$ref", "title", "default", "const", "propertyNames", "$defs", "oneOf", "allOf"} & node.keys()
    assert node.get("additionalProperties") not in (True, False)
    assert "x-kubernetes-preserve-unknown-fields" not in node
    if kind == "string":
        assert "maxLength" in node or "enum" in node
    if kind == "array":
        assert "maxItems" in node
        assert node["x-kubernetes-list-type"] in ("atomic", "set", "map")
    if kind == "object":
        assert "properties" in node or "maxProperties" in node
    if kind == "integer":
        assert node["format"] in ("int32", "int64")
    if kind == "number":
        assert {"minimum", "maximum"} <= node.keys()


@pytest.mark.parametrize(("path", "node"), [case for case in NODES if not str(case.id).endswith(("[]", "{}"))])
def test_every_field_is_explained(path: str, node: dict[str, Any]) -> None:
    """`kubectl explain` has a sentence for each."""
    assert node["description"].endswith("."), path


@pytest.mark.parametrize(("path", "node"), [case for case in NODES if str(case.id).endswith("[]")])
def test_items_that_are_objects_are_explained(path: str, node: dict[str, Any]) -> None:
    """What one item of a list is."""
    assert node.get("type") != "object" or node["description"].endswith("."), path


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (".spec.suspend", "Default: false."),
        (".spec.model.replicas", "Default: 1."),
        (".spec.model.storage.size", "Default: 20Gi."),
        (".spec.model.storage.accessModes", "Default: [ReadWriteOnce]."),
        (".spec.egress.mode", "Default: Deny."),
        (".spec.access.limits.maxBodyBytes", "Default: 4194304."),
        (".spec.rag.retrieval.topK", "Default: 4."),
        (".spec.rag.chunk.overlap", "Default: 100."),
        (".spec.store.managed.size", "Default: 10Gi."),
        (".spec.retention.perRequestOptOut", "Default: true."),
    ],
)
def test_defaults_are_said_not_filled_in(path: str, text: str) -> None:
    """A default in the schema would rewrite what GitOps applied."""
    assert dict(nodes(SCHEMA))[path]["description"].endswith(text)


def test_off_is_explained_with_its_quotes() -> None:
    """Off without quotes is a boolean to YAML, and the API server then complains of a type that the author never wrote."""
    found = [path for path, node in nodes(SCHEMA) if path.startswith(".spec") and "Off" in node.get("enum", ())]

    assert found
    assert [path for path in found if '"Off" in YAML, with quotes' not in dict(nodes(SCHEMA))[path]["description"]] == []


def test_lists_merge_by_their_keys() -> None:
    """Two appliers may own different keys; a condition's type is there once."""
    found = dict(nodes(SCHEMA))

    assert found[".status.conditions"]["x-kubernetes-list-map-keys"] == ["type"]
    assert found[".spec.access.keys"]["x-kubernetes-list-map-keys"] == ["name"]
    assert found[".spec.egress.allow[].ports"]["x-kubernetes-list-type"] == "atomic"


def test_every_rule_hangs_where_it_says() -> None:
    """None is lost, none hangs twice."""
    rules: tuple[Rule | Change, ...] = (*RULES, *CHANGES)
    hung = [rule["rule"] for _, node in [("", SCHEMA), *nodes(SCHEMA)] for rule in node.get("x-kubernetes-validations", [])]

    assert sorted(hung) == sorted(rule.cel for rule in rules if rule.cel is not None)


def test_columns() -> None:
    """What `kubectl get pa` shows, and what `-o wide` adds."""
    shown = {column["name"]: column.get("priority", 0) for column in crd.COLUMNS}

    always = ("Ready", "Reason", "Model", "Egress", "Retention", "Redaction", "Age")
    assert shown == dict.fromkeys(always, 0) | dict.fromkeys(("Confined", "Digest", "Endpoint"), 1)
