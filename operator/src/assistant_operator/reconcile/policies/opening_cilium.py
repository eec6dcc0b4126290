"""Cilium's policies of others (cilium.io/v2 CiliumNetworkPolicy, CiliumClusterwideNetworkPolicy): which of them let something through.

Selectors ask for Cilium's labels of a pod, which are more than Kubernetes' and may bear a source: `k8s:`, `any:`, `reserved:`. Rules that
deny widen nothing, and neither does an empty one, with which people switch on that nothing is allowed. Source: Cilium's "Policy Language".
"""

import re
from collections.abc import Mapping
from typing import Any

from assistant_operator.kube.kinds import CILIUM_POLICY
from assistant_operator.kube.objects import Object, controller_uid, name_of, namespace_of
from assistant_operator.reconcile.policies.opening import Home, Opening, entries
from assistant_operator.reconcile.policies.selecting import UNKNOWN, Lookup, Selector, Value

_NAMESPACE = "io.kubernetes.pod.namespace"
_NAMESPACE_LABELS = "io.cilium.k8s.namespace.labels."
_SERVICE_ACCOUNT = "io.cilium.k8s.policy.serviceaccount"
_OF_CILIUM = "io.cilium."
_INITIALIZING = "init"
"""reserved:init is on every pod for the moment before its labels are known; no other reserved label is on a pod of ours."""
_LEFT_OUT = re.compile(r"(?<!app\.)kubernetes\.io|k8s\.io|pod-template-|controller-revision-hash")
"""Labels of pods that Cilium leaves out of what selectors see, unless it is told otherwise."""


def read(obj: Object) -> tuple[Opening, ...]:
    """Return an opening for each of the policy's rules that lets something through to pods or from them."""
    kind = str(obj["kind"])
    rules = [*entries(obj.get("spec")), *entries(obj.get("specs"))]
    found = (_opening(obj, kind, rule) for rule in rules)
    return tuple(opening for opening in found if opening is not None)


def _opening(obj: Object, kind: str, rule: Any) -> Opening | None:
    if not isinstance(rule, dict):
        rule = {"egress": rule, "ingress": rule}
    if "endpointSelector" not in rule and "nodeSelector" in rule:
        return None  # for the nodes themselves
    egress, ingress = _allows(rule.get("egress")), _allows(rule.get("ingress"))
    if not (egress or ingress):
        return None
    return Opening(
        kind=kind,
        name=name_of(obj),
        namespace=namespace_of(obj) if kind == CILIUM_POLICY.kind else "",
        pods=Selector.of(rule.get("endpointSelector")),
        egress=egress,
        ingress=ingress,
        controller=controller_uid(obj),
        lookup=labels_of,
    )


def _allows(rules: Any) -> bool:
    """Tell whether one of the rules allows something: `{}` allows nothing, and a part that is empty does not either."""
    return any(not isinstance(rule, dict) or any(rule.values()) for rule in entries(rules))


def is_of_namespace(key: str) -> bool:
    """Tell whether a selector's key asks for a label of the pod's namespace."""
    return key.rpartition(":")[2].startswith(_NAMESPACE_LABELS)


def labels_of(labels: Mapping[str, str], home: Home) -> Lookup:
    """Look for a pod's labels as Cilium knows them."""

    def lookup(key: str) -> Value:
        source, separator, name = key.rpartition(":")
        if source == "reserved":
            return UNKNOWN if name == _INITIALIZING else None
        if separator and source not in ("k8s", "any"):
            return UNKNOWN
        return _value(name, labels, home)

    return lookup


def _value(name: str, labels: Mapping[str, str], home: Home) -> Value:
    if name == _NAMESPACE:
        return home.namespace
    if name == _SERVICE_ACCOUNT:
        return home.service_account
    if name.startswith(_NAMESPACE_LABELS):
        return home.label(name.removeprefix(_NAMESPACE_LABELS))
    if name.startswith(_OF_CILIUM):
        return UNKNOWN
    value = labels.get(name)
    # That a pod has such a label does not tell that Cilium sees it.
    return UNKNOWN if value is not None and _LEFT_OUT.search(name) else value
