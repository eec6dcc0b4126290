"""One namespace of a real API server with an operator at work, and hands that play the controllers and kubelets which are not there."""

import json
import uuid
from dataclasses import dataclass, field
from typing import Any

from assistant_operator.kube.inventory import Ref
from assistant_operator.kube.kinds import (
    CLAIM,
    CONFIG_MAP,
    CRON_JOB,
    DEPLOYMENT,
    DISRUPTION_BUDGET,
    JOB,
    NETWORK_POLICY,
    POD,
    SECRET,
    SERVICE,
    SERVICE_ACCOUNT,
    STATEFUL_SET,
    Kind,
)
from assistant_operator.kube.objects import Object, condition, controller_uid, name_of, uid_of, version_of
from assistant_operator.naming import API_VERSION, KIND, LABEL_ASSISTANT, LABEL_COMPONENT, Names
from assistant_operator.reconcile.key import Key
from tests.cluster.apiserver import ApiServer
from tests.integration.api import Api
from tests.integration.history import History
from tests.integration.running import Hosts, Running
from tests.support.pods import terminated, timestamp
from tests.support.statuslint import lint
from tests.support.waiting import until

REGISTRY = "registry.test"
MODEL = f"{REGISTRY}:5000/library/smol:1"
OTHER_MODEL = f"{REGISTRY}:5000/library/smol:2"
DIGEST = "sha256:" + "a" * 64
OTHER_DIGEST = "sha256:" + "b" * 64
OPERATOR = "system:serviceaccount:operators:private-assistant-operator"

CHILD_KINDS: tuple[Kind, ...] = (
    NETWORK_POLICY, SERVICE_ACCOUNT, CONFIG_MAP, CLAIM, SERVICE, STATEFUL_SET, DEPLOYMENT, DISRUPTION_BUDGET, JOB,
    CRON_JOB, SECRET,
)  # fmt: skip


@dataclass
class Lab:
    """One test's world."""

    cluster: ApiServer
    api: Api
    namespace: str
    running: Running
    hosts: Hosts
    history: History
    name: str = "one"
    _audit_from: int = field(default=0)

    @property
    def key(self) -> Key:
        return Key(self.namespace, self.name)

    @property
    def names(self) -> Names:
        return Names(self.namespace, self.name)

    # What a user does.

    def manifest(self, spec: dict[str, Any] | None = None, name: str | None = None) -> Object:
        return {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "metadata": {"name": name or self.name, "namespace": self.namespace},
            "spec": spec or {"model": {"name": MODEL}},
        }

    def apply(self, spec: dict[str, Any] | None = None) -> Object:
        """Apply the assistant and wait until the operator has done what it can."""
        self.running.check()
        found = self.seen(self.api.apply(self.manifest(spec)))
        until("the operator has told of the generation", lambda: self._has_seen(found["metadata"]["generation"]))
        self.settle()
        return self.assistant()

    def _has_seen(self, generation: int) -> bool:
        ready = condition(self.api.assistant(self.namespace, self.name), "Ready")  # not yet to be linted
        return int(ready.get("observedGeneration", 0)) >= generation

    def claim(self, name: str) -> None:
        """Make a claim that is the user's own."""
        spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
        metadata = {"name": name, "namespace": self.namespace}
        self.api.apply({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec})

    def settle(self) -> None:
        self.running.settle()

    def restart(self) -> None:
        """Let another operator take this one's place, and wait until it has passed over the assistant."""
        self.running = self.running.again()
        until("the new operator has passed over it", lambda: self.running.passes > 0)
        self.settle()

    def make_ready(self, spec: dict[str, Any] | None = None) -> Object:
        """Apply the assistant, let its pull succeed and its pods become ready."""
        self.apply(spec)
        self.pull_succeeds()
        self.pods_become_ready()
        assistant = self.assistant()
        assert condition(assistant, "Ready").get("status") == "True", assistant["status"]
        return assistant

    def seen(self, obj: Object) -> Object:
        """Wait until the operator has seen this version of the object, or a newer one, and has come to rest."""
        operator = self.running.operator
        assert operator is not None

        def has() -> bool:
            self.running.check()
            known = operator.cache.find(Ref.of(obj))
            return known is not None and version_of(known.obj) >= version_of(obj)

        until("the operator has seen the object", has)
        self.settle()
        return obj

    # What is there.

    def assistant(self) -> Object:
        """Return the assistant; whoever looks at it checks its status by the way."""
        found = self.api.assistant(self.namespace, self.name)
        if found.get("status"):
            assert lint(found) == [], json.dumps(found["status"], indent=1)
        return found

    def condition(self, kind: str) -> Object:
        return condition(self.assistant(), kind)

    def verdict(self, kind: str = "Ready") -> tuple[str, str]:
        found = self.condition(kind)
        return str(found.get("status")), str(found.get("reason"))

    def expect(self, status: str, reason: str, kind: str = "Ready", seconds: float = 15) -> Object:
        """Wait for a condition."""
        until(f"{kind} is {status}/{reason}", lambda: self.verdict(kind) == (status, reason), seconds)
        return self.condition(kind)

    def children(self) -> list[Object]:
        return [obj for kind in CHILD_KINDS for obj in self.api.list(kind, self.namespace, f"{LABEL_ASSISTANT}={self.name}")]

    def fingerprint(self) -> dict[str, str]:
        """Return the version of every object of the assistant, and its own."""
        found = [*self.children(), self.assistant()]
        return {f"{obj['kind']}/{name_of(obj)}": obj["metadata"]["resourceVersion"] for obj in found}

    def child(self, kind: Kind, name: str) -> Object:
        return self.api.must_get(kind, self.namespace, name)

    def job(self) -> Object:
        """Return the pull Job of the newest spec: the one that has not ended, if there are two."""
        jobs = self.jobs("pull")
        assert jobs, "there is no pull Job"
        return sorted(jobs, key=lambda job: (not job.get("status", {}).get("conditions"), job["metadata"]["creationTimestamp"]))[-1]

    def jobs(self, component: str) -> list[Object]:
        return self.api.list(JOB, self.namespace, f"{LABEL_ASSISTANT}={self.name},{LABEL_COMPONENT}={component}")

    def stateful_set(self) -> Object:
        return self.child(STATEFUL_SET, self.names.stateful_set)

    # What controllers and kubelets do.

    def pod(self, owner: Object, component: str, status: Object) -> Object:
        """Make a pod of a Job or StatefulSet with the given status."""
        meta: Object = {
            "name": f"{name_of(owner)}-{uuid.uuid4().hex[:5]}",
            "namespace": self.namespace,
            "labels": {LABEL_ASSISTANT: self.name, LABEL_COMPONENT: component},
            "ownerReferences": [
                {
                    "apiVersion": owner["apiVersion"],
                    "kind": owner["kind"],
                    "name": name_of(owner),
                    "uid": owner["metadata"]["uid"],
                    "controller": True,
                }
            ],
        }
        containers = [{"name": part["name"], "image": "x"} for part in owner["spec"]["template"]["spec"]["containers"]]
        spec = {"containers": containers, "automountServiceAccountToken": False}
        self.api.create({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec})
        return self.seen(self.api.set_status(POD, self.namespace, meta["name"], status))

    def pull_succeeds(self, digest: str = DIGEST, size: int = 1000, *, with_pod: bool = True, at: str = "") -> None:
        """Let the pull Job end well, as its controller and kubelet would, now or at another time."""
        job = self.job()
        if with_pod:
            told: Object = {"name": MODEL, "digest": digest, "sizeBytes": size}
            arguments = job["spec"]["template"]["spec"]["containers"][0]["args"]
            if "--embedding" in arguments:
                name = arguments[arguments.index("--embedding") + 1]
                told["embedding"] = {"name": name, "digest": OTHER_DIGEST, "sizeBytes": 10}
            said = json.dumps(told)
            self.pod(job, "pull", {"phase": "Succeeded", "containerStatuses": [terminated("pull", 0, said)]})
        self.job_ends(job, "Complete", "SuccessCriteriaMet", at, succeeded=1)

    def pull_fails(self, reason: str, message: str, exit_code: int = 42) -> None:
        """Let the pull Job fail for good."""
        job = self.job()
        said = json.dumps({"reason": reason, "message": message})
        self.pod(job, "pull", {"phase": "Failed", "containerStatuses": [terminated("pull", exit_code, said)]})
        self.job_ends(job, "Failed", "FailureTarget", failed=1)

    def job_ends(self, job: Object, kind: str, before: str, at: str = "", **counts: int) -> None:
        now = at or timestamp()
        reason = "CompletionsReached" if kind == "Complete" else "PodFailurePolicy"
        ended = [
            {"type": one, "status": "True", "reason": reason, "message": "", "lastTransitionTime": now, "lastProbeTime": now}
            for one in (before, kind)
        ]
        status: Object = {"startTime": now, "conditions": ended, "ready": 0, "terminating": 0, "uncountedTerminatedPods": {}, **counts}
        if kind == "Complete":
            status["completionTime"] = now
        job = self.api.set_status(JOB, self.namespace, name_of(job), status)
        self.settle_after(job)

    def settle_after(self, job: Object) -> None:
        """Wait until the operator has seen the Job's end; it may have removed the Job for it."""
        operator = self.running.operator
        assert operator is not None

        def has() -> bool:
            known = operator.cache.find(Ref.of(job))
            return known is None or version_of(known.obj) >= version_of(job)

        until("the operator has seen the Job's end", has)
        self.settle()

    def another_job(self, than: Object) -> Object:
        """Wait for a Job that is not the given one."""

        def found() -> Object | None:
            jobs = self.jobs("pull")
            return next((job for job in jobs if uid_of(job) != uid_of(than)), None)

        return until("another Job", found)

    def gateway_runs(self, address: str = "127.0.0.1") -> Object:
        """Let a gateway's pod run that can be asked."""
        ready = [{"type": "Ready", "status": "True"}]
        status = {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}], "startTime": timestamp(), "conditions": ready}
        return self.pod(self.stateful_set(), "assistant", status)

    def pods_become_ready(self, name: str | None = None) -> None:
        """Let the roll-out of the gateways, or of another StatefulSet, end well."""
        found = until("the StatefulSet", lambda: self.api.get(STATEFUL_SET, self.namespace, name or self.names.stateful_set))
        replicas, generation = found["spec"]["replicas"], found["metadata"]["generation"]
        if name is None:
            for _ in range(len(self.gateway_pods()), replicas):
                self.gateway_runs()
        counts = dict.fromkeys(("replicas", "readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"), replicas)
        revision = f"revision-{generation}"
        status = {"observedGeneration": generation, "currentRevision": revision, "updateRevision": revision, **counts}
        self.seen(self.api.set_status(STATEFUL_SET, self.namespace, name_of(found), status))

    def proxy_becomes_ready(self) -> None:
        """Let the roll-out of the egress proxy end well."""
        found = self.child(DEPLOYMENT, self.names.egress_proxy)
        counts = dict.fromkeys(("replicas", "readyReplicas", "updatedReplicas", "availableReplicas"), found["spec"]["replicas"])
        status = {"observedGeneration": found["metadata"]["generation"], **counts}
        self.seen(self.api.set_status(DEPLOYMENT, self.namespace, name_of(found), status))

    def gateway_pods(self) -> list[Object]:
        """Return the pods of the gateways' StatefulSet."""
        pods = self.api.list(POD, self.namespace, f"{LABEL_ASSISTANT}={self.name},{LABEL_COMPONENT}=assistant")
        return [pod for pod in pods if controller_uid(pod) == uid_of(self.stateful_set())]

    # What was written.

    def writes(self) -> list[str]:
        """Return the operator's writes to this namespace since the last call, Leases and Events left out."""
        path = self.cluster.folder / "audit.jsonl"
        with path.open() as log:
            log.seek(self._audit_from)
            text = log.read()
        end = text.rfind("\n") + 1
        self._audit_from += len(text[:end].encode())
        records = [json.loads(line) for line in text[:end].splitlines()]
        return [
            f"{record['verb']} {record['requestURI'].partition('?')[0]} {record['responseStatus']['code']}"
            for record in records
            if record["user"]["username"] == OPERATOR
            and record["verb"] not in ("get", "list", "watch")
            and (record.get("objectRef") or {}).get("namespace") == self.namespace
            and (record.get("objectRef") or {}).get("resource") not in ("leases", "events")
        ]


def everything(lab: Lab) -> dict[tuple[str, str], Object]:
    return {(obj["kind"], name_of(obj)): obj for obj in lab.children()}
