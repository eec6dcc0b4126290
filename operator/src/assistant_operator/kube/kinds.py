"""Every kind of object that the operator touches, and what it does with it.

The table is the single source of three things: the paths that the client calls, the kinds that handlers watch, and the RBAC
rules that the chart ships (rbac.py). A verb that is not in it is refused by the client before it reaches the network, so code that
needs a new right cannot work without the table, and the table cannot grant what no code asks for (tests/unit/operator/kube).
"""

from dataclasses import dataclass

from assistant_operator import naming
from assistant_operator.kube.objects import Object

READ_BY_WATCH = ("list", "watch")
WRITE_BY_APPLY = ("create", "patch")
"""A server-side apply of an object that does not exist yet needs both."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of object: how it is called in manifests and in paths."""

    group: str
    version: str
    kind: str
    plural: str
    verbs: tuple[str, ...]
    status_verbs: tuple[str, ...] = ()
    watched: bool = False
    """Handlers stream it, filtered by `selector` on the server's side."""
    whole: bool = False
    """What nobody labelled concerns assistants too: it is watched and listed without a selector."""
    owned: bool = False
    """Objects of this kind belong to an assistant: they may be applied, listed in the inventory and pruned."""
    here: bool = False
    """Used in the operator's own namespace only."""
    cluster: bool = False
    """Its objects are in no namespace: the right to it is a ClusterRole's, however few namespaces are watched."""
    only: tuple[str, ...] = ()
    """Names of the objects to which the right is confined; none means all of them."""

    @property
    def selector(self) -> str:
        """Return the label selector of its watch and of its listings, empty where all objects are wanted."""
        return "" if self.whole else naming.LABEL_ASSISTANT

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def root(self) -> str:
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"

    def path(self, namespace: str | None, name: str | None = None, subresource: str | None = None) -> str:
        """Return the path of an object, or of the collection where no name is given."""
        parts = [self.root]
        if namespace:
            parts += ["namespaces", namespace]
        parts += [part for part in (self.plural, name, subresource) if part]
        return "/".join(parts)


_CHILD = (*READ_BY_WATCH, "get", *WRITE_BY_APPLY, "delete")

PRIVATE_ASSISTANT = Kind(
    naming.GROUP,
    naming.VERSION,
    naming.KIND,
    naming.PLURAL,
    verbs=(*READ_BY_WATCH, "get"),
    status_verbs=("patch",),
    watched=True,
    whole=True,
)
NETWORK_POLICY = Kind("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", verbs=_CHILD, watched=True, whole=True, owned=True)
"""Those of others add up with ours: see reconcile/policies/widening.py."""
SERVICE_ACCOUNT = Kind("", "v1", "ServiceAccount", "serviceaccounts", verbs=_CHILD, watched=True, owned=True)
CONFIG_MAP = Kind("", "v1", "ConfigMap", "configmaps", verbs=_CHILD, watched=True, owned=True)
CLAIM = Kind("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", verbs=_CHILD, watched=True, owned=True)
SERVICE = Kind("", "v1", "Service", "services", verbs=_CHILD, watched=True, owned=True)
STATEFUL_SET = Kind("apps", "v1", "StatefulSet", "statefulsets", verbs=_CHILD, watched=True, owned=True)
DEPLOYMENT = Kind("apps", "v1", "Deployment", "deployments", verbs=_CHILD, watched=True, owned=True)
DISRUPTION_BUDGET = Kind("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", verbs=_CHILD, watched=True, owned=True)
JOB = Kind("batch", "v1", "Job", "jobs", verbs=_CHILD, watched=True, owned=True)
CRON_JOB = Kind("batch", "v1", "CronJob", "cronjobs", verbs=_CHILD, watched=True, owned=True)
SECRET = Kind("", "v1", "Secret", "secrets", verbs=("get", *WRITE_BY_APPLY, "update", "delete"), owned=True)
"""Never listed or watched: that would need the right to read every Secret of the cluster at once. Updated where a key is replaced."""
POD = Kind("", "v1", "Pod", "pods", verbs=READ_BY_WATCH, watched=True)
EVENT = Kind("events.k8s.io", "v1", "Event", "events", verbs=("create",))

CILIUM_POLICY = Kind(
    "cilium.io", "v2", "CiliumNetworkPolicy", "ciliumnetworkpolicies", verbs=("list", "get", *WRITE_BY_APPLY, "delete"), owned=True
)
"""Not every API server serves it and its like: reconcile/policies/dialects.py looks for them, and lists them in place of a watch."""
CILIUM_CLUSTER_POLICY = Kind(
    "cilium.io", "v2", "CiliumClusterwideNetworkPolicy", "ciliumclusterwidenetworkpolicies", verbs=("list",), cluster=True
)
_ADMIN = ("list", *WRITE_BY_APPLY, "delete")
CLUSTER_POLICY = Kind("policy.networking.k8s.io", "v1alpha2", "ClusterNetworkPolicy", "clusternetworkpolicies", verbs=_ADMIN, cluster=True)
ADMIN_POLICY = Kind("policy.networking.k8s.io", "v1alpha1", "AdminNetworkPolicy", "adminnetworkpolicies", verbs=_ADMIN, cluster=True)
NAMESPACE = Kind("", "v1", "Namespace", "namespaces", verbs=("list",), cluster=True)
"""By their labels policies of the cluster select; listed only where one of these policies asks for labels."""
NODE = Kind("", "v1", "Node", "nodes", verbs=("list",), cluster=True)
"""A few, for their addresses: what is tried from inside assistants off their own node. Without the right it goes on without."""
DEFINITION = Kind(
    "apiextensions.k8s.io",
    "v1",
    "CustomResourceDefinition",
    "customresourcedefinitions",
    verbs=("get",),
    cluster=True,
    only=(naming.DEFINITION,),
)
"""Our own: what the operator makes for the whole cluster goes when it goes."""
LEASE = Kind("coordination.k8s.io", "v1", "Lease", "leases", verbs=("get", "create", "update", "patch"), here=True)

KINDS: tuple[Kind, ...] = (
    PRIVATE_ASSISTANT,
    NETWORK_POLICY,
    SERVICE_ACCOUNT,
    CONFIG_MAP,
    CLAIM,
    SERVICE,
    STATEFUL_SET,
    DEPLOYMENT,
    DISRUPTION_BUDGET,
    JOB,
    CRON_JOB,
    SECRET,
    POD,
    EVENT,
    CILIUM_POLICY,
    CILIUM_CLUSTER_POLICY,
    CLUSTER_POLICY,
    ADMIN_POLICY,
    NAMESPACE,
    NODE,
    DEFINITION,
    LEASE,
)
DIALECTS: tuple[Kind, ...] = (CILIUM_POLICY, CILIUM_CLUSTER_POLICY, CLUSTER_POLICY, ADMIN_POLICY)
"""Policies besides NetworkPolicy that can let traffic of our pods through. BaselineAdminNetworkPolicy and the Baseline tier cannot: they
are asked where no NetworkPolicy selects a pod, and one of ours always does."""
WATCHED_CHILDREN: tuple[Kind, ...] = tuple(kind for kind in KINDS if kind.watched and kind is not PRIVATE_ASSISTANT)
OWNED: tuple[Kind, ...] = tuple(kind for kind in KINDS if kind.owned)

_BY_KIND = {(kind.group, kind.kind): kind for kind in KINDS}


def find(group: str, kind: str) -> Kind | None:
    """Return the table's row for a group and kind, None where there is none."""
    return _BY_KIND.get((group, kind))


def kind_of(obj: Object) -> Kind:
    """Return the row of a manifest; a KeyError means that the plan makes a kind which the table lacks."""
    return _BY_KIND[group_and_kind(obj)]


def group_and_kind(obj: Object) -> tuple[str, str]:
    api_version = str(obj["apiVersion"])
    return api_version.partition("/")[0] if "/" in api_version else "", str(obj["kind"])
