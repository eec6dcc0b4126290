"""Listens on the unix socket: one request a connection, a few files at a time, a bounded number that wait.

A document is written to memory that only its own child gets, never parsed here. A request that waits has not been read yet, so what waits
costs a connection and nothing more.
"""

import asyncio
import contextlib
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from assistant_documents.extraction import syscalls
from assistant_documents.extraction.extractor import Extractor, NurseryLostError
from assistant_documents.extraction.protocol import MAX_LINE, Answer, InvalidMessageError, Reason, Refused, Request
from assistant_model.logs import unexpected

_READ_SECONDS: Final = 30.0
"""Silence of the gateway after which a connection is given up."""
_BLOCK: Final = 1 << 18
_DRAIN_SECONDS: Final = 20.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the server takes on."""

    socket: Path
    memory_bytes: int = 256 << 20
    """For each file and what is made of it, beyond what the parsers themselves take."""
    workers: int = 2
    waiting: int = 16
    max_text: int = 8 << 20
    max_seconds: float = 300.0

    @property
    def max_document(self) -> int:
        """Bytes of a file that leave room to read it."""
        return self.memory_bytes // 2


async def serve(settings: Settings) -> bool:
    """Serve until SIGTERM; False where the parsers cannot be started."""
    syscalls.hide()
    extractor = Extractor(settings.memory_bytes)
    try:
        await extractor.start()
        async with listening(settings, extractor):
            _log.info("serving", extra={"workers": settings.workers})
            await _ended()
    except NurseryLostError:
        _log.error("the parsers' process does not start")
        return False
    finally:
        extractor.close()
    return True


@contextlib.asynccontextmanager
async def listening(settings: Settings, extractor: Extractor) -> AsyncIterator[None]:
    """Serve while the block runs; then finish what has begun."""
    desk = _Desk(settings, extractor)
    server = await asyncio.start_unix_server(desk.connected, sock=_bind(settings.socket), limit=MAX_LINE)
    try:
        yield
    finally:
        server.close()
        settings.socket.unlink(missing_ok=True)
        await desk.finished()


def _bind(path: Path) -> socket.socket:
    """Return a listening socket that takes the place of whatever an earlier process left, with its mode set before anyone can see it."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    listener.bind(str(fresh))
    fresh.chmod(0o660)
    listener.listen(128)
    fresh.replace(path)
    return listener


async def _ended() -> None:
    ended, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    await ended.wait()


class _Desk:
    """The connections that there are."""

    def __init__(self, settings: Settings, extractor: Extractor) -> None:
        self._settings = settings
        self._extractor = extractor
        self._slots = asyncio.Semaphore(settings.workers)
        self._present = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._answer(reader, writer)
        except InvalidMessageError:
            _log.warning("a request that does not keep the protocol")
        except (OSError, EOFError, TimeoutError):
            _log.info("a client went away")
        except Exception as error:
            unexpected(_log, error)
        finally:
            self._tasks.discard(task)
            writer.close()

    async def finished(self) -> None:
        """Wait for what has begun."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await _request(reader)
        answer = await self._decide(request, reader)
        async with asyncio.timeout(_READ_SECONDS):
            writer.write(answer.to_bytes())
            await writer.drain()

    async def _decide(self, request: Request, reader: asyncio.StreamReader) -> Answer:
        settings = self._settings
        if request.size > settings.max_document:
            return await _turned_away(Reason.TOO_LARGE, request, reader)
        if self._present >= settings.workers + settings.waiting:
            return await _turned_away(Reason.BUSY, request, reader)
        limited = replace(request, max_text=min(request.max_text, settings.max_text), seconds=min(request.seconds, settings.max_seconds))
        self._present += 1
        try:
            async with self._slots:
                return await self._read(limited, reader)
        finally:
            self._present -= 1

    async def _read(self, request: Request, reader: asyncio.StreamReader) -> Answer:
        document = os.memfd_create("document", os.MFD_CLOEXEC)
        try:
            async for block in _blocks(request.size, reader):
                os.write(document, block)
            os.lseek(document, 0, os.SEEK_SET)
            return await self._extractor.extract(request, document)
        finally:
            os.close(document)


async def _request(reader: asyncio.StreamReader) -> Request:
    try:
        async with asyncio.timeout(_READ_SECONDS):
            line = await reader.readuntil(b"\n")
    except asyncio.LimitOverrunError:
        raise InvalidMessageError from None
    return Request.parse(line)


async def _turned_away(reason: Reason, request: Request, reader: asyncio.StreamReader) -> Answer:
    """Read on and forget it: a socket that is closed with bytes unread takes the answer along."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_DRAIN_SECONDS):
            async for _ in _blocks(request.size, reader):
                pass
    return Refused(reason)


async def _blocks(size: int, reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while size > 0:
        async with asyncio.timeout(_READ_SECONDS):
            block = await reader.read(min(size, _BLOCK))
        if not block:
            raise EOFError
        size -= len(block)
        yield block
