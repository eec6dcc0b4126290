"""Tests of the worker's part: what it answers, and when it will not start."""

import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from assistant_gateway.redaction.entities import Span
from assistant_gateway.redaction.names import protocol, worker
from assistant_gateway.redaction.names.detector import Detector
from tests.unit.gateway.redaction.names import tiny


class Echo:
    """Finds the whole text."""

    def find(self, text: str) -> list[Span]:
        return [Span(0, len(text), "PERSON")]


def test_it_answers_until_the_other_side_is_gone() -> None:
    """One text after the other; half a question is no question."""
    ours, theirs = socket.socketpair()
    thread = threading.Thread(target=worker.serve, args=(theirs, Echo()))
    thread.start()
    with ours:
        for text in ("one", "two \ud800"):
            ours.sendall(protocol.question(text))
            data = ours.recv(4 + protocol.SPAN.size, socket.MSG_WAITALL)
            assert protocol.spans_of(data[4:], len(text)) == [Span(0, len(text), "PERSON")]
        ours.sendall(protocol.question("half")[:-1])

    thread.join(10)
    assert not thread.is_alive()
    theirs.close()


def test_a_model_that_sees_is_told_from_one_that_does_not(folder: Path, tmp_path: Path) -> None:
    """A processor on which the arithmetic fails gives no error, only nothing."""
    assert worker.sees(Detector(folder))
    assert not worker.sees(Detector(tiny.write(tmp_path, blind=True)))


@pytest.mark.parametrize(
    ("broken", "status"), [("missing", worker.EXIT_FOLDER), ("changed", worker.EXIT_FOLDER), ("blind", worker.EXIT_BLIND)]
)
def test_it_does_not_start_without_a_model_that_works(tmp_path: Path, broken: str, status: int) -> None:
    """It ends with a status that says why, before it says that it is ready."""
    folder = tmp_path / "names"
    if broken != "missing":
        tiny.write(folder, blind=broken == "blind")
    if broken == "changed":
        (folder / "places.txt").write_text("Nowhere\n")
    ours, theirs = socket.socketpair()
    with ours, theirs:
        command = [
            sys.executable,
            "-m",
            "assistant_gateway.redaction.names.worker",
            str(theirs.fileno()),
            str(folder),
            "Standard",
            "1",
            str(1 << 30),
        ]
        ended = subprocess.run(command, pass_fds=[theirs.fileno()], timeout=60, check=False, capture_output=True)
        theirs.close()

        assert ended.returncode == status
        assert ours.recv(1) == b""
        assert ended.stderr == b""
