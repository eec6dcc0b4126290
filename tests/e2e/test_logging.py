"""No log, event, metric or status holds content: canaries are planted in everything that a client can send, and then looked for."""

import json
import secrets
import urllib.request
from typing import Any

import pytest

from tests.e2e.support.assistants import MODEL, Assistants
from tests.e2e.support.kubectl import Kubectl, until

CANARY = f"zebra{secrets.token_hex(6)}"
POD = "minimal-0"
QUIT = "for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline | grep -q \"$1\" && kill -QUIT ${p#/proc/}; done; true"
"""Go answers SIGQUIT with the stacks of all its routines on standard error, as in a crash."""


def chat(**more: Any) -> str:
    return json.dumps({"model": MODEL, "messages": [{"role": "user", "content": f"Repeat this word three times: {CANARY}"}]} | more)


REQUESTS: list[dict[str, Any]] = [
    {"path": "/v1/chat/completions", "body": chat(max_tokens=24, temperature=0)},
    {"path": "/v1/chat/completions", "body": chat(max_tokens=24, temperature=0, stream=True)},
    {"path": "/v1/completions", "body": json.dumps({"model": MODEL, "prompt": f"{CANARY} {CANARY} {CANARY}", "max_tokens": 12})},
    {"path": "/v1/embeddings", "body": json.dumps({"model": MODEL, "input": CANARY})},
    {"path": "/api/chat", "body": chat(options={"num_predict": 24})},
    {
        "path": "/api/generate",
        "body": json.dumps({"model": MODEL, "prompt": CANARY, "raw": True, "stream": False, "options": {"num_predict": 8}}),
    },
    {"path": "/api/embed", "body": json.dumps({"model": MODEL, "input": [CANARY]})},
    # What the model server or its parsers refuse, and may quote.
    {"path": "/api/chat", "body": chat(format=CANARY)},
    {"path": "/api/chat", "body": chat(format={"type": CANARY})},
    {"path": "/api/generate", "body": json.dumps({"model": MODEL, "prompt": "x", "template": "{{ " + CANARY})},
    {"path": "/api/chat", "body": chat(tools=[{"type": "function", "function": {"name": CANARY, "parameters": CANARY}}])},
    {"path": "/v1/chat/completions", "body": chat(response_format={"type": "json_schema", "json_schema": {"schema": CANARY}})},
    {"path": "/v1/chat/completions", "body": chat(tool_choice=CANARY, tools=CANARY)},
    # What the gateway refuses.
    {"path": "/v1/chat/completions", "body": f'{{"model": "{MODEL}", "messages": [{{"content": "{CANARY}'},
    {"path": "/v1/chat/completions", "body": json.dumps({"model": CANARY, "messages": CANARY})},
    {"path": "/api/chat", "body": json.dumps({"model": {CANARY: CANARY}, "messages": []})},
    {"path": f"/api/{CANARY}?{CANARY}={CANARY}", "body": CANARY},
    {"path": f"/v1/models/{CANARY}", "method": "GET"},
    {"path": "/v1/chat/completions", "body": chat(), "key": CANARY},
    {
        "path": "/v1/chat/completions",
        "body": chat(max_tokens=8),
        "headers": {"X-Request-Id": CANARY, "User-Agent": CANARY, "Cookie": CANARY},
    },
]


@pytest.fixture(scope="module")
def loud(shared_assistants: Assistants) -> Assistants:
    """An assistant at the most talkative level, after all of REQUESTS and crashes under load."""
    shared_assistants.ready(spec={"logging": {"level": "DEBUG"}})
    shared_assistants.client()
    answers = shared_assistants.send(*REQUESTS)
    assert {answer["status"] for answer in answers[:4]} == {200}
    for process in ("ollama runner", "ollama serve"):
        crash(shared_assistants, process)
    return shared_assistants


def crash(assistants: Assistants, process: str) -> None:
    """Kill one of the model server's processes while it writes an answer, and wait until it is back."""
    restarts = _restarts(assistants.kubectl)
    endless = {
        "path": "/api/generate",
        "body": json.dumps({"model": MODEL, "prompt": f"{CANARY} one two", "options": {"num_predict": 2000}}),
    }
    assistants.send(endless | {"leave_after": 64})
    # Unchecked: with the server its container ends, and the shell that sent the signal may be killed before it can say that all is well.
    assistants.kubectl.run("exec", POD, "--container=ollama", "--", "/bin/sh", "-c", QUIT, "sh", process, check=False)
    if process == "ollama serve":
        until("the model server was restarted", lambda: _restarts(assistants.kubectl) > restarts, 120)
    until("it answers again", lambda: assistants.send(REQUESTS[0])[0]["status"] == 200, 150)


def _restarts(kubectl: Kubectl) -> int:
    statuses = kubectl.get("pod", POD)["status"]["initContainerStatuses"]
    return sum(status["restartCount"] for status in statuses if status["name"] == "ollama")


def test_no_container_logs_content(loud: Assistants) -> None:
    """Neither the gateway's log nor the model server's holds anything that a client sent, before a crash or after it."""
    logs = loud.kubectl.logs(POD) + loud.kubectl.logs(POD, container="ollama", previous=True)

    assert '"record":"request"' in logs
    assert CANARY not in logs


def test_answers_are_not_logged_either(loud: Assistants) -> None:
    """What the model says is content, too."""
    answer = json.loads(loud.send(REQUESTS[0])[0]["body"])["choices"][0]["message"]["content"]

    words = [word for word in answer.split() if len(word) > 11] or [answer.strip()]
    logs = loud.kubectl.logs(POD)
    assert all(word not in logs for word in words)


def test_no_object_of_the_api_holds_content(loud: Assistants, operator: Kubectl) -> None:
    """Status, events, termination messages, and the operator's own log hold none."""
    objects = loud.kubectl.run("get", "pa,pods,events,jobs,statefulsets,configmaps", "-o", "json")

    assert CANARY not in objects
    assert CANARY not in operator.logs("deployment/private-assistant-operator")


def test_no_metric_holds_content(loud: Assistants) -> None:
    """Labels of metrics are of a fixed set, whatever route, model or key a client sends."""
    with loud.kubectl.forward(f"pod/{POD}", 9090) as port:
        metrics = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30).read().decode()

    assert "private_assistant_gateway_requests_total" in metrics
    assert CANARY not in metrics


def test_the_model_servers_harmless_lines_are_passed_on(loud: Assistants) -> None:
    """Filtered means filtered, not silent: known shapes reach the gateway's log, and the container's own log stays empty."""
    gateway = loud.kubectl.logs(POD, container="gateway")

    assert any('"logger":"ollama"' in line or '"logger":"runtime"' in line for line in gateway.splitlines())
    assert loud.kubectl.logs(POD, container="ollama") == ""


def test_every_request_left_one_record(loud: Assistants) -> None:
    """One record for each request, refused and failed ones included, with who, where, which policy and what outcome."""
    before = len(_records(loud.kubectl))
    loud.send(*REQUESTS)

    found = until(
        "all records are written", lambda: (records := _records(loud.kubectl)[before:]) and len(records) >= len(REQUESTS) and records, 60
    )

    assert len(found) == len(REQUESTS)
    assert [record["outcome"] for record in found[:7]] == ["completed"] * 7
    assert {record["outcome"] for record in found[13:18]} == {"refused"}
    assert found[18]["key"] is None
    needed = {
        "time",
        "key",
        "subject",
        "route",
        "model",
        "model_digest",
        "policy_generation",
        "outcome",
        "request_bytes",
        "response_bytes",
        "duration_ms",
    }
    assert all(needed <= record.keys() for record in found)


def test_a_client_that_leaves_is_recorded(loud: Assistants) -> None:
    """A disconnect is an outcome of its own, and ends the model's work."""
    before = len(_records(loud.kubectl))
    body = json.dumps({"model": MODEL, "prompt": "Count to a thousand: one two three", "options": {"num_predict": 2000}})
    loud.send({"path": "/api/generate", "body": body, "leave_after": 64})

    found = until("the record is written", lambda: _records(loud.kubectl)[before:], 30)

    assert [record["outcome"] for record in found] == ["client_gone"]


def _records(kubectl: Kubectl) -> list[dict[str, Any]]:
    lines = kubectl.logs(POD, container="gateway").splitlines()
    return [json.loads(line) for line in lines if line.startswith('{"record":"request"')]


def test_text_format_and_discarded_runtime_lines(assistants: Assistants) -> None:
    """`format: Text` and `runtime: Discard` do what they say; the level reaches the model server."""
    assistants.ready(spec={"logging": {"format": "Text", "runtime": "Discard", "level": "WARNING"}})
    logs = assistants.kubectl.logs(POD, container="gateway")
    containers = {one["name"]: one for one in assistants.kubectl.get("pod", POD)["spec"]["initContainers"]}

    assert not any(line.startswith("{") and "record" not in line for line in logs.splitlines())
    assert "ollama" not in logs
    assert {"name": "OLLAMA_DEBUG", "value": "-1"} in containers["ollama"]["env"]
