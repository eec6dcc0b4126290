"""Removes what a namespace cannot hold and so outlives the node: cgroups, machine-wide settings, folders, files.

Safe to call at any time after the node has ended, also when an earlier removal was interrupted.
"""

import json
import os
import shutil
import time
from pathlib import Path

from tests.cluster.node.addresses import CGROUP
from tests.cluster.node.layout import Layout
from tests.cluster.node.links import remove_link
from tests.cluster.node.process import running
from tests.cluster.paths import cache
from tests.cluster.progress import say

SETTINGS = (
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
)
"""kubelet sets these, and they are the whole machine's."""


def record() -> Path:
    """Return the file with what the machine was like before the first of its nodes; the last one to go puts it back."""
    return cache() / "machine.json"


def prepare(layout: Layout) -> None:
    """Write down what the node is about to change on the machine, then make the folders that it needs there."""
    if not record().exists():
        settings = {name: path.read_text() for name in SETTINGS if (path := Path("/proc/sys", name)).exists()}
        missing = [folder for folder in layout.binds if not Path(folder).is_dir()]
        partial = record().with_suffix(".partial")
        partial.write_text(json.dumps({"settings": settings, "folders": missing}))
        partial.replace(record())
    for folder in layout.binds:
        Path(folder).mkdir(parents=True, exist_ok=True)
    for hierarchy in hierarchies():
        (hierarchy / CGROUP).mkdir(exist_ok=True)


def remove(layout: Layout) -> None:
    """Undo all of it and remove the state folder."""
    remove_link()
    _remove_cgroups()
    if layout.state.exists():
        shutil.rmtree(layout.state)
    if record().exists() and not running():
        _restore_machine()


def _restore_machine() -> None:
    before = json.loads(record().read_text())
    for name, value in before["settings"].items():
        Path("/proc/sys", name).write_text(value)
    for folder in before["folders"]:
        try:
            os.rmdir(folder)
        except FileNotFoundError:
            pass
        except OSError as error:
            say(f"left: {folder} ({error.strerror})")
    record().unlink()


def hierarchies() -> list[Path]:
    """Return every mounted cgroup hierarchy, version 1 and 2: kubelet makes its folder in all of them."""
    mounts = (line.split(" - ") for line in Path("/proc/self/mountinfo").read_text().splitlines())
    return [Path(left.split()[4]) for left, right in mounts if right.split()[0] in ("cgroup", "cgroup2")]


def _remove_cgroups() -> None:
    end = time.monotonic() + 10
    while left := [path for hierarchy in hierarchies() for path in _remove_cgroup(hierarchy / CGROUP)]:
        if time.monotonic() > end:
            say(f"left: cgroups {', '.join(map(str, left))}")
            return
        time.sleep(0.1)  # the kernel lets go of a killed process's cgroup a moment later


def _remove_cgroup(top: Path) -> list[Path]:
    left = []
    for path, _, _ in os.walk(top, topdown=False):
        try:
            os.rmdir(path)
        except OSError:
            left.append(Path(path))
    return left
