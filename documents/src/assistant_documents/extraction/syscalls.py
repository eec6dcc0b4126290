"""Takes from a process every system call that reading one file does not need (seccomp; no right is needed for it).

A parser that a document has taken over shares the pod's network with the model server and, through the pod's policy, could reach the store:
without `socket` it reaches nothing. It can start no program, signal no other process, write no file. What is not on the list fails with
EPERM instead of killing, so that a library's optional call costs nothing.
"""

import ctypes
import os
import platform
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_PR_SET_SECCOMP: Final = 22
_PR_SET_NO_NEW_PRIVS: Final = 38
_MODE_FILTER: Final = 2

_LOAD: Final = 0x20  # BPF_LD | BPF_W | BPF_ABS
_IF_EQUAL: Final = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_IF_ANY: Final = 0x45  # BPF_JMP | BPF_JSET | BPF_K
_RETURN: Final = 0x06  # BPF_RET | BPF_K
_KILL: Final = 0x80000000
_EPERM: Final = 0x00050001
_ALLOW: Final = 0x7FFF0000
_NUMBER, _ARCHITECTURE, _THIRD_ARGUMENT = 0, 4, 32
"""Offsets in struct seccomp_data."""

_WRITES: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | getattr(os, "O_TMPFILE", 0) & ~os.O_DIRECTORY


@dataclass(frozen=True, slots=True)
class _Machine:
    audit: int
    openat: int
    allowed: tuple[int, ...]


_CALLS: Final[Mapping[str, tuple[int, int | None]]] = {
    "read": (0, 63),
    "write": (1, 64),
    "close": (3, 57),
    "fstat": (5, 80),
    "newfstatat": (262, 79),
    "statx": (332, 291),
    "lseek": (8, 62),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "munmap": (11, 215),
    "mremap": (25, 216),
    "brk": (12, 214),
    "madvise": (28, 233),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "ioctl": (16, 29),
    "pread64": (17, 67),
    "readv": (19, 65),
    "writev": (20, 66),
    "faccessat": (269, 48),
    "faccessat2": (439, 439),
    "sched_yield": (24, 124),
    "dup": (32, 23),
    "getpid": (39, 172),
    "getppid": (110, 173),
    "gettid": (186, 178),
    "getuid": (102, 174),
    "geteuid": (107, 175),
    "getgid": (104, 176),
    "getegid": (108, 177),
    "exit": (60, 93),
    "exit_group": (231, 94),
    "uname": (63, 160),
    "fcntl": (72, 25),
    "getcwd": (79, 17),
    "readlinkat": (267, 78),
    "gettimeofday": (96, 169),
    "getrusage": (98, 165),
    "sysinfo": (99, 179),
    "times": (100, 153),
    "futex": (202, 98),
    "sched_getaffinity": (204, 123),
    "getdents64": (217, 61),
    "restart_syscall": (219, 128),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115),
    "nanosleep": (35, 101),
    "set_robust_list": (273, 99),
    "getrandom": (318, 278),
    "rseq": (334, 293),
    "membarrier": (324, 283),
    "stat": (4, None),
    "lstat": (6, None),
    "access": (21, None),
    "readlink": (89, None),
}
"""What may be called, and its number on x86_64 and on aarch64; `openat` may be called too, to read."""


def _machine(audit: int, openat: int, column: int) -> _Machine:
    return _Machine(audit, openat, tuple(number for numbers in _CALLS.values() if (number := numbers[column]) is not None))


_MACHINES: Final = {
    "x86_64": _machine(0xC000003E, 257, 0),
    "aarch64": _machine(0xC00000B7, 56, 1),
}
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(signal_number: int, parent: int) -> None:
    """Let the kernel send this signal when the process that started this one ends, however it ends; at once where it has already.

    A parent that ends before the call sends nothing (prctl(2)): it shows by this process having another one.
    """
    _libc.prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal_number)


def hide() -> None:
    """Keep this process's memory, and that of its forks, from other processes of the same user: it holds other people's documents."""
    _libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def restrict() -> bool:
    """Restrict this process for good; False where the kernel or the machine offers no filter."""
    machine = _MACHINES.get(platform.machine())
    if machine is None:
        return False
    program = _program(machine)
    buffer = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
    if _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return bool(_libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.c_char_p(header), 0, 0) == 0)


def _program(machine: _Machine) -> bytes:
    """Return the filter: a chain of comparisons that ends in one of four verdicts."""
    count = len(machine.allowed)
    lines = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_IF_EQUAL, 1, 0, machine.audit),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        *((_IF_EQUAL, count + 3 - index, 0, number) for index, number in enumerate(machine.allowed)),  # to the last line
        (_IF_EQUAL, 0, 2, machine.openat),
        (_LOAD, 0, 0, _THIRD_ARGUMENT),
        (_IF_ANY, 0, 1, _WRITES),
        (_RETURN, 0, 0, _EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("HBBI", *line) for line in lines)
