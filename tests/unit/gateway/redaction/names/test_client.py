"""Tests of failing closed: whatever happens to the worker, no text comes back with names left in it."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from assistant_gateway.redaction.entities import Span
from assistant_gateway.redaction.names.client import Names, NamesOptions, NamesUnavailableError

TEXT = "so Marie Novak wrote"
FOUND = [Span(3, 14, "PERSON")]
CANARY = "Marie Novak"


@pytest.fixture
async def names(folder: Path) -> AsyncIterator[Names]:
    names = Names(NamesOptions(folder, seconds=30))
    yield names
    names.close()


def _exists(process: int) -> bool:
    return Path(f"/proc/{process}").exists()


def _worker(names: Names) -> int:
    assert names.process is not None
    return names.process


async def _wait_until_it_is_asked(names: Names) -> None:
    while not names._turn.locked():  # noqa: ASYNC110  a Lock tells nobody that it was taken; then the question is on its way
        await asyncio.sleep(0)


async def _wait_until_it_may_start_again(names: Names) -> None:
    names._ended -= 10


async def test_it_finds_names(names: Names) -> None:
    """Each text has its own spans; empty ones ask nobody."""
    assert await names.find([TEXT, "", "  ", "it rained"]) == [FOUND, [], [], []]
    assert names.is_ready


async def test_many_at_a_time_get_their_own_answers(names: Names) -> None:
    """One worker, one question at a time: no answer reaches another's asker."""
    texts = ["x" * number + " Marie Novak" for number in range(1, 30)]

    answers = await asyncio.gather(*(names.find([text]) for text in texts))

    assert [answer[0][0].start for answer in answers] == list(range(2, 31))


async def test_an_asker_who_leaves_takes_nobodys_answer_along(names: Names) -> None:
    """The answer to a question that nobody waits for any more is read all the same."""
    await names.start()
    process = _worker(names)
    gone = asyncio.create_task(names.find(["it rained " * 400]))
    await _wait_until_it_is_asked(names)
    gone.cancel()

    assert await names.find([TEXT]) == [FOUND]
    assert _worker(names) == process


async def test_a_worker_that_is_killed_refuses_and_is_replaced(names: Names, caplog: pytest.LogCaptureFixture) -> None:
    """The one who asks next is refused or served by a new one; never given less."""
    await names.start()
    os.kill(_worker(names), signal.SIGSTOP)
    asking = asyncio.create_task(names.find([TEXT]))
    await _wait_until_it_is_asked(names)
    os.kill(_worker(names), signal.SIGKILL)

    with pytest.raises(NamesUnavailableError):
        await asking
    assert not names.is_ready
    assert CANARY not in caplog.text
    await _wait_until_it_may_start_again(names)
    assert await names.find([TEXT]) == [FOUND]


async def test_a_worker_that_is_stopped_is_ended_in_time(folder: Path) -> None:
    """Stopped or too slow: the deadline ends it."""
    names = Names(NamesOptions(folder, seconds=0.3))
    await names.start()
    process = _worker(names)
    os.kill(process, signal.SIGSTOP)

    async with asyncio.timeout(10):
        with pytest.raises(NamesUnavailableError):
            await names.find([TEXT])

    assert not _exists(process)


async def test_a_worker_out_of_memory_refuses(folder: Path) -> None:
    """Its own memory is bounded: what does not fit ends it, not the gateway."""
    names = Names(NamesOptions(folder, memory_bytes=1 << 20))
    await names.start()

    with pytest.raises(NamesUnavailableError):
        await names.find(["Marie Novak wrote. " * 100_000])
    names.close()


async def test_a_worker_ends_before_its_container_does(folder: Path) -> None:
    """What the gateway's container is given for it (256 MiB, the operator's NAMES_MEBIBYTES) is more than the worker can ever take."""
    program = (
        "-c",
        "from assistant_gateway.redaction.names import worker, detector\n"
        "find = detector.Detector.find\n"
        "detector.Detector.find = lambda self, text: find(self, text) + ([] if 'much' not in text else [bytearray(216 << 20)][:0])\n"
        "worker.main()",
    )
    names = Names(NamesOptions(folder), program)
    try:
        assert await names.find([TEXT]) == [FOUND]

        with pytest.raises(NamesUnavailableError):
            await names.find([f"{TEXT} much"])

        assert not names.is_ready
        await _wait_until_it_may_start_again(names)
        assert await names.find([TEXT]) == [FOUND]
    finally:
        names.close()


@pytest.mark.parametrize("wrong", ["missing", "not a folder"])
async def test_without_a_model_everything_is_refused(tmp_path: Path, wrong: str) -> None:
    """Neither a folder that is missing nor a file in its place is a model."""
    names = Names(NamesOptions(tmp_path / "nothing" if wrong == "missing" else Path(__file__)))

    with pytest.raises(NamesUnavailableError):
        await names.find([TEXT])


async def test_a_worker_that_ends_at_once_is_not_started_for_each_request(folder: Path, tmp_path: Path) -> None:
    """The next ones are refused without another process, until a moment has passed."""
    starts = tmp_path / "starts"
    names = Names(NamesOptions(folder), ("-c", f"open({str(starts)!r}, 'a').write('x')"))

    for _ in range(3):
        with pytest.raises(NamesUnavailableError):
            await names.find([TEXT])
    assert starts.read_text() == "x"
    await _wait_until_it_may_start_again(names)
    with pytest.raises(NamesUnavailableError):
        await names.find([TEXT])

    assert starts.read_text() == "xx"


@pytest.mark.parametrize(
    "answer",
    [
        "c.sendall(b'\\6'); c.recv(99); c.sendall((2**31).to_bytes(4,'little')); c.recv(99)",
        "c.sendall(b'\\6'); c.recv(99); c.sendall((1).to_bytes(4,'little') + b'\\xff' * 9)",
        "c.sendall(b'\\6'); c.recv(99); c.sendall(b'\\1')",
        "c.sendall(b'no')",
        "pass",
    ],
)
async def test_a_worker_that_talks_nonsense_is_not_believed(folder: Path, answer: str) -> None:
    """Too many spans, spans outside the text, half an answer, another greeting, none."""
    program = ("-c", f"import socket,sys; c = socket.socket(fileno=int(sys.argv[1])); {answer}")
    names = Names(NamesOptions(folder, seconds=300), program)

    async with asyncio.timeout(60):  # none of them is waited for
        with pytest.raises(NamesUnavailableError):
            await names.find([TEXT])
    assert not names.is_ready


async def test_a_worker_that_never_gets_ready_is_given_up(folder: Path) -> None:
    """The start has its time."""
    names = Names(NamesOptions(folder, start_seconds=0.3), ("-c", "import time; time.sleep(60)"))

    async with asyncio.timeout(10):
        with pytest.raises(NamesUnavailableError):
            await names.start()


async def test_nothing_of_a_text_is_in_what_is_raised_or_logged(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The refusal carries no cause that could carry the text."""
    caplog.set_level(logging.DEBUG)
    names = Names(NamesOptions(folder), ("-c", "pass"))

    with pytest.raises(NamesUnavailableError) as refused:
        await names.find([TEXT])

    assert refused.value.__cause__ is None
    assert str(refused.value) == ""
    assert CANARY not in caplog.text


def test_workers_do_not_outlive_the_gateway(folder: Path) -> None:
    """A gateway that is killed leaves no process behind that holds texts, not even one that is stopped."""
    program = (
        "import asyncio,sys,os,signal; from pathlib import Path\n"
        "from assistant_gateway.redaction.names.client import Names, NamesOptions\n"
        "async def main():\n"
        f"    names = Names(NamesOptions(Path({str(folder)!r}))); await names.start()\n"
        "    print(names.process, flush=True)\n"
        "    os.kill(names.process, signal.SIGSTOP); os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(main())"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60, check=False)
    worker = Path(f"/proc/{int(ended.stdout)}")
    until = time.monotonic() + 10
    while worker.exists() and time.monotonic() < until:
        time.sleep(0.01)

    assert not worker.exists()


def test_the_gateway_itself_loads_none_of_it() -> None:
    """Its memory stays what it was: numpy, the model's runtime and the lists are the worker's alone."""
    program = "import sys, assistant_gateway.redaction.names.client; print(sorted({'numpy', 'onnxruntime'} & set(sys.modules)))"

    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60, check=True)

    assert ended.stdout == b"[]\n"
