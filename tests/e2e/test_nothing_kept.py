"""The default assistant writes nothing anywhere: seen in every system call of its processes while it answers."""

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path

from tests.e2e.support.assistants import MODEL, Assistants
from tests.e2e.support.objects import everything, names
from tests.e2e.support.traces import processes, tracing

CANARY = f"narwhal{secrets.token_hex(6)}"
CHATS = [
    {"path": "/v1/chat/completions", "body": {"messages": [{"role": "user", "content": f"Repeat: {CANARY}"}], "max_tokens": 12}},
    {
        "path": "/v1/chat/completions",
        "body": {"messages": [{"role": "user", "content": f"Repeat: {CANARY}"}], "max_tokens": 12, "stream": True},
    },
    {"path": "/api/chat", "body": {"messages": [{"role": "user", "content": CANARY}], "options": {"num_predict": 8}}},
    {"path": "/api/generate", "body": {"prompt": CANARY, "stream": False, "options": {"num_predict": 8}}},
    {"path": "/v1/embeddings", "body": {"input": CANARY}},
    # Refused: an error is no reason to write either.
    {"path": "/v1/chat/completions", "body": {"messages": CANARY}},
    {"path": "/v1/chat/completions", "body": {"messages": [{"role": "user", "content": CANARY}], "use_context": True}},
]
SCRIPT = """
import os, sys
sys.stdin.readline()
with open(sys.argv[1], "wb") as file:
    file.write(b"x")
os.write(os.open(sys.argv[2], os.O_RDWR), b"x")
os.write(1, b"done\\n")
sys.stdin.readline()
"""


def test_a_trace_sees_what_is_written_to_a_file_and_nothing_else(tmp_path: Path) -> None:
    """The control: a process that writes to a file, to a named pipe and to its output."""
    os.mkfifo(tmp_path / "pipe")
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "file"), str(tmp_path / "pipe")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        with tracing([process.pid]) as trace:
            process.stdin.write("\n")
            assert process.stdout.readline() == "done\n"

    assert trace.files == [f"openat {tmp_path}/file", f"write {tmp_path}/file"]
    assert trace.calls >= 3


def test_the_default_assistant_writes_no_file_while_it_answers(assistants: Assistants) -> None:
    """Gateway and model server, with everything that they start: what they write goes to sockets and pipes."""
    assistants.ready()
    assistants.client()
    requests = [{"path": chat["path"], "body": json.dumps({"model": MODEL} | chat["body"])} for chat in CHATS]  # type: ignore[operator]
    assistants.send(requests[0])  # what the first request loads is loaded
    running = processes(assistants.kubectl, "minimal-0")
    assert {word for command in running.values() for word in ("assistant_gateway", "serve", "runner") if word in command} == {
        "assistant_gateway",
        "serve",
        "runner",
    }

    with tracing(running) as trace:
        answers = assistants.send(*requests)

    assert [answer["status"] for answer in answers][:5] == [200] * 5
    assert {answer["status"] for answer in answers[5:]} == {400}
    assert trace.calls > 50
    assert trace.files == []


def test_the_default_assistant_has_nothing_to_keep_anything_in(assistants: Assistants) -> None:
    """No store, no key to encrypt with, no ingest, no container that opens documents; its one volume is the model's, and read-only."""
    assistants.ready()

    found = names(everything(assistants.kubectl, "events", "events.events.k8s.io"))

    assert {name for name in found if any(word in name for word in ("store", "encryption", "ingest"))} == set()
    pod = assistants.kubectl.get("pod", "minimal-0")
    containers = [*pod["spec"]["initContainers"], *pod["spec"]["containers"]]
    assert {container["name"] for container in containers} == {"egress-gate", "model-check", "egress-probe", "ollama", "gateway"}
    claims = {volume["name"] for volume in pod["spec"]["volumes"] if "persistentVolumeClaim" in volume}
    mounts = [mount for container in containers for mount in container.get("volumeMounts", ()) if mount["name"] in claims]
    assert mounts
    assert all(mount.get("readOnly") for mount in mounts)
    status = assistants.kubectl.get("pa", "minimal")["status"]
    assert "retention" not in status
    assert "sources" not in status or status["sources"] == []
