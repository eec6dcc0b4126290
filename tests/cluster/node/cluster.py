"""The real node as a cluster: the order in which it comes up and goes down.

Every step of `up` looks first whether it was done, so it can be interrupted anywhere and called again, and a second call on a running
node takes a second.
"""

import json
import os
import sys
from collections.abc import Callable, Collection, Iterable
from contextlib import AbstractContextManager
from pathlib import Path

from tests.cluster import builds, packages
from tests.cluster.images.catalog import DEVELOPMENT_TAG, Image, project_images, system_images
from tests.cluster.models import models_folder
from tests.cluster.node import process, remains
from tests.cluster.node.addresses import DNS_SERVICE_IP, ENFORCER_QUEUE, NODE_IP, NODE_NAME, UNLISTED_IP
from tests.cluster.node.configuration import write_configuration
from tests.cluster.node.counting import Counted, counting
from tests.cluster.node.credentials import write_credentials
from tests.cluster.node.enforcement import Mode, enforce
from tests.cluster.node.layout import own_layout
from tests.cluster.node.links import ensure_link
from tests.cluster.node.services import api_ready
from tests.cluster.outside.world import HTTPS_PORT, PUBLIC_REGISTRY, Outside
from tests.cluster.paths import HERE, REPOSITORY, cache
from tests.cluster.progress import say, step
from tests.cluster.shell import ClusterError, locked, run, succeeds, wait_until

MANIFESTS = HERE / "manifests"
SYSTEM_WORKLOADS = ("deployment/coredns", "daemonset/kube-network-policies")


class Node:
    """One node; PRIVATE_ASSISTANT_NODE chooses another one on the same machine."""

    def __init__(self) -> None:
        self.layout = own_layout()
        self.outside = Outside(self.layout.outside)

    @property
    def kubeconfig(self) -> Path:
        return self.layout.kubeconfig

    def up(self, *, only: Collection[str] | None = None) -> None:
        """Bring the node up with the project's images, or only with some of them."""
        if os.geteuid() != 0:
            raise ClusterError("the node needs root: it makes namespaces, mounts and network links")
        packages.ensure()
        builds.build(builds.NODE)
        models = models_folder()
        images = (*system_images(), *(image for image in project_images() if only is None or image.short in only))
        for image in images:
            image.ensure()
        with locked(cache() / "cluster.lock"):
            self._start(models)
            self._import(images)
            self._wait_for_system()
        say(f"the cluster runs: export KUBECONFIG={self.kubeconfig}")

    def down(self) -> None:
        with locked(cache() / "cluster.lock"):
            if process.end(self.layout):
                say("the node's processes, mounts and links are gone")
            remains.remove(self.layout)
        say("nothing of the cluster is left but the cache of builds, images and models")

    def status(self) -> str:
        pid = process.find(self.layout)
        if pid is None:
            return "no node is running"
        rows = [(member, *process.usage(member)) for member in process.members(pid)]
        lines = [f"{member:>8} {name:<24} {seconds:8.1f} s CPU {memory:8.0f} MiB" for member, name, seconds, memory in rows]
        total = sum(row[3] for row in rows)
        mode = self.layout.enforcement.read_text() if self.layout.enforcement.exists() else "not set yet"
        return "\n".join([*lines, f"{len(rows)} processes, {total:.0f} MiB resident; policies: {mode}; KUBECONFIG={self.kubeconfig}"])

    def load_images(self) -> dict[str, str]:
        images = project_images()
        for image in images:
            image.ensure()
        with locked(cache() / "cluster.lock"):
            self._import(images)
        return {image.short: image.reference for image in images}

    def bring(self, *images: Image) -> None:
        """Build images of a test's own where they are not there yet, and bring them into the node."""
        for image in images:
            image.ensure()
        with locked(cache() / "cluster.lock"):
            self._import(images)

    def pull_authority(self) -> str:
        return self.outside.authority.read_text()

    def outside_targets(self) -> tuple[str, ...]:
        return (f"{UNLISTED_IP}:{HTTPS_PORT}",)

    def kubectl(self, *arguments: str | Path, stdin: str | None = None, check: bool = True) -> str:
        return run(builds.built("kubectl"), f"--kubeconfig={self.kubeconfig}", *arguments, stdin=stdin, check=check)

    def helm(self, *arguments: str | Path) -> str:
        return run(builds.built("helm"), f"--kubeconfig={self.kubeconfig}", *arguments)

    def enforce(self, mode: Mode) -> None:
        """Choose how much of NetworkPolicy is enforced; see enforcement.py."""
        enforce(self.layout, mode)

    def counting(self) -> AbstractContextManager[Callable[[], list[Counted]]]:
        """Count what pods try and what comes past the enforcer, for a block's time; see counting.py."""
        return counting(self.layout)

    def enforcer_listens(self) -> bool:
        """Say whether a NetworkPolicy enforcer takes what is queued for it."""
        queues = run(*self.inside("cat", "/proc/net/netfilter/nfnetlink_queue"), check=False)
        return any(line.split()[0] == str(ENFORCER_QUEUE) for line in queues.splitlines() if line.strip())

    def inside(self, *command: str | Path) -> list[str]:
        """Return the command that runs another one inside the node's namespaces."""
        return process.inside(self.layout, *command)

    def _start(self, models: Path) -> None:
        pid = process.find(self.layout)
        if pid is None:
            remains.remove(self.layout)  # what a crash may have left
            self.layout.make()
            remains.prepare(self.layout)
            write_credentials(self.layout.pki, self.layout.configuration, self.kubeconfig)
            write_configuration(self.layout)
            self.outside.prepare(models)
            pid = process.spawn(self.layout)
            say("the node's namespaces and first process are made")
        ensure_link(pid)

    def _import(self, images: Iterable[Image]) -> None:
        loaded = self._loaded()
        missing = [image for image in images if loaded.get(image.name) != image.key]
        if not missing:
            return
        ctr = (builds.built("ctr"), "--namespace", "k8s.io", "images")
        wait_until("containerd answers", lambda: succeeds(*self.inside(builds.built("ctr"), "version")), 30, quiet=True)
        with step(f"import {len(missing)} images"):
            for image in missing:
                run(*self.inside(*ctr, "import", image.archive))
                run(*self.inside(*ctr, "tag", "--force", image.reference, f"{image.name}:{DEVELOPMENT_TAG}"))
                loaded[image.name] = image.key
                self.layout.loaded.write_text(json.dumps(loaded))

    def _loaded(self) -> dict[str, str]:
        try:
            loaded: dict[str, str] = json.loads(self.layout.loaded.read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return loaded

    def _wait_for_system(self) -> None:
        wait_until("the API server is ready", lambda: api_ready(NODE_IP), 90)
        if not self.layout.enforcement.exists():
            self.enforce("on")
        self.kubectl("apply", "--server-side", "--force-conflicts", "--filename", MANIFESTS)
        wait_until("the node is Ready", self._node_is_ready, 90)
        for workload in SYSTEM_WORKLOADS:
            self.kubectl("--namespace", "kube-system", "rollout", "status", workload, "--timeout=90s")
        wait_until("names resolve", self._names_resolve, 60, quiet=True)
        # A running enforcer may enforce nothing: what counts is that it took over the queue that the packets are sent to.
        wait_until("DNS and the NetworkPolicy enforcer are ready", self.enforcer_listens, 60)

    def _names_resolve(self) -> bool:
        """One question takes the way through kube-proxy, CoreDNS and the outside."""
        ask = (sys.executable, "-m", "tests.cluster.outside.names", DNS_SERVICE_IP, PUBLIC_REGISTRY)
        return succeeds("env", f"PYTHONPATH={REPOSITORY}", *self.inside(*ask))

    def _node_is_ready(self) -> bool:
        ready = 'jsonpath={.status.conditions[?(@.type=="Ready")].status}'
        return self.kubectl("get", "node", NODE_NAME, "--output", ready, check=False).strip() == "True"
