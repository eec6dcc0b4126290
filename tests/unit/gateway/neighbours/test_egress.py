"""Nothing is served unless the pod's egress probe says clearly that the pod is confined, where the policy requires that."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from assistant_gateway.auth import KeyRing
from assistant_gateway.neighbours import egress
from assistant_gateway.neighbours.egress import BREACHED, UNKNOWN, Egress
from assistant_gateway.neighbours.upstream import Upstream
from assistant_gateway.snapshot import Current, Snapshot
from tests.unit.gateway.fake_ollama import MODEL, Asked, FakeOllama, Wire, document
from tests.unit.gateway.fake_probe import FakeProbe, requiring
from tests.unit.gateway.process import GatewayProcess, start_process, write_files
from tests.unit.gateway.running import SECONDS, make_policy, write_keys

CHAT = {"model": MODEL, "messages": []}


@pytest.fixture
async def probe() -> AsyncIterator[FakeProbe]:
    async with FakeProbe() as server:
        yield server


@pytest.fixture
def current(tmp_path: Path) -> Current:
    write_keys(tmp_path)
    return Current(Snapshot.of(requiring(), KeyRing.load(tmp_path, requiring().keys)))


@pytest.fixture
def looking(probe: FakeProbe, current: Current) -> Egress:
    return Egress(current, Upstream(probe.url))


def change(current: Current, evidence: bool) -> None:
    """Put another policy into force, as watch.py does."""
    current.snapshot = Snapshot.of(requiring() if evidence else make_policy(), current.snapshot.keys)


@pytest.mark.parametrize(("state", "fault"), [("Confined", None), ("Breached", BREACHED), ("Unknown", UNKNOWN), ("confined", UNKNOWN)])
async def test_only_confined_is_no_fault(probe: FakeProbe, looking: Egress, state: str, fault: object) -> None:
    """A breach and a verdict that there is not yet are told apart; neither is served."""
    probe.state = state

    await looking.look()

    assert looking.fault == fault


async def test_before_the_first_look_nothing_is_known(looking: Egress) -> None:
    """The gateway starts closed."""
    assert looking.fault == UNKNOWN


async def test_each_look_asks_again(probe: FakeProbe, looking: Egress) -> None:
    """A breach is seen after all was well, and its end after that."""
    seen = []
    for state in ("Confined", "Breached", "Confined"):
        probe.state = state
        await looking.look()
        seen.append(looking.fault)

    assert seen == [None, BREACHED, None]


@pytest.mark.parametrize(
    "answer",
    [
        document(b""),
        document(b"CANARY"),
        document(b"Confined"),
        document(b'"Confined"'),
        document(b"[]"),
        document(b"{}"),
        document(b'{"state":["Confined"]}'),
        document(b'{"state":{"state":"Confined"}}'),
        document(b'{"state":null}'),
        document(b'{"state":"Confined","state":"Breached"}'),
        document(b'{"state":"Confined"}', 500),
        document(b'{"state":"Confined"}', 404),
        document(b'{"state":"Confined"'),
        b'{"state":"Confined"}\r\n\r\n',
        b"\x16\x03\x01\x02\x00\x01\x00" * 40,
    ],
)
async def test_an_answer_that_is_no_verdict_is_a_fault(probe: FakeProbe, looking: Egress, answer: bytes) -> None:
    """Whatever is not a verdict of Confined, with status 200, refuses; also after all was well."""
    await looking.look()
    assert looking.fault is None

    async def odd(asked: Asked, wire: Wire) -> None:
        await wire.raw(answer)
        wire.writer.close()

    probe.scripts["/verdict"] = odd
    await looking.look()

    assert looking.fault == UNKNOWN


async def test_an_answer_of_any_length_is_not_read(probe: FakeProbe, looking: Egress) -> None:
    """What is longer than any verdict is none, whatever it says: the gateway's memory is not another container's to fill."""

    async def huge(asked: Asked, wire: Wire) -> None:
        await wire.raw(document(b'{"state":"Confined","more":"' + b"x" * egress.MAX_ANSWER_BYTES + b'"}'))

    probe.scripts["/verdict"] = huge
    await looking.look()

    assert looking.fault == UNKNOWN


@pytest.mark.parametrize("drips", [False, True])
async def test_a_probe_that_is_slow_is_not_waited_for(
    probe: FakeProbe, looking: Egress, monkeypatch: pytest.MonkeyPatch, drips: bool
) -> None:
    """A look ends in its time, whether nothing comes or one byte after another."""
    monkeypatch.setattr(egress, "VERDICT_SECONDS", 0.1)

    async def slow(asked: Asked, wire: Wire) -> None:
        await wire.start()
        while drips:
            await wire.chunk(b" ")
            await asyncio.sleep(0.05)  # a byte now and then, for ever
        await wire.gone()

    probe.scripts["/verdict"] = slow
    async with asyncio.timeout(SECONDS):
        await looking.look()

    assert looking.fault == UNKNOWN


async def test_a_probe_that_is_away_is_a_fault_until_it_is_back(probe: FakeProbe, looking: Egress) -> None:
    """Its verdict before it went away counts for nothing."""
    await looking.look()
    before = looking.fault
    await probe.stop()
    await looking.look()
    away = looking.fault
    await probe.start()
    await looking.look()

    assert (before, away, looking.fault) == (None, UNKNOWN, None)


async def test_where_evidence_is_only_reported_nothing_is_asked(probe: FakeProbe, looking: Egress, current: Current) -> None:
    """There the condition tells, and requests are served."""
    change(current, evidence=False)
    probe.state = "Breached"

    await looking.look()

    assert looking.fault is None
    assert not probe.asked


async def test_a_policy_that_comes_to_require_evidence_starts_closed(looking: Egress, current: Current) -> None:
    """What was heard under an earlier policy is not taken for news."""
    await looking.look()
    change(current, evidence=False)
    await looking.look()
    change(current, evidence=True)

    assert looking.fault == UNKNOWN
    await looking.look()
    assert looking.fault is None


async def test_a_breach_refuses_new_requests_cuts_no_stream_and_ends(tmp_path: Path, fake: FakeOllama, probe: FakeProbe) -> None:
    """The whole process: an answer that has begun goes on, every new request is 503 with a record, and all is served again afterwards."""
    go_on = asyncio.Event()

    async def slow(asked: Asked, wire: Wire) -> None:
        await wire.start()
        await wire.chunk(b'{"response":"a","done":false}\n')
        await go_on.wait()
        await wire.chunk(b'{"response":"b","done":true,"prompt_eval_count":1,"eval_count":2}\n')
        await wire.end()

    fake.scripts["/api/chat"] = slow
    write_files(tmp_path, requiring())
    async with start_process(tmp_path, fake, f"--egress-probe={probe.url}") as gateway:
        await gateway.ready()
        async with gateway.http() as client, client.stream("POST", "/api/chat", json=CHAT) as answer:
            lines = answer.aiter_lines()
            first = await anext(lines)
            probe.state = "Breached"
            await until_reasons(gateway, ["EgressNotConfined"])
            async with gateway.http() as other:
                native = await other.post("/api/chat", json=CHAT)
                openai = await other.post("/v1/chat/completions", json=CHAT)
            metrics = (await gateway.ops("/metrics")).text
            go_on.set()
            rest = [line async for line in lines]
        probe.state = "Confined"
        await gateway.ready()
        async with gateway.http() as client:
            afterwards = await client.post("/v1/chat/completions", json=CHAT)
        gateway.process.terminate()
        await gateway.exit_status()

    assert [json.loads(line)["response"] for line in (first, *rest)] == ["a", "b"]
    assert (native.status_code, native.json()["code"]) == (503, "not_ready")
    assert (openai.status_code, openai.json()["error"]["code"]) == (503, "not_ready")
    assert native.headers["retry-after"] == "2"
    assert "private_assistant_gateway_ready 0.0" in metrics
    assert afterwards.status_code == 200
    records = [(record["route"], record["outcome"], record["code"]) for record in gateway.records()]
    assert sorted(records, key=str) == [
        ("/api/chat", "completed", None),
        ("/api/chat", "failed", "not_ready"),
        ("/v1/chat/completions", "completed", None),
        ("/v1/chat/completions", "failed", "not_ready"),
    ]
    assert len(fake.asked_for("/api/chat")) == 1


async def test_a_gateway_without_its_probe_serves_nothing(tmp_path: Path, fake: FakeOllama, probe: FakeProbe) -> None:
    """Nobody listens where the verdict would be: the gateway says so, and serves once somebody does."""
    write_files(tmp_path, requiring())
    await probe.stop()
    async with start_process(tmp_path, fake, f"--egress-probe={probe.url}") as gateway:
        await until_reasons(gateway, ["EgressUnknown"])
        async with gateway.http() as client:
            refused = await client.post("/api/chat", json=CHAT)
        await probe.start()
        await gateway.ready()

    assert refused.status_code == 503
    assert not fake.asked_for("/api/chat")


async def until_reasons(gateway: GatewayProcess, wanted: list[str]) -> None:
    """Wait until /readyz gives these reasons and no other."""
    async with asyncio.timeout(SECONDS):
        while await reasons(gateway) != wanted:
            assert gateway.process.returncode is None, gateway.errors.read_text()
            await asyncio.sleep(0.02)


async def reasons(gateway: GatewayProcess) -> list[str] | None:
    try:
        page = (await gateway.ops("/readyz")).json()
    except httpx.TransportError:  # it does not listen yet
        return None
    return [reason["reason"] for reason in page["reasons"]]
