"""Settings: flags, variables, and what is said where they make no sense."""

from datetime import timedelta
from pathlib import Path

import pytest

from assistant_operator.reconcile.judging.advisories import NoTable, Table, shipped
from assistant_operator.reconcile.releases.turns import Pace
from assistant_operator.resources.context import DEFAULT_STORE_IMAGE
from assistant_operator.resources.egress_targets import Endpoint
from assistant_operator.settings import SettingsError, load
from assistant_operator.version import VERSION

REQUIRED = ["--gateway-image=g:1", "--ollama-image=o:1", "--operator-namespace=ops", "--operator-labels=app=x,tier=y"]


def test_the_least_that_is_needed() -> None:
    settings = load(REQUIRED, {"HOSTNAME": "pod-1"})

    assert settings.installation.gateway_image == "g:1"
    assert settings.installation.operator_labels == {"app": "x", "tier": "y"}
    assert settings.installation.store_image == DEFAULT_STORE_IMAGE
    assert settings.namespaces == ()
    assert settings.identity == "pod-1"
    assert settings.leader_election
    assert (settings.ops_port, settings.workers, settings.resync_seconds) == (8080, 8, 600)
    assert (settings.log_level, settings.log_format) == ("INFO", "JSON")
    assert (settings.canary, settings.outside_targets) == (None, ())
    assert (settings.installation.dns_labels, settings.installation.dns_port) == ({"k8s-app": "kube-dns"}, 53)
    assert not settings.installation.cilium_names


@pytest.mark.parametrize("left_out", range(4))
def test_what_is_missing_is_named(left_out: int) -> None:
    flag = REQUIRED[left_out].partition("=")[0]

    with pytest.raises(SettingsError, match=flag):
        load([one for one in REQUIRED if not one.startswith(flag)], {})


def test_every_flag_has_a_variable(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text("PEM")
    settings = load(
        [],
        {
            "PRIVATE_ASSISTANT_GATEWAY_IMAGE": "g:2",
            "PRIVATE_ASSISTANT_OLLAMA_IMAGE": "o:2",
            "PRIVATE_ASSISTANT_STORE_IMAGE": "s:2",
            "PRIVATE_ASSISTANT_OPERATOR_NAMESPACE": "ops",
            "PRIVATE_ASSISTANT_OPERATOR_LABELS": "app=x",
            "PRIVATE_ASSISTANT_NAMESPACE": "b, a,b",
            "PRIVATE_ASSISTANT_PULL_CA_FILE": str(bundle),
            "PRIVATE_ASSISTANT_IMAGE_PULL_SECRETS": "one,two",
            "PRIVATE_ASSISTANT_IMAGE_PULL_POLICY": "Never",
            "PRIVATE_ASSISTANT_MONITORING_NAMESPACE_LABELS": "team=sre",
            "PRIVATE_ASSISTANT_OPS_PORT": "9999",
            "PRIVATE_ASSISTANT_WORKERS": "3",
            "PRIVATE_ASSISTANT_RESYNC_SECONDS": "60",
            "PRIVATE_ASSISTANT_LOG_FORMAT": "Text",
            "PRIVATE_ASSISTANT_SHARDS": "1",
            "PRIVATE_ASSISTANT_LEADER_ELECTION": "false",
            "PRIVATE_ASSISTANT_CANARY": "canary.ops.svc.cluster.local:9092",
            "PRIVATE_ASSISTANT_DNS_LABELS": "dns.operator.openshift.io/daemonset-dns=default",
            "PRIVATE_ASSISTANT_DNS_PORT": "5353",
            "PRIVATE_ASSISTANT_CILIUM_NAMES": "true",
            "PRIVATE_ASSISTANT_OUTSIDE_TARGETS": "198.51.100.10:443, [2001:db8::10]:80,198.51.100.10:443",
        },
    )

    assert settings.namespaces == ("a", "b")
    assert settings.installation.store_image == "s:2"
    assert settings.installation.pull_ca == "PEM"
    assert settings.installation.image_pull_secrets == ("one", "two")
    assert settings.installation.image_pull_policy == "Never"
    assert settings.installation.monitoring_namespace_labels == {"team": "sre"}
    assert (settings.ops_port, settings.workers, settings.resync_seconds) == (9999, 3, 60)
    assert settings.log_format == "Text"
    assert not settings.leader_election
    assert settings.installation.dns_labels == {"dns.operator.openshift.io/daemonset-dns": "default"}
    assert settings.installation.dns_port == 5353
    assert settings.installation.cilium_names
    assert settings.canary == ("canary.ops.svc.cluster.local", 9092)
    assert settings.outside_targets == (Endpoint("198.51.100.10", 443), Endpoint("2001:db8::10", 80))


def test_a_flag_wins_over_its_variable() -> None:
    assert load([*REQUIRED, "--workers=2"], {"PRIVATE_ASSISTANT_WORKERS": "9"}).workers == 2


def test_namespaces_are_not_divided_unless_asked_for() -> None:
    """And where they are, by Leases."""
    assert load(REQUIRED, {}).shards == 1
    assert load(REQUIRED, {"PRIVATE_ASSISTANT_SHARDS": "4"}).shards == 4


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        (["--shards=0"], "--shards"),
        (["--shards=17"], "--shards"),
        (["--shards=2", "--leader-election=false"], "--leader-election"),
    ],
)
def test_shards_that_cannot_be_are_refused(flags: list[str], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        load([*REQUIRED, *flags], {})


def test_namespaces_as_flags() -> None:
    assert load([*REQUIRED, "--namespace=a", "--namespace=b"], {}).namespaces == ("a", "b")


@pytest.mark.parametrize(
    ("flags", "variables", "word"),
    [
        (["--operator-labels=x"], {}, "k=v"),
        (["--workers=0"], {}, "--workers"),
        (["--dns-port=0"], {}, "--dns-port"),
        (["--dns-port=65536"], {}, "--dns-port"),
        (["--dns-labels=kube-dns"], {}, "--dns-labels"),
        (["--resync-seconds=0"], {}, "--resync-seconds"),
        (["--pull-ca-file=/none/at/all"], {}, "--pull-ca-file"),
        (["--canary=canary"], {}, "--canary"),
        (["--canary=canary:0"], {}, "--canary"),
        (["--canary=canary:65536"], {}, "--canary"),
        (["--outside-targets=example.com:443"], {}, "--outside-targets"),
        (["--outside-targets=198.51.100.10"], {}, "--outside-targets"),
        (["--outside-targets=198.51.100.10:443,nonsense"], {}, "--outside-targets"),
        (["--outside-targets=2001:db8::10:443"], {}, "--outside-targets"),
        (["--outside-targets=" + ",".join(f"198.51.100.{n}:443" for n in range(9))], {}, "--outside-targets"),
        ([], {"PRIVATE_ASSISTANT_LOG_LEVEL": "LOUD"}, "PRIVATE_ASSISTANT_LOG_LEVEL"),
    ],
)
def test_nonsense_is_named(flags: list[str], variables: dict[str, str], word: str) -> None:
    with pytest.raises(SettingsError, match=word):
        load([*REQUIRED, *flags], variables)


@pytest.mark.parametrize("flags", [["--ops-port=x"], ["--log-level=LOUD"], ["--unknown"]])
def test_the_parser_refuses_the_rest(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        load([*REQUIRED, *flags], {})

    assert caught.value.code == 2
    assert flags[0].partition("=")[0] in capsys.readouterr().err


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Without any other setting: one asks an image what it is."""
    with pytest.raises(SystemExit) as caught:
        load(["--version"], {})

    assert caught.value.code == 0
    assert capsys.readouterr().out == f"{VERSION}\n"


def test_a_table_of_vulnerabilities_that_cannot_be_used_is_told_and_not_taken_for_empty(tmp_path: Path) -> None:
    """The operator runs all the same: what it protects does not hang on the table."""
    mine, broken = tmp_path / "mine.json", tmp_path / "broken.json"
    mine.write_text(
        '{"updated": "2026-11-30", "advisories": [{"component": "ollama", "id": "CVE-2027-1", "severity": "Low", "summary": "x",'
        ' "affected": [{"below": "1"}]}]}'
    )
    broken.write_text("{}")
    found = [load([*REQUIRED, f"--vulnerability-table={path}"], {}).advisories for path in (mine, broken, tmp_path / "none.json")]

    assert isinstance(found[0], Table)
    assert [advisory.id for advisory in found[0].advisories] == ["CVE-2027-1"]
    assert found[1:] == [
        NoTable("--vulnerability-table: updated: Field required"),
        NoTable("the file of --vulnerability-table cannot be read (FileNotFoundError)"),
    ]
    assert load(REQUIRED, {}).advisories == shipped()


def test_how_fast_updates_go() -> None:
    """A share or a number of assistants, how long each may take, and how many may fail."""
    assert load(REQUIRED, {}).pace == Pace()
    assert load([*REQUIRED, "--rollout-share=25%"], {}).pace == Pace(percent=25)
    found = load([*REQUIRED, "--rollout-share=7", "--rollout-deadline-seconds=60", "--rollout-failures=3"], {}).pace
    assert found == Pace(percent=None, count=7, deadline=timedelta(seconds=60), most_failures=3)


@pytest.mark.parametrize(
    "wrong",
    [
        *(f"--rollout-share={text}" for text in ("0", "0%", "101%", "-1", "x", "5 %", "")),
        "--rollout-deadline-seconds=59",
        "--rollout-failures=0",
    ],
)
def test_a_pace_that_is_none_is_named(wrong: str) -> None:
    with pytest.raises(SettingsError, match="--rollout-"):
        load([*REQUIRED, wrong], {})
