"""Controllers and kubelets for many assistants at once: whatever was made runs, and no test waits for one after the other."""

import json
from collections.abc import Iterable

from assistant_operator.kube.kinds import JOB, POD, STATEFUL_SET
from assistant_operator.kube.objects import Object, controller_uid, name_of, uid_of
from assistant_operator.naming import LABEL_ASSISTANT, LABEL_COMPONENT
from tests.integration.api import Api
from tests.integration.lab import DIGEST, MODEL
from tests.support.pods import terminated, timestamp


class Hands:
    """Of one namespace."""

    def __init__(self, api: Api, namespace: str) -> None:
        self._api = api
        self._namespace = namespace

    def work(self) -> None:
        """Let every Job end well, and every StatefulSet have the pods that it asks for."""
        for job in self._api.list(JOB, self._namespace):
            if not job.get("status", {}).get("conditions") and "deletionTimestamp" not in job["metadata"]:
                self._end(job)
        sets = self._api.list(STATEFUL_SET, self._namespace)
        behind = [found for found in sets if found.get("status", {}).get("observedGeneration") != found["metadata"]["generation"]]
        pods = self._api.list(POD, self._namespace) if behind else []
        for found in behind:
            self._roll_out(found, pods)

    def _end(self, job: Object) -> None:
        said = json.dumps({"name": MODEL, "digest": DIGEST, "sizeBytes": 1000})
        self._pod(job, f"{name_of(job)}-0", {"phase": "Succeeded", "containerStatuses": [terminated("pull", 0, said)]})
        now = timestamp()
        ended = [
            {"type": one, "status": "True", "reason": "CompletionsReached", "message": "", "lastTransitionTime": now, "lastProbeTime": now}
            for one in ("SuccessCriteriaMet", "Complete")
        ]
        counts = {"ready": 0, "terminating": 0, "uncountedTerminatedPods": {}, "succeeded": 1}
        self._status(job, {"startTime": now, "completionTime": now, "conditions": ended, **counts})

    def _roll_out(self, found: Object, pods: Iterable[Object]) -> None:
        replicas, generation = found["spec"]["replicas"], found["metadata"]["generation"]
        running = [pod for pod in pods if controller_uid(pod) == uid_of(found)]
        for number in range(len(running), replicas):
            ready = [{"type": "Ready", "status": "True"}]
            status = {
                "phase": "Running",
                "podIP": "127.0.0.1",
                "podIPs": [{"ip": "127.0.0.1"}],
                "startTime": timestamp(),
                "conditions": ready,
            }
            self._pod(found, f"{name_of(found)}-{uid_of(found)[:4]}-{number}", status)
        counts = dict.fromkeys(("replicas", "readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"), replicas)
        self._status(found, {"observedGeneration": generation, "currentRevision": "r", "updateRevision": "r", **counts})

    def _pod(self, owner: Object, name: str, status: Object) -> None:
        labels = {key: owner["metadata"]["labels"][key] for key in (LABEL_ASSISTANT, LABEL_COMPONENT)}
        reference = {
            "apiVersion": owner["apiVersion"],
            "kind": owner["kind"],
            "name": name_of(owner),
            "uid": uid_of(owner),
            "controller": True,
        }
        metadata = {"name": name, "namespace": self._namespace, "labels": labels, "ownerReferences": [reference]}
        containers = [{"name": part["name"], "image": "x"} for part in owner["spec"]["template"]["spec"]["containers"]]
        spec = {"containers": containers, "automountServiceAccountToken": False}
        self._api.asked("POST", POD.path(self._namespace), {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
        self._api.set_status(POD, self._namespace, name, status)

    def _status(self, obj: Object, status: Object) -> None:
        """The object may be gone again, or another one: then there is more to do next time."""
        kind = JOB if obj["kind"] == JOB.kind else STATEFUL_SET
        self._api.patched(kind.path(self._namespace, name_of(obj), "status"), {"metadata": {"uid": uid_of(obj)}, "status": status})
