"""What the demo and the end-to-end tests may ask of a cluster, whichever kind it is."""

from pathlib import Path
from typing import Protocol


class Cluster(Protocol):
    """A running or a possible cluster."""

    @property
    def kubeconfig(self) -> Path:
        """A file of the cluster's own: nobody's other contexts are ever read or written."""

    def up(self) -> None:
        """Bring the cluster up, with the project's images in it; with one that runs, only make up for what is missing."""

    def down(self) -> None:
        """Remove the cluster and everything that it left on the machine; with none, do nothing."""

    def status(self) -> str:
        """Return a text for people."""

    def load_images(self) -> dict[str, str]:
        """Build what changed, bring it into the cluster and return short name -> reference for operator, gateway, ollama and client."""

    def pull_authority(self) -> str:
        """Return the PEM of the authority that the model registry's certificate comes from; empty for the public ones."""

    def outside_targets(self) -> tuple[str, ...]:
        """Return addresses with ports (`192.0.2.1:443`) outside the cluster that answer, for the operator to have assistants try."""

    def kubectl(self, *arguments: str | Path, stdin: str | None = None, check: bool = True) -> str:
        """Run kubectl against this cluster and return its output."""

    def helm(self, *arguments: str | Path) -> str:
        """Run helm against this cluster and return its output."""
