"""The node's life: up twice, interrupted, with every service killed, down twice, and nothing left of it."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.cluster.shell import wait_until
from tests.node.conftest import NUMBER, SERVICES, UP, CommandLine

SETTINGS = ("vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops", "kernel/keys/root_maxkeys")


def machine() -> dict[str, object]:
    """What a node could leave on the machine; of other nodes' things only their number counts."""
    links = subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=True).stdout
    cgroups = [str(path) for path in Path("/sys/fs/cgroup").glob(f"**/private-assistant-{NUMBER}")]
    return {
        "links": sorted(line.split(": ")[1].partition("@")[0] for line in links.splitlines()),
        "mounts": sorted(line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()),
        "cgroups": cgroups,
        "settings": [Path("/proc/sys", name).read_text() for name in SETTINGS],
        "folders": [Path(folder).exists() for folder in ("/etc/cni", "/var/lib/cni", "/var/lib/kubelet", "/var/lib/containerd")],
        "firewall": subprocess.run(["iptables-save"], capture_output=True, text=True, check=False).stdout.count("-A "),
    }


def processes() -> list[str]:
    """Command lines that name the node's state folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            text = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if f"cluster-{NUMBER}" in text:
            found.append(text)
    return found


def assert_works(node: CommandLine) -> None:
    """A pod with a volume runs, a Service's name resolves, the outside answers and records it."""
    name = f"works-{time.monotonic_ns()}"
    volume = {"persistentVolumeClaim": {"claimName": name}}
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}
    container = {
        "name": "client",
        "image": "localhost/private-assistant/client:dev",
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }
    node.apply(
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": claim},
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name},
            "spec": {"containers": [container], "volumes": [{"name": "data", **volume}], "terminationGracePeriodSeconds": 1},
        },
    )
    node.kubectl("wait", "--for=condition=Ready", f"pod/{name}", "--timeout=90s")
    program = (
        "import socket, urllib.request; open('/data/x', 'w').write('x'); socket.getaddrinfo('kubernetes.default.svc.cluster.local', 443);"
        "print(urllib.request.urlopen('http://registry.example.test:5000/v2/', timeout=10).status)"
    )
    assert node.kubectl("exec", name, "--", "python3", "-c", program).strip() == "200"
    address = node.kubectl("get", "pod", name, "--output", "jsonpath={.status.podIP}")
    assert f'"source": "{address}", "destination": "198.51.100.10", "port": 5000' in (node.state / "outside" / "packets.jsonl").read_text()
    node.kubectl("delete", "pod,pvc", name, "--now", "--wait=false")


@pytest.fixture(scope="module")
def before(commands: CommandLine) -> dict[str, object]:
    return machine()


def test_down_with_nothing_there_does_nothing(commands: CommandLine, before: dict[str, object]) -> None:
    commands.run("down")

    assert machine() == before


def test_an_interrupted_up_goes_on_where_it_was(commands: CommandLine, before: dict[str, object]) -> None:
    """Killed at once after the node's first process started: nothing was waited for, perhaps no link was made."""
    with commands.start(*UP) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "first process" in line:
                break
        process.send_signal(signal.SIGKILL)

    commands.run(*UP)

    assert_works(commands)


def test_a_second_up_takes_seconds_and_restarts_nothing(up: CommandLine) -> None:
    services, begin = up.services(), time.monotonic()

    up.run(*UP)

    assert time.monotonic() - begin < 20
    assert up.services() == services
    assert set(SERVICES) == set(services)


def test_two_ups_at_once_make_one_node(up: CommandLine) -> None:
    with up.start(*UP) as one, up.start(*UP) as other:
        one.communicate(timeout=300)
        other.communicate(timeout=300)

    assert (one.returncode, other.returncode) == (0, 0)
    assert len([line for line in processes() if line.startswith("unshare ")]) == 1


@pytest.mark.parametrize("service", SERVICES)
def test_a_killed_service_is_started_again(up: CommandLine, service: str) -> None:
    killed = up.services()[service]

    os.kill(killed, signal.SIGKILL)

    wait_until(f"{service} runs again", lambda: up.services().get(service, killed) != killed, 30, quiet=True)


def test_the_node_works_after_all_of_that(up: CommandLine) -> None:
    up.run(*UP)

    assert_works(up)


def test_the_machine_is_out_of_reach_for_pods(up: CommandLine) -> None:
    """Nothing that a pod starts leaves by the link that kubectl comes in by."""
    probe = "import socket; socket.create_connection(('203.0.113.37', 22), 2)"
    up.kubectl(
        "run", "reach", "--image=localhost/private-assistant/client:dev", "--restart=Never", "--command", "--", "python3", "-c", probe
    )
    up.kubectl("wait", "--for=jsonpath={.status.phase}=Failed", "pod/reach", "--timeout=60s")

    assert "timed out" in up.kubectl("logs", "reach")


def test_killing_the_outermost_process_ends_everything(up: CommandLine, before: dict[str, object]) -> None:
    parent = Path(f"/proc/{up.first()}/status").read_text().partition("PPid:")[2].split()[0]

    os.kill(int(parent), signal.SIGKILL)

    wait_until("every process is gone", lambda: not processes(), 30, quiet=True)
    up.run("down")
    assert machine() == before


def test_down_leaves_nothing_and_a_second_one_neither(commands: CommandLine, before: dict[str, object]) -> None:
    commands.run(*UP)
    assert_works(commands)

    commands.run("down")

    assert processes() == []
    assert machine() == before
    assert not commands.state.exists()
    commands.run("down")
    assert machine() == before
