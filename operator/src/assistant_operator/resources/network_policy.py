"""What may reach the assistant's pods, and what they may reach: two policies, applied before any pod exists.

`<name>` is for the serving pods, `<name>-pull` for the only pod with a way out. Both name Ingress and Egress, so that what has no rule is
denied. An empty list of peers in a rule means everybody to Kubernetes; no rule here is ever built from an empty list.
"""

import ipaddress
from collections.abc import Sequence
from typing import Any

from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.api.v1alpha1.spec import EgressRule
from assistant_operator.naming import COMPONENT_ASSISTANT, COMPONENT_PULL, GATEWAY_PORT, OPS_PORT
from assistant_operator.resources.context import Context
from assistant_operator.resources.manifest import Manifest
from assistant_operator.resources.pull_target import default_port, pull_port

Rule = dict[str, Any]
Peer = dict[str, Any]


def assistant_policy(spec: PrivateAssistantSpec, context: Context) -> Manifest:
    """Return the policy of the serving pods: clients to the TLS port, operator and monitoring to the ops port, out by the spec alone."""
    ingress = _rule("from", _clients(spec), _ports(GATEWAY_PORT)) + _rule("from", [_operator(context)], _ports(OPS_PORT))
    ingress += _rule("from", _monitoring(context), _ports(OPS_PORT))
    egress = [rule for allowed in spec.egress.allow for rule in _allowed(allowed)] if spec.egress.mode == "Allowlist" else []
    return _policy(context, context.names.network_policy, COMPONENT_ASSISTANT, ingress, egress)


def pull_policy(spec: PrivateAssistantSpec, context: Context) -> Manifest:
    """Return the policy of the pull's pod: out to the pinned addresses on the registry's port; to nothing where nothing is pulled."""
    ingress = _rule("from", [_operator(context)], _ports(OPS_PORT))
    return _policy(context, context.names.pull_network_policy, COMPONENT_PULL, ingress, _pull_egress(spec, context))


def _policy(context: Context, name: str, component: str, ingress: list[Rule], egress: list[Rule]) -> Manifest:
    return Manifest(
        api_version="networking.k8s.io/v1",
        kind="NetworkPolicy",
        metadata=context.metadata(name, component),
        body={
            "spec": {
                "podSelector": {"matchLabels": context.names.selector(component)},
                "policyTypes": ["Ingress", "Egress"],
                "ingress": ingress,
                "egress": egress,
            }
        },
    )


def _rule(direction: str, peers: Sequence[Peer], ports: Sequence[Rule]) -> list[Rule]:
    """Return one rule as a list, or none where either side is empty: `from: []` would admit everybody, `ports: []` every port."""
    return [{direction: list(peers), "ports": list(ports)}] if peers and ports else []


def _ports(*ports: int) -> list[Rule]:
    return [{"port": port, "protocol": "TCP"} for port in sorted(set(ports))]


def _clients(spec: PrivateAssistantSpec) -> list[Peer]:
    if spec.access.from_ is None:
        return [{"podSelector": {}}]
    return [peer.to_dict() for peer in spec.access.from_]


def _operator(context: Context) -> Peer:
    installation = context.installation
    return {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": installation.operator_namespace}},
        "podSelector": {"matchLabels": dict(installation.operator_labels)},
    }


def _monitoring(context: Context) -> list[Peer]:
    labels = context.installation.monitoring_namespace_labels
    return [{"namespaceSelector": {"matchLabels": dict(labels)}}] if labels else []


def _allowed(allowed: EgressRule) -> list[Rule]:
    ports = [port.to_dict() for port in allowed.ports]
    return _rule("to", [{"ipBlock": {"cidr": allowed.cidr}}], ports)


def _pull_egress(spec: PrivateAssistantSpec, context: Context) -> list[Rule]:
    source, target = spec.model.source, context.pull
    if source.claim is not None or target is None:
        return []
    pinned: dict[int, set[str]] = {}
    for host in target.hosts:
        pinned.setdefault(host.port, set()).update(host.addresses)
    rules: list[Rule] = []
    for port, addresses in sorted(pinned.items()):
        rules += _rule("to", [{"ipBlock": {"cidr": _one_address(address)}} for address in sorted(addresses)], _ports(port))
    cidrs = source.registry.cidrs if source.registry else ()
    # A registry of the cluster may lead to a blob store of the cluster, which listens on the scheme's own port.
    ports = _ports(pull_port(spec), default_port(spec))
    return rules + _rule("to", [{"ipBlock": {"cidr": cidr}} for cidr in sorted(cidrs)], ports)


def _one_address(text: str) -> str:
    address = ipaddress.ip_address(text)
    return f"{address}/{address.max_prefixlen}"
