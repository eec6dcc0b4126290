"""What an assistant's status, pod and gate tell about its confinement, and a connection that is kept open from inside a pod."""

import json
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Any

from tests.e2e.support.assistants import CLIENTS, Assistants
from tests.e2e.support.kubectl import Kubectl, Object, condition, until

GATE = "egress-gate"
CONFINED = "EgressConfined"
OPEN_WITHIN = 60.0
"""Seconds until a connection that a test wants to hold is given up."""
State = tuple[str, str]
"""Status and reason of a condition."""


def state(kubectl: Kubectl, name: str, kind: str = CONFINED) -> State:
    """Return status and reason of a condition now, empty where it is not there."""
    found = condition(kubectl.get("pa", name), kind)
    return found.get("status", ""), found.get("reason", "")


def message(kubectl: Kubectl, name: str) -> str:
    """Return what EgressConfined says."""
    return str(condition(kubectl.get("pa", name), CONFINED).get("message", ""))


def evidence(kubectl: Kubectl, name: str) -> list[Object]:
    found: list[Object] = (kubectl.get("pa", name).get("status") or {}).get("evidence") or []
    return found


def verdicts(kubectl: Kubectl, name: str) -> dict[str, tuple[str, bool]]:
    """Return each class of paths, its verdict and whether it is required; the node is one, so there is one of each."""
    return {one["path"]: (one["verdict"], one["required"]) for one in evidence(kubectl, name)}


def instant(text: str) -> float:
    """Return an RFC 3339 time as the clock counts (time.time())."""
    return datetime.fromisoformat(text).timestamp()


def containers(pod: Object) -> dict[str, Object]:
    """Return the state of each container of a pod, init containers too: `waiting`, `running` or `terminated`."""
    status = pod["status"]
    found = [*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())]
    return {one["name"]: one["state"] for one in found}


def started(pod: Object) -> set[str]:
    """Return the names of the containers that have ever run."""
    return {name for name, found in containers(pod).items() if "waiting" not in found}


def at_gate(kubectl: Kubectl, name: str) -> Object:
    """Return the pod once the kubelet has told that its gate started and which address it has: that takes a second more than its log."""

    def found() -> Object | None:
        pod = kubectl.get("pod", name)
        return pod if GATE in started(pod) and pod["status"].get("podIP") else None

    pod: Object = until("the gate is told to have started", found, 60)
    return pod


def gate_waits_for(kubectl: Kubectl, pod: str) -> Any:
    """Return what the gate said last that it waits for, None where it has said nothing yet."""
    lines: list[dict[str, Any]] = [json.loads(line) for line in kubectl.logs(pod, container=GATE).splitlines() if line.startswith("{")]
    return next((line["waiting for"] for line in reversed(lines) if "waiting for" in line), None)


def widening(name: str, **opens: Any) -> Mapping[str, Any]:
    """Return a NetworkPolicy for every pod of the namespace that opens what is given: `egress=[{}]` or `ingress=[{}]`."""
    spec = {"podSelector": {}, "policyTypes": [direction.capitalize() for direction in opens], **opens}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": name}, "spec": spec}


def holding(assistants: Assistants, pod: str, container: str, address: str, port: int) -> AbstractContextManager[subprocess.Popen[str]]:
    """Hold a connection open from inside a container for as long as it lasts; see clients/hold.py. The process ends with it."""
    return _running(assistants, pod, container, "hold", address, str(port))


def holding_tunnel(assistants: Assistants, pod: str, host: str, authority: str) -> AbstractContextManager[subprocess.Popen[str]]:
    """As holding, through the proxy of the gateway's container; see clients/hold_tunnel.py."""
    return _running(assistants, pod, "gateway", "hold_tunnel", host, authority)


@contextmanager
def _running(assistants: Assistants, pod: str, container: str, client: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    script = (CLIENTS / f"{client}.py").read_text()
    command = assistants.kubectl.command("exec", pod, f"--container={container}", "--", "python3", "-c", script, *arguments)
    with tempfile.TemporaryFile("w+") as told:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=told, text=True)
        impatience = threading.Timer(OPEN_WITHIN, process.kill)
        impatience.start()
        assert process.stdout is not None
        try:
            # Said again and again: kubectl may drop what comes before it is ready for it ("Unknown stream id 1, discarding message").
            is_open = any(line.strip() == "open" for line in process.stdout)
            impatience.cancel()
            told.seek(0)
            assert is_open, told.read()
            yield process
        finally:
            impatience.cancel()
            process.kill()
            process.wait(timeout=10)
            process.stdout.close()
