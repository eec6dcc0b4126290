"""The operator's figures, on etcd + kube-apiserver alone: `python -m bench.operator`.

One run measures, on the same server and machine: the operator's memory with 10 assistants; 100 assistants applied at once, until every
child is there; the same objects written by a bare loop of the same client (the limit of what the operator could do); the repair of a
deleted Service. Prints a table and, with --json, the raw numbers.
"""

import argparse
import asyncio
import atexit
import json
import os
import signal
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assistant_operator.api.crd import custom_resource_definition
from assistant_operator.api.v1alpha1.guard import guard
from assistant_operator.kube.aio import HttpClient
from assistant_operator.kube.connection import configuration
from assistant_operator.kube.kinds import JOB, POD, PRIVATE_ASSISTANT, SERVICE, STATEFUL_SET, WATCHED_CHILDREN
from assistant_operator.kube.objects import Object, condition, name_of, uid_of
from assistant_operator.naming import API_VERSION, FIELD_MANAGER, KIND, LABEL_ASSISTANT, Names
from assistant_operator.reconcile import certificates
from assistant_operator.reconcile.generated import new_key
from assistant_operator.reconcile.world import utc_now
from assistant_operator.resources.context import Context, Installation
from assistant_operator.resources.plan import plan
from assistant_operator.resources.pull_target import pull_target
from assistant_operator.resources.secrets import ca_secret, key_secret, tls_secret
from tests.cluster.apiserver import ApiServer, api_server
from tests.integration.api import Api
from tests.support.pods import terminated, timestamp
from tests.support.waiting import until

ROOT = Path(__file__).parents[2]
SPEC = {"model": {"name": "192.0.2.10:5000/library/smol:1"}}
"""An address, so no DNS is asked."""
DIGEST = "sha256:" + "a" * 64
OPS_PORT = 18080
AT_ONCE = 8


@dataclass
class Figures:
    """What was measured."""

    numbers: dict[str, float] = field(default_factory=dict)

    def note(self, name: str, value: float) -> None:
        self.numbers[name] = round(value, 3)
        print(f"{name:<90} {value:>9.2f}", flush=True)

    def spread(self, name: str, values: list[float]) -> None:
        """Note a median, and the extremes beside it."""
        self.numbers[name] = round(statistics.median(values), 3)
        text = f"{statistics.median(values):>9.2f}  ({min(values):.2f} to {max(values):.2f})"
        print(f"{name:<90} {text}", flush=True)


class Process:
    """`python -m assistant_operator`."""

    def __init__(self, cluster: ApiServer, namespace: str) -> None:
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in ("operator/src", "gateway/src", "model/src", "egress/src")),
            "KUBECONFIG": str(cluster.kubeconfig),
        }
        flags = [
            "--gateway-image=gateway:bench",
            "--ollama-image=ollama/ollama:0.24.0",
            "--operator-namespace=default",
            "--operator-labels=app=operator",
            f"--namespace={namespace}",
            "--ops-host=127.0.0.1",
            f"--ops-port={OPS_PORT}",
            f"--lease-name={namespace}",
        ]
        self.log = (cluster.folder / f"operator-{namespace}.log").open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "assistant_operator", *flags], env=environment, stdout=self.log, stderr=self.log
        )
        atexit.register(self.process.kill)  # where a measurement fails

    def rss(self, field_name: str = "VmRSS") -> float:
        """Return resident memory in MB."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(field_name + ":"):
                return int(line.split()[1]) / 1000
        return 0.0

    def cpu(self) -> float:
        """Return seconds of processor time so far."""
        parts = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        self.log.close()


def assistant(namespace: str, number: int) -> Object:
    return {"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": f"a{number}", "namespace": namespace}, "spec": SPEC}


def make_namespace(api: Api, name: str) -> None:
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}, path="/api/v1/namespaces")


async def apply_all(cluster: ApiServer, objects: list[list[Object]]) -> float:
    """Write lists of objects, each in its order, several lists at once; return the seconds."""
    client = HttpClient(await configuration(str(cluster.kubeconfig)))
    waiting = list(reversed(objects))

    async def worker() -> None:
        while waiting:
            for obj in waiting.pop():
                await (client.create(obj) if obj["kind"] == "Secret" else client.apply(obj))

    begun = time.monotonic()
    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    seconds = time.monotonic() - begun
    await client.close()
    return seconds


def children_of(namespace: str, number: int, uid: str) -> list[Object]:
    """Return what the operator writes for a new assistant, made beforehand."""
    body = assistant(namespace, number)
    spec, names, now = guard(body), Names(namespace, f"a{number}"), utc_now()
    installation = Installation("gateway:bench", "ollama/ollama:0.24.0", "default", {"app": "operator"})
    ca = certificates.make_ca("bench", now)
    leaf = certificates.make_leaf(ca, names.dns_names("cluster.local"), now)
    context = Context(installation, names, uid, 1, pull=pull_target(spec, {}), ca_certificate=ca.certificate)
    secrets = [ca_secret(context, ca.key, ca.certificate), tls_secret(context, leaf.key, leaf.certificate, ca.certificate)]
    secrets.append(key_secret(context, context.names.key_secret("default"), new_key()))
    return [manifest.to_dict() for manifest in (*secrets, *plan(spec, context))]


def count(api: Api, namespace: str) -> int:
    return sum(len(api.list(kind, namespace, LABEL_ASSISTANT)) for kind in WATCHED_CHILDREN if kind is not POD)


def writes(cluster: ApiServer, namespace: str, agent: str) -> int:
    """Return the successful writes to children and status in a namespace by programs with that user agent."""
    found = 0
    for line in (cluster.folder / "audit.jsonl").read_text().splitlines():
        record = json.loads(line)
        place = record.get("objectRef") or {}
        if (
            record["verb"] in ("create", "patch", "update", "delete")
            and place.get("namespace") == namespace
            and place.get("resource") != "events"
            and record.get("userAgent", "").startswith(agent)
            and record["responseStatus"]["code"] < 300
        ):
            found += 1
    return found


def at_once(cluster: ApiServer, api: Api, namespace: str, assistants: int) -> tuple[Process, dict[str, float]]:
    """Apply many assistants at once to a fresh operator; return it, and the figures."""
    make_namespace(api, namespace)
    process = Process(cluster, namespace)
    until("the operator leads", lambda: api.lease_holder("default", namespace), 30)
    time.sleep(2)
    cpu, begun = process.cpu(), time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda number: api.apply(assistant(namespace, number)), range(assistants)))
    expected = len(children_of(namespace, 0, "u")) - 3
    until("all children", lambda: count(api, namespace) >= expected * assistants, 300, every=0.25)
    children = time.monotonic() - begun
    until("all are told of", lambda: all(_reason(one) == "Pulling" for one in api.list(PRIVATE_ASSISTANT, namespace)), 60, every=0.25)
    seconds = {
        "at once: seconds to all children": children,
        "at once: seconds to all statuses": time.monotonic() - begun,
        "at once: operator's processor seconds": process.cpu() - cpu,
        "at once: passes": passes(),
    }
    time.sleep(1)
    return process, seconds | {"at once: API writes per assistant": writes(cluster, namespace, FIELD_MANAGER) / assistants}


def bare_loop(cluster: ApiServer, api: Api, namespace: str, assistants: int) -> dict[str, float]:
    """Write the same objects, made beforehand, by the same client from as many tasks as the operator has workers."""
    make_namespace(api, namespace)
    made = [api.apply(assistant(namespace, number)) for number in range(assistants)]
    objects = [children_of(namespace, number, uid_of(made[number])) for number in range(assistants)]
    seconds = asyncio.run(apply_all(cluster, objects))
    return {"bare loop: seconds": seconds, "bare loop: writes per second": sum(map(len, objects)) / seconds}


def measure_at_once(cluster: ApiServer, api: Api, figures: Figures, assistants: int, rounds: int) -> None:
    """The operator and the bare loop in turn, then what comes after on the last round's operator."""
    seen: dict[str, list[float]] = {}
    for number in range(rounds):
        found = bare_loop(cluster, api, f"bare-{number}", assistants)
        process, more = at_once(cluster, api, f"many-{number}", assistants)
        for name, value in (found | more).items():
            seen.setdefault(name, []).append(value)
        if number + 1 < rounds:
            process.stop()
    for name, values in seen.items():
        figures.spread(f"{assistants} assistants {name}", values)
    measure_afterwards(cluster, api, figures, process, f"many-{rounds - 1}", assistants)


def measure_afterwards(cluster: ApiServer, api: Api, figures: Figures, process: Process, namespace: str, assistants: int) -> None:
    """All pulls end; Services are deleted; nothing happens; the operator is started anew."""
    begun = time.monotonic()
    end_pulls(api, namespace)
    until("all StatefulSets", lambda: len(api.list(STATEFUL_SET, namespace)) >= assistants, 120, every=0.25)
    figures.note("all pulls end at once: seconds to all StatefulSets (the user's part included)", time.monotonic() - begun)
    figures.note(f"resident MB with {assistants} assistants", process.rss())
    latencies = [repair(api, namespace, number) * 1000 for number in range(min(assistants, 30))]
    figures.spread("a deleted Service is back: milliseconds", latencies)
    before, idle = process.cpu(), writes(cluster, namespace, FIELD_MANAGER)
    time.sleep(10)
    figures.note("idle: percent of one processor", (process.cpu() - before) * 10)
    figures.note("idle: writes in 10 s", writes(cluster, namespace, FIELD_MANAGER) - idle)
    process.stop()

    begun = time.monotonic()
    process = Process(cluster, namespace)
    quiet = writes(cluster, namespace, FIELD_MANAGER)
    until("it has passed over all", lambda: passes() >= assistants, 120, every=0.1)
    figures.note(f"restart with {assistants} assistants: seconds to a pass over each, start of Python included", time.monotonic() - begun)
    time.sleep(2)
    figures.note("... writes", writes(cluster, namespace, FIELD_MANAGER) - quiet)
    figures.note("... resident MB", process.rss())
    process.stop()


def measure_memory(cluster: ApiServer, api: Api, figures: Figures) -> None:
    """Memory of a fresh process, without and with ten assistants."""
    make_namespace(api, "ten")
    process = Process(cluster, "ten")
    until("the operator leads", lambda: api.lease_holder("default", "ten"), 30)
    time.sleep(3)
    figures.note("resident MB with no assistant", process.rss())
    for number in range(10):
        api.apply(assistant("ten", number))
    until("all are told of", lambda: all(_reason(one) == "Pulling" for one in api.list(PRIVATE_ASSISTANT, "ten")), 60)
    end_pulls(api, "ten")
    until("all StatefulSets", lambda: len(api.list(STATEFUL_SET, "ten")) >= 10, 60)
    time.sleep(20)
    figures.note("resident MB with 10 assistants, idle", process.rss())
    figures.note("resident MB at most", process.rss("VmHWM"))
    process.stop()


def end_pulls(api: Api, namespace: str) -> None:
    """Let every pull succeed, as Job controller and kubelet would."""
    for job in api.list(JOB, namespace):
        owner: dict[str, Any] = {"apiVersion": "batch/v1", "kind": "Job", "name": name_of(job), "uid": uid_of(job), "controller": True}
        labels = {key: job["metadata"]["labels"][key] for key in (LABEL_ASSISTANT, "privateassistant.dev/component")}
        meta: Object = {"name": f"{name_of(job)}-x", "namespace": namespace, "labels": labels, "ownerReferences": [owner]}
        spec = {"containers": [{"name": "x", "image": "x"}], "automountServiceAccountToken": False}
        api.create({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec})
        said = json.dumps({"name": SPEC["model"]["name"], "digest": DIGEST, "sizeBytes": 1})
        api.set_status(POD, namespace, meta["name"], {"phase": "Succeeded", "containerStatuses": [terminated("pull", 0, said)]})
        now = timestamp()
        ended = [{"type": kind, "status": "True", "lastTransitionTime": now} for kind in ("SuccessCriteriaMet", "Complete")]
        status = {"startTime": now, "completionTime": now, "conditions": ended, "succeeded": 1, "ready": 0, "terminating": 0}
        api.set_status(JOB, namespace, name_of(job), {**status, "uncountedTerminatedPods": {}})


def repair(api: Api, namespace: str, number: int) -> float:
    """Delete a Service and return the seconds until it is back."""
    name = f"a{number}"
    api.delete(SERVICE, namespace, name)
    begun = time.monotonic()
    until("it is back", lambda: api.get(SERVICE, namespace, name))
    return time.monotonic() - begun


def _reason(obj: Object) -> str:
    return str(condition(obj, "ModelReady").get("reason"))


def passes() -> int:
    from tests.integration.test_operator import fetch

    for line in fetch(OPS_PORT, "/metrics")[1].splitlines():
        if line.startswith("private_assistant_operator_reconcile_seconds_count"):
            return int(float(line.split()[1]))
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.operator", description=__doc__)
    parser.add_argument("--assistants", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3, help="the bare loop and the operator in turn, so many times")
    parser.add_argument("--json", type=Path, help="write the numbers there")
    chosen = parser.parse_args()
    figures = Figures()
    with api_server(audit=True) as cluster:
        api = Api(cluster)
        api.create(custom_resource_definition(), path="/apis/apiextensions.k8s.io/v1/customresourcedefinitions")
        until("the CRD is served", lambda: api.is_served(PRIVATE_ASSISTANT), 30)
        measure_memory(cluster, api, figures)
        measure_at_once(cluster, api, figures, chosen.assistants, chosen.rounds)
        api.close()
    if chosen.json:
        chosen.json.write_text(json.dumps(figures.numbers, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
