"""The operator's settings: flags, and for each the variable PRIVATE_ASSISTANT_<FLAG>; a flag wins.

There is no file: what an installation sets stands in its Deployment, where `kubectl describe` shows it.
"""

import argparse
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from assistant_operator.naming import FIELD_MANAGER
from assistant_operator.reconcile.asking.surroundings import HostPort, endpoint, host_port
from assistant_operator.reconcile.judging import advisories
from assistant_operator.reconcile.judging.advisories import Advisories, NoTable, TableError
from assistant_operator.reconcile.releases.turns import Pace
from assistant_operator.resources.context import DEFAULT_DNS_LABELS, DEFAULT_STORE_IMAGE, DNS_PORT, Installation
from assistant_operator.resources.egress_targets import MOST_PER_CLASS, Endpoint
from assistant_operator.version import VERSION

ENVIRONMENT = "PRIVATE_ASSISTANT_"
LEVELS = ("ERROR", "WARNING", "INFO", "DEBUG")
MOST_SHARDS = 16
FORMATS = ("JSON", "Text")
PULL_POLICIES = ("Always", "IfNotPresent", "Never")


class SettingsError(ValueError):
    """A setting is missing or makes no sense; the message names it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How this operator was installed."""

    installation: Installation
    namespaces: tuple[str, ...]
    """Watched namespaces; none means all."""
    lease_name: str
    identity: str
    """Of this replica, unique among replicas."""
    leader_election: bool
    shards: int
    """Parts into which the namespaces are divided; each has a Lease, and a replica may hold several."""
    kubeconfig: str | None
    ops_host: str
    ops_port: int
    log_level: str
    log_format: str
    resync_seconds: float
    workers: int
    canary: HostPort | None = None
    """Whose addresses no assistant may reach, and the operator does."""
    outside_targets: tuple[Endpoint, ...] = ()
    """The same, outside the cluster; none: the cluster's other machines."""
    advisories: Advisories = field(default_factory=advisories.shipped)
    """Known vulnerabilities; where the installation's table cannot be used, why not."""
    pace: Pace = field(default_factory=Pace)
    """Of what a new release of the operator replaces."""


Add = Callable[..., Any]
"""ArgumentParser.add_argument."""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    made = argparse.ArgumentParser(
        prog="private-assistant",
        description="Operator for private LLM assistants.",
        epilog=f"Every flag has a variable: --gateway-image is also {ENVIRONMENT}GATEWAY_IMAGE. Lists are separated by commas there.",
    )
    made.add_argument("--version", action="version", version=VERSION, help="print the release and exit")
    for group in (_of_assistants, _of_replicas, _of_updates, _of_egress, _of_the_process):
        group(made.add_argument)
    return made


def _of_assistants(add: Add) -> None:
    """Add what pods of assistants are made of."""
    add("--gateway-image", help="image of the gateway and the puller (required)")
    add("--ollama-image", help="image of the model server (required)")
    add("--store-image", default=DEFAULT_STORE_IMAGE, help="image of the stores: PostgreSQL with pgvector (default %(default)s)")
    add("--pull-ca-file", help="PEM bundle that pulls trust in place of the image's own")
    add("--cluster-domain", default="cluster.local", help="DNS domain of the cluster (default %(default)s)")
    add("--image-pull-policy", choices=PULL_POLICIES, help="for the pods of assistants; Kubernetes' default where absent")
    add("--image-pull-secrets", help="names of image pull Secrets in the assistants' namespaces, separated by commas")
    add("--monitoring-namespace-labels", help="labels of namespaces whose pods may scrape metrics, k=v,k=v; without it nobody may")


def _of_replicas(add: Add) -> None:
    """Add where it works, and which of several works."""
    add("--namespace", action="append", help="watch this namespace; may be repeated; without it the whole cluster is watched")
    add("--operator-namespace", help="namespace in which the operator runs (required): its Lease is there")
    add("--operator-labels", help="labels of the operator's pods, k=v,k=v: who may read the ports for operations (required)")
    add("--lease-name", default=FIELD_MANAGER, help="Lease by which one replica is the active one (default %(default)s)")
    add("--identity", help="name of this replica (default: the host name)")
    add(
        "--leader-election", choices=("true", "false"), default="true", help="false: never more than this one replica (default %(default)s)"
    )
    add(
        "--shards",
        type=int,
        default=1,
        help=f"parts into which the namespaces are divided among the replicas, at most {MOST_SHARDS}; 1: one replica has them all "
        "(default %(default)s)",
    )
    add("--kubeconfig", help="default: $KUBECONFIG, then the pod's service account")


def _of_updates(add: Add) -> None:
    """Add how new releases come to assistants, and what is known of their images."""
    add("--vulnerability-table", help="file (JSON) with known vulnerabilities in place of the table of this release (docs/operations.md)")
    add(
        "--rollout-share",
        default="10%",
        help="assistants whose pods a new release or new default images replace at a time: a number, or a share of all, at least one "
        "(default 10%%)",
    )
    add(
        "--rollout-deadline-seconds", type=int, default=1800, help="time that each has to become ready with an update (default %(default)s)"
    )
    add("--rollout-failures", type=int, default=1, help="when so many have not, no other assistant is updated (default %(default)s)")


def _of_egress(add: Add) -> None:
    """Add what must not be reached, and how names are resolved for what may be."""
    add("--canary", help="host:port of the canary, which no assistant may reach: what is tried from inside them for path pods")
    add(
        "--outside-targets",
        help="address:port of servers outside the cluster, separated by commas: tried from inside assistants, TCP; without any, the API "
        "server's own addresses and the kubelets of other nodes are",
    )
    add(
        "--dns-labels",
        default=",".join(f"{key}={value}" for key, value in DEFAULT_DNS_LABELS.items()),
        help="labels of the cluster's DNS pods, k=v,k=v: egress proxies may ask them for names (default %(default)s)",
    )
    add("--dns-port", type=int, default=DNS_PORT, help="port on which these pods listen (default %(default)s)")
    add(
        "--cilium-names",
        choices=("true", "false"),
        default="false",
        help="true: where Cilium's policies are served, egress proxies get out by Cilium's DNS and FQDN rules alone (default %(default)s)",
    )


def _of_the_process(add: Add) -> None:
    """Add ports, logs and pace."""
    add("--ops-host", default="0.0.0.0", help="address of /healthz, /readyz and /metrics (default %(default)s)")  # noqa: S104 - probes and scrapes come from outside the pod
    add("--ops-port", type=int, default=8080, help="its port (default %(default)s)")
    add("--log-level", choices=LEVELS, default="INFO", help="default %(default)s")
    add("--log-format", choices=FORMATS, default="JSON", help="default %(default)s")
    add("--resync-seconds", type=float, default=600.0, help="pass over every assistant at least so often (default %(default)s)")
    add("--workers", type=int, default=8, help="passes that run at once (default %(default)s)")


def load(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings of this process; SettingsError names what is wrong."""
    made = parser()
    _take_environment(made, environment)
    chosen = made.parse_args(list(arguments))
    for flag in ("gateway_image", "ollama_image", "operator_namespace", "operator_labels"):
        if not getattr(chosen, flag):
            raise SettingsError(f"--{flag.replace('_', '-')} (or {ENVIRONMENT}{flag.upper()}) is required")
    if not 1 <= chosen.dns_port <= 65535:
        raise SettingsError("--dns-port must be a port")
    if chosen.workers < 1 or chosen.resync_seconds < 1:
        raise SettingsError("--workers and --resync-seconds must be at least 1")
    if not 1 <= chosen.shards <= MOST_SHARDS:
        raise SettingsError(f"--shards must be from 1 to {MOST_SHARDS}")
    if chosen.shards > 1 and chosen.leader_election != "true":
        raise SettingsError("--shards needs --leader-election=true: a shard is held by its Lease")
    return Settings(
        installation=_installation(chosen),
        namespaces=tuple(sorted(set(chosen.namespace or ()))),
        lease_name=chosen.lease_name,
        identity=chosen.identity or environment.get("HOSTNAME") or os.uname().nodename,
        leader_election=chosen.leader_election == "true",
        shards=chosen.shards,
        kubeconfig=chosen.kubeconfig,
        ops_host=chosen.ops_host,
        ops_port=chosen.ops_port,
        log_level=chosen.log_level,
        log_format=chosen.log_format,
        resync_seconds=chosen.resync_seconds,
        workers=chosen.workers,
        canary=_canary(chosen.canary),
        outside_targets=_outside(chosen.outside_targets),
        advisories=_advisories(chosen.vulnerability_table),
        pace=_pace(chosen),
    )


def _canary(text: str | None) -> HostPort | None:
    if not text:
        return None
    if (found := host_port(text)) is None:
        raise SettingsError("--canary must be host:port")
    return found


def _outside(text: str | None) -> tuple[Endpoint, ...]:
    found = [endpoint(part) for part in words(text)]
    if None in found or len(found) > MOST_PER_CLASS:
        raise SettingsError(
            f"--outside-targets must be address:port, at most {MOST_PER_CLASS}, separated by commas: no names, IPv6 in brackets"
        )
    return tuple(dict.fromkeys(one for one in found if one is not None))


def _pace(chosen: argparse.Namespace) -> Pace:
    found = re.fullmatch(r"([1-9][0-9]{0,4})(%?)", chosen.rollout_share)
    if found is None or (found[2] and int(found[1]) > 100):
        raise SettingsError("--rollout-share must be a number from 1 on, or a share from 1% to 100%")
    if chosen.rollout_deadline_seconds < 60 or chosen.rollout_failures < 1:
        raise SettingsError("--rollout-deadline-seconds must be at least 60, and --rollout-failures at least 1")
    return Pace(
        percent=int(found[1]) if found[2] else None,
        count=1 if found[2] else int(found[1]),
        deadline=timedelta(seconds=chosen.rollout_deadline_seconds),
        most_failures=chosen.rollout_failures,
    )


def _advisories(path: str | None) -> Advisories:
    """Read the table; one that cannot be used is no reason not to run, and none to take for empty."""
    if not path:
        return advisories.shipped()
    try:
        return advisories.parse(Path(path).read_bytes())
    except OSError as error:
        return NoTable(f"the file of --vulnerability-table cannot be read ({type(error).__name__})")
    except TableError as error:
        return NoTable(f"--vulnerability-table: {error}")


def _installation(chosen: argparse.Namespace) -> Installation:
    return Installation(
        gateway_image=chosen.gateway_image,
        ollama_image=chosen.ollama_image,
        store_image=chosen.store_image,
        operator_namespace=chosen.operator_namespace,
        operator_labels=pairs(chosen.operator_labels, "--operator-labels"),
        image_pull_policy=chosen.image_pull_policy,
        image_pull_secrets=tuple(words(chosen.image_pull_secrets)),
        monitoring_namespace_labels=pairs(chosen.monitoring_namespace_labels, "--monitoring-namespace-labels"),
        cluster_domain=chosen.cluster_domain,
        pull_ca=_read(chosen.pull_ca_file),
        dns_labels=pairs(chosen.dns_labels, "--dns-labels"),
        dns_port=chosen.dns_port,
        cilium_names=chosen.cilium_names == "true",
    )


def _take_environment(made: argparse.ArgumentParser, environment: Mapping[str, str]) -> None:
    """Make the variables the flags' defaults; argparse checks defaults that are text as it checks flags, but for choices."""
    for action in made._actions:
        if not (value := environment.get(f"{ENVIRONMENT}{action.dest.upper()}")):
            continue
        if action.choices is not None and value not in action.choices:
            raise SettingsError(f"{ENVIRONMENT}{action.dest.upper()} must be one of {', '.join(map(str, action.choices))}")
        made.set_defaults(**{action.dest: words(value) if action.dest == "namespace" else value})


def words(text: str | None) -> list[str]:
    """Return the parts of a list that is separated by commas."""
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def pairs(text: str | None, flag: str) -> dict[str, str]:
    """Return labels from `k=v,k=v`."""
    found: dict[str, str] = {}
    for part in words(text):
        key, separator, value = part.partition("=")
        if not separator or not key:
            raise SettingsError(f"{flag} must be k=v, separated by commas")
        found[key] = value
    return found


def _read(path: str | None) -> str | None:
    if not path:
        return None
    try:
        return Path(path).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"--pull-ca-file cannot be read: {type(error).__name__}") from error
