"""examples/gitops: kustomize builds what it shows, the chart takes the values in it, and Flux's checks mean what kstatus means."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from assistant_operator import settings
from assistant_operator.reconcile import conditions
from assistant_operator.reconcile.verdict import Verdict
from tests.cluster import builds
from tests.cluster.apiserver import ApiServer, api_server
from tests.cluster.paths import REPOSITORY
from tests.cluster.shell import run
from tests.support.chart import arguments, images, render
from tests.support.kstatus import kstatus
from tests.support.waiting import until

EXAMPLES = REPOSITORY / "examples" / "gitops"
NAMESPACE = "team-a"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
Object = dict[str, Any]


def documents(path: str) -> list[Object]:
    """Return the objects of an example."""
    return [one for one in yaml.safe_load_all((EXAMPLES / path).read_text()) if one]


def one(path: str, kind: str, name: str | None = None) -> Object:
    """Return an example's one object of a kind, or the one of a name."""
    (found,) = [obj for obj in documents(path) if obj["kind"] == kind and name in (None, obj["metadata"]["name"])]
    return found


def kustomize(folder: Path) -> list[Object]:
    """Return what `kubectl apply -k` would apply."""
    builds.build(("kubernetes",), only=("kubectl",))
    return [obj for obj in yaml.safe_load_all(run(builds.built("kubectl"), "kustomize", folder)) if obj]


def test_the_base_is_the_plain_manifests() -> None:
    """Nothing added, nothing lost."""
    plain = [obj for obj in yaml.safe_load_all((REPOSITORY / "deploy" / "install.yaml").read_text()) if obj]

    def by_name(objects: list[Object]) -> dict[tuple[str, str], Object]:
        return {(obj["kind"], obj["metadata"]["name"]): obj for obj in objects}

    assert by_name(kustomize(REPOSITORY / "deploy")) == by_name(plain)


def test_the_overlay_takes_every_image_from_elsewhere() -> None:
    """In its own pods and, by the operator's arguments, in the assistants'; with a Secret to pull them, and of this version."""
    built = kustomize(EXAMPLES / "kustomize")
    (operator,) = [obj for obj in built if obj["kind"] == "Deployment" and obj["metadata"]["name"] == "private-assistant-operator"]
    understood = settings.load(arguments(built), {}).installation
    told = {understood.gateway_image, understood.ollama_image, understood.store_image}
    own = {c["image"] for obj in built if obj["kind"] == "Deployment" for c in obj["spec"]["template"]["spec"]["containers"]}

    assert {image.partition("/")[0] for image in told | own} == {"registry.corp:5000"}
    assert {image.rpartition("/")[2] for image in told | own} == {image.rpartition("/")[2] for image in images(render({}))}
    assert understood.image_pull_secrets == ("registry",)
    for obj in (obj for obj in built if obj["kind"] == "Deployment"):
        assert obj["spec"]["template"]["spec"]["imagePullSecrets"] == [{"name": "registry"}]
    assert operator["spec"]["template"]["spec"]["serviceAccountName"]


@pytest.mark.parametrize(
    ("values", "chart", "version"),
    [
        (
            one("flux/operator.yaml", "HelmRelease")["spec"]["values"],
            one("flux/operator.yaml", "OCIRepository")["spec"]["url"].removeprefix("oci://"),
            one("flux/operator.yaml", "OCIRepository")["spec"]["ref"]["semver"],
        ),
        (
            one("argocd/operator.yaml", "Application")["spec"]["source"]["helm"]["valuesObject"],
            "/".join(one("argocd/operator.yaml", "Application")["spec"]["source"][key] for key in ("repoURL", "chart")),
            one("argocd/operator.yaml", "Application")["spec"]["source"]["targetRevision"],
        ),
    ],
    ids=["Flux", "Argo CD"],
)
def test_the_chart_takes_the_values(values: Object, chart: str, version: str) -> None:
    """Its schema accepts them, all monitoring is there, and both name the same chart in a version that this one is."""
    kinds = {obj["kind"] for obj in render(values)}
    metadata = yaml.safe_load((REPOSITORY / "charts" / "private-assistant-operator" / "Chart.yaml").read_text())

    assert {"ServiceMonitor", "PodMonitor", "PrometheusRule"} <= kinds
    assert chart == f"ghcr.io/private-assistant/charts/{metadata['name']}"
    assert metadata["version"].startswith(version.rstrip("x*"))


@pytest.mark.parametrize("path", ["argocd/operator.yaml", "argocd/assistants.yaml"])
def test_argo_cd_tries_until_it_succeeds_and_with_what_is_newest(path: str) -> None:
    """By default it gives a revision up after five failures, and takes no newer one before."""
    assert one(path, "Application")["spec"]["syncPolicy"]["retry"] == {"limit": -1, "refresh": True}


def test_flux_waits_for_the_operator_and_then_for_assistants() -> None:
    """By references that lead to what the examples apply."""
    release = one("flux/operator.yaml", "HelmRelease")
    first, then = (one("flux/kustomizations.yaml", "Kustomization", name) for name in ("operator", "assistants"))

    assert release["spec"]["chartRef"] == {"kind": "OCIRepository", "name": one("flux/operator.yaml", "OCIRepository")["metadata"]["name"]}
    assert first["spec"]["healthChecks"] == [
        {"apiVersion": release["apiVersion"], "kind": release["kind"]} | {key: release["metadata"][key] for key in ("name", "namespace")}
    ]
    assert then["spec"]["dependsOn"] == [{"name": first["metadata"]["name"]}]
    assert {check["kind"] for check in then["spec"]["healthChecks"]} == {"PrivateAssistant"}


# What Flux asks in this order, and what it calls it: the first expression that is true decides, and none is InProgress.
ORDER = ("inProgress", "failed", "current")
STATES = {"inProgress": "InProgress", "failed": "Failed", "current": "Current"}
EXPRESSIONS: Object = one("flux/kustomizations.yaml", "Kustomization", "assistants")["spec"]["healthCheckExprs"][0]


@pytest.fixture(scope="module")
def cluster() -> Iterator[ApiServer]:
    """An API server with an assistant and, for each of Flux's expressions, a dry run's policy that admits a status for which it is true."""
    with api_server() as running:
        running.kubectl("create", "namespace", NAMESPACE)
        running.kubectl("apply", "--server-side", "-f", next((REPOSITORY / "crds").iterdir()))
        minimal = ("-n", NAMESPACE, "apply", "-f", REPOSITORY / "examples" / "minimal.yaml")
        until("the definition is served", lambda: "created" in running.kubectl(*minimal, check=False), 30)
        for name in ORDER:
            for obj in policy(name):
                running.kubectl("apply", "-f", "-", stdin=json.dumps(obj))
        nothing = with_status(PULLING, observed=None)
        until(
            "the policies are in force", lambda: [name for name in ORDER if not holds(running, name, nothing)] == ["failed", "current"], 60
        )
        yield running


def policy(name: str) -> tuple[Object, Object]:
    """Return a policy that admits an update of status by manager `name` alone where the expression is true."""
    expression = EXPRESSIONS[name].replace("status.", "object.status.").replace("metadata.", "object.metadata.")
    rule = {
        "apiGroups": ["privateassistant.dev"],
        "apiVersions": ["*"],
        "operations": ["UPDATE"],
        "resources": ["privateassistants/status"],
    }
    made: Object = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": name.lower()},
        "spec": {
            "matchConstraints": {"resourceRules": [rule]},
            "matchConditions": [{"name": "asked", "expression": f"request.options.fieldManager == '{name}'"}],
            "validations": [{"expression": expression}],
        },
    }
    binding: Object = {
        "apiVersion": made["apiVersion"],
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": made["metadata"],
        "spec": {"policyName": name.lower(), "validationActions": ["Deny"]},
    }
    return made, binding


def holds(cluster: ApiServer, name: str, status: Object) -> bool:
    """Say whether the API server's CEL finds the expression true of the status."""
    patch = ("patch", "pa", "minimal", "--subresource=status", "--type=merge", "--dry-run=server", f"--field-manager={name}")
    return " patched" in cluster.kubectl("-n", NAMESPACE, *patch, "-p", json.dumps({"status": status}), check=False)


PULLING = Verdict.unknown("Pulling", "The model is being pulled.")
VERDICTS = {
    "serving": Verdict.true("Serving", "All is well."),
    "pulling": PULLING,
    "not confined": Verdict.false("NotEnforced", "A pod reached what has to be closed."),
    "stuck": Verdict.stuck("DigestMismatch", "The registry serves another manifest."),
}
PROMISES = ("ModelReady", "GatewayReady", "EgressConfined", "RedactionActive", "RetentionEnforced")


def with_status(verdict: Verdict, *, observed: int | None) -> Object:
    """Return the status of a pass over generation 1 that came to the verdict."""
    told = conditions.conditions(verdict, dict.fromkeys(PROMISES, verdict), (), 1, NOW)
    generation = conditions.observed_generation(verdict, observed, 1)
    status = {"conditions": [one.to_dict() for one in told]} | ({} if generation is None else {"observedGeneration": generation})
    return dict(json.loads(json.dumps(status)))


def flux(cluster: ApiServer, status: Object) -> str:
    """Return what Flux makes of the status by the example's expressions."""
    return next((STATES[name] for name in ORDER if holds(cluster, name, status)), "InProgress")


@pytest.mark.parametrize("verdict", VERDICTS.values(), ids=VERDICTS.keys())
def test_flux_expressions_say_what_kstatus_says(cluster: ApiServer, verdict: Verdict) -> None:
    """With the expressions or without them, an assistant that is to serve is in the same state."""
    status = with_status(verdict, observed=None)

    assert flux(cluster, status) == kstatus({"metadata": {"generation": 1}, "status": status})


def test_flux_does_not_take_an_older_generations_word(cluster: ApiServer) -> None:
    """The status of generation 0, so to say, of an assistant of generation 1."""
    status = with_status(VERDICTS["serving"], observed=None) | {"observedGeneration": 0}

    assert flux(cluster, status) == kstatus({"metadata": {"generation": 1}, "status": status}) == "InProgress"


@pytest.mark.parametrize("verdict", [Verdict.settled("ScaledToZero", "Nothing serves."), None], ids=["no replicas", "suspended"])
def test_flux_does_not_wait_for_what_rests(cluster: ApiServer, verdict: Verdict | None) -> None:
    """What the expressions are for: kstatus alone would wait until its time is over."""
    if verdict is None:
        told = conditions.at_rest(conditions.SUSPENDED, (), 1, NOW)
        status = {"conditions": json.loads(json.dumps([one.to_dict() for one in told])), "observedGeneration": 1}
    else:
        status = with_status(verdict, observed=None)

    assert flux(cluster, status) == "Current"
    assert kstatus({"metadata": {"generation": 1}, "status": status}) == "InProgress"
