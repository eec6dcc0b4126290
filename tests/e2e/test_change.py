"""Edits of a live assistant take effect, each shown by what the assistant does and not by what its objects say.

`edited` is one assistant whose every field was changed in one apply, with what was seen before and after. (That each field alone has its
effect, and its removal too, is shown on a real API server: tests/integration/test_change.py.)
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.cluster.node.addresses import BLOBS_IP, METADATA_IP, OUTSIDE_IP
from tests.cluster.node.cluster import Node
from tests.cluster.outside.world import HTTP_PORT
from tests.e2e.support.assistants import MODEL, OTHER_MODEL, Assistants
from tests.e2e.support.calls import calling
from tests.e2e.support.kubectl import Kubectl, KubectlError, Object, condition, until

NAME = "changing"
POD = f"{NAME}-0"
BEFORE: Object = {
    "model": {"name": MODEL},
    "access": {"keys": [{"name": "default"}, {"name": "old"}, {"name": "hasty"}]},
    "logging": {"level": "WARNING", "runtime": "Discard"},
}
AFTER: Object = {
    "model": {
        "name": MODEL,
        "contextLength": 512,
        "keepAlive": -1,
        "parallel": 2,
        "resources": {"limits": {"memory": "1536Mi"}},
        "pod": {"labels": {"cost-center": "research"}, "annotations": {"example.test/team": "ml"}},
    },
    "egress": {"mode": "Allowlist", "allow": [{"cidr": f"{OUTSIDE_IP}/32", "ports": [{"port": HTTP_PORT}]}]},
    "access": {
        "keys": [{"name": "default"}, {"name": "hasty"}, {"name": "new", "subject": "a new one"}],
        "from": [{"podSelector": {"matchLabels": {"role": "friend"}}}],
        "limits": {"requestsPerMinute": 30, "maxBodyBytes": 2048, "maxOutputTokens": 3},
    },
    "logging": {"level": "INFO", "format": "Text", "runtime": "Filtered"},
}


@dataclass(frozen=True)
class Scene:
    """The assistant and those around it."""

    assistants: Assistants
    keys: dict[str, str]

    @property
    def kubectl(self) -> Kubectl:
        return self.assistants.kubectl

    def status(self, **request: Any) -> int:
        """Return the status with which a request is answered."""
        return int(self.assistants.send(request, name=NAME)[0]["status"])

    def with_key(self, key: str) -> int:
        return self.status(path="/api/tags", method="GET", key=self.keys.get(key, "a-key-that-nobody-has"))

    def generate(self, **options: Any) -> Object:
        body = json.dumps({"model": MODEL, "prompt": "Count: 1 2 3", "stream": False, "options": options})
        answer: Object = json.loads(self.assistants.send({"path": "/api/generate", "body": body}, name=NAME)[0]["body"])
        return answer

    def inside(self, code: str) -> str:
        """Run Python in the gateway's container."""
        return self.kubectl.execute(POD, "python3", "-c", code, container="gateway")

    def loaded(self, **options: Any) -> Object:
        """Return what the model server says of the model in its memory, after a request with these options."""
        self.generate(num_predict=1, **options)
        text = self.inside("import urllib.request as u; print(u.urlopen('http://127.0.0.1:11434/api/ps').read().decode())")
        found: Object = json.loads(text)["models"][0]
        return found

    def environment(self, name: str) -> str | None:
        lines = self.kubectl.execute(POD, "sh", "-c", "tr '\\0' '\\n' < /proc/1/environ", container="ollama").splitlines()
        return next((line.partition("=")[2] for line in lines if line.startswith(f"{name}=")), None)

    def lines(self) -> list[str]:
        """Return the gateway's log but for its records of requests."""
        return [line for line in self.kubectl.logs(POD, container="gateway").splitlines() if '"record"' not in line]

    def pod(self) -> Object:
        return self.kubectl.get("pod", POD)

    def out(self) -> str:
        paths = {"allowed": (OUTSIDE_IP, HTTP_PORT), "port": (OUTSIDE_IP, 443), "address": (BLOBS_IP, 443), "metadata": (METADATA_IP, 80)}
        targets = {name: f"tcp:{host}:{port}" for name, (host, port) in paths.items()}
        found = self.assistants.probe(POD, targets, container="gateway")
        return ", ".join(sorted(name for name, answer in found.items() if answer != "blocked"))

    def reached_by(self, pod: str) -> str:
        target = f"tcp:{NAME}.{self.kubectl.namespace}.svc.cluster.local:443"
        return self.assistants.probe(pod, {"it": target})["it"]

    def burst(self) -> bool:
        """Tell whether forty requests at once are too many for one key."""
        request = {"path": "/api/version", "method": "GET", "key": self.keys["hasty"]}
        return 429 in {answer["status"] for answer in self.assistants.send(*[request] * 40, name=NAME)}


Look = Callable[[Scene], Any]
LOOKS: dict[str, tuple[Look, Any, Any]] = {
    "logging.level": (lambda scene: any("INFO" in line for line in scene.lines()), False, True),
    "logging.format": (lambda scene: any(not line.startswith("{") for line in scene.lines()), False, True),
    "logging.runtime": (lambda scene: any("ollama" in line for line in scene.lines()), False, True),
    "limits.requestsPerMinute": (Scene.burst, False, True),
    "limits.maxBodyBytes": (lambda scene: scene.status(path="/api/chat", body="x" * 4000), 400, 413),
    "limits.maxOutputTokens": (lambda scene: scene.generate(num_predict=8)["eval_count"], 8, 3),
    "keys: one stays": (lambda scene: scene.with_key("default"), 200, 200),
    "keys: one is removed": (lambda scene: scene.with_key("old"), 200, 401),
    "keys: one is added": (lambda scene: scene.with_key("new"), 401, 200),
    "keys: secrets": (lambda scene: key_secrets(scene.kubectl), ["default", "hasty", "old"], ["default", "hasty", "new"]),
    "access.from: a friend": (lambda scene: scene.reached_by("client"), "open", "open"),
    "access.from: a stranger": (lambda scene: scene.reached_by("stranger"), "open", "blocked"),
    "egress": (Scene.out, "", "allowed"),
    "model.contextLength": (lambda scene: scene.loaded(num_ctx=1024)["context_length"], 1024, 512),
    "model.contextLength to the model server": (lambda scene: scene.environment("OLLAMA_CONTEXT_LENGTH"), None, "512"),
    "model.keepAlive": (lambda scene: scene.loaded()["expires_at"] > "2100", False, True),
    "model.parallel": (lambda scene: scene.environment("OLLAMA_NUM_PARALLEL"), None, "2"),
    "model.resources": (lambda scene: memory_limit(scene.pod()), None, "1536Mi"),
    "model.pod.labels": (lambda scene: scene.pod()["metadata"]["labels"].get("cost-center"), None, "research"),
    "model.pod.annotations": (lambda scene: scene.pod()["metadata"]["annotations"].get("example.test/team"), None, "ml"),
}


@dataclass(frozen=True)
class Edited:
    """What was seen before and after the edit."""

    scene: Scene
    before: dict[str, Any]
    after: dict[str, Any]


@pytest.fixture(scope="module")
def edited(shared_assistants: Assistants) -> Edited:
    shared_assistants.ready(NAME, BEFORE)
    scene = Scene(shared_assistants, {name: shared_assistants.key(NAME, name) for name in ("default", "old", "hasty")})
    shared_assistants.client(NAME)
    scene.kubectl.run("label", "pod", "client", "role=friend")
    shared_assistants.pod("stranger")
    before = {name: look(scene) for name, (look, _, _) in LOOKS.items()}

    shared_assistants.apply(NAME, AFTER)
    shared_assistants.settled(NAME)
    scene.keys["new"] = shared_assistants.key(NAME, "new")
    return Edited(scene, before, {name: look(scene) for name, (look, _, _) in LOOKS.items()})


@pytest.fixture(scope="module")
def scene(edited: Edited) -> Scene:
    return edited.scene


@pytest.mark.parametrize("name", LOOKS)
def test_an_edited_field_takes_effect(edited: Edited, name: str) -> None:
    """What is seen of it is what the old spec says before, and what the new one says after."""
    _, old, new = LOOKS[name]
    assert (edited.before[name], edited.after[name]) == (old, new)


def test_another_pin_is_not_served_and_what_was_served_goes_on(scene: Scene) -> None:
    """A digest that the registry does not have: stalled, never Ready, and the verified model answers on. The right one settles it."""
    digest = scene.assistants.settled(NAME)["status"]["model"]["digest"]
    pod = scene.pod()["metadata"]["uid"]

    scene.kubectl.patch("pa", NAME, {"spec": {"model": {"digest": f"sha256:{'0' * 64}"}}})
    scene.kubectl.wait_for("pa", NAME, "condition=Stalled", 90)

    found = scene.kubectl.get("pa", NAME)
    assert condition(found, "Ready")["reason"] == condition(found, "ModelReady")["reason"] == "DigestMismatch"
    assert found["status"]["model"]["digest"] == digest
    assert scene.with_key("default") == 200
    scene.kubectl.patch("pa", NAME, {"spec": {"model": {"digest": digest}}})
    scene.assistants.settled(NAME)
    assert scene.pod()["metadata"]["uid"] == pod


def test_another_model_is_served_when_it_is_verified_and_not_before(node: Node, scene: Scene) -> None:
    """While the registry does not answer, the old model goes on serving; then the new one is served, and it alone."""
    with node.outside.behaving(broken=True):
        scene.kubectl.patch("pa", NAME, {"spec": {"model": {"name": OTHER_MODEL, "digest": None}}})
        until("the new model is wanted", lambda: condition(scene.kubectl.get("pa", NAME), "ModelReady").get("status") != "True")
        until("its pull runs", lambda: pull_runs(scene.kubectl), 90)
        meanwhile = models(scene)
        answered = scene.generate(num_predict=1)

    found = scene.assistants.settled(NAME)
    assert meanwhile == [MODEL]
    assert answered["done"] is True
    assert found["status"]["model"]["name"] == OTHER_MODEL
    assert models(scene) == [OTHER_MODEL]
    body = {"prompt": "Hello", "stream": False, "options": {"num_predict": 1}}
    answers = [scene.status(path="/api/generate", body=json.dumps(body | {"model": model})) for model in (MODEL, OTHER_MODEL)]
    assert answers == [404, 200]


def test_a_change_with_two_replicas_interrupts_nobody(scene: Scene) -> None:
    """Pods are replaced one after the other, each after its requests: a client that calls all the time sees no failure."""
    spec = {"model": {"name": OTHER_MODEL, "replicas": 2, "source": {"claim": {"name": f"{NAME}-models"}}}}
    scene.assistants.ready("twins", spec)
    scene.assistants.client("twins", "caller")
    before = twins(scene.kubectl)

    with calling(scene.assistants, "twins", "caller") as calls:
        scene.assistants.apply("twins", spec | {"logging": {"level": "WARNING"}})
        scene.assistants.settled("twins")
        after = twins(scene.kubectl)

    assert len(before) == len(after) == 2
    assert not before & after
    assert calls.made > 20
    assert calls.failures == []


def test_a_drain_takes_one_pod_after_the_other_and_is_not_held_up(scene: Scene) -> None:
    """As `kubectl drain` asks, by evictions: the second pod when the first is back, nobody refused; a pod that cannot serve at once."""
    spec: Object = {"model": {"name": OTHER_MODEL, "replicas": 2, "source": {"claim": {"name": f"{NAME}-models"}}}}
    scene.assistants.ready("twins", spec)
    scene.assistants.client("twins", "caller")
    before = twins(scene.kubectl)

    with calling(scene.assistants, "twins", "caller") as calls:
        assert evict(scene.kubectl, "twins-0") == ""
        assert "disruption budget" in evict(scene.kubectl, "twins-1")
        until("the other may go too", lambda: evict(scene.kubectl, "twins-1") == "", 180)
        until("both are others", lambda: len(twins(scene.kubectl) - before) == 2, 60)
        scene.assistants.settled("twins")
    assert calls.made > 20
    assert calls.failures == []

    scene.kubectl.patch("pa", "twins", {"spec": {"model": {"pod": {"nodeSelector": {"example.test/none": "such"}}}}})
    pending = until("a pod has no place", lambda: [pod for pod in pods(scene.kubectl) if pod["status"]["phase"] == "Pending"], 120)
    assert evict(scene.kubectl, pending[0]["metadata"]["name"]) == ""


def key_secrets(kubectl: Kubectl) -> list[str]:
    names = (secret["metadata"]["name"] for secret in kubectl.list("secrets", f"privateassistant.dev/assistant={NAME}"))
    return sorted(name.removeprefix(f"{NAME}-key-") for name in names if "-key-" in name)


def memory_limit(pod: Object) -> str | None:
    """Return the limit that the kubelet set for the model server."""
    status = next(found for found in pod["status"]["initContainerStatuses"] if found["name"] == "ollama")
    limit: str | None = (status.get("resources", {}).get("limits") or {}).get("memory")
    return limit


def models(scene: Scene) -> list[str]:
    answer = scene.assistants.send({"path": "/api/tags", "method": "GET"}, name=NAME)[0]
    return [found["name"] for found in json.loads(answer["body"])["models"]]


def pull_runs(kubectl: Kubectl) -> bool:
    pods = kubectl.list("pods", f"privateassistant.dev/assistant={NAME},privateassistant.dev/component=pull")
    return any(pod["status"]["phase"] == "Running" for pod in pods)


def twins(kubectl: Kubectl) -> set[str]:
    return {pod["metadata"]["uid"] for pod in pods(kubectl)}


def pods(kubectl: Kubectl) -> list[Object]:
    return kubectl.list("pods", "privateassistant.dev/assistant=twins,privateassistant.dev/component=assistant")


def evict(kubectl: Kubectl, pod: str) -> str:
    """Ask for the pod's eviction; return why it is refused for now, nothing where it is not."""
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": kubectl.namespace}}
    where = f"/api/v1/namespaces/{kubectl.namespace}/pods/{pod}/eviction"
    try:
        kubectl.run("create", "--raw", where, "-f", "-", stdin=json.dumps(eviction))
    except KubectlError as error:
        return str(error)
    return ""
