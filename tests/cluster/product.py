"""Installs the product on a cluster the way a user would: the chart, with the values that the local images and registry need.

Used by the demo and by the end-to-end tests.
"""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.cluster.interface import Cluster
from tests.cluster.paths import REPOSITORY

CHART = REPOSITORY / "charts" / "private-assistant-operator"
RELEASE = "private-assistant-operator"
NAMESPACE = "private-assistant-system"
IMAGES = ("operator", "gateway", "ollama")


def values(references: Mapping[str, str], authority: str) -> dict[str, Any]:
    """Return the chart's values: images by a tag that names their content, so that a new one rolls out; the registry's authority."""
    images = {}
    for name in IMAGES:
        repository, _, tag = references[name].rpartition(":")
        images[name] = {"repository": repository, "tag": tag}
    # Local images can be pulled from nowhere.
    return {"image": images, "imagePullPolicy": "IfNotPresent", "pull": {"caBundle": authority}}


def install(cluster: Cluster, *, extra: Mapping[str, Any] | None = None, timeout: str = "120s") -> dict[str, str]:
    """Install the chart or upgrade it, wait for the operator, and return the images' references by short name."""
    references = cluster.load_images()
    ensure_namespace(cluster, NAMESPACE, restricted=True)
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(values(references, cluster.pull_authority()) | dict(extra or {}), file)
        file.flush()
        where = ("--namespace", NAMESPACE, "--values", Path(file.name))
        cluster.helm("upgrade", "--install", RELEASE, CHART, *where, "--wait", "--timeout", timeout)
    return references


def uninstall(cluster: Cluster) -> None:
    """Remove the release; the CRD and the assistants stay, as the chart promises."""
    cluster.helm("uninstall", RELEASE, "--namespace", NAMESPACE, "--ignore-not-found", "--wait")


def ensure_namespace(cluster: Cluster, name: str, *, restricted: bool) -> None:
    """Make a namespace, if wanted one that enforces the restricted Pod Security Standard."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted"} if restricted else {}
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "--filename", "-", stdin=json.dumps(manifest))
