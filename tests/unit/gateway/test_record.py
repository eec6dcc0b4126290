"""The record's fields, and that each is written once and whole."""

import asyncio
import json
import os
from pathlib import Path

from assistant_gateway.record import Exchange, Records


def test_a_record_holds_these_fields_and_no_others() -> None:
    exchange = Exchange(method="POST", wire="ollama", began=1.0, ended=1.5)
    exchange.first_byte = 1.25

    line = exchange.line()

    assert line["first_byte_ms"] == 250.0
    assert line["duration_ms"] == 500.0
    assert line["route"] == "unknown"
    assert line["outcome"] == "failed"
    assert line["time"].endswith("Z")
    assert len(line) == 22


def test_request_ids_differ() -> None:
    assert len({Exchange().request_id for _ in range(1000)}) == 1000


async def test_records_of_one_turn_are_one_write(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path / "records", os.O_CREAT | os.O_WRONLY)
    records = Records(descriptor)
    exchanges = [Exchange(ended=1.0) for _ in range(5)]
    for exchange in exchanges:
        records.write(exchange)
    assert (tmp_path / "records").read_bytes() == b""
    await asyncio.sleep(0)
    written = (tmp_path / "records").read_text().splitlines()
    records.flush()
    os.close(descriptor)

    assert [json.loads(line)["request_id"] for line in written] == [exchange.request_id for exchange in exchanges]
    assert len((tmp_path / "records").read_text().splitlines()) == 5
