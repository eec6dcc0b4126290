"""The commands as the Job and the init container run them: processes, signals, exit codes, termination messages."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from assistant_model.reference import Reference
from tests.support.waiting import until
from tests.unit.model.registry_server import Behaviour, Handler, Model, Server, digest_of, registry_server, serving
from tests.unit.model.test_pull import expected_files, files

SOURCES = Path(__file__).parents[3] / "model" / "src"


class Command:
    """One run of `python -m assistant_model`."""

    def __init__(self, folder: Path, command: str, *arguments: str) -> None:
        self.models = folder / "models"
        self.models.mkdir(exist_ok=True)
        self.termination = folder / "termination-log"
        self.termination.write_text("")
        line = [
            sys.executable,
            "-m",
            "assistant_model",
            command,
            f"--models={self.models}",
            f"--termination-log={self.termination}",
            *arguments,
        ]
        self.process = subprocess.Popen(
            line, env={"PYTHONPATH": str(SOURCES), "PATH": os.environ["PATH"]}, stderr=subprocess.PIPE, text=True
        )

    def end(self) -> tuple[int, dict[str, Any], list[dict[str, Any]]]:
        """Wait; returns exit code, termination message and log lines."""
        _, errors = self.process.communicate(timeout=30)
        text = self.termination.read_text()
        return self.process.returncode, json.loads(text) if text else {}, [json.loads(line) for line in errors.splitlines()]


def pull(server: Server, folder: Path, *arguments: str) -> Command:
    """Start a pull from the server."""
    return Command(folder, "pull", f"--name={server.name()}", "--insecure", "--ops-port=0", *arguments)


def noted(*names: str) -> dict[str, bytes]:
    """Return the file that says what the last complete pull brought."""
    return {"partial/complete": "\n".join(sorted(Reference.parse(name).manifest_path for name in names)).encode()}


def two_models(model: Model, embedding: Model) -> Callable[[Handler], bool]:
    """Return an interceptor that serves the embedding model under the tag `embedding`."""

    def serve(handler: Handler) -> bool:
        handler.server.behaviour.blobs = model.blobs | embedding.blobs
        if not handler.path.endswith("/manifests/embedding"):
            return False
        handler.reply(200, embedding.manifest)
        return True

    return serve


def held_after(model: Model, count: int) -> Callable[[Handler], bool]:
    """Return an interceptor that sends so many bytes of the weights and then nothing, as long as nobody resumes."""

    def hold(handler: Handler) -> bool:
        if digest_of(model.weights) not in handler.path or "Range" in handler.headers:
            return False
        handler.reply(200, model.weights[:count], length=len(model.weights))
        handler.wfile.flush()
        time.sleep(15)
        handler.close_connection = True
        return True

    return hold


def wait_for(path: Path, size: int) -> None:
    """Wait until the file has this size."""
    deadline = time.monotonic() + 15
    while not path.exists() or path.stat().st_size < size:
        assert time.monotonic() < deadline, "nothing arrived"
        time.sleep(0.02)


def test_pull_check_and_verify(tmp_path: Path) -> None:
    """What one command brings, the next ones prove; every outcome is the same message."""
    model = Model()
    with registry_server(serving(model)) as server:
        expected = {"name": server.name(), "digest": model.digest, "sizeBytes": model.size}
        code, message, lines = pull(server, tmp_path, "--digest", model.digest).end()

        assert (code, message) == (0, expected)
        assert {line["level"] for line in lines} == {"INFO"}
        assert Command(tmp_path, "check", "--name", server.name(), "--digest", model.digest).end()[:2] == (0, expected)
        assert Command(tmp_path, "verify", "--name", server.name(), "--ops-port=0").end()[:2] == (0, expected)


def test_two_models_are_pulled_checked_and_verified_together(tmp_path: Path) -> None:
    """The model and the embedding model: one message tells of both, and both digests are compared."""
    model, embedding = Model(), Model(weights=b"embeddings" * 1000)
    with registry_server(serving(model, intercept=two_models(model, embedding))) as server:
        other = server.name("tiny:embedding")
        both = ("--embedding", other)
        expected = {
            "name": server.name(),
            "digest": model.digest,
            "sizeBytes": model.size,
            "embedding": {"name": other, "digest": embedding.digest, "sizeBytes": embedding.size},
        }
        pulled = pull(server, tmp_path, *both)

        assert pulled.end()[:2] == (0, expected)
        assert (pulled.models / "partial" / "complete").read_bytes() == noted(server.name(), other)["partial/complete"]
        assert Command(tmp_path, "verify", "--name", server.name(), *both, "--ops-port=0").end()[:2] == (0, expected)
        check = ("--name", server.name(), "--digest", model.digest, *both, "--embedding-digest")
        assert Command(tmp_path, "check", *check, embedding.digest).end()[:2] == (0, expected)
        code, message, _ = Command(tmp_path, "check", *check, model.digest).end()
        assert (code, message["reason"]) == (42, "DigestMismatch")


def test_a_pull_without_its_embedding_model_is_no_pull(tmp_path: Path) -> None:
    """The reason is that of the model which is missing; what was brought stays for the next try."""
    model = Model()
    with registry_server(serving(model)) as server:

        def missing(handler: Handler) -> bool:
            if not handler.path.endswith("/manifests/embedding"):
                return False
            handler.reply(404)
            return True

        server.behaviour.intercept = missing
        pulled = pull(server, tmp_path, "--embedding", server.name("tiny:embedding"))
        code, message, _ = pulled.end()

        assert (code, message["reason"]) == (42, "ModelNotFound")
        assert files(pulled.models) == expected_files(server, model)


def test_credentials_are_not_shown_to_another_registry(tmp_path: Path) -> None:
    """They are the model's registry's; the embedding model comes from another host, with TLS, which this one does not speak."""
    model = Model()
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "username").write_text("user")
    (credentials / "password").write_text("secret")
    with registry_server(serving(model, basic=("user", "secret"))) as server, registry_server(serving(model)) as other:
        pulled = pull(server, tmp_path, f"--credentials={credentials}", "--embedding", other.name())
        wait_for(pulled.models / Reference.parse(server.name()).manifest_path, 1)
        until("it has asked the other, and asks again", lambda: other.connections > 1 or other.requests)
        pulled.process.terminate()
        pulled.end()

        assert other.requests == []


def test_a_check_of_an_embedding_model_needs_its_digest(tmp_path: Path) -> None:
    """Or it would prove nothing of it."""
    line = ("--name=tiny:test", f"--digest=sha256:{'0' * 64}", "--embedding=tiny:embedding")
    process = Command(tmp_path, "check", *line).process
    _, errors = process.communicate(timeout=30)

    assert process.returncode == 2
    assert "--embedding-digest" in errors


def test_progress_while_it_runs(tmp_path: Path) -> None:
    """The operator asks while the download goes on."""
    model = Model()
    with registry_server(serving(model, intercept=held_after(model, 200_000))) as server:
        port = _free_port()
        command = pull(server, tmp_path, f"--ops-port={port}")
        wait_for(command.models / "partial" / digest_of(model.weights).replace(":", "-"), 200_000)
        answer = httpx.get(f"http://127.0.0.1:{port}/progress", trust_env=False).json()
        command.process.kill()
        command.end()

    assert answer == {"completedBytes": 200_000 + len(model.config), "totalBytes": model.size}


@pytest.mark.parametrize(
    ("number", "code", "reason"), [(signal.SIGKILL, -9, None), (signal.SIGTERM, 143, "Interrupted"), (signal.SIGINT, 143, "Interrupted")]
)
def test_an_interrupted_pull_is_resumed(tmp_path: Path, number: signal.Signals, code: int, reason: str | None) -> None:
    """Killed or evicted in the middle: the next pod goes on from the bytes that are on the volume."""
    model = Model()
    with registry_server(serving(model, intercept=held_after(model, 200_000))) as server:
        first = pull(server, tmp_path)
        wait_for(first.models / "partial" / digest_of(model.weights).replace(":", "-"), 200_000)
        first.process.send_signal(number)
        ended, message, _ = first.end()
        second, result, _ = pull(server, tmp_path).end()

        assert (ended, message.get("reason")) == (code, reason)
        assert (second, result["digest"]) == (0, model.digest)
        assert server.asked(digest_of(model.weights))[-1].headers["Range"] == "bytes=200000-"
        assert files(first.models) == expected_files(server, model) | noted(server.name())


@pytest.mark.parametrize(
    ("behaviour", "arguments", "code", "reason"),
    [
        (Behaviour(manifest_status=404), [], 42, "ModelNotFound"),
        (Behaviour(manifest_status=401), [], 42, "Unauthorized"),
        (Behaviour(manifest=b"{}"), [], 42, "NotAModel"),
        (serving(Model()), ["--digest", "sha256:" + "0" * 64], 42, "DigestMismatch"),
        (serving(Model(), blobs={}), [], 1, "BlobCorrupt"),
        (Behaviour(manifest_status=418), [], 1, "RegistryUnreachable"),
    ],
)
def test_failures_have_a_reason_and_a_code(tmp_path: Path, behaviour: Behaviour, arguments: list[str], code: int, reason: str) -> None:
    """42 ends the Job at once, 1 makes it try again."""
    with registry_server(behaviour) as server:
        ended, message, lines = pull(server, tmp_path, *arguments).end()

    assert (ended, message["reason"]) == (code, reason)
    assert lines[-1]["message"] == message["message"]


def test_credentials_come_from_files(tmp_path: Path) -> None:
    """They are in no argument, no environment and no line of the log."""
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "username").write_text("robot")
    (secret / "password").write_text("hunter2-hunter2")
    with registry_server(serving(Model(), bearer="t0ken-t0ken", basic=("robot", "hunter2-hunter2"))) as server:
        code, message, lines = pull(server, tmp_path, f"--credentials={secret}").end()

    assert code == 0
    assert not [word for word in ("hunter2", "t0ken", "cm9ib3Q6") if word in json.dumps([message, lines])]


def test_an_unexpected_error_says_where_and_not_what(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug must not carry what it stumbled over into the log or the status."""
    from assistant_model import __main__ as program

    def stumble(*_: object, **__: object) -> None:
        raise RuntimeError("https://robot:hunter2@registry")

    monkeypatch.setattr(program, "check", stumble)
    monkeypatch.setattr("assistant_model.logs.configure", lambda: None)
    handlers = [(number, signal.getsignal(number)) for number in (signal.SIGTERM, signal.SIGINT)]
    termination = tmp_path / "termination-log"
    try:
        code = program.main(["verify", f"--models={tmp_path}", "--name=m", f"--termination-log={termination}"])
    finally:
        for number, handler in handlers:
            signal.signal(number, handler)

    assert code == 1
    assert json.loads(termination.read_text())["reason"] == "InternalError"
    assert "hunter2" not in termination.read_text()


def test_a_termination_log_that_cannot_be_written_changes_nothing(tmp_path: Path) -> None:
    """The exit code still tells."""
    with registry_server(serving(Model())) as server:
        code, _, lines = pull(server, tmp_path, "--termination-log=/nonexistent/log").end()

    assert code == 0
    assert "could not be written" in lines[-2]["message"] + lines[-1]["message"]


@pytest.mark.parametrize("arguments", [["--name=m:cloud"], ["--name=../m"], ["--name=m", "--digest=sha256:0"], []])
def test_wrong_arguments(tmp_path: Path, arguments: list[str]) -> None:
    """What the operator should never pass is refused before anything is opened."""
    process = subprocess.run(
        [sys.executable, "-m", "assistant_model", "pull", f"--models={tmp_path}", *arguments],
        env={"PYTHONPATH": str(SOURCES)},
        capture_output=True,
        text=True,
    )

    assert process.returncode == 2
    assert list(tmp_path.iterdir()) == []


def test_the_model_server_finds_the_manifest(tmp_path: Path) -> None:
    """The path that is written is the path of the reference."""
    model = Model()
    with registry_server(serving(model)) as server:
        command = pull(server, tmp_path)
        command.end()

        assert (command.models / Reference.parse(server.name()).manifest_path).read_bytes() == model.manifest


def _free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
