"""The self-check passes where the rules do what the policy says, and closes the gateway where they do not."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from assistant_gateway.auth import KeyRing
from assistant_gateway.metrics import Metrics
from assistant_gateway.neighbours.egress import Egress
from assistant_gateway.neighbours.readiness import Readiness
from assistant_gateway.neighbours.upstream import Upstream
from assistant_gateway.policy import NamesPolicy, Policy, RedactionPolicy, RequestRedaction
from assistant_gateway.redaction import service
from assistant_gateway.redaction.detection.rules import Rules
from assistant_gateway.redaction.entities import STRUCTURED, Span
from assistant_gateway.redaction.names.client import NamesUnavailableError
from assistant_gateway.redaction.proving import selfcheck
from assistant_gateway.redaction.proving.selfcheck import FAILING, UNCHECKED, SelfCheck
from assistant_gateway.snapshot import Current, Snapshot
from tests.unit.gateway.fake_ollama import FakeOllama
from tests.unit.gateway.process import start_process, write_files
from tests.unit.gateway.redacting import redacting
from tests.unit.gateway.running import SECONDS, make_policy

PATTERN = "CUSTOM:staff-id"
ALL = [*sorted(STRUCTURED), PATTERN]
WAYS = [("Mask", "Off"), ("Pseudonymize", "Off"), ("Block", "Off"), ("Off", "Mask"), ("Off", "Block"), ("Pseudonymize", "Mask")]


def serving(policy: Policy) -> Current:
    return Current(Snapshot.of(policy, KeyRing(())), ready=True)


def without(monkeypatch: pytest.MonkeyPatch, entity: str) -> None:
    """Let the rules miss a type."""
    find = Rules.find

    def blind(self: Rules, text: str) -> list[Span]:
        return [span for span in find(self, text) if span.entity != entity]

    monkeypatch.setattr(Rules, "find", blind)


@pytest.mark.parametrize(("request_action", "response_action"), WAYS)
async def test_rules_that_do_what_the_policy_says_are_active(request_action: str, response_action: str) -> None:
    current = serving(redacting(request_action, response_action))
    check = SelfCheck(current)
    assert check.fault == UNCHECKED

    await check.look()

    assert check.fault is None
    page = check.status()
    assert page is not None
    assert (page["active"], page["failing"], page["notCovered"]) == (ALL, [], [])
    assert page["revision"] == current.snapshot.revision


@pytest.mark.parametrize("entity", ALL)
@pytest.mark.parametrize(("request_action", "response_action"), WAYS)
async def test_a_type_that_comes_through_is_named(
    monkeypatch: pytest.MonkeyPatch, entity: str, request_action: str, response_action: str
) -> None:
    """Each type in each direction: the check of one is no other's."""
    without(monkeypatch, entity)
    check = SelfCheck(serving(redacting(request_action, response_action)))

    await check.look()

    assert check.fault == FAILING
    page = check.status()
    assert page is not None
    assert entity in page["failing"]
    assert entity not in page["active"] + page["notCovered"]


async def test_a_stand_in_that_is_not_put_back_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service.Passage, "answer", lambda self: None)
    check = SelfCheck(serving(redacting("Pseudonymize")))

    await check.look()

    assert check.fault == FAILING


async def test_a_check_that_cannot_be_made_is_a_failure(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def crash(*_: object) -> None:
        raise RuntimeError("anna.weber@example.com")

    monkeypatch.setattr(Rules, "find", crash)
    check = SelfCheck(serving(redacting("Mask")))

    await check.look()

    assert check.fault == FAILING
    page = check.status()
    assert page is not None
    assert page["failing"] == ALL


async def test_a_pattern_of_which_nothing_can_be_shown_closes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named, so that nobody takes it for shown."""
    policy = redacting("Mask")
    unread = policy.redaction.patterns[0].model_copy(update={"expression": "[a-z&&[^aeiou]]{4}"})
    redaction = policy.redaction.model_copy(update={"patterns": (unread,)})
    check = SelfCheck(serving(policy.model_copy(update={"redaction": redaction})))
    without(monkeypatch, PATTERN)

    await check.look()

    assert check.fault is None
    page = check.status()
    assert page is not None
    assert (page["active"], page["failing"], page["notCovered"]) == (sorted(STRUCTURED), [], [PATTERN])


class Worker:
    """Finds what samples are made of by finding everything; may be away."""

    is_ready = False
    starts = True

    async def start(self) -> None:
        if not self.starts:
            raise NamesUnavailableError
        self.is_ready = True

    async def find(self, texts: Sequence[str]) -> list[list[Span]]:
        return [[Span(0, len(text), "PERSON")] for text in texts]


async def test_a_worker_for_names_that_is_gone_is_told_of() -> None:
    """/status says so beside what was shown before; not at the first start, nor when another runs. /readyz says it in every case."""
    base = redacting("Mask")
    request = RequestRedaction(action="Mask", entities=("PERSON",))
    policy = base.model_copy(update={"redaction": RedactionPolicy(request=request, names=NamesPolicy(mode="Standard"))})
    worker = Worker()
    check = SelfCheck(Current(Snapshot.of(policy, KeyRing(()), names=lambda _mode: worker), ready=True))

    async def told() -> list[object]:
        page = check.status()
        assert page is not None
        return [page["active"], page["fault"] and page["fault"]["reason"], check.fault and check.fault.reason]

    assert await told() == [[], None, "NamesUnavailable"]
    worker.starts = False
    await check.look()
    assert await told() == [[], "NamesUnavailable", "NamesUnavailable"]
    worker.starts = True
    await check.look()
    assert await told() == [["PERSON"], None, None]
    worker.is_ready = False
    assert await told() == [["PERSON"], "NamesUnavailable", "NamesUnavailable"]
    await check.look()
    assert await told() == [["PERSON"], None, None]


async def test_it_is_made_again_each_minute_and_for_another_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was true of an earlier policy, or a minute ago, says nothing of now."""
    now = 100.0
    current = serving(redacting("Mask"))
    check = SelfCheck(current, clock=lambda: now)
    await check.look()
    without(monkeypatch, "EMAIL")
    await check.look()
    assert check.fault is None
    now += selfcheck.SECONDS
    await check.look()
    assert check.fault == FAILING

    current.snapshot = serving(redacting("Block")).snapshot

    assert check.fault == UNCHECKED
    await check.look()
    assert check.fault == FAILING
    current.snapshot = serving(make_policy()).snapshot
    await check.look()
    assert (check.fault, check.status()) == (None, None)


async def test_it_is_told_of_the_policy_in_force_at_once_where_the_redaction_is_the_same() -> None:
    """Another limit is another revision, which the operator waits for; nobody is refused meanwhile."""
    current = serving(redacting("Mask"))
    check = SelfCheck(current)
    await check.look()
    before = current.snapshot
    limits = before.policy.limits.model_copy(update={"max_output_tokens": before.policy.limits.max_output_tokens + 1})
    current.snapshot = Snapshot.of(before.policy.model_copy(update={"limits": limits}), KeyRing(()), before=before)
    assert current.snapshot.revision != before.revision
    assert check.fault is None

    await check.look()
    page = check.status()
    assert page is not None
    assert page["revision"] == current.snapshot.revision
    assert check.fault is None


async def test_a_gateway_whose_redaction_fails_serves_nobody(monkeypatch: pytest.MonkeyPatch, fake: FakeOllama) -> None:
    """Draining or not: who comes while a value comes through is refused."""
    current = serving(redacting("Mask"))
    check, upstream, probe = SelfCheck(current), Upstream(fake.url), Upstream(fake.url)
    looking = Readiness(current, upstream, Egress(current, probe), Metrics(), redaction=check)
    await looking.look()
    watching = asyncio.create_task(looking.watch_redaction(0.001))
    try:
        async with asyncio.timeout(SECONDS):
            while not current.ready or looking.reasons:  # noqa: ASYNC110  nothing tells of it
                await asyncio.sleep(0.001)
            without(monkeypatch, "EMAIL")
            looking.drain()
            monkeypatch.setattr(check, "_due", 0.0)
            while current.ready:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
    finally:
        watching.cancel()
        upstream.close()

    assert [reason.reason for reason in looking._missing()] == ["RedactionFailing"]


BLIND = """
from assistant_gateway.redaction.detection.rules import Rules
find = Rules.find
Rules.find = lambda self, text: [span for span in find(self, text) if span.entity != "IBAN"]
"""


@pytest.mark.parametrize(("prelude", "reasons"), [("", []), (BLIND, ["RedactionFailing"])], ids=["sees", "blind"])
async def test_the_whole_process_tells_the_operator(tmp_path: Path, fake: FakeOllama, prelude: str, reasons: list[str]) -> None:
    """/status has what the operator reads, and /readyz why nothing is served."""
    write_files(tmp_path, redacting("Pseudonymize"))
    async with start_process(tmp_path, fake, prelude=prelude) as gateway:
        status: Any = {}
        ready: Any = None
        async with asyncio.timeout(SECONDS * 2):
            while (status.get("redaction") or {}).get("checkedAt") is None or ready != reasons:
                assert gateway.process.returncode is None, gateway.errors.read_text()
                await asyncio.sleep(0.05)
                try:
                    status = (await gateway.ops("/status")).json()
                    ready = [reason["reason"] for reason in (await gateway.ops("/readyz")).json()["reasons"]]
                except OSError:
                    continue
                except Exception as error:
                    if "Connect" not in type(error).__name__:
                        raise
        async with gateway.http() as client:
            answer = await client.post("/api/chat", json={"model": "tiny:1b", "messages": [], "stream": False})

    blind = {"IBAN"} if prelude else set()
    assert set(status["redaction"]["active"]) == set(ALL) - blind
    assert set(status["redaction"]["failing"]) == blind
    assert answer.status_code == (503 if prelude else 200)
    assert json.dumps(status["redaction"]["revision"]).strip('"') == redacting("Pseudonymize").revision()


async def test_a_pattern_that_is_refused_ends_the_gateway_with_its_name(tmp_path: Path, fake: FakeOllama) -> None:
    """The operator refuses it before; a file that it did not write must not be served by half."""
    policy = redacting("Mask")
    broken = policy.redaction.patterns[0].model_copy(update={"expression": "(STAFF"})
    redaction = policy.redaction.model_copy(update={"patterns": (broken,)})
    write_files(tmp_path, policy.model_copy(update={"redaction": redaction}))
    async with start_process(tmp_path, fake) as gateway:
        assert await gateway.exit_status() == 1

    assert gateway.termination()["reason"] == "PolicyInvalid"
    assert "staff-id" in gateway.termination()["message"]
