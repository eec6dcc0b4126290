"""Personal data does not reach the model: seen from where the model sits, and looked for in everything that the assistant keeps or tells.

One assistant, whose model server writes down every byte that it is given and says back what it was told (recording/ollama.py), with a
document in a source. The tests change its spec in the order in which they stand here.
"""

import json
import secrets
import urllib.request
from dataclasses import dataclass
from typing import Any

import pytest

from tests.cluster.images.catalog import test_image as image_of
from tests.cluster.node.cluster import Node
from tests.cluster.paths import REPOSITORY
from tests.e2e.support.assistants import EMBEDDING_MODEL, MODEL, Assistants
from tests.e2e.support.gateways import OPS_PORT
from tests.e2e.support.kept import Volume, source, store_pod
from tests.e2e.support.kubectl import Kubectl, Object, condition, until

NAME = "masked"
POD = f"{NAME}-0"
READ_SECONDS = 120
LIVE_SECONDS = 240
"""Within which a change of the spec is what the gateway goes by, and is shown."""


def iban() -> str:
    """Return a German account number with a right checksum."""
    account = f"{secrets.randbelow(10**18):018}"
    return f"DE{98 - int(f'{account}131400') % 97:02}{account}"


EMAIL, IBAN, STAFF = f"okapi.{secrets.token_hex(4)}@example.com", iban(), f"STAFF-{secrets.randbelow(10**6):06}"
PERSON = "Annika Wenzel"
VALUES = (EMAIL, IBAN, STAFF, PERSON)
TEXT = f"{PERSON} asks you to write to {EMAIL} that {IBAN} is the account of employee {STAFF}, please."
DOCUMENT = f"The bursary of {PERSON} is paid from {IBAN} on request of {STAFF}; questions go to {EMAIL}.\n"
QUESTION = "From where is the bursary paid?"
ONE_OF_EACH = {"EMAIL": 1, "IBAN": 1, "EMPLOYEE-NUMBER": 1, "PERSON": 1}
PATTERNS = [{"name": "employee-number", "expression": r"\bSTAFF-[0-9]{6}\b"}]
SPEC: dict[str, Any] = {
    "model": {"name": MODEL, "embedding": EMBEDDING_MODEL},
    "rag": {"sources": [{"name": "rules", "configMap": {"name": "rules"}}]},
    "redaction": {"patterns": PATTERNS, "names": {"mode": "Standard"}},
    "logging": {"level": "DEBUG"},
}
GENERATING = ("/v1/chat/completions", "/api/chat", "/api/generate")
PICTURES: dict[str, Any] = {
    "/api/chat": {"messages": [{"role": "user", "content": "What is this?", "images": ["iVBORw0KGgo="]}], "stream": False},
    "/v1/chat/completions": {
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is this?"},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
                ],
            }
        ]
    },
}


@dataclass(frozen=True)
class Scene:
    """The assistant, and a client pod with its key."""

    assistants: Assistants
    kubectl: Kubectl

    def send(self, path: str, body: Any) -> tuple[int, str]:
        """Send one request; return status and answer."""
        request = {"path": path, "body": json.dumps({"model": MODEL} | body if path not in ("/v1/redact", "/v1/restore") else body)}
        (answer,) = self.assistants.send(request, name=NAME)
        return answer["status"], answer["body"]

    def given(self) -> str:
        """Return all that the model server has been given since it started, one request a line."""
        return self.kubectl.execute(POD, "/bin/sh", "-c", "cat /tmp/given", container="ollama")

    def change(self, redaction: Any) -> None:
        self.kubectl.patch("pa", NAME, {"spec": {"redaction": redaction}})

    def records(self) -> list[dict[str, Any]]:
        """Return the audit records of all requests."""
        lines = self.kubectl.logs(POD, container="gateway").splitlines()
        return [json.loads(line) for line in lines if line.startswith('{"record":"request"')]

    def shown(self, kind: str) -> Object:
        """Return a condition, {} where it is not of the spec's generation yet."""
        found = self.kubectl.get("pa", NAME)
        told = condition(found, kind)
        return told if told.get("observedGeneration") == found["metadata"]["generation"] else {}

    def asked(self) -> list[str]:
        """Return what clients have asked of the model server: a gateway that has just opened its store asks how wide embeddings are."""
        return [line for line in self.given().splitlines() if '"input":["dimensions"]' not in line]

    def active(self) -> bool:
        """Say whether every gateway has shown that it masks, by the spec as it is now."""
        return self.shown("RedactionActive").get("status") == "True"


@pytest.fixture(scope="module")
def scene(node: Node, shared_kubectl: Kubectl, shared_assistants: Assistants) -> Scene:
    recording = image_of("recording-ollama", REPOSITORY / "tests" / "e2e" / "recording")
    node.bring(recording)
    shared_kubectl.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "rules"}, "data": {"bursary.txt": DOCUMENT}})
    shared_assistants.ready(NAME, SPEC | {"model": SPEC["model"] | {"image": recording.reference}})
    shared_assistants.client(NAME)
    until("the document is read", lambda: source(shared_kubectl.get("pa", NAME), "rules").get("documents") == 1, READ_SECONDS, 1)
    return Scene(shared_assistants, shared_kubectl)


def asking(path: str, text: str, *, stream: bool) -> dict[str, Any]:
    return ({"prompt": text} if path == "/api/generate" else {"messages": [{"role": "user", "content": text}]}) | {"stream": stream}


def said(answer: str) -> str:
    """Return the text that a client puts together from an answer of any of the wire formats, whole or streamed."""
    parts = [json.loads(line.removeprefix("data: ")) for line in answer.splitlines() if line not in ("", "data: [DONE]")]
    text = ""
    for part in parts:
        (choice,) = part.get("choices") or [part]
        text += choice["response"] if "response" in choice else (choice.get("message") or choice["delta"])["content"]
    return text


def code(answer: str) -> str:
    """Return the code of an error of any of the wire formats."""
    refused = json.loads(answer)
    found: str = refused["code"] if "code" in refused else refused["error"]["code"]
    return found


def held(text: str) -> list[str]:
    """Return the values that a text holds, in whatever case."""
    return [value for value in VALUES if value.lower() in text.lower()]


def test_it_is_ready_because_the_gateway_has_shown_that_it_masks(scene: Scene) -> None:
    """RedactionActive is True, of the generation that is there."""
    assert condition(scene.kubectl.get("pa", NAME), "Ready")["status"] == "True"
    assert scene.active()
    assert scene.shown("RedactionActive")["reason"] == "Active"


def test_the_model_reads_stand_ins_and_the_client_gets_the_values(scene: Scene) -> None:
    """In all wire formats, whole and in pieces: what the model server is given holds no value, and its answer has them all again."""
    asked = [(path, asking(path, TEXT, stream=stream)) for path in GENERATING for stream in (False, True)]
    before = len(scene.given())

    answers = [scene.send(path, body) for path, body in asked]

    given = scene.given()[before:].splitlines()
    assert [status for status, _ in answers] == [200] * len(asked)
    assert [said(answer) for _, answer in answers] == [TEXT] * len(asked)
    assert len(given) == len(asked)
    for line in given:
        assert held(line) == []
        assert all(f"-{name}-1" in line for name in ONE_OF_EACH)


@pytest.mark.parametrize("path", PICTURES)
def test_pictures_are_refused(scene: Scene, path: str) -> None:
    """Nobody can search them: the model server is not even asked."""
    before = len(scene.given())

    status, answer = scene.send(path, PICTURES[path])

    assert (status, code(answer)) == (400, "unscanned_media")
    assert len(scene.given()) == before


def test_a_document_is_masked_before_it_is_embedded_or_stored(scene: Scene, node: Node) -> None:
    """Found by its other words, with types in place of values; neither the embedding model nor the volume's files have had any."""
    status, answer = scene.send("/v1/chunks", {"text": f"{QUESTION} Asks {EMAIL}."})

    assert status == 200, answer
    assert [chunk["text"].strip() for chunk in json.loads(answer)["data"]] == [
        "The bursary of [PERSON] is paid from [IBAN] on request of [EMPLOYEE-NUMBER]; questions go to [EMAIL]."
    ]
    embedded = [line for line in scene.given().splitlines() if line.startswith("/api/embed")]
    assert any("bursary of [PERSON] is paid from [IBAN]" in line for line in embedded)
    assert any(f"{QUESTION} Asks [EMAIL]" in line for line in embedded)
    assert held("\n".join(embedded)) == []
    assert Volume(node, scene.kubectl, NAME).occurrences(*VALUES) == dict.fromkeys(VALUES, 0)


def test_an_answer_from_documents_shows_the_questions_values_alone(scene: Scene) -> None:
    """What was stored masked stays so in the prompt; the question's own address comes back."""
    before = len(scene.given())
    body = asking("/v1/chat/completions", f"{QUESTION} I am {EMAIL}.", stream=False) | {"use_context": True}

    status, answer = scene.send("/v1/chat/completions", body)

    assert status == 200, answer
    assert held(scene.given()[before:]) == []
    assert "paid from [IBAN]" in scene.given()[before:]
    assert held(answer) == [EMAIL]


def test_text_goes_out_masked_and_comes_back_whole(scene: Scene) -> None:
    """/v1/redact and /v1/restore, for a model elsewhere: of text and of JSON, without asking the model here."""
    before = len(scene.given())
    for name, value in (("text", TEXT), ("json", {"to": [EMAIL], "account": {"number": IBAN}, STAFF: 1, "owner": PERSON})):
        status, answer = scene.send("/v1/redact", {name: value})
        redacted = json.loads(answer)
        assert (status, redacted["found"]) == (200, ONE_OF_EACH)
        assert held(answer) == []

        status, answer = scene.send("/v1/restore", {name: redacted[name], "mapping": redacted["mapping"]})

        assert (status, json.loads(answer)) == (200, {name: value})
    assert len(scene.given()) == before


def test_a_pattern_that_matches_nothing_at_all_is_refused(scene: Scene) -> None:
    """The resource says which and why; what serves goes on with the patterns that it has."""
    scene.change({"patterns": [{"name": "employee-number", "expression": "(STAFF-[0-9]{6})?"}]})

    until("it is refused", lambda: scene.shown("Stalled").get("status") == "True", 30)

    stalled = scene.shown("Stalled")
    assert stalled["reason"] == "SpecInvalid"
    assert "spec.redaction.patterns[0].expression" in stalled["message"]
    assert "it can match the empty string" in stalled["message"]
    assert said(scene.send("/api/chat", asking("/api/chat", TEXT, stream=False))[1]) == TEXT
    assert held(scene.given()) == []
    scene.change({"patterns": PATTERNS})
    until("it is well again", scene.active, LIVE_SECONDS)


def test_nothing_that_is_told_holds_a_value(scene: Scene, operator: Kubectl) -> None:
    """After all of this: not the logs, records, metrics and objects of the API, not what the model server was given. Types are counted."""
    with scene.kubectl.forward(f"pod/{POD}", OPS_PORT) as port:
        pages = [urllib.request.urlopen(f"http://127.0.0.1:{port}/{page}", timeout=10).read().decode() for page in ("metrics", "status")]
    told = {
        "pods' logs": scene.kubectl.logs(POD) + scene.kubectl.logs(store_pod(scene.kubectl, NAME)),
        "ingest's logs": "".join(scene.kubectl.logs(f"job/{job['metadata']['name']}") for job in scene.kubectl.list("jobs")),
        "operator's log": operator.logs("deployment/private-assistant-operator"),
        "metrics and status": "".join(pages),
        # The source itself is the user's: it is the one ConfigMap that has them.
        "objects": scene.kubectl.run("get", "pa,pods,events,jobs,cronjobs,statefulsets", "-o", "json"),
        "the model server": scene.given(),
    }

    assert {where: held(text) for where, text in told.items()} == {where: [] for where in told}
    assert 'private_assistant_redactions_total{direction="request",entity="EMPLOYEE-NUMBER"}' in pages[0]
    counted = [record["redactions"]["request"] for record in scene.records() if record.get("redactions")]
    assert ONE_OF_EACH in counted


def test_a_change_is_live_and_shown(scene: Scene) -> None:
    """From Pseudonymize to Block, with pictures let through: the refusal tells types and counts, and RedactionActive is of that spec."""
    scene.change({"request": {"action": "Block"}, "allowUnscannedMedia": True})
    until("it is shown", scene.active, LIVE_SECONDS)
    scene.assistants.settled(NAME)
    before = scene.asked()

    refusals = [scene.send(path, asking(path, f"{TEXT} Again: {EMAIL}", stream=stream)) for path in GENERATING for stream in (False, True)]

    assert [status for status, _ in refusals] == [422] * len(refusals)
    for _, answer in refusals:
        assert code(answer) == "personal_data_refused"
        assert all(words in answer for words in ("EMAIL (2)", "IBAN (1)", "EMPLOYEE-NUMBER (1)", "PERSON (1)")), answer
        assert held(answer) == []
    assert scene.asked() == before
    assert [scene.send(path, body)[0] for path, body in PICTURES.items()] == [200, 200]
    assert held(scene.kubectl.logs(POD) + scene.given()) == []  # the pod is another one than before
