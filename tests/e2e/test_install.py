"""Other ways to install the operator: by the plain manifests, and by Helm for some namespaces only.

Two operators for one assistant would undo each other's work, so the one that all other tests use rests meanwhile; its assistants go on.
"""

import json
import re
from collections.abc import Iterator

import pytest

from tests.cluster.install import NAMESPACE, install
from tests.cluster.install import RELEASE as THE_RELEASE
from tests.cluster.node.cluster import Node
from tests.cluster.outside.world import HTTP_PORT, OTHER_REGISTRY
from tests.cluster.paths import REPOSITORY
from tests.e2e.conftest import RESTRICTED
from tests.e2e.support.assistants import Assistants
from tests.e2e.support.kubectl import Kubectl, Object, condition, until
from tests.e2e.support.operating import Operating

INSTALL = REPOSITORY / "deploy" / "install.yaml"
ITS_NAMESPACE, OURS = "private-assistant-system", "plain-manifests"
IMAGE = re.compile(r'((?:image: "|--\w+-image=))[\w./-]+/(operator|gateway|ollama):[\w.]+')
"""Where the manifests name an image: what comes before it, and its short name."""
RELEASE, WATCHING = "team-operator", "team-operators"
PROMPT = "What is the capital of France? Answer in one short sentence."
# The plain manifests trust public authorities alone, and the outside's registry has another one's certificate; no address outside is given.
BY_HTTP: Object = {
    "model": {"name": f"{OTHER_REGISTRY}:{HTTP_PORT}/library/smollm2:135m", "source": {"registry": {"insecure": True}}},
    "egress": {"evidence": {"paths": ["pods", "metadata", "dns"]}},
}


def test_the_charts_own_test_passes(operator: Kubectl, node: Node) -> None:
    """`helm test` on the release of all other tests, which works: it says so, and leaves nothing."""
    told = node.helm("test", THE_RELEASE, "--namespace", NAMESPACE, "--timeout", "150s")

    assert re.search(r"^Phase:\s+Succeeded$", told, re.MULTILINE)
    assert operator.list("pods", f"app.kubernetes.io/name={THE_RELEASE}-test") == []


@pytest.fixture(scope="module")
def alone(operator: Kubectl) -> Iterator[Kubectl]:
    """The operator of all other tests rests."""
    scale = ("scale", "deployment", "private-assistant-operator")
    operator.run(*scale, "--replicas=0")
    try:
        operator.run("wait", "--for=delete", "pod", "--selector=app.kubernetes.io/name=private-assistant-operator", "--timeout=120s")
        yield operator
    finally:
        operator.run(*scale, "--replicas=1")
        until(
            "it leads again", lambda: Operating(operator).leader() in [one["metadata"]["name"] for one in Operating(operator).pods()], 120
        )


@pytest.fixture
def plain(alone: Kubectl, images: dict[str, str]) -> Iterator[str]:
    """The plain manifests, with the images of this cluster and in a namespace of their own; removed afterwards but for the definition."""
    text, count = IMAGE.subn(lambda match: match[1] + images[match[2]], INSTALL.read_text().replace(ITS_NAMESPACE, OURS))
    assert count == 4
    try:
        yield text
    finally:
        removable = [obj for obj in objects(alone.within(OURS), text) if obj["kind"] != "CustomResourceDefinition"]
        alone.within(OURS).run("delete", "--wait=false", "-f", "-", stdin=json.dumps(as_list(removable)))


def test_the_plain_manifests_make_an_operator_that_works(plain: str, alone: Kubectl, assistants: Assistants) -> None:
    """Applied twice, the second time without effect; then a model's name becomes an endpoint, as with Helm."""
    kubectl = alone.within(OURS)
    kubectl.run("apply", "--server-side", "-f", "-", stdin=plain)
    kubectl.wait_for("deployment", "private-assistant-operator", "condition=Available", 150)
    before = generations(objects(kubectl, plain))

    kubectl.run("apply", "--server-side", "-f", "-", stdin=plain)

    assert generations(objects(kubectl, plain)) == before
    assistants.ready(spec=BY_HTTP)
    assistants.client()
    assert "Paris" in assistants.ask("openai", PROMPT, model=BY_HTTP["model"]["name"])["whole"]


@pytest.fixture
def team(alone: Kubectl, node: Node, images: dict[str, str], kubectl: Kubectl) -> Iterator[Kubectl]:
    """A release that watches the test's namespace alone; kubectl in the release's own namespace."""
    settings = (f"watchNamespaces={{{kubectl.namespace}}}", "crds.install=false", "rbac.aggregate=false")
    try:
        install(node, images, *settings, release=RELEASE, namespace=WATCHING)
        yield alone.within(WATCHING)
    finally:
        node.helm("uninstall", RELEASE, "--namespace", WATCHING, "--ignore-not-found")
        alone.delete("namespace", WATCHING, wait=False)


@pytest.fixture
def elsewhere(alone: Kubectl, kubectl: Kubectl) -> Iterator[Kubectl]:
    """A namespace that nobody watches."""
    name = f"{kubectl.namespace}-not"
    alone.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": RESTRICTED}})
    yield alone.within(name)
    alone.delete("namespace", name, wait=False)


def test_an_operator_for_one_namespace_works_there_and_may_do_nothing_elsewhere(
    team: Kubectl, elsewhere: Kubectl, assistants: Assistants
) -> None:
    """Its assistant becomes ready; one in another namespace is left alone, and the API server would refuse more than that.

    Of the whole cluster it has the rights over policies alone, which no namespace holds (rbac.clusterPolicies).
    """
    Assistants(elsewhere, assistants.images).apply("ignored")

    assistants.ready()

    assert elsewhere.get("pa", "ignored").get("status") is None
    assert condition(assistants.kubectl.get("pa", "minimal"), "Ready")["status"] == "True"
    account = f"system:serviceaccount:{WATCHING}:{operator_name(team)}"
    for verb, resource in (("get", "secrets"), ("patch", "statefulsets.apps"), ("list", "privateassistants.privateassistant.dev")):
        assert may(assistants.kubectl, account, verb, resource), f"{verb} {resource}"
        assert not may(elsewhere, account, verb, resource), f"{verb} {resource}"
        assert not may(elsewhere, account, verb, resource, "--all-namespaces"), f"{verb} {resource}"
    bound = [found for found in team.list("clusterrolebindings") if account.split(":")[2:] in subjects(found)]
    assert [found["roleRef"]["name"].removeprefix(f"{WATCHING}-") for found in bound] == [f"{operator_name(team)}-policies"]


def objects(kubectl: Kubectl, text: str) -> list[Object]:
    """Return the live objects of a manifest."""
    found: list[Object] = json.loads(kubectl.run("get", "--ignore-not-found", "-o", "json", "-f", "-", stdin=text) or '{"items": []}')[
        "items"
    ]
    return found


def generations(found: list[Object]) -> dict[str, str]:
    """Return what shows a write to an object: its version, or its generation where its own controller writes status to it."""
    return {obj["kind"] + obj["metadata"]["name"]: obj["metadata"].get("generation") or obj["metadata"]["resourceVersion"] for obj in found}


def as_list(found: list[Object]) -> Object:
    return {"apiVersion": "v1", "kind": "List", "items": found}


def operator_name(kubectl: Kubectl) -> str:
    """Return the name of the account under which the release's operator runs."""
    (deployment,) = kubectl.list("deployments", "app.kubernetes.io/name=private-assistant-operator")
    name: str = deployment["spec"]["template"]["spec"]["serviceAccountName"]
    return name


def may(kubectl: Kubectl, account: str, verb: str, resource: str, *where: str) -> bool:
    return kubectl.run("auth", "can-i", verb, resource, f"--as={account}", *where, check=False).strip() == "yes"


def subjects(binding: Object) -> list[list[str]]:
    return [[one.get("namespace", ""), one["name"]] for one in binding.get("subjects") or ()]
