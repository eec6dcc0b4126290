"""Settings: flags, variables, and what is said where they make no sense."""

from pathlib import Path

import pytest

from assistant_operator.resources.context import DEFAULT_STORE_IMAGE
from assistant_operator.resources.egress_targets import Endpoint
from assistant_operator.settings import SettingsError, load

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
