"""What one file may use: address space, processor time, no files to write, no core dump, no other process."""

import contextlib
import fcntl
import math
import os
import resource
from pathlib import Path
from typing import Final

_FILES: Final = 32
"""Open files: the document, the answer, and modules that parsers import late."""


def address_space() -> int:
    """Return the bytes of address space that this process has."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()


def go_first() -> None:
    """Let this process and its forks be the ones that end where the container's memory runs out all the same."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def confine(memory_bytes: int, seconds: float) -> None:
    """Limit this process; `memory_bytes` is what it may take beyond what it has. There is no way back."""
    processor = math.ceil(seconds) + 1
    for limit, value in (
        (resource.RLIMIT_AS, address_space() + memory_bytes),
        (resource.RLIMIT_CPU, processor),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, _FILES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
    ):
        resource.setrlimit(limit, (value, value))


def keep_only(document: int, answer: int) -> tuple[int, int]:
    """Close every file but these two, and send whatever a library prints to nowhere: it may quote the document."""
    document, answer = _above(document), _above(answer)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    os.dup2(document, 3)
    os.dup2(answer, 4)
    most = os.sysconf("SC_OPEN_MAX")
    os.closerange(5, most if most > 0 else 1 << 20)
    return 3, 4


def _above(number: int) -> int:
    """Return a copy of the file with a number that no dup2 above overwrites."""
    return fcntl.fcntl(number, fcntl.F_DUPFD, 10)
