"""What the chart makes in each of its modes: images and pull Secrets everywhere, rights that are named, pods that select nobody else."""

import json

import pytest
import yaml

from assistant_operator import settings
from tests.cluster.images.previous import chart_of, checkout
from tests.support.chart import CHART, NAMESPACE, VALUE_SETS, Object, arguments, helm, images, only, pods, render


def test_images_are_named_by_tag_and_digest() -> None:
    """The tag stays beside the digest: the model server's version is read from it."""
    digest = "a" * 64

    assert images(render(VALUE_SETS["private registry"])) == {
        f"registry.corp:5000/{name}:1.2.3@sha256:{digest}" for name in ("operator", "gateway", "ollama", "store")
    }


def test_a_mirror_is_used_for_every_image() -> None:
    """One value, and nothing is fetched from anywhere else; the registry alone is replaced, and only where there is one."""
    version = yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"]
    store = yaml.safe_load((CHART / "values.yaml").read_text())["image"]["store"]["tag"]
    documents = render(VALUE_SETS["mirrored"] | {"image": {"ollama": {"repository": "ollama/ollama", "tag": "0.24.0"}}})

    assert images(documents) == {
        f"mirror.corp:5000/hub/private-assistant/operator:{version}",
        f"mirror.corp:5000/hub/private-assistant/gateway:{version}",
        "mirror.corp:5000/hub/ollama/ollama:0.24.0",
        f"mirror.corp:5000/hub/pgvector/pgvector:{store}",
    }


@pytest.mark.parametrize(
    ("values", "secrets"),
    [(VALUE_SETS["defaults"], []), (VALUE_SETS["private registry"], ["registry", "mirror"]), (VALUE_SETS["mirrored"], ["mirror", "other"])],
)
def test_every_pod_may_pull(values: Object, secrets: list[str]) -> None:
    """Pull Secrets reach all the chart's pods and, by the operator's argument, the assistants'; each once."""
    documents = render(values)

    for pod in pods(documents):
        assert [secret["name"] for secret in pod["spec"].get("imagePullSecrets", ())] == secrets
    assert settings.load([one for one in arguments(documents) if "pull-ca" not in one], {}).installation.image_pull_secrets == tuple(
        secrets
    )


def test_values_of_a_release_from_before_still_do() -> None:
    """`--reuse-values` upgrades with the values of the chart that was: what is new is simply absent."""
    with checkout() as folder:
        before = yaml.safe_load((chart_of(folder) / "values.yaml").read_text())
    new = dict.fromkeys(yaml.safe_load((CHART / "values.yaml").read_text()).keys() - before.keys())

    for values in (new, {"global": None, "monitoring": {"rules": None, "dashboard": None}}):
        assert [one["kind"] for one in render(values)] == [one["kind"] for one in render({})]
    assert settings.load(arguments(render(new)), {}) == settings.load(arguments(render({})), {})


def test_a_confined_operator_reaches_its_name_servers() -> None:
    """Their Service and, where a policy sees what is behind it, the pods on a port of their own (OpenShift: 5353)."""
    rules = only(render({"networkPolicy": {"enabled": True}, "egress": {"dns": {"port": 5353}}}), "NetworkPolicy")["spec"]["egress"]
    anywhere = [(port["port"], port["protocol"]) for rule in rules if "to" not in rule for port in rule["ports"]]

    assert {(53, "UDP"), (53, "TCP"), (5353, "UDP"), (5353, "TCP")} <= set(anywhere)
    rules = only(render({"networkPolicy": {"enabled": True}}), "NetworkPolicy")["spec"]["egress"]
    assert [port["port"] for rule in rules for port in rule["ports"]].count(53) == 2


@pytest.mark.parametrize("release", ["my.release", "my.private-assistant-operator"])
def test_a_release_may_have_a_dot_in_its_name(release: str) -> None:
    """Helm lets it; no Service may have one, and the canary's is where the operator looks for it."""
    output = helm("template", release, CHART, "--namespace", NAMESPACE, "--kube-version", "1.31.0", values={}).stdout
    documents = [document for document in yaml.safe_load_all(output) if document]
    names = {one["metadata"]["name"] for one in documents if one["kind"] == "Service"}

    assert not [name for name in names if "." in name]
    assert (settings.load(arguments(documents), {}).canary or ("",))[0].partition(".")[0] in names


def test_whoever_edits_a_namespace_may_scale_its_assistants() -> None:
    """As with Deployments: `kubectl scale` reads and writes a subresource, which is a right of its own."""
    roles = [one for one in render({}) if one["kind"] == "ClusterRole" and "aggregate-to" in str(one["metadata"]["labels"])]
    scale = {role["metadata"]["name"].rpartition("-")[2]: _verbs(role, "privateassistants/scale") for role in roles}

    assert scale == {"view": {"get", "list", "watch"}, "edit": {"update", "patch"}, "admin": set()}


def _verbs(role: Object, resource: str) -> set[str]:
    return {verb for rule in role["rules"] if resource in rule["resources"] for verb in rule["verbs"]}


MODES: dict[str, Object] = VALUE_SETS | {
    "namespaces alone": {"watchNamespaces": ["team-a", "team-b"], "rbac": {"aggregate": False, "clusterPolicies": False}},
    "everything": {
        "replicas": 2,
        "monitoring": {
            "namespaceLabels": {"a": "b"},
            "serviceMonitor": {"enabled": True},
            "podMonitor": {"enabled": True},
            "rules": {"enabled": True},
            "dashboard": {"enabled": True},
        },
        "networkPolicy": {"enabled": True},
    },
}


@pytest.mark.parametrize("values", MODES.values(), ids=MODES.keys())
def test_no_role_has_wildcards_or_lists_secrets(values: Object) -> None:
    """In every mode, of what is rendered and not only of the table: each right is named, and Secrets are read by name alone."""
    roles = [one for one in render(values) if one["kind"] in ("Role", "ClusterRole")]
    rights = [rule for role in roles for rule in role["rules"]]

    assert bool(rights) == (values.get("rbac", {}).get("create", True) is True)
    for rule in rights:
        assert not [word for words in rule.values() for word in words if "*" in word]
        assert rule.keys() <= {"apiGroups", "resources", "resourceNames", "verbs"}
        if "secrets" in rule["resources"]:
            assert set(rule["verbs"]) <= {"get", "create", "patch", "update", "delete"}


def test_the_test_pod_gets_through_the_operators_own_policy() -> None:
    """And is not taken for the operator, the canary or an assistant by what selects those."""
    documents = render({"networkPolicy": {"enabled": True}})
    (pod,) = [one for one in documents if one["kind"] == "Pod"]
    (entry,) = only(documents, "NetworkPolicy")["spec"]["ingress"]
    labels = pod["metadata"]["labels"]

    assert entry["from"][0]["podSelector"]["matchLabels"].items() <= labels.items()
    assert entry["ports"] == [{"port": "ops", "protocol": "TCP"}]
    for deployment in (one for one in documents if one["kind"] == "Deployment"):
        assert not deployment["spec"]["selector"]["matchLabels"].items() <= labels.items()
    service, canary = only(documents, "Service"), only(documents, "Service", canary=True)
    assert pod["spec"]["containers"][0]["args"][1:] == [
        f"{service['metadata']['name']}.{NAMESPACE}.svc.cluster.local:8080",
        f"{canary['metadata']['name']}.{NAMESPACE}.svc.cluster.local:9092",
    ]
    assert pod["spec"]["containers"][0]["args"][0] == (CHART / "files" / "test.py").read_text()


def test_the_dashboard_is_found_by_the_sidecar() -> None:
    """The file as it is, under the label that Grafana's chart looks for by default."""
    config = only(render({"monitoring": {"dashboard": {"enabled": True}}}), "ConfigMap")
    (file,) = (CHART / "files" / "dashboards").iterdir()

    assert config["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert {name: json.loads(text) for name, text in config["data"].items()} == {file.name: json.loads(file.read_text())}
