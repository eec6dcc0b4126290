"""Which kind of cluster this machine gets: kind where Docker runs and kind is installed, the real node everywhere else."""

import os
import shutil

from tests.cluster.interface import Cluster
from tests.cluster.node.cluster import Node
from tests.cluster.shell import succeeds

VARIABLE = "PRIVATE_ASSISTANT_CLUSTER"
"""`node` or `kind` overrides the choice."""


def choose() -> Cluster:
    """Return the cluster, running or not."""
    wanted = os.environ.get(VARIABLE) or ("kind" if kind_works() else "node")
    if wanted == "kind":
        from tests.cluster.kind import Kind

        return Kind()
    return Node()


def kind_works() -> bool:
    """Say whether kind is installed and Docker answers."""
    return shutil.which("kind") is not None and shutil.which("docker") is not None and succeeds("docker", "info")
