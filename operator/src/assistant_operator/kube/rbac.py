"""The RBAC rules that the operator needs, made from the table of kinds: `python -m assistant_operator.kube.rbac`; and a page about them.

The chart and the plain manifests hold the output (checked in CI), so what is granted is what the code can call: the client refuses
verbs that the table lacks.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterable
from typing import Final

from assistant_operator.kube import kinds
from assistant_operator.kube.kinds import KINDS, PRIVATE_ASSISTANT, Kind

Rule = dict[str, list[str]]
# In the order in which people read them.
_VERBS = ("get", "list", "watch", "create", "update", "patch", "delete")


def _rule(group: str, resources: Iterable[str], verbs: Iterable[str]) -> Rule:
    wanted = set(verbs)
    return {"apiGroups": [group], "resources": sorted(resources), "verbs": [verb for verb in _VERBS if verb in wanted]}


def _grouped(kinds: Iterable[Kind]) -> list[Rule]:
    """Return one rule for all kinds of a group that need the same verbs."""
    together: dict[tuple[str, tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for kind in kinds:
        together.setdefault((kind.group, tuple(sorted(kind.verbs)), kind.only), []).append(kind.plural)
        if kind.status_verbs:
            together.setdefault((kind.group, tuple(sorted(kind.status_verbs)), ()), []).append(f"{kind.plural}/status")
    return [
        _rule(group, resources, verbs) | ({"resourceNames": list(only)} if only else {})
        for (group, verbs, only), resources in together.items()
    ]


def workload_rules() -> list[Rule]:
    """Return the rules for the namespaces with assistants: a ClusterRole, or a Role in each watched namespace."""
    rules = _grouped(kind for kind in KINDS if not kind.here and not kind.cluster)
    # Owner references with blockOwnerDeletion need it where the admission plugin OwnerReferencesPermissionEnforcement is on (OpenShift).
    rules.append(_rule(PRIVATE_ASSISTANT.group, [f"{PRIVATE_ASSISTANT.plural}/finalizers"], ["update"]))
    return rules


def cluster_rules() -> list[Rule]:
    """Return the rules for what is in no namespace: a ClusterRole, also where few namespaces are watched."""
    return _grouped(kind for kind in KINDS if kind.cluster)


def own_rules() -> list[Rule]:
    """Return the rules for the operator's own namespace."""
    return _grouped(kind for kind in KINDS if kind.here)


def document() -> dict[str, list[Rule]]:
    return {"workload": workload_rules(), "cluster": cluster_rules(), "own": own_rules()}


def as_yaml(rules: list[Rule]) -> str:
    """Return the rules as a YAML list; JSON's flow lists are YAML, so no YAML library is needed in the image."""
    parts = ("apiGroups", "resources", "resourceNames", "verbs")
    return "".join("- " + "\n  ".join(f"{part}: {json.dumps(rule[part])}" for part in parts if part in rule) + "\n" for rule in rules)


WHY: Final = {
    kinds.PRIVATE_ASSISTANT: "what it works for; it writes their status, and never their spec",
    kinds.NETWORK_POLICY: "the assistants' own confinement; those of others are read, since they add up with it",
    kinds.SERVICE_ACCOUNT: "pods run under one without rights or token",
    kinds.CONFIG_MAP: "the gateways' policy, and the certificate that clients trust",
    kinds.CLAIM: "volumes for weights and for what is kept",
    kinds.SERVICE: "the assistant's endpoint, its store, its egress proxy",
    kinds.STATEFUL_SET: "the serving pods and the store",
    kinds.DEPLOYMENT: "the egress proxy, where hosts are allowed",
    kinds.DISRUPTION_BUDGET: "drains of nodes take one serving pod after the other",
    kinds.JOB: "the pull of weights, and the reading of documents",
    kinds.CRON_JOB: "the reading of documents, where a source has a schedule",
    kinds.SECRET: "generated keys, certificates and credentials; those that assistants name are read, by name. Never listed or watched",
    kinds.POD: "whether they are ready, and what their probes say",
    kinds.EVENT: "transitions of conditions, for `kubectl describe`",
    kinds.CILIUM_POLICY: "the same confinement where Cilium enforces it, and what others let through",
    kinds.CILIUM_CLUSTER_POLICY: "what others let through",
    kinds.CLUSTER_POLICY: "what no policy of a namespace can deny is denied there for assistants; those of others are read",
    kinds.ADMIN_POLICY: "the same, in its older form",
    kinds.NAMESPACE: "their labels, by which such policies select; read only where one of them asks for labels",
    kinds.NODE: "addresses of a few, which pods must not reach; it goes on without the right",
    kinds.DEFINITION: "owner of what is made for the whole cluster, so that this goes with the definition",
    kinds.LEASE: "which replica is active",
}
"""What each right is for, to those who grant it."""
_PLACES: Final[tuple[tuple[str, str, Callable[[Kind], bool]], ...]] = (
    (
        "In namespaces with assistants",
        "A ClusterRole, or with `watchNamespaces` a Role in each of them.",
        lambda kind: not kind.here and not kind.cluster,
    ),
    ("In the whole cluster", "A small ClusterRole, which `rbac.clusterPolicies=false` leaves out.", lambda kind: kind.cluster),
    ("In its own namespace", "A Role.", lambda kind: kind.here),
)


def as_markdown() -> str:
    """Return the tables of docs/rights.md."""
    parts = []
    for title, role, belongs in _PLACES:
        rows = [f"| {_resource(kind)} | {_told(kind)} | {WHY[kind]} |" for kind in KINDS if belongs(kind)]
        parts.append("\n".join((f"\n## {title}\n\n{role}\n", "| Resource | Verbs | For |", "| --- | --- | --- |", *rows, "")))
    return "".join(parts)


def _resource(kind: Kind) -> str:
    named = f", of the name {', '.join(f'`{name}`' for name in kind.only)} alone" if kind.only else ""
    return f"`{kind.plural}{'.' * bool(kind.group)}{kind.group}`{named}"


def _told(kind: Kind) -> str:
    status = f"; of status: {', '.join(kind.status_verbs)}" if kind.status_verbs else ""
    return ", ".join(verb for verb in _VERBS if verb in kind.verbs) + status


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m assistant_operator.kube.rbac", description=__doc__)
    parser.add_argument("--part", choices=("workload", "cluster", "own"), help="only these rules, as a YAML list; without it all, as JSON")
    chosen = parser.parse_args(arguments)
    text = as_yaml(document()[chosen.part]) if chosen.part else json.dumps(document(), indent=2) + "\n"
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
