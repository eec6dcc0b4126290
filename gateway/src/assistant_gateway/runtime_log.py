"""The model server's own log lines: read from a named pipe, and let through only where runtime_shapes.py knows their shape.

The pipe is opened for reading and writing, so it has no end while the gateway lives, and opening never waits for the other side. What
the gateway does not read the model server cannot write, so reading goes on whatever the lines are.
"""

import asyncio
import contextlib
import fcntl
import logging
import os
import stat
from pathlib import Path
from typing import Final

from assistant_gateway.logs import FIELDS
from assistant_gateway.metrics import Metrics
from assistant_gateway.runtime_shapes import shape

MAX_LINE: Final = 4096
READ_BYTES: Final = 65536
PIPE_BYTES: Final = 1024 * 1024
"""Room for the model server's lines while the gateway is away."""

logger = logging.getLogger("ollama")


class Lines:
    """Cuts what is read into lines; a line that is too long is dropped as a whole, and never held as a whole."""

    def __init__(self) -> None:
        self._rest = b""
        self._skipping = False

    def feed(self, data: bytes) -> tuple[list[bytes], int]:
        """Return the whole lines, and how many too long ones were dropped."""
        lines: list[bytes] = []
        dropped = 0
        *whole, rest = (self._rest + data).split(b"\n")
        for line in whole:
            if self._skipping:
                self._skipping = False
            elif len(line) > MAX_LINE:
                dropped += 1
            else:
                lines.append(line)
        self._rest = b"" if self._skipping else rest
        if len(self._rest) > MAX_LINE:
            dropped += 1
            self._rest, self._skipping = b"", True
        return lines, dropped


class RuntimeLog:
    """Reads the pipe."""

    def __init__(self, path: Path, metrics: Metrics) -> None:
        self._path = path
        self._passed, self._dropped, self._too_long = (metrics.runtime_lines.labels(result) for result in ("passed", "dropped", "too_long"))
        self._lines = Lines()

    async def run(self) -> None:
        """Read for as long as the process lives."""
        descriptor = self._open()
        loop = asyncio.get_running_loop()
        loop.add_reader(descriptor, self._read, descriptor)
        try:
            await asyncio.Event().wait()
        finally:
            loop.remove_reader(descriptor)
            os.close(descriptor)

    def _open(self) -> int:
        with contextlib.suppress(FileExistsError):
            os.mkfifo(self._path, 0o600)
        descriptor = os.open(self._path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        if not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise FileExistsError
        try:
            fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        except OSError:
            logger.debug("The pipe keeps its usual size.")
        return descriptor

    def _read(self, descriptor: int) -> None:
        try:
            data = os.read(descriptor, READ_BYTES)
        except BlockingIOError:
            return
        lines, too_long = self._lines.feed(data)
        passed = 0
        for line in lines:
            if (shaped := shape(line)) is not None:
                passed += 1
                logger.log(shaped.level, shaped.message, extra={FIELDS: shaped.fields})
        self._passed.inc(passed)
        self._dropped.inc(len(lines) - passed)
        self._too_long.inc(too_long)
