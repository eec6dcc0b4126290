"""What a parser that a document has taken over can do: nothing."""

import ast
import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant_documents.extraction import syscalls
from tests.unit.documents import rogue
from tests.unit.documents.sidecar import ROGUE, Sidecar, sidecar

ATTEMPTS = [name for name in vars(rogue) if name.startswith("run_")]


@pytest.fixture
def victim() -> Iterator[Path]:
    """A file that somebody may want to remove; checked afterwards."""
    path = Path(rogue.VICTIM)
    path.touch()
    yield path
    assert path.exists()
    path.unlink()


async def test_every_way_out_is_shut(tmp_path: Path, victim: Path) -> None:
    """No network, no program, no process, no file, no signal, no more memory; and the sidecar goes on."""
    async with sidecar(tmp_path, ROGUE) as serving:
        said = {attempt: (await serving.ask(attempt.encode())).text for attempt in ATTEMPTS}

    assert {attempt: text for attempt, text in said.items() if not (text or "").startswith("refused: ")} == {}
    assert len(said) >= 12


async def test_what_a_child_starts_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No environment, no file but the document and the answer, limits that cannot be raised, no new privileges."""
    monkeypatch.setenv("SECRET", "canary")
    async with sidecar(tmp_path, ROGUE) as serving:
        environment, files = json.loads((await serving.ask(b"say_environment")).text or "")
        _, _, limits, status = json.loads((await serving.ask(b"say_limits", seconds=3)).text or "")
        nursery = _said(serving.nursery, "environ") if os.geteuid() == 0 else ""  # nobody else may look

    assert environment == {}
    assert files == [0, 1, 2, 3, 4, 5]  # the last is the listing's own
    assert "canary" not in nursery
    table = {line[:26].strip(): line[26:].split()[:2] for line in limits.splitlines()}
    assert table["Max cpu time"] == ["4", "4"]
    assert table["Max file size"] == table["Max core file size"] == table["Max processes"] == ["0", "0"]
    assert "unlimited" not in table["Max address space"]
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert (fields["NoNewPrivs"], fields["Seccomp"]) == ("1", "2")


AS_ANOTHER = """
import asyncio, pathlib, sys
from assistant_documents.extraction import syscalls
from tests.unit.documents.sidecar import ROGUE, sidecar

async def main():
    async with sidecar(pathlib.Path(sys.argv[1]), ROGUE) as serving:
        open_server = (await serving.ask(b"read_server")).text
        syscalls.hide()  # as the server does when it starts
        print([open_server, *[(await serving.ask(name)).text for name in (b"read_server", b"read_nursery", b"run_kill_nursery")]])

asyncio.run(main())
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
def test_memory_with_the_documents_of_others_is_shut(tmp_path_factory: pytest.TempPathFactory) -> None:
    """As the user of the image: what is open to any process of the same user is not open to a child."""
    folder = tmp_path_factory.mktemp("other")
    os.chown(folder, 65532, 65532)
    for path in (folder, *folder.parents[:3]):  # pytest's own, one more of them where it has workers
        path.chmod(path.stat().st_mode | 0o055)
    said = next(
        (
            said
            for program in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}")
            if (said := _as_another(program, folder)) is not None
        ),
        None,
    )
    if said is None:
        pytest.skip("every interpreter here is root's own")

    refused = "refused: PermissionError"
    before, *after = ast.literal_eval(said)
    assert after == [refused] * 3
    assert before in ("None", refused)  # some kernels (Yama) shut it anyway


def _as_another(program: str, folder: Path) -> str | None:
    """Return what the interpreter says as the image's user; None where that user may not run it."""
    try:
        command = [program, "-c", AS_ANOTHER, str(folder)]
        # Another interpreter of the same version finds what this one has installed.
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        return subprocess.run(command, user=65532, group=65532, extra_groups=[], capture_output=True, text=True, check=True, env=env).stdout
    except (PermissionError, FileNotFoundError):
        return None


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ("die_spinning", "TooSlow"),
        ("die_sleeping", "TooSlow"),
        ("die_deaf", "TooSlow"),
        ("die_crash", "Broken"),
        ("die_exit", "Broken"),
        ("die_quietly", "Broken"),
        ("die_memory", "OutOfMemory"),
        ("raw_nonsense", "Broken"),
        ("raw_wrong_size", "Broken"),
        ("raw_other_type", "Broken"),
        ("raw_bad_utf8", "Broken"),
        ("raw_other_reason", "Broken"),
        ("raw_endless", "Broken"),
    ],
)
async def test_each_end_has_a_reason(tmp_path: Path, document: str, reason: str) -> None:
    """However a child ends or lies, there is one well-formed answer."""
    async with sidecar(tmp_path, ROGUE, memory_bytes=64 << 20) as serving:
        reply = await serving.ask(document.encode(), seconds=1.0)
        again = await serving.ask(b"raw_noise")

    assert reply.reason == reason
    assert again.text == "quiet"


async def test_what_a_parser_prints_reaches_no_log(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Libraries quote documents in what they print."""
    async with sidecar(tmp_path, ROGUE) as serving:
        assert (await serving.ask(b"raw_noise")).text == "quiet"

    out, err = capfd.readouterr()
    assert "CANARY" not in out + err


async def test_no_child_is_left(tmp_path: Path) -> None:
    """After the deadline, after the server, nothing of them runs."""
    async with sidecar(tmp_path, ROGUE) as serving:
        await serving.ask(b"die_deaf", seconds=0.2)
        nursery = serving.nursery
        assert _children(nursery) == []
        pending = asyncio.create_task(serving.ask(b"die_sleeping", seconds=30))
        children = await _busy(serving)
        serving.extractor.close()
        assert (await pending).reason == "OutOfMemory"

    deadline = time.monotonic() + 5
    while any(_runs(child) for child in children):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


_ORPHAN = """
import os, signal, sys, time
from assistant_documents.extraction import syscalls
parent = os.getpid()
if os.fork() == 0:
    while os.getppid() == parent:
        time.sleep(0.001)
    syscalls.die_with_parent(signal.SIGKILL, parent)
    print("goes on", flush=True)
"""


def test_a_child_whose_parent_has_gone_before_it_could_say_so_goes_too() -> None:
    """The kernel sends it nothing: what reads a hostile file must not be left to itself."""
    done = subprocess.run([sys.executable, "-c", _ORPHAN], capture_output=True, text=True, timeout=30, check=True)  # to the end of both

    assert done.stdout == ""


async def test_a_nursery_that_is_killed_is_started_again(tmp_path: Path) -> None:
    """Who was being read is told, who comes next is read."""
    async with sidecar(tmp_path, ROGUE) as serving:
        pending = asyncio.create_task(serving.ask(b"die_sleeping", seconds=30))
        await _busy(serving)
        before = serving.nursery
        os.kill(before, signal.SIGKILL)
        assert (await pending).reason == "OutOfMemory"
        assert (await serving.ask(b"raw_noise")).text == "quiet"
        assert serving.nursery != before


async def test_a_nursery_that_does_not_start(tmp_path: Path) -> None:
    """Nobody is told that his document is bad for it."""
    async with sidecar(tmp_path, ROGUE) as serving:
        serving.extractor._program = ("-c", "raise SystemExit(1)")
        link = serving.extractor._link
        assert link is not None
        os.kill(serving.nursery, signal.SIGKILL)
        async with asyncio.timeout(10):
            while not link.is_closed:  # noqa: ASYNC110  the nursery's end comes over its channel
                await asyncio.sleep(0.01)
        assert (await serving.ask(b"raw_noise")).reason == "Busy"


def test_the_filter_of_both_machines() -> None:
    """Programs of the filter are whole instructions, the same calls on both, and end in a verdict."""
    programs = [syscalls._program(machine) for machine in syscalls._MACHINES.values()]

    assert all(len(program) % 8 == 0 and len(program) // 8 < 256 for program in programs)
    assert all(program.endswith(b"\x06\x00\x00\x00\x00\x00\xff\x7f") for program in programs)
    assert len({len(machine.allowed) for machine in syscalls._MACHINES.values()}) == 2  # the older calls exist on one only


async def _busy(serving: Sidecar) -> list[int]:
    """Wait until a document is being read; returns the children."""
    async with asyncio.timeout(10):
        while True:
            if children := _children(serving.nursery):
                return children
            await asyncio.sleep(0.01)


def _said(process: int, name: str) -> str:
    return Path(f"/proc/{process}/{name}").read_text()


def _children(process: int) -> list[int]:
    return [int(child) for child in _said(process, f"task/{process}/children").split()]


def _runs(process: int) -> bool:
    try:
        return "Z" not in _said(process, "stat").rpartition(")")[2]
    except OSError:
        return False
