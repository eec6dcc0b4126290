"""The operator as a process: Lease, restart, end, health, metrics, logs, Events, namespaced and cluster-wide."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from assistant_operator import errors
from assistant_operator.api.crd import custom_resource_definition
from assistant_operator.handlers.operator import Operator
from assistant_operator.kube.kinds import EVENT, LEASE, NETWORK_POLICY, PRIVATE_ASSISTANT, SECRET, SERVICE
from assistant_operator.kube.objects import Object, condition
from assistant_operator.naming import FIELD_MANAGER
from assistant_operator.reconcile.key import Key
from tests.cluster.apiserver import ApiServer, api_server
from tests.integration.api import Api
from tests.integration.lab import MODEL, OPERATOR, REGISTRY, Lab
from tests.integration.processes import ROOTS, fetch, free_port, process
from tests.integration.rights import forbidden
from tests.integration.running import Hosts, Running
from tests.support.waiting import until


def another(lab: Lab, identity: str) -> Running:
    kubeconfig = lab.cluster.kubeconfig_for(OPERATOR)
    return Running(kubeconfig, lab.namespace, lab.hosts, f"--namespace={lab.namespace}", identity=identity).start()


def holder(lab: Lab) -> str:
    lease = lab.api.get(LEASE, lab.namespace, "private-assistant-operator")
    return str(lease["spec"]["holderIdentity"]) if lease else ""


def test_of_two_operators_one_works(lab: Lab) -> None:
    """The second waits, and takes over when the first ends; it writes nothing that is right already."""
    lab.make_ready()
    second = another(lab, "two")
    try:
        lab.apply({"model": {"name": MODEL}, "logging": {"level": "ERROR"}})
        lab.pods_become_ready()
        until("the second has asked for the Lease, and asks again", lambda: second.calls("get", LEASE) > 1)
        assert holder(lab) == "one"
        assert second.passes == 0
        lab.writes()
        before = lab.fingerprint()

        lab.running.stop()
        until("the second takes over", lambda: holder(lab) == "two")
        until("it has passed over the assistant", lambda: second.passes > 0)
        second.settle()

        assert lab.writes() == []
        assert lab.fingerprint() == before
        lab.api.delete(SERVICE, lab.namespace, "one")
        until("it repairs", lambda: lab.api.get(SERVICE, lab.namespace, "one"))
    finally:
        second.stop()


def test_an_operator_whose_lease_was_taken_ends(lab: Lab) -> None:
    """It writes nothing any more and says so by its end."""
    lab.make_ready()
    lease = lab.api.must_get(LEASE, lab.namespace, "private-assistant-operator")
    now = time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime())
    lab.api.edit(LEASE, lab.namespace, "private-assistant-operator", {"spec": {"holderIdentity": "thief", "renewTime": now}})
    assert lease["spec"]["holderIdentity"] == "one"

    lab.running.wait_ended()

    assert isinstance(lab.running.error, errors.LeaseLostError)
    lab.running.error = None  # expected; the fixture looks at it
    assert holder(lab) == "thief"


def test_an_operator_that_is_told_to_stop_before_it_could_list_anything_ends_at_once(
    operated_cluster: ApiServer, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its watches are not begun: nothing waits for them to end."""
    asked = threading.Event()

    async def never(_operator: Operator, _client: object) -> bool:
        asked.set()
        await asyncio.Event().wait()
        return False

    monkeypatch.setattr(Operator, "_list", never)
    running = Running(operated_cluster.kubeconfig_for(OPERATOR), namespace, Hosts({}), f"--namespace={namespace}").start()
    assert asked.wait(10)
    begun = time.monotonic()
    running.stop()

    assert time.monotonic() - begun < 5
    assert running.error is None


def test_a_restart_with_many_assistants_writes_nothing(lab: Lab) -> None:
    """The children's listings land before the first pass."""
    keys = [Key(lab.namespace, f"many-{number}") for number in range(15)]
    for key in keys:
        lab.api.apply(lab.manifest(name=key.name))

    def told() -> bool:
        return all(condition(lab.api.assistant(*key), "Ready").get("reason") == "Pulling" for key in keys)

    until("all are told of", told, 30)
    lab.settle()
    lab.running.stop()
    lab.writes()

    second = another(lab, "two")
    try:
        until("all were passed over", lambda: second.passes >= len(keys), 30)
        second.settle()
        assert lab.writes() == []
    finally:
        second.stop()


def test_events_tell_of_transitions_only(lab: Lab) -> None:
    """One Event for each change of a condition, none for passes without change."""
    lab.make_ready()
    for _ in range(3):
        lab.running.another_pass(lab.key)

    # The API server has Events of its own, of Services whose addresses it has not noted yet.
    events = [event for event in lab.api.list(EVENT, lab.namespace) if event["reportingController"] == FIELD_MANAGER]
    notes = [(event["type"], event["reason"], event["note"].partition(":")[0]) for event in events]
    assert len(notes) == len(set(notes)), notes
    assert ("Normal", "Serving", "Ready is True") in notes
    assert ("Normal", "ModelVerified", "ModelReady is True") in notes
    assert {event["regarding"]["name"] for event in events} == {"one"}
    assert {event["regarding"]["kind"] for event in events} == {"PrivateAssistant"}


def test_another_namespace_is_left_alone(lab: Lab) -> None:
    """Namespaced mode: nothing outside is read or written."""
    other = f"{lab.namespace}-other"
    lab.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": other}}, path="/api/v1/namespaces")
    lab.api.apply({**lab.manifest(), "metadata": {"name": "one", "namespace": other}})
    lab.apply()

    assert lab.api.list(SERVICE, other) == []
    assert "status" not in lab.api.assistant(other, "one")


def test_the_process_tells_how_it_is_and_ends_in_good_order(api: Api, operated_cluster: ApiServer, namespace: str, tmp_path: Path) -> None:
    """Health, metrics, JSON logs without secrets, and an end within seconds that frees the Lease."""
    port, log = free_port(), tmp_path / "log"
    with process(operated_cluster.kubeconfig_for(OPERATOR), namespace, port, log, f"--namespace={namespace}") as running:
        until("it is ready", lambda: fetch(port, "/readyz")[0] == 200)
        assert fetch(port, "/healthz") == (200, "ok\n")
        assert fetch(port, "/other")[0] == 404
        manifest = {"apiVersion": "privateassistant.dev/v1alpha1", "kind": "PrivateAssistant"}
        api.apply({**manifest, "metadata": {"name": "one", "namespace": namespace}, "spec": {"model": {"name": MODEL}}})
        until(
            "it works",
            lambda: api.get(NETWORK_POLICY, namespace, "one") and "conditions" in api.assistant(namespace, "one").get("status", {}),
        )
        metrics = fetch(port, "/metrics")[1]
        for name in ("reconciles_total", "reconcile_seconds_count", "queue_depth", "api_calls_total", "leader 1.0"):
            assert f"private_assistant_operator_{name}" in metrics
        # registry.test has no address
        assert 'private_assistant_operator_assistants{condition="Ready",reason="RegistryUnresolved",status="False"} 1.0' in metrics
        assert MODEL not in metrics

        begun = time.monotonic()
        running.send_signal(signal.SIGTERM)
        assert running.wait(20) == 0
        assert time.monotonic() - begun < 10
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert any(line["message"] == "Lease acquired" and line["identity"] for line in lines)
    assert all({"time", "level", "message"} <= line.keys() for line in lines)
    key = api.must_get(SECRET, namespace, "one-key-default")["data"]["api-key"]
    assert key not in log.read_text()
    assert api.must_get(LEASE, namespace, "private-assistant-operator")["spec"].get("holderIdentity", "") == ""


def test_a_process_without_its_settings_says_which(tmp_path: Path) -> None:
    """Exit 2 and the name of the flag."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PRIVATE_ASSISTANT_")}
    root = Path(__file__).parents[2]
    environment["PYTHONPATH"] = os.pathsep.join(str(root / source) for source in ROOTS)
    done = subprocess.run(
        [sys.executable, "-m", "assistant_operator"], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60
    )

    assert done.returncode == 2
    assert "--gateway-image" in done.stderr


def test_a_process_that_lost_its_lease_ends_badly(api: Api, operated_cluster: ApiServer, namespace: str, tmp_path: Path) -> None:
    """Non-zero, so that its container is started anew and queues for the Lease."""
    port, log = free_port(), tmp_path / "log"
    with process(operated_cluster.kubeconfig_for(OPERATOR), namespace, port, log, f"--namespace={namespace}") as running:
        until("it leads", lambda: "private_assistant_operator_leader 1.0" in fetch(port, "/metrics")[1])
        now = time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime())
        api.edit(LEASE, namespace, "private-assistant-operator", {"spec": {"holderIdentity": "thief", "renewTime": now}})

        assert running.wait(30) == 1
    assert "Lease lost" in log.read_text()


def test_cluster_wide_and_before_the_crd() -> None:
    """An operator that is installed first waits for the CRD, and serves every namespace."""
    with api_server() as cluster:
        api = Api(cluster)
        running = Running(cluster.kubeconfig, "default", Hosts({REGISTRY: ("192.0.2.10",)})).start()
        try:
            until("it has looked for the CRD", lambda: running.calls("list", PRIVATE_ASSISTANT))
            running.check()
            api.create(custom_resource_definition(), path="/apis/apiextensions.k8s.io/v1/customresourcedefinitions")
            until("the CRD is served", lambda: api.is_served(PRIVATE_ASSISTANT))
            for name in ("a", "b"):
                api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}, path="/api/v1/namespaces")
                api.apply(_assistant(name))
            for name in ("a", "b"):
                until("its policy", partial(api.get, NETWORK_POLICY, name, "one"), 30)
            running.settle()
        finally:
            running.stop()
            api.close()
        assert running.error is None


def _assistant(namespace: str) -> Object:
    return {
        "apiVersion": "privateassistant.dev/v1alpha1",
        "kind": "PrivateAssistant",
        "metadata": {"name": "one", "namespace": namespace},
        "spec": {"model": {"name": MODEL}},
    }


@pytest.mark.parametrize("verb", ["list", "watch"])
def test_secrets_are_never_listed_or_watched(lab: Lab, verb: str) -> None:
    """The rights do not allow it, and the log of requests shows no try."""
    lab.make_ready()

    records = [json.loads(line) for line in (lab.cluster.folder / "audit.jsonl").read_text().splitlines()]
    secrets = [one for one in records if one["user"]["username"] == OPERATOR and (one.get("objectRef") or {}).get("resource") == "secrets"]
    assert secrets
    assert all(one["verb"] != verb for one in secrets)


def test_everything_that_the_operator_asked_was_allowed(lab: Lab) -> None:
    """The rights made from the table are enough: no request of the operator was forbidden."""
    lab.make_ready()

    assert forbidden(lab.cluster) == []


def test_what_a_watch_did_not_tell_is_found_by_listing(operated_cluster: ApiServer, api: Api, namespace: str) -> None:
    """Objects that vanished, and assistants that came, while no watch looked."""
    hosts = Hosts({REGISTRY: ("192.0.2.10",)})
    kubeconfig = operated_cluster.kubeconfig_for(OPERATOR)
    running = Running(kubeconfig, namespace, hosts, f"--namespace={namespace}", "--resync-seconds=1").start()
    try:
        api.apply(_assistant(namespace))
        until("its policy", partial(api.get, NETWORK_POLICY, namespace, "one"))
        running.settle()
        assert running.operator is not None
        watch = running.operator.watch
        assert watch is not None
        watch.drop = lambda obj: None  # type: ignore[method-assign]  # the watch goes silent
        api.delete(SERVICE, namespace, "one")

        until("the Service is back", partial(api.get, SERVICE, namespace, "one"))
    finally:
        running.stop()
