"""Two gateways on one store: what one has kept, the other reads; what one has erased, the other has not; and what is due goes once.

One assistant with two replicas. Each pod is asked by itself where it matters which, and by the Service where it does not.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import gt
from typing import Any

import pytest

from assistant_operator.naming import Names
from assistant_operator.reconcile.conditions import timestamp
from tests.e2e.support.assistants import MODEL, Assistants
from tests.e2e.support.gateways import Gateway, message
from tests.e2e.support.kubectl import Kubectl, until
from tests.e2e.support.writing import writing

NAME = "pair"
SHORT_SECONDS = 20
SPEC: dict[str, Any] = {
    # Both pods read one volume.
    "model": {"name": MODEL, "replicas": 2, "storage": {"accessModes": ["ReadWriteMany"]}},
    "retention": {"conversations": {"mode": "Keep", "ttl": "1h"}},
    "access": {"keys": [{"name": "alice"}, {"name": "bob"}], "limits": {"requestsPerMinute": 1_000_000}},
}


@dataclass(frozen=True)
class Scene:
    """The two, and a client pod with Alice's key."""

    kubectl: Kubectl
    assistants: Assistants
    one: Gateway
    two: Gateway

    def sizes(self, conversations: Sequence[str]) -> list[int]:
        """Return how many items of Alice's conversations there are, through the second gateway."""
        return [len(self.two.texts("alice", one) or []) for one in conversations]


@pytest.fixture(scope="module")
def scene(shared_kubectl: Kubectl, shared_assistants: Assistants) -> Scene:
    shared_assistants.ready(NAME, SPEC)
    shared_assistants.client(NAME, key="alice")
    one, two = (Gateway(shared_assistants, NAME, number) for number in (0, 1))
    return Scene(shared_kubectl, shared_assistants, one, two)


def test_what_one_keeps_the_other_reads_and_goes_on_with(scene: Scene) -> None:
    """Items and a turn of a chat, in their order; and it is nobody else's through either."""
    mine = scene.one.begin("alice", "first")
    assert scene.two.texts("alice", mine) == ["first"]
    assert scene.two.ask("alice", f"/v1/conversations/{mine}/items", {"items": [message("second")]})[0] == 200

    status, answer = scene.one.chat("alice", mine, "third")

    assert status == 200, answer
    said = answer["choices"][0]["message"]["content"]
    assert scene.one.texts("alice", mine) == scene.two.texts("alice", mine) == ["first", "second", "third", said]
    assert [gateway.texts("bob", mine) for gateway in (scene.one, scene.two)] == [None, None]


def test_what_one_has_erased_the_other_has_not(scene: Scene) -> None:
    """From its answer on: a conversation and all of a subject are not read, not continued and not erased once more."""
    single, others = scene.one.begin("alice", "one"), [scene.one.begin("alice", text) for text in ("two", "three")]
    assert [scene.two.texts("alice", mine) for mine in (single, *others)] == [["one"], ["two"], ["three"]]

    assert scene.one.ask("alice", f"/v1/conversations/{single}", method="DELETE")[0] == 200
    assert scene.two.texts("alice", single) is None
    assert scene.two.chat("alice", single, "Hello.")[0] == 404
    assert scene.two.ask("alice", f"/v1/conversations/{single}/items", {"items": [message("late")]})[0] == 404
    assert scene.two.ask("alice", f"/v1/conversations/{single}", method="DELETE")[0] == 404
    assert scene.two.texts("alice", others[0]) == ["two"]

    status, receipt = scene.two.ask("alice", "/v1/subjects/me", method="DELETE")
    assert (status, receipt["object"]) == (200, "erasure.receipt")
    assert [scene.one.texts("alice", mine) for mine in others] == [None, None]
    assert set(scene.one.ask("alice", "/v1/subjects/me", method="DELETE")[1]["counts"].values()) == {0}


def test_two_erasures_at_once_share_the_receipts(scene: Scene) -> None:
    """The same subject, through both: each conversation, item and key is in one of the two receipts."""
    begun = [scene.one.begin("bob", "one", "two") for _ in range(5)]

    with ThreadPoolExecutor() as threads:
        answers = list(threads.map(lambda gateway: gateway.ask("bob", "/v1/subjects/me", method="DELETE"), (scene.one, scene.two)))

    assert [status for status, _ in answers] == [200, 200]
    counts = [receipt["counts"] for _, receipt in answers]
    total = {what: sum(one[what] for one in counts) for what in ("conversations", "items", "keys")}
    assert total == {"conversations": 5, "items": 10, "keys": 5}
    assert {gateway.texts("bob", mine) is None for gateway in (scene.one, scene.two) for mine in begun} == {True}


def test_what_is_due_goes_once(scene: Scene) -> None:
    """However the two share the work: both tell of as many as there were, and so does status, now and after their next purges."""
    for key in ("alice", "bob"):  # an erasure is no purge: what others have left counts nothing
        assert scene.one.ask(key, "/v1/subjects/me", method="DELETE")[0] == 200
    before = scene.one.retention()["purged"]
    begun = [gateway.begin("alice", "a", "b", "c", ttl_seconds=SHORT_SECONDS) for gateway in (scene.one, scene.two) * 4]
    wanted = before + len(begun) * (1 + 3)

    until("all are purged", lambda: scene.two.retention()["purged"] >= wanted, SHORT_SECONDS + 120, 1)

    assert {gateway.texts("alice", mine) is None for gateway in (scene.one, scene.two) for mine in begun} == {True}
    last = scene.one.retention()["lastPurge"]
    until("there was another purge", lambda: scene.one.retention()["lastPurge"] > last, 120, 1)
    last = scene.one.retention()["lastPurge"]
    until("and another", lambda: scene.one.retention()["lastPurge"] > last, 120, 1)
    assert [gateway.retention()["purged"] for gateway in (scene.one, scene.two)] == [wanted, wanted]
    until("status says so", lambda: scene.kubectl.get("pa", NAME)["status"]["retention"]["purged"] >= wanted, 120, 2)
    assert scene.kubectl.get("pa", NAME)["status"]["retention"]["purged"] == wanted


def test_one_killed_while_clients_write_loses_nothing(scene: Scene) -> None:
    """Without notice, amid requests to both: what was acknowledged is there once, through the other, and through the one that came back."""
    begun = [scene.one.begin("alice") for _ in range(6)]
    before = [gateway.restarts() for gateway in (scene.one, scene.two)]

    with writing(scene.assistants, NAME, "client", begun) as written:
        known = scene.sizes(begun)
        until("items come in", lambda: all(map(gt, scene.sizes(begun), known)), 120)
        scene.one.kill()
        known = scene.sizes(begun)
        until("they still do", lambda: all(map(gt, scene.sizes(begun), known)), 120)

    until("it was started again", lambda: scene.one.restarts() > before[0], 120, 1)
    scene.assistants.settled(NAME)
    assert scene.two.restarts() == before[1]
    assert written.failures  # somebody was at it when it was killed
    for gateway in (scene.two, scene.one):
        for mine in begun:
            texts = gateway.texts("alice", mine) or []
            acknowledged = written.acknowledged[mine]
            assert acknowledged
            assert len(set(texts)) == len(texts)
            assert [text for text in texts if text in set(acknowledged)] == acknowledged


def test_another_encryption_key_is_told_when_both_have_it(scene: Scene) -> None:
    """Whoever removes the older one sooner would lose what a gateway still seals under it; what is kept opens all the while."""
    mine = scene.one.begin("alice", "before")
    assert retention(scene)["encryptionKey"] == "k0001"

    scene.assistants.apply(NAME, {**SPEC, "rotation": {"encryptionKey": timestamp(datetime.now(UTC))}})
    secret = Names(scene.kubectl.namespace, NAME).encryption_secret
    until("it is made", lambda: "k0002" in scene.kubectl.get("secret", secret)["data"], 60)
    for gateway in (scene.one, scene.two):  # the kubelet brings what Secrets hold now, and not within a minute
        scene.kubectl.run("annotate", "--overwrite", "pod", gateway.pod, "example.test/look=now")
    until("both have it", lambda: retention(scene).get("encryptionKey") == "k0002", 240, 2)

    assert {gateway.retention()["kek"] for gateway in (scene.one, scene.two)} == {"k0002"}
    assert retention(scene)["keysToRewrap"] >= 0
    assert scene.two.texts("alice", mine) == ["before"]


def retention(scene: Scene) -> dict[str, Any]:
    found: dict[str, Any] = scene.kubectl.get("pa", NAME)["status"]["retention"]
    return found
