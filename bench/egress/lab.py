"""One assistant on the real node (tests/cluster), which is brought up where none runs, and then ended."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.cluster.install import NAMESPACE, install
from tests.cluster.node import process
from tests.cluster.node.cluster import Node
from tests.e2e.support.assistants import Assistants
from tests.e2e.support.confinement import state
from tests.e2e.support.kept import ask_pod
from tests.e2e.support.kubectl import Kubectl, Object, until

NAME, POD = "minimal", "minimal-0"
BENCH = "bench-egress"
SERVING = (("True", "Enforced"), ("True", "Serving"))
PATIENCE = 180


@dataclass(frozen=True)
class Lab:
    """The node and the namespace of the bench."""

    node: Node
    assistants: Assistants

    @property
    def kubectl(self) -> Kubectl:
        return self.assistants.kubectl

    def serving(self, but: str = "") -> Object:
        """Wait until the assistant serves, in a pod whose uid is another one than this, and return the pod."""

        def found() -> Object | None:
            pod = self.kubectl.find("pod", POD)
            if pod is None or pod["metadata"]["uid"] == but or "deletionTimestamp" in pod["metadata"]:
                return None
            ready = any(one["type"] == "Ready" and one["status"] == "True" for one in pod["status"].get("conditions") or ())
            return pod if ready and (state(self.kubectl, NAME), state(self.kubectl, NAME, "Ready")) == SERVING else None

        pod: Object = until("the assistant serves", found, PATIENCE)
        return pod

    def answer(self) -> tuple[int, str]:
        """Ask the gateway itself, past the Service; return its status and code."""
        request: dict[str, Any] = {"method": "GET", "path": "/api/tags"}
        status, body = ask_pod(self.assistants, request, name=NAME, key=self.assistants.key(NAME))
        return status, body.get("code", "")


@contextmanager
def lab() -> Iterator[Lab]:
    """Yield a node with the operator on it, and an empty namespace."""
    node = Node()
    ours = process.find(node.layout) is None
    node.up()
    try:
        node.enforce("on")
        images = node.load_images()
        install(node, images)
        kubectl = Kubectl(node.kubeconfig, NAMESPACE)
        kubectl.delete("namespace", BENCH)
        kubectl.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": BENCH}})
        yield Lab(node, Assistants(kubectl.within(BENCH), images))
        kubectl.delete("namespace", BENCH, wait=False)
    finally:
        node.enforce("on")
        if ours:
            node.down()
