"""A file system of a few MiB in the node, as a PersistentVolume with a class of its own: one that a test can fill."""

import errno
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cluster.node import process
from tests.cluster.node.cluster import Node
from tests.cluster.shell import run
from tests.e2e.support.kubectl import Kubectl

BLOCK = 1 << 20


class SmallDisk:
    """The file system: in memory, mounted for the node alone, so that it ends with the node at the latest."""

    def __init__(self, node: Node, mebibytes: int) -> None:
        self.name = f"small-{secrets.token_hex(3)}"
        """Of the volume and of its class."""
        self.mebibytes = mebibytes
        self._node = node
        self._folder = node.layout.volumes / self.name

    @property
    def folder(self) -> Path:
        """The folder as it is reached from outside the node: its mounts are not the machine's."""
        return Path(f"/proc/{process.find(self._node.layout)}/root") / self._folder.relative_to("/")

    def fill(self) -> None:
        """Leave no room at all."""
        with self._filler.open("ab", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(BLOCK))  # the last one in part
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise

    def free(self) -> None:
        """Give back what was taken."""
        self._filler.unlink(missing_ok=True)

    def mount(self, kubectl: Kubectl) -> None:
        """Make it and its volume; a claim of the class is bound to it without a provisioner."""
        self._folder.mkdir()
        options = f"size={self.mebibytes}m,mode=0777"  # the kubelet applies no fsGroup to hostPath volumes
        run(*self._node.inside("mount", "-t", "tmpfs", "-o", options, "tmpfs", self._folder))
        spec = {
            "capacity": {"storage": f"{self.mebibytes}Mi"},
            "accessModes": ["ReadWriteOnce"],
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": self.name,
            "hostPath": {"path": str(self._folder), "type": "Directory"},
        }
        kubectl.apply({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": self.name}, "spec": spec})

    def unmount(self, kubectl: Kubectl) -> None:
        """Remove both, whatever became of them; who still has a file open there keeps it until it ends."""
        kubectl.delete("pv", self.name, wait=False)
        run(*self._node.inside("umount", "--lazy", self._folder), check=False)
        self._folder.rmdir()

    @property
    def _filler(self) -> Path:
        return self.folder / "filler"


@contextmanager
def small_disk(node: Node, kubectl: Kubectl, mebibytes: int) -> Iterator[SmallDisk]:
    """Yield a file system for the block's time."""
    disk = SmallDisk(node, mebibytes)
    try:
        disk.mount(kubectl)
        yield disk
    finally:
        disk.unmount(kubectl)
