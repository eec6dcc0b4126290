"""Policies of the whole cluster by others: which rules let something through, and whose pods are their subject."""

from typing import Any

import pytest

from assistant_operator.naming import LABEL_ASSISTANT
from assistant_operator.reconcile.policies.opening import Home
from assistant_operator.reconcile.policies.opening_admin import read
from assistant_operator.resources.admin_policy import admin_policies

LABELS = {LABEL_ASSISTANT: "one", "team": "x"}
HOME = Home("n", {"tier": "gold"}, "one")
EVERYBODY: dict[str, Any] = {"namespaces": {}}
PEERS: list[dict[str, Any]] = [{"networks": ["0.0.0.0/0"]}]


def policy(kind: str = "ClusterNetworkPolicy", **spec: Any) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": "theirs"}, "spec": {"priority": 5, "subject": EVERYBODY, **spec}}


def rules(*actions: str) -> list[dict[str, Any]]:
    return [{"action": action, "to": PEERS} for action in actions]


@pytest.mark.parametrize(
    ("spec", "ways"),
    [
        ({}, None),
        ({"egress": rules("Deny", "Pass"), "ingress": rules("Deny")}, None),
        ({"egress": rules("Deny", "Accept")}, "egress"),
        ({"egress": rules("Allow")}, "egress"),
        ({"ingress": rules("Accept")}, "ingress"),
        ({"egress": rules("Accept"), "ingress": rules("Pass", "Allow")}, "egress and ingress"),
        ({"egress": rules("Log")}, "egress"),
        ({"egress": [{"to": PEERS}]}, "egress"),
        ({"egress": ["x"]}, "egress"),
        ({"egress": "x"}, "egress"),
        ({"tier": "Admin", "egress": rules("Accept")}, "egress"),
        ({"tier": "Later", "egress": rules("Accept")}, "egress"),
        ({"tier": "Baseline", "egress": rules("Accept")}, None),
    ],
)
def test_rules_that_let_something_through_count(spec: dict[str, Any], ways: str | None) -> None:
    """Accept and Allow, and what nobody knows. What is asked after every NetworkPolicy can widen none."""
    for kind in ("ClusterNetworkPolicy", "AdminNetworkPolicy"):
        assert [str(one) for one in read(policy(kind, **spec))] == ([] if ways is None else [f"{kind} theirs ({ways})"])


@pytest.mark.parametrize(
    ("subject", "selects"),
    [
        ({"namespaces": {}}, True),
        ({"namespaces": {"matchLabels": {"tier": "gold"}}}, True),
        ({"namespaces": {"matchLabels": {"tier": "iron"}}}, False),
        ({"namespaces": {"matchLabels": {"kubernetes.io/metadata.name": "n"}}}, True),
        ({"namespaces": {"matchLabels": {"kubernetes.io/metadata.name": "m"}}}, False),
        ({"pods": {"podSelector": {}}}, True),
        ({"pods": {"namespaceSelector": {}, "podSelector": {"matchLabels": {"team": "x"}}}}, True),
        ({"pods": {"namespaceSelector": {}, "podSelector": {"matchLabels": {"team": "y"}}}}, False),
        ({"pods": {"namespaceSelector": {"matchLabels": {"tier": "iron"}}, "podSelector": {}}}, False),
        ({"pods": {"namespaceSelector": {"matchExpressions": [{"key": "tier", "operator": "Exists"}]}, "podSelector": {}}}, True),
        ({"somebody": {}}, True),
        ({}, True),
        (None, True),
        ("x", True),
    ],
)
def test_subjects_are_namespaces_or_pods_in_them(subject: Any, selects: bool) -> None:
    """A subject that cannot be read may be everybody."""
    (found,) = read(policy(subject=subject, egress=rules("Accept")))

    assert found.selects(LABELS, HOME) is selects


def test_namespaces_whose_labels_may_not_be_read_may_be_the_subject() -> None:
    """All but those of another name."""
    unread = Home("n", None, "one")
    iron, other = (
        read(policy(subject={"namespaces": {"matchLabels": labels}}, egress=rules("Accept")))[0]
        for labels in ({"tier": "iron"}, {"kubernetes.io/metadata.name": "m"})
    )

    assert iron.selects(LABELS, unread)
    assert not other.selects(LABELS, unread)


def test_a_policy_that_cannot_be_read_counts() -> None:
    """For everybody, and both ways."""
    (found,) = read({"kind": "ClusterNetworkPolicy", "metadata": {"name": "theirs"}, "spec": "x"})

    assert str(found) == "ClusterNetworkPolicy theirs (egress and ingress)"
    assert found.selects(LABELS, HOME)


def test_one_that_names_another_assistant_is_for_that_one() -> None:
    """Asked of every policy for every assistant, so it looks at little."""
    subject = {"pods": {"podSelector": {"matchLabels": {LABEL_ASSISTANT: "two"}}}}
    (found,) = read(policy(subject=subject, egress=rules("Accept")))

    assert found.may_select("n", "two")
    assert not found.may_select("n", "one")


def test_our_own_policies_open_nothing() -> None:
    """They only deny."""
    for kind in ("ClusterNetworkPolicy", "AdminNetworkPolicy"):
        assert [read(manifest.to_dict()) for manifest in admin_policies("v", kind, "o", (), "")] == [(), ()]
