"""What shards cost and bring, on etcd + kube-apiserver alone: `python -m bench.operator.shards`.

For one replica with one shard, two with two and four with four, each on a fresh API server: the same assistants in many namespaces applied
at once, until every status is written; each replica's memory and processor time; then one replica is killed, and a Service of each of
its namespaces deleted, until all are back. All share the machine's processors: a machine of its own for each replica is what they are for.
"""

import argparse
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from assistant_operator.api.crd import custom_resource_definition
from assistant_operator.kube.kinds import PRIVATE_ASSISTANT, SERVICE
from assistant_operator.kube.objects import Object, condition
from assistant_operator.kube.shards import shard_of
from assistant_operator.naming import API_VERSION, KIND
from tests.cluster.apiserver import ApiServer, api_server
from tests.integration.api import Api
from tests.integration.processes import ROOTS
from tests.support.waiting import until

ROOT = Path(__file__).parents[2]
SPEC = {"model": {"name": "192.0.2.10:5000/library/smol:1"}}
"""An address, so no DNS is asked."""
LEASE = "private-assistant-operator"
REST = 20.0
"""Seconds after which memory is read: what starts and lists is done by then."""


class Replica:
    """`python -m assistant_operator`, for the whole cluster."""

    def __init__(self, cluster: ApiServer, name: str, shards: int) -> None:
        flags = [
            "--gateway-image=g",
            "--ollama-image=ollama/ollama:0.24.0",
            "--operator-namespace=default",
            "--operator-labels=app=operator",
        ]
        flags += ["--ops-host=127.0.0.1", "--ops-port=0", f"--identity={name}", f"--shards={shards}"]
        paths = os.pathsep.join(str(ROOT / part) for part in ROOTS)
        environment = {**os.environ, "PYTHONPATH": paths, "KUBECONFIG": str(cluster.kubeconfig)}
        self.name = name
        self._log = (cluster.folder / f"{name}.log").open("wb")
        line = [sys.executable, "-m", "assistant_operator", *flags]
        self.process = subprocess.Popen(line, env=environment, stdout=self._log, stderr=self._log)

    def rss(self) -> float:
        """Return resident memory in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) / 1000 for line in status.splitlines() if line.startswith("VmRSS:"))

    def cpu(self) -> float:
        """Return seconds of processor time so far."""
        parts = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self._log.close()


def assistant(namespace: str, number: int) -> Object:
    return {"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": f"a{number}", "namespace": namespace}, "spec": SPEC}


def holders(api: Api, count: int) -> list[str]:
    names = [LEASE] if count == 1 else [f"{LEASE}-{shard}" for shard in range(count)]
    return [api.lease_holder("default", name) for name in names]


def measure(count: int, namespaces: int, each: int) -> None:
    """Measure so many replicas with as many shards."""
    with api_server() as cluster:
        api = Api(cluster)
        api.create(custom_resource_definition(), path="/apis/apiextensions.k8s.io/v1/customresourcedefinitions")
        until("the CRD is served", lambda: api.is_served(PRIVATE_ASSISTANT))
        homes = [f"team-{number}" for number in range(namespaces)]
        for home in homes:
            api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": home}}, path="/api/v1/namespaces")
        replicas = [Replica(cluster, f"r{number}", count) for number in range(count)]
        try:
            until("each holds a shard", lambda: len(set(holders(api, count)) - {""}) == count, 120)
            _at_once(api, replicas, [(home, number) for home in homes for number in range(each)])
            _after_a_death(api, replicas, homes, count)
        finally:
            for one in replicas:
                one.kill()
            api.close()


def _at_once(api: Api, replicas: list[Replica], places: list[tuple[str, int]]) -> None:
    time.sleep(REST)
    idle, before, begun = [one.rss() for one in replicas], [one.cpu() for one in replicas], time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda place: api.apply(assistant(*place)), places))
    until("all are told of", lambda: all(condition(one, "Ready") for one in api.list(PRIVATE_ASSISTANT, None)), 600, every=0.25)
    _print(len(replicas), f"seconds until {len(places)} assistants have their objects and status", [time.monotonic() - begun])
    _print(
        len(replicas), "processor seconds of each replica meanwhile", [one.cpu() - old for one, old in zip(replicas, before, strict=True)]
    )
    time.sleep(REST)
    _print(len(replicas), "resident MB of each replica before", idle)
    _print(len(replicas), "resident MB of each replica after", [one.rss() for one in replicas])


def _after_a_death(api: Api, replicas: list[Replica], homes: list[str], count: int) -> None:
    if count == 1:
        return
    held = holders(api, count)
    lost = [home for home in homes if held[shard_of(home, count)] == replicas[-1].name]
    replicas.pop().kill()
    begun = time.monotonic()
    for home in lost:
        api.delete(SERVICE, home, "a0")
    until("all are back", lambda: all(api.get(SERVICE, home, "a0") for home in lost), 120)
    _print(
        count, f"seconds from a replica's death until what was deleted in its {len(lost)} namespaces is back", [time.monotonic() - begun]
    )


def _print(count: int, name: str, values: list[float]) -> None:
    print(f"{count} replicas, {count} shards: {name:<90} {'  '.join(f'{value:.1f}' for value in values)}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.operator.shards", description=__doc__)
    parser.add_argument("--replicas", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--namespaces", type=int, default=40)
    parser.add_argument("--each", type=int, default=10, help="assistants in each namespace (default %(default)s)")
    options = parser.parse_args()
    for count in options.replicas:
        measure(count, options.namespaces, options.each)
    return 0


if __name__ == "__main__":
    sys.exit(main())
