"""Label selectors over labels that may not be known: the rest of what they mean is in test_widening.py."""

from typing import Any

import pytest

from assistant_operator.reconcile.policies.selecting import UNKNOWN, Selector, Value

OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")


def selects(selector: Selector, **labels: Value) -> bool:
    return selector.selects(labels.get)


@pytest.mark.parametrize("operator", OPERATORS)
def test_what_nobody_knows_may_be_selected(operator: str) -> None:
    """Whatever is asked of it."""
    selector = Selector.of({"matchExpressions": [{"key": "team", "operator": operator, "values": ["x"]}]})

    assert selector.selects(lambda _key: UNKNOWN)


def test_a_label_that_nobody_knows_may_match() -> None:
    """But does not make up for one that is known and does not."""
    selector = Selector.of({"matchLabels": {"team": "x", "tier": "y"}})

    assert selects(selector, team="x", tier=UNKNOWN)
    assert not selects(selector, team=UNKNOWN, tier="z")
    assert not selects(selector, team=UNKNOWN)


@pytest.mark.parametrize(
    "raw",
    [
        None,
        {},
        "everybody",
        ["a"],
        {"matchLabels": ["team"]},
        {"matchExpressions": "team"},
        {"matchExpressions": ["team"]},
        {"matchExpressions": [{"key": "team", "operator": "In", "values": "x"}]},
    ],
)
def test_what_cannot_be_read_selects(raw: Any) -> None:
    """Failures close: better a policy too many in the message than one too few."""
    assert selects(Selector.of(raw))


def test_it_tells_what_it_asks_for() -> None:
    """In both of its parts."""
    selector = Selector.of({"matchLabels": {"a": "1"}, "matchExpressions": [{"key": "b", "operator": "Exists"}]})

    assert selector.asked() == {"a", "b"}
    assert Selector.of({"matchExpressions": "b"}).asked() == frozenset()
