"""The API server alone, as a cluster: what the other tests here build on."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster.apiserver import api_server
from tests.cluster.paths import REPOSITORY
from tests.cluster.shell import ClusterError, wait_until

HOLDER = """
import time
from tests.cluster.apiserver import api_server
with api_server() as cluster:
    print(cluster.folder, flush=True)
    time.sleep(600)
"""


def mentioning(folder: str) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found += [path.parent.name] if folder.encode() in path.read_bytes() else []
        except OSError:
            continue
    return found


def test_two_at_once_are_strangers_to_each_other_and_leave_nothing() -> None:
    with api_server() as one, api_server() as other:
        one.kubectl("create", "namespace", "only-here")
        assert "only-here" in one.kubectl("get", "namespaces")
        assert "only-here" not in other.kubectl("get", "namespaces")
        with pytest.raises(ClusterError):
            one.kubectl("--server", other.url, "get", "namespaces")  # another authority, other users
        folder = one.folder

    assert not folder.exists()
    assert mentioning(str(folder)) == []


def test_another_user_may_do_what_rbac_allows() -> None:
    with api_server() as cluster:
        reader = cluster.kubeconfig_for("reader", group="readers")
        assert "forbidden" in cluster.kubectl("--kubeconfig", str(reader), "get", "namespaces", check=False)
        cluster.kubectl("create", "clusterrole", "reading", "--verb=list", "--resource=namespaces")
        cluster.kubectl("create", "clusterrolebinding", "readers", "--clusterrole=reading", "--group=readers")
        assert "default" in cluster.kubectl("--kubeconfig", str(reader), "get", "namespaces")


def test_with_audit_every_request_leaves_a_line() -> None:
    with api_server(audit=True) as cluster:
        cluster.kubectl("create", "configmap", "noticed")

        records = [json.loads(line) for line in (cluster.folder / "audit.jsonl").read_text().splitlines()]
        assert [record["verb"] for record in records if record.get("objectRef", {}).get("name") == "noticed"] == ["create"]


def test_servers_of_a_killed_test_run_end_with_it() -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDER], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        folder = holder.stdout.readline().strip()
        assert len(mentioning(folder)) == 2
        os.kill(holder.pid, signal.SIGKILL)

    wait_until("etcd and kube-apiserver are gone", lambda: not mentioning(folder), 10, quiet=True)
    subprocess.run(["rm", "-rf", folder], check=True)
