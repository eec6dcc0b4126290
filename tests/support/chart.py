"""The chart as helm renders it, for tests: sets of values that between them use every template, and what to look at in the outcome."""

import json
import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.cluster import builds
from tests.cluster.paths import REPOSITORY

CHART = REPOSITORY / "charts" / "private-assistant-operator"
NAMESPACE = "operators"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"
Object = dict[str, Any]
TABLE = json.dumps(
    {
        "updated": "2026-11-30",
        "advisories": [
            {
                "component": "ollama",
                "id": "GHSA-aaaa-bbbb-cccc",
                "severity": "High",
                "summary": "a {{ b }}",
                "affected": [{"below": "0.25"}],
            }
        ],
    },
    indent=1,
)

VALUE_SETS: dict[str, Object] = {
    "defaults": {},
    "two namespaces": {"watchNamespaces": ["team-a", "team-b"]},
    "private registry": {
        "image": {
            name: {"repository": f"registry.corp:5000/{name}", "tag": "1.2.3", "digest": "sha256:" + "a" * 64}
            for name in ("operator", "gateway", "ollama", "store")
        },
        "imagePullSecrets": [{"name": "registry"}, {"name": "mirror"}],
        "global": {"imagePullSecrets": [{"name": "registry"}]},
        "imagePullPolicy": "Always",
        "pull": {"caBundle": CERTIFICATE + "\n" + CERTIFICATE + "\n"},
        "clusterDomain": "corp.local",
    },
    "mirrored": {"global": {"imageRegistry": "mirror.corp:5000/hub", "imagePullSecrets": ["mirror", {"name": "other"}], "theirs": 1}},
    "watched and confined": {
        "monitoring": {
            "namespaceLabels": {"kubernetes.io/metadata.name": "monitoring", "team": "sre"},
            "dashboard": {"enabled": True, "annotations": {"grafana_folder": "Assistants"}},
        },
        "networkPolicy": {"enabled": True, "apiServer": {"cidrs": ["10.96.0.1/32", "203.0.113.2/32"], "ports": [443, 6443]}},
        "logging": {"level": "DEBUG", "format": "Text"},
        "workers": 2,
        "resyncSeconds": 60,
    },
    "available": {
        "replicas": 2,
        "shards": 4,
        "podLabels": {"team": "ml"},
        "podAnnotations": {"example.com/a": "b"},
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"key": "dedicated", "operator": "Exists"}],
        "affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}},
        "priorityClassName": "system-cluster-critical",
    },
    "evidence": {
        "egress": {
            "canary": {"replicas": 3, "resources": {"limits": {"memory": "64Mi"}}},
            "outsideTargets": ["198.51.100.10:443", "[2001:db8::10]:8443"],
            "dns": {"podLabels": {"dns.operator.openshift.io/daemonset-dns": "default"}, "port": 5353},
            "ciliumNames": True,
        },
        "networkPolicy": {"enabled": True},
        "nameOverride": "n" * 52,
    },
    "vulnerabilities": {"vulnerabilities": {"table": TABLE}, "rollout": {"share": 3, "deadlineSeconds": 600, "failures": 2}},
    "least": {
        "crds": {"install": False},
        "rbac": {"create": False, "aggregate": False},
        "serviceAccount": {"create": False, "name": "existing"},
        "monitoring": {"service": {"enabled": False}},
        "egress": {"canary": {"enabled": False}},
        "leaderElection": False,
        "nameOverride": "pao",
        "fullnameOverride": "assistants",
        "resources": {},
    },
}


def helm(*arguments: str | Path, values: Object | None = None, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the helm that was built for the clusters."""
    builds.build(("helm",))
    line = [str(builds.built("helm")), *map(str, arguments), *(["--values", "-"] if values is not None else [])]
    return subprocess.run(line, input=json.dumps(values) if values is not None else None, capture_output=True, text=True, check=check)


def render(values: Object) -> list[Object]:
    """Return the objects that the chart makes of the values."""
    output = helm(
        "template", "private-assistant-operator", CHART, "--namespace", NAMESPACE, "--kube-version", "1.31.0", values=values
    ).stdout
    return [document for document in yaml.safe_load_all(output) if document]


def only(documents: list[Object], kind: str, *, canary: bool = False) -> Object:
    """Return the one object of a kind, the operator's or the canary's."""
    (found,) = [one for one in documents if one["kind"] == kind and one["metadata"]["name"].endswith("-canary") == canary]
    return found


def arguments(documents: list[Object]) -> list[str]:
    """Return the operator's command line."""
    (container,) = only(documents, "Deployment")["spec"]["template"]["spec"]["containers"]
    return [argument.replace("$(NAMESPACE)", NAMESPACE).replace("$(POD)", "operator-0") for argument in container["args"]]


def pods(documents: list[Object]) -> list[Object]:
    """Return the pods that the chart makes, by Deployments or itself, and what each has in metadata and spec."""
    made = [one["spec"]["template"] for one in documents if one["kind"] == "Deployment"]
    return made + [{"metadata": {"labels": one["metadata"]["labels"]}, "spec": one["spec"]} for one in documents if one["kind"] == "Pod"]


def images(documents: list[Object]) -> set[str]:
    """Return every image that runs: in the chart's own pods, and by the operator's arguments in the assistants'."""
    own = {container["image"] for pod in pods(documents) for container in pod["spec"]["containers"]}
    return own | {argument.partition("=")[2] for argument in arguments(documents) if "-image=" in argument}
