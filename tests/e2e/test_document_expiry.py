"""Documents with a ttl: one that was uploaded is found for its time, and then it is gone from lists, searches, answers, and the store."""

import json
import secrets
import time
from dataclasses import dataclass
from typing import Any

import pytest

from tests.cluster.node.cluster import Node
from tests.e2e.support.assistants import EMBEDDING_MODEL, MODEL, Assistants
from tests.e2e.support.gateways import Gateway
from tests.e2e.support.kept import Volume, store_pod
from tests.e2e.support.kubectl import Kubectl, condition, until

NAME = "fleeting"
TTL, GRACE = 60, 60
TABLE = "data_keys"
CANARY = f"bilby{secrets.token_hex(6)}"
FILE = f"{CANARY}.txt"
QUESTION = "What is the code of the bicycle shed?"
SPEC: dict[str, Any] = {
    "model": {"name": MODEL, "embedding": EMBEDDING_MODEL},
    "rag": {},
    "retention": {"documents": {"ttl": f"{TTL}s"}},
}


@dataclass(frozen=True)
class Scene:
    """The assistant, and a client pod with its key."""

    assistants: Assistants
    kubectl: Kubectl

    def send(self, path: str, body: Any = None, method: str = "POST") -> Any:
        """Send one request, which has to succeed; return the answer."""
        text = None if body is None else json.dumps(body)
        (answer,) = self.assistants.send({"path": path, "method": method, "body": text}, name=NAME)
        assert answer["status"] == 200, answer
        return json.loads(answer["body"])

    def upload(self) -> str:
        """Upload the document; return its id."""
        made = self.send("/v1/ingest/text", {"file_name": FILE, "text": f"The code of the bicycle shed is {CANARY}."})
        (document,) = made["data"]
        identity: str = document["doc_id"]
        return identity

    def places(self) -> dict[str, bool]:
        """Say of each place in which a client may see the document whether it is there."""
        chat = {"model": MODEL, "messages": [{"role": "user", "content": QUESTION}], "max_tokens": 4, "use_context": True}
        found = {
            "list": self.send("/v1/ingest/list", method="GET"),
            "chunks": self.send("/v1/chunks", {"text": QUESTION, "limit": 50}),
            "chat": self.send("/v1/chat/completions", chat)["choices"][0]["sources"],
        }
        return {place: CANARY in json.dumps(answer) for place, answer in found.items()}

    def retention(self) -> dict[str, Any]:
        found: dict[str, Any] = self.kubectl.get("pa", NAME)["status"].get("retention") or {}
        return found


@dataclass(frozen=True)
class Life:
    """What was seen of one document, from its upload to a moment after its end."""

    found: dict[str, bool]
    """Places, while it was kept."""
    kept: dict[str, int]
    """Occurrences in the volume's raw files then, of its words and of a table's name."""
    lasted: float
    """Seconds until it was not listed any more."""
    found_afterwards: dict[str, bool]
    chunks_afterwards: list[Any]
    kept_afterwards: dict[str, int]
    purged_before: int


@pytest.fixture(scope="module")
def scene(shared_kubectl: Kubectl, shared_assistants: Assistants) -> Scene:
    shared_assistants.ready(NAME, SPEC)
    shared_assistants.client(NAME)
    return Scene(shared_assistants, shared_kubectl)


@pytest.fixture(scope="module")
def life(node: Node, scene: Scene) -> Life:
    volume = Volume(node, scene.kubectl, NAME)
    purged = scene.retention().get("purged", 0)
    began = time.monotonic()
    document = scene.upload()
    found, kept = scene.places(), volume.occurrences(CANARY, TABLE)
    until("its age is known", lambda: Gateway(scene.assistants, NAME, 0).retention()["oldest"], TTL - 15, 1)
    until("it is not listed", lambda: CANARY not in json.dumps(scene.send("/v1/ingest/list", method="GET")), TTL + GRACE, 0.5)
    return Life(
        found=found,
        kept=kept,
        lasted=time.monotonic() - began,
        found_afterwards=scene.places(),
        chunks_afterwards=scene.send("/v1/chunks", {"text": QUESTION, "context_filter": {"docs_ids": [document]}})["data"],
        kept_afterwards=volume.occurrences(CANARY, TABLE),
        purged_before=purged,
    )


def test_a_document_is_gone_when_its_time_is_over(life: Life) -> None:
    """Found until then, and gone from every place within a minute of being due."""
    assert life.found == {"list": True, "chunks": True, "chat": True}
    assert TTL <= life.lasted <= TTL + GRACE
    assert life.found_afterwards == {"list": False, "chunks": False, "chat": False}
    assert life.chunks_afterwards == []


def test_its_words_are_nowhere(scene: Scene, life: Life) -> None:
    """While it is kept and after its time: not in the volume's raw files, in which names of tables are found, and not in any log."""
    for found in (life.kept, life.kept_afterwards):
        assert found[TABLE] > 0
        assert found[CANARY] == 0
    assert CANARY not in scene.kubectl.logs(f"{NAME}-0") + scene.kubectl.logs(store_pod(scene.kubectl, NAME))


def test_status_counts_it_once_and_on_time(scene: Scene, life: Life) -> None:
    """And says that nothing remains."""
    until(
        "status has nothing that remains",
        lambda: scene.retention().get("purged", 0) > life.purged_before and not scene.retention().get("oldest"),
        150,
        2,
    )

    assert scene.retention()["purged"] == life.purged_before + 1
    until("it is on time", lambda: condition(scene.kubectl.get("pa", NAME), "RetentionEnforced").get("reason") == "OnTime", 90, 1)
