"""The RBAC rules that the operator needs, made from the table of kinds: `python -m assistant_operator.kube.rbac`.

The chart and the plain manifests hold the output (checked in CI), so what is granted is what the code can call: the client refuses
verbs that the table lacks.
"""

import argparse
import json
import sys
from collections.abc import Iterable

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


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m assistant_operator.kube.rbac", description=__doc__)
    parser.add_argument("--part", choices=("workload", "cluster", "own"), help="only these rules, as a YAML list; without it all, as JSON")
    chosen = parser.parse_args(arguments)
    text = as_yaml(document()[chosen.part]) if chosen.part else json.dumps(document(), indent=2) + "\n"
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
