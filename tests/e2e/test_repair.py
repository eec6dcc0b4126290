"""What is deleted or edited by hand comes back, within seconds; what nobody touched is not written; and what is removed is gone.

One assistant goes through all of it. (Every kind and many more edits, on a real API server: tests/integration/test_repair.py.)
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.node.addresses import METADATA_IP, OUTSIDE_IP
from tests.cluster.outside.world import HTTP_PORT
from tests.e2e.support.assistants import Assistants
from tests.e2e.support.kubectl import Kubectl, Object, condition, until
from tests.e2e.support.objects import EVENTS, at_rest, events, everything, names, versions
from tests.e2e.support.operating import Operating

NAME = "mended"
POD = f"{NAME}-0"
SECONDS = 30.0
"""Within which a repair is done, on a machine that is busy with other things."""
OUT = {"outside": f"tcp:{OUTSIDE_IP}:{HTTP_PORT}", "metadata": f"tcp:{METADATA_IP}:80"}
ANYWHERE: Object = {"spec": {"egress": [{}]}}
NOT_OURS = (*EVENTS, "pods.metrics.k8s.io")


@dataclass(frozen=True)
class Scene:
    """The assistant, and what was in the namespace before it came."""

    assistants: Assistants
    before: set[str]

    @property
    def kubectl(self) -> Kubectl:
        return self.assistants.kubectl

    def answers(self) -> bool:
        return bool(self.assistants.send({"path": "/api/tags", "method": "GET"}, name=NAME)[0]["status"] == 200)

    def ways_out(self) -> set[str]:
        """Return which paths outside are open to the assistant's pod."""
        found = self.assistants.probe(POD, OUT, container="gateway")
        return {name for name, answer in found.items() if answer != "blocked"}


@pytest.fixture(scope="module")
def scene(shared_assistants: Assistants) -> Scene:
    found = Scene(shared_assistants, names(everything(shared_assistants.kubectl, *EVENTS)))
    shared_assistants.ready(NAME)
    shared_assistants.client(NAME)
    return found


CHILDREN = [
    ("networkpolicy", NAME),
    ("networkpolicy", f"{NAME}-pull"),
    ("configmap", f"{NAME}-policy"),
    ("configmap", f"{NAME}-ca"),
    ("service", NAME),
    ("service", f"{NAME}-headless"),
    ("serviceaccount", NAME),
    ("poddisruptionbudget", NAME),
]


@pytest.mark.parametrize(("kind", "name"), CHILDREN)
def test_a_deleted_child_comes_back(scene: Scene, kind: str, name: str) -> None:
    """As it was, and within seconds."""
    before = scene.kubectl.get(kind, name)

    scene.kubectl.delete(kind, name)

    found = until(f"{kind} {name} is back", lambda: scene.kubectl.find(kind, name), SECONDS)
    assert found["metadata"]["uid"] != before["metadata"]["uid"]
    until("it is as it was", lambda: intent(scene.kubectl.get(kind, name)) == intent(before), SECONDS)


def test_the_assistant_serves_again_after_its_workload_was_deleted(scene: Scene) -> None:
    """A StatefulSet that was deleted, and its pods with it, comes back and serves."""
    before = scene.kubectl.get("pod", POD)["metadata"]["uid"]

    scene.kubectl.delete("statefulset", NAME)

    until("its pod is another one", lambda: (pod := scene.kubectl.find("pod", POD)) and pod["metadata"]["uid"] != before, 150)
    scene.assistants.settled(NAME)
    until("it answers", scene.answers, 60)  # the Service's ways follow a moment after the pod


EDITS: list[Any] = [
    pytest.param("networkpolicy", NAME, ANYWHERE, id="a way out is opened"),
    pytest.param("networkpolicy", NAME, {"spec": {"ingress": [{}]}}, id="everybody is let in"),
    pytest.param("networkpolicy", f"{NAME}-pull", ANYWHERE, id="the pull may go anywhere"),
    pytest.param("configmap", f"{NAME}-policy", {"data": {"policy.json": "{}"}}, id="the policy is emptied"),
    pytest.param("configmap", f"{NAME}-ca", {"data": {"ca.crt": "another"}}, id="the CA is exchanged"),
    pytest.param("service", NAME, {"spec": {"selector": {"app": "another"}}}, id="the service leads elsewhere"),
    pytest.param("statefulset", NAME, {"spec": {"replicas": 2}}, id="it is scaled"),
]


@pytest.mark.parametrize(("kind", "name", "edit"), EDITS)
def test_an_edit_by_hand_is_undone(scene: Scene, kind: str, name: str, edit: Object) -> None:
    """Within seconds, and wholly."""
    before = intent(scene.kubectl.get(kind, name))

    scene.kubectl.patch(kind, name, edit)

    until(f"{kind} {name} is as before", lambda: intent(scene.kubectl.get(kind, name)) == before, SECONDS)


def test_after_all_that_the_assistant_is_as_closed_and_as_ready_as_before(scene: Scene) -> None:
    """The edits above left no way open, and broke nothing."""
    scene.assistants.settled(NAME)
    until("it answers", scene.answers, 60)
    assert scene.ways_out() == set()


def test_a_deleted_key_comes_back_as_another_one(scene: Scene) -> None:
    """Secrets are not watched, so it takes the next look, for whatever reason: here another child's deletion."""
    before = scene.assistants.key(NAME)
    scene.kubectl.delete("secret", f"{NAME}-key-default")

    scene.kubectl.delete("configmap", f"{NAME}-ca")

    until("the key is back", lambda: scene.kubectl.find("secret", f"{NAME}-key-default"), SECONDS)
    assert scene.assistants.key(NAME) not in ("", before)


def test_suspend_stops_the_operators_hand(scene: Scene) -> None:
    """An edit stays while the assistant is suspended (another assistant's is undone meanwhile) and is undone afterwards; pods go on."""
    pod = scene.kubectl.get("pod", POD)["metadata"]["uid"]
    scene.assistants.apply("other", {"model": {"name": "smollm2:135m", "source": {"claim": {"name": "missing"}}}})
    closed = intent(until("the other has its policy", lambda: scene.kubectl.find("networkpolicy", "other"), 90))
    scene.kubectl.patch("pa", NAME, {"spec": {"suspend": True}})
    until("it is suspended", lambda: condition(scene.kubectl.get("pa", NAME), "Ready").get("reason") == "Suspended", 90)

    for name in (NAME, "other"):
        scene.kubectl.patch("networkpolicy", name, ANYWHERE)
    until("the other's edit is undone", lambda: intent(scene.kubectl.get("networkpolicy", "other")) == closed, SECONDS)

    until("the way out is open", lambda: scene.ways_out() == set(OUT), 90)
    until("it answers", scene.answers, 60)
    scene.kubectl.patch("pa", NAME, {"spec": {"suspend": None}})
    scene.assistants.settled(NAME)
    assert "egress" not in scene.kubectl.get("networkpolicy", NAME)["spec"]
    until("the way out is closed", lambda: scene.ways_out() == set(), 90)
    assert scene.kubectl.get("pod", POD)["metadata"]["uid"] == pod
    scene.kubectl.delete("pa", "other")
    until(
        "nothing of the other is left", lambda: not [one for one in names(everything(scene.kubectl, *NOT_OURS)) if "/other" in one], 120, 1
    )


def test_a_new_operator_that_finds_all_as_it_shall_be_writes_nothing(scene: Scene, operator: Kubectl) -> None:
    """Its first pass over every assistant changes no object, no status, and posts no event. Pods are the kubelet's to write."""
    others = (*NOT_OURS, "pods")
    scene.assistants.settled(NAME)
    before, told = at_rest(scene.kubectl, *others), names(events(scene.kubectl))

    Operating(operator).restart()

    assert (versions(everything(scene.kubectl, *others)), names(events(scene.kubectl))) == (before, told)


def test_a_removed_assistant_leaves_nothing(scene: Scene) -> None:
    """No object of any kind, no Secret, no claim, no volume, no file."""
    claim = scene.kubectl.get("pvc", f"{NAME}-models")
    volume = scene.kubectl.get("pv", claim["spec"]["volumeName"])
    assert any(Path(volume["spec"]["hostPath"]["path"]).iterdir())

    scene.kubectl.delete("pa", NAME)

    stays = {*scene.before, "Pod/client"}
    until("only what was there before is there", lambda: names(everything(scene.kubectl, *NOT_OURS)) - stays == set(), 180)
    until("the volume is gone", lambda: scene.kubectl.find("pv", volume["metadata"]["name"]) is None, 90)
    until("the files are gone", lambda: not Path(volume["spec"]["hostPath"]["path"]).exists(), 90)


def intent(obj: Object) -> Object:
    """Return what somebody wants of an object: not what the cluster adds for each copy of it."""
    spec = {key: value for key, value in obj.get("spec", {}).items() if not key.startswith("clusterIP")}
    metadata = {key: obj["metadata"].get(key) for key in ("labels", "annotations")}
    return {"metadata": metadata, "spec": spec, "data": obj.get("data")}
