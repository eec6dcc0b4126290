"""The enforcement modes, each shown by what a pod can and cannot reach."""

import json
import subprocess
from collections.abc import Iterator

import pytest

from tests.cluster.node import table
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


LOST = """
import json, socket, sys, time

end, tried, lost = time.monotonic() + float(sys.argv[1]), 0, 0
while time.monotonic() < end:
    tried += 1
    try:
        socket.create_connection(("10.96.0.10", 53), 0.5).close()
    except TimeoutError:
        lost += 1
    time.sleep(0.005)
print(json.dumps([tried > 200, lost]))
"""
"""Whether enough connections were begun, and how many first packets did not arrive."""
COMING = 4
"""Pods that come and go meanwhile."""


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


def test_pods_that_come_and_go_cost_others_no_packet(namespace: CommandLine) -> None:
    """What waits for the enforcer's verdict waits for nothing else: see tests/cluster/node/table.py."""
    namespace.run("enforce", "on")
    others = {"matchLabels": {"comes": "and-goes"}}
    policy = {**DENY, "metadata": {"name": "others", "namespace": "modes"}, "spec": {"podSelector": others, "policyTypes": ["Egress"]}}
    container = {"name": "client", "image": "localhost/private-assistant/client:dev"}
    pods = [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": f"other-{number}", "namespace": "modes", "labels": others["matchLabels"]},
            "spec": {"containers": [container], "terminationGracePeriodSeconds": 1},
        }
        for number in range(COMING)
    ]

    with namespace.running("--namespace", "modes", "exec", "client", "--", "python3", "-c", LOST, "15") as trying:
        namespace.apply(policy, *pods)
        namespace.kubectl("--namespace", "modes", "wait", "--for=condition=Ready", "pod", "--all", "--timeout=60s")
        namespace.kubectl("--namespace", "modes", "delete", "pod", "--selector=comes=and-goes")
        output, _ = trying.communicate(timeout=60)

    assert json.loads(output) == [True, 0]


def test_the_enforcers_own_table_is_taken(namespace: CommandLine) -> None:
    """Nobody but who holds it can hook anything in there, or it would be hooked out again, with all that waits."""
    inside = ("nsenter", f"--target={namespace.first()}", "--net", "nft")

    done = subprocess.run([*inside, "add", "chain", "inet", table.NAME, "any"], capture_output=True, text=True, check=False)

    assert "Operation not permitted" in done.stderr
    assert subprocess.run([*inside, "add", "table", "inet", "any"], check=False).returncode == 0
    subprocess.run([*inside, "delete", "table", "inet", "any"], check=True)


@pytest.mark.parametrize(
    ("mode", "still_open"),
    [("on", OWN_NODE), ("strict", set()), ("open", OWN_NODE), ("off", set(TARGETS))],
)
def test_under_a_policy_that_denies_all(namespace: CommandLine, mode: str, still_open: set[str]) -> None:
    namespace.apply(DENY)
    namespace.run("enforce", mode)

    # The enforcer watches policies, and says nowhere that it has seen one.
    until(f"a pod reaches {sorted(still_open)} and nothing else", lambda: reached(namespace) == still_open)
