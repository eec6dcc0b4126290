"""A real API server for the whole run, and for each test a namespace with an operator that has the rights of the chart and no more.

Each of pytest's workers, where it has several, has an API server to itself: tests may change what is there once in a cluster.
"""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from assistant_operator.api.crd import custom_resource_definition
from assistant_operator.kube.kinds import PRIVATE_ASSISTANT
from assistant_operator.kube.objects import Object
from assistant_operator.kube.rbac import cluster_rules, own_rules, workload_rules
from tests.cluster import builds
from tests.cluster.apiserver import ApiServer, api_server
from tests.integration.api import Api
from tests.integration.history import History
from tests.integration.lab import OPERATOR, REGISTRY, Lab
from tests.integration.page import Page, served
from tests.integration.running import Hosts, Running
from tests.support.statuslint import lint_history
from tests.support.waiting import until


def pytest_configure(config: pytest.Config) -> None:
    """Build the programs once, before there are workers that would do it at the same time, and where the progress is seen."""
    if not hasattr(config, "workerinput") and not config.option.collectonly:
        builds.build((*builds.API_SERVER, "helm"), only=("etcd", "kube-apiserver", "kube-controller-manager", "kubectl", "helm"))


@pytest.fixture(scope="session")
def operated_cluster() -> Iterator[ApiServer]:
    """An API server with the CRD and the operator's rights, which records every request."""
    with new_operated_cluster() as cluster:
        yield cluster


@contextmanager
def new_operated_cluster() -> Iterator[ApiServer]:
    """Start one that nobody else uses."""
    with api_server(audit=True) as cluster:
        api = Api(cluster)
        api.create(custom_resource_definition(), path="/apis/apiextensions.k8s.io/v1/customresourcedefinitions")
        for name, rules in (("workload", workload_rules()), ("cluster", cluster_rules()), ("own", own_rules())):
            _grant(api, f"private-assistant-{name}", rules)
        until("the CRD is served", lambda: api.is_served(PRIVATE_ASSISTANT))
        api.close()
        yield cluster


def _grant(api: Api, name: str, rules: list[dict[str, list[str]]]) -> None:
    root = "/apis/rbac.authorization.k8s.io/v1"
    api.create(
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules},
        path=f"{root}/clusterroles",
    )
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}
    user = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": OPERATOR}
    api.create(
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": name},
            "roleRef": role,
            "subjects": [user],
        },
        path=f"{root}/clusterrolebindings",
    )


@pytest.fixture
def api(operated_cluster: ApiServer) -> Iterator[Api]:
    found = Api(operated_cluster)
    yield found
    found.close()


def new_namespace(api: Api) -> str:
    name = f"test-{uuid.uuid4().hex[:8]}"
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}, path="/api/v1/namespaces")
    return name


@pytest.fixture
def namespace(api: Api) -> str:
    """A fresh namespace."""
    return new_namespace(api)


@contextmanager
def new_lab(cluster: ApiServer) -> Iterator[Lab]:
    """Make a namespace with an operator that watches it alone; at the end every status that it ever wrote is linted."""
    api = Api(cluster)
    name = new_namespace(api)
    hosts = Hosts({REGISTRY: ("192.0.2.10", "2001:db8::10")})
    running = Running(cluster.kubeconfig_for(OPERATOR), name, hosts, f"--namespace={name}").start()
    made = Lab(cluster, api, name, running, hosts, History(api, name))
    made.writes()
    yield made
    made.running.stop()
    try:
        told = lint_history(made.history.caught_up())
    finally:
        made.history.close()
        api.close()
    assert made.running.error is None, made.running.error
    assert told == []


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Page]]:
    """What gateways say, where they are asked: of the labs that are made after it."""
    with served(monkeypatch) as found:
        yield found


@pytest.fixture
def lab(operated_cluster: ApiServer) -> Iterator[Lab]:
    """A namespace with an operator."""
    with new_lab(operated_cluster) as made:
        yield made


@pytest.fixture(scope="module")
def ready_lab(operated_cluster: ApiServer) -> Iterator[Lab]:
    """A namespace with an operator and a ready assistant, shared by tests that leave it as they found it."""
    with new_lab(operated_cluster) as made:
        made.make_ready()
        yield made


@pytest.fixture
def past_admission(operated_cluster: ApiServer, api: Api) -> Iterator[Callable[[Object], None]]:
    """A way past the CRD's rules: for a moment the stored schema has none."""
    path = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{PRIVATE_ASSISTANT.plural}.{PRIVATE_ASSISTANT.group}"
    where = "/spec/versions/0/schema/openAPIV3Schema"
    strict = api.raw("GET", path)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}

    def put(schema: Object) -> None:
        api.raw("PATCH", path, [{"op": "replace", "path": where, "value": schema}], "application/json-patch+json")

    def create(obj: Object) -> None:
        put(anything)
        until("the object is let in", lambda: api.lets_in(obj))

    yield create
    put(strict)
