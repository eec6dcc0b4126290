"""Conversations are kept where the spec says so, for as long as it says, encrypted, for their owner; and then they are gone.

One assistant that keeps them for little more than a minute, without documents: the store is there for conversations alone.
"""

import json
import secrets
import time
from dataclasses import dataclass
from typing import Any

import pytest

from tests.cluster.node.cluster import Node
from tests.e2e.support.assistants import MODEL, Assistants
from tests.e2e.support.kept import Volume, store_claim, store_pod
from tests.e2e.support.kubectl import Kubectl, condition, until
from tests.e2e.support.objects import EVENTS, everything

NAME = "keeper"
TTL, GRACE = 75, 60
NOT_OURS = (*EVENTS, "pods.metrics.k8s.io")
CANARY = f"okapi{secrets.token_hex(6)}"
SPEC: dict[str, Any] = {
    "retention": {"conversations": {"mode": "Keep", "ttl": f"{TTL}s"}},
    "access": {"keys": [{"name": "alice"}, {"name": "bob"}, {"name": "officer", "role": "DataOfficer"}]},
}


@dataclass(frozen=True)
class Scene:
    """The assistant, and one client pod that has everyone's keys."""

    assistants: Assistants
    kubectl: Kubectl
    keys: dict[str, str]

    def send(self, key: str, path: str, body: Any = None, method: str = "POST", **headers: str) -> tuple[int, Any]:
        """Send one request with a key; return status and answer."""
        text = None if body is None else json.dumps(body)
        request = {"path": path, "method": method, "body": text, "key": self.keys[key], "headers": headers}
        (answer,) = self.assistants.send(request, name=NAME, pod="alice")
        try:
            return answer["status"], json.loads(answer["body"] or "null")
        except ValueError:
            return answer["status"], answer["body"]

    def begin(self, key: str, text: str = CANARY) -> str:
        """Begin a conversation that has one message in it; return its id."""
        item = {"type": "message", "role": "user", "content": f"Remember this word: {text}"}
        status, made = self.send(key, "/v1/conversations", {"items": [item]})
        assert status == 200, made
        identity: str = made["id"]
        return identity

    def chat(self, key: str, conversation: str, **more: Any) -> tuple[int, Any]:
        body = {
            "model": MODEL,
            "max_tokens": 4,
            "conversation": conversation,
            "messages": [{"role": "user", "content": f"Say {CANARY}."}],
        }
        headers = more.pop("headers", {})
        return self.send(key, "/v1/chat/completions", body | more, **headers)

    def items(self, key: str, conversation: str) -> list[Any] | None:
        """Return the items, None where there is no such conversation for the key."""
        status, answer = self.send(key, f"/v1/conversations/{conversation}/items?order=asc", method="GET")
        return answer["data"] if status == 200 else None


@pytest.fixture(scope="module")
def scene(shared_kubectl: Kubectl, shared_assistants: Assistants) -> Scene:
    shared_assistants.ready(NAME, SPEC)
    shared_assistants.client(NAME, "alice", "alice")
    keys = {key: shared_assistants.key(NAME, key) for key in ("alice", "bob", "officer")}
    return Scene(shared_assistants, shared_kubectl, keys)


def test_the_openai_sdk_keeps_a_conversation(scene: Scene) -> None:
    """Created, continued whole and streamed, listed and read: what was said is there in its order, and the model got it as history."""
    texts = ["My name is Ada.", "I like trains.", "What is my name?"]

    found = scene.assistants.run("conversations_sdk", MODEL, *texts, name=NAME, pod="alice")

    said = [item for text, answer in zip(texts, found["answers"], strict=True) for item in (["user", text], ["assistant", answer])]
    assert found["items"] == said
    assert found["metadata"] == {"topic": "test"}
    first, _, third = found["prompt_tokens"]
    assert third > 2 * first


def test_a_conversation_is_its_owners_alone(scene: Scene) -> None:
    """Another key, the officer's too, neither reads nor continues nor deletes it: for them there is none."""
    mine = scene.begin("alice")

    for other in ("bob", "officer"):
        assert scene.items(other, mine) is None
        assert scene.chat(other, mine)[0] == 404
        assert scene.send(other, f"/v1/conversations/{mine}", method="DELETE")[0] == 404
    assert len(scene.items("alice", mine) or []) == 1


@pytest.mark.parametrize("less", [{"store": False}, {"headers": {"X-Assistant-Retention": "none"}}])
def test_a_request_can_ask_for_less(scene: Scene, less: dict[str, Any]) -> None:
    """Answered with the history, and not kept."""
    mine = scene.begin("alice")

    status, answer = scene.chat("alice", mine, **less)

    assert status == 200, answer
    assert len(scene.items("alice", mine) or []) == 1


def test_a_request_cannot_ask_for_more(scene: Scene) -> None:
    """Neither a longer time nor what the assistant does not keep."""
    status, answer = scene.send("alice", "/v1/conversations", {"ttl_seconds": TTL * 10})

    assert (status, answer["error"]["code"]) == (400, "retention_not_allowed")


def test_an_answer_is_kept_before_its_end_is_sent(scene: Scene) -> None:
    """What a client saw to its end is there after the gateway and the store were both killed."""
    mine = scene.begin("alice")
    assert scene.chat("alice", mine)[0] == 200

    scene.kubectl.run("delete", "pod", store_pod(scene.kubectl, NAME), f"{NAME}-0", "--grace-period=0", "--force", "--wait=false")
    scene.kubectl.wait_for("pod", store_pod(scene.kubectl, NAME), "condition=Ready", 90)

    found = until("it is there again", lambda: scene.items("alice", mine), TTL - 5, 0.5)
    assert [item["role"] for item in found] == ["user", "user", "assistant"]


def test_what_is_kept_is_gone_when_its_time_is_over(node: Node, scene: Scene) -> None:
    """Within a minute of being due; status counts it; its words were never on the volume, and are not in the logs."""
    scene.kubectl.wait_for("pa", NAME, "condition=Ready", 180)
    purged = scene.kubectl.get("pa", NAME)["status"].get("retention", {}).get("purged", 0)
    began = time.monotonic()
    mine = scene.begin("alice")
    assert Volume(node, scene.kubectl, NAME).occurrences(CANARY) == {CANARY: 0}
    until("half its time is over", lambda: time.monotonic() - began > TTL / 2, TTL, 1)
    assert scene.items("alice", mine) is not None

    until("it is gone", lambda: scene.items("alice", mine) is None, TTL + GRACE, 0.5)

    assert TTL - 2 <= time.monotonic() - began <= TTL + GRACE
    assert scene.chat("alice", mine)[0] == 404
    assert Volume(node, scene.kubectl, NAME).occurrences(CANARY) == {CANARY: 0}
    until("status counts it", lambda: scene.kubectl.get("pa", NAME)["status"]["retention"]["purged"] > purged, 150, 2)
    until("it is on time", lambda: condition(scene.kubectl.get("pa", NAME), "RetentionEnforced").get("reason") == "OnTime", 90, 1)
    assert CANARY not in scene.kubectl.logs(f"{NAME}-0") + scene.kubectl.logs(store_pod(scene.kubectl, NAME))


def test_erasure_gives_a_receipt_and_leaves_nothing(node: Node, scene: Scene) -> None:
    """The officer exports and erases a subject: the receipt counts and names no content, afterwards there is nothing to export."""
    mine, others = scene.begin("alice"), scene.begin("bob", "unrelated")
    assert scene.send("bob", "/v1/subjects/alice", method="DELETE")[0] == 403
    assert scene.send("bob", "/v1/subjects/alice/export", method="GET")[0] == 403
    status, exported = scene.send("officer", "/v1/subjects/alice/export", method="GET")
    assert status == 200
    assert CANARY in json.dumps(exported)

    status, receipt = scene.send("officer", "/v1/subjects/alice", method="DELETE")

    assert status == 200
    assert receipt["object"] == "erasure.receipt"
    assert receipt["counts"]["conversations"] >= 1
    assert receipt["counts"]["items"] >= 1
    assert receipt["counts"]["keys"] >= 1
    assert CANARY not in json.dumps(receipt)
    assert scene.items("alice", mine) is None
    assert CANARY not in json.dumps(scene.send("officer", "/v1/subjects/alice/export", method="GET"))
    assert scene.items("bob", others) is not None
    assert Volume(node, scene.kubectl, NAME).occurrences(CANARY) == {CANARY: 0}


def test_a_subject_erases_itself_and_single_conversations(scene: Scene) -> None:
    """`me` is one's own subject; a deleted conversation is answered in OpenAI's shape, with the receipt."""
    one, two = scene.begin("bob"), scene.begin("bob")

    status, deleted = scene.send("bob", f"/v1/conversations/{one}", method="DELETE")
    assert (status, deleted["id"], deleted["deleted"]) == (200, one, True)
    assert scene.items("bob", one) is None
    status, receipt = scene.send("bob", "/v1/subjects/me", method="DELETE")
    assert (status, receipt["object"]) == (200, "erasure.receipt")
    assert scene.items("bob", two) is None


def test_keeping_nothing_any_more_removes_the_store(node: Node, scene: Scene) -> None:
    """Without Keep and without documents there is no store: its pod, its volume, its Secrets are gone, and the assistant serves."""
    folder = Volume(node, scene.kubectl, NAME).folder
    claim = store_claim(scene.kubectl, NAME)
    scene.kubectl.patch("pa", NAME, {"spec": {"retention": None}})

    until("the claim is gone", lambda: scene.kubectl.find("pvc", claim) is None, 180, 1)
    scene.assistants.settled(NAME)

    # What its StatefulSet owned, revisions and slices, the cluster removes in its own time.
    until("no object of it is left", lambda: not any(map(is_stores, everything(scene.kubectl, *NOT_OURS))), 120, 1)
    until("its files are gone", lambda: not folder.exists(), 120, 1)
    assert not condition(scene.kubectl.get("pa", NAME), "StoreReady")
    status, answer = scene.send("alice", "/v1/conversations", {})
    assert (status, answer["error"]["code"]) == (400, "conversations_not_kept")


def is_stores(found: dict[str, Any]) -> bool:
    name: str = found["metadata"]["name"]
    return name.startswith((f"{NAME}-store", f"{NAME}-encryption", f"{NAME}-ingest"))
