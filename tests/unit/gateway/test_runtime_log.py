"""The named pipe: read whatever comes, in whatever pieces, without ever holding much."""

import asyncio
import logging
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant_gateway.metrics import Metrics
from assistant_gateway.runtime_log import MAX_LINE, Lines, RuntimeLog
from tests.unit.gateway.running import until
from tests.unit.gateway.test_answer import split

GOOD = b'time=2026-11-24T23:14:57.385Z level=INFO source=sched.go:561 msg="loaded runners" count=1\n'


@given(st.lists(st.binary(max_size=50).filter(lambda line: b"\n" not in line), max_size=8), st.lists(st.integers(0, 400), max_size=8))
def test_lines_are_the_same_however_they_are_split(lines: list[bytes], cuts: list[int]) -> None:
    reader = Lines()
    found = [reader.feed(part) for part in split(b"".join(line + b"\n" for line in lines), cuts)]

    assert [line for part, _ in found for line in part] == lines
    assert sum(dropped for _, dropped in found) == 0


@given(st.integers(MAX_LINE + 1, MAX_LINE * 3), st.lists(st.integers(0, MAX_LINE * 3), max_size=5))
def test_a_long_line_is_dropped_once_and_never_held(length: int, cuts: list[int]) -> None:
    reader = Lines()
    lines: list[bytes] = []
    dropped = 0
    for part in split(b"before\n" + b"x" * length + b"\nafter\n", cuts):
        more, count = reader.feed(part)
        lines += more
        dropped += count
        assert len(reader._rest) <= MAX_LINE

    assert (lines, dropped) == ([b"before", b"after"], 1)


async def test_lines_are_read_from_the_pipe_counted_and_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    metrics = Metrics()
    reading = asyncio.create_task(RuntimeLog(tmp_path / "log", metrics).run())
    await until((tmp_path / "log").exists)
    writer = os.open(tmp_path / "log", os.O_RDWR)
    os.write(writer, GOOD + b"a prompt: CANARY\n" + b"x" * (MAX_LINE + 1) + b"\n" + GOOD[:30])
    await until(lambda: lines(metrics, "too_long") == 1)
    os.write(writer, GOOD[30:])
    await until(lambda: lines(metrics, "passed") == 2)
    os.close(writer)
    reading.cancel()

    assert lines(metrics, "dropped") == 1
    logged = [record for record in caplog.records if record.name == "ollama"]
    assert [record.getMessage() for record in logged] == ["loaded runners"] * 2
    assert "CANARY" not in caplog.text


def lines(metrics: Metrics, result: str) -> float | None:
    return metrics.registry.get_sample_value("private_assistant_gateway_runtime_log_lines_total", {"result": result})


async def test_a_writer_never_waits_and_may_come_back(tmp_path: Path) -> None:
    """Far more than the pipe holds, from a writer that blocks."""
    metrics = Metrics()
    reading = asyncio.create_task(RuntimeLog(tmp_path / "log", metrics).run())
    await until((tmp_path / "log").exists)

    def write() -> None:
        for _ in range(3):
            with open(tmp_path / "log", "r+b", buffering=0) as pipe:
                pipe.write(GOOD * 10_000)

    await asyncio.wait_for(asyncio.to_thread(write), 60)
    await until(lambda: lines(metrics, "passed") == 30_000)
    reading.cancel()


async def test_a_pipe_that_is_there_already_is_used(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "log")
    writer = os.open(tmp_path / "log", os.O_RDWR)
    os.write(writer, GOOD)
    metrics = Metrics()
    reading = asyncio.create_task(RuntimeLog(tmp_path / "log", metrics).run())
    await until(lambda: lines(metrics, "passed") == 1)
    os.close(writer)
    reading.cancel()


async def test_what_is_no_pipe_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("x")

    with pytest.raises(FileExistsError):
        await RuntimeLog(tmp_path / "log", Metrics()).run()
