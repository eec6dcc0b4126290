"""What Cilium does on top of the NetworkPolicies (cilium.io/v2), where the API server serves its policies: it denies, and it knows names.

`egressDeny` wins over every allow of anybody, which no NetworkPolicy can: a policy of others then opens nothing of what is listed here.
And it knows what addresses do not tell: the pod's own node (host), other nodes and the API server, which Cilium lets no CIDR rule match
by default. Written from reach.py, so that nothing is denied which the spec allows.

Where the installation says so, the egress proxy gets out by names: it may ask the name servers for those of the spec and no others, and
reach the addresses that these answers held. Source: Cilium's "Deny Policies", "Layer 3 Policies", "Layer 7 Policies" (DNS).
"""

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.naming import COMPONENT_ASSISTANT, COMPONENT_EGRESS_PROXY, COMPONENT_STORE
from assistant_operator.resources.context import CILIUM_POLICY, Context
from assistant_operator.resources.manifest import Manifest
from assistant_operator.resources.network_policy import egress_rules
from assistant_operator.resources.reach import reach

MOST_NETWORKS = 256
"""In one list: each takes entries of a map in every node's kernel."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def cilium_policy(spec: PrivateAssistantSpec, context: Context) -> Manifest | None:
    """Return the assistant's CiliumNetworkPolicy; None where Cilium's are not served, or nothing is left to deny."""
    if CILIUM_POLICY not in context.dialects:
        return None
    rules = [_rule(context, COMPONENT_ASSISTANT, "egressDeny", [denied]) for denied in _denied(spec, context)]
    if spec.managed_store is not None:
        rules.append(_rule(context, COMPONENT_STORE, "egressDeny", [{"toEntities": ["all"]}]))
    if spec.egress.hosts and context.cilium_holds_names:
        rules.append(_rule(context, COMPONENT_EGRESS_PROXY, "egress", [_asks(spec, context), *_by_name(spec)]))
    if not rules:
        return None
    return Manifest(
        api_version="cilium.io/v2",
        kind=CILIUM_POLICY,
        metadata=context.metadata(context.names.network_policy, COMPONENT_ASSISTANT),
        body={"specs": rules},
    )


def _rule(context: Context, component: str, direction: str, rules: list[dict[str, Any]]) -> dict[str, Any]:
    return {"endpointSelector": {"matchLabels": context.names.selector(component)}, direction: rules}


def _asks(spec: PrivateAssistantSpec, context: Context) -> dict[str, Any]:
    """Return the rule for questions about names: without one Cilium learns no addresses, and toFQDNs would let nothing through.

    The port is the pods' own: Cilium has put one in place of their Service before it asks its policies.
    """
    labels = {f"k8s:{key}": value for key, value in context.installation.dns_labels.items()}
    anywhere = [{"key": "k8s:io.kubernetes.pod.namespace", "operator": "Exists"}]  # else: the assistant's own namespace
    port = {"port": str(context.installation.dns_port), "protocol": "ANY"}
    names = [_matching(host) for host in sorted({host.host for host in spec.egress.hosts})]
    return {"toEndpoints": [{"matchLabels": labels, "matchExpressions": anywhere}], "toPorts": [{"ports": [port], "rules": {"dns": names}}]}


def _by_name(spec: PrivateAssistantSpec) -> list[dict[str, Any]]:
    """Return a rule for each port of the hosts. Cilium finds no pods and nodes by names: those are reached by networks alone."""
    ports = sorted({host.port for host in spec.egress.hosts})
    return [
        {
            "toFQDNs": [_matching(host) for host in sorted({host.host for host in spec.egress.hosts if host.port == port})],
            "toPorts": [{"ports": [{"port": str(port), "protocol": "TCP"}]}],
        }
        for port in ports
    ]


def _matching(host: str) -> dict[str, str]:
    """A star stands for characters other than a dot: for one label, as in the spec."""
    return {"matchPattern" if host.startswith("*.") else "matchName": host}


def _denied(spec: PrivateAssistantSpec, context: Context) -> Sequence[dict[str, Any]]:
    """Return what the serving pods are denied, as one rule or none."""
    far = reach(spec)
    if far == "nothing":
        return ({"toEntities": ["all"]},)
    if far == "own":
        # Cilium puts a Service's pod in place of its address before it asks its policies, so that the store is not of the world.
        return ({"toEntities": ["host", "remote-node", "kube-apiserver", "world"]},)
    # A network of the spec's may hold a node or the API server, whose addresses nobody tells for sure: no entities, but what no rule names.
    allowed = [peer["ipBlock"]["cidr"] for rule in egress_rules(spec, context) for peer in rule["to"] if "ipBlock" in peer]
    networks = [*_but(ipaddress.IPv4Network("0.0.0.0/0"), allowed), *_but(ipaddress.IPv6Network("::/0"), allowed)]
    return ({"toCIDR": list(map(str, networks))},) if networks else ()


def _but(everything: Network, allowed: Iterable[str]) -> list[Network]:
    """Return all networks of a family but those that are allowed; where that makes too long a list, with more than these left out.

    No `except`: networks that are left out of one policy have been met by another's (cilium#17129).
    """
    mine = [network for text in allowed if (network := ipaddress.ip_network(text, strict=False)).version == everything.version]
    for longest in range(everything.max_prefixlen, 0, -8):
        taken = sorted({network.supernet(new_prefix=min(network.prefixlen, longest)) for network in mine})
        left = list(islice(_between(everything, taken), MOST_NETWORKS + 1))
        if len(left) <= MOST_NETWORKS:
            return left
    return []


def _between(everything: Any, taken: Iterable[Any]) -> Iterator[Any]:
    """Yield what is left beside networks in their order, one after the other: whoever has enough looks at no more.

    Of many scattered addresses thousands of networks are left, and every pass over an assistant asks.
    """
    address = type(everything.network_address)
    free = int(everything.network_address)
    for network in taken:
        if (first := int(network.network_address)) > free:
            yield from ipaddress.summarize_address_range(address(free), address(first - 1))
        free = max(free, int(network.broadcast_address) + 1)
    if free <= int(everything.broadcast_address):
        yield from ipaddress.summarize_address_range(address(free), everything.broadcast_address)
