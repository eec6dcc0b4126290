"""The chart, rendered by a real helm and judged by a real API server."""

import importlib.util
import json
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from assistant_operator import settings
from assistant_operator.reconcile.judging import advisories
from assistant_operator.reconcile.releases.turns import Pace
from tests.cluster import builds
from tests.cluster.apiserver import ApiServer, api_server
from tests.cluster.paths import REPOSITORY
from tests.support.chart import CERTIFICATE, CHART, NAMESPACE, TABLE, VALUE_SETS, Object, arguments, helm, only, pods, render
from tests.support.waiting import until


@pytest.fixture(scope="module")
def cluster() -> Iterator[ApiServer]:
    """An API server with the namespaces that the value sets name; the operator's enforces the restricted standard."""
    with api_server() as running:
        for name in ("team-a", "team-b"):
            running.kubectl("create", "namespace", name)
        running.kubectl("create", "namespace", NAMESPACE)
        running.kubectl("label", "namespace", NAMESPACE, "pod-security.kubernetes.io/enforce=restricted")
        yield running


@pytest.mark.parametrize("values", VALUE_SETS.values(), ids=VALUE_SETS.keys())
def test_every_object_is_valid_to_the_api_server(cluster: ApiServer, values: Object) -> None:
    """Strict validation: an unknown or misspelt field is an error; the restricted standard warns of nothing."""
    for document in render(values):
        text = json.dumps(document)
        output = cluster.kubectl(
            "create", "--dry-run=server", "--validate=strict", "--warnings-as-errors", "-f", "-", stdin=text, check=True
        )
        assert "created" in output


@pytest.mark.parametrize("values", VALUE_SETS.values(), ids=VALUE_SETS.keys())
def test_every_pod_is_admitted_under_the_restricted_standard(cluster: ApiServer, values: Object) -> None:
    """Templates of Deployments, as the pods that a controller would make of them, and the pod of `helm test`."""
    for template in pods(render(values)):
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": template["metadata"] | {"name": "operator-0"}, "spec": template["spec"]}
        pod["spec"].pop("priorityClassName", None)

        assert "created" in cluster.kubectl("--namespace", NAMESPACE, "create", "--dry-run=server", "-f", "-", stdin=json.dumps(pod))


@pytest.mark.parametrize("values", VALUE_SETS.values(), ids=VALUE_SETS.keys())
def test_the_operator_understands_its_arguments(values: Object, tmp_path: Path) -> None:
    """Flags of the chart and of the code are the same, and labels say the same as the pod's."""
    documents = render(values)
    line = arguments(documents)
    if "vulnerabilities" in values:
        table = tmp_path / "table.json"
        table.write_text(only(documents, "ConfigMap")["data"]["table.json"])
        line = [f"--vulnerability-table={table}" if argument.startswith("--vulnerability-table") else argument for argument in line]
    if "pull" in values:
        bundle = tmp_path / "ca.crt"
        bundle.write_text(only(documents, "ConfigMap")["data"]["ca.crt"])
        line = [f"--pull-ca-file={bundle}" if argument.startswith("--pull-ca-file") else argument for argument in line]

    understood = settings.load(line, {})

    pod = only(documents, "Deployment")["spec"]["template"]
    installation = understood.installation
    assert installation.operator_namespace == NAMESPACE
    assert dict(installation.operator_labels).items() <= pod["metadata"]["labels"].items()
    assert understood.namespaces == tuple(values.get("watchNamespaces", ()))
    assert dict(installation.monitoring_namespace_labels) == values.get("monitoring", {}).get("namespaceLabels", {})
    secrets = [secret["name"] for secret in pod["spec"].get("imagePullSecrets", ())]
    assert list(installation.image_pull_secrets) == secrets
    assert {secret["name"] for secret in values.get("imagePullSecrets", ())} <= set(secrets)
    assert (installation.pull_ca or "").count("BEGIN CERTIFICATE") == (2 if "pull" in values else 0)
    assert understood.advisories == (advisories.parse(TABLE) if "vulnerabilities" in values else advisories.shipped())
    pace = Pace(percent=None, count=3, deadline=timedelta(minutes=10), most_failures=2) if "rollout" in values else Pace()
    assert understood.pace == pace
    egress = values.get("egress", {})
    assert (understood.canary is not None) == egress.get("canary", {}).get("enabled", True)
    dns = egress.get("dns", {"podLabels": {"k8s-app": "kube-dns"}, "port": 53})
    assert (dict(installation.dns_labels), installation.dns_port) == (dns["podLabels"], dns["port"])
    assert installation.cilium_names == egress.get("ciliumNames", False)
    assert [(one.address, one.port) for one in understood.outside_targets] == (
        [("198.51.100.10", 443), ("2001:db8::10", 8443)] if "outsideTargets" in egress else []
    )


@pytest.mark.parametrize("values", [VALUE_SETS["defaults"], VALUE_SETS["evidence"]])
def test_the_canary_is_where_the_operator_looks_for_it_and_nobody_else(values: Object) -> None:
    """By its own name and labels: the operator's are a way into assistants' pods, and what scrapes the operator is not for it."""
    documents = render(values)
    service, deployment, policy = (only(documents, kind, canary=True) for kind in ("Service", "Deployment", "NetworkPolicy"))
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    operator = only(documents, "Deployment")["spec"]["selector"]["matchLabels"]
    looked_for = settings.load(arguments(documents), {}).canary

    assert looked_for == (f"{service['metadata']['name']}.{NAMESPACE}.svc.cluster.local", 9092)
    for selector in (
        service["spec"]["selector"],
        deployment["spec"]["selector"]["matchLabels"],
        policy["spec"]["podSelector"]["matchLabels"],
    ):
        assert selector.items() <= labels.items()
        assert not selector.items() <= operator.items()
    assert not operator.items() <= labels.items()
    assert "egress" not in policy["spec"]
    assert policy["spec"]["ingress"] == [{"ports": [{"port": 9092, "protocol": protocol} for protocol in ("TCP", "UDP")]}]


def test_a_confined_operator_reaches_what_it_has_tried() -> None:
    """Probes, canary, the addresses outside; not the metadata service, which holds the credentials of its node."""
    rules = only(render(VALUE_SETS["evidence"]), "NetworkPolicy")["spec"]["egress"]
    canary = only(render(VALUE_SETS["evidence"]), "Service", canary=True)["spec"]["selector"]
    reached = [(rule.get("to"), [(port["port"], port["protocol"]) for port in rule["ports"]]) for rule in rules]

    assert ([{"podSelector": {"matchLabels": canary}}], [(9092, "TCP"), (9092, "UDP")]) in reached
    assert ([{"ipBlock": {"cidr": "198.51.100.10/32"}}], [(443, "TCP")]) in reached
    assert ([{"ipBlock": {"cidr": "2001:db8::10/128"}}], [(8443, "TCP")]) in reached
    assert (9091, "TCP") in [port for _, ports in reached for port in ports]
    assert not [ports for _, ports in reached if (80, "TCP") in ports]


def test_namespaced_mode_grants_nothing_in_the_cluster() -> None:
    """A Role and a binding in each watched namespace, and no ClusterRole of the operator's."""
    documents = render({"watchNamespaces": ["team-a", "team-b"], "rbac": {"aggregate": False, "clusterPolicies": False}})

    assert not [document for document in documents if document["kind"] in ("ClusterRole", "ClusterRoleBinding")]
    assert sorted(document["metadata"]["namespace"] for document in documents if document["kind"] == "Role") == [
        NAMESPACE,
        "team-a",
        "team-b",
    ]


def test_a_new_bundle_rolls_the_operator() -> None:
    """It is read at the start, so another text must be another pod."""

    def annotations(bundle: str) -> Object:
        template = only(render({"pull": {"caBundle": bundle}}), "Deployment")["spec"]["template"]
        return dict(template["metadata"]["annotations"])

    assert annotations(CERTIFICATE) != annotations(CERTIFICATE + "\n" + CERTIFICATE)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"replicas": 2, "leaderElection": False}, "leaderElection"),
        ({"shards": 2, "leaderElection": False}, "leaderElection"),
        ({"serviceAccount": {"create": False}}, "serviceAccount.name"),
        ({"monitoring": {"podMonitor": {"enabled": True}}}, "namespaceLabels"),
        ({"monitoring": {"serviceMonitor": {"enabled": True}, "service": {"enabled": False}}}, "service.enabled"),
        ({"monitoring": {"rules": {"enabled": True}}}, "serviceMonitor.enabled"),
        ({"unknown": 1}, "unknown"),
        ({"egress": {"outsideTargets": ["example.com:443"]}}, "outsideTargets"),
        ({"egress": {"outsideTargets": ["198.51.100.10"]}}, "outsideTargets"),
        ({"egress": {"dns": {"port": 0}}}, "dns"),
        ({"egress": {"dns": {"podLabels": {"k8s-app": 1}}}}, "podLabels"),
    ],
)
def test_combinations_that_cannot_work_are_refused(values: Object, message: str) -> None:
    """Before anything is installed, with the name of the value."""
    done = helm("template", "x", CHART, "--kube-version", "1.31.0", values=values, check=False)

    assert done.returncode != 0
    assert message in done.stderr


def test_names_that_look_like_numbers_are_names() -> None:
    """A namespace may be called 123, and anything at all true: to YAML these are no texts unless it is told."""
    values = {"watchNamespaces": ["123", "true"], "priorityClassName": "true"}
    output = helm("template", "x", CHART, "--namespace", "2026", "--kube-version", "1.31.0", values=values).stdout
    documents = [document for document in yaml.safe_load_all(output) if document]

    places = [one["metadata"]["namespace"] for one in documents if "namespace" in one["metadata"]]
    subjects = [subject["namespace"] for one in documents for subject in one.get("subjects", ())]
    classes = [one["spec"]["template"]["spec"]["priorityClassName"] for one in documents if one["kind"] == "Deployment"]
    assert set(places) == {"2026", "123", "true"}
    assert set(subjects) == {"2026"}
    assert set(classes) == {"true"}


def test_monitors_select_what_the_operator_makes() -> None:
    """The Prometheus operator's kinds are not on the API server here; what they select is compared with the code's labels and ports."""
    from assistant_operator.naming import COMPONENT_ASSISTANT, COMPONENT_EGRESS_PROXY, LABEL_ASSISTANT, LABEL_COMPONENT

    on = {"enabled": True, "labels": {"release": "prometheus"}}
    documents = render({"monitoring": {"namespaceLabels": {"a": "b"}, "serviceMonitor": on, "podMonitor": on}})
    pods, service = only(documents, "PodMonitor"), only(documents, "ServiceMonitor")

    components = [COMPONENT_ASSISTANT, COMPONENT_EGRESS_PROXY]
    assert pods["spec"]["selector"] == {"matchExpressions": [{"key": LABEL_COMPONENT, "operator": "In", "values": components}]}
    assert pods["spec"]["podTargetLabels"] == [LABEL_ASSISTANT]
    assert service["spec"]["selector"]["matchLabels"].items() <= only(documents, "Service")["metadata"]["labels"].items()
    assert service["metadata"]["labels"]["release"] == pods["metadata"]["labels"]["release"] == "prometheus"


def test_what_is_made_of_the_chart_is_current() -> None:
    """Plain manifests, base for kustomize, bundle for OLM: `python charts/generate.py` after a change; nothing is left of what went."""
    spec = importlib.util.spec_from_file_location("charts_generate", REPOSITORY / "charts" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    builds.build(("helm",))
    files = dict(generator.deploy_files(str(builds.built("helm"))))

    assert [path for path, text in files.items() if path.read_text() != text] == []
    written = {path for path in (REPOSITORY / "deploy").rglob("*") if path.is_file()}
    assert written - files.keys() == {REPOSITORY / "deploy" / "argocd" / "health.lua"}


def test_helm_lint_is_content() -> None:
    """As chart repositories check it."""
    helm("lint", CHART, "--strict", "--kube-version", "1.31.0")


def older_chart(folder: Path) -> Path:
    """Return a copy of the chart whose definition lacks a column."""
    chart = Path(shutil.copytree(CHART, folder / CHART.name))
    (file,) = (chart / "files" / "crds").iterdir()
    definition = yaml.safe_load(file.read_text())
    definition["spec"]["versions"][0]["additionalPrinterColumns"].pop()
    metadata = {"name": definition["metadata"]["name"]}
    file.write_text("# older\n" + yaml.safe_dump(definition | {"metadata": metadata}, sort_keys=False))
    return chart


def test_install_upgrade_and_uninstall(tmp_path: Path) -> None:
    """The definition is upgraded with the release and outlives it; a second install takes it over."""
    with api_server() as cluster:
        to = ("--namespace", NAMESPACE, f"--kubeconfig={cluster.kubeconfig}")
        notes = helm("install", "private-assistant-operator", older_chart(tmp_path), *to, "--create-namespace").stdout
        assert "kubectl" in notes
        assert "minimal" in notes
        older = _columns(cluster)
        helm("upgrade", "private-assistant-operator", CHART, *to, values={"replicas": 2})

        assert _columns(cluster) == older + 1
        helm("uninstall", "private-assistant-operator", *to)
        assert _columns(cluster) == older + 1
        helm("install", "private-assistant-operator", CHART, *to)


@pytest.mark.parametrize(
    ("egress", "paths"),
    [
        ({}, None),
        ({"canary": {"enabled": False}}, "[outside, metadata, dns]"),
        ({"canary": {"enabled": False}, "outsideTargets": ["198.51.100.10:443"]}, "[outside, metadata, dns]"),
        ({"outsideTargets": ["198.51.100.10:443"]}, None),
    ],
)
def test_the_notes_ask_for_what_can_be_shown(cluster: ApiServer, egress: Object, paths: str | None) -> None:
    """Whoever follows them gets an assistant that becomes ready, and is told what is missing for the rest."""
    to = ("--namespace", NAMESPACE, f"--kubeconfig={cluster.kubeconfig}", "--dry-run=client")
    notes = helm("install", "x", CHART, *to, values={"egress": egress}).stdout.partition("NOTES:")[2]
    manifest = notes.partition("<<'END'")[2].partition("END")[0]

    asked = yaml.safe_load(manifest)["spec"].get("egress")
    assert asked == (None if paths is None else {"evidence": {"paths": paths.strip("[]").split(", ")}})
    assert ("egress.outsideTargets" in notes) == ("outsideTargets" not in egress)


def test_rights_are_what_was_granted_and_no_more() -> None:
    """Asked of the API server, for the account that the pods run under."""
    with api_server() as cluster:
        helm(
            "install",
            "private-assistant-operator",
            CHART,
            "--namespace",
            NAMESPACE,
            "--create-namespace",
            f"--kubeconfig={cluster.kubeconfig}",
        )
        account = f"system:serviceaccount:{NAMESPACE}:private-assistant-operator"

        # The authorizer watches roles, and may not have seen all of them yet.
        until("may watch", lambda: _may(cluster, account, "watch", "privateassistants", "--all-namespaces"), 30)
        until("may read Secrets", lambda: _may(cluster, account, "get", "secrets", "--namespace=default"), 30)
        lease = "leases.coordination.k8s.io/private-assistant-operator"
        until("may hold the Lease", lambda: _may(cluster, account, "update", lease, f"--namespace={NAMESPACE}"), 30)
        assert _may(cluster, account, "update", f"{lease}-15", f"--namespace={NAMESPACE}")
        assert not _may(cluster, account, "update", "leases.coordination.k8s.io/other", f"--namespace={NAMESPACE}")
        assert not _may(cluster, account, "list", "secrets", "--namespace=default")
        assert not _may(cluster, account, "watch", "secrets", "--all-namespaces")
        assert not _may(cluster, account, "update", lease, "--namespace=kube-system")
        assert not _may(cluster, account, "create", "pods/exec", "--namespace=default")
        assert not _may(cluster, account, "get", "pods/log", "--namespace=default")
        assert not _may(cluster, account, "patch", "privateassistants", "--namespace=default")


def test_plain_manifests_apply_twice() -> None:
    """Without Helm: once to install, a second time without effect."""
    with api_server() as cluster:
        manifest = REPOSITORY / "deploy" / "install.yaml"
        first = cluster.kubectl("apply", "--server-side", "-f", manifest)
        # The API server writes what it makes of a definition into its status, a moment later.
        cluster.kubectl("wait", "--for=condition=Established", "crd/privateassistants.privateassistant.dev", "--timeout=30s")
        before = cluster.kubectl(
            "get", "deployments,clusterroles,crds", "--all-namespaces", "-o", "jsonpath={.items[*].metadata.resourceVersion}"
        )
        cluster.kubectl("apply", "--server-side", "-f", manifest)

        assert "serverside-applied" in first
        assert before == cluster.kubectl(
            "get", "deployments,clusterroles,crds", "--all-namespaces", "-o", "jsonpath={.items[*].metadata.resourceVersion}"
        )


def _columns(cluster: ApiServer) -> int:
    definition = cluster.kubectl("get", "crd", "privateassistants.privateassistant.dev", "-o", "json")
    return len(json.loads(definition)["spec"]["versions"][0]["additionalPrinterColumns"])


def _may(cluster: ApiServer, account: str, verb: str, resource: str, *where: str) -> bool:
    return cluster.kubectl("auth", "can-i", verb, resource, f"--as={account}", *where, check=False).startswith("yes")
