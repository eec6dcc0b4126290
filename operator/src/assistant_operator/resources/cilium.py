"""What Cilium denies on top of the NetworkPolicies (cilium.io/v2), where the API server serves its policies.

`egressDeny` wins over every allow of anybody, which no NetworkPolicy can: a policy of others then opens nothing of what is listed here.
And it knows what addresses do not tell: the pod's own node (host), other nodes and the API server, which Cilium lets no CIDR rule match
by default. Written from reach.py, so that nothing is denied which the spec allows. Source: Cilium's "Deny Policies", "Layer 3 Policies".
"""

import ipaddress
from collections.abc import Iterable, Sequence
from typing import Any

from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.naming import COMPONENT_ASSISTANT, COMPONENT_STORE
from assistant_operator.resources.context import Context
from assistant_operator.resources.manifest import Manifest
from assistant_operator.resources.network_policy import egress_rules
from assistant_operator.resources.reach import reach

MOST_NETWORKS = 256
"""In one list: each takes entries of a map in every node's kernel."""

KIND = "CiliumNetworkPolicy"

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def cilium_policy(spec: PrivateAssistantSpec, context: Context) -> Manifest | None:
    """Return the assistant's CiliumNetworkPolicy; None where Cilium's are not served, or nothing is left to deny."""
    if KIND not in context.dialects:
        return None
    rules = [_rule(context, COMPONENT_ASSISTANT, denied) for denied in _denied(spec, context)]
    if spec.managed_store is not None:
        rules.append(_rule(context, COMPONENT_STORE, {"toEntities": ["all"]}))
    if not rules:
        return None
    return Manifest(
        api_version="cilium.io/v2",
        kind=KIND,
        metadata=context.metadata(context.names.network_policy, COMPONENT_ASSISTANT),
        body={"specs": rules},
    )


def _rule(context: Context, component: str, denied: dict[str, Any]) -> dict[str, Any]:
    return {"endpointSelector": {"matchLabels": context.names.selector(component)}, "egressDeny": [denied]}


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
        left = _without(everything, [network.supernet(new_prefix=min(network.prefixlen, longest)) for network in mine])
        if len(left) <= MOST_NETWORKS:
            return left
    return []


def _without(everything: Network, taken: Iterable[Any]) -> list[Network]:
    left: list[Any] = [everything]
    for network in taken:
        left = [part for one in left for part in _subtract(one, network)]
    return sorted(left)


def _subtract(one: Any, network: Any) -> list[Any]:
    if one.subnet_of(network):
        return []
    return list(one.address_exclude(network)) if network.subnet_of(one) else [one]
