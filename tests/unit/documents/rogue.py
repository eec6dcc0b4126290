"""A nursery whose children do what a document tells them: parsers that somebody has taken over.

`python -m tests.unit.documents.rogue CHANNEL MEMORY`, in place of the real one; the document is the name of a function below.
"""

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import BinaryIO

from assistant_documents.extraction import limits, syscalls
from assistant_documents.extraction.jobs import Job
from assistant_documents.extraction.nursery import Nursery
from assistant_documents.extraction.protocol import Answer, MediaType, Text

PARENT = os.getpid()
VICTIM = "/tmp/assistant-documents-victim"


def run_socket() -> object:
    return socket.socket(socket.AF_INET, socket.SOCK_STREAM)


def run_unix_socket() -> object:
    return socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)


def run_program() -> object:
    return subprocess.run(["/bin/true"], check=True)


def run_execve() -> object:
    return os.execv("/bin/true", ["true"])


def run_fork() -> object:
    return os.fork()


def run_write_file() -> object:
    return Path("/tmp/assistant-documents-rogue").write_text("x")


def run_remove_file() -> object:
    return Path(VICTIM).unlink()  # type: ignore[func-returns-value]


def run_memfd() -> object:
    return os.memfd_create("x")


def run_kill_nursery() -> object:
    return os.kill(PARENT, signal.SIGKILL)  # type: ignore[func-returns-value]


def run_kill_group() -> object:
    return os.killpg(os.getpgid(PARENT), signal.SIGKILL)  # type: ignore[func-returns-value]


def run_more_memory() -> object:
    import resource

    return resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))  # type: ignore[func-returns-value]


def run_ptrace() -> object:
    if ctypes.CDLL(None, use_errno=True).ptrace(16, PARENT, 0, 0) < 0:
        raise OSError
    return None


def read_nursery() -> object:
    return _read_memory(PARENT)


def read_server() -> object:
    return _read_memory(int(Path(f"/proc/{PARENT}/stat").read_text().rpartition(")")[2].split()[1]))


def _read_memory(process: int) -> object:
    """Open what holds other documents; root may, whatever is done."""
    return Path(f"/proc/{process}/mem").open("rb").close()  # type: ignore[func-returns-value]


def say_environment() -> str:
    return json.dumps([dict(os.environ), sorted(int(name) for name in os.listdir("/proc/self/fd"))[:8]])


def say_limits() -> str:
    import resource

    names = ("RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_NOFILE", "RLIMIT_CORE", "RLIMIT_NPROC")
    text = Path("/proc/self/limits").read_text()
    return json.dumps([resource is not None, names, text, Path("/proc/self/status").read_text()])


def die_spinning() -> None:
    while True:
        pass


def die_sleeping() -> None:
    while True:
        time.sleep(1)


def die_deaf() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    die_sleeping()


def die_memory() -> None:
    blocks = []
    while True:
        blocks.append(bytearray(1 << 20))


def die_crash() -> None:
    ctypes.string_at(0)


def die_exit() -> None:
    os._exit(3)


def die_quietly() -> None:
    os._exit(0)


def raw_nonsense() -> bytes:
    return b"\xff\x00nonsense\n" * 100


def raw_wrong_size() -> bytes:
    return b'{"ok": true, "mediaType": "text/plain", "size": 5}\nhello and more'


def raw_other_type() -> bytes:
    return b'{"ok": true, "mediaType": "text/<script>", "size": 5}\nhello'


def raw_bad_utf8() -> bytes:
    return b'{"ok": true, "mediaType": "text/plain", "size": 2}\n\xff\xfe'


def raw_other_reason() -> bytes:
    return b'{"ok": false, "reason": "../../etc/passwd"}\n'


def raw_endless() -> bytes:
    return b"x" * (24 << 20)


def raw_noise() -> bytes:
    os.write(1, b"CANARY on stdout\n")
    os.write(2, b"CANARY on stderr\n")
    print("CANARY", file=sys.stderr)
    return Text(MediaType.TEXT, b"quiet").to_bytes()


class Raw:
    """Bytes in place of an answer."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def to_bytes(self) -> bytes:
        return self._data


def obey(document: BinaryIO, job: Job) -> Answer:
    """Do what the document says; `run_` ones answer how it went."""
    name = document.read().decode()
    function = globals()[name]
    if name.startswith("raw_"):
        return Raw(function())  # type: ignore[return-value]
    try:
        said = function()
    except MemoryError:
        raise
    except Exception as error:
        said = f"refused: {type(error).__name__}"
    return Text(MediaType.TEXT, str(said).encode())


if __name__ == "__main__":
    syscalls.die_with_parent(signal.SIGKILL, os.getppid())
    limits.go_first()
    syscalls.hide()
    with socket.socket(fileno=int(sys.argv[1])) as channel:
        Nursery(channel, int(sys.argv[2]), obey).serve()
