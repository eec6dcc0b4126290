"""A node whose NetworkPolicy enforcer does not run."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.cluster.node.cluster import Node
from tests.e2e.support.kubectl import Kubectl, until

NAME, NAMESPACE = "kube-network-policies", "kube-system"
NOWHERE = {"example.test/no-node-has-this": "true"}


@contextmanager
def without_enforcer(node: Node, kubectl: Kubectl) -> Iterator[None]:
    """Take the enforcer away for as long as the block runs: what that means for packets is the node's mode (node/enforcement.py)."""
    system = kubectl.within(NAMESPACE)
    _place(system, NOWHERE)
    try:
        until("no enforcer is left", lambda: not system.list("pods", f"app={NAME}") and not node.enforcer_listens(), 120)
        yield
    finally:
        _place(system, dict.fromkeys(NOWHERE))
        until("the enforcer is back", node.enforcer_listens, 120)


def _place(kubectl: Kubectl, selector: Mapping[str, str | None]) -> None:
    kubectl.patch("daemonset", NAME, {"spec": {"template": {"spec": {"nodeSelector": selector}}}})
