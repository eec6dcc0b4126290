"""The API server goes away, forgets what a watch had seen, and has the CRD exchanged: the operator notices, and changes nothing."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from assistant_operator.api.crd import custom_resource_definition
from assistant_operator.kube.kinds import PRIVATE_ASSISTANT, SERVICE, STATEFUL_SET
from assistant_operator.kube.objects import Object, condition, uid_of
from tests.cluster.apiserver import ApiServer, api_server
from tests.integration.api import Api
from tests.integration.conformance.fingerprint import Fingerprint
from tests.integration.conftest import new_lab
from tests.integration.faults.life import FIRST, Lives, alive, is_ready
from tests.integration.faults.proxy import Call, Fault, proxied
from tests.integration.lab import CHILD_KINDS, MODEL, OPERATOR, REGISTRY, Lab
from tests.integration.running import Hosts, Running
from tests.support.waiting import until

# Transports that the other side has cut off are closed by whoever collects them, maybe after their loop's end.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

DEFINITION = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{PRIVATE_ASSISTANT.plural}.{PRIVATE_ASSISTANT.group}"
NAME = "c001"


def test_watches_that_expired_miss_nothing_for_long(operated_cluster: ApiServer, api: Api, namespace: str) -> None:
    """410 Gone: what came, changed and vanished while nobody watched is found by listing, and put right."""
    with proxied(operated_cluster, OPERATOR) as proxy:
        arguments = (proxy.kubeconfig, namespace, Hosts({REGISTRY: ("192.0.2.10",)}), f"--namespace={namespace}", "--resync-seconds=1")
        running = Running(*arguments).start()
        lives = Lives(api, namespace, proxy)
        lives.live([NAME], alive(running))
        expired: list[Call] = []

        def spoil(call: Call) -> Fault | None:
            if not call.is_watch or len(expired) >= 2 * len(CHILD_KINDS):
                return None
            expired.append(call)
            return Fault.EXPIRED

        proxy.spoil = spoil
        proxy.end_watches()
        service = api.must_get(SERVICE, namespace, NAME)
        api.delete(SERVICE, namespace, NAME)
        api.edit(STATEFUL_SET, namespace, NAME, {"spec": {"replicas": 5}})

        until("watches were told that they had expired", lambda: len(expired) > len(CHILD_KINDS), 30)
        made = until("the Service is back", lambda: api.get(SERVICE, namespace, NAME), 30)
        until("one replica", lambda: api.must_get(STATEFUL_SET, namespace, NAME)["spec"]["replicas"] == 1, 30)
        lives.rest([NAME], alive(running))
        running.stop()

    assert uid_of(made) != uid_of(service)
    assert running.error is None


@pytest.fixture
def own_cluster() -> Iterator[ApiServer]:
    """An API server that may be restarted."""
    with api_server() as cluster:
        api = Api(cluster)
        api.create(custom_resource_definition(), path="/apis/apiextensions.k8s.io/v1/customresourcedefinitions")
        until("the CRD is served", lambda: api.is_served(PRIVATE_ASSISTANT))
        api.close()
        yield cluster


def test_the_api_server_is_restarted(own_cluster: ApiServer) -> None:
    """While it is away nothing ends, and afterwards nothing is written but what is to be."""
    api = Api(own_cluster)
    hosts = Hosts({REGISTRY: ("192.0.2.10",)})
    with proxied(own_cluster, "admin", "system:masters") as proxy:
        running = Running(proxy.kubeconfig, "default", hosts, "--namespace=default", "--leader-election=false").start()
        lives = Lives(api, "default", proxy)
        lives.live([NAME], alive(running))
        before = remains(api, "default")
        own_cluster.restart()
        running.check()

        api.delete(SERVICE, "default", NAME)
        until("the Service is back", lambda: api.get(SERVICE, "default", NAME), 60)
        lives.rest([NAME], alive(running))
        running.settle()
        after = remains(api, "default")
        running.stop()
    api.close()

    assert [one for one in before.moved(after) if one != "status"] == [f"Service {NAME}"]
    assert running.error is None


def remains(api: Api, namespace: str) -> Fingerprint:
    children = [obj for kind in CHILD_KINDS for obj in api.list(kind, namespace, PRIVATE_ASSISTANT.group + "/assistant")]
    return Fingerprint.of(children, api.must_get(PRIVATE_ASSISTANT, namespace, NAME))


@pytest.fixture
def definition(api: Api) -> Iterator[Callable[[Callable[[Object], None]], None]]:
    """Exchange the CRD, and put the old one back in the end."""
    stored = api.raw("GET", DEFINITION)["spec"]

    def exchange(change: Callable[[Object], None]) -> None:
        spec = copy.deepcopy(stored)
        change(spec)
        api.raw("PATCH", DEFINITION, [{"op": "replace", "path": "/spec", "value": spec}], "application/json-patch+json")

    yield exchange
    exchange(lambda _spec: None)


def newer(spec: Object) -> None:
    """Add a field to the spec and to the status, and a column."""
    version = spec["versions"][0]
    parts = version["schema"]["openAPIV3Schema"]["properties"]
    parts["spec"]["properties"]["colour"] = {"type": "string"}
    parts["status"]["properties"]["colour"] = {"type": "string"}
    version["additionalPrinterColumns"].append({"name": "Colour", "type": "string", "jsonPath": ".spec.colour"})


def test_the_crd_is_upgraded_under_a_running_operator(
    operated_cluster: ApiServer, definition: Callable[[Callable[[Object], None]], None]
) -> None:
    """The API server ends the watches of the kind for it: nothing is written, and the next edit is seen as ever."""
    with new_lab(operated_cluster) as lab:
        lab.make_ready()
        before = Fingerprint.of(lab.children(), lab.assistant())
        lab.writes()
        definition(newer)
        until("the new schema is served", lambda: knows(lab, "colour"))
        lab.running.another_pass(lab.key)
        assert before.moved(Fingerprint.of(lab.children(), lab.assistant())) == []
        assert lab.writes() == []

        lab.apply({"model": {"name": MODEL}, "logging": {"level": "ERROR"}})
        lab.pods_become_ready()
        assert lab.verdict() == ("True", "Serving")


def knows(lab: Lab, field: str) -> bool:
    told = lab.api.asked("POST", f"{PRIVATE_ASSISTANT.path(lab.namespace)}?dryRun=All&fieldValidation=Strict", with_field(lab, field))
    return told.status_code == 201


def with_field(lab: Lab, field: str, name: str = "probe") -> Object:
    spec: dict[str, Any] = {**FIRST, field: "red"}
    return lab.manifest(spec, name)


def test_an_object_of_another_version_with_unknown_fields(
    operated_cluster: ApiServer, definition: Callable[[Callable[[Object], None]], None]
) -> None:
    """A field that this operator does not know, in a spec that is stored: refused by name, for it may be a promise; nothing is made.

    Once it is taken out, or the CRD prunes it and the object is written again, all goes on.
    """
    with new_lab(operated_cluster) as lab:
        definition(newer)
        until("the new schema is served", lambda: knows(lab, "colour"))
        lab.api.create(with_field(lab, "colour", lab.name))
        lab.expect("False", "SpecInvalid")
        assert "spec.colour" in lab.condition("Stalled")["message"]
        assert lab.children() == []

        definition(lambda _spec: None)
        until("the old schema is served", lambda: not knows(lab, "colour"))
        lab.make_ready(FIRST)
        assert is_ready(lab.assistant())
        assert condition(lab.assistant(), "Stalled") == {}
