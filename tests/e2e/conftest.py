"""The real node with the operator on it, once for the whole session; a fresh restricted namespace for each test.

The cluster is the one of `make demo`; each further worker of pytest-xdist has a node of its own beside it. What this session started, it
also ends.
"""

import os
import secrets
import time
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.cluster.install import NAMESPACE, install
from tests.cluster.node import process
from tests.cluster.node.cluster import Node
from tests.cluster.paths import cache
from tests.cluster.shell import locked
from tests.e2e.support.assistants import Assistants
from tests.e2e.support.kubectl import Kubectl

KEEP = "PRIVATE_ASSISTANT_KEEP_CLUSTER"
"""Set to anything to leave the cluster running after the tests."""
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/enforce-version": "latest"}


@pytest.fixture(scope="session")
def node() -> Iterator[Node]:
    found = Node()
    ours = process.find(found.layout) is None
    try:
        found.up()
        found.enforce("on")
        yield found
    finally:
        if ours and not os.environ.get(KEEP):
            found.down()


@pytest.fixture(scope="session")
def images(node: Node) -> dict[str, str]:
    """Install the operator by Helm, as a user would; references of the images in the node: operator, gateway, ollama, store, client."""
    references = node.load_images()
    with locked(cache() / "install.lock"):  # two sessions may share the node
        install(node, references)
    return references


@pytest.fixture(scope="session")
def operator(node: Node, images: dict[str, str]) -> Kubectl:
    """kubectl in the namespace of the operator that runs."""
    return Kubectl(node.kubeconfig, NAMESPACE)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add to a failure what the cluster says of it, while it still stands: nobody can look afterwards."""
    report = yield
    if report.when == "call" and report.failed and isinstance(item, pytest.Function):
        for name, found in item.funcargs.items():
            if isinstance(found, Kubectl):
                report.sections.append((f"cluster, by {name}", _account(found)))
    return report


def _account(kubectl: Kubectl) -> str:
    try:
        return kubectl.account()
    except Exception as error:  # the failure itself is what counts
        return f"the cluster says nothing: {error}"


@pytest.fixture
def kubectl(operator: Kubectl, request: pytest.FixtureRequest) -> Iterator[Kubectl]:
    """kubectl in a namespace of the test's own that enforces the restricted Pod Security Standard."""
    yield from _namespace(operator, request.node.originalname or request.node.name)


@pytest.fixture(scope="module")
def shared_kubectl(operator: Kubectl, request: pytest.FixtureRequest) -> Iterator[Kubectl]:
    """As kubectl, for tests of one module that share an assistant."""
    yield from _namespace(operator, Path(str(request.node.name)).stem)


@pytest.fixture
def assistants(kubectl: Kubectl, images: dict[str, str]) -> Assistants:
    """Makes assistants and clients in the test's namespace."""
    return Assistants(kubectl, images)


@pytest.fixture(scope="module")
def shared_assistants(shared_kubectl: Kubectl, images: dict[str, str]) -> Assistants:
    return Assistants(shared_kubectl, images)


@pytest.fixture
def since() -> float:
    """When the test began, for what the outside recorded."""
    return time.time()


def _namespace(kubectl: Kubectl, name: str) -> Iterator[Kubectl]:
    namespace = f"{name.removeprefix('test_').replace('_', '-')[:40].strip('-')}-{secrets.token_hex(3)}"
    kubectl.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": RESTRICTED}})
    try:
        yield kubectl.within(namespace)
    finally:
        kubectl.delete("namespace", namespace, wait=False)
