"""The release before this one, with an assistant that keeps conversations, is upgraded by `helm upgrade` to this one: nothing is lost."""

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.cluster.images.previous import VERSION, chart_of, checkout, previous_images
from tests.cluster.install import NAMESPACE, RELEASE, install
from tests.cluster.node.cluster import Node
from tests.e2e.support.assistants import MODEL, Assistants
from tests.e2e.support.kubectl import Kubectl, Object, condition, until
from tests.e2e.support.objects import EVENTS, everything, names

NAME = "veteran"
DEFINITION = "privateassistants.privateassistant.dev"
CANARY = f"kestrel{secrets.token_hex(6)}"
SPEC: dict[str, Any] = {
    "retention": {"conversations": {"mode": "Keep", "ttl": "1h"}},
    "access": {"keys": [{"name": "alice"}, {"name": "bob"}]},
}
KEPT = ("Secret", "PersistentVolumeClaim", "ConfigMap", "Service", "ServiceAccount", "StatefulSet", "NetworkPolicy")
"""Kinds of which every object outlives the upgrade."""
PASSING = (*EVENTS, "pods", "controllerrevisions.apps", "endpoints", "endpointslices.discovery.k8s.io", "pods.metrics.k8s.io")
"""What others make, and make anew."""


@dataclass(frozen=True)
class Scene:
    """The assistant as the release before made it, and the upgrade."""

    assistants: Assistants
    node: Node
    images: dict[str, str]

    @property
    def kubectl(self) -> Kubectl:
        return self.assistants.kubectl

    def send(self, path: str, body: Any = None) -> Any:
        request = {"path": path, "method": "POST" if body else "GET", "body": json.dumps(body) if body else None}
        (answer,) = self.assistants.send(request, name=NAME, pod="alice")
        assert answer["status"] == 200, answer
        return json.loads(answer["body"])

    def read(self, conversation: str) -> str:
        return json.dumps(self.send(f"/v1/conversations/{conversation}/items"))

    def children(self) -> dict[str, Object]:
        """Return every lasting object of the namespace, by kind and name."""
        return {next(iter(names([one]))): one for one in everything(self.kubectl, *PASSING)}


@pytest.fixture(scope="module")
def scene(node: Node, images: dict[str, str], shared_assistants: Assistants) -> Iterator[Scene]:
    """The release before, alone in the cluster, as if there had been no other; afterwards this one again, for all other tests."""
    made = previous_images()
    node.bring(*made.values())
    kubectl = shared_assistants.kubectl
    try:
        with checkout() as folder:
            node.helm("uninstall", RELEASE, "--namespace", NAMESPACE, "--wait")
            kubectl.delete("crd", DEFINITION)
            install(node, images | {short: image.reference for short, image in made.items()}, chart=chart_of(folder))
        shared_assistants.ready(NAME, SPEC)
        shared_assistants.client(NAME, "alice", "alice")
        yield Scene(shared_assistants, node, images)
    finally:
        if kubectl.find("crd", DEFINITION) is not None:
            kubectl.delete("pa", NAME)
        install(node, images)


@pytest.fixture(scope="module")
def conversation(scene: Scene) -> str:
    """A conversation of the release before, with the canary in it."""
    items = [{"type": "message", "role": "user", "content": f"Remember this word: {CANARY}"}]
    identity: str = scene.send("/v1/conversations", {"items": items})["id"]
    return identity


def test_an_assistant_of_the_release_before_goes_on(scene: Scene, conversation: str) -> None:
    """Its keys, certificates, volumes and conversations are the same, its pods are the new release's, and nothing is left over."""
    kubectl = scene.kubectl
    assert VERSION in scene.assistants.image(NAME)
    old = scene.children()

    install(scene.node, scene.images)
    until("its pod is the new release's", lambda: scene.assistants.image(NAME) == scene.images["gateway"], 180)
    now = scene.assistants.settled(NAME)

    assert CANARY in scene.read(conversation)
    body = {"model": MODEL, "max_tokens": 4, "conversation": conversation, "messages": [{"role": "user", "content": "Go on."}]}
    assert scene.send("/v1/chat/completions", body)["choices"]
    holding = {one["type"] for one in now["status"]["conditions"] if one["status"] == "True"}
    assert holding >= {"Ready", "UpToDate", "EgressConfined", "RedactionActive", "StoreReady"}
    assert condition(now, "ImagesUnaffected")
    new = scene.children()
    assert set(new) == set(old)
    assert identities(new) == identities(old)
    assert secrets_of(new) == secrets_of(old)
    window = {"window": {"start": "02:30", "duration": "1h"}}
    kubectl.patch("pa", NAME, {"spec": {"maintenance": window}})
    assert scene.assistants.settled(NAME)["spec"]["maintenance"] == window  # the release before would have dropped it
    assert CANARY not in json.dumps([now, *kubectl.list("events", "")]) + kubectl.logs(f"{NAME}-0")


def test_the_way_back(scene: Scene, conversation: str) -> None:
    """`helm rollback` brings the release before back, its definition and its pods; what it does not know leaves spec and status."""
    kept = secrets_of(scene.children())

    scene.node.helm("rollback", RELEASE, "--namespace", NAMESPACE, "--wait", "--timeout", "120s")
    until("its pod is the release's before", lambda: VERSION in scene.assistants.image(NAME), 180)
    now = scene.assistants.settled(NAME)

    assert CANARY in scene.read(conversation)
    assert secrets_of(scene.children()) == kept
    assert "maintenance" not in now["spec"]
    assert condition(now, "UpToDate") == {}


def identities(found: dict[str, Object]) -> dict[str, str]:
    return {name: one["metadata"]["uid"] for name, one in found.items() if one["kind"] in KEPT}


def secrets_of(found: dict[str, Object]) -> dict[str, Object]:
    return {name: one["data"] for name, one in found.items() if one["kind"] == "Secret"}
