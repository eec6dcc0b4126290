"""What the gateway calls: texts in, spans out, from a worker that may be killed, stopped, slow or out of memory, and then is replaced.

Whatever happens to the worker, whoever asked gets NamesUnavailableError and never a text with fewer names in it than there are.
"""

import asyncio
import contextlib
import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from assistant_gateway.redaction.entities import Span
from assistant_gateway.redaction.names import protocol
from assistant_gateway.redaction.names.segments import segments

Mode = Literal["Standard", "HighRecall"]

_log = logging.getLogger(__name__)

_SECONDS_PER_CHARACTER: Final = 0.0002
"""Ten times what a character takes: long texts get longer, a worker that hangs does not."""
_PAUSE_SECONDS: Final = 1.0
"""After a worker that ended: one that ends at once (a model that is missing) is not started for every request."""
_MOST_SPANS: Final = 1 << 22
PART: Final = 16_384
"""Characters that the worker is given at once: behind a long document others wait for one part of it."""


class NamesUnavailableError(Exception):
    """Nobody can say which names are in a text; refuse it."""


@dataclass(frozen=True, slots=True)
class NamesOptions:
    """How names are looked for.

    `folder` holds what images/gateway/names/build.py wrote; `threads` are the model's; a text may take `seconds` and a little more for its
    length, the start `start_seconds`; `memory_bytes` bounds the worker's own memory: above the 150 MiB that it was seen to take, and so far
    below what the gateway's container is given for it (the operator's NAMES_MEBIBYTES) that the worker ends, and not the container.
    """

    folder: Path
    mode: Mode = "Standard"
    threads: int = 1
    seconds: float = 5.0
    start_seconds: float = 20.0
    memory_bytes: int = 208 << 20


@dataclass(eq=False)
class _Link:
    process: subprocess.Popen[bytes]
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def close(self) -> None:
        self.writer.close()
        self.process.kill()
        self.process.wait()


class Names:
    """Finds people, places, organisations and addresses. For one event loop."""

    def __init__(self, options: NamesOptions, program: Sequence[str] = ("-m", "assistant_gateway.redaction.names.worker")) -> None:
        self._options = options
        self._program = tuple(program)
        self._link: _Link | None = None
        self._turn = asyncio.Lock()
        self._ended = -_PAUSE_SECONDS
        self._running: set[asyncio.Task[list[Span]]] = set()

    @property
    def is_ready(self) -> bool:
        """Whether there is a worker that has shown that it finds names."""
        return self._link is not None and self._link.process.poll() is None

    @property
    def process(self) -> int | None:
        """The worker's process id, for whoever measures it; None where there is none."""
        return self._link.process.pid if self._link is not None else None

    async def start(self) -> None:
        """Start the worker now rather than with the first text; raises NamesUnavailableError."""
        async with self._turn:
            await self._linked()

    def close(self) -> None:
        """End the worker."""
        if self._link is not None:
            self._link.close()
            self._link = None

    async def find(self, texts: Sequence[str]) -> list[list[Span]]:
        """Return each text's spans, sorted and without overlaps; raises NamesUnavailableError."""
        return [await self._find(text) if text.strip() else [] for text in texts]

    async def _find(self, text: str) -> list[Span]:
        found: list[Span] = []
        for start, end in parts(text):
            found += [Span(start + span.start, start + span.end, span.entity) for span in await self._part(text[start:end])]
        return found

    async def _part(self, text: str) -> list[Span]:
        # A caller that goes away must not leave an answer on the way that the next one would take for its own.
        task = asyncio.create_task(self._exchange(text))
        self._running.add(task)
        task.add_done_callback(self._done)
        return await asyncio.shield(task)

    def _done(self, task: asyncio.Task[list[Span]]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # seen: the caller may be gone

    async def _exchange(self, text: str) -> list[Span]:
        async with self._turn:
            link = await self._linked()
            try:
                async with asyncio.timeout(self._options.seconds + len(text) * _SECONDS_PER_CHARACTER):
                    return await _ask(link, text)
            except (OSError, EOFError, TimeoutError, protocol.InvalidAnswerError) as error:
                self._end(link, error)
                raise NamesUnavailableError from None
            except BaseException:
                link.close()
                self._link = None
                raise

    async def _linked(self) -> _Link:
        if self._link is not None and self._link.process.poll() is None:
            return self._link
        if time.monotonic() - self._ended < _PAUSE_SECONDS:
            raise NamesUnavailableError
        if self._link is not None:
            self._link.close()
        self._link = None
        link = await self._launch()
        try:
            async with asyncio.timeout(self._options.start_seconds):
                protocol.check_greeting(await link.reader.readexactly(1))
        except (OSError, EOFError, TimeoutError, protocol.InvalidAnswerError) as error:
            self._end(link, error)
            raise NamesUnavailableError from None
        except BaseException:
            link.close()
            raise
        self._link = link
        return link

    def _end(self, link: _Link, error: Exception) -> None:
        link.close()
        self._link = None
        self._ended = time.monotonic()
        _log.error("the worker that finds names ended", extra={"error": type(error).__name__, "status": link.process.returncode})

    async def _launch(self) -> _Link:
        ours, theirs = socket.socketpair()
        options = self._options
        with theirs:
            environment = {name: os.environ[name] for name in ("PYTHONPATH", "LD_LIBRARY_PATH") if name in os.environ}
            process = subprocess.Popen(  # noqa: ASYNC220  not asyncio's: a child watcher for one process that is only ever killed
                [
                    sys.executable,
                    *self._program,
                    str(theirs.fileno()),
                    str(options.folder),
                    options.mode,
                    str(options.threads),
                    str(options.memory_bytes),
                ],
                env={**environment, "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        reader, writer = await asyncio.open_connection(sock=ours)
        return _Link(process, reader, writer)


async def _ask(link: _Link, text: str) -> list[Span]:
    link.writer.write(protocol.question(text))
    with contextlib.suppress(ConnectionError):  # the answer's absence says it better
        await link.writer.drain()
    (count,) = protocol.COUNT.unpack(await link.reader.readexactly(protocol.COUNT.size))
    if count > min(len(text), _MOST_SPANS):
        raise protocol.InvalidAnswerError
    return protocol.spans_of(await link.reader.readexactly(count * protocol.SPAN.size), len(text))


def parts(text: str) -> Iterator[tuple[int, int]]:
    """Yield a text's parts (offsets, half-open), cut where the worker cuts it as well: nothing is lost between two of them but what one
    of them gives away about the other."""
    start = 0
    if len(text) > PART:
        for first, last in segments(text):
            if last - start > PART:
                yield start, first
                start = first
    yield start, len(text)
