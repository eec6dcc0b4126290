"""The parts of the real node that can be shown without one: its supervisor, its provisioner, its configuration, its remains."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cluster import packages
from tests.cluster.node import configuration, process, remains
from tests.cluster.node.addresses import CGROUP
from tests.cluster.node.credentials import write_credentials
from tests.cluster.node.layout import Layout
from tests.cluster.node.provisioner import NAME, PROVISIONED_BY, SELECTED_NODE, is_released, volume, waits_for_volume
from tests.cluster.node.services import services
from tests.cluster.paths import REPOSITORY
from tests.cluster.shell import wait_until

SUPERVISE = """
import signal, sys
from pathlib import Path
from tests.cluster.node import init
from tests.cluster.node.layout import Layout
from tests.cluster.node.services import Service

init.RESTART_DELAY = 0.05
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
layout = Layout(Path(sys.argv[1]))
layout.make()
ready = layout.state / "ready-now"
wanted = tuple(Service(name, ["sh", "-c", command], after) for name, command, after in (
    ("short", "echo run; sleep 0.02; exit 3", None),
    ("shorter", "echo run", None),
    ("long", "touch %s; sleep 60" % ready, None),
    ("late", "echo run; sleep 60", ready.exists),
    ("never", "echo run", lambda: False),
))
init.Supervisor(layout, wanted).run()
"""


def test_the_supervisor_starts_in_order_and_starts_again_what_ended(tmp_path: Path) -> None:
    """Every end is noticed, however close to the start of another service."""
    logs = tmp_path / "log"

    def runs(name: str) -> int:
        return (logs / f"{name}.log").read_text().count("run") if (logs / f"{name}.log").exists() else 0

    with subprocess.Popen([sys.executable, "-c", SUPERVISE, str(tmp_path)], cwd=REPOSITORY, stdout=subprocess.DEVNULL) as supervisor:
        try:
            enough = lambda: runs("short") > 5 and runs("shorter") > 5 and runs("late") == 1  # noqa: E731
            wait_until("everything ran often enough", enough, 30, interval=0.05)
        finally:
            everything = process.members(supervisor.pid)
            supervisor.kill()
            subprocess.run(["kill", "-9", *map(str, everything[1:])], check=False, stderr=subprocess.DEVNULL)

    assert runs("late") == 1
    assert not (logs / "never.log").exists()


def test_no_node_is_found_where_none_runs(tmp_path: Path) -> None:
    assert process.find(Layout(tmp_path)) is None
    assert process.end(Layout(tmp_path)) is False


def test_a_process_that_only_looks_like_the_node_is_not_the_node(tmp_path: Path) -> None:
    """Same words in its command line, but it is no first process of a namespace."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", process.MODULE, str(tmp_path)]) as impostor:
        try:
            assert process.find(Layout(tmp_path)) is None
        finally:
            impostor.kill()


def test_members_are_all_descendants() -> None:
    with subprocess.Popen(["sh", "-c", "sleep 60 & wait"]) as parent:
        try:
            wait_until("the child runs", lambda: len(process.members(parent.pid)) == 2, 10, interval=0.02)
            found = process.members(parent.pid)
        finally:
            parent.kill()

    subprocess.run(["kill", "-9", str(found[1])], check=False, stderr=subprocess.DEVNULL)
    assert found[0] == parent.pid
    assert len(found) == 2


def test_every_file_that_a_service_names_is_written(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "state")
    layout.make()
    write_credentials(layout.pki, layout.configuration, layout.kubeconfig)
    configuration.write_configuration(layout)

    words = [word for service in services(layout) for argument in service.command for word in argument.split("=")]
    files = [Path(word) for word in words if word.startswith(str(layout.state)) and Path(word).suffix]
    assert len(files) > 15
    assert [file for file in files if not file.exists()] == []


def test_the_nodes_keys_are_roots_alone(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "state")
    layout.make()
    write_credentials(layout.pki, layout.configuration, layout.kubeconfig)

    secrets = [*layout.pki.glob("*.key"), *layout.configuration.glob("*.kubeconfig"), layout.kubeconfig]
    assert [path.name for path in secrets if path.stat().st_mode & 0o077] == []


def claim(**changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "metadata": {"name": "data", "namespace": "demo", "uid": "u1", "annotations": {SELECTED_NODE: "node1"}},
        "spec": {"storageClassName": "standard", "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
        "status": {"phase": "Pending"},
    }
    for path, value in changes.items():
        part, _, key = path.partition("__")
        found[part][key] = value
    return found


STANDARD = {"metadata": {"name": "standard"}, "provisioner": NAME, "volumeBindingMode": "WaitForFirstConsumer", "reclaimPolicy": "Delete"}


@pytest.mark.parametrize(
    ("changes", "waits"),
    [
        ({}, True),
        ({"metadata__annotations": {}}, False),
        ({"spec__storageClassName": "other"}, False),
        ({"spec__volumeName": "chosen"}, False),
        ({"status__phase": "Bound"}, False),
        ({"metadata__deletionTimestamp": "now"}, False),
    ],
)
def test_a_claim_gets_a_volume_when_its_time_has_come(changes: dict[str, Any], waits: bool) -> None:
    assert waits_for_volume(claim(**changes), {"standard": STANDARD}) is waits


def test_a_volume_is_bound_to_its_claim_alone() -> None:
    made = volume(claim(), STANDARD, Path("/volumes/pvc-u1"))

    assert made["spec"]["claimRef"]["uid"] == "u1"
    assert made["spec"]["hostPath"]["path"] == "/volumes/pvc-u1"
    assert made["metadata"]["annotations"] == {PROVISIONED_BY: NAME}


@pytest.mark.parametrize(
    ("phase", "annotations", "policy", "expected"),
    [
        ("Released", {PROVISIONED_BY: NAME}, "Delete", True),
        ("Bound", {PROVISIONED_BY: NAME}, "Delete", False),
        ("Released", {}, "Delete", False),
        ("Released", {PROVISIONED_BY: NAME}, "Retain", False),
    ],
)
def test_only_our_own_released_volumes_are_removed(phase: str, annotations: dict[str, str], policy: str, expected: bool) -> None:
    item = {"metadata": {"annotations": annotations}, "spec": {"persistentVolumeReclaimPolicy": policy}, "status": {"phase": phase}}

    assert is_released(item) is expected


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without links and cgroups; returns one of its folders, which the node made there."""
    made = tmp_path / "made-by-the-node"
    made.mkdir()
    monkeypatch.setenv("PRIVATE_ASSISTANT_CACHE", str(tmp_path))
    monkeypatch.setattr(remains, "remove_link", lambda: None)
    monkeypatch.setattr(remains, "hierarchies", list)
    remains.record().write_text(json.dumps({"settings": {}, "folders": [str(made), str(tmp_path / "gone-already")]}))
    return made


def test_an_interrupted_removal_can_be_repeated(tmp_path: Path, machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layout = Layout(tmp_path / "state")
    layout.make()
    monkeypatch.setattr(remains, "running", dict)

    def interrupted(path: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("tests.cluster.node.remains.shutil.rmtree", interrupted)
        with pytest.raises(KeyboardInterrupt):
            remains.remove(layout)
    assert machine.exists()

    remains.remove(layout)
    remains.remove(layout)
    assert not layout.state.exists()
    assert not machine.exists()
    assert not remains.record().exists()


def test_the_machine_is_put_back_when_its_last_node_goes(tmp_path: Path, machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remains, "running", lambda: {"/another/node": 4711})

    remains.remove(Layout(tmp_path / "state"))

    assert machine.exists()
    assert remains.record().exists()


def test_cgroups_are_removed_from_the_leaves_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hierarchies = [tmp_path / "memory", tmp_path / "cpu"]
    for hierarchy in hierarchies:
        (hierarchy / CGROUP / "kubepods" / "pod1").mkdir(parents=True)
        (hierarchy / "somebody-elses").mkdir()
    monkeypatch.setenv("PRIVATE_ASSISTANT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(remains, "remove_link", lambda: None)
    monkeypatch.setattr(remains, "hierarchies", lambda: hierarchies)

    remains.remove(Layout(tmp_path / "state"))

    assert [[path.name for path in hierarchy.iterdir()] for hierarchy in hierarchies] == [["somebody-elses"], ["somebody-elses"]]


def test_what_is_missing_is_named_by_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.cluster.packages.shutil.which", lambda name, path: None if name in ("nft", "buildah") else f"/bin/{name}")
    monkeypatch.setattr(packages, "FILES", {"/nowhere/bridge": "containernetworking-plugins", "/": "present"})

    assert packages.missing() == ["nftables", "buildah", "containernetworking-plugins"]


def test_nothing_is_installed_when_nothing_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "missing", list)
    monkeypatch.setattr(packages, "run", lambda *_, **__: pytest.fail("called apt-get"))

    packages.ensure()
