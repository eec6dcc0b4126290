"""Answers from documents: sources are read and counted, the right ones are found, and nobody sees what is not for them.

One assistant with four sources (for everyone, for one group, on a volume, read again every minute), asked with the official SDKs from
pods beside it. The chat model is too small to be trusted with facts: what is tested is which documents it is given.
"""

import json
import secrets
from dataclasses import dataclass
from typing import Any

import pytest

from tests.cluster.models import EMBEDDING_MODEL as EMBEDDING
from tests.cluster.models import digest
from tests.cluster.node.addresses import DNS_SERVICE_IP, METADATA_IP, OUTSIDE_IP
from tests.cluster.node.cluster import Node
from tests.e2e.support.assistants import EMBEDDING_MODEL, MODEL, OTHER_EMBEDDING_MODEL, Assistants
from tests.e2e.support.kept import Volume, ask_pod, failed, source, store_pod
from tests.e2e.support.kubectl import Kubectl, Object, condition, until

NAME = "docs"
CANARY = f"quokka{secrets.token_hex(6)}"
"""In every document, so nothing of one can hide from a scan."""
READ_SECONDS = 240
HANDBOOK = {
    "holidays.md": f"# Holidays\n\nEvery employee has thirty days of paid holiday in a year. {CANARY}\n",
    "travel.html": f"<html><body><p>Train tickets of business trips are paid back within two weeks. {CANARY}</p></body></html>",
    "security.txt": f"Visitors must wear a yellow badge in the laboratory at all times. {CANARY}\n",
}
BROKEN = {"broken.pdf": "JVBERi0xLjcKdGhpcyBpcyBubyBQREYK"}
"""What says that it is a PDF and is none, in base64."""
PAYROLL = {"salaries.txt": f"The salary of the managing director is four hundred thousand a year. {CANARY}\n"}
NEWS = {"monday.txt": "The canteen serves lentil soup on Monday.\n", "tuesday.txt": "The canteen serves fish on Tuesday.\n"}
ARCHIVE = """
import os
os.makedirs("/documents/1999/june")
for name, text in {"1999/june/party.txt": "The summer party of 1999 was on a steam boat.", "1999/plan.md": "Not for the archive."}.items():
    with open(f"/documents/{name}", "w") as file:
        file.write(text)
os.symlink("/etc/passwd", "/documents/1999/outside.txt")
"""
"""Run in a pod that has the volume."""
QUESTIONS = {
    "How many days of paid holiday does an employee have?": "holidays.md",
    "When are train tickets of a business trip paid back?": "travel.html",
    "What must visitors wear in the laboratory?": "security.txt",
}
SALARY = "What is the salary of the managing director?"
SAFE = "What is the safe's number?"
SPEC: dict[str, Any] = {
    "model": {"name": MODEL, "embedding": EMBEDDING_MODEL},
    "rag": {
        "sources": [
            {"name": "handbook", "configMap": {"name": "handbook"}},
            {"name": "payroll", "configMap": {"name": "payroll"}, "groups": ["hr"]},
            {"name": "archive", "claim": {"name": "archive"}, "include": ["**/*.txt"]},
            {"name": "news", "configMap": {"name": "news"}, "schedule": "* * * * *"},
        ]
    },
    "access": {
        "keys": [{"name": "staff", "groups": ["staff"]}, {"name": "hr", "groups": ["staff", "hr"]}],
        # PrivateGPT's SDK cannot ask for few tokens, and gives up after a minute.
        "limits": {"maxOutputTokens": 32},
    },
}


@dataclass(frozen=True)
class Scene:
    """The assistant, and a client pod for each key, named after it."""

    assistants: Assistants
    kubectl: Kubectl

    @property
    def assistant(self) -> Object:
        return self.kubectl.get("pa", NAME)

    def send(self, key: str, path: str, body: Any = None, method: str = "POST") -> tuple[int, Any]:
        """Send one request with a key; return status and answer."""
        text = None if body is None else json.dumps(body)
        (answer,) = self.assistants.send({"path": path, "method": method, "body": text}, name=NAME, pod=key)
        return answer["status"], json.loads(answer["body"] or "null")

    def files(self, key: str, text: str, **more: Any) -> list[str] | None:
        """Return the names of the documents whose chunks a search gives, None where it is refused."""
        status, answer = self.send(key, "/v1/chunks", {"text": text} | more)
        if status != 200:
            return None
        return [chunk["document"]["doc_metadata"]["file_name"] for chunk in answer["data"]]


@pytest.fixture(scope="module")
def scene(shared_kubectl: Kubectl, shared_assistants: Assistants) -> Scene:
    """Everything read, and a client for each key."""
    shared_kubectl.apply(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "handbook"}, "data": HANDBOOK, "binaryData": BROKEN},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "payroll"}, "data": PAYROLL},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "news"}, "data": NEWS},
    )
    fill_archive(shared_kubectl, shared_assistants)
    shared_assistants.apply(NAME, SPEC)
    shared_assistants.settled(NAME)
    for key in ("staff", "hr"):
        shared_assistants.client(NAME, key, key)
    scene = Scene(shared_assistants, shared_kubectl)
    for name in ("handbook", "payroll", "archive"):
        until(f"{name} is read", lambda name=name: source(scene.assistant, name).get("lastFinished"), READ_SECONDS, 1)  # type: ignore[misc]
    return scene


def fill_archive(kubectl: Kubectl, assistants: Assistants) -> None:
    """Make the volume and write its files, as whoever owns the documents would have."""
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    kubectl.apply({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "archive"}, "spec": claim})
    assistants.pod("writer", {"documents": {"persistentVolumeClaim": {"claimName": "archive"}}})
    kubectl.execute("writer", "python3", "-", stdin=ARCHIVE)


def test_a_source_is_read_to_its_end_and_counted(scene: Scene) -> None:
    """Three documents and their chunks; the broken one stopped nothing and is counted with its reason."""
    handbook, payroll = (source(scene.assistant, name) for name in ("handbook", "payroll"))

    assert (handbook["documents"], handbook["chunks"], failed(handbook)) == (3, 3, {"Broken": 1})
    assert (payroll["documents"], payroll["chunks"], failed(payroll)) == (1, 1, {})
    until("their Jobs have ended well", lambda: outcomes(scene.kubectl) == {"True"}, 120, 1)  # a moment after the reading itself


def outcomes(kubectl: Kubectl) -> set[str | None]:
    """Return what the Jobs say of their completion, but for those that run again and again."""
    jobs = [job for job in kubectl.list("jobs") if f"{NAME}-ingest-" in job["metadata"]["name"]]
    return {condition(job, "Complete").get("status") for job in jobs if "news" not in job["metadata"]["name"]}


def test_a_volume_is_read_by_its_globs(scene: Scene) -> None:
    """In whatever depth; not what no glob names, and nothing to which a link leads out of the volume."""
    archive = source(scene.assistant, "archive")

    assert archive["documents"] == 1
    assert failed(archive) == {"OutsideFolder": 1}
    assert (scene.files("staff", "summer party on a steam boat") or [""])[0].endswith("party.txt")
    found = scene.files("staff", "root nobody Not for the archive", limit=50) or []
    assert not [name for name in found if name.endswith(("plan.md", "outside.txt"))]


def test_the_store_and_both_models_are_shown(scene: Scene) -> None:
    """Conditions say that the store works and that what is kept is looked after; the embedding model is the verified one."""
    assistant = scene.assistant

    assert condition(assistant, "StoreReady")["status"] == "True"
    enforced = until("it is enforced", lambda: held(condition(scene.assistant, "RetentionEnforced")), 150, 1)
    assert enforced["reason"] == "OnTime"
    assert assistant["status"]["model"]["embedding"]["digest"] == digest("l6-v2", EMBEDDING)


def held(found: dict[str, Any]) -> dict[str, Any] | None:
    return found if found.get("status") == "True" else None


def test_the_openai_sdk_gets_the_document_that_answers(scene: Scene) -> None:
    """With use_context in extra_body, whole and streamed: the first source is the right document, and its text is there."""
    answers = scene.assistants.run("context_sdk", MODEL, *QUESTIONS, name=NAME, pod="staff")

    assert [answer["files"][0] for answer in answers] == list(QUESTIONS.values())
    assert [answer["streamed"] for answer in answers] == [answer["files"] for answer in answers]
    for answer in answers:
        assert CANARY in answer["texts"][0]
        assert answer["content"]
        assert all(isinstance(score, float) for score in answer["scores"])


def test_without_use_context_there_are_no_sources(scene: Scene) -> None:
    """`mode: OnRequest` looks nothing up unless it is asked to."""
    body = {"model": MODEL, "messages": [{"role": "user", "content": next(iter(QUESTIONS))}], "max_tokens": 4}

    status, answer = scene.send("staff", "/v1/chat/completions", body)

    assert status == 200
    assert "sources" not in answer["choices"][0]


def test_a_document_of_a_group_is_for_its_keys_alone(scene: Scene) -> None:
    """The payroll is the best match, and the key without the group never sees it: not by question, not by id, not in a list."""
    status, listed = scene.send("hr", "/v1/ingest/list", method="GET")
    assert status == 200
    (payroll,) = [one["doc_id"] for one in listed["data"] if one["doc_metadata"]["file_name"] == "salaries.txt"]

    assert (scene.files("hr", SALARY) or [""])[0] == "salaries.txt"
    others = scene.files("staff", SALARY, limit=50)
    assert others
    assert "salaries.txt" not in others
    assert scene.files("staff", SALARY, limit=50, context_filter={"docs_ids": [payroll]}) == []
    assert "salaries.txt" not in json.dumps(scene.send("staff", "/v1/ingest/list", method="GET"))
    (answer,) = scene.assistants.run("context_sdk", MODEL, SALARY, name=NAME, pod="staff")
    assert "salaries.txt" not in answer["files"]
    assert "salaries.txt" in scene.assistants.run("context_sdk", MODEL, SALARY, name=NAME, pod="hr")[0]["files"]


def test_nobody_uses_the_ingests_routes_with_a_users_key(scene: Scene) -> None:
    """What the ingest's Job may do, no user may: neither read a source's list nor put a document into it."""
    assert scene.send("hr", "/v1/sources/handbook/documents", method="GET")[0] == 403
    assert scene.send("hr", "/v1/sources/handbook/document?locator=x.txt", "text", method="PUT")[0] == 403


def test_privategpts_own_sdk_works_unchanged(scene: Scene) -> None:
    """Text and file in, listed, searched, answered from whole and streamed, embedded, deleted."""
    text = "The wireless network of the guest house is called albatross."

    found = scene.assistants.run("privategpt_sdk", text, "What is the guest house's network called?", name=NAME, pod="staff")

    assert found["health"] == "ok"
    assert len(found["by_text"]) == len(found["by_file"]) == 1
    assert {*found["by_text"], *found["by_file"]} <= set(found["listed"])
    assert found["chunks"][0] == [found["by_text"][0], text]
    assert found["completion"] == found["streamed"] == found["by_text"]
    assert found["content"]
    assert found["dimensions"] == 384
    assert not {*found["by_text"], *found["by_file"]} & set(found["left"])


def test_an_own_document_is_nobody_elses(scene: Scene) -> None:
    """What a key brings through the API, another one neither finds nor deletes."""
    status, made = scene.send("hr", "/v1/ingest/text", {"file_name": "mine.txt", "text": "The safe's number is seven one three."})
    assert status == 200
    document = made["data"][0]["doc_id"]

    assert "mine.txt" in (scene.files("hr", SAFE) or [])
    assert "mine.txt" not in (scene.files("staff", SAFE, limit=50) or ["mine.txt"])
    assert scene.send("staff", f"/v1/ingest/{document}", method="DELETE")[0] == 404
    assert scene.send("hr", f"/v1/ingest/{document}", method="DELETE")[0] == 200
    assert "mine.txt" not in (scene.files("hr", SAFE, limit=50) or ["mine.txt"])


def test_a_source_that_changes_is_followed(scene: Scene) -> None:
    """At the next time of its schedule: a changed document is found by its new words, one that is gone is not found any more."""
    until("the news are read", lambda: source(scene.assistant, "news").get("documents") == 2, READ_SECONDS, 1)
    changed = {"monday.txt": "The canteen serves pumpkin curry on Monday.\n"}
    scene.kubectl.run("patch", "configmap", "news", "--type=json", "-p", json.dumps([{"op": "replace", "path": "/data", "value": changed}]))

    until("one is left", lambda: source(scene.assistant, "news").get("documents") == 1, 240, 2)

    until("the new words are found", lambda: (scene.files("staff", "pumpkin curry") or [""])[0] == "monday.txt", 60, 2)
    assert "tuesday.txt" not in (scene.files("staff", "fish on Tuesday", limit=50) or ["tuesday.txt"])


def test_the_store_holds_no_words_of_documents(node: Node, scene: Scene) -> None:
    """In a raw scan of its volume, write-ahead log included; nor do its logs and the gateway's hold any."""
    volume = Volume(node, scene.kubectl, NAME)
    words = (CANARY, "salaries.txt", "holidays.md", "paid holiday", "managing director")

    assert volume.size() > 1 << 20
    assert volume.occurrences(*words) == dict.fromkeys(words, 0)
    logs = scene.kubectl.logs(store_pod(scene.kubectl, NAME)) + scene.kubectl.logs(f"{NAME}-0")
    assert CANARY not in logs
    assert "salaries.txt" not in logs


def test_no_object_of_the_api_holds_words_of_documents(scene: Scene, operator: Kubectl) -> None:
    """Status, events and termination messages name no file and no content."""
    objects = scene.kubectl.run("get", "pa,pods,events,jobs,cronjobs,statefulsets", "-o", "json")

    for secret in (CANARY, "salaries.txt", "broken.pdf"):
        assert secret not in objects
        assert secret not in operator.logs("deployment/private-assistant-operator")


def test_nobody_but_the_assistant_reaches_the_store(scene: Scene) -> None:
    """A client beside it does not, the assistant does, and the store itself reaches nothing."""
    address = scene.kubectl.get("pod", store_pod(scene.kubectl, NAME))["status"]["podIP"]
    outside = {
        "outside": f"tcp:{OUTSIDE_IP}:443",
        "dns": f"udp:{DNS_SERVICE_IP}:53",
        "metadata": f"tcp:{METADATA_IP}:80",
        "client": f"tcp:{scene.kubectl.get('pod', 'staff')['status']['podIP']}:22",
    }

    assert scene.assistants.probe("staff", {"store": f"tcp:{address}:5432"}) == {"store": "blocked"}
    assert scene.assistants.probe(f"{NAME}-0", {"store": f"tcp:{address}:5432"} | outside, container="gateway") == {
        "store": "open",
        **dict.fromkeys(outside, "blocked"),
    }
    assert set(scene.assistants.probe(store_pod(scene.kubectl, NAME), outside).values()) == {"blocked"}


def test_without_its_store_the_assistant_refuses_and_comes_back(scene: Scene) -> None:
    """A chat that wants context is refused, and never answered without it; once the store is back, all is as before."""
    key = scene.assistants.key(NAME, "staff")
    chat = {
        "path": "/v1/chat/completions",
        "body": {
            "model": MODEL,
            "messages": [{"role": "user", "content": next(iter(QUESTIONS))}],
            "max_tokens": 4,
            "use_context": True,
        },
    }
    before = scene.files("staff", "paid holiday")
    scene.kubectl.patch("pa", NAME, {"spec": {"store": {"managed": {"resources": {"requests": {"memory": "900Gi"}}}}}})
    until("the store cannot be placed", lambda: is_down(scene.kubectl), 150, 1)

    status, answer = ask_pod(scene.assistants, chat, name=NAME, key=key)

    # Until the gateway has noticed it is the search that fails; from then on nothing is served at all.
    assert status == 503
    assert answer["error"]["code"] in ("retrieval_failed", "store_unavailable", "not_ready")
    until("status says so", lambda: condition(scene.assistant, "StoreReady").get("status") == "False", 150, 1)
    until("it is not Ready", lambda: condition(scene.assistant, "Ready")["status"] == "False", 60, 1)
    scene.kubectl.patch("pa", NAME, {"spec": {"store": None}})
    scene.assistants.settled(NAME)
    until("it is found again", lambda: scene.files("staff", "paid holiday") == before, 120, 1)


def is_down(kubectl: Kubectl) -> bool:
    pod = kubectl.find("pod", store_pod(kubectl, NAME))
    return pod is None or pod["status"].get("phase") == "Pending"


def test_a_killed_store_loses_nothing(scene: Scene) -> None:
    """Its pod killed without notice while documents come in: what was acknowledged is there afterwards."""
    acknowledged = []
    for number in range(6):
        status, made = scene.send("hr", "/v1/ingest/text", {"file_name": f"kept-{number}.txt", "text": f"Locker {number} is blue."})
        if status == 200:
            acknowledged.append(made["data"][0]["doc_id"])
        if number == 2:
            scene.kubectl.run("delete", "pod", store_pod(scene.kubectl, NAME), "--grace-period=0", "--force", "--wait=false")
    assert len(acknowledged) >= 3
    until("the store is back", lambda: scene.send("hr", "/v1/ingest/list", method="GET")[0] == 200, 180, 1)

    listed = {one["doc_id"] for one in scene.send("hr", "/v1/ingest/list", method="GET")[1]["data"]}

    assert set(acknowledged) <= listed
    for document in acknowledged:
        assert scene.send("hr", f"/v1/ingest/{document}", method="DELETE")[0] == 200


def test_another_embedding_model_embeds_everything_anew(scene: Scene) -> None:
    """The digest in status is the other one's; meanwhile and afterwards the right document is found, and nothing was read again."""
    finished = source(scene.assistant, "handbook")["lastFinished"]
    scene.kubectl.patch("pa", NAME, {"spec": {"model": {"embedding": OTHER_EMBEDDING_MODEL}}})
    scene.assistants.settled(NAME)

    assert scene.assistant["status"]["model"]["embedding"]["digest"] == digest("alt", EMBEDDING)
    first, wanted = next(iter(QUESTIONS.items()))
    until("the right one is first", lambda: (scene.files("staff", first) or [""])[0] == wanted, 120, 2)
    assert source(scene.assistant, "handbook")["lastFinished"] == finished
