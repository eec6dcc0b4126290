"""Where the node's files lie below its state folder, and which of the machine's folders it sees replaced by its own."""

from dataclasses import dataclass
from pathlib import Path

from tests.cluster.node.addresses import SUFFIX
from tests.cluster.paths import cache


def own_layout() -> "Layout":
    """Return the paths of the node that PRIVATE_ASSISTANT_NODE chooses."""
    return Layout(cache() / f"cluster{SUFFIX}")


@dataclass(frozen=True, slots=True)
class Layout:
    """Paths of one node."""

    state: Path

    @property
    def kubeconfig(self) -> Path:
        return self.state / "kubeconfig"

    @property
    def pki(self) -> Path:
        return self.state / "pki"

    @property
    def configuration(self) -> Path:
        return self.state / "configuration"

    @property
    def logs(self) -> Path:
        return self.state / "log"

    @property
    def volumes(self) -> Path:
        """hostPath volumes that the provisioner makes for claims."""
        return self.state / "volumes"

    @property
    def outside(self) -> Path:
        """The outside's certificate authority, control file and records: see ../outside."""
        return self.state / "outside"

    @property
    def loaded(self) -> Path:
        """Which images the node has: name -> hash of what it was built from."""
        return self.state / "images.json"

    @property
    def services(self) -> Path:
        """Which services run: name -> process number inside the node."""
        return self.state / "services.json"

    @property
    def enforcement(self) -> Path:
        return self.state / "enforcement"

    @property
    def ready(self) -> Path:
        """Present once `up` got through: a second one then has little to do."""
        return self.state / "ready"

    @property
    def binds(self) -> dict[str, Path | None]:
        """Machine folder -> the node's own in its place; None is an empty one in memory."""
        return {
            "/var/lib/kubelet": self.state / "kubelet",
            "/var/lib/containerd": self.state / "containerd",
            "/var/lib/cni": self.state / "cni",
            "/etc/cni": self.configuration / "cni",
            "/var/log": self.logs / "var",
            "/run": None,
        }

    def make(self) -> None:
        """Make the folders."""
        self.state.mkdir(mode=0o711, parents=True, exist_ok=True)
        (self.state / "etcd").mkdir(mode=0o700, exist_ok=True)
        for folder in (self.pki, self.configuration, self.logs, self.volumes, self.outside, *self.binds.values()):
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
