"""Attempts through an assistant's egress proxy, from inside the assistant's pod, and what the proxy itself tells of them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant_egress.proxy.decisions import DECISIONS_PATH, Decisions, parse_decisions
from assistant_operator.naming import COMPONENT_EGRESS_PROXY, OPS_PORT, Names
from tests.e2e.support.assistants import CLIENTS, Assistants
from tests.e2e.support.kubectl import Kubectl, Object

Attempt = Mapping[str, Any]
Outcome = Mapping[str, Any]
"""Both as clients/through_proxy.py has them."""


@dataclass(frozen=True)
class Proxied:
    """One assistant that has a proxy."""

    assistants: Assistants
    name: str

    @property
    def kubectl(self) -> Kubectl:
        return self.assistants.kubectl

    @property
    def proxy(self) -> str:
        """The name that all objects of the proxy have."""
        return Names(self.kubectl.namespace, self.name).egress_proxy

    def attempt(self, attempts: Sequence[Attempt], authority: str) -> list[Outcome]:
        """Make the attempts, one after the other, as the gateway's container would."""
        script = (CLIENTS / "through_proxy.py").read_text()
        command = ("python3", "-", authority, json.dumps(attempts))
        found: list[Outcome] = json.loads(self.kubectl.execute(f"{self.name}-0", *command, container="gateway", stdin=script, timeout=120))
        return found

    def objects(self) -> set[str]:
        """Return the kinds of the objects that there are of the proxy, pods and their like included."""
        labels = f"privateassistant.dev/assistant={self.name},privateassistant.dev/component={COMPONENT_EGRESS_PROXY}"
        return {one["kind"] for one in self.kubectl.list("deployments,services,configmaps,networkpolicies,pods", labels)}

    def pods(self) -> list[Object]:
        labels = f"privateassistant.dev/assistant={self.name},privateassistant.dev/component={COMPONENT_EGRESS_PROXY}"
        return [pod for pod in self.kubectl.list("pods", labels) if "deletionTimestamp" not in pod["metadata"]]

    def decisions(self) -> Decisions:
        """Return what the proxy has counted, by its own word."""
        (pod,) = self.pods()
        path = f"/api/v1/namespaces/{self.kubectl.namespace}/pods/{pod['metadata']['name']}:{OPS_PORT}/proxy{DECISIONS_PATH}"
        return parse_decisions(self.kubectl.run("get", "--raw", path).encode())

    def lines(self) -> list[Object]:
        """Return what the proxy has logged of its decisions."""
        (pod,) = self.pods()
        found = [json.loads(line) for line in self.kubectl.logs(pod["metadata"]["name"]).splitlines()]
        return [line for line in found if "decision" in line]

    def told(self) -> Object:
        """Return status.egress with what it counts, empty where it counts nothing: its mode is always there."""
        found: Object = (self.kubectl.get("pa", self.name).get("status") or {}).get("egress") or {}
        return found if "since" in found else {}
