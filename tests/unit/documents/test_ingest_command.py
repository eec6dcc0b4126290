"""`python -m assistant_documents ingest` as the Job runs it: signals, exit codes, termination messages, logs, memory."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from assistant_documents.__main__ import main
from assistant_documents.ingest import gateway as _gateway  # noqa: F401 - loaded before the fork below
from assistant_documents.ingest import run as _run  # noqa: F401
from tests.support.waiting import until
from tests.unit.documents.source_api import Gateway, Handler, Request

SOURCES = os.pathsep.join(str(Path(__file__).parents[3] / room / "src") for room in ("documents", "model"))
CANARY = "Canary-7361"


class Command:
    """One run of the command."""

    def __init__(self, gateway: Gateway, folder: Path, *arguments: str, source: str | None = None) -> None:
        self.termination = folder.parent / "termination-log"
        self.termination.write_text("")
        self.termination.chmod(0o666)
        line = [sys.executable, "-m", "assistant_documents", "ingest", "--source", source or gateway.source, "--folder", str(folder)]
        line += [f"--url={gateway.url}", f"--ca={gateway.authority}", f"--key={gateway.key_file}"]
        line += [f"--termination-log={self.termination}", *arguments]
        self.process = subprocess.Popen(
            line,
            env={"PYTHONPATH": SOURCES, "PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.output = ""

    def end(self) -> tuple[int, dict[str, Any]]:
        """Wait; returns exit code and termination message."""
        out, err = self.process.communicate(timeout=60)
        self.output = out + err
        text = self.termination.read_text()
        return self.process.returncode, json.loads(text) if text else {}


def fill(folder: Path, count: int) -> dict[str, bytes]:
    """Write files with telling names and texts."""
    contents = {f"{CANARY}-{number:03}.md": f"{CANARY} text {number}".encode() for number in range(count)}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return contents


def wait_for(gateway: Gateway, count: int) -> None:
    """Wait until so many documents are there."""
    deadline = time.monotonic() + 30
    while len(gateway.documents) < count:
        assert time.monotonic() < deadline, "nothing arrived"
        time.sleep(0.01)


def slowly(handler: Handler, request: Request) -> bool:
    """Take a moment for each document."""
    if request.method == "PUT":
        time.sleep(0.05)
    return False


def test_a_run(gateway: Gateway, folder: Path) -> None:
    """Counts in the termination message and in the log, and nothing else."""
    contents = fill(folder, 5)
    (folder / f"{CANARY}.txt").symlink_to(f"../{CANARY}-outside")
    (folder.parent / f"{CANARY}-outside").write_text(CANARY)
    command = Command(gateway, folder, "--include", "*.md", "**/*.txt")

    code, message = command.end()

    expected = {"documents": 5, "stored": 5, "unchanged": 0, "removed": 0, "chunks": 5, "failed": {"OutsideFolder": 1}}
    assert (code, message) == (0, expected)
    assert gateway.documents == contents
    last = json.loads(command.output.splitlines()[-1])
    assert {name: last[name] for name in expected} == expected
    assert CANARY not in command.output
    assert CANARY not in command.termination.read_text()


@pytest.mark.parametrize(
    ("number", "code", "reason"), [(signal.SIGKILL, -9, None), (signal.SIGTERM, 143, "Interrupted"), (signal.SIGINT, 143, "Interrupted")]
)
def test_an_interrupted_run_is_resumed(gateway: Gateway, folder: Path, number: signal.Signals, code: int, reason: str | None) -> None:
    """Killed or evicted in the middle: the next pod sends what is missing, and only that."""
    contents = fill(folder, 40)
    gateway.intercept = slowly
    first = Command(gateway, folder)
    wait_for(gateway, 10)
    started = time.monotonic()
    first.process.send_signal(number)
    ended, message = first.end()
    waited = time.monotonic() - started
    until("what was under way has arrived", lambda: gateway.open == 0)
    there = len(gateway.documents)
    gateway.requests.clear()
    second, result = Command(gateway, folder).end()

    assert (ended, message.get("reason")) == (code, reason)
    assert waited < 60
    assert [run["state"] for run in gateway.runs] == ["started", "started", "finished"]
    assert (second, result["stored"], result["unchanged"]) == (0, 40 - there, there)
    assert len(gateway.asked("PUT")) == 40 - there
    assert gateway.documents == contents
    assert CANARY not in first.output


def test_terminated_while_it_waits_for_the_gateway(gateway: Gateway, folder: Path) -> None:
    """A gateway that is away holds no pod up."""

    def refuse(handler: Handler, request: Request) -> bool:
        handler.refuse(503, "not_ready", Retry_After="60")
        return True

    gateway.intercept = refuse
    command = Command(gateway, folder)
    deadline = time.monotonic() + 20
    while not gateway.requests and time.monotonic() < deadline:
        time.sleep(0.01)
    command.process.terminate()
    started = time.monotonic()

    assert command.end()[0] == 143
    assert time.monotonic() - started < 60


@pytest.mark.parametrize(("change", "reason"), [({"source": "no-such"}, "SourceUnknown"), ({"key": "x"}, "KeyRefused")])
def test_a_failure_has_a_reason(gateway: Gateway, folder: Path, change: dict[str, str], reason: str) -> None:
    """The Job tries again, and the operator can say why."""
    if "key" in change:
        gateway.key = change["key"]
    command = Command(gateway, folder, source=change.get("source"))

    code, message = command.end()

    assert (code, message["reason"]) == (1, reason)
    assert message["message"].endswith(".")


@pytest.mark.parametrize(
    ("status", "code", "outcome"),
    [(502, "embedding_failed", (1, "Incomplete")), (500, "internal_error", (1, "Incomplete")), (422, "document_unreadable", (0, None))],
)
def test_what_may_pass_is_tried_again(gateway: Gateway, folder: Path, status: int, code: str, outcome: tuple[int, str | None]) -> None:
    """A source without a schedule would miss the document for ever; a file that is bad itself fails nothing."""
    contents = fill(folder, 2)
    bad = f"{CANARY}-000.md"

    def refuse(handler: Handler, request: Request) -> bool:
        if request.locator != bad:
            return False
        handler.refuse(status, code)
        return True

    gateway.intercept = refuse
    first = Command(gateway, folder)
    ended, message = first.end()
    gateway.intercept = None
    second, result = Command(gateway, folder).end()

    assert (ended, message.get("reason")) == outcome
    assert gateway.runs[1]["failed"] != {}
    assert (second, result["documents"], gateway.documents) == (0, 2, contents)
    assert CANARY not in first.output


def test_unexpected_errors_say_where_and_not_what(gateway: Gateway, folder: Path) -> None:
    """Whatever goes wrong: a type and lines of code."""
    command = Command(gateway, folder / CANARY)
    code, message = command.end()
    assert (code, message["reason"]) == (1, "FolderUnreadable")
    assert CANARY not in command.output


@pytest.mark.parametrize("arguments", [["--include", "../x"], ["--include", "/etc/*"], ["--url", "not-a-url"]])
def test_bad_arguments(gateway: Gateway, folder: Path, arguments: list[str]) -> None:
    """They are refused before anything is asked."""
    assert Command(gateway, folder, *arguments).end()[0] in (1, 2)
    assert gateway.requests == []


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
def test_as_the_user_of_the_image(gateway: Gateway, folder: Path) -> None:
    """Unprivileged, what may not be read is counted and nothing is written."""
    fill(folder, 3)
    (folder / "locked.md").write_text("x")
    (folder / "locked.md").chmod(0o600)
    (folder / "locked").mkdir(mode=0o700)
    for path in (folder, *folder.parents):
        if path != Path("/tmp"):
            path.chmod(path.stat().st_mode | 0o755)
        if path.parent == Path("/tmp"):
            break
    for path in (gateway.authority.parent, gateway.authority, gateway.key_file):
        path.chmod(0o755)

    termination = folder.parent / "termination-log"
    termination.touch(0o666)
    termination.chmod(0o666)
    arguments = ["--source", gateway.source, "--folder", str(folder), "--url", gateway.url, "--ca", str(gateway.authority)]
    arguments += ["--key", str(gateway.key_file), "--termination-log", str(termination)]
    child = os.fork()  # not a new program: this one's interpreter may lie where that user reads nothing
    if child == 0:
        os.setgroups([])
        os.setgid(65532)
        os.setuid(65532)
        os._exit(main(["ingest", *arguments]))
    code, message = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), json.loads(termination.read_text())

    assert (code, message["stored"], message["failed"]) == (0, 3, {"Unreadable": 2})


def test_memory_does_not_depend_on_files(gateway: Gateway, folder: Path) -> None:
    """Two files of 150 MB at a time, in a few megabytes."""

    peaks: list[int] = []

    def count(handler: Handler) -> bool:
        if handler.command == "POST":
            status = Path(f"/proc/{command.process.pid}/status").read_text()
            peaks.extend(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
        if handler.command != "PUT":
            return False
        left = int(handler.headers["Content-Length"])
        while left:
            left -= len(handler.rfile.read(min(left, 1 << 20)))
        handler.answer({"status": "stored", "chunks": 1})
        return True

    for number in range(2):
        with (folder / f"{number}.bin").open("wb") as file:
            file.truncate(150 << 20)
    gateway.before_body = count
    command = Command(gateway, folder)

    assert command.end()[1]["stored"] == 2
    assert len(peaks) == 2
    assert peaks[1] < 48 << 10
