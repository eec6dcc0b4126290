"""The server's side of the nursery: hands it files, takes texts and exit statuses back, starts another one where it is gone."""

import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Final

from assistant_documents.extraction.jobs import MAX_MESSAGE, Job
from assistant_documents.extraction.protocol import MAX_LINE, Answer, InvalidMessageError, Reason, Refused, Request, parse_answer

_START_SECONDS: Final = 60.0
_GRACE_SECONDS: Final = 5.0
"""How long the nursery may take to end a child that is late before it is taken for dead itself."""
_MAX_SUFFIX: Final = 16

_log = logging.getLogger(__name__)


class NurseryLostError(Exception):
    """The nursery ended, or never began."""


@dataclass(frozen=True, slots=True)
class _Exit:
    status: int
    is_late: bool


@dataclass(eq=False)
class _Link:
    """One nursery that runs."""

    process: subprocess.Popen[bytes]
    channel: socket.socket
    ready: asyncio.Future[None]
    exits: dict[int, asyncio.Future[_Exit]] = field(default_factory=dict)

    def listen(self) -> None:
        """Take the nursery's messages as they come."""
        asyncio.get_running_loop().add_reader(self.channel, self._received)

    def close(self) -> None:
        """End the nursery and with it its children; whoever waits is told."""
        if self.channel.fileno() < 0:
            return
        asyncio.get_running_loop().remove_reader(self.channel)
        self.channel.close()
        self.process.kill()
        self.process.wait()
        _give_up(self.ready)
        for waiting in self.exits.values():
            _give_up(waiting)

    @property
    def is_closed(self) -> bool:
        return self.channel.fileno() < 0

    def _received(self) -> None:
        try:
            message = self.channel.recv(MAX_MESSAGE)
        except BlockingIOError:
            return
        except OSError:
            message = b""
        if not message:
            self.close()
            return
        fields = json.loads(message)
        if "ready" in fields:
            if not fields["restricted"]:
                _log.warning("this kernel does not filter system calls: files are read with limits only")
            self.ready.set_result(None)
        elif (waiting := self.exits.pop(fields["number"], None)) is not None and not waiting.done():
            waiting.set_result(_Exit(fields["status"], fields["late"]))


def _give_up(waiting: asyncio.Future[Any]) -> None:
    if not waiting.done():
        waiting.set_exception(NurseryLostError())
        waiting.exception()  # seen: not everyone who could wait does


class Extractor:
    """Turns documents into texts, one process each."""

    def __init__(self, memory_bytes: int, program: tuple[str, ...] = ("-m", "assistant_documents.extraction.nursery")) -> None:
        self._memory_bytes = memory_bytes
        self._program = program
        self._link: _Link | None = None
        self._starting = asyncio.Lock()
        self._number = 0

    async def start(self) -> None:
        """Start the nursery now rather than with the first document; raises NurseryLostError."""
        await self._linked()

    def close(self) -> None:
        """End the nursery."""
        if self._link is not None:
            self._link.close()

    async def extract(self, request: Request, document: int) -> Answer:
        """Return what the file (open, of any position) says."""
        try:
            link = await self._linked()
        except NurseryLostError:
            return Refused(Reason.BUSY)
        try:
            return await self._extract(link, request, document)
        except (NurseryLostError, OSError, TimeoutError) as error:
            _log.error("the parsers' process ended", extra={"error": type(error).__name__})
            link.close()
            return Refused(Reason.OUT_OF_MEMORY)  # what takes it along is a file that the container's memory is too small for

    async def _extract(self, link: _Link, request: Request, document: int) -> Answer:
        self._number += 1
        job = Job(self._number, request.media_type, request.size, _suffix(request.name), request.max_text, request.seconds)
        source, sink = os.pipe2(os.O_CLOEXEC)
        ended = link.exits[job.number] = asyncio.get_running_loop().create_future()
        try:
            socket.send_fds(link.channel, [job.to_message()], [document, sink])
        except BaseException:
            os.close(source)
            raise
        finally:
            os.close(sink)
        async with asyncio.timeout(request.seconds + _GRACE_SECONDS):
            data = await _read(source, request.max_text + MAX_LINE)
            return _judge(data, await ended, request.max_text)

    async def _linked(self) -> _Link:
        async with self._starting:
            if self._link is None or self._link.is_closed:
                self._link = self._launch()
            link = self._link
            try:
                async with asyncio.timeout(_START_SECONDS):
                    await asyncio.shield(link.ready)
            except TimeoutError:
                link.close()
                raise NurseryLostError from None
            return link

    def _launch(self) -> _Link:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        with theirs:
            environment = {name: os.environ[name] for name in ("PYTHONPATH", "LD_LIBRARY_PATH") if name in os.environ}
            process = subprocess.Popen(
                [sys.executable, *self._program, str(theirs.fileno()), str(self._memory_bytes)],
                env={**environment, "PYTHONDONTWRITEBYTECODE": "1"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        link = _Link(process, ours, asyncio.get_running_loop().create_future())
        link.listen()
        return link


async def _read(source: int, limit: int) -> bytes:
    """Return what arrives until every writer is gone; what is beyond the limit is dropped, and so makes the answer invalid."""
    reader = asyncio.StreamReader(limit=1 << 18)
    pipe = os.fdopen(source, "rb", 0)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    data = bytearray()
    with contextlib.closing(transport):
        while chunk := await reader.read(1 << 18):
            if len(data) <= limit:
                data += chunk
    return bytes(data)


def _judge(data: bytes, ended: _Exit, max_text: int) -> Answer:
    """Return the child's answer where it gave a whole one, else what its end says."""
    if os.WIFEXITED(ended.status) and os.WEXITSTATUS(ended.status) == 0:
        with contextlib.suppress(InvalidMessageError):
            return parse_answer(data, max_text)
    return Refused(_reason(ended))


def _reason(ended: _Exit) -> Reason:
    number = os.WTERMSIG(ended.status) if os.WIFSIGNALED(ended.status) else None
    if ended.is_late or number == signal.SIGXCPU:
        return Reason.TOO_SLOW
    return Reason.OUT_OF_MEMORY if number == signal.SIGKILL else Reason.BROKEN


def _suffix(name: str | None) -> str:
    """Return the end of a name: whatever else is in it, nobody sees it."""
    suffix = PurePosixPath((name or "").replace("\0", "")).suffix.lower()
    return suffix if suffix.isascii() and len(suffix) <= _MAX_SUFFIX else ""
