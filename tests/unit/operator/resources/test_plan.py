"""The plan as a whole: what is in it, in which order, and what holds for every object and every pod whatever the spec says."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.naming import ANNOTATION_INTENT, LABEL_ASSISTANT, LABEL_COMPONENT
from assistant_operator.resources.manifest import Manifest
from assistant_operator.resources.plan import plan
from tests.unit.operator.api.cases import EVERYTHING, GOOD, Case, body, egress, hosts, keep, model, rag, source
from tests.unit.operator.resources.contexts import EXAMPLES, context, example, installation, spec_of

GOLDEN = Path(__file__).parent / "golden"
MINIMAL = spec_of(body(model()))
MEMORY = spec_of(body({**source(name="s" * 40, schedule="@daily"), "retention": keep()["retention"]}))
HOSTS = spec_of(body(hosts("api.corp.example")))
NETWORKS = spec_of(body(egress("10.20.0.0/16")))
COMPONENTS = ("assistant", "pull", "store", "ingest", "egress-proxy")
SPECS = [pytest.param(spec_of(case.body()), id=case.id) for case in GOOD]


def kinds(manifests: tuple[Manifest, ...]) -> list[str]:
    return [f"{manifest.kind}/{manifest.name}" for manifest in manifests]


def pods(manifests: tuple[Manifest, ...]) -> Iterator[dict[str, Any]]:
    """Yield the pod templates of the plan."""
    for manifest in manifests:
        spec = manifest.body.get("spec", {})
        spec = spec.get("jobTemplate", {}).get("spec", spec)
        if "template" in spec:
            yield spec["template"]


def user(pod: Mapping[str, Any]) -> int:
    """Return the user of a pod: the store's images have one of their own."""
    return 999 if pod["metadata"]["labels"][LABEL_COMPONENT] == "store" else 65532


def containers(pod: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in EXAMPLES])
def test_examples_become_what_they_became(path: Path) -> None:
    """Golden files: a change of what is applied is seen in review. REWRITE_GOLDEN=1 writes them anew."""
    resource = example(path)
    spec = spec_of(resource)
    made = [manifest.to_dict() for manifest in plan(spec, context(spec, resource["metadata"]["name"]))]
    golden = GOLDEN / f"{path.stem}.json"
    if os.environ.get("REWRITE_GOLDEN"):
        golden.write_text(json.dumps(made, indent=1) + "\n")

    assert json.loads(golden.read_text()) == made


@pytest.mark.parametrize("spec", SPECS)
def test_what_confines_comes_before_what_runs(spec: PrivateAssistantSpec) -> None:
    """NetworkPolicies first, pods last."""
    manifests = plan(spec, context(spec))
    order = [manifest.kind for manifest in manifests]

    assert order[: order.count("NetworkPolicy")] == ["NetworkPolicy"] * order.count("NetworkPolicy")
    assert max(i for i, kind in enumerate(order) if kind == "NetworkPolicy") < min(
        i for i, manifest in enumerate(manifests) if "template" in manifest.body.get("spec", {})
    )


def test_before_the_model_is_verified_there_are_no_serving_pods() -> None:
    """Neither the StatefulSet nor its policy file nor its budget; the pull is under way."""
    made = kinds(plan(MINIMAL, context(MINIMAL, serving=None)))

    assert not {"StatefulSet/minimal", "ConfigMap/minimal-policy", "PodDisruptionBudget/minimal"} & set(made)
    assert any(name.startswith("Job/minimal-pull-") for name in made)


@pytest.mark.parametrize("missing", [{"serving": None}, {"embedding": None}, {"store": None}])
def test_before_what_they_need_is_known_there_are_no_serving_pods(missing: dict[str, Any]) -> None:
    """With documents they need the embedding model and the store too; store, policies and pull are there already."""
    made = kinds(plan(MEMORY, context(MEMORY, **missing)))

    assert not {"StatefulSet/minimal", "ConfigMap/minimal-policy", "PodDisruptionBudget/minimal"} & set(made)
    assert {"StatefulSet/minimal-store", "NetworkPolicy/minimal-store", "NetworkPolicy/minimal-ingest"} <= set(made)
    assert any(name.startswith("Job/minimal-pull-") for name in made)
    assert not any("-ingest-" in name for name in made)


def test_what_is_kept_brings_its_objects_and_no_others() -> None:
    """A store with documents or conversations alone; ingests with sources alone."""
    nothing, kept, documents = (set(kinds(plan(spec, context(spec)))) for spec in map(spec_of, (body(model()), body(keep()), body(rag()))))

    store = {f"{kind}/minimal-store" for kind in ("StatefulSet", "Service", "PersistentVolumeClaim", "NetworkPolicy")}
    assert kept - nothing == store
    assert {name for name in documents - nothing if "-pull-" not in name} == store


def test_hosts_bring_the_proxy_and_nothing_else() -> None:
    """Networks alone need none."""
    nothing, networks, named = (set(kinds(plan(spec, context(spec)))) for spec in (MINIMAL, NETWORKS, HOSTS))

    assert named - nothing == {f"{kind}/minimal-egress" for kind in ("Deployment", "Service", "ConfigMap", "NetworkPolicy")}
    assert nothing == networks


def test_before_the_proxys_address_is_known_there_are_no_serving_pods() -> None:
    """They would be made anew a moment later; the proxy and its Service are asked for already."""
    made = kinds(plan(HOSTS, context(HOSTS, proxy_address=None)))

    assert not {"StatefulSet/minimal", "ConfigMap/minimal-policy", "PodDisruptionBudget/minimal"} & set(made)
    assert {"Service/minimal-egress", "Deployment/minimal-egress"} <= set(made)


@pytest.mark.parametrize("field", ["embedding", "store", "service_address", "proxy_address"])
def test_an_assistant_that_needs_nothing_does_not_look_at_what_it_would_need(field: str) -> None:
    """Its objects are the same, whatever is known."""
    unknown: dict[str, Any] = {field: None}

    assert plan(MINIMAL, context(MINIMAL, **unknown)) == plan(MINIMAL, context(MINIMAL))


def test_before_the_registry_is_resolved_there_is_no_pull() -> None:
    """A Job without addresses could reach nothing; its policy is there already, and closed."""
    manifests = plan(MINIMAL, context(MINIMAL, serving=None, pull=None))

    assert "Job" not in {manifest.kind for manifest in manifests}
    assert next(m for m in manifests if m.name == "minimal-pull").body["spec"]["egress"] == []


@pytest.mark.parametrize("spec", SPECS)
def test_every_object_is_owned_labelled_and_marked(spec: PrivateAssistantSpec) -> None:
    """Garbage collection, watches and drift rely on it."""
    made = plan(spec, context(spec, installation=installation(pull_ca="PEM")))

    for manifest in made:
        metadata = manifest.to_dict()["metadata"]
        assert metadata["namespace"] == "assistants"
        assert metadata["labels"][LABEL_ASSISTANT] == "minimal"
        assert metadata["labels"][LABEL_COMPONENT] in COMPONENTS
        assert metadata["annotations"][ANNOTATION_INTENT] == manifest.intent
        (owner,) = metadata["ownerReferences"]
        assert owner["controller"] is True
        assert (owner["kind"], owner["name"], owner["uid"]) == ("PrivateAssistant", "minimal", "0d9f6f0e-7c7e-4d0e-8f4e-6b1f6d1a2b3c")
    assert len({(manifest.kind, manifest.name) for manifest in made}) == len(made)


@pytest.mark.parametrize("spec", SPECS)
def test_every_pod_is_restricted(spec: PrivateAssistantSpec) -> None:
    """Pod Security's restricted profile, and what it does not ask for: a read-only root, no token, no DNS but for the egress proxy."""
    for pod in pods(plan(spec, context(spec))):
        assert pod["spec"]["automountServiceAccountToken"] is False
        assert pod["spec"]["enableServiceLinks"] is False
        if pod["metadata"]["labels"][LABEL_COMPONENT] != "egress-proxy":
            assert pod["spec"]["dnsPolicy"] == "None"
            assert pod["spec"]["dnsConfig"] == {"nameservers": ["127.0.0.1"]}
        assert not any(pod["spec"][field] for field in ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"))
        assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
        assert {pod["spec"]["securityContext"][field] for field in ("runAsUser", "runAsGroup", "fsGroup")} == {user(pod)}
        assert {kind for volume in pod["spec"]["volumes"] for kind in volume} <= {
            *("name", "configMap", "secret", "projected", "emptyDir", "persistentVolumeClaim")
        }
        for container in containers(pod):
            security = container["securityContext"]
            assert security["readOnlyRootFilesystem"] is True
            assert security["allowPrivilegeEscalation"] is False
            assert security["capabilities"] == {"drop": ["ALL"]}
            assert (security["runAsUser"], security["runAsGroup"], security["runAsNonRoot"]) == (user(pod), user(pod), True)
            assert security["seccompProfile"] == {"type": "RuntimeDefault"}
            assert container["terminationMessagePolicy"] == "File"
            assert all("hostPort" not in port for port in container.get("ports", []))


@pytest.mark.parametrize("spec", SPECS)
def test_the_operators_labels_win_over_the_users(spec: PrivateAssistantSpec) -> None:
    """The guard refuses such labels; were it not there, policies would still select the pods."""
    wished = spec.model.pod.model_copy(update={"labels": {LABEL_ASSISTANT: "other", LABEL_COMPONENT: "other", "mine": "yes"}})
    spec = spec.model_copy(update={"model": spec.model.model_copy(update={"pod": wished})})
    made = context(spec)

    for pod in pods(plan(spec, made)):
        assert pod["metadata"]["labels"][LABEL_ASSISTANT] == "minimal"
        assert pod["metadata"]["labels"][LABEL_COMPONENT] in COMPONENTS
        assert pod["metadata"]["labels"]["mine"] == "yes"


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in GOOD])
def test_equal_input_gives_equal_plans(case: Case) -> None:
    """A second pass makes zero writes."""
    once, again = (plan(spec, context(spec)) for spec in (spec_of(case.body() | {"metadata": {"name": "minimal"}}) for _ in range(2)))

    assert [manifest.to_dict() for manifest in once] == [manifest.to_dict() for manifest in again]


def test_the_intent_changes_with_anything() -> None:
    """Also when a field leaves the manifest, which a comparison with the live object would not show."""
    first, second = spec_of(body(EVERYTHING)), spec_of(body(model(name="registry.corp:5000/library/m:tag")))
    one = {m.name + m.kind: m.intent for m in plan(first, context(first))}
    other = {m.name + m.kind: m.intent for m in plan(second, context(second))}

    assert one["minimalStatefulSet"] != other["minimalStatefulSet"]
    assert one["minimalService"] == other["minimalService"]


def test_settings_reach_every_container() -> None:
    """Pull policy and pull secrets of the installation."""
    settings = installation(image_pull_policy="Never", image_pull_secrets=("regcred",))

    for pod in pods(plan(MINIMAL, context(MINIMAL, installation=settings))):
        assert pod["spec"]["imagePullSecrets"] == [{"name": "regcred"}]
        assert {container["imagePullPolicy"] for container in containers(pod)} == {"Never"}


@pytest.mark.parametrize("missing", [{"operator_labels": {}}, {"operator_namespace": ""}])
def test_an_operator_that_does_not_know_itself_builds_nothing(missing: dict[str, Any]) -> None:
    """A policy with empty selectors would admit every pod of the cluster."""
    with pytest.raises(ValueError, match="would admit every pod"):
        installation(**missing)


assistants = st.from_regex(r"\A[a-z]([-a-z0-9]{0,61}[a-z0-9])?\Z")


@given(name=assistants)
@settings(max_examples=100)
def test_whatever_the_name_every_object_has_one_that_fits(name: str) -> None:
    """63 characters for Services and label values, 52 for StatefulSets, 57 for Jobs, and a port's name for DNS."""
    limits = {"StatefulSet": 52, "Job": 57, "CronJob": 52}
    for manifest in (*plan(MEMORY, context(MEMORY, name)), *plan(HOSTS, context(HOSTS, name))):
        assert len(manifest.name) <= limits.get(manifest.kind, 63)
        assert not manifest.name.endswith("-")
        assert all(len(value) <= 63 for value in manifest.metadata["labels"].values())
