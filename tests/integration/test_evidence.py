"""Evidence end to end but for a cluster's network: the operator's questions to the real probe, and status on a real API server."""

import asyncio
import os
import socket
import sys
import uuid
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from assistant_egress.protocol import MAX_BYTES
from assistant_operator import errors
from assistant_operator.kube.aio import HttpClient
from assistant_operator.kube.connection import configuration
from assistant_operator.kube.kinds import NODE
from assistant_operator.reconcile.asking.control import Control, Thing
from assistant_operator.reconcile.asking.evidence import AT_ONCE, TIMEOUT, EvidenceAsk, Place
from assistant_operator.reconcile.asking.pod_http import PodHttp
from assistant_operator.reconcile.asking.surroundings import endpoint, node
from assistant_operator.resources.egress_targets import Endpoint, Surroundings
from tests.cluster.apiserver import ApiServer
from tests.integration.api import Api
from tests.integration.lab import OPERATOR, Lab
from tests.support.evidence import NOT_ENFORCED, confined
from tests.support.waiting import until

SECONDS = 20.0
HERE = "127.0.0.1"


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with socket.socket(type=kind) as free:
        free.bind((HERE, 0))
        found: int = free.getsockname()[1]
        return found


@asynccontextmanager
async def program(*arguments: str, port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a command of assistant_egress as its container does; yields when its port listens."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    line = [sys.executable, "-m", "assistant_egress", *arguments, f"--port={port}"]
    process = await asyncio.create_subprocess_exec(*line, env=environment)
    try:
        async with asyncio.timeout(SECONDS):
            while not await _listens(port):
                assert process.returncode is None
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(HERE, port)
    except ConnectionRefusedError:
        await asyncio.sleep(0.02)
        return False
    writer.close()
    return True


@asynccontextmanager
async def asking(around: Surroundings, port: int, alive: Collection[str] = ()) -> AsyncIterator[EvidenceAsk]:
    """Return the operator's questions to a probe on this machine, with its own control but for what is said to be alive."""
    from assistant_operator.reconcile.asking.control import reaches

    async def reach(thing: Thing) -> bool:
        return thing.address in alive or await reaches(thing)

    async def known() -> Surroundings:
        return around

    http, control, of_allowed = PodHttp(port, TIMEOUT, MAX_BYTES, AT_ONCE), Control(reach), Control(reach)
    yield EvidenceAsk(known, control, of_allowed, lambda: datetime.now(UTC), http.post)
    await control.close()
    await of_allowed.close()
    await http.close()


async def test_a_canary_that_is_reached_is_seen_and_one_that_is_not_too() -> None:
    """The canary, the control and the probe of the product: over TCP, UDP and by the door of IPv6; what is alive elsewhere is closed."""
    port, canary, closed = free_port(), free_port(), free_port()
    elsewhere = "127.0.0.77"
    around = Surroundings(canaries=(Endpoint(HERE, canary),), outside=(Endpoint(elsewhere, closed),), api_servers=(Endpoint(HERE, closed),))
    async with program("canary", port=canary), program("probe", port=port), asking(around, port, {elsewhere}) as ask:
        told = await ask(Place(HERE, (), ()))

    assert told is not None
    assert told.phase == "probe"
    assert {path: told.paths[path].reason for path in ("outside", "pods", "dns", "apiServer", "ownNode")} == {
        "outside": "Blocked",
        "pods": "Reached",
        "dns": "NoTarget",
        "apiServer": "NotAlive",
        "ownNode": "NoTarget",
    }


async def test_what_is_allowed_is_tried_by_the_same_programs_and_holds_no_gate() -> None:
    """By the rule for it: reached, and not reached, which is told by address once the operator has reached it."""
    port, canary, closed = free_port(), free_port(), free_port()
    elsewhere = "127.0.0.77"
    around = Surroundings(outside=(Endpoint("127.0.0.78", closed),))
    rules = [
        {"to": [{"ipBlock": {"cidr": f"{address}/32"}}], "ports": [{"port": number, "protocol": "TCP"}]}
        for address, number in ((HERE, canary), (elsewhere, closed))
    ]
    async with program("canary", port=canary):
        async with program("probe", port=port), asking(around, port) as ask:
            told = await ask(Place(HERE, (), rules[:1]))
        assert told is not None
        assert (told.paths["allowed"].verdict, told.paths["allowed"].unreached) == ("Enforced", ())

        async with program("probe", port=port), asking(around, port, {elsewhere}) as ask:
            told = await ask(Place(HERE, (), rules))
            assert told is not None
            assert told.paths["allowed"].reason == "Reached"  # whether the other one is alive is not waited for
            told = await ask(Place(HERE, (), rules))
        assert told is not None
        assert (told.paths["allowed"].verdict, told.paths["allowed"].unreached) == ("NotEnforced", (f"{elsewhere}:{closed}",))

        async with program("gate", "--require=outside", port=port) as gate, asking(around, port, {"127.0.0.78"}) as ask:
            assert await ask(Place(HERE, (), rules[1:])) is not None
            async with asyncio.timeout(SECONDS):
                assert await gate.wait() == 0


async def test_a_gate_ends_with_the_round_that_shows_all_closed() -> None:
    """The operator's question is what it waits for; its answer says that it was asked of the gate."""
    port, closed = free_port(), free_port()
    elsewhere = "127.0.0.77"
    around = Surroundings(outside=(Endpoint(elsewhere, closed),))
    async with program("gate", "--require=outside", port=port) as gate, asking(around, port, {elsewhere}) as ask:
        told = await ask(Place(HERE, (), ()))
        assert told is not None
        assert (told.phase, told.paths["outside"].is_satisfied) == ("gate", True)
        async with asyncio.timeout(SECONDS):
            assert await gate.wait() == 0


async def test_the_operator_may_ask_the_api_server_where_it_is(operated_cluster: ApiServer) -> None:
    """With the rights of the chart and no more."""
    client = HttpClient(await configuration(str(operated_cluster.kubeconfig_for(OPERATOR))))
    told = await client.server_addresses()
    await client.close()

    assert told
    assert all(endpoint(one) is not None for one in told)


async def test_the_operator_may_ask_where_nodes_are(operated_cluster: ApiServer, api: Api) -> None:
    """A few at a time, with the rights of the chart; who has none of them is told so by an error that the operator expects."""
    nodes = "/api/v1/nodes"
    names = [f"{number}-{uuid.uuid4().hex[:8]}" for number in range(3)]
    ready = {"type": "Ready", "status": "True"}
    for number, name in enumerate(names):
        made = api.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}, path=nodes)
        status = {"addresses": [{"type": "InternalIP", "address": f"203.0.113.{number}"}], "conditions": [ready]}
        api.raw("PUT", f"{nodes}/{name}/status", made | {"status": status})
    client = HttpClient(await configuration(str(operated_cluster.kubeconfig_for(OPERATOR))))
    nobody = HttpClient(await configuration(str(operated_cluster.kubeconfig_for("nobody"))))
    try:
        told = await client.some(NODE, 2)
        with pytest.raises(errors.ForbiddenError):
            await nobody.some(NODE, 2)
    finally:
        await client.close()
        await nobody.close()
        for name in names:
            api.raw("DELETE", f"{nodes}/{name}")

    assert [node(one).kubelet for one in told] == [("203.0.113.0",), ("203.0.113.1",)]


def test_status_tells_what_pods_reach_and_ready_follows(lab: Lab) -> None:
    """A row for each way out and node, keyed by both; confined, open, and confined again."""
    lab.make_ready()
    assert lab.verdict("EgressConfined") == ("True", "Enforced")
    assert len(lab.assistant()["status"]["evidence"]) == 6

    lab.running.probes.told = confined(pods=NOT_ENFORCED)
    lab.running.another_pass(lab.key)
    assert lab.verdict() == lab.verdict("EgressConfined") == ("False", "NotEnforced")
    assert {row["path"]: row["verdict"] for row in lab.assistant()["status"]["evidence"]}["pods"] == "NotEnforced"

    lab.running.probes.told = None
    lab.running.another_pass(lab.key)
    assert lab.verdict() == ("Unknown", "EvidenceNotSeen")
    lab.running.probes.told = confined()
    lab.running.another_pass(lab.key)
    until("it is ready again", lambda: lab.verdict() == ("True", "Serving"))


@pytest.mark.parametrize("mode", ["Required", "Reported"])
def test_evidence_in_the_spec_reaches_the_pods(lab: Lab, mode: str) -> None:
    """A gate where it is required, a probe in any case, as the API server stored them."""
    lab.make_ready(
        {"model": {"name": "registry.test:5000/library/smol:1"}, "egress": {"evidence": {"mode": mode, "paths": ["dns", "pods"]}}}
    )
    found = {one["name"]: one for one in lab.stateful_set()["spec"]["template"]["spec"]["initContainers"]}

    assert ("egress-gate" in found) == (mode == "Required")
    assert found["egress-probe"]["args"] == ["--port", "9091", "--require", "dns,pods"]
