"""The client of the sidecar: whatever it says, or does not say, the gateway has a text or a reason."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from assistant_gateway.documents import extract
from assistant_gateway.documents.extract import Extracted, Extractor, clean
from assistant_gateway.errors import RefusalError

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extract, "BUSY_SECONDS", 0.001)


async def asked(folder: Path, answer: Answer, data: bytes = b"bytes") -> Extracted:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(reader, writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_unix_server(serve, folder / "socket")
    try:
        return await Extractor(folder / "socket").text(data, "n.txt", "text/plain")
    finally:
        server.close()


def says(line: Any, text: bytes = b"") -> Answer:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = json.loads(await reader.readline())
        assert await reader.readexactly(head["size"]) == b"bytes"
        writer.write((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n" + text)

    return answer


async def test_the_text_comes_back(tmp_path: Path) -> None:
    text = "Seite eins\fpage deux ✓"
    data = text.encode()
    found = await asked(tmp_path, says({"ok": True, "mediaType": "application/pdf", "size": len(data)}, data))
    assert found == Extracted("application/pdf", text)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b"", b""),
        (b"no json", b""),
        ([], b""),
        ({}, b""),
        ({"ok": True}, b""),
        ({"ok": True, "mediaType": "text/plain", "size": "5"}, b"hello"),
        ({"ok": True, "mediaType": "text/plain", "size": -1}, b""),
        ({"ok": True, "mediaType": "text/plain", "size": 2**40}, b""),
        ({"ok": True, "mediaType": "text/plain", "size": 10}, b"hello"),
        ({"ok": True, "mediaType": None, "size": 5}, b"hello"),
        ({"ok": True, "mediaType": "text/plain", "size": 2}, b"\xff\xfe"),
        ({"ok": "yes", "reason": ["Broken"]}, b""),
        (b"x" * 100_000, b""),
    ],
)
async def test_an_answer_that_is_none_is_a_document_that_cannot_be_read(tmp_path: Path, line: Any, text: bytes) -> None:
    with pytest.raises(RefusalError) as refused:
        await asked(tmp_path, says(line, text))
    assert refused.value.code == "document_unreadable"


async def test_a_sidecar_that_is_away_is_not_the_files_fault(tmp_path: Path) -> None:
    """An ingest takes the older version of a file away when the file is refused for good: this must not be that."""
    with pytest.raises(RefusalError) as refused:
        await Extractor(tmp_path / "nobody").text(b"x", None, None)
    assert refused.value.status == 503


async def test_a_sidecar_that_ended_once_is_asked_again(tmp_path: Path) -> None:
    """It may have been its own end; the second time it was the file."""
    times = iter(range(1))

    async def ends(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if next(times, None) is not None:
            writer.transport.abort()
        else:
            await says({"ok": True, "mediaType": "a/b", "size": 2}, b"ok")(reader, writer)

    assert (await asked(tmp_path, ends)).text == "ok"


@pytest.mark.parametrize("reason", ["Unsupported", "Encrypted", "Broken", "TooLarge", "TooSlow", "OutOfMemory", "Empty"])
async def test_the_reason_is_told_apart(tmp_path: Path, reason: str) -> None:
    """Ingests count by it; several have one code."""
    with pytest.raises(RefusalError) as refused:
        await asked(tmp_path, says({"ok": False, "reason": reason}))
    assert dict(refused.value.headers)[b"x-assistant-reason"] == reason.encode()


async def test_a_sidecar_that_dies_or_is_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extract, "SECONDS", 0.05)
    monkeypatch.setattr(extract, "GRACE_SECONDS", 0.05)

    async def dies(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(1)

    for answer in (dies, silent):
        with pytest.raises(RefusalError) as refused:
            await asked(tmp_path, answer)
        assert refused.value.code == "document_unreadable"
        (tmp_path / "socket").unlink(missing_ok=True)


async def test_an_answer_before_all_was_sent(tmp_path: Path) -> None:
    """It does not read what is too large."""

    async def refuses(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b'{"ok": false, "reason": "TooLarge"}\n')
        await writer.drain()
        await asyncio.sleep(0.2)

    with pytest.raises(RefusalError) as refused:
        await asked(tmp_path, refuses, b"x" * 5_000_000)
    assert refused.value.code == "document_too_large"


async def test_a_busy_sidecar_is_asked_again(tmp_path: Path) -> None:
    times = iter(range(3))

    async def busy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await says(
            {"ok": False, "reason": "Busy"} if next(times, None) is not None else {"ok": True, "mediaType": "a/b", "size": 2}, b"ok"
        )(reader, writer)

    assert (await asked(tmp_path, busy)).text == "ok"


async def test_one_that_stays_busy(tmp_path: Path) -> None:
    with pytest.raises(RefusalError) as refused:
        await asked(tmp_path, says({"ok": False, "reason": "Busy"}))
    assert refused.value.status == 503


def test_control_characters_are_no_text() -> None:
    assert clean("a\x00b\x1bc\r\nd\te\ff\x7f\ufeff") == "a b c\nd\te\ff "
