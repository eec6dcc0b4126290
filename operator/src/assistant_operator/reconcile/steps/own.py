"""The assistant's own objects, as the cache has them now: by owner and not by label alone, since anybody can put our labels on theirs."""

from dataclasses import dataclass
from typing import TypedDict

from assistant_operator.kube.inventory import Ref
from assistant_operator.kube.kinds import POD, SERVICE, STATEFUL_SET
from assistant_operator.kube.objects import Object, controller_uid, label, uid_of
from assistant_operator.naming import COMPONENT_ASSISTANT, LABEL_COMPONENT, Names
from assistant_operator.reconcile.asking import evidence
from assistant_operator.reconcile.cluster.cache import Cache
from assistant_operator.reconcile.judging.pods import is_controlled_by
from assistant_operator.reconcile.key import Key
from assistant_operator.reconcile.steps import store
from assistant_operator.resources.egress_targets import Endpoint


class Scale(TypedDict, total=False):
    """Fields of status."""

    replicas: int
    selector: str


@dataclass(frozen=True, slots=True)
class Own:
    """Looks at the cache each time that it is asked."""

    cache: Cache
    key: Key
    names: Names
    uid: str
    """Of the assistant."""

    def stateful_set(self) -> Object | None:
        """Return the StatefulSet of the gateways; somebody else's of that name, or a predecessor's, promises nothing."""
        seen = self.cache.find(Ref.named(STATEFUL_SET, self.names.namespace, self.names.stateful_set))
        live = seen.obj if seen is not None else None
        return live if live is not None and controller_uid(live) == self.uid else None

    def scale(self) -> Scale:
        """Return how many pods the StatefulSet has and what selects them, as the scale subresource shows it; nothing without one."""
        stateful_set = self.stateful_set()
        if stateful_set is None:
            return {}
        selector = ",".join(f"{name}={value}" for name, value in self.names.selector(COMPONENT_ASSISTANT).items())
        return {"replicas": int((stateful_set.get("status") or {}).get("replicas") or 0), "selector": selector}

    def pods(self) -> list[Object]:
        """Return the pods of the gateways, oldest first."""
        stateful_set = self.stateful_set()
        owner = uid_of(stateful_set) if stateful_set is not None else ""
        pods = [pod for pod in self.cache.of_assistant(self.key, POD) if is_controlled_by(pod, owner)]
        return [pod for pod in pods if label(pod, LABEL_COMPONENT) == COMPONENT_ASSISTANT]

    def addresses(self) -> dict[str, tuple[str, ...]]:
        """Return the addresses of the Services by name: the gateways', the store's and the egress proxy's."""
        services = (self.names.service, self.names.store, self.names.egress_proxy)
        return {name: store.cluster_ips(self.cache, self.names.namespace, name, self.uid) for name in services}

    def served(self) -> dict[Endpoint, bool]:
        """Return where the Services listen, and whether a pod behind each is ready."""
        services = [service for service in self.cache.of_assistant(self.key, SERVICE) if is_controlled_by(service, self.uid)]
        return evidence.addresses_served(services, self.cache.of_assistant(self.key, POD))
