"""The operator as a process of its own beside an API server, and those around it: who applies, who plays the kubelet."""

import atexit
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant_operator.api.crd import custom_resource_definition
from assistant_operator.kube.kinds import JOB, POD, PRIVATE_ASSISTANT
from assistant_operator.kube.objects import Object, name_of, uid_of
from assistant_operator.naming import API_VERSION, KIND, LABEL_ASSISTANT, LABEL_COMPONENT
from bench.operator.audit import Audit
from tests.cluster.apiserver import ApiServer, api_server
from tests.integration.api import Api
from tests.support.pods import terminated, timestamp
from tests.support.waiting import until

ROOT = Path(__file__).parents[2]
SPEC = {"model": {"name": "192.0.2.10:5000/library/smol:1"}}
"""An address, so no DNS is asked."""
DIGEST = "sha256:" + "a" * 64
AT_ONCE = 8
FLAGS = (
    "--gateway-image=gateway:bench",
    "--ollama-image=ollama/ollama:0.24.0",
    "--operator-namespace=default",
    "--operator-labels=app=operator",
    "--ops-host=127.0.0.1",
    "--ops-port=0",
)


@dataclass(slots=True)
class Place:
    """An API server and an administrator's ways to it."""

    cluster: ApiServer
    api: Api
    audit: Audit


@contextmanager
def place() -> Iterator[Place]:
    """Start an API server that records every call, and have the CRD served."""
    with api_server(audit=True) as cluster:
        api = Api(cluster)
        api.create(custom_resource_definition(), path="/apis/apiextensions.k8s.io/v1/customresourcedefinitions")
        until("the CRD is served", lambda: api.is_served(PRIVATE_ASSISTANT), 30)
        yield Place(cluster, api, Audit(cluster.folder / "audit.jsonl"))
        api.close()


class Operator:
    """`python -m assistant_operator` for some namespaces, which holds a Lease of its own."""

    def __init__(self, where: Place, *namespaces: str, program: Sequence[str] = ("-m", "assistant_operator"), wait: bool = True) -> None:
        """With `wait`, return when it has seen what is there and its watches stand."""
        self._lease = f"operator-of-{namespaces[0]}"
        flags = [*FLAGS, *(f"--namespace={namespace}" for namespace in namespaces), f"--lease-name={self._lease}"]
        folders = ("operator/src", "gateway/src", "model/src", "egress/src")
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(str(ROOT / folder) for folder in folders),
            "KUBECONFIG": str(where.cluster.kubeconfig),
        }
        self._log = (where.cluster.folder / f"{self._lease}.log").open("ab")
        self._process = subprocess.Popen([sys.executable, *program, *flags], env=environment, stdout=self._log, stderr=self._log)
        atexit.register(self._process.kill)  # where a measurement fails
        if wait:
            until("the operator leads", lambda: where.api.lease_holder("default", self._lease), 30)
            where.audit.quiet(2.0)

    @property
    def pid(self) -> int:
        return self._process.pid

    def memory(self, field: str = "VmRSS") -> float:
        """Return resident memory in MB; VmHWM: the most that it ever was."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(f"{field}:"):
                return int(line.split()[1]) / 1000
        raise AssertionError(f"the operator has ended: its log is {self._log.name}")

    def cpu(self) -> float:
        """Return seconds of processor time so far, to the nanosecond: of short windows the kernel's ticks would show little."""
        threads = Path(f"/proc/{self.pid}/task").iterdir()
        return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        assert self._process.wait(60) == 0, f"the operator failed: its log is {self._log.name}"
        self._log.close()


def make_namespace(api: Api, name: str) -> None:
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}, path="/api/v1/namespaces")


def assistant(namespace: str, number: int) -> Object:
    return {"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": f"a{number}", "namespace": namespace}, "spec": SPEC}


def apply_all(api: Api, namespace: str, numbers: Sequence[int]) -> list[Object]:
    """Apply assistants as users would, several at once."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda number: api.apply(assistant(namespace, number)), numbers))


def end_pulls(api: Api, namespace: str) -> None:
    """Let every pull that runs succeed, as Job controller and kubelet would."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        running = (job for job in api.list(JOB, namespace) if not (job.get("status") or {}).get("conditions"))
        list(pool.map(lambda job: _end_pull(api, namespace, job), running))


def _end_pull(api: Api, namespace: str, job: Object) -> None:
    owner: dict[str, Any] = {"apiVersion": "batch/v1", "kind": "Job", "name": name_of(job), "uid": uid_of(job), "controller": True}
    labels = {key: job["metadata"]["labels"][key] for key in (LABEL_ASSISTANT, LABEL_COMPONENT)}
    meta: Object = {"name": f"{name_of(job)}-x", "namespace": namespace, "labels": labels, "ownerReferences": [owner]}
    spec = {"containers": [{"name": "x", "image": "x"}], "automountServiceAccountToken": False}
    api.create({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec})
    said = json.dumps({"name": SPEC["model"]["name"], "digest": DIGEST, "sizeBytes": 1})
    api.set_status(POD, namespace, meta["name"], {"phase": "Succeeded", "containerStatuses": [terminated("pull", 0, said)]})
    now = timestamp()
    ended = [{"type": kind, "status": "True", "lastTransitionTime": now} for kind in ("SuccessCriteriaMet", "Complete")]
    status = {"startTime": now, "completionTime": now, "conditions": ended, "succeeded": 1, "ready": 0, "terminating": 0}
    api.set_status(JOB, namespace, name_of(job), {**status, "uncountedTerminatedPods": {}})
