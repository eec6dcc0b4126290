"""The resource under test and all that the suite knows about it: what another operator's authors would write anew."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from assistant_operator.kube.inventory import Ref
from assistant_operator.kube.kinds import (
    CONFIG_MAP,
    CRON_JOB,
    DEPLOYMENT,
    DISRUPTION_BUDGET,
    NETWORK_POLICY,
    OWNED,
    SECRET,
    SERVICE,
    SERVICE_ACCOUNT,
    STATEFUL_SET,
    Kind,
)
from assistant_operator.kube.objects import Object, name_of, uid_of
from tests.cluster.apiserver import ApiServer
from tests.integration.conftest import new_lab
from tests.integration.lab import CHILD_KINDS, MODEL, REGISTRY, Lab
from tests.support.gateways import told
from tests.support.waiting import until

SPEC: dict[str, Any] = {
    "model": {"name": MODEL, "embedding": f"{REGISTRY}:5000/library/embed:1"},
    "access": {"keys": [{"name": "a"}, {"name": "b"}]},
    "egress": {"mode": "Allowlist", "allow": [{"host": "api.corp.example"}]},
    "retention": {"conversations": {"mode": "Keep", "ttl": "1h"}},
    "rag": {"sources": [{"name": "handbook", "configMap": {"name": "pages"}, "schedule": "17 3 * * *"}]},
}
"""An assistant that has a child of every kind."""

OWN_FIELDS: dict[Kind, Any] = {
    NETWORK_POLICY: {"spec": {"egress": [{}]}},
    SERVICE_ACCOUNT: {"automountServiceAccountToken": True},
    CONFIG_MAP: {"data": {"mine": "x"}},
    SERVICE: {"spec": {"externalIPs": ["192.0.2.99"]}},
    STATEFUL_SET: {"spec": {"replicas": 5}},
    DEPLOYMENT: {"spec": {"template": {"spec": {"hostNetwork": True}}}},
    DISRUPTION_BUDGET: {"spec": {"maxUnavailable": "100%"}},
    CRON_JOB: {"spec": {"schedule": "* * * * *", "suspend": True}},
}
"""For each kind whose drift is watched, a merge patch of what is its own. Claims and Jobs are immutable, Secrets the users'."""

UNWATCHED = (SECRET,)
"""Kinds that are not watched: they come back with the next pass, and not before."""


class Subject:
    """One assistant, the operator that has it, and the hands of everybody else."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.api = lab.api
        self.namespace = lab.namespace

    def make(self, spec: dict[str, Any] | None = None, *, name: str = "one") -> Object:
        """Apply the resource and wait until the operator has done what it can before anything runs."""
        self.lab.name = name
        pages = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "pages", "namespace": self.namespace}}
        self.api.apply({**pages, "data": {"a.md": "text"}})
        self.lab.running.gateways.told = told()
        return self.lab.apply(spec or SPEC)

    def run(self) -> Object:
        """Let everything run that was made, until the resource is Ready."""
        lab = self.lab
        while self.further():
            lab.settle()
        assert lab.verdict() == ("True", "Serving"), json.dumps(lab.assistant()["status"], indent=1)
        return lab.assistant()

    def further(self) -> bool:
        """Let what was made and does not run yet run; tell whether there was anything."""
        lab, names = self.lab, self.lab.names
        if any(not job.get("status", {}).get("conditions") for job in lab.jobs("pull")):
            lab.pull_succeeds()
            return True
        if self._waits(DEPLOYMENT, names.egress_proxy):
            lab.proxy_becomes_ready()
            return True
        if self._waits(STATEFUL_SET, names.store):
            lab.pods_become_ready(names.store)
            return True
        if self._waits(STATEFUL_SET, names.stateful_set):
            lab.pods_become_ready()
            return True
        return False

    def _waits(self, kind: Kind, name: str) -> bool:
        found = self.api.get(kind, self.namespace, name)
        return found is not None and found.get("status", {}).get("observedGeneration") != found["metadata"]["generation"]

    def reconcile(self) -> None:
        """Force a reconcile and wait for its end."""
        self.lab.running.another_pass(self.lab.key)

    def resource(self) -> Object:
        return self.lab.assistant()

    def children(self) -> list[Object]:
        return self.lab.children()

    def child_like(self, obj: Object) -> Object | None:
        ref = Ref.of(obj)
        return self.api.get(ref.row, ref.namespace, ref.name)

    def again(self, obj: Object) -> Object:
        """Wait until a child is there under the name of one that was deleted; what waits for others to run gets them."""

        def anew() -> Object | None:
            found = self.child_like(obj)
            if found is not None and uid_of(found) != uid_of(obj):
                return found
            self.reconcile() if Ref.of(obj).row in UNWATCHED else self.further()
            return None

        return until(f"another {obj['kind']} {name_of(obj)}", anew, 30)


@contextmanager
def new_subject(cluster: ApiServer) -> Iterator[Subject]:
    """Make a namespace with an operator, and no resource yet."""
    with new_lab(cluster) as lab:
        yield Subject(lab)


def every_kind() -> set[str]:
    """Return the kinds that the operator may own, as its own table has them, but those that the API server does not serve here."""
    return {kind.kind for kind in OWNED if kind in CHILD_KINDS}
