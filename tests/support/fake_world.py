"""A reconcile in memory: the fake API server, whose changes reach the cache as by a watch, a clock set by hand, DNS from a table."""

import json
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from typing import Any

from assistant_egress.proxy.decisions import Decisions
from assistant_operator.kube.kinds import DEPLOYMENT, EVENT, JOB, POD, PRIVATE_ASSISTANT, SECRET, STATEFUL_SET
from assistant_operator.kube.objects import Object, condition, controller_uid, label, name_of, uid_of
from assistant_operator.naming import (
    API_VERSION,
    COMPONENT_ASSISTANT,
    COMPONENT_EGRESS_PROXY,
    COMPONENT_PULL,
    KIND,
    LABEL_ASSISTANT,
    LABEL_COMPONENT,
    Names,
)
from assistant_operator.reconcile.asking.progress import Progress
from assistant_operator.reconcile.asking.resolver import unresolved
from assistant_operator.reconcile.cluster.cache import Cache
from assistant_operator.reconcile.key import Key
from assistant_operator.reconcile.loop import reconcile
from assistant_operator.reconcile.outcome import Outcome
from assistant_operator.reconcile.world import World
from assistant_operator.resources.context import Installation
from tests.support.evidence import Probes
from tests.support.fake_client import FakeClient
from tests.support.gateways import START, Gateways
from tests.support.pods import terminated
from tests.support.statuslint import lint, lint_history

MODEL = "registry.test:5000/library/smol:1"
DIGEST = "sha256:" + "a" * 64


class Hosts:
    def __init__(self) -> None:
        self.known: dict[str, tuple[str, ...]] = {"registry.test": ("192.0.2.10",)}

    async def resolve(self, host: str) -> tuple[str, ...]:
        if host not in self.known:
            raise unresolved(host)
        return self.known[host]


class NoProgress:
    """Nobody knows how far a pull is, until a test says so."""

    def __init__(self) -> None:
        self.told: Progress | None = None

    def latest(self, _key: Key, pods: Mapping[str, str]) -> Mapping[str, Progress]:
        return dict.fromkeys(pods, self.told) if self.told else {}

    async def first(self, _key: Key, _pods: Mapping[str, str], _ready: Collection[str]) -> None:
        """There is nobody to ask."""

    def forget(self, _key: Key) -> None:
        self.told = None


class Proxies:
    """Every pod of an egress proxy tells the same, which a test sets; None: they are silent."""

    def __init__(self) -> None:
        self.told: Decisions | None = None
        self.asked: dict[str, str] = {}
        self.forgotten = 0

    def latest(self, _key: Key, pods: Mapping[str, str]) -> Mapping[str, Decisions]:
        self.asked = dict(pods)
        return dict.fromkeys(pods, self.told) if self.told else {}

    async def first(self, _key: Key, _pods: Mapping[str, str], _ready: Collection[str]) -> None:
        """They have told already."""

    def forget(self, _key: Key) -> None:
        self.forgotten += 1


class FakeWorld:
    """One assistant and everything around it."""

    def __init__(self) -> None:
        self.client = FakeClient()
        self.cache = Cache()
        self.now = START
        self.hosts = Hosts()
        self.progress = NoProgress()
        self.gateways = Gateways(lambda key: self.client.find(STATEFUL_SET, key.namespace, Names(*key).stateful_set))
        self.probes = Probes()
        self.proxies = Proxies()
        self.key = Key("ns", "one")
        self.history: list[Object] = []
        """Every version of every assistant."""
        self.client.on_change = self._seen
        self.client.clock = lambda: self.now
        self.world = World(
            client=self.client,
            cache=self.cache,
            installation=Installation("gateway:1", "ollama/ollama:0.24.0", "operators", {"app": "operator"}),
            resolver=self.hosts,
            progress=self.progress,
            gateways=self.gateways,
            evidence=self.probes,
            proxies=self.proxies,
            clock=lambda: self.now,
            spread=lambda _low, _high: 1.0,
        )

    def _seen(self, obj: Object, gone: bool) -> None:
        if obj["kind"] in (SECRET.kind, EVENT.kind, "Lease"):
            return
        if obj["kind"] == PRIVATE_ASSISTANT.kind and not gone:
            self.history.append(obj)
        if gone:
            self.cache.drop(obj)
        else:
            self.cache.put(obj)

    @property
    def names(self) -> Names:
        return Names(*self.key)

    def apply(self, spec: dict[str, Any] | None = None, **metadata: Any) -> Object:
        """Put the assistant there as a user does."""
        live = self.client.find(PRIVATE_ASSISTANT, *self.key)
        meta = {**(live["metadata"] if live else {}), "name": self.key.name, "namespace": self.key.namespace, **metadata}
        body = {"apiVersion": API_VERSION, "kind": KIND, "metadata": meta, "spec": spec or {"model": {"name": MODEL}}}
        return self.client.put(body | ({"status": live["status"]} if live and "status" in live else {}))

    async def reconcile(self) -> Outcome:
        return await reconcile(self.key, self.world)

    async def settle(self) -> Outcome:
        """Pass over the assistant until nothing more is written."""
        for _ in range(10):
            before = len(self.client.writes)
            outcome = await self.reconcile()
            if len(self.client.writes) == before:
                return outcome
        raise AssertionError(f"it does not come to rest: {self.client.writes[-10:]}")

    async def make_ready(self, spec: dict[str, Any] | None = None) -> None:
        self.apply(spec)
        await self.settle()
        self.pull_succeeds()
        await self.settle()
        self.pods_become_ready()
        await self.settle()
        if self.client.find(DEPLOYMENT, self.key.namespace, self.names.egress_proxy) is not None:
            self.proxy_becomes_ready()
            await self.settle()
        if self.client.find(STATEFUL_SET, self.key.namespace, self.names.store) is not None:
            self.pods_become_ready(self.names.store)
            await self.settle()
            self.pods_become_ready()
            await self.settle()
        assert self.verdict() == ("True", "Serving"), self.status()

    def pass_time(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def status(self) -> Object:
        assistant = self.client.find(PRIVATE_ASSISTANT, *self.key)
        assert assistant is not None
        assert lint(assistant) == [], assistant["status"]
        assert lint_history(self.history) == []
        return dict(assistant.get("status") or {})

    def verdict(self, kind: str = "Ready") -> tuple[str, str]:
        found = condition({"status": self.status()}, kind)
        return str(found.get("status")), str(found.get("reason"))

    def message(self, kind: str = "Ready") -> str:
        return str(condition({"status": self.status()}, kind).get("message"))

    def jobs(self) -> list[Object]:
        return [obj for obj in self.client.objects.values() if obj["kind"] == JOB.kind]

    def pull_succeeds(self, digest: str = DIGEST, *, embedding: str | None = None) -> None:
        """Let the one pull that has not ended end well; with an embedding model where the Job was to bring one."""
        [job] = [job for job in self.jobs() if label(job, LABEL_COMPONENT) == COMPONENT_PULL and not job.get("status")]
        told: Object = {"name": "m", "digest": digest, "sizeBytes": 7}
        arguments = job["spec"]["template"]["spec"]["containers"][0]["args"]
        if "--embedding" in arguments:
            name = arguments[arguments.index("--embedding") + 1]
            told["embedding"] = {"name": name, "digest": embedding or DIGEST, "sizeBytes": 3}
        said = json.dumps(told)
        self.pod(job, COMPONENT_PULL, {"phase": "Succeeded", "containerStatuses": [terminated("pull", 0, said)]})
        self.job_ends(job, "Complete")

    def job_ends(self, job: Object, kind: str) -> None:
        ended = {"type": kind, "status": "True", "lastTransitionTime": self.now.strftime("%Y-%m-%dT%H:%M:%SZ")}
        self.client.set_status(JOB, self.key.namespace, name_of(job), {"conditions": [ended]})

    def pod(self, owner: Object, component: str, status: Object) -> Object:
        number = len(self.client.objects)
        meta = {
            "name": f"{name_of(owner)}-{number}",
            "namespace": self.key.namespace,
            "labels": {LABEL_ASSISTANT: self.key.name, LABEL_COMPONENT: component},
            "ownerReferences": [{"uid": uid_of(owner), "controller": True}],
        }
        return self.client.put({"apiVersion": "v1", "kind": POD.kind, "metadata": meta, "spec": {"nodeName": "node"}, "status": status})

    def gateway_runs(self, address: str = "10.1.0.1") -> Object:
        """Let a gateway's pod run that can be asked."""
        owner = self.client.find(STATEFUL_SET, self.key.namespace, self.names.stateful_set)
        assert owner is not None
        ready = [{"type": "Ready", "status": "True"}]
        return self.pod(owner, COMPONENT_ASSISTANT, {"phase": "Running", "podIP": address, "conditions": ready})

    def pods_become_ready(self, name: str | None = None) -> None:
        """Let the roll-out of the gateways, or of another StatefulSet, end well."""
        found = self.client.find(STATEFUL_SET, self.key.namespace, name or self.names.stateful_set)
        assert found is not None
        replicas = found["spec"]["replicas"]
        status = dict.fromkeys(("replicas", "readyReplicas", "updatedReplicas"), replicas)
        status |= {"observedGeneration": found["metadata"]["generation"]}
        if name is None:
            for number in range(len(self.gateway_pods()), replicas):
                self.gateway_runs(f"10.1.0.{number + 1}")
        self.client.set_status(STATEFUL_SET, self.key.namespace, name_of(found), status)

    def proxy_becomes_ready(self) -> None:
        """Let the roll-out of the egress proxy end well, with a pod that can be asked."""
        found = self.client.find(DEPLOYMENT, self.key.namespace, self.names.egress_proxy)
        assert found is not None
        counts = dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), 1)
        self.client.set_status(
            DEPLOYMENT, self.key.namespace, name_of(found), counts | {"observedGeneration": found["metadata"]["generation"]}
        )
        if not [pod for pod in self.cache.of_assistant(self.key, POD) if label(pod, LABEL_COMPONENT) == COMPONENT_EGRESS_PROXY]:
            ready = [{"type": "Ready", "status": "True"}]
            self.pod(found, COMPONENT_EGRESS_PROXY, {"phase": "Running", "podIP": "10.1.0.99", "conditions": ready})

    def gateway_pods(self) -> list[Object]:
        """Return the pods of the gateways' StatefulSet."""
        found = self.client.find(STATEFUL_SET, self.key.namespace, self.names.stateful_set)
        pods = [obj for obj in self.client.objects.values() if obj["kind"] == POD.kind]
        return [pod for pod in pods if found is not None and controller_uid(pod) == uid_of(found)]

    def fail(self, error: Callable[[str, str], Exception | None]) -> None:
        """Let calls fail from now on: error is asked with verb and kind."""
        self.client.faults = [lambda verb, kind, _name: error(verb, kind)]  # type: ignore[list-item,return-value]
