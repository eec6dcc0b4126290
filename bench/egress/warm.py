"""Keeps a process's memory mapped by the machine's host: `python -m bench.egress.warm PID`.

Where the machine is a guest whose host takes back or watches memory that lies idle, the first touch of a page after a second or two
costs the guest tens of microseconds instead of a tenth of one, and counts as its program's own processor time, without any fault that the
guest's kernel could see. A program that wakes up every two seconds pays that for all that it touches. Read from here, through
/proc/PID/mem, ten times a second, its pages stay mapped: what it costs then is its own work. page_price() shows what the host takes.
"""

import mmap
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PAGE = mmap.PAGESIZE
EVERY = 0.1
"""Seconds."""
PRESENT = 0x80
"""The highest bit of a page's eight bytes in /proc/PID/pagemap, in the last of them: proc_pid_pagemap(5)."""
MAX_AREA = 256 << 20
"""Bytes; larger areas are reserved addresses, not memory."""


def areas(pid: int) -> Iterator[range]:
    """Yield the addresses of a process's readable memory."""
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        where, rights, *_ = line.split()
        start, end = (int(bound, 16) for bound in where.split("-"))
        if rights.startswith("r") and "[v" not in line and end - start <= MAX_AREA:  # [vvar] and [vdso] are the kernel's
            yield range(start, end, PAGE)


def touch(pid: int) -> int:
    """Read one byte of each page that the process has in memory; return how many those were."""
    touched = 0
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory, open(f"/proc/{pid}/pagemap", "rb", buffering=0) as pagemap:
        for area in areas(pid):
            pagemap.seek(area.start // PAGE * 8)
            entries = pagemap.read(len(area) * 8)
            for address, state in zip(area, entries[7::8], strict=False):  # an area may have shrunk since
                if state & PRESENT:
                    memory.seek(address)
                    touched += len(memory.read(1))
    return touched


@contextmanager
def kept(pid: int) -> Iterator[None]:
    """Keep a process's memory mapped, by a process beside it."""
    with subprocess.Popen([sys.executable, "-m", "bench.egress.warm", str(pid)], cwd=Path(__file__).parents[2]) as warmer:
        try:
            yield
        finally:
            warmer.kill()


def page_price(idle: float, pages: int = 1024, rounds: int = 3) -> list[float]:
    """Return microseconds that the touch of a page costs which nobody has touched for so many seconds."""
    memory = mmap.mmap(-1, pages * PAGE)
    prices = []
    for _ in range(rounds + 1):
        started = time.perf_counter()
        for offset in range(0, len(memory), PAGE):
            memory[offset] = 1
        prices.append((time.perf_counter() - started) / pages * 1e6)
        time.sleep(idle)
    memory.close()
    return prices[1:]


if __name__ == "__main__":
    while True:
        touch(int(sys.argv[1]))
        time.sleep(EVERY)
