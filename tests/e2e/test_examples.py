"""The examples for documents and conversations, applied as they are, do what their first lines promise."""

import json

from tests.cluster.paths import REPOSITORY
from tests.e2e.support.assistants import MODEL, SETTLE_SECONDS, Assistants
from tests.e2e.support.kept import source
from tests.e2e.support.kubectl import Kubectl, condition, until

EXAMPLES = REPOSITORY / "examples"
READ_SECONDS = 240
HOLIDAYS, BOARD = "How many days of holiday does everybody have in a year?", "Who leads the review board of the salaries?"


def test_answers_from_the_handbook(kubectl: Kubectl, assistants: Assistants) -> None:
    """Both sources are read; every key finds the handbook, and the personnel rules are for those of the group alone."""
    kubectl.run("apply", "-f", str(EXAMPLES / "rag.yaml"))
    kubectl.wait_for("pa", "rag", "condition=Ready", SETTLE_SECONDS)
    wanted = {"handbook": 2, "personnel": 1}

    def read() -> dict[str, int | None]:
        assistant = kubectl.get("pa", "rag")
        return {name: source(assistant, name).get("documents") for name in wanted}

    until("its sources are read", lambda: read() == wanted, READ_SECONDS)

    found = {}
    for key in ("intranet", "personnel-office"):
        assistants.client("rag", key, key)
        found[key] = assistants.run("context_sdk", MODEL, HOLIDAYS, BOARD, name="rag", pod=key)

    assert [answers[0]["files"][0] for answers in found.values()] == ["holidays.md", "holidays.md"]
    assert found["personnel-office"][1]["files"][0] == "salaries.md"
    assert "salaries.md" not in found["intranet"][1]["files"]


def test_conversations_that_are_kept(kubectl: Kubectl, assistants: Assistants) -> None:
    """A conversation is kept for the key that began it, and the officer has it erased."""
    kubectl.run("apply", "-f", str(EXAMPLES / "conversations.yaml"))
    kubectl.wait_for("pa", "conversations", "condition=Ready", SETTLE_SECONDS)
    kubectl.wait_for("pa", "conversations", "condition=RetentionEnforced", 180)
    assistants.client("conversations", "web", "web")
    found = assistants.run("conversations_sdk", MODEL, "Hello.", name="conversations", pod="web")
    officer = assistants.key("conversations", "data-officer")

    (answer,) = assistants.send(
        {"path": "/v1/subjects/web%20frontend", "method": "DELETE", "key": officer}, name="conversations", pod="web"
    )

    assert len(found["items"]) == 2
    receipt = json.loads(answer["body"])
    assert answer["status"] == 200
    assert (receipt["counts"]["conversations"], receipt["counts"]["items"]) == (1, 2)
    until("it is on time", lambda: condition(kubectl.get("pa", "conversations"), "RetentionEnforced")["reason"] == "OnTime", 90)
