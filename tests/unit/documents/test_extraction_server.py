"""The socket: its protocol, its queue, its mode, its end; and the command that serves it."""

import asyncio
import fcntl
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant_documents.extraction import server
from assistant_documents.extraction.protocol import InvalidMessageError, MediaType, Reason, Refused, Request, Text, parse_answer
from tests.support.waiting import until
from tests.unit.documents.sidecar import ROGUE, parse, sidecar

SOURCES = os.pathsep.join(str(Path(__file__).parents[3] / room / "src") for room in ("documents", "model"))
LINE = {"mediaType": None, "name": "a.md", "size": 5, "maxText": 1000, "seconds": 5.0}


async def test_one_request(tmp_path: Path) -> None:
    """The bytes of the contract, as the gateway sends and reads them."""
    async with sidecar(tmp_path) as serving:
        reader, writer = await asyncio.open_unix_connection(serving.socket)
        writer.write(json.dumps(LINE).encode() + b"\n# x\n\n")
        answer = await reader.read()
        writer.close()

    assert answer == b'{"ok": true, "mediaType": "text/markdown", "size": 5}\n# x\n\n'


async def test_bytes_may_come_in_drips(tmp_path: Path) -> None:
    """A stream has no messages."""
    async with sidecar(tmp_path) as serving:
        reader, writer = await asyncio.open_unix_connection(serving.socket)
        for byte in json.dumps(LINE).encode() + b"\nhello":
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)
        assert parse(await reader.read()).text == "hello"
        writer.close()


WRONG: tuple[dict[str, Any], ...] = (
    {"size": -1},
    {"size": True},
    {"size": "5"},
    {"size": 1 << 50},
    {"maxText": None},
    {"seconds": 0},
    {"seconds": -1},
    {"seconds": "1"},
    {"name": 5},
    {"mediaType": []},
    {"more": 1},
)


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"nonsense\n",
        b"[]\n",
        b"[" * 50_000 + b"\n",
        b"{" + b" " * 70_000 + b"}\n",
        *(json.dumps(LINE | change).encode() + b"\n" for change in WRONG),
        b'{"mediaType": null, "name": null, "size": 5, "maxText": 5, "seconds": NaN}\n',
        b'{"mediaType": null, "name": null, "size": 5, "maxText": 5, "seconds": Infinity}\n',
        b'{"size": 5}\n',
    ],
)
async def test_what_is_no_request(tmp_path: Path, line: bytes) -> None:
    """The connection ends without an answer, and the next one is served."""
    async with sidecar(tmp_path, ROGUE) as serving:
        reader, writer = await asyncio.open_unix_connection(serving.socket)
        try:
            writer.write(line)
            assert await reader.read() == b""
        except ConnectionError:
            pass
        finally:
            writer.close()
        assert (await serving.ask(b"raw_noise")).text == "quiet"


async def test_clients_that_go_away(tmp_path: Path) -> None:
    """Before the line, in the line, in the file, before the answer: nothing is left of them."""
    whole = json.dumps(LINE | {"size": 100_000}).encode() + b"\n" + b"x" * 100_000
    async with sidecar(tmp_path, workers=1, waiting=1) as serving:
        for cut in (0, 10, 200, len(whole)):
            _, writer = await asyncio.open_unix_connection(serving.socket)
            writer.write(whole[:cut])
            await writer.drain()
            writer.transport.abort()
        deadline = time.monotonic() + 10
        while (reply := await serving.ask(b"words")).reason == "Busy":
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)

    assert reply.text == "words"


class Desk(server._Desk):
    """The server's own, that a test may look at: the socket does not tell how many wait."""

    last: "Desk"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        Desk.last = self


async def test_a_bounded_queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two are read, two wait, the fifth is told to come again, even with a file that it has not sent yet; afterwards there is room."""
    monkeypatch.setattr(server, "_Desk", Desk)
    async with sidecar(tmp_path, ROGUE, workers=2, waiting=2) as serving:
        first = [asyncio.create_task(serving.ask(b"die_sleeping", seconds=1.5)) for _ in range(4)]
        async with asyncio.timeout(10):
            while Desk.last._present < 4:  # noqa: ASYNC110  what is waited for is not written to be waited for
                await asyncio.sleep(0.01)
        started = time.monotonic()
        reply = await serving.ask(b"x" * (4 << 20))
        waited = time.monotonic() - started
        done = await asyncio.gather(*first)
        assert (await serving.ask(b"raw_noise")).text == "quiet"

    assert reply.reason == "Busy"
    assert waited < 30  # it is not the deadline that ended it
    assert [each.reason for each in done] == ["TooSlow"] * 4


async def test_many_at_once(tmp_path: Path) -> None:
    """Each gets its own text."""
    async with sidecar(tmp_path, waiting=100) as serving:
        replies = await asyncio.gather(*(serving.ask(f"number {n}".encode(), "a.md") for n in range(60)))

    assert [reply.text for reply in replies] == [f"number {n}" for n in range(60)]


async def test_limits_of_the_server(tmp_path: Path) -> None:
    """What a client asks for is what it gets at most."""
    async with sidecar(tmp_path, ROGUE, memory_bytes=64 << 20, max_text=10, max_seconds=0.5) as serving:
        started = time.monotonic()
        assert (await serving.ask(b"die_sleeping", seconds=60)).reason == "TooSlow"
        assert time.monotonic() - started < 60
        assert (await serving.ask(b"x" * ((32 << 20) + 1))).reason == "TooLarge"
        assert (await serving.ask(b"run_fork")).reason == "Broken"  # its text is longer than ten bytes


async def test_the_socket(tmp_path: Path) -> None:
    """Owner and group only; whatever lay there is replaced, and nothing is left."""
    path = tmp_path / "documents.sock"
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(path))
    stale.close()
    (tmp_path / ".documents.sock.new").write_text("left by a crash")
    async with sidecar(tmp_path) as serving:
        mode = path.stat().st_mode
        assert (await serving.ask(b"words")).text == "words"

    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o660
    assert os.listdir(tmp_path) == []


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_no_answer_of_a_child_breaks_the_server(data: bytes) -> None:
    """Bytes of any kind are an answer or are not."""
    try:
        answer = parse_answer(data, 100)
    except InvalidMessageError:
        return
    assert parse_answer(answer.to_bytes(), 100) == answer


@settings(deadline=None)
@given(
    st.one_of(
        st.builds(Text, st.sampled_from(MediaType), st.text(max_size=30).map(str.encode)), st.builds(Refused, st.sampled_from(Reason))
    )
)
def test_answers_travel(answer: Text | Refused) -> None:
    """What is written is read."""
    assert parse_answer(answer.to_bytes(), 1000) == answer


@settings(deadline=None)
@given(
    st.builds(
        Request,
        st.none() | st.text(max_size=20),
        st.none() | st.text(max_size=20),
        st.integers(0, 1 << 30),
        st.integers(0, 1 << 30),
        st.floats(0.001, 1000),
    )
)
def test_requests_travel(request_: Request) -> None:
    """What is written is read."""
    assert Request.parse(request_.to_line()) == request_


class Served:
    """`python -m assistant_documents serve`."""

    def __init__(self, folder: Path, *arguments: str, **options: Any) -> None:
        self.socket = folder / "documents.sock"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "assistant_documents", "serve", "--socket", str(self.socket), *arguments],
            env={"PYTHONPATH": SOURCES, "PATH": os.environ["PATH"], "SECRET": "canary"},
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )
        deadline = time.monotonic() + 30
        while not self.socket.exists():
            assert self.process.poll() is None, self.process.communicate()[1]
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def ask(self, data: bytes, seconds: float = 20.0) -> bytes:
        """Send a file and read the answer."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.socket))
            connection.sendall(Request(None, "CANARY.md", len(data), 1000, seconds).to_line() + data)
            answer = b""
            while block := connection.recv(1 << 16):
                answer += block
            return answer

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """End it; returns exit code and log."""
        self.process.send_signal(number)
        return self.ended()

    def ended(self) -> tuple[int, str]:
        """Wait for its end; returns exit code and log."""
        log = self.process.communicate(timeout=20)[1]
        return self.process.returncode, log


def test_the_command(tmp_path: Path) -> None:
    """It serves until SIGTERM, says nothing about documents, and leaves no process and no socket."""
    served = Served(tmp_path, "--memory-mebibytes", "128", "--workers", "1")
    nursery = Path(f"/proc/{served.process.pid}/task/{served.process.pid}/children").read_text().split()
    assert served.ask(b"CANARY text").endswith(b"\nCANARY text")
    assert b"Broken" in served.ask(b"%PDF-1.7 CANARY")
    code, log = served.end()

    assert code == 0
    assert not served.socket.exists()
    assert len(nursery) == 1
    assert not Path(f"/proc/{nursery[0]}").exists()
    assert "CANARY" not in log
    assert [json.loads(line)["message"] for line in log.splitlines()] == ["serving"]


def test_what_has_begun_is_finished(tmp_path: Path) -> None:
    """A document that is being read when the pod ends gets its text."""
    served = Served(tmp_path)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(served.socket))
        connection.sendall(Request(None, None, 5, 1000, 20).to_line() + b"wor")
        until("the server has begun to read", lambda: _unread(connection) == 0)
        served.process.terminate()
        until("the server ends", lambda: not served.socket.exists())
        connection.sendall(b"ds")
        answer = b""
        while block := connection.recv(1 << 16):
            answer += block
    code, _ = served.ended()  # another signal could come when nobody heeds it any more

    assert answer.endswith(b"\nwords")
    assert code == 0


def _unread(connection: socket.socket) -> int:
    """Return how many of the bytes that were sent nobody has taken yet (SIOCOUTQ, man 7 unix)."""
    return int.from_bytes(fcntl.ioctl(connection, termios.TIOCOUTQ, bytes(4)), sys.byteorder)


def test_a_server_that_is_killed_leaves_no_process(tmp_path: Path) -> None:
    """The nursery and its children end with it, and the next server takes the socket over."""
    served = Served(tmp_path)
    nursery = Path(f"/proc/{served.process.pid}/task/{served.process.pid}/children").read_text().split()[0]
    served.end(signal.SIGKILL)
    deadline = time.monotonic() + 5
    while Path(f"/proc/{nursery}").exists() and "Z" not in Path(f"/proc/{nursery}/stat").read_text().rpartition(")")[2]:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert served.socket.exists()
    again = Served(tmp_path)
    deadline = time.monotonic() + 10
    while True:
        try:
            assert again.ask(b"words").endswith(b"words")
            break
        except ConnectionError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert again.end()[0] == 0


def test_the_server_loads_no_parser(tmp_path: Path) -> None:
    """The process that listens and holds every document never runs code that reads them."""
    served = Served(tmp_path)
    maps = Path(f"/proc/{served.process.pid}/maps").read_text()
    served.end()

    assert "lxml" not in maps
    assert "selectolax" not in maps
