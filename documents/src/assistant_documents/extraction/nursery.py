"""The process that has the parsers loaded and never sees a document: it forks a child for each, and ends those that take too long.

`python3 -m assistant_documents.extraction.nursery CHANNEL MEMORY-BYTES`, started by extractor.py with the channel, a socket of whole
messages. Jobs come in with two files each, the document and where the answer goes; exit statuses go out. A fork of loaded parsers takes
milliseconds where a new interpreter takes a third of a second.
"""

import contextlib
import gc
import json
import os
import select
import signal
import socket
import sys
import time
from types import FrameType

from assistant_documents.extraction import limits, syscalls
from assistant_documents.extraction.child import Reader, read_document, run
from assistant_documents.extraction.jobs import MAX_MESSAGE, Job


def main() -> None:
    """Serve the channel until its other end is gone."""
    syscalls.die_with_parent(signal.SIGKILL, os.getppid())  # of a server that has gone before, the channel tells
    limits.go_first()
    syscalls.hide()
    with socket.socket(fileno=int(sys.argv[1])) as channel:
        Nursery(channel, int(sys.argv[2])).serve()


class Nursery:
    """The children that there are, and when each has to be done."""

    def __init__(self, channel: socket.socket, memory_bytes: int, reader: Reader = read_document) -> None:
        self._channel = channel
        self._memory_bytes = memory_bytes
        self._reader = reader
        self._jobs: dict[int, Job] = {}
        self._deadlines: dict[int, float] = {}
        self._late: set[int] = set()

    def serve(self) -> None:
        """Fork and reap until the server is gone."""
        channel = self._channel.fileno()
        wake, waker = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.signal(signal.SIGCHLD, _noticed)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the pod's end is the server's business; its end is this one's
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        gc.collect()
        gc.freeze()
        self._send({"ready": True, "restricted": _can_restrict()})
        while True:
            readable, _, _ = select.select([channel, wake], [], [], self._patience())
            if wake in readable:
                with contextlib.suppress(BlockingIOError):
                    os.read(wake, 512)
            self._reap()
            self._end_late()
            if channel in readable and not self._receive():
                self._end(set(self._jobs))
                return

    def _receive(self) -> bool:
        message, files, _, _ = socket.recv_fds(self._channel, MAX_MESSAGE, 2)
        if not message:
            return False
        job = Job.parse(message)
        try:
            self._fork(job, *files)
        except OSError:  # no room for another process
            self._send({"number": job.number, "status": int(signal.SIGKILL), "late": False})
        finally:
            for number in files:
                os.close(number)
        return True

    def _fork(self, job: Job, document: int, answer: int) -> None:
        nursery = os.getpid()
        child = os.fork()
        if child == 0:
            os.setpgid(0, 0)
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            syscalls.die_with_parent(signal.SIGKILL, nursery)
            run(job, document, answer, self._memory_bytes, self._reader)
        with contextlib.suppress(OSError):
            os.setpgid(child, child)  # both do it, so that whoever is first has done it
        self._jobs[child] = job
        self._deadlines[child] = time.monotonic() + job.seconds

    def _reap(self) -> None:
        while self._jobs:
            child, status = os.waitpid(-1, os.WNOHANG)
            if child == 0:
                return
            if (job := self._jobs.pop(child, None)) is not None:
                del self._deadlines[child]
                self._send({"number": job.number, "status": status, "late": child in self._late})
                self._late.discard(child)

    def _end_late(self) -> None:
        now = time.monotonic()
        late = {child for child, deadline in self._deadlines.items() if deadline <= now} - self._late
        self._late |= late
        self._end(late)

    def _end(self, children: set[int]) -> None:
        for child in children:  # not reaped yet, so the number still means it
            with contextlib.suppress(OSError):
                os.killpg(child, signal.SIGKILL)

    def _patience(self) -> float | None:
        waiting = [deadline for child, deadline in self._deadlines.items() if child not in self._late]
        return max(0.0, min(waiting) - time.monotonic()) if waiting else None

    def _send(self, message: dict[str, object]) -> None:
        with contextlib.suppress(OSError):  # the server is gone: the next receive says so
            self._channel.send(json.dumps(message).encode())


def _noticed(signum: int, frame: FrameType | None) -> None:
    """Do nothing: the wakeup file tells the loop."""


def _can_restrict() -> bool:
    """Say whether children can be taken their system calls, by taking one child's."""
    child = os.fork()
    if child == 0:
        os._exit(0 if syscalls.restrict() else 1)
    return os.waitpid(child, 0)[1] == 0


if __name__ == "__main__":
    main()
