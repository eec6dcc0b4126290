"""The command line and the helpers below it: locks, waiting, running, the demo's parts."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.cluster import __main__ as command_line
from tests.cluster import demo, shell
from tests.cluster.kind import Kind
from tests.cluster.paths import REPOSITORY
from tests.cluster.progress import step
from tests.cluster.shell import ClusterError, locked, program, run, succeeds, wait_until


def test_a_program_that_fails_shows_its_output() -> None:
    with pytest.raises(ClusterError, match=r"status 3.*\n.*what went wrong"):
        run("sh", "-c", "echo what went wrong >&2; exit 3")


def test_a_program_gets_its_input_and_never_waits_for_a_keyboard() -> None:
    assert run("cat", stdin="text") == "text"
    assert run("cat") == ""
    assert run("false", check=False) == ""
    assert not succeeds("false")


def test_a_missing_program_is_named() -> None:
    with pytest.raises(ClusterError, match="no program no-such-program"):
        program("no-such-program")
    with pytest.raises(ClusterError, match="no program no-such-program"):
        run("no-such-program", "--version")


def test_waiting_ends_with_what_was_waited_for() -> None:
    with pytest.raises(ClusterError, match=r"gave up after 0\.05 s waiting for: the impossible"):
        wait_until("the impossible", lambda: False, 0.05, interval=0.01)


def test_a_lock_is_held_by_one_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    waits = threading.Event()
    monkeypatch.setattr(shell, "say", lambda _what: waits.set())

    def second() -> None:
        with locked(tmp_path / "lock"):
            order.append("second")

    with locked(tmp_path / "lock"):
        thread = threading.Thread(target=second)
        thread.start()
        assert waits.wait(30)
        order.append("first")
    thread.join()

    assert order == ["first", "second"]


def test_a_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    holder = (
        "import sys, time; from pathlib import Path; from tests.cluster.shell import locked\n"
        "with locked(Path(sys.argv[1])): print(flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", holder, str(tmp_path / "lock")], cwd=REPOSITORY, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.kill()

    with locked(tmp_path / "lock"):
        pass


def test_a_step_says_that_it_failed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError), step("build it"):
        raise RuntimeError
    with step("build that", then="the rest"):
        pass

    lines = capsys.readouterr().err
    assert "build it: failed after" in lines
    assert "build that: done in 0.0 s; next: the rest" in lines


@pytest.mark.parametrize(
    ("error", "status", "text"), [(ClusterError("no space"), 1, "error: no space"), (KeyboardInterrupt(), 130, "interrupted")]
)
def test_what_goes_wrong_is_said_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: BaseException, status: int, text: str
) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr(command_line, "choose", fail)

    assert command_line.main(["status"]) == status
    assert text in capsys.readouterr().err


def test_an_unknown_command_is_refused() -> None:
    with pytest.raises(SystemExit):
        command_line.main(["destroy"])


def test_the_demos_client_is_restricted_and_has_the_assistants_secrets_as_files() -> None:
    spec = demo.client_pod("client", "minimal", "image")["spec"]

    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    (container,) = spec["containers"]
    assert "env" not in container
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert [volume.get("configMap", {}).get("name") or volume["secret"]["secretName"] for volume in spec["volumes"]] == [
        "minimal-ca",
        "minimal-key-default",
    ]


class Replaced(Kind):
    """A cluster whose assistant is Ready and whose pod is away for the first questions."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals

    def kubectl(self, *arguments: str | Path, stdin: str | None = None, check: bool = True) -> str:
        if arguments[0] == "get":
            return json.dumps({"status": {"conditions": [{"type": "Ready", "status": "True", "reason": "Serving", "message": "Well."}]}})
        self.refusals -= 1
        if self.refusals >= 0:
            raise ClusterError("Connection refused")
        return "Paris."


def test_the_demo_asks_again_where_the_pod_is_being_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """`make demo` after a change: the assistant is Ready, and a moment later its pod goes for the new release. Not for ever, though."""
    monkeypatch.setattr("tests.cluster.demo.time.sleep", lambda _seconds: None)

    assert demo.ask(Replaced(2)) == "Paris."
    with pytest.raises(ClusterError, match="refused"):
        demo.ask(Replaced(3))


def test_the_watch_adds_up(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 2.0, 10.0, 11.5])
    monkeypatch.setattr("tests.cluster.demo.time.monotonic", lambda: next(clock))
    watch = demo.StopWatch()
    with watch.step("one"):
        pass
    with watch.step("two"):
        pass

    assert watch.report().split() == ["2.0", "s", "one", "1.5", "s", "two", "3.5", "s", "in", "all"]
