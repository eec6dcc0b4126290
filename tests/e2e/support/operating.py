"""The operator as it runs: its pods, which of them is the active one, what its ports for operations say."""

import re
from collections.abc import Iterator

from tests.e2e.support.kubectl import Kubectl, KubectlError, Object, condition, until

SELECTOR = "app.kubernetes.io/name=private-assistant-operator"
PREFIX = "private_assistant_operator_"
OPS_PORT = 8080
_SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")
_LABEL = re.compile(r'(\w+)="([^"]*)"')


class Operating:
    """The operator in one namespace."""

    def __init__(self, kubectl: Kubectl, name: str = "private-assistant-operator") -> None:
        self.kubectl = kubectl
        self.name = name

    def pods(self) -> list[Object]:
        """Return the pods that are ready."""
        found = self.kubectl.list("pods", f"{SELECTOR},app.kubernetes.io/instance={self.name}")
        return [pod for pod in found if condition(pod, "Ready").get("status") == "True" and "deletionTimestamp" not in pod["metadata"]]

    def leader(self) -> str:
        """Return the name of the pod that holds the Lease, empty for none."""
        lease = self.kubectl.find("lease", self.name)
        return str(lease["spec"].get("holderIdentity") or "") if lease else ""

    def ask(self, pod: str, path: str) -> str:
        """GET a path of a pod's port for operations; raises KubectlError for another status than 200."""
        return self.kubectl.run("get", "--raw", f"/api/v1/namespaces/{self.kubectl.namespace}/pods/{pod}:{OPS_PORT}/proxy{path}")

    def samples(self, pod: str) -> Iterator[tuple[str, dict[str, str], float]]:
        """Yield the metrics of a pod: name without the operator's prefix, labels, value."""
        for line in self.ask(pod, "/metrics").splitlines():
            if match := _SAMPLE.match(line):
                name, labels, value = match.groups()
                yield name.removeprefix(PREFIX), dict(_LABEL.findall(labels or "")), float(value)

    def total(self, pod: str, name: str, **labels: str) -> float:
        """Return the sum of a metric's samples that have these labels."""
        wanted = labels.items()
        return sum(value for found, given, value in self.samples(pod) if found == name and wanted <= given.items())

    def restart(self) -> str:
        """Delete the operator's pods, wait until a new one has looked at every assistant, and return its name."""
        before = {pod["metadata"]["name"] for pod in self.pods()}
        for name in before:
            self.kubectl.delete("pod", name)
        leader: str = until("another pod is the active one", lambda: (found := self.leader()) and found not in before and found, 150)
        until("it has looked at every assistant", lambda: self._has_settled(leader), 150)
        return leader

    def _has_settled(self, pod: str) -> bool:
        if pod not in [found["metadata"]["name"] for found in self.pods()]:
            return False
        try:
            return self._is_idle(pod)
        except KubectlError:  # its port does not answer yet
            return False

    def has_stepped_down(self, pod: str) -> bool:
        """Say whether a pod does not take itself for the active one; while it is started again it says nothing."""
        try:
            return self.total(pod, "leader") == 0
        except KubectlError:
            return False

    def _is_idle(self, pod: str) -> bool:
        idle = not self.total(pod, "queue_depth") and not self.total(pod, "workers_busy")
        every = self.total(pod, "reconciles_total") >= self.total(pod, "assistants", condition="Ready") > 0
        return idle and every
