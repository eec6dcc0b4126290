"""What may reach the assistant's pods, and what they may reach: a policy for each kind of pod, applied before any pod exists.

`<name>` is for the serving pods, `<name>-pull` for the pod that brings the model, `<name>-store` for the managed store, `<name>-ingest` for
the pods that bring documents, `<name>-egress` for the proxy through which hosts are reached. All name Ingress and Egress, so that what has
no rule is denied. An empty list of peers in a rule means everybody to Kubernetes; no rule here is ever built from an empty list.
"""

import hashlib
import ipaddress
import json
from collections.abc import Sequence
from typing import Any

from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.api.v1alpha1.spec import AllowedNetwork
from assistant_operator.naming import (
    COMPONENT_ASSISTANT,
    COMPONENT_EGRESS_PROXY,
    COMPONENT_INGEST,
    COMPONENT_PULL,
    COMPONENT_STORE,
    EVIDENCE_PORT,
    GATEWAY_PORT,
    OPS_PORT,
    PROXY_PORT,
    SERVICE_PORT,
    STORE_PORT,
)
from assistant_operator.resources.context import DNS_PORT, Context
from assistant_operator.resources.manifest import Manifest
from assistant_operator.resources.public_networks import PUBLIC
from assistant_operator.resources.pull_target import default_port, registry_ports

Rule = dict[str, Any]
Peer = dict[str, Any]


def assistant_policy(spec: PrivateAssistantSpec, context: Context) -> Manifest:
    """Return the policy of the serving pods: clients to the TLS port, operator and monitoring to the ops port, out by the spec alone.

    The operator also comes to the evidence port, where it says what is to be tried: nobody else may.
    """
    ingress = _rule("from", _clients(spec), _ports(GATEWAY_PORT))
    if _ingests(spec):
        ingress += _rule("from", [_pods(context, COMPONENT_INGEST)], _ports(GATEWAY_PORT))
    ingress += _rule("from", [_operator(context)], _ports(OPS_PORT, EVIDENCE_PORT))
    ingress += _rule("from", _monitoring(context), _ports(OPS_PORT))
    return _policy(context, context.names.network_policy, COMPONENT_ASSISTANT, ingress, egress_rules(spec, context))


def egress_rules(spec: PrivateAssistantSpec, context: Context) -> list[Rule]:
    """Return all that the serving pods may reach: the networks that the spec allows, the way to its hosts, and the store."""
    return [rule for one in spec.egress.networks for rule in _allowed(one)] + _to_proxy(spec, context) + _to_store(spec, context)


def egress_revision(spec: PrivateAssistantSpec, context: Context) -> str:
    """Return 16 hex digits that change when what the serving pods may reach does."""
    return hashlib.sha256(json.dumps(egress_rules(spec, context), sort_keys=True).encode()).hexdigest()[:16]


def pull_policy(spec: PrivateAssistantSpec, context: Context) -> Manifest:
    """Return the policy of the pull's pod: out to the pinned addresses on the registry's port; to nothing where nothing is pulled."""
    ingress = _rule("from", [_operator(context)], _ports(OPS_PORT))
    return _policy(context, context.names.pull_network_policy, COMPONENT_PULL, ingress, _pull_egress(spec, context))


def store_policy(spec: PrivateAssistantSpec, context: Context) -> Manifest | None:
    """Return the policy of the managed store: the assistant's gateways in, nothing out; None where there is none."""
    if spec.managed_store is None:
        return None
    ingress = _rule("from", [_pods(context, COMPONENT_ASSISTANT)], _ports(STORE_PORT))
    return _policy(context, context.names.store, COMPONENT_STORE, ingress, [])


def ingest_policy(spec: PrivateAssistantSpec, context: Context) -> Manifest | None:
    """Return the policy of the pods that bring documents: out to the assistant's gateways alone; None where there is no source."""
    if not _ingests(spec):
        return None
    egress = _rule("to", [_pods(context, COMPONENT_ASSISTANT)], _ports(GATEWAY_PORT))
    if context.service_address is not None:
        egress += _rule("to", [_address(context.service_address)], _ports(SERVICE_PORT))
    return _policy(context, context.names.ingest_network_policy, COMPONENT_INGEST, [], egress)


def proxy_policy(spec: PrivateAssistantSpec, context: Context) -> Manifest | None:
    """Return the policy of the egress proxy; None where no host is allowed.

    In come the serving pods alone. It may ask for names, and reach, on the hosts' ports, everything that is public (the proxy itself
    knows the names), and the networks that the spec allows: hosts may be there too. Where Cilium holds it to the names, names and what is
    public are left to Cilium's policy: policies add up, and what this one allows would be allowed whatever that one says.
    """
    if not spec.egress.hosts:
        return None
    ingress = _rule("from", [_pods(context, COMPONENT_ASSISTANT)], _ports(PROXY_PORT))
    ingress += _rule("from", [_operator(context)], _ports(OPS_PORT))
    ingress += _rule("from", _monitoring(context), _ports(OPS_PORT))
    egress = [] if context.cilium_holds_names else _to_nameservers(context) + _to_public(spec)
    egress += [rule for network in spec.egress.networks for rule in _allowed(network, "TCP")]
    return _policy(context, context.names.egress_proxy, COMPONENT_EGRESS_PROXY, ingress, egress)


def _to_proxy(spec: PrivateAssistantSpec, context: Context) -> list[Rule]:
    if not spec.egress.hosts:
        return []
    service = [_address(context.proxy_address)] if context.proxy_address is not None else []
    return _rule("to", [_pods(context, COMPONENT_EGRESS_PROXY), *service], _ports(PROXY_PORT))


def _to_public(spec: PrivateAssistantSpec) -> list[Rule]:
    return _rule("to", [{"ipBlock": {"cidr": cidr}} for cidr in PUBLIC], _ports(*(host.port for host in spec.egress.hosts)))


def _to_nameservers(context: Context) -> list[Rule]:
    """Return where names are asked for: a policy may see the name servers' Service, or the pods behind it on a port of their own."""
    labels, addresses = context.installation.dns_labels, context.installation.nameservers
    pods = [{"namespaceSelector": {}, "podSelector": {"matchLabels": dict(labels)}}] if labels else []
    behind = _rule("to", pods, _dns_ports(context.installation.dns_port))
    return behind + _rule("to", [_address(address) for address in addresses], _dns_ports(DNS_PORT))


def _dns_ports(port: int) -> list[Rule]:
    return [{"port": port, "protocol": protocol} for protocol in ("UDP", "TCP")]


def _to_store(spec: PrivateAssistantSpec, context: Context) -> list[Rule]:
    """Return where the store is. Whether a policy sees a Service's address or its pod's is left open by Kubernetes: both are named."""
    external, address = spec.external_store, context.store
    if external is not None:
        return _rule("to", [peer.to_dict() for peer in external.peers], _ports(address.port)) if address is not None else []
    if spec.managed_store is None:
        return []
    service = [_address(text) for text in address.addresses] if address is not None else []
    return _rule("to", [_pods(context, COMPONENT_STORE), *service], _ports(STORE_PORT))


def _ingests(spec: PrivateAssistantSpec) -> bool:
    return spec.rag is not None and bool(spec.rag.sources)


def _pods(context: Context, component: str) -> Peer:
    return {"podSelector": {"matchLabels": context.names.selector(component)}}


def _policy(context: Context, name: str, component: str, ingress: list[Rule], egress: list[Rule]) -> Manifest:
    return Manifest(
        api_version="networking.k8s.io/v1",
        kind="NetworkPolicy",
        metadata=context.metadata(name, component),
        body={
            "spec": {
                "podSelector": {"matchLabels": context.names.selector(component)},
                "policyTypes": ["Ingress", "Egress"],
                # Without a rule nobody comes in; the API server stores an empty list anew at every apply.
                **({"ingress": ingress} if ingress else {}),
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


def _allowed(allowed: AllowedNetwork, *protocols: str) -> list[Rule]:
    """Return the rule for a network; of its ports those of the protocols alone, where any are given."""
    ports = [port.to_dict() for port in allowed.ports if not protocols or port.protocol in protocols]
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
        rules += _rule("to", [_address(address) for address in sorted(addresses)], _ports(port))
    cidrs = source.registry.cidrs if source.registry else ()
    # A registry of the cluster may lead to a blob store of the cluster, which listens on the scheme's own port.
    ports = _ports(*registry_ports(spec), default_port(spec))
    return rules + _rule("to", [{"ipBlock": {"cidr": cidr}} for cidr in sorted(cidrs)], ports)


def _address(text: str) -> Peer:
    address = ipaddress.ip_address(text)
    return {"ipBlock": {"cidr": f"{address}/{address.max_prefixlen}"}}
