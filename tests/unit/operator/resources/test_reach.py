"""How far pods may reach, in one word, and the label by which policies of the cluster know it."""

from typing import Any

import pytest

from assistant_operator.naming import COMPONENT_ASSISTANT, COMPONENT_INGEST, COMPONENT_PULL, COMPONENT_STORE, LABEL_EGRESS
from assistant_operator.resources.network_policy import egress_rules
from assistant_operator.resources.plan import plan
from assistant_operator.resources.reach import reach, reach_labels
from tests.unit.operator.api.cases import GOOD, body, keep, model
from tests.unit.operator.resources.contexts import context, spec_of

NETWORK = {"cidr": "10.20.0.0/16", "ports": [{"port": 443}]}
HOST = {"host": "api.corp.example"}
CASES: list[Any] = [
    (model(), "nothing"),
    (model() | {"egress": {"mode": "Allowlist", "allow": [NETWORK]}}, "networks"),
    (model() | {"egress": {"mode": "Allowlist", "allow": [HOST]}}, "own"),
    (model() | {"egress": {"mode": "Allowlist", "allow": [HOST, NETWORK]}}, "networks"),
    (keep(), "own"),
]


@pytest.mark.parametrize(("fields", "expected"), CASES)
def test_one_word_says_how_far(fields: dict[str, Any], expected: str) -> None:
    """One network is enough for the widest."""
    assert reach(spec_of(body(fields))) == expected


@pytest.mark.parametrize("case", GOOD, ids=lambda case: case.id)
def test_the_word_says_what_the_network_policy_says(case: Any) -> None:
    """Whatever the spec: nothing means no rule at all, own means that there are no addresses but those of Services of the assistant's."""
    spec = spec_of(case.body())
    known = context(spec, proxy_address="10.96.0.60")
    rules = egress_rules(spec, known)
    addresses = {peer["ipBlock"]["cidr"] for rule in rules for peer in rule["to"] if "ipBlock" in peer}
    services = {"10.96.0.60/32", *(f"{address}/32" for address in (known.store.addresses if known.store else ()) if ":" not in address)}

    assert (reach(spec) == "nothing") is (rules == [])
    assert reach(spec) != "own" or {address for address in addresses if ":" not in address} <= services


@pytest.mark.parametrize(
    ("fields", "component", "label"),
    [
        (model(), COMPONENT_ASSISTANT, "none"),
        (keep(), COMPONENT_ASSISTANT, "own"),
        (model() | {"egress": {"mode": "Allowlist", "allow": [NETWORK]}}, COMPONENT_ASSISTANT, None),
        (model(), COMPONENT_PULL, None),
        (model(), COMPONENT_INGEST, None),
        (keep(), COMPONENT_STORE, "none"),
    ],
)
def test_pods_say_it_in_a_label(fields: dict[str, Any], component: str, label: str | None) -> None:
    """Where the spec names networks, and on pods that bring the model, there is none: nothing more is denied them."""
    assert reach_labels(spec_of(body(fields)), component).get(LABEL_EGRESS) == label


def test_the_label_is_on_the_pods_and_in_no_selector() -> None:
    """Selectors of a StatefulSet cannot change, and this label can."""
    spec = spec_of(body(keep()))
    sets = {one.name: one.body["spec"] for one in plan(spec, context(spec)) if one.kind == "StatefulSet"}

    assert {name: made["template"]["metadata"]["labels"][LABEL_EGRESS] for name, made in sets.items()} == {
        "minimal": "own",
        "minimal-store": "none",
    }
    assert not [made for made in sets.values() if LABEL_EGRESS in made["selector"]["matchLabels"]]
