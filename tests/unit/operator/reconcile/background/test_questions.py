"""The sources of a pass, wired together: who is asked where, whose news asks for a pass, and that all of it ends."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from assistant_egress.protocol import Answer, Result, encode_answer, parse_round
from assistant_operator.kube.objects import Object
from assistant_operator.naming import EVIDENCE_PORT, OPS_PORT
from assistant_operator.reconcile.asking import control
from assistant_operator.reconcile.asking.control import Thing
from assistant_operator.reconcile.asking.evidence import Place
from assistant_operator.reconcile.asking.surroundings import Around, HostPort
from assistant_operator.reconcile.background.questions import Questions
from assistant_operator.reconcile.key import Key
from assistant_operator.reconcile.scheduling.queue import Queue

KEY = Key("ns", "one")
ADDRESS = "127.91.92.93"
"""A loopback address of the tests' own: the ports are those of pods."""
SECONDS = 10.0


METADATA = [{"ipBlock": {"cidr": "169.254.169.254/31"}}, {"ipBlock": {"cidr": "fd00:ec2::254/127"}}]
PLACE = Place(ADDRESS, (), [{"to": METADATA, "ports": [{"port": 80, "protocol": "TCP"}]}], is_held=True)
"""What lies outside of this machine is not tried."""


class Cluster:
    """DNS that knows one address, and an API server that tells none."""

    async def resolve(self, _host: str) -> tuple[str, ...]:
        return (ADDRESS,)

    async def server_addresses(self) -> tuple[str, ...]:
        return ()

    async def nodes(self) -> tuple[Object, ...]:
        return ()


async def probe(request: web.Request) -> web.Response:
    targets = parse_round(await request.read()).targets
    results = tuple(Result(target.id, "Blocked", "2026-01-01T00:00:00Z") for target in targets)
    return web.Response(body=encode_answer(Answer("probe", results)))


async def operations(request: web.Request) -> web.Response:
    if request.path == "/progress":
        return web.json_response({"completedBytes": 1, "totalBytes": 2})
    if request.path == "/decisions":
        return web.json_response({"since": "2026-01-01T00:00:00Z", "allowed": 3, "refused": {}})
    masks = {"policyGeneration": 1, "revision": "r", "active": ["CARD"], "failing": [], "checkedAt": datetime.now(UTC).isoformat()}
    return web.json_response({"store": None, "retention": None, "sources": {}, "index": None, "redaction": masks})


@pytest.fixture
async def pod() -> AsyncIterator[None]:
    """A pod that answers on both of its ports for the operator."""
    asked, evidence = web.Application(), web.Application()
    asked.router.add_get("/{path:.*}", operations)
    evidence.router.add_post("/rounds", probe)
    async with TestServer(asked, host=ADDRESS, port=OPS_PORT), TestServer(evidence, host=ADDRESS, port=EVIDENCE_PORT):
        yield


@pytest.fixture
async def queue() -> Queue:
    return Queue()


def new(queue: Queue) -> Questions:
    """Return questions whose canary is what listens at the pod's port for operations."""
    cluster = Cluster()
    around = Around(cluster, cluster.server_addresses, HostPort("canary", OPS_PORT), (), cluster.nodes, servers=tuple, service=tuple)
    return Questions(queue, around)


@pytest.fixture
async def questions(queue: Queue) -> AsyncIterator[Questions]:
    made = new(queue)
    yield made
    await made.close()


async def taken(queue: Queue) -> Key:
    """Wait for the news, and make the pass that it asks for."""
    async with asyncio.timeout(SECONDS):
        key = await queue.take()
    queue.done(key)
    return key


@pytest.mark.usefixtures("pod")
async def test_each_source_hears_its_pods_and_its_news_asks_for_a_pass(questions: Questions, queue: Queue) -> None:
    """On the ports for operations and for evidence."""
    questions.proxies.latest(KEY, {"pod": ADDRESS})
    assert await taken(queue) == KEY
    questions.progress.latest(KEY, {"pod": ADDRESS})
    assert await taken(queue) == KEY
    questions.gateways.latest(KEY, {"pod": ADDRESS})
    assert await taken(queue) == KEY
    questions.evidence.latest(KEY, {"pod": PLACE})
    assert await taken(queue) == KEY

    assert questions.progress.latest(KEY, {"pod": ADDRESS})["pod"].total == 2
    assert questions.gateways.latest(KEY, {"pod": ADDRESS})["pod"].store is None
    assert (masks := questions.gateways.latest(KEY, {"pod": ADDRESS})["pod"].redaction) is not None
    assert masks.is_recent
    assert questions.proxies.latest(KEY, {"pod": ADDRESS})["pod"].allowed == 3
    told = questions.evidence.latest(KEY, {"pod": PLACE})["pod"]
    assert {path: seen.reason for path, seen in told.paths.items() if seen.reason != "NoTarget"} == {"pods": "Blocked"}


@pytest.mark.parametrize("source", ["gateways", "proxies"])
async def test_who_becomes_ready_is_asked_at_once_and_not_in_the_next_round(questions: Questions, source: str) -> None:
    """One that was asked in vain as it started has something to say then, and Ready waits for it."""
    poller = getattr(questions, source)
    await poller.first(KEY, {"pod": ADDRESS}, ["pod"])  # nobody listens yet
    await poller.first(KEY, {"pod": ADDRESS}, [])
    asked = web.Application()
    asked.router.add_get("/{path:.*}", operations)
    async with TestServer(asked, host=ADDRESS, port=OPS_PORT):
        await poller.first(KEY, {"pod": ADDRESS}, ["pod"])

    assert poller.latest(KEY, {"pod": ADDRESS}).keys() == {"pod"}


@pytest.mark.usefixtures("pod")
async def test_nothing_goes_on_after_the_end(queue: Queue) -> None:
    """No task, no connection: pytest would tell of one that is left."""
    made = new(queue)
    before = asyncio.all_tasks()
    made.evidence.latest(KEY, {"pod": PLACE})
    await taken(queue)
    await made.close()
    await asyncio.sleep(0)

    assert asyncio.all_tasks() == before


async def test_tries_that_run_end_with_the_questions(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what has to be closed and of what is allowed."""
    allowed = "127.91.92.94"
    awaited, have_begun = {ADDRESS, allowed}, asyncio.Event()

    async def reach(thing: Thing) -> bool:
        awaited.discard(thing.address)
        if not awaited:
            have_begun.set()
        await asyncio.Event().wait()
        return False

    monkeypatch.setattr(control, "reaches", reach)
    made = new(queue)
    before = asyncio.all_tasks()
    rule = {"to": [{"ipBlock": {"cidr": f"{allowed}/32"}}], "ports": [{"port": 443, "protocol": "TCP"}]}
    made.evidence.latest(KEY, {"pod": replace(PLACE, egress=[*PLACE.egress, rule])})
    async with asyncio.timeout(SECONDS):
        await have_begun.wait()
    await made.close()
    await asyncio.sleep(0)

    assert asyncio.all_tasks() == before
