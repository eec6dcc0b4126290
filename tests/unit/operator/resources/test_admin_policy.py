"""The policies of the whole cluster: what they deny, to whom, and that they open nothing."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from assistant_operator.naming import LABEL_EGRESS
from assistant_operator.resources.admin_policy import admin_policies, policy_name

GOLDEN = Path(__file__).parent / "golden" / "admin"
KINDS = [
    ("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy"),
    ("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy"),
]


def made(api_version: str, kind: str, namespaces: tuple[str, ...] = (), uid: str = "") -> list[dict[str, Any]]:
    return [manifest.to_dict() for manifest in admin_policies(api_version, kind, "private-assistant-system", namespaces, uid)]


@pytest.mark.parametrize(("api_version", "kind"), KINDS)
def test_the_objects_are_what_they_were(api_version: str, kind: str) -> None:
    """Golden files: a change of what is applied is seen in review. REWRITE_GOLDEN=1 writes them anew."""
    shown = made(api_version, kind, ("team-b", "team-a"), "uid-of-the-crd")
    golden = GOLDEN / f"{kind}.json"
    if os.environ.get("REWRITE_GOLDEN"):
        golden.write_text(json.dumps(shown, indent=1) + "\n")

    assert json.loads(golden.read_text()) == shown


@pytest.mark.parametrize(("api_version", "kind"), KINDS)
def test_they_only_deny(api_version: str, kind: str) -> None:
    """An Accept would widen, and a Pass would skip what administrators deny after it."""
    specs = [policy["spec"] for policy in made(api_version, kind)]

    assert [rule["action"] for spec in specs for rule in spec["egress"]] == ["Deny", "Deny"]
    assert not [spec for spec in specs if "ingress" in spec]


@pytest.mark.parametrize(("api_version", "kind"), KINDS)
def test_their_priorities_are_low_numbers_and_differ(api_version: str, kind: str) -> None:
    """Before most of what others make. Some network plugins take none above 99, and none twice."""
    priorities = [policy["spec"]["priority"] for policy in made(api_version, kind)]

    assert len(set(priorities)) == 2
    assert all(0 < priority < 100 for priority in priorities)


@pytest.mark.parametrize(("api_version", "kind"), KINDS)
def test_what_reaches_nothing_is_denied_everything_and_the_rest_less(api_version: str, kind: str) -> None:
    """Pods that reach pods of their own keep the way there: of these nobody knows the addresses."""
    nothing, own = (policy["spec"] for policy in made(api_version, kind))
    denied = [[peer for rule in spec["egress"] for peer in rule["to"]] for spec in (nothing, own)]

    assert [spec["subject"]["pods"]["podSelector"]["matchLabels"] for spec in (nothing, own)] == [
        {LABEL_EGRESS: "none"},
        {LABEL_EGRESS: "own"},
    ]
    assert denied[0] == [{"networks": ["0.0.0.0/0", "::/0"]}, {"namespaces": {}}]
    assert denied[1] == [{"networks": ["169.254.169.254/32", "fd00:ec2::254/128"]}]


@pytest.mark.parametrize(("api_version", "kind"), KINDS)
def test_watched_namespaces_alone_are_meant(api_version: str, kind: str) -> None:
    """Another installation has its own; where all are watched, all are."""
    some = [policy["spec"]["subject"]["pods"]["namespaceSelector"] for policy in made(api_version, kind, ("b", "a"))]
    every = [policy["spec"]["subject"]["pods"]["namespaceSelector"] for policy in made(api_version, kind)]

    assert some == [{"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["a", "b"]}]}] * 2
    assert every == [{}, {}]


def test_the_tier_is_named_where_there_are_tiers() -> None:
    """AdminNetworkPolicy is a tier by itself, and refuses the field."""
    tiers = [[policy["spec"].get("tier") for policy in made(*kind)] for kind in KINDS]

    assert tiers == [["Admin", "Admin"], [None, None]]


def test_installations_do_not_share_names() -> None:
    """And long namespaces fit."""
    names = {policy_name(namespace, word) for namespace in ("a", "b", "n" * 63) for word in ("none", "own")}

    assert len(names) == 6
    assert all(len(name) <= 63 for name in names)


def test_they_go_with_the_definition() -> None:
    """Nothing that has a namespace can own them; without its uid nobody does, and no uid is made up."""
    owned, free = made("v", "AdminNetworkPolicy", uid="u")[0], made("v", "AdminNetworkPolicy")[0]

    assert owned["metadata"]["ownerReferences"] == [
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "name": "privateassistants.privateassistant.dev",
            "uid": "u",
        }
    ]
    assert "ownerReferences" not in free["metadata"]
