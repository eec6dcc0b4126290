"""`make demo`: a cluster, the chart, one resource, one question, and what each step took.

The question is asked from a pod in the assistant's namespace, with the OpenAI SDK, through the assistant's Service: its name, its TLS
certificate checked against the published authority, its key from the Secret that the operator made.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.cluster import builds
from tests.cluster.install import install
from tests.cluster.interface import Cluster
from tests.cluster.paths import HERE, REPOSITORY
from tests.cluster.progress import say, step
from tests.cluster.shell import ClusterError

EXAMPLE = REPOSITORY / "examples" / "minimal.yaml"
ASSISTANT, ASSISTANT_NAMESPACE, MODEL = "minimal", "default", "smollm2:135m"
QUESTION = "What is the capital of France? Answer in one sentence."
CLIENT = "demo-client"
READY_WITHIN = 600.0
TRIES = 3


def demo(cluster: Cluster) -> None:
    """Go from whatever there is to an answer; to be repeated at will."""
    watch = StopWatch()
    with watch.step("the cluster runs"):
        cluster.up()
    with watch.step("the operator is installed (helm)"):
        images = cluster.load_images()
        install(cluster, images)
    with watch.step(f"{EXAMPLE.relative_to(REPOSITORY)} is Ready"):
        cluster.kubectl("apply", "--namespace", ASSISTANT_NAMESPACE, "--filename", EXAMPLE)
        wait_ready(cluster)
    with watch.step("a client pod runs"):
        _start_client(cluster, images["client"])
    with watch.step("the question is answered"):
        answer = ask(cluster)
    say("kubectl get pa:\n\n" + cluster.kubectl("get", "pa", "--namespace", ASSISTANT_NAMESPACE))
    text, _, figures = answer.strip().rpartition("\n")
    print(f"\nQuestion: {QUESTION}\nAnswer:   {text}\n          ({figures})\n")
    print(watch.report())
    print("\nGo on with:")
    print(f"  export KUBECONFIG={cluster.kubeconfig} PATH={builds.built('kubectl').parent}:$PATH")
    print(f"  kubectl describe pa {ASSISTANT}\nRemove it all with: make demo-down")


class StopWatch:
    """Seconds of each step."""

    def __init__(self) -> None:
        self._steps: list[tuple[str, float]] = []

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        begin = time.monotonic()
        yield
        self._steps.append((what, time.monotonic() - begin))

    def report(self) -> str:
        rows = [*self._steps, ("in all", sum(seconds for _, seconds in self._steps))]
        return "\n".join(f"{seconds:8.1f} s  {what}" for what, seconds in rows)


def wait_ready(cluster: Cluster) -> None:
    """Wait for Ready, and show each new reason on the way."""
    end, shown = time.monotonic() + READY_WITHIN, ""
    while True:
        status = _status(cluster)
        ready = next((item for item in status.get("conditions", []) if item["type"] == "Ready"), {"status": "Unknown"})
        text = f"Ready={ready['status']} {ready.get('reason', '')}: {ready.get('message', 'no status yet')}"
        if text != shown:
            say(text)
            shown = text
        if ready["status"] == "True":
            return
        if time.monotonic() > end:
            raise ClusterError(f"pa/{ASSISTANT} is not Ready after {READY_WITHIN:g} s; it says: {text}")
        time.sleep(0.5)


def _status(cluster: Cluster) -> dict[str, Any]:
    text = cluster.kubectl("get", "pa", ASSISTANT, "--namespace", ASSISTANT_NAMESPACE, "--output", "json")
    status: dict[str, Any] = json.loads(text).get("status", {})
    return status


def _start_client(cluster: Cluster, image: str) -> None:
    manifest = json.dumps(client_pod(CLIENT, ASSISTANT, image))
    namespace = ("--namespace", ASSISTANT_NAMESPACE)
    cluster.kubectl("delete", "pod", CLIENT, *namespace, "--ignore-not-found", "--wait")
    cluster.kubectl("apply", *namespace, "--filename", "-", stdin=manifest)
    cluster.kubectl("wait", "--for=condition=Ready", f"pod/{CLIENT}", *namespace, "--timeout=60s")


def client_pod(name: str, assistant: str, image: str) -> dict[str, Any]:
    """Return a restricted pod with the SDKs and with the assistant's authority and key, as an application's would have them."""
    container = {
        "name": "client",
        "image": image,
        "volumeMounts": [
            {"name": "ca", "mountPath": "/etc/assistant/ca", "readOnly": True},
            {"name": "key", "mountPath": "/etc/assistant/key", "readOnly": True},
        ],
        "securityContext": {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}},
    }
    spec = {
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 1,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 65532, "fsGroup": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
        "volumes": [
            {"name": "ca", "configMap": {"name": f"{assistant}-ca"}},
            {"name": "key", "secret": {"secretName": f"{assistant}-key-default", "defaultMode": 0o440}},
        ],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


def ask(cluster: Cluster) -> str:
    """Return the answer. What was just installed may replace the pod of an assistant that was Ready: then it is asked once more."""
    for _ in range(TRIES - 1):
        try:
            return _ask(cluster)
        except ClusterError:
            say(f"no answer: the pods of pa/{ASSISTANT} may be on their way to what was just installed; it is asked again when it is Ready")
            time.sleep(2)  # until status tells of the pod that went
            wait_ready(cluster)
    return _ask(cluster)


def _ask(cluster: Cluster) -> str:
    url = f"https://{ASSISTANT}.{ASSISTANT_NAMESPACE}.svc.cluster.local/v1"
    program = (HERE / "client" / "ask.py").read_text()
    with step(f"ask {url}"):
        return cluster.kubectl(
            *("exec", "--stdin", CLIENT, "--namespace", ASSISTANT_NAMESPACE, "--", "python3", "-", url, MODEL, QUESTION), stdin=program
        )
