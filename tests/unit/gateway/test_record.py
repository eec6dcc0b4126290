"""The record's fields, and that each is written once and whole."""

import asyncio
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant_gateway import record
from assistant_gateway.faults import FatalError
from assistant_gateway.record import PATIENCE_SECONDS, Exchange, Records


def test_a_record_holds_these_fields_and_no_others() -> None:
    exchange = Exchange("POST", "ollama")
    exchange.began, exchange.first_byte, exchange.ended = 1.0, 1.25, 1.5

    line = exchange.line("2026-11-24T23:14:29.226Z")

    assert line["first_byte_ms"] == 250.0
    assert line["duration_ms"] == 500.0
    assert line["route"] == "unknown"
    assert line["outcome"] == "failed"
    assert len(line) == 26


def test_request_ids_differ() -> None:
    assert len({Exchange().request_id for _ in range(1000)}) == 1000


async def test_a_reader_that_lags_loses_no_record() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    exchanges = [Exchange() for _ in range(1000)]  # more than a pipe holds

    def read() -> bytes:
        data = b""
        while data.count(b"\n") < len(exchanges):
            data += os.read(reading, 65536)
        return data

    reader = asyncio.get_running_loop().run_in_executor(None, read)
    records = Records(writing)
    for exchange in exchanges:
        records.write(exchange)
    lines = (await reader).splitlines()
    os.close(reading)
    os.close(writing)

    assert [json.loads(line)["request_id"] for line in lines] == [exchange.request_id for exchange in exchanges]


async def test_records_of_one_turn_are_one_write(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path / "records", os.O_CREAT | os.O_WRONLY)
    records = Records(descriptor)
    exchanges = [Exchange() for _ in range(5)]
    for exchange in exchanges:
        records.write(exchange)
    assert (tmp_path / "records").read_bytes() == b""
    await asyncio.sleep(0)
    written = (tmp_path / "records").read_text().splitlines()
    records.flush()
    os.close(descriptor)

    assert [json.loads(line)["request_id"] for line in written] == [exchange.request_id for exchange in exchanges]
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", json.loads(written[0])["time"])
    assert len((tmp_path / "records").read_text().splitlines()) == 5


async def test_what_has_no_request_is_a_record_of_its_own_kind(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path / "records", os.O_CREAT | os.O_WRONLY)
    records = Records(descriptor)
    records.write(Exchange())
    records.note({"record": "erasure", "kind": "subject", "counts": {"items": 3}})
    records.flush()
    os.close(descriptor)

    request, note = [json.loads(line) for line in (tmp_path / "records").read_text().splitlines()]
    assert request["record"] == "request"
    assert note == {"record": "erasure", "time": note["time"], "kind": "subject", "counts": {"items": 3}}
    assert list(note)[:2] == ["record", "time"]


@pytest.fixture
def full() -> Iterator[int]:
    """A disk without room (man 4 full)."""
    descriptor = os.open("/dev/full", os.O_WRONLY)
    yield descriptor
    os.close(descriptor)


def closed() -> int:
    """Return a pipe that nobody reads any more."""
    reading, writing = os.pipe()
    os.close(reading)
    return writing


async def test_what_cannot_be_written_waits_and_is_told(full: int, tmp_path: Path) -> None:
    """When there is room again, every record is there, once and in its order, and nothing is wrong any more."""
    records, exchanges = Records(full), [Exchange() for _ in range(3)]
    for exchange in exchanges:
        records.write(exchange)
        await asyncio.sleep(0)  # each in a write of its own
        assert records.fault is record.NOT_WRITTEN

    room = os.open(tmp_path / "records", os.O_CREAT | os.O_WRONLY)
    os.dup2(room, full)
    os.close(room)
    watch = asyncio.create_task(records.watch(0))
    async with asyncio.timeout(10):
        while records.fault is not None:  # noqa: ASYNC110
            await asyncio.sleep(0)
    watch.cancel()

    written = (tmp_path / "records").read_text().splitlines()
    assert [json.loads(line)["request_id"] for line in written] == [exchange.request_id for exchange in exchanges]


@pytest.mark.parametrize(("after", "bytes_that_wait"), [(PATIENCE_SECONDS, 0), (0.0, 1)], ids=["for too long", "too much"])
async def test_what_waits_in_vain_ends_the_process(full: int, monkeypatch: pytest.MonkeyPatch, after: float, bytes_that_wait: int) -> None:
    """Its last words say how much is lost: nobody is to believe that nothing happened."""
    if bytes_that_wait:
        monkeypatch.setattr(record, "MOST_WAITING", bytes_that_wait)
    now = 0.0
    records = Records(full, lambda: now)
    for _ in range(2):
        records.write(Exchange())
    records.flush()
    now = after

    with pytest.raises(FatalError) as ended:
        await asyncio.wait_for(records.watch(0), 10)

    assert ended.value.reason.reason == "RecordsNotWritten"
    assert ended.value.reason.message.startswith("2 audit records")


async def test_while_there_is_hope_it_goes_on(full: int) -> None:
    records = Records(full, lambda: PATIENCE_SECONDS - 1)
    records.write(Exchange())
    records.flush()
    watch = asyncio.create_task(records.watch(0))
    for _ in range(10):
        await asyncio.sleep(0)

    assert not watch.done()
    watch.cancel()


async def test_who_is_not_read_any_more_ends_at_once() -> None:
    """A pipe stays closed; the next process has another."""
    writing = closed()
    records = Records(writing, lambda: 0.0)
    records.write(Exchange())

    with pytest.raises(FatalError):
        await asyncio.wait_for(records.watch(0), 10)
    os.close(writing)
