"""The record's fields, and that each is written once and whole."""

import asyncio
import json
import os
import re
from pathlib import Path

from assistant_gateway.record import Exchange, Records


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
