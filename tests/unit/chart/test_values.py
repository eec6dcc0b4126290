"""The chart's values: every one is in the schema, and wrong ones are refused before anything is rendered."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

CHART = Path(__file__).resolve().parents[3] / "charts" / "private-assistant-operator"
VALUES: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())
SCHEMA: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text())
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


def errors(path: str, value: Any) -> list[str]:
    """Return what the schema says about the defaults with one value changed."""
    values = copy.deepcopy(VALUES)
    *parents, last = path.split(".")
    place = values
    for parent in parents:
        place = place[parent]
    place[last] = value
    return [error.message for error in jsonschema.Draft7Validator(SCHEMA).iter_errors(values)]


def test_the_schema_is_a_schema() -> None:
    """Helm would only say so at the user's."""
    jsonschema.Draft7Validator.check_schema(SCHEMA)


def test_the_defaults_are_valid() -> None:
    """The chart installs with none of its values set."""
    jsonschema.Draft7Validator(SCHEMA).validate(VALUES)


def test_schema_and_values_list_the_same() -> None:
    """A value in one place alone could be set and not do anything, or do something and not be set."""

    def properties(schema: dict[str, Any]) -> Any:
        if schema.get("additionalProperties") is not False:
            return None
        return {name: properties(part) for name, part in schema["properties"].items()}

    def shape(value: Any, schema: Any) -> Any:
        return {name: shape(part, schema.get(name) or {}) for name, part in value.items()} if isinstance(value, dict) and schema else None

    expected = properties(SCHEMA)
    expected["resources"] = {"limits": None, "requests": None}
    assert shape(VALUES, expected) == expected


def parts(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every part of the schema with its path, items of lists too."""
    yield path, schema
    for name, part in schema.get("properties", {}).items():
        yield from parts(part, f"{path}.{name}".strip("."))
    if "items" in schema:
        yield from parts(schema["items"], f"{path}[]")


def test_every_value_is_explained() -> None:
    """docs/values.md is made from these."""
    assert [path for path, part in parts(SCHEMA) if path and not path.endswith("[]") and not part.get("description", "").strip()] == []


def test_what_is_not_known_is_refused_everywhere() -> None:
    """Objects are closed, or maps whose values have a type; open are Kubernetes' own types, and what a parent chart shares with all."""
    objects = {path: part.get("additionalProperties", True) for path, part in parts(SCHEMA) if part.get("type") == "object"}

    assert {path for path, more in objects.items() if more is True} == {"global", "tolerations[]", "affinity"}
    assert {path for path, more in objects.items() if more is not True and more is not False} == MAPS
    assert all("type" in objects[path] for path in MAPS)
    assert all("type" in part or "anyOf" in part for _, part in parts(SCHEMA))


MAPS = {
    "egress.canary.resources.limits",
    "egress.canary.resources.requests",
    "egress.dns.podLabels",
    "monitoring.dashboard.annotations",
    "monitoring.dashboard.labels",
    "monitoring.namespaceLabels",
    "monitoring.podMonitor.labels",
    "monitoring.rules.labels",
    "monitoring.serviceMonitor.labels",
    "nodeSelector",
    "podAnnotations",
    "podLabels",
    "resources.limits",
    "resources.requests",
    "serviceAccount.annotations",
}


WRONG = [
    ("unknown", 1),
    ("image.operator.unknown", "x"),
    ("image.ollama.tag", ""),
    ("image.store.tag", ""),
    ("image.store.repository", "https://example.com/store"),
    ("image.operator.repository", "https://example.com/operator"),
    ("image.operator.repository", "example.com/operator:tag"),
    ("image.operator.digest", "sha256:abc"),
    ("image.operator.tag", "a b"),
    ("watchNamespaces", "default"),
    ("watchNamespaces", ["Default"]),
    ("watchNamespaces", ["a", "a"]),
    ("imagePullPolicy", "Sometimes"),
    ("imagePullSecrets", ["registry"]),
    ("imagePullSecrets", [{"name": "registry", "key": "x"}]),
    ("pull.caBundle", "/etc/ssl/ca.crt"),
    ("clusterDomain", "cluster local"),
    ("logging.level", "TRACE"),
    ("logging.level", "info"),
    ("logging.format", "json"),
    ("resyncSeconds", 1),
    ("resyncSeconds", "600"),
    ("workers", 0),
    ("replicas", -1),
    ("shards", 0),
    ("shards", 17),
    ("shards", "2"),
    ("leaderElection", "true"),
    ("serviceAccount.annotations", {"a": 1}),
    ("monitoring.namespaceLabels", {"a b": "c"}),
    ("monitoring.namespaceLabels", {"a": "b,c=d"}),
    ("monitoring.serviceMonitor.interval", "often"),
    ("monitoring.rules.runbookUrl", "runbooks.md"),
    ("monitoring.rules.runbookUrl", "https://example.com/runbooks#top"),
    ("monitoring.dashboard.labels", {"grafana_dashboard": 1}),
    ("global.imageRegistry", "https://registry.corp"),
    ("global.imagePullSecrets", [{"name": "registry", "key": "x"}]),
    ("egress.dns.podLabels", {"k8s-app": "a,b"}),
    ("egress.dns.podLabels", {"k8s app": "dns"}),
    ("egress.outsideTargets", ["198.51.100.256:443"]),
    ("egress.outsideTargets", ["198.51.100.10:65536"]),
    ("egress.outsideTargets", ["[198.51.100.10]:443"]),
    ("networkPolicy.apiServer.cidrs", []),
    ("networkPolicy.apiServer.ports", [70000]),
    ("podLabels", {"app.kubernetes.io/name": "other"}),
    ("podAnnotations", {"privateassistant.dev/pull-ca-checksum": "other"}),
    ("monitoring.dashboard.labels", {"app.kubernetes.io/name": "other"}),
    ("monitoring.serviceMonitor.labels", {"helm.sh/chart": "other"}),
    ("monitoring.podMonitor.labels", {"app.kubernetes.io/instance": "other"}),
    ("monitoring.rules.labels", {"app.kubernetes.io/version": "other"}),
    ("fullnameOverride", "Upper"),
    ("fullnameOverride", "x" * 60),
]


@pytest.mark.parametrize(("path", "value"), WRONG)
def test_wrong_values_are_refused(path: str, value: Any) -> None:
    """Wrong types, unknown names, and what could not work."""
    assert errors(path, value)


RIGHT = [
    ("egress.dns.podLabels", {"dns.operator.openshift.io/daemonset-dns": "default"}),
    ("egress.outsideTargets", ["198.51.100.10:443", "255.255.255.255:65535", "[2001:db8::10]:1", "[::1]:60000"]),
    ("global", {"anything": 1}),
    ("global.imageRegistry", "registry.corp:5000/mirror"),
    ("global.imagePullSecrets", ["registry", {"name": "mirror"}]),
    ("image.operator.repository", "registry.corp:5000/team/operator"),
    ("image.operator.digest", "sha256:" + "0" * 64),
    ("watchNamespaces", ["a", "b"]),
    ("imagePullSecrets", [{"name": "registry"}]),
    ("pull.caBundle", CERTIFICATE * 3),
    ("pull.caBundle", "# the company's\n" + CERTIFICATE),
    ("replicas", 2),
    ("shards", 4),
    ("monitoring.namespaceLabels", {"kubernetes.io/metadata.name": "monitoring"}),
    ("resources", {"requests": {"cpu": 1, "memory": "1Gi"}}),
    ("podLabels", {"team": "ml"}),
]


@pytest.mark.parametrize(("path", "value"), RIGHT)
def test_right_values_are_accepted(path: str, value: Any) -> None:
    """What the values are for."""
    assert errors(path, value) == []
