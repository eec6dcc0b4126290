"""A new release on the node: assistants are updated one after the other, in their windows, and one that fails is the only one.

The new release differs by the gateway's image: the same one by its other name (`dev`), or one in which there is no gateway.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from assistant_operator.naming import ANNOTATION_UPDATE, UPDATE_NOW
from tests.cluster.images.catalog import DEVELOPMENT_TAG
from tests.cluster.install import install
from tests.cluster.node.cluster import Node
from tests.e2e.support.assistants import Assistants
from tests.e2e.support.kubectl import Kubectl, Object, condition, until
from tests.e2e.support.watching import watching

FIRST, SECOND, LATER = NAMES = ("first", "second", "later")
UPDATE_SECONDS = 240
"""Within which an assistant's pod is another one and ready: it ends, starts behind its gate and loads the model, on two busy cores."""


@dataclass(frozen=True)
class Scene:
    """Three assistants, of which the last has a window that is closed for some hours, and the way to another release."""

    assistants: Assistants
    node: Node
    images: dict[str, str]

    @property
    def kubectl(self) -> Kubectl:
        return self.assistants.kubectl

    @property
    def next(self) -> str:
        return f"{self.images['gateway'].rpartition(':')[0]}:{DEVELOPMENT_TAG}"

    def upgrade(self, gateway: str, *settings: str) -> None:
        install(self.node, self.images | {"gateway": gateway}, *settings)

    def told(self, name: str) -> tuple[str, str]:
        """Return status and reason of UpToDate."""
        found = condition(self.kubectl.get("pa", name), "UpToDate")
        return found.get("status", ""), found.get("reason", "")

    def is_updated(self, name: str) -> bool:
        ready = condition(self.kubectl.get("pa", name), "Ready").get("status")
        return self.assistants.image(name) == self.next and ready == "True" and self.told(name) == ("True", "UpToDate")

    def wait_updated(self, name: str) -> None:
        until(f"{name} is ready with the next image", lambda: self.is_updated(name), UPDATE_SECONDS, 0.5)

    def answers(self, name: str) -> bool:
        request = {"path": "/api/tags", "method": "GET", "key": self.assistants.key(name)}
        (answer,) = self.assistants.send(request, name=name, pod=f"client-of-{name}")
        return bool(answer["status"] == 200)


@pytest.fixture(scope="module")
def scene(shared_assistants: Assistants, node: Node, images: dict[str, str]) -> Iterator[Scene]:
    opening = datetime.now(UTC) + timedelta(hours=6)
    closed: dict[str, Any] = {"maintenance": {"window": {"start": f"{opening:%H:%M}", "duration": "15m"}}}
    for name in NAMES:
        shared_assistants.apply(name, closed if name == LATER else None)
    for name in NAMES:
        shared_assistants.settled(name)
        shared_assistants.client(name, f"client-of-{name}")
    try:
        yield Scene(shared_assistants, node, images)
    finally:
        for name in NAMES:  # or the operator would update those that are about to go
            shared_assistants.kubectl.delete("pa", name)
        install(node, images)


def test_one_after_the_other_and_none_before_its_window(scene: Scene) -> None:
    """A new default image, by helm upgrade: no two are away at once, and what waits serves, until its owner lets it go on."""
    before = scene.assistants.image(LATER)
    with watching(scene.kubectl, "pa") as versions:
        scene.upgrade(scene.next)
        for name in (FIRST, SECOND):
            scene.wait_updated(name)
        waiting = scene.kubectl.get("pa", LATER)
        assert scene.assistants.image(LATER) == before
        assert scene.told(LATER) == ("False", "WaitingForWindow")
        assert {"now": before, "next": scene.next} in waiting["status"]["update"]["images"]
        assert condition(waiting, "Ready")["status"] == "True"
        assert scene.answers(LATER)

        scene.kubectl.run("annotate", "pa", LATER, f"{ANNOTATION_UPDATE}={UPDATE_NOW}")
        scene.wait_updated(LATER)
        away = most_away(versions(name) for name in NAMES)

    assert "update" not in scene.kubectl.get("pa", LATER)["status"]
    assert away == 1


def test_a_release_that_does_not_start_takes_one_assistant_and_its_successor_mends_it(scene: Scene) -> None:
    """The others are told which one, and serve; the release before, or the next one, starts where the failed one is."""
    scene.kubectl.run("annotate", "pa", LATER, f"{ANNOTATION_UPDATE}-")
    scene.upgrade(scene.images["operator"], "rollout.deadlineSeconds=60")
    until("the second is told", lambda: scene.told(SECOND) == ("False", "RolloutHalted"), 180)

    waiting = scene.kubectl.get("pa", SECOND)
    assert f"{scene.kubectl.namespace}/{FIRST}" in condition(waiting, "UpToDate")["message"]
    assert condition(scene.kubectl.get("pa", FIRST), "Ready")["status"] == "False"
    assert condition(waiting, "Ready")["status"] == "True"
    assert [scene.assistants.image(name) for name in (SECOND, LATER)] == [scene.next] * 2
    assert scene.answers(SECOND)
    assert scene.answers(LATER)

    kept = pods(scene.kubectl)
    scene.upgrade(scene.next)
    for name in NAMES:
        scene.wait_updated(name)

    assert {name: uid for name, uid in pods(scene.kubectl).items() if name != f"{FIRST}-0"} == {
        name: uid for name, uid in kept.items() if name != f"{FIRST}-0"
    }
    assert scene.answers(FIRST)


def most_away(histories: Iterator[list[Object]]) -> int:
    """Return how many assistants were not Ready at the same time, at most; versions of all kinds of one cluster are numbered together."""
    seen = sorted((one for versions in histories for one in versions), key=lambda one: int(one["metadata"]["resourceVersion"]))
    assert {one["metadata"]["name"] for one in seen} == set(NAMES)
    away: set[str] = set()
    most = 0
    for one in seen:
        is_ready = condition(one, "Ready").get("status") == "True"
        (away.discard if is_ready else away.add)(one["metadata"]["name"])
        most = max(most, len(away))
    return most


def pods(kubectl: Kubectl) -> dict[str, str]:
    found = kubectl.list("pods", "privateassistant.dev/component=assistant")
    return {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in found}
