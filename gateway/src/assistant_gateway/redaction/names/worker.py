"""The process that has the model: `python3 -m assistant_gateway.redaction.names.worker SOCKET FOLDER MODE THREADS MEMORY-BYTES`.

Started by client.py. It reads texts and answers with offsets; it logs nothing, since whatever it could say would be about people. What it
cannot do it says by ending: the gateway then refuses what it was asked.
"""

import contextlib
import ctypes
import gc
import os
import resource
import signal
import socket
import sys
from pathlib import Path
from typing import Final, Protocol

from assistant_gateway.redaction.entities import Span
from assistant_gateway.redaction.names import protocol

EXIT_FOLDER: Final = 3
EXIT_BLIND: Final = 4

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4

# Where a processor's arithmetic does not fit the model it finds nothing, and says so without any error.
_PROBES: Final = (
    ("Hello, my name is Marie Novak and I live at 12 Baker Street in London.", ("Marie Novak", "12 Baker Street", "London")),
    ("Please ask Oluwaseun Adeyemi whether Ingrid agrees.", ("Oluwaseun Adeyemi", "Ingrid")),
)


class Finder(Protocol):
    """What finds names in a text."""

    def find(self, text: str) -> list[Span]:
        """Return sorted spans that do not overlap."""
        ...


def main() -> None:
    """Load, look whether it works, serve until the gateway is gone."""
    channel, folder, mode, threads, memory = sys.argv[1:]
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)  # nobody of the same user reads its memory
    with contextlib.suppress(OSError):  # where memory runs out this process is the one to end, not the gateway
        Path("/proc/self/oom_score_adj").write_text("1000")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the pod's end is the gateway's business; its end is this one's
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with socket.socket(fileno=int(channel)) as connection:
        finder = _load(Path(folder), mode, int(threads))
        resource.setrlimit(resource.RLIMIT_DATA, (int(memory), int(memory)))
        gc.collect()
        gc.freeze()
        connection.sendall(protocol.READY)
        serve(connection, finder)


def _load(folder: Path, mode: str, threads: int) -> Finder:
    from assistant_gateway.redaction.names.detector import Detector
    from assistant_gateway.redaction.names.folder import InvalidFolderError, check

    try:
        check(folder)
        finder = Detector(folder, high_recall=mode == "HighRecall", threads=threads)
    except (InvalidFolderError, OSError):
        os._exit(EXIT_FOLDER)
    if not sees(finder):
        os._exit(EXIT_BLIND)
    return finder


def sees(finder: Finder) -> bool:
    """Say whether names that are plain to see are found."""
    for text, names in _PROBES:
        found = {place for span in finder.find(text) for place in range(span.start, span.end)}
        for name in names:
            start = text.index(name)
            if not found.issuperset(range(start, start + len(name))):
                return False
    return True


def serve(connection: socket.socket, finder: Finder) -> None:
    """Answer one text after the other until the other side is gone."""
    with connection.makefile("rb") as questions:
        while len(head := questions.read(protocol.COUNT.size)) == protocol.COUNT.size:
            (size,) = protocol.COUNT.unpack(head)
            data = questions.read(size)
            if len(data) < size:
                return
            connection.sendall(protocol.answer(finder.find(protocol.text_of(data))))


if __name__ == "__main__":
    try:
        main()
    except BaseException:
        os._exit(1)  # a traceback may quote what it failed on
