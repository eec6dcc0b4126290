"""Assistants and their clients in one namespace of the node."""

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assistant_operator.naming import Names
from tests.e2e.support.kubectl import Kubectl, condition, until

MODEL = "smollm2:135m"
OTHER_MODEL = "smollm2:alt"
EMBEDDING_MODEL = "all-minilm:l6-v2"
OTHER_EMBEDDING_MODEL = "all-minilm:alt"
CLIENTS = Path(__file__).resolve().parents[1] / "clients"
SETTLE_SECONDS = 300
"""Within which an assistant is Ready: the pull and the model's load on two busy cores."""

POD_SECURITY = {
    "runAsNonRoot": True,
    "runAsUser": 65532,
    "runAsGroup": 65532,
    "fsGroup": 65532,
    "seccompProfile": {"type": "RuntimeDefault"},
}
CONTAINER_SECURITY = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}


class Assistants:
    """Makes assistants, waits for them, and calls them as clients do."""

    def __init__(self, kubectl: Kubectl, images: Mapping[str, str]) -> None:
        self.kubectl = kubectl
        self.images = images

    def apply(self, name: str = "minimal", spec: Mapping[str, Any] | None = None) -> None:
        """Apply an assistant; a model is added where the spec names none."""
        whole = {"model": {"name": MODEL}} | dict(spec or {})
        self.kubectl.apply(
            {"apiVersion": "privateassistant.dev/v1alpha1", "kind": "PrivateAssistant", "metadata": {"name": name}, "spec": whole}
        )

    def ready(self, name: str = "minimal", spec: Mapping[str, Any] | None = None) -> None:
        """Apply an assistant and wait until it is Ready."""
        self.apply(name, spec)
        self.kubectl.wait_for("pa", name, "condition=Ready", SETTLE_SECONDS)

    def settled(self, name: str = "minimal") -> dict[str, Any]:
        """Wait until the last change is Ready (its generation observed) and return the resource."""

        def done() -> dict[str, Any] | None:
            found = self.kubectl.get("pa", name)
            status = found.get("status") or {}
            ready = condition(found, "Ready")
            current = status.get("observedGeneration") == found["metadata"]["generation"] == ready.get("observedGeneration")
            return found if current and ready.get("status") == "True" else None

        try:
            found: dict[str, Any] = until(f"assistant {name} is Ready for its generation", done, SETTLE_SECONDS, 0.5)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.kubectl.explain('pa', name)}") from None
        return found

    def key(self, name: str = "minimal", key: str = "default") -> str:
        """Return a generated key."""
        data = self.kubectl.get("secret", Names(self.kubectl.namespace, name).key_secret(key))["data"]["api-key"]
        return base64.b64decode(data).decode()

    def authority(self, name: str = "minimal") -> str:
        """Return the PEM of the CA that clients trust."""
        certificate: str = self.kubectl.get("configmap", Names(self.kubectl.namespace, name).ca_config)["data"]["ca.crt"]
        return certificate

    def endpoint(self, name: str = "minimal") -> str:
        return f"https://{name}.{self.kubectl.namespace}.svc.cluster.local"

    def image(self, name: str = "minimal", container: str = "gateway") -> str:
        """Return the image that a container of the assistant's first pod runs; empty while there is no pod."""
        pod = self.kubectl.find("pod", f"{name}-0") or {"spec": {"containers": ()}}
        return next((str(one["image"]) for one in pod["spec"]["containers"] if one["name"] == container), "")

    def client(self, name: str = "minimal", pod: str = "client", key: str = "default") -> str:
        """Start a pod with the SDKs, a key of the assistant in /key and its CA in /ca; return its name."""
        names = Names(self.kubectl.namespace, name)
        volumes = {"key": {"secret": {"secretName": names.key_secret(key)}}, "ca": {"configMap": {"name": names.ca_config}}}
        return self.pod(pod, volumes)

    def run(self, client: str, *arguments: str, name: str = "minimal", pod: str = "client") -> Any:
        """Run one of clients/ in a client pod with the endpoint and these arguments; return what it printed."""
        script = (CLIENTS / f"{client}.py").read_text()
        return json.loads(self.kubectl.execute(pod, "python3", "-", self.endpoint(name), *arguments, stdin=script, timeout=300))

    def pod(self, pod: str, volumes: Mapping[str, Any] | None = None, kubectl: Kubectl | None = None) -> str:
        """Start a restricted pod that sleeps, with Python in it, wait for it, and return its name."""
        where = kubectl or self.kubectl
        container = {
            "name": "client",
            "image": self.images["client"],
            "securityContext": CONTAINER_SECURITY,
            "volumeMounts": [{"name": volume, "mountPath": f"/{volume}"} for volume in volumes or {}],
        }
        spec = {
            "terminationGracePeriodSeconds": 1,
            "automountServiceAccountToken": False,
            "securityContext": POD_SECURITY,
            "containers": [container],
            "volumes": [{"name": volume, **source} for volume, source in (volumes or {}).items()],
        }
        where.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": pod}, "spec": spec})
        where.wait_for("pod", pod, "condition=Ready", 60)
        return pod

    def ask(self, sdk: str, prompt: str, *, name: str = "minimal", pod: str = "client", model: str = MODEL) -> dict[str, Any]:
        """Call the assistant by an SDK (`openai` or `ollama`) from a client pod, through the Service; see clients/."""
        script = (CLIENTS / f"{sdk}_sdk.py").read_text()
        answer: dict[str, Any] = json.loads(
            self.kubectl.execute(pod, "python3", "-", self.endpoint(name), model, prompt, stdin=script, timeout=180)
        )
        return answer

    def send(self, *requests: Mapping[str, Any], name: str = "minimal", pod: str = "client") -> list[dict[str, Any]]:
        """Send requests as they are from a client pod, and return the answers; see clients/send.py."""
        script = (CLIENTS / "send.py").read_text()
        text = self.kubectl.execute(pod, "python3", "-", self.endpoint(name), json.dumps(requests), stdin=script, timeout=300)
        answers: list[dict[str, Any]] = json.loads(text)
        return answers

    def probe(self, pod: str, paths: Mapping[str, str], *, container: str | None = None, kubectl: Kubectl | None = None) -> dict[str, str]:
        """Try paths (`name: "tcp:host:port"`) from inside a pod; see clients/probe.py for the answers."""
        script = (CLIENTS / "probe.py").read_text()
        arguments = [f"{name}={path}" for name, path in paths.items()]
        found: dict[str, str] = json.loads(
            (kubectl or self.kubectl).execute(pod, "python3", "-", *arguments, container=container, stdin=script)
        )
        return found
