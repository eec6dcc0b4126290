"""A cluster of kind's, where Docker runs and `kind` is installed.

A thin path: it cannot run where this project is developed, so tests/unit/cluster checks what it renders and calls, and no more is known
of it. Images are built by Docker from the same Containerfiles, except Ollama's and the store's, which are the public ones; models come
from the public registry. What needs control of the node (enforcement modes, the recorded outside) only the real node has.
"""

import json
import socket
from pathlib import Path
from typing import Any

from tests.cluster import builds
from tests.cluster.images.catalog import Image, project_images
from tests.cluster.images.wheels import place_wheels
from tests.cluster.outside.world import HTTPS_PORT, PUBLIC_REGISTRY
from tests.cluster.paths import HERE, REPOSITORY, cache
from tests.cluster.progress import say, step
from tests.cluster.shell import run

NAME = "private-assistant"
NODE_IMAGE = "docker.io/kindest/node:v1.34.0"
PUBLIC = {
    "ollama": f"docker.io/ollama/ollama:{builds.OLLAMA_VERSION}",
    "store": "docker.io/pgvector/pgvector:0.8.6-pg18-bookworm",
}
"""Images that come from where everyone gets them."""


class Kind:
    """One cluster with a name of its own and a kubeconfig of its own."""

    @property
    def kubeconfig(self) -> Path:
        return cache() / "kind" / "kubeconfig"

    def up(self) -> None:
        if NAME not in run("kind", "get", "clusters", check=False).split():
            self.kubeconfig.parent.mkdir(parents=True, exist_ok=True)
            configuration = json.dumps(self.configuration())
            with step("kind creates a cluster"):
                run("kind", "create", "cluster", *self._options(), "--config", "-", "--wait", "120s", stdin=configuration)
        else:
            run("kind", "export", "kubeconfig", *self._options())
        self.load_images()
        say(f"the cluster runs: export KUBECONFIG={self.kubeconfig}")

    def down(self) -> None:
        run("kind", "delete", "cluster", *self._options())
        self.kubeconfig.unlink(missing_ok=True)

    def status(self) -> str:
        return self.kubectl("get", "nodes,pods", "--all-namespaces", check=False)

    def load_images(self) -> dict[str, str]:
        references = {}
        for image in project_images():
            if image.short in PUBLIC:
                references[image.short] = PUBLIC[image.short]
                continue
            self._build(image)
            run("kind", "load", "docker-image", image.reference, "--name", NAME)
            references[image.short] = image.reference
        return references

    def pull_authority(self) -> str:
        return ""

    def outside_targets(self) -> tuple[str, ...]:
        """Return the model registry: the one host outside that this cluster talks to anyway."""
        return (f"{socket.gethostbyname(PUBLIC_REGISTRY)}:{HTTPS_PORT}",)

    def kubectl(self, *arguments: str | Path, stdin: str | None = None, check: bool = True) -> str:
        return run("kubectl", f"--kubeconfig={self.kubeconfig}", *arguments, stdin=stdin, check=check)

    def helm(self, *arguments: str | Path) -> str:
        return run("helm", f"--kubeconfig={self.kubeconfig}", *arguments)

    def configuration(self) -> dict[str, Any]:
        """Return kind's configuration: one node; its own network plugin enforces NetworkPolicies."""
        return {
            "kind": "Cluster",
            "apiVersion": "kind.x-k8s.io/v1alpha4",
            "name": NAME,
            "nodes": [{"role": "control-plane", "image": NODE_IMAGE}],
        }

    def _options(self) -> tuple[str, ...]:
        return ("--name", NAME, "--kubeconfig", str(self.kubeconfig))

    def _build(self, image: Image) -> None:
        place_wheels(image.short)
        folder = HERE / "client" if image.short == "client" else REPOSITORY / "images" / image.short
        with step(f"docker builds {image.reference}"):
            run("docker", "build", "--tag", image.reference, "--file", folder / "Containerfile", REPOSITORY)
