"""The operator on a local cluster: by the chart, as a user installs it, with the images that were built here."""

import tempfile
from pathlib import Path

from tests.cluster.interface import Cluster
from tests.cluster.paths import REPOSITORY

CHART = REPOSITORY / "charts" / "private-assistant-operator"
RELEASE = "private-assistant-operator"
NAMESPACE = "private-assistant-system"
NAMES = ("operator", "gateway", "ollama", "store")
"""The images that the chart names."""


def install(
    cluster: Cluster,
    images: dict[str, str],
    *settings: str,
    release: str = RELEASE,
    namespace: str = NAMESPACE,
    chart: Path = CHART,
) -> None:
    """Install or upgrade a release and wait until it runs; further settings are `name=value`."""
    values = [f"image.{name}.{part}={value}" for name in NAMES for part, value in _parts(images[name]).items()]
    with tempfile.TemporaryDirectory() as folder:
        authority = Path(folder) / "ca.crt"
        authority.write_text(cluster.pull_authority())
        cluster.helm(
            "upgrade", "--install", release, chart, "--namespace", namespace, "--create-namespace", "--wait", "--timeout", "120s",
            *(word for value in values for word in ("--set-string", value)),  # a tag of digits only is a string all the same
            "--set", f"egress.outsideTargets={{{','.join(cluster.outside_targets())}}}",
            *(word for setting in settings for word in ("--set", setting)),
            "--set-file", f"pull.caBundle={authority}",
        )  # fmt: skip


def _parts(reference: str) -> dict[str, str]:
    repository, _, tag = reference.rpartition(":")
    return {"repository": repository, "tag": tag}
