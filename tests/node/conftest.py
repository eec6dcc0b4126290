"""A second node beside the one of the demo and the end-to-end tests, to be ill-treated: number 9.

It is driven through its command line alone, as separate processes: what is tested is also that these can be killed.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster import builds
from tests.cluster.paths import REPOSITORY, cache

NUMBER = "9"
UP = ("up", "--only", "client")
"""The tests of the node need none of the product's images."""
SERVICES = (
    *("etcd", "containerd", "outside", "nft", "kube-apiserver", "kube-controller-manager"),
    *("kube-scheduler", "kubelet", "kube-proxy", "provisioner"),
)


class CommandLine:
    """`python -m tests.cluster` for node 9, and what can be seen of the node from the machine."""

    def __init__(self) -> None:
        self.state = cache() / f"cluster-{NUMBER}"

    def start(self, *words: str) -> subprocess.Popen[str]:
        environment = os.environ | {"PRIVATE_ASSISTANT_NODE": NUMBER, "PRIVATE_ASSISTANT_CLUSTER": "node", "PYTHONPATH": str(REPOSITORY)}
        command = [sys.executable, "-m", "tests.cluster", *words]
        return subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def run(self, *words: str) -> str:
        with self.start(*words) as process:
            output, _ = process.communicate(timeout=600)
        assert process.returncode == 0, f"{' '.join(words)}: {output}"
        return output

    def kubectl(self, *words: str, stdin: str | None = None) -> str:
        command = [str(builds.built("kubectl")), f"--kubeconfig={self.state / 'kubeconfig'}", *words]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def running(self, *words: str) -> subprocess.Popen[str]:
        """Start kubectl; its standard output is read by the caller."""
        command = [str(builds.built("kubectl")), f"--kubeconfig={self.state / 'kubeconfig'}", *words]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def apply(self, *manifests: dict[str, Any]) -> None:
        self.kubectl("apply", "--filename", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests}))

    def first(self) -> int:
        """The node's first process, as the machine counts; 0 if there is none."""
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = path.read_bytes().rstrip(b"\0").split(b"\0")
                numbers = (path.parent / "status").read_text().partition("NSpid:")[2].split("\n")[0].split()
            except OSError:
                continue
            if words[-1] == str(self.state).encode() and words[-2:-1] == [b"tests.cluster.node.init"] and numbers[-1:] == ["1"]:
                return int(path.parent.name)
        return 0

    def services(self) -> dict[str, int]:
        """The node's services and their process numbers, as the machine counts."""
        first, found = self.first(), {}
        for pid in Path(f"/proc/{first}/task/{first}/children").read_text().split():
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            program = words[2] if words[1:2] == [b"-m"] else words[0]
            found[program.decode().rpartition("/")[2].rpartition(".")[2]] = int(pid)
        return {name: pid for name, pid in found.items() if name in SERVICES}  # containers' shims are children, too


@pytest.fixture(scope="session")
def commands() -> Iterator[CommandLine]:
    """The command line, with nothing of the node there before and nothing after."""
    found = CommandLine()
    found.run("down")
    yield found
    found.run("down")


@pytest.fixture(scope="session")
def up(commands: CommandLine) -> CommandLine:
    """The node, running; tests that end it bring it up again."""
    commands.run(*UP)
    return commands
