"""Alerts and dashboard read series that exist, with labels and values that they have; each alert leads to its runbook."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from assistant_gateway.errors import CODES
from assistant_gateway.record import OUTCOMES
from assistant_operator.reconcile.conditions import ORDER
from tests.support.exported import exported
from tests.support.promql import Selector, read

REPOSITORY = Path(__file__).resolve().parents[3]
FILES = REPOSITORY / "charts" / "private-assistant-operator" / "files"
RUNBOOKS = (REPOSITORY / "docs" / "runbooks.md").read_text()
OPERATIONS = (REPOSITORY / "docs" / "operations.md").read_text()

ALERTS: list[dict[str, Any]] = [alert for group in yaml.safe_load((FILES / "alerts.yaml").read_text()).values() for alert in group]
DASHBOARD: dict[str, Any] = json.loads((FILES / "dashboards" / "private-assistants.json").read_text())

BY_PROMETHEUS = frozenset({"namespace", "job", "privateassistant_dev_assistant"})
"""Labels that the chart's monitors add to every series."""
BY_OTHERS = {
    "kubelet_volume_stats_available_bytes": frozenset({"namespace", "persistentvolumeclaim"}),
    "kubelet_volume_stats_capacity_bytes": frozenset({"namespace", "persistentvolumeclaim"}),
}
"""What the kubelet exports: https://kubernetes.io/docs/reference/instrumentation/metrics/."""
SERIES = {name: labels | BY_PROMETHEUS for name, labels in exported().items()} | BY_OTHERS


def expanded(expression: str) -> str:
    """Return the expression with something where the chart puts its selectors."""
    return expression.replace("@operator@", 'namespace="n",job="j"').replace("@assistants@", 'job="j"')


EXPRESSIONS = {alert["alert"]: expanded(alert["expr"]) for alert in ALERTS} | {
    f"{panel['title']} {target['refId']}": target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", ())
}
SELECTORS = [selector for expression in EXPRESSIONS.values() for selector in read(expression).selectors]


@pytest.mark.parametrize("expression", EXPRESSIONS.values(), ids=EXPRESSIONS.keys())
def test_what_an_expression_reads_is_exported(expression: str) -> None:
    """A series that nobody exports never fires and never shows: name and labels are those of the programs' own pages."""
    reading = read(expression)

    assert reading.selectors
    for selector in reading.selectors:
        assert selector.metric in SERIES
        assert selector.matchers.keys() <= SERIES[selector.metric]
    assert reading.groups <= frozenset().union(*(SERIES[selector.metric] for selector in reading.selectors))


def known(selector: Selector, label: str) -> set[str] | None:
    """Return the values that the label can have, where they are a closed set that is written down."""
    if label == "condition":
        return set(ORDER)
    if label == "reason":
        return set(re.findall(r"`([A-Z]\w+)`", OPERATIONS))
    if label == "status":
        return {"True", "False", "Unknown"}
    if selector.metric == "private_assistant_gateway_requests_total":
        return {"outcome": set(OUTCOMES), "code": {"", *CODES}}.get(label)
    return {"error"} if label == "outcome" else None


def test_values_that_are_selected_exist() -> None:
    """A condition, reason, outcome or code of the wrong name selects nothing, and nobody would notice."""
    selected = {
        (selector.metric, label, value): known(selector, label)
        for selector in SELECTORS
        for label, pattern in selector.matchers.items()
        for value in pattern.split("|")
    }

    assert [key for key, values in selected.items() if values is not None and key[2] not in values] == []
    assert {"condition", "reason", "status", "outcome", "code"} <= {label for (_, label, _), values in selected.items() if values}


def test_every_metric_is_on_the_dashboard() -> None:
    """Whoever looks there sees all that is exported; generations are for comparisons by people, open tunnels are in the decisions."""
    shown = {re.sub("_(bucket|sum|count)$", "", selector.metric) for selector in SELECTORS}
    exists = {re.sub("_(bucket|sum|count)$", "", name) for name in exported()}

    assert exists - shown == {"private_assistant_gateway_policy_generation", "private_assistant_egress_connections"}


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_says_what_and_how_bad(alert: dict[str, Any]) -> None:
    """Severity for routing, two texts for people; labels in the description are those that the expression leaves."""
    groups = read(expanded(alert["expr"])).groups
    named = set(re.findall(r"\$labels\.(\w+)", alert["annotations"]["description"]))

    assert alert["labels"].keys() == {"severity"}
    assert alert["labels"]["severity"] in ("warning", "critical")
    assert alert["annotations"].keys() == {"summary", "description"}
    assert named <= (groups or {"namespace", "persistentvolumeclaim"})


def test_every_alert_has_its_runbook_and_every_runbook_its_alert() -> None:
    """A link that leads nowhere at three in the morning is worse than none."""
    assert sorted(re.findall(r"^## (\w+)$", RUNBOOKS, re.MULTILINE)) == sorted(alert["alert"] for alert in ALERTS)
    for section in RUNBOOKS.split("\n## ")[1:]:
        assert "**What it means.**" in section
        assert "\n1. " in section


def test_panels_do_not_overlap() -> None:
    """Each cell of the grid is taken once."""
    cells = [
        (place["x"] + x, place["y"] + y)
        for place in (panel["gridPos"] for panel in DASHBOARD["panels"])
        for x in range(place["w"])
        for y in range(place["h"])
    ]

    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24


def test_the_dashboards_variables_are_used_and_exist() -> None:
    """A variable that is not defined stays a dollar and a word in the query, which then finds nothing."""
    defined = {variable["name"] for variable in DASHBOARD["templating"]["list"]}
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(DASHBOARD["panels"])))

    assert used - {"__rate_interval"} == defined
    for variable in DASHBOARD["templating"]["list"]:
        if variable["type"] == "query":
            inside = re.match(r"label_values\((\w+).*, (\w+)\)$", variable["query"]["query"])
            assert inside is not None
            assert inside[2] in SERIES[inside[1]]
