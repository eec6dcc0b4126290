"""Who else decides what the assistant's pods may reach: policies of others, and what others put into the pods.

NetworkPolicies add up: of all that select a pod each can only widen what the rest allows, and none can take anything back. So one of
somebody else that selects the pods and has a rule is told of, whatever the rule says: rules are not compared, and one that allows just
what ours allows counts too. One without rules lets nothing through, and widens nothing. Pure; foreign.py keeps the policies. Those of
other kinds (opening.py) are told of in the same way.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from assistant_operator.kube.objects import Object, annotation, controller_uid, name_of, uid_of
from assistant_operator.naming import LABEL_ASSISTANT
from assistant_operator.reconcile.policies.opening import described
from assistant_operator.reconcile.policies.selecting import Selector
from assistant_operator.reconcile.verdict import Verdict

MAX_NAMED = 8
"""Names in one message."""

Containers = Mapping[str, frozenset[str]]
"""By the field of a pod's spec. One of our names elsewhere is not ours: an ephemeral container may bear any that its pod has not."""
CONTAINERS: Containers = {
    "initContainers": frozenset({"egress-gate", "egress-probe", "model-check", "ollama", "documents"}),
    "containers": frozenset({"gateway"}),
}
"""Every container that serving pods can have. Not what the template names now: in a roll-out that drops one, old pods still have it."""
PROXY_CONTAINERS: Containers = {"containers": frozenset({"egress-proxy"})}
STORE_CONTAINERS: Containers = {"containers": frozenset({"store"})}
_FIELDS = ("initContainers", "containers", "ephemeralContainers")

NETWORKS = "k8s.v1.cni.cncf.io/networks"
DEFAULT_NETWORK = "v1.multus-cni.io/default-network"
NETWORK_STATUS = ("k8s.v1.cni.cncf.io/network-status", "k8s.v1.cni.cncf.io/networks-status")
"""Multus writes a JSON list with an entry for each interface; the second name is the old one."""
INTERFACES = "networking.gke.io/interfaces"
"""GKE's own way to further networks: a JSON list with an entry for each interface."""
OF_NETWORKS = (NETWORKS, DEFAULT_NETWORK, *NETWORK_STATUS, INTERFACES)


class Widener(Protocol):
    """A policy of others, of whatever kind; as text it is named to people."""

    @property
    def widens(self) -> bool:
        """Tell whether it lets anything through."""

    def selects(self, labels: Mapping[str, str]) -> bool:
        """Tell whether it selects a pod of the assistant with these labels, or may."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What of a NetworkPolicy matters to pods that it may select."""

    name: str
    uid: str
    controller: str
    """uid of its controller, empty where it has none."""
    pods: Selector
    egress: bool
    """It has a rule that lets something out."""
    ingress: bool
    """It has a rule that lets something in."""

    @classmethod
    def of(cls, obj: Object) -> "Policy":
        """Read a networking.k8s.io/v1 NetworkPolicy; policyTypes default as the API says."""
        spec = obj.get("spec") or {}
        egress, ingress = bool(spec.get("egress")), bool(spec.get("ingress"))
        types = spec.get("policyTypes") or ("Ingress", *(("Egress",) if egress else ()))
        return cls(
            name=name_of(obj),
            uid=uid_of(obj),
            controller=controller_uid(obj),
            pods=Selector.of(spec.get("podSelector")),
            egress=egress and "Egress" in types,
            ingress=ingress and "Ingress" in types,
        )

    @property
    def widens(self) -> bool:
        return self.egress or self.ingress

    @property
    def assistant(self) -> str | None:
        """Return the one assistant whose pods, which bear its name, it can select; None where it may be any."""
        return next((value for key, value in self.pods.labels if key == LABEL_ASSISTANT), None)

    def may_select(self, assistant: str) -> bool:
        """Tell whether it can select pods of the assistant."""
        return self.assistant in (None, assistant)

    def selects(self, labels: Mapping[str, str]) -> bool:
        """Tell whether its selector selects what bears the labels; an empty one selects everything."""
        return self.pods.selects(labels.get)

    def __str__(self) -> str:
        return described("NetworkPolicy", self.name, egress=self.egress, ingress=self.ingress)


def find(
    policies: Iterable[Widener],
    pods: Sequence[Mapping[str, Any]],
    template: Mapping[str, Any] | None,
    containers: Containers = CONTAINERS,
) -> Verdict | None:
    """Return the first verdict on what others have opened; None where nothing was found. The pods can have these containers."""
    return widened(policies, pods, template) or not_as_planned(pods, containers)


def widened(policies: Iterable[Widener], pods: Sequence[Mapping[str, Any]], template: Mapping[str, Any] | None) -> Verdict | None:
    """Return the verdict that names the policies of others which let traffic through to or from the pods; None where there are none.

    While there is no pod, the labels of the template (PodTemplateSpec) stand for those that will come.
    """
    asked = pods or ([template] if template is not None else [])
    labels = [(one.get("metadata") or {}).get("labels") or {} for one in asked]
    found = sorted({str(policy) for policy in policies if policy.widens and any(policy.selects(one) for one in labels)})
    if not found:
        return None
    return Verdict.stuck(
        "WidenedByPolicy",
        "Policies of others select the assistant's pods and have rules, and what any policy allows is allowed. Remove them, or let "
        f"them select other pods; what is wanted belongs in spec.access.from and spec.egress.allow. They are: {_listed(found)}.",
    )


def not_as_planned(pods: Sequence[Mapping[str, Any]], containers: Containers = CONTAINERS) -> Verdict | None:
    """Return the verdict that says what others put into the first pod, by name, that is not what was asked for; None where all are."""
    for pod in sorted(map(dict, pods), key=name_of):
        if found := [*_networks(pod), *_tokens(pod), *(f"container {name}" for name in _strangers(pod, containers))]:
            return Verdict.stuck(
                "PodNotAsPlanned",
                "An admission webhook, or somebody by hand, gave a pod more than the operator asked for. Put an end to that, then "
                f"delete the pod. Pod {name_of(pod)} has: {_listed(found)}.",
            )
    return None


def _networks(pod: Object) -> list[str]:
    """Return the ways to other networks than the cluster's, where NetworkPolicies hold."""
    found = ["hostNetwork"] if (pod.get("spec") or {}).get("hostNetwork") else []
    found += [f"annotation {key}" for key in (NETWORKS, DEFAULT_NETWORK) if annotation(pod, key).strip()]
    return found + [f"annotation {key}" for key in (*NETWORK_STATUS, INTERFACES) if _has_more_than_one(annotation(pod, key))]


def _has_more_than_one(status: str) -> bool:
    """Tell whether an annotation lists more than the one network; what cannot be read may."""
    if not status.strip():
        return False
    try:
        networks = json.loads(status)
    except (ValueError, RecursionError):
        return True
    return not isinstance(networks, list) or len(networks) > 1


def _tokens(pod: Object) -> list[str]:
    """Return the volumes with a service account's token: an account of the cluster, or by it of a cloud, where pods shall have none."""
    volumes = (pod.get("spec") or {}).get("volumes") or ()
    return [f"volume {volume.get('name', '')} with a token" for volume in volumes if has_token(volume)]


def has_token(volume: Mapping[str, Any]) -> bool:
    sources = (volume.get("projected") or {}).get("sources") or ()
    return any("serviceAccountToken" in source for source in sources)


def _strangers(pod: Object, containers: Containers) -> list[str]:
    """Return the containers that are none of ours: all share the pod's network, and the model server's loopback with it."""
    spec = pod.get("spec") or {}
    there = ((field, str(part.get("name", ""))) for field in _FIELDS for part in spec.get(field) or ())
    return sorted({name for field, name in there if name not in containers.get(field, ())})


def _listed(names: Sequence[str]) -> str:
    more = len(names) - MAX_NAMED
    return ", ".join(names[:MAX_NAMED]) + (f" and {more} more" if more > 0 else "")
