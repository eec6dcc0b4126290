"""What looking costs an assistant in its pod on the real node: the processor time of the probe's container, by the kernel's own account.

A container's cgroup counts all of its processes, and the work of the network that is done in their name. It is read every ten seconds,
which is one round, while the assistant serves and nobody asks it anything; what the container's start took lies before that.
"""

import time
from pathlib import Path

from bench.egress import warm
from bench.egress.figures import Figures
from bench.egress.lab import NAME, POD, Lab
from bench.egress.probe import WINDOW, rss, wait_until
from tests.cluster.node import process
from tests.cluster.node.remains import hierarchies

COMMAND = b"assistant_egress\0probe\0"


def measure(lab: Lab, figures: Figures, seconds: float) -> None:
    """Note memory and processor time of each window of ten seconds; half of them with the probe's memory kept mapped."""
    lab.assistants.ready(NAME)
    lab.serving()
    pid = probe_of(lab)
    account = account_of(pid)
    _windows(figures, pid, account, seconds / 2, "")
    with warm.kept(pid):
        _windows(figures, pid, account, seconds / 2, ", memory mapped")


def _windows(figures: Figures, pid: int, account: Path, seconds: float, state: str) -> None:
    memory, millicores = [], []
    wait_until(time.monotonic() + WINDOW)
    until = time.monotonic() + seconds
    while (started := time.monotonic()) < until:
        spent = seconds_in(account)
        wait_until(started + WINDOW)
        millicores.append((seconds_in(account) - spent) / (time.monotonic() - started) * 1000)
        memory.append(rss(pid))
    figures.spread(f"probe in its pod{state}: resident memory, MB", memory)
    figures.spread(f"probe in its pod{state}: processor, thousandths of a core", millicores)


def probe_of(lab: Lab) -> int:
    """Return the machine's number of the probe's process; raises RuntimeError where there is another number of them than one."""
    node = process.find(lab.node.layout)
    found = [pid for pid in process.members(node or 0) if COMMAND in command_line(pid)]
    if len(found) != 1:
        raise RuntimeError(f"{len(found)} probes run beside {POD}")
    return found[0]


def command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # it has ended meanwhile
        return b""


def account_of(pid: int) -> Path:
    """Return the file in which the kernel counts the processor time of the process's container; raises LookupError."""
    lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    groups = {line.split(":", 2)[2].strip("/") for line in lines}
    files = (hierarchy / group / name for hierarchy in hierarchies() for group in groups for name in ("cpuacct.usage", "cpu.stat"))
    counting = [file for file in files if file.exists() and (file.name == "cpuacct.usage" or "usage_usec" in file.read_text())]
    if not counting:
        raise LookupError("no cgroup counts the processor time of the probe's container")
    return counting[0]


def seconds_in(account: Path) -> float:
    """Return the processor time so far: nanoseconds in version 1 of cgroups, microseconds in version 2."""
    text = account.read_text()
    if account.name == "cpuacct.usage":
        return int(text) / 1e9
    return int(next(line.split()[1] for line in text.splitlines() if line.startswith("usage_usec "))) / 1e6
