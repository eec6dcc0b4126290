"""Finds, starts and ends the node's process tree.

The node is found by its command line, not by a file with a number in it: a file may be missing after an interrupted `up`, or name a
process that has long been another.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.cluster.node.layout import Layout
from tests.cluster.paths import REPOSITORY
from tests.cluster.shell import ClusterError, wait_until

MODULE = "tests.cluster.node.init"
ENVIRONMENT = ("PRIVATE_ASSISTANT_CACHE", "PRIVATE_ASSISTANT_NODE")
"""What the node may know of the caller's environment; proxies and pip settings are none of its business."""


def find(layout: Layout) -> int | None:
    """Return the machine's number of the node's first process, or None where the node does not run."""
    return running().get(str(layout.state))


def running() -> dict[str, int]:
    """Return every node of this machine: its state folder and the number of its first process."""
    nodes = {}
    for pid in _pids():
        match _arguments(pid)[-2:]:
            case [module, state] if module == MODULE.encode() and _number_inside(pid) == 1:
                nodes[state.decode()] = pid
    return nodes


def spawn(layout: Layout) -> int:
    """Start the node's first process in namespaces of its own and return its number."""
    inherited = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
    env = {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": os.environ.get("HOME", "/root"),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(REPOSITORY),
    }
    with (layout.logs / "node.log").open("ab") as log:
        node = subprocess.Popen(
            [
                *("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
                *(sys.executable, "-m", MODULE, str(layout.state)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # an interrupt at the keyboard is not meant for it
            env=env | inherited,
            cwd="/",
        )
        node.returncode = 0  # it outlives us and nobody waits for it: without this, Python warns of a child that still runs
    wait_until("the node's first process runs", lambda: find(layout) is not None, 10, interval=0.02, quiet=True)
    pid = find(layout)
    if pid is None:
        raise ClusterError(f"the node's first process ended at once; see {layout.logs / 'node.log'}")
    return pid


def end(layout: Layout) -> bool:
    """Kill the node and wait until all its processes are gone; return whether there was one."""
    pid = find(layout)
    if pid is None:
        return False
    everything = members(pid)
    os.kill(pid, signal.SIGKILL)  # the kernel ends the whole PID namespace with it
    wait_until("the node's processes are gone", lambda: not any(_alive(member) for member in everything), 60, quiet=True)
    return True


def members(pid: int) -> list[int]:
    """Return the numbers of every process of the node: everything that descends from its first one."""
    parents = {other: parent for other in _pids() if (parent := _parent(other)) is not None}
    found, level = [], [pid]
    while level:
        found += level
        # The table was read while processes came and went: it may name one twice.
        level = [child for child, parent in parents.items() if parent in level and child not in found]
    return found


def inside(layout: Layout, *command: str | Path) -> list[str]:
    """Return the command that runs another one inside the node's namespaces."""
    pid = find(layout)
    if pid is None:
        raise ClusterError("no node is running: `python -m tests.cluster up` starts it")
    return ["nsenter", "--target", str(pid), "--net", "--mount", "--pid", "--", *map(str, command)]


def usage(pid: int) -> tuple[str, float, float]:
    """Return a process's name, CPU seconds and resident MiB."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    status = _status(pid)
    seconds = (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")
    return status["Name"], seconds, int(status.get("VmRSS", "0 kB").split()[0]) / 1024


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _arguments(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")
    except OSError:
        return []


def _status(pid: int) -> dict[str, str]:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return {}
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _number_inside(pid: int) -> int | None:
    numbers = _status(pid).get("NSpid", "").split()
    return int(numbers[-1]) if len(numbers) > 1 else None


def _parent(pid: int) -> int | None:
    parent = _status(pid).get("PPid")
    return None if parent is None else int(parent)


def _alive(pid: int) -> bool:
    return _status(pid).get("State", "Z")[0] not in "ZX"
