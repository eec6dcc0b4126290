"""The sidecar in a test, and a client of its socket."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant_documents.extraction.extractor import Extractor
from assistant_documents.extraction.protocol import Request
from assistant_documents.extraction.server import Settings, listening

ROGUE = ("-m", "tests.unit.documents.rogue")


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer."""

    fields: dict[str, Any]
    text: str | None

    @property
    def reason(self) -> str | None:
        return self.fields.get("reason")


class Sidecar:
    """A sidecar that serves."""

    def __init__(self, socket: Path, extractor: Extractor) -> None:
        self.socket = socket
        self.extractor = extractor

    @property
    def nursery(self) -> int:
        """Its parsers' process."""
        assert self.extractor._link is not None
        return self.extractor._link.process.pid

    async def ask(
        self, data: bytes, name: str | None = None, media_type: str | None = None, max_text: int = 8 << 20, seconds: float = 20.0
    ) -> Reply:
        """Send a file."""
        return await self.send(Request(media_type, name, len(data), max_text, seconds).to_line() + data)

    async def send(self, data: bytes) -> Reply:
        """Send bytes; returns what they are answered with."""
        reader, writer = await asyncio.open_unix_connection(self.socket)
        try:
            writer.write(data)
            await writer.drain()
            return parse(await reader.read())
        finally:
            writer.close()


def parse(answer: bytes) -> Reply:
    """Check an answer against the protocol."""
    line, _, rest = answer.partition(b"\n")
    fields = json.loads(line)
    if not fields["ok"]:
        assert rest == b""
        return Reply(fields, None)
    assert fields["size"] == len(rest)
    return Reply(fields, rest.decode())


@asynccontextmanager
async def sidecar(folder: Path, program: tuple[str, ...] | None = None, **settings: Any) -> AsyncIterator[Sidecar]:
    """Run a sidecar while the block runs."""
    chosen = Settings(folder / "documents.sock", **settings)
    extractor = Extractor(chosen.memory_bytes, program) if program else Extractor(chosen.memory_bytes)
    try:
        await extractor.start()
        async with listening(chosen, extractor):
            yield Sidecar(chosen.socket, extractor)
    finally:
        extractor.close()
