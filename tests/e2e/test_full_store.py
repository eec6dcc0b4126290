"""A store whose volume is full: what cannot be kept is refused, status says why, and with room again all that was acknowledged is there.

One assistant on a file system of the test's own, which is filled to its last byte. The tests are steps of one story, in their order.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.cluster.node.cluster import Node
from tests.e2e.support.assistants import Assistants
from tests.e2e.support.gateways import Gateway, message
from tests.e2e.support.kept import store_pod
from tests.e2e.support.kubectl import Kubectl, condition, until
from tests.e2e.support.small_disk import SmallDisk, small_disk

NAME = "brimful"
MEBIBYTES = 224
BRIEF_SECONDS = 45
WIDE = "wide " * 200
REFUSALS = ("store_unavailable", "not_ready")
"""By what the store says, or by a gateway that is not ready any more since it said so before."""
Answer = tuple[int, Any]


@dataclass
class Scene:
    """The assistant with its disk, and what became of the items that were sent."""

    assistants: Assistants
    kubectl: Kubectl
    disk: SmallDisk
    kept: dict[str, list[str]] = field(default_factory=dict)
    """Conversation -> what was acknowledged."""
    refused: list[Answer] = field(default_factory=list)
    chats: list[Answer] = field(default_factory=list)
    purged: int = 0
    """Before the disk was full."""

    @property
    def gateway(self) -> Gateway:
        return Gateway(self.assistants, NAME, 0)

    def reason(self, kind: str) -> tuple[str, str]:
        found = condition(self.kubectl.get("pa", NAME), kind)
        return found.get("status", ""), found.get("reason", "")

    def begin(self, text: str) -> str:
        conversation = self.gateway.begin("default", text)
        self.kept[conversation] = [text]
        return conversation

    def begins(self) -> bool:
        """Say whether a conversation can be begun."""
        return self.gateway.ask("default", "/v1/conversations", {})[0] == 200

    def write(self, conversation: str, text: str) -> None:
        """Add an item; note whether that was acknowledged."""
        status, answer = self.gateway.ask("default", f"/v1/conversations/{conversation}/items", {"items": [message(text)]})
        if status == 200:
            self.kept[conversation].append(text)
        else:
            self.refused.append((status, answer))

    def chat(self, conversation: str) -> int:
        """Go on with a conversation; note whether that was acknowledged, and so kept, and return the status."""
        status, answer = self.gateway.chat("default", conversation, WIDE)
        self.chats.append((status, answer))
        if status == 200:
            self.kept[conversation] += [WIDE, answer["choices"][0]["message"]["content"]]
        return status

    def turn_log_over(self) -> None:
        """Have an erasure make the store begin its log anew, with a checkpoint: the next ones, and a segment's end, are far away then.

        Without any room each of them ends the server, which starts again when there is some.
        """
        before = self.log_segments()
        erased = self.gateway.begin("default", "erased")
        assert self.gateway.ask("default", f"/v1/conversations/{erased}", method="DELETE")[0] == 200
        until("the log was turned over", lambda: (found := self.log_segments()) and not found & before, 150, 1)

    def log_segments(self) -> set[str]:
        log = self.disk.folder / "data" / "pg_wal"
        return {path.name for path in log.iterdir() if len(path.name) == 24}


@pytest.fixture(scope="module")
def scene(node: Node, shared_kubectl: Kubectl, shared_assistants: Assistants) -> Iterator[Scene]:
    with small_disk(node, shared_kubectl, MEBIBYTES) as disk:
        store = {"managed": {"size": f"{MEBIBYTES}Mi", "storageClassName": disk.name}}
        shared_assistants.ready(NAME, {"retention": {"conversations": {"mode": "Keep", "ttl": "1h"}}, "store": store})
        yield Scene(shared_assistants, shared_kubectl, disk)
        shared_kubectl.delete("pa", NAME)


@pytest.fixture(scope="module")
def full(scene: Scene) -> Scene:
    """Without any room: items were written until one was refused, and a turn of a chat after it."""
    scene.turn_log_over()
    written, talk = scene.begin("before"), scene.begin("Hello.")
    scene.gateway.begin("default", "brief", ttl_seconds=BRIEF_SECONDS)
    scene.purged = scene.gateway.retention()["purged"]

    def is_refused() -> bool:
        scene.disk.fill()  # again, since a log that was used up may have been removed
        scene.write(written, WIDE)
        return bool(scene.refused)

    def is_chat_refused() -> bool:
        scene.disk.fill()
        return scene.chat(talk) == 503

    until("a write is refused", is_refused, 180, 0)
    until("a chat is refused", is_chat_refused, 180, 0)
    return scene


def test_a_write_without_room_is_refused(full: Scene) -> None:
    """In the wire format, as something to be tried again, and without what was sent."""
    ((status, answer),) = full.refused

    assert status == 503
    assert answer["error"]["type"] == "api_error"
    assert answer["error"]["code"] in REFUSALS
    assert "wide" not in json.dumps(answer)


def test_a_chat_that_cannot_be_kept_is_refused(full: Scene) -> None:
    """No answer that would pass for one that is kept: what was answered before, where a page had room, is there in the end."""
    *_, (status, answer) = full.chats

    assert status == 503
    assert answer["error"]["code"] in REFUSALS


def test_status_says_that_it_is_full(full: Scene) -> None:
    """By its reason, on the store and on the assistant; that what is due is gone is not claimed meanwhile."""
    until("the store's condition says so", lambda: full.reason("StoreReady") == ("False", "StoreFull"), 120, 1)
    until("the assistant's does", lambda: full.reason("Ready") == ("False", "StoreFull"), 60, 1)
    until("no claim is made", lambda: full.reason("RetentionEnforced") == ("Unknown", "PurgeNotSeen"), 120, 1)

    assert not full.begins()


def test_what_is_due_goes_all_the_same(full: Scene) -> None:
    """A conversation and its item, on a disk without room for anything."""
    until("it is purged", lambda: full.gateway.retention()["purged"] == full.purged + 2, BRIEF_SECONDS + 120, 1)

    assert full.reason("StoreReady") == ("False", "StoreFull")


def test_with_room_again_everything_acknowledged_is_there(full: Scene) -> None:
    """And nothing that was refused; the assistant is Ready by itself, in the same pods, and keeps what it is given."""
    pods = [full.kubectl.get("pod", name)["metadata"]["uid"] for name in (f"{NAME}-0", store_pod(full.kubectl, NAME))]

    full.disk.free()
    until("the store is well", lambda: full.reason("StoreReady")[0] == "True", 150, 1)
    full.assistants.settled(NAME)

    until("purges are seen", lambda: full.reason("RetentionEnforced") == ("True", "OnTime"), 150, 1)
    assert {mine: full.gateway.texts("default", mine) for mine in full.kept} == full.kept
    written, talk = full.kept
    full.write(written, "after")
    assert full.chat(talk) == 200
    assert full.kept[written][-1] == "after"
    assert {mine: full.gateway.texts("default", mine) for mine in full.kept} == full.kept
    assert [full.kubectl.get("pod", name)["metadata"]["uid"] for name in (f"{NAME}-0", store_pod(full.kubectl, NAME))] == pods
