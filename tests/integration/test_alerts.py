"""The chart's alerts, as Prometheus evaluates them: promtool plays a past to the rules that helm renders, and compares what fires."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.cluster import builds
from tests.support.chart import CHART, Object, render
from tests.support.exported import pages

ON: Object = {"enabled": True}
EVERYTHING: Object = {"monitoring": {"namespaceLabels": {"a": "b"}, "serviceMonitor": ON, "podMonitor": ON, "rules": ON}}
OPERATOR = 'namespace="operators",job="private-assistant-operator-metrics",pod="o-0"'
STANDBY = OPERATOR.replace("o-0", "o-1")
GATEWAY = 'namespace="team",job="operators/private-assistant-operator-assistants",privateassistant_dev_assistant="one",pod="one-0"'
ELSEWHERE = 'namespace="elsewhere",job="private-assistant-operator-metrics",pod="o-0"'


def rules(values: Object) -> Object:
    """Return the spec of the PrometheusRule: a rule file of Prometheus."""
    (rule,) = [one["spec"] for one in render(values) if one["kind"] == "PrometheusRule"]
    return dict(rule)


def by_name(spec: Object) -> dict[str, Object]:
    """Return the alerts of a rule file."""
    return {rule["alert"]: rule for group in spec["groups"] for rule in group["rules"]}


@pytest.fixture(scope="module")
def everything() -> Object:
    """The rule file with all alerts."""
    return rules(EVERYTHING)


def promtool(*arguments: str | Path, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run the promtool that was built for the tests."""
    builds.build(("prometheus",))
    return subprocess.run([str(builds.built("promtool")), *map(str, arguments)], input=stdin, capture_output=True, text=True)


def assistants(condition: str, status: str, reason: str, labels: str = OPERATOR) -> str:
    """Return the name of the series that counts assistants in a condition."""
    return f'private_assistant_operator_assistants{{{labels},condition="{condition}",status="{status}",reason="{reason}"}}'


SHARD = 'private_assistant_operator_shard_held{%s,shard="%s"}'
LEADER = f"private_assistant_operator_leader{{{OPERATOR}}}"
WELL: dict[str, str] = {
    LEADER: "1x120",
    f"private_assistant_operator_leader{{{STANDBY}}}": "0x120",
    SHARD % (OPERATOR, 0): "1x120",
    SHARD % (STANDBY, 0): "0x120",
    SHARD % (OPERATOR, 1): "0x120",
    SHARD % (STANDBY, 1): "1x120",
    f'private_assistant_operator_reconciles_total{{{OPERATOR},outcome="ready"}}': "0+60x120",
    f'private_assistant_operator_reconciles_total{{{OPERATOR},outcome="error"}}': "0+1x120",
    f'private_assistant_operator_api_calls_total{{{OPERATOR},verb="patch",kind="Service",code="200"}}': "0+60x120",
    f'private_assistant_operator_api_calls_total{{{OPERATOR},verb="patch",kind="Service",code="409"}}': "0+60x120",
    assistants("Ready", "True", "Serving"): "3x120",
    assistants("Ready", "Unknown", "Suspended"): "1x120",
    assistants("EgressConfined", "Unknown", "Suspended"): "1x120",
    assistants("Ready", "False", "ScaledToZero"): "1x120",
    assistants("EgressConfined", "Unknown", "ScaledToZero"): "1x120",
    assistants("EgressConfined", "True", "Enforced"): "3x120",
    assistants("RedactionActive", "False", "NotRequested"): "1x120",
    assistants("RetentionEnforced", "True", "NothingKept"): "3x120",
    assistants("ImagesUnaffected", "Unknown", "VersionUnknown"): "3x120",
    assistants("UpToDate", "False", "WaitingForWindow"): "3x120",
    assistants("UpToDate", "False", "WaitingForTurn"): "3x120",
    assistants("EgressConfined", "False", "NotEnforced", ELSEWHERE): "1x120",
    'kubelet_volume_stats_available_bytes{namespace="team",persistentvolumeclaim="one-store"}': "50x120",
    'kubelet_volume_stats_capacity_bytes{namespace="team",persistentvolumeclaim="one-store"}': "100x120",
    'kubelet_volume_stats_available_bytes{namespace="team",persistentvolumeclaim="one-models"}': "1x120",
    'kubelet_volume_stats_capacity_bytes{namespace="team",persistentvolumeclaim="one-models"}': "100x120",
    f'private_assistant_gateway_requests_total{{{GATEWAY},route="/api/chat",outcome="completed",code=""}}': "0+60x120",
    f'private_assistant_gateway_requests_total{{{GATEWAY},route="/api/chat",outcome="refused",code="wrong_key"}}': "0+1x120",
    f'private_assistant_gateway_reloads_total{{{GATEWAY},what="policy",result="taken"}}': "0+1x120",
    f'private_assistant_gateway_reloads_total{{{GATEWAY},what="policy",result="rejected"}}': "0x120",
}
"""Two hours, a value a minute, in which nothing is wrong here, and something at somebody else's."""

CERTIFICATE = f"private_assistant_gateway_certificate_expiration_timestamp_seconds{{{GATEWAY}}}"
WELL[CERTIFICATE] = f"{90 * 86400}x200"
ONE = {"namespace": "team", "privateassistant_dev_assistant": "one"}
# By alert: series that differ from WELL, from minute 60 on; how many minutes later it is still silent, and when it has fired; its labels.
CASES: dict[str, tuple[dict[str, str], int, int, Object]] = {
    "PrivateAssistantOperatorDown": ({LEADER: "1x60 0x60"}, 4, 7, {}),
    "PrivateAssistantOperatorTwice": ({SHARD % (OPERATOR, 1): "0x60 1x60"}, 9, 12, {"shard": "1"}),
    "PrivateAssistantShardDown": ({SHARD % (STANDBY, 1): "1x60 0x60"}, 4, 7, {"shard": "1"}),
    "PrivateAssistantReconcileErrors": (
        {f'private_assistant_operator_reconciles_total{{{OPERATOR},outcome="error"}}': "0+1x60 60+60x60"},
        14,
        27,
        {},
    ),
    "PrivateAssistantApiServerFailing": (
        {f'private_assistant_operator_api_calls_total{{{OPERATOR},verb="get",kind="Pod",code="0"}}': "0x60 0+60x60"},
        9,
        22,
        {},
    ),
    "PrivateAssistantNotReady": ({assistants("Ready", "False", "PodsNotReady"): "0x60 1x20 0x0 1x40"}, 51, 54, {}),
    "PrivateAssistantStalled": ({assistants("Stalled", "True", "DigestMismatch"): "0x60 1x60"}, 14, 17, {"reason": "DigestMismatch"}),
    "PrivateAssistantNotConfined": ({assistants("EgressConfined", "False", "NotEnforced"): "0x60 2x60"}, 1, 3, {"reason": "NotEnforced"}),
    "PrivateAssistantRedactionFailing": (
        {assistants("RedactionActive", "False", "SelfCheckFailed"): "0x60 1x60"},
        1,
        3,
        {"reason": "SelfCheckFailed"},
    ),
    "PrivateAssistantPurgeLate": ({assistants("RetentionEnforced", "False", "PurgeLate"): "0x60 1x60"}, 4, 7, {"reason": "PurgeLate"}),
    "PrivateAssistantPromiseNotShown": (
        {assistants("EgressConfined", "Unknown", "Inconclusive"): "0x60 1x60"},
        29,
        32,
        {"condition": "EgressConfined", "reason": "Inconclusive"},
    ),
    "PrivateAssistantRolloutHalted": ({assistants("UpToDate", "False", "RolloutHalted"): "0x60 3x60"}, 4, 7, {"reason": "RolloutHalted"}),
    "PrivateAssistantVulnerableImage": (
        {assistants("ImagesUnaffected", "False", "KnownVulnerability"): "0x60 1x80"},
        59,
        62,
        {"reason": "KnownVulnerability"},
    ),
    "PrivateAssistantStoreFull": ({assistants("StoreReady", "False", "StoreFull"): "0x60 1x60"}, -1, 1, {"reason": "StoreFull"}),
    "PrivateAssistantStoreFilling": (
        {'kubelet_volume_stats_available_bytes{namespace="team",persistentvolumeclaim="one-store"}': "50x60 14x60"},
        14,
        17,
        {"namespace": "team", "persistentvolumeclaim": "one-store"},
    ),
    "PrivateAssistantRequestsFailing": (
        {f'private_assistant_gateway_requests_total{{{GATEWAY},route="/api/chat",outcome="failed",code="upstream_lost"}}': "0x60 0+20x60"},
        9,
        22,
        ONE,
    ),
    "PrivateAssistantChangeRejected": (
        {f'private_assistant_gateway_reloads_total{{{GATEWAY},what="policy",result="rejected"}}': "0x60 1x60"},
        -1,
        2,
        ONE | {"what": "policy"},
    ),
    "PrivateAssistantCertificateEnding": ({CERTIFICATE: f"{90 * 86400}x60 {7 * 86400 + 3600}x140"}, 60, 63, ONE),
    "PrivateAssistantKeysTried": (
        {f'private_assistant_gateway_requests_total{{{GATEWAY},route="/api/chat",outcome="refused",code="wrong_key"}}': "0+1x60 60+60x60"},
        9,
        22,
        ONE,
    ),
}


def play(spec: Object, folder: Path, series: dict[str, str], expected: list[tuple[int, str, list[Object]]]) -> str:
    """Have promtool play the series and compare the alerts (minute, alert, labels of each that fires); return what it says is wrong."""
    played = json.loads(json.dumps(spec))
    for alert in by_name(played).values():
        del alert["annotations"]  # promtool would compare them word by word
    (folder / "rules.yaml").write_text(yaml.safe_dump(played))
    severities = {name: alert["labels"] for name, alert in by_name(spec).items()}
    tests = [
        {"eval_time": f"{minute}m", "alertname": name, "exp_alerts": [{"exp_labels": labels | severities[name]} for labels in firing]}
        for minute, name, firing in expected
    ]
    past = [{"series": name, "values": values} for name, values in series.items()]
    suite = {
        "rule_files": ["rules.yaml"],
        "evaluation_interval": "1m",
        "tests": [{"interval": "1m", "input_series": past, "alert_rule_test": tests}],
    }
    (folder / "test.yaml").write_text(json.dumps(suite))
    done = promtool("test", "rules", folder / "test.yaml")
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_the_rules_are_rules(everything: Object, tmp_path: Path) -> None:
    """Prometheus loads them, and its linter has nothing to say."""
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(everything))
    done = promtool("check", "rules", "--lint=all", "--lint-fatal", tmp_path / "rules.yaml")

    assert done.returncode == 0, done.stderr
    assert f"{len(by_name(everything))} rules found" in done.stdout


@pytest.mark.parametrize("page", pages(), ids=["operator", "gateway", "egress proxy"])
def test_names_are_as_prometheus_would_have_them(page: str) -> None:
    """Its linter knows the conventions: units, suffixes, a text for each."""
    done = promtool("check", "metrics", stdin=page)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_panel_can_be_asked(tmp_path: Path) -> None:
    """Grafana shows a mistake in an expression where nobody looks; here Prometheus' own parser reads them, as rules that record."""
    (dashboard,) = (CHART / "files" / "dashboards").iterdir()
    asked = [target["expr"] for panel in json.loads(dashboard.read_text())["panels"] for target in panel.get("targets", ())]
    recording = [
        {"record": f"panel:{number}", "expr": expression.replace("$__rate_interval", "5m")} for number, expression in enumerate(asked)
    ]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": recording}]}))
    done = promtool("check", "rules", tmp_path / "rules.yaml")

    assert done.returncode == 0, done.stderr
    assert f"{len(asked)} rules found" in done.stdout


def test_nothing_fires_where_all_is_well(everything: Object, tmp_path: Path) -> None:
    """Alerts on what was asked for (suspended, no replicas, no redaction) would teach people to look away."""
    assert play(everything, tmp_path, WELL, [(minute, name, []) for minute in (10, 60, 120) for name in by_name(everything)]) == ""


def test_every_alert_is_played(everything: Object) -> None:
    """An alert without a case could be one that never fires."""
    assert by_name(everything).keys() == CASES.keys()


@pytest.mark.parametrize("name", CASES)
def test_an_alert_fires_when_it_should_and_not_before(name: str, everything: Object, tmp_path: Path) -> None:
    """From minute 60 on something is wrong: silence for as long as it may pass, then this alert, with the labels that say where."""
    changed, silent, loud, labels = CASES[name]

    assert play(everything, tmp_path, WELL | changed, [(60 + silent, name, []), (60 + loud, name, [labels])]) == ""


def test_what_several_replicas_show_is_added_up(everything: Object, tmp_path: Path) -> None:
    """Each has the assistants of its shards: the numbers in the alerts' texts are those of all of them."""
    counted = {name: rule for name, rule in by_name(everything).items() if "private_assistant_operator_assistants" in rule["expr"]}
    promises = ("Ready", "EgressConfined", "RedactionActive", "RetentionEnforced")
    states = [(promise, "False", "X") for promise in promises]
    states += [("Stalled", "True", "X"), ("EgressConfined", "Unknown", "X"), ("StoreReady", "False", "StoreFull")]
    states += [("UpToDate", "False", "RolloutHalted"), ("ImagesUnaffected", "False", "KnownVulnerability")]
    shown = ((OPERATOR, "2x10"), (STANDBY, "3x10"))
    series = [{"series": assistants(*state, labels), "values": values} for state in states for labels, values in shown]
    five = [{"labels": "{}", "value": 5}]
    asked = [{"expr": f"max({rule['expr']})", "eval_time": "5m", "exp_samples": five} for rule in counted.values()]
    suite = {"evaluation_interval": "1m", "tests": [{"interval": "1m", "input_series": series, "promql_expr_test": asked}]}
    (tmp_path / "test.yaml").write_text(json.dumps(suite))
    done = promtool("test", "rules", tmp_path / "test.yaml")

    assert len(counted) == 9
    assert done.returncode == 0, done.stdout + done.stderr


def test_without_the_operator_it_is_down(everything: Object, tmp_path: Path) -> None:
    """No series at all is what a deleted Deployment leaves."""
    gone = {name: values for name, values in WELL.items() if "_operator_" not in name}
    down = "PrivateAssistantOperatorDown"

    assert play(everything, tmp_path, gone, [(4, down, []), (7, down, [{}])]) == ""


def test_what_does_not_fire_is_missed(everything: Object, tmp_path: Path) -> None:
    """promtool does compare: the other tests here could not fail otherwise."""
    assert play(everything, tmp_path, WELL, [(120, "PrivateAssistantNotConfined", [{"reason": "NotEnforced"}])]) != ""


def test_requests_are_watched_only_where_they_are_read(everything: Object) -> None:
    """Without the PodMonitor there are no series about them: alerts on nothing would look as if all were well."""
    monitoring = EVERYTHING["monitoring"] | {"podMonitor": {"enabled": False}}

    assert by_name(everything).keys() - by_name(rules({"monitoring": monitoring})).keys() == {
        "PrivateAssistantRequestsFailing",
        "PrivateAssistantChangeRejected",
        "PrivateAssistantCertificateEnding",
        "PrivateAssistantKeysTried",
    }


def test_alerts_link_to_their_runbooks(everything: Object) -> None:
    """The section of the alert, on our page or on one of the user's own."""
    own = EVERYTHING["monitoring"] | {"rules": {"enabled": True, "runbookUrl": "https://wiki.corp/runbooks"}}
    links = {name: alert["annotations"]["runbook_url"] for name, alert in by_name(rules({"monitoring": own})).items()}

    assert links == {name: f"https://wiki.corp/runbooks#{name.lower()}" for name in CASES}
    for name, alert in by_name(everything).items():
        assert alert["annotations"]["runbook_url"].endswith(f"/docs/runbooks.md#{name.lower()}")
