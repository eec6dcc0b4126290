"""The enforcement modes, each shown by what a pod can and cannot reach."""

import json
from collections.abc import Iterator

import pytest

from tests.node.conftest import UP, CommandLine
from tests.support.waiting import until

TARGETS = {
    "outside": ("198.51.100.10", 443),
    "metadata": ("169.254.169.254", 80),
    "anywhere": ("8.8.8.8", 443),
    "dns": ("10.96.0.10", 53),
    "api-server": ("10.96.0.1", 443),
    "node": ("203.0.113.38", 10250),
}
OWN_NODE = {"api-server", "node"}
PROBE = """
import concurrent.futures, json, socket, sys

def reachable(target):
    try:
        socket.create_connection(tuple(target), 1.5).close()
    except OSError:
        return False
    return True

targets = json.loads(sys.argv[1])
with concurrent.futures.ThreadPoolExecutor() as pool:
    print(json.dumps([name for name, open in zip(targets, pool.map(reachable, targets.values())) if open]))
"""
DENY = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "deny", "namespace": "modes"},
    "spec": {"podSelector": {}, "policyTypes": ["Egress"]},
}


@pytest.fixture(scope="module")
def namespace(up: CommandLine) -> Iterator[CommandLine]:
    up.run(*UP)
    container = {"name": "client", "image": "localhost/private-assistant/client:dev"}
    up.apply(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "modes"}},
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "client", "namespace": "modes"}, "spec": {"containers": [container]}},
    )
    up.kubectl("--namespace", "modes", "wait", "--for=condition=Ready", "pod/client", "--timeout=60s")
    yield up
    up.run("enforce", "on")
    up.kubectl("delete", "namespace", "modes", "--wait=false")


def reached(node: CommandLine) -> set[str]:
    words = ("--namespace", "modes", "exec", "client", "--", "python3", "-c", PROBE, json.dumps(TARGETS))
    return set(json.loads(node.kubectl(*words)))


def test_without_a_policy_everything_is_open(namespace: CommandLine) -> None:
    """Else the tests below would show nothing."""
    namespace.run("enforce", "strict")

    assert reached(namespace) == set(TARGETS)


@pytest.mark.parametrize(
    ("mode", "still_open"),
    [("on", OWN_NODE), ("strict", set()), ("open", OWN_NODE), ("off", set(TARGETS))],
)
def test_under_a_policy_that_denies_all(namespace: CommandLine, mode: str, still_open: set[str]) -> None:
    namespace.apply(DENY)
    namespace.run("enforce", mode)

    # The enforcer watches policies, and says nowhere that it has seen one.
    until(f"a pod reaches {sorted(still_open)} and nothing else", lambda: reached(namespace) == still_open)
