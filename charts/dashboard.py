"""The Grafana dashboard, as tables of panels: charts/generate.py writes it to the chart.

Grafana's JSON says in forty lines what a row here says in one; only what differs from its defaults is written.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

Json = dict[str, Any]

OPERATOR: Final = 'job=~"$operator"'
GATEWAY: Final = 'namespace=~"$namespace",privateassistant_dev_assistant=~"$assistant"'
"""How the chart's ServiceMonitor and PodMonitor label series; the variables choose among them."""

WIDTH: Final = 24
SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel: `queries` are pairs of an expression and a legend; `above` is the value from which a figure is red."""

    title: str
    queries: tuple[tuple[str, str], ...]
    kind: str = "timeseries"
    unit: str = "short"
    width: int = 8
    above: float | None = None
    text: str = ""


def _state(condition: str, matchers: str) -> str:
    chosen = f'{OPERATOR},condition="{condition}",{matchers}'
    return f"sum(private_assistant_operator_assistants{{{chosen}}}) or vector(0)"


def _figure(title: str, condition: str, matchers: str, text: str, above: float | None = 1) -> Panel:
    return Panel(title, ((_state(condition, matchers), ""),), kind="stat", width=4, above=above, text=text)


def _quantiles(metric: str, matchers: str) -> tuple[tuple[str, str], ...]:
    buckets = f"sum by (le) (rate({metric}_bucket{{{matchers}}}[$__rate_interval]))"
    return tuple((f"histogram_quantile({share}, {buckets})", f"p{share * 100:.0f}") for share in (0.5, 0.95, 0.99))


def _rate(metric: str, matchers: str, by: str) -> tuple[tuple[str, str], ...]:
    legend = " ".join(f"{{{{{label}}}}}" for label in by.split(", "))
    return ((f"sum by ({by}) (rate({metric}{{{matchers}}}[$__rate_interval]))", legend),)


ROWS: Final[tuple[tuple[str, tuple[Panel, ...]], ...]] = (
    (
        "Promises",
        (
            _figure("Ready", "Ready", 'status="True"', "Assistants for which all holds.", above=None),
            _figure("Not ready", "Ready", 'status!="True",reason!~"Suspended|ScaledToZero"', "Though their specs ask for it."),
            _figure("Stalled", "Stalled", 'status="True"', "Nothing happens until somebody changes something."),
            _figure("Not confined", "EgressConfined", 'status="False"', "Something can be reached that has to be closed."),
            _figure("Redaction failing", "RedactionActive", 'status="False",reason!="NotRequested"', "The self-check fails."),
            _figure("Purge late", "RetentionEnforced", 'status="False"', "Something is kept longer than it may be."),
            Panel(
                "Not True, by condition and reason",
                (
                    (
                        "sum by (condition, reason) (private_assistant_operator_assistants{"
                        f'{OPERATOR},condition!~"Reconciling|Stalled",status!="True"}})',
                        "{{condition}}: {{reason}}",
                    ),
                ),
                width=24,
                text="Reasons are explained in docs/operations.md.",
            ),
        ),
    ),
    (
        "Operator",
        (
            Panel(
                "Active replicas, by shard",
                ((f"sum by (shard) (private_assistant_operator_shard_held{{{OPERATOR}}})", "{{shard}}"),),
                text="One for each shard, always.",
            ),
            Panel(
                "Replicas, by release",
                ((f"count by (version) (private_assistant_operator_build_info{{{OPERATOR}}})", "{{version}}"),),
                text="Two only while an upgrade goes on.",
            ),
            Panel("Passes", _rate("private_assistant_operator_reconciles_total", OPERATOR, "outcome"), unit="ops"),
            Panel("Duration of a pass", _quantiles("private_assistant_operator_reconcile_seconds", OPERATOR), unit="s"),
            Panel("Calls to the API server", _rate("private_assistant_operator_api_calls_total", OPERATOR, "verb, kind"), unit="reqps"),
            Panel(
                "Calls that failed",
                _rate("private_assistant_operator_api_calls_total", f'{OPERATOR},code!~"2..|404"', "verb, kind, code"),
                unit="reqps",
                text="Code 0 had no answer; 404 is how the operator learns that something is not there yet.",
            ),
            Panel("Duration of a call", _quantiles("private_assistant_operator_api_call_seconds", OPERATOR), unit="s"),
            Panel(
                "Queue",
                (
                    (f"sum(private_assistant_operator_queue_depth{{{OPERATOR}}})", "waiting"),
                    (f"sum(private_assistant_operator_workers_busy{{{OPERATOR}}})", "running"),
                ),
            ),
            Panel(
                "Egress proxies: decisions, as status shows them",
                (
                    (
                        f"sum by (decision, reason) (private_assistant_operator_egress_decisions{{{OPERATOR}}})",
                        "{{decision}}: {{reason}}",
                    ),
                ),
                width=16,
            ),
        ),
    ),
    (
        "Requests (needs the chart's podMonitor)",
        (
            Panel("Requests", _rate("private_assistant_gateway_requests_total", GATEWAY, "outcome"), unit="reqps"),
            Panel(
                "Refusals and failures",
                _rate("private_assistant_gateway_requests_total", f'{GATEWAY},code!=""', "code"),
                unit="reqps",
                text="Codes are explained in docs/operations.md.",
            ),
            Panel("In progress", ((f"sum(private_assistant_gateway_requests_in_flight{{{GATEWAY}}})", "requests"),)),
            Panel("Duration of a request", _quantiles("gen_ai_server_request_duration_seconds", GATEWAY), unit="s"),
            Panel("Time to the first token", _quantiles("gen_ai_server_time_to_first_token_seconds", GATEWAY), unit="s"),
            Panel("Tokens", _rate("gen_ai_client_token_usage_sum", GATEWAY, "gen_ai_token_type"), unit="short"),
            Panel("Personal data found", _rate("private_assistant_redactions_total", GATEWAY, "direction, entity"), unit="cps"),
            Panel(
                "Gateways that serve",
                (
                    (
                        f"sum by (namespace, privateassistant_dev_assistant) (private_assistant_gateway_ready{{{GATEWAY}}})",
                        "{{namespace}}/{{privateassistant_dev_assistant}}",
                    ),
                ),
            ),
            Panel("Changes taken and rejected", _rate("private_assistant_gateway_reloads_total", GATEWAY, "what, result"), unit="ops"),
            Panel(
                "Life left of certificates",
                (
                    (
                        "min by (namespace, privateassistant_dev_assistant) "
                        f"(private_assistant_gateway_certificate_expiration_timestamp_seconds{{{GATEWAY}}}) - time()",
                        "{{namespace}}/{{privateassistant_dev_assistant}}",
                    ),
                ),
                unit="s",
            ),
            Panel("Lines of the model server", _rate("private_assistant_gateway_runtime_log_lines_total", GATEWAY, "result"), unit="ops"),
            Panel("Egress proxies: decisions", _rate("private_assistant_egress_decisions_total", GATEWAY, "decision, reason"), unit="ops"),
            Panel("Egress proxies: bytes", _rate("private_assistant_egress_bytes_total", GATEWAY, "direction"), unit="Bps"),
        ),
    ),
    (
        "Stores",
        (
            Panel(
                "Room left on the volumes of stores",
                (
                    (
                        'kubelet_volume_stats_available_bytes{namespace=~"$namespace",persistentvolumeclaim=~".+-store"}'
                        ' / kubelet_volume_stats_capacity_bytes{namespace=~"$namespace",persistentvolumeclaim=~".+-store"}',
                        "{{namespace}}/{{persistentvolumeclaim}}",
                    ),
                ),
                unit="percentunit",
                width=24,
                text="The kubelet's figures; some kinds of volume have none.",
            ),
        ),
    ),
)


def text() -> str:
    """Return the dashboard's JSON, as Grafana imports it."""
    return json.dumps(dashboard(), indent=2, ensure_ascii=False) + "\n"


def dashboard() -> Json:
    """Return the dashboard."""
    return {
        "uid": "private-assistants",
        "title": "Private assistants",
        "description": "Promises, operator and requests of private-assistant-operator. No panel shows content: the metrics hold none.",
        "tags": ["private-assistant-operator"],
        "schemaVersion": 39,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": list(_variables())},
        "panels": [panel | {"id": number} for number, panel in enumerate(_panels(), 1)],
    }


def _variables() -> Iterator[Json]:
    yield {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"}
    of_gateways = "private_assistant_gateway_ready"
    for name, label, query in (
        ("operator", "Operator", "label_values(private_assistant_operator_leader, job)"),
        ("namespace", "Namespace", f"label_values({of_gateways}, namespace)"),
        ("assistant", "Assistant", f'label_values({of_gateways}{{namespace=~"$namespace"}}, privateassistant_dev_assistant)'),
    ):
        yield {
            "name": name,
            "label": label,
            "type": "query",
            "datasource": SOURCE,
            "query": {"query": query, "refId": name},
            "refresh": 2,
            "sort": 1,
            "multi": True,
            "includeAll": True,
            "allValue": ".*",
            "current": {"text": "All", "value": "$__all"},
        }


def _panels() -> Iterator[Json]:
    top = 0
    for title, panels in ROWS:
        yield {"type": "row", "title": title, "collapsed": False, "panels": [], "gridPos": {"x": 0, "y": top, "w": WIDTH, "h": 1}}
        top += 1
        left = height = 0
        for panel in panels:
            if left + panel.width > WIDTH:
                left, top = 0, top + height
            height = 4 if panel.kind == "stat" else 8
            yield _panel(panel) | {"gridPos": {"x": left, "y": top, "w": panel.width, "h": height}}
            left += panel.width
        top += height


def _panel(panel: Panel) -> Json:
    defaults: Json = {"unit": panel.unit, "min": 0}
    if panel.above is not None:
        steps = [{"color": "green", "value": None}, {"color": "red", "value": panel.above}]
        defaults["thresholds"] = {"mode": "absolute", "steps": steps}
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.text,
        "datasource": SOURCE,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "targets": [
            {"refId": chr(ord("A") + number), "datasource": SOURCE, "expr": expression, "legendFormat": legend}
            for number, (expression, legend) in enumerate(panel.queries)
        ],
    }
