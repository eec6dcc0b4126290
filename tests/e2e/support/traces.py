"""Watches every system call of running processes by which something could get into a file, or a file come into being."""

import os
import re
import signal
import stat
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.support.kubectl import Kubectl, until

WRITES = ("write", "writev", "pwrite64", "pwritev", "pwritev2", "sendfile", "copy_file_range", "splice", "ftruncate", "fallocate")
"""Calls on an open file."""
CHANGES = ("creat", "truncate", "rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat", "mkdir", "mkdirat", "mknodat")
"""Calls that make something wherever they succeed."""
OPENS = ("open", "openat", "openat2")
CALLS = (*WRITES, *CHANGES, *OPENS, "mmap", "io_uring_setup")
LINE = re.compile(r"^(\d+) +(?:<\.\.\. )?(\w+)(?: resumed>|\()(.*)$")
DESCRIPTOR = re.compile(r"^\d+<([^>]*)>")
NO_FILE = ("socket:", "pipe:", "anon_inode:", "/dev/null", "/dev/pts/", "/proc/")
"""What is written to and is no file."""
FOR_WRITING = re.compile(r"O_(WRONLY|RDWR|CREAT|TRUNC|APPEND|TMPFILE)")


@dataclass
class Trace:
    """What was seen; known when the block is left."""

    calls: int = 0
    """How many writes there were to anything at all: a trace without any saw nothing."""
    files: list[str] = field(default_factory=list)
    """Each write to a file, and each file that was made or opened for writing: the call and the path, without content."""


def processes(kubectl: Kubectl, pod: str) -> dict[int, str]:
    """Return the processes of a pod, as this machine numbers them, and their command lines."""
    group = f"pod{kubectl.get('pod', pod)['metadata']['uid']}"
    found = {}
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and group in (folder / "cgroup").read_text():
                found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:  # it has ended meanwhile
            continue
    return {number: command for number, command in found.items() if command not in ("", "/pause")}


@contextmanager
def tracing(numbers: Iterable[int]) -> Iterator[Trace]:
    """Trace these processes, and all that they start, for as long as the block runs."""
    trace, numbers = Trace(), tuple(numbers)
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "trace"
        # -s 0: nothing of what is written; -y: what each descriptor is.
        command = ["strace", "-f", "-y", "-s", "0", "-qq", "-e", f"trace={','.join(CALLS)}", "-e", "signal=none", "-o", str(output)]
        process = subprocess.Popen([*command, *(word for number in numbers for word in ("-p", str(number)))])
        try:
            until("the trace runs", lambda: all(_is_traced(number) for number in numbers), 30)
            yield trace
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)
        _read(output.read_text(errors="replace"), trace)


def _is_traced(number: int) -> bool:
    try:
        status = Path(f"/proc/{number}/status").read_text()
    except OSError:  # it has ended meanwhile: nothing is left to be traced
        return True
    return "TracerPid:\t0\n" not in status


def _read(text: str, trace: Trace) -> None:
    for line in text.splitlines():
        match = LINE.match(line)
        if match is None:
            continue
        number, call, rest = match.groups()
        failed = re.search(r" = -1 E[A-Z]+", rest) is not None
        if call in WRITES and "unfinished" not in rest:
            trace.calls += 1
        if not failed and (path := _file(call, rest)) and not _is_no_file(number, path):
            trace.files.append(f"{call} {path}")


def _file(call: str, rest: str) -> str | None:
    """Return the path of the file that a call changes or may change, None for a call that changes none."""
    if call in WRITES:
        # The rest of a call that was interrupted by others has no descriptor: its beginning had.
        match = DESCRIPTOR.match(rest)
        return match[1] if match else None
    if call == "mmap":
        shared = "MAP_SHARED" in rest and "PROT_WRITE" in rest and "MAP_ANONYMOUS" not in rest
        match = re.search(r"\d+<([^>]*)>", rest)
        return match[1] if shared and match else None
    if call in OPENS:
        if not FOR_WRITING.search(rest):
            return None
        match = re.search(r'"([^"]*)"', rest)
        return match[1] if match else rest
    return rest


def _is_no_file(number: str, path: str) -> bool:
    if path.startswith(NO_FILE):
        return True
    try:  # a named pipe, as the model server's log is, has a path like a file
        kind = os.stat(f"/proc/{number}/root{path}").st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(kind) or stat.S_ISCHR(kind) or stat.S_ISSOCK(kind)
