"""The API server goes away, forgets what a watch had seen, and has the CRD exchanged: the operator notices, and changes nothing."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from assistant_operator.api.crd import custom_resource_definition
from assistant_operator.kube.kinds import PRIVATE_ASSISTANT, SERVICE, STATEFUL_SET
from assistant_operator.kube.objects import Object, condition, uid_of
from assistant_operator.naming import API_VERSION, FIELD_MANAGER, KIND
from tests.cluster.apiserver import ApiServer, api_server
from tests.integration.api import Api
from tests.integration.conformance.fingerprint import Fingerprint
from tests.integration.conftest import new_lab
from tests.integration.faults.life import FIRST, Lives, alive
from tests.integration.faults.proxy import Call, Fault, proxied
from tests.integration.faults.recording import operated
from tests.integration.lab import CHILD_KINDS, MODEL, OPERATOR, REGISTRY
from tests.integration.running import Hosts, Running
from tests.support.waiting import until

DEFINITION = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{PRIVATE_ASSISTANT.plural}.{PRIVATE_ASSISTANT.group}"
NAME = "s001"
AS_OPERATOR = f"fieldManager={FIELD_MANAGER}&force=true"


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
        until("the new schema is served", lambda: knows(lab.api, lab.namespace, "colour"))
        lab.running.another_pass(lab.key)
        assert before.moved(Fingerprint.of(lab.children(), lab.assistant())) == []
        assert lab.writes() == []

        lab.apply({"model": {"name": MODEL}, "logging": {"level": "ERROR"}})
        lab.pods_become_ready()
        assert lab.verdict() == ("True", "Serving")


def knows(api: Api, namespace: str, field: str) -> bool:
    path = f"{PRIVATE_ASSISTANT.path(namespace)}?dryRun=All&fieldValidation=Strict"
    return api.asked("POST", path, assistant(namespace, "probe", **{field: "red"})).status_code == 201


def assistant(namespace: str, name: str, **unknown: Any) -> Object:
    return {"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": name, "namespace": namespace}, "spec": {**FIRST, **unknown}}


def test_an_object_of_another_version_with_unknown_fields(
    operated_cluster: ApiServer, api: Api, namespace: str, definition: Callable[[Callable[[Object], None]], None]
) -> None:
    """A field that this operator does not know, in a spec that is stored: refused by name, for it may be a promise; nothing is made.

    Once the CRD prunes it and the object is written again, all goes on.
    """
    definition(newer)
    until("the new schema is served", lambda: knows(api, namespace, "colour"))
    api.create(assistant(namespace, NAME, colour="red"))
    # Before it starts: a watch from before the exchange tells of the object as the old schema has it.
    with proxied(operated_cluster, OPERATOR) as proxy:
        running = operated(proxy, namespace)
        until("it is told of", lambda: condition(api.assistant(namespace, NAME), "Stalled"))
        stalled = condition(api.assistant(namespace, NAME), "Stalled")
        made = [call.path for call in proxy.calls if call.is_write and not call.path.endswith(("/status", "/events"))]

        definition(lambda _spec: None)
        until("the old schema is served", lambda: not knows(api, namespace, "colour"))
        lives = Lives(api, namespace, proxy)
        lives.live([NAME], alive(running))
        running.stop()

    assert (stalled["reason"], made) == ("SpecInvalid", [])
    assert "spec.colour" in stalled["message"]
    assert lives.wrong() == []


def test_a_status_of_another_version_is_written_anew(
    operated_cluster: ApiServer, api: Api, namespace: str, definition: Callable[[Callable[[Object], None]], None]
) -> None:
    """It is not taken for true, and nothing is made anew because it cannot be read."""
    definition(newer)
    until("the new schema is served", lambda: knows(api, namespace, "colour"))
    with proxied(operated_cluster, OPERATOR) as proxy:
        running = operated(proxy, namespace)
        lives = Lives(api, namespace, proxy)
        lives.live([NAME], alive(running))
        running.settle()
        running.stop()
        before = remains(api, namespace)
        of_newer = {**before.status, "colour": "red"}
        told = {"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": NAME, "namespace": namespace}, "status": of_newer}
        api.raw("PATCH", f"{PRIVATE_ASSISTANT.path(namespace, NAME, 'status')}?{AS_OPERATOR}", told, "application/apply-patch+yaml")
        assert "colour" in api.assistant(namespace, NAME)["status"]

        running = operated(proxy, namespace)
        until("the status is this version's", lambda: "colour" not in api.assistant(namespace, NAME)["status"])
        lives.rest([NAME], alive(running))
        running.settle()
        running.stop()

    after = remains(api, namespace)
    assert [one for one in before.moved(after) if one != "status"] == []
    assert after.status["model"] == before.status["model"]
    assert lives.wrong() == []
