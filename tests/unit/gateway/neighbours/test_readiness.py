"""Ready means: the right model server, closed to the cloud, with the right model, which has answered."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from assistant_gateway.auth import KeyRing
from assistant_gateway.faults import FatalError, Reason
from assistant_gateway.metrics import Metrics
from assistant_gateway.neighbours import readiness
from assistant_gateway.neighbours.egress import Egress
from assistant_gateway.neighbours.readiness import Readiness
from assistant_gateway.neighbours.upstream import Upstream
from assistant_gateway.redaction.proving.selfcheck import FAILING, SelfCheck
from assistant_gateway.snapshot import Current, Snapshot
from tests.unit.gateway.fake_ollama import MODEL, Asked, FakeOllama, Wire, document
from tests.unit.gateway.fake_probe import FakeProbe, requiring
from tests.unit.gateway.keeping import EMBEDDING, make_rag
from tests.unit.gateway.running import make_policy, until, write_keys


@pytest.fixture
def current(tmp_path: Path) -> Current:
    write_keys(tmp_path)
    policy = make_policy()
    return Current(Snapshot.of(policy, KeyRing.load(tmp_path, policy.keys)))


def readiness_of(current: Current, fake: FakeOllama, probe: FakeOllama | None = None, store: object = None) -> Readiness:
    """Return what looks; without a probe nobody asks for one, since the policy of most tests does not require it."""
    egress = Egress(current, Upstream((probe or fake).url))
    return Readiness(current, Upstream(fake.url), egress, Metrics(), store)  # type: ignore[arg-type]


@pytest.fixture
def looking(fake: FakeOllama, current: Current) -> Readiness:
    return readiness_of(current, fake)


@pytest.fixture
def with_documents(fake: FakeOllama, tmp_path: Path) -> Readiness:
    """Of an assistant that has an embedding model as well."""
    write_keys(tmp_path)
    policy = make_policy().model_copy(update={"rag": make_rag()})
    return readiness_of(Current(Snapshot.of(policy, KeyRing.load(tmp_path, policy.keys))), fake)


async def reasons(looking: Readiness) -> list[str]:
    return [reason.reason for reason in await looking.look()]


async def test_a_right_model_server_is_ready_after_one_answer(fake: FakeOllama, looking: Readiness) -> None:
    assert await reasons(looking) == []
    assert await reasons(looking) == []

    (asked,) = fake.asked_for("/api/generate")
    assert asked.json == {"model": MODEL, "stream": False, "prompt": "Hello", "options": {"num_predict": 1}}


async def test_a_model_that_embeds_is_asked_to_embed(fake: FakeOllama, looking: Readiness) -> None:
    async def refuse(asked: Asked, wire: Wire) -> None:
        await wire.json({"error": '"tiny:1b" does not support generate'}, 400)

    fake.scripts["/api/generate"] = refuse

    assert await reasons(looking) == []
    assert fake.asked_for("/api/embed")


async def test_a_model_server_that_is_away_is_waited_for(fake: FakeOllama, looking: Readiness) -> None:
    await fake.stop()
    away = await reasons(looking)
    await fake.start()

    assert away == ["RuntimeUnreachable"]
    assert await reasons(looking) == []


async def test_after_the_model_server_was_away_the_model_must_answer_again(fake: FakeOllama, looking: Readiness) -> None:
    await reasons(looking)
    await fake.stop()
    await reasons(looking)
    await fake.start()
    await reasons(looking)

    assert len(fake.asked_for("/api/generate")) == 2


@pytest.mark.parametrize("version", ["0.20.2", "0.19.9", "0.3.14", "", "latest"])
async def test_an_old_model_server_ends_the_gateway(fake: FakeOllama, looking: Readiness, version: str) -> None:
    fake.version = version

    with pytest.raises(FatalError) as fatal:
        await looking.look()

    assert fatal.value.reason.reason == "RuntimeTooOld"


@pytest.mark.parametrize("version", ["0.20.3", "0.24.0", "v1.0.0", "0.24.0-rc1"])
def test_these_are_new_enough(version: str) -> None:
    assert not readiness.too_old(version)


@pytest.mark.parametrize("disabled", [False, None, 1, "true"])
async def test_a_model_server_that_does_not_say_that_the_cloud_is_off_is_not_ready(
    fake: FakeOllama, looking: Readiness, disabled: object
) -> None:
    fake.cloud_disabled = disabled

    assert await reasons(looking) == ["CloudEnabled"]


async def test_a_model_server_without_the_route_cannot_say_so(fake: FakeOllama, looking: Readiness) -> None:
    async def missing(asked: Asked, wire: Wire) -> None:
        await wire.raw(document(b"404 page not found", 404))

    fake.scripts["/api/status"] = missing

    assert await reasons(looking) == []


async def test_a_model_server_without_the_model_is_not_ready(fake: FakeOllama, looking: Readiness) -> None:
    fake.model = "another:1b"

    assert await reasons(looking) == ["ModelMissing"]


async def test_a_model_of_another_digest_ends_the_gateway(fake: FakeOllama, looking: Readiness) -> None:
    fake.digest = "00" * 32

    with pytest.raises(FatalError) as fatal:
        await looking.look()

    assert fatal.value.reason.reason == "DigestMismatch"
    assert not fake.asked_for("/api/generate")


@pytest.mark.parametrize("status", [500, 503])
async def test_a_model_that_does_not_answer_is_loading(fake: FakeOllama, looking: Readiness, status: int) -> None:
    async def fail(asked: Asked, wire: Wire) -> None:
        await wire.json({"error": "CANARY"}, status)

    fake.scripts["/api/generate"] = fail

    assert await reasons(looking) == ["ModelLoading"]


@pytest.mark.parametrize("path", ["/api/version", "/api/status", "/api/tags"])
@pytest.mark.parametrize(
    "answer", [b"", b"CANARY", b"[]", b'{"cloud":1,"models":1,"version":1}', b'{"models":[{}],"cloud":{},"version":"1.0.0"}']
)
async def test_answers_that_are_none_are_no_reason_to_serve(fake: FakeOllama, looking: Readiness, path: str, answer: bytes) -> None:
    async def odd(asked: Asked, wire: Wire) -> None:
        await wire.raw(document(answer))

    fake.scripts[path] = odd
    try:
        found = await reasons(looking)
    except FatalError as fatal:
        found = [fatal.reason.reason]

    assert found != [] or (path == "/api/version" and b"1.0.0" in answer)


async def test_the_switch_follows_what_is_seen(fake: FakeOllama, looking: Readiness, current: Current) -> None:
    fake.cloud_disabled = False
    watching = asyncio.create_task(looking.watch(0.001))
    await until(lambda: [reason.reason for reason in looking.reasons] == ["CloudEnabled"])
    assert not current.ready
    fake.cloud_disabled = True
    await until(lambda: current.ready)
    fake.cloud_disabled = False
    await until(lambda: not current.ready)
    watching.cancel()


async def test_draining_sends_clients_elsewhere_and_serves_those_who_came(looking: Readiness, current: Current) -> None:
    watching = asyncio.create_task(looking.watch(0.001))
    await until(lambda: current.ready)
    looking.drain()

    assert [reason.reason for reason in looking.reasons] == ["Draining"]
    assert current.ready
    watching.cancel()


async def test_the_embedding_model_answers_too(fake: FakeOllama, with_documents: Readiness) -> None:
    """Once, so that it is loaded before the first question; again after the model server was away."""
    assert await reasons(with_documents) == []
    assert await reasons(with_documents) == []
    await fake.stop()
    assert await reasons(with_documents) == ["RuntimeUnreachable"]
    await fake.start()
    assert await reasons(with_documents) == []

    assert [asked.json for asked in fake.asked_for("/api/embed")] == [{"model": EMBEDDING, "input": "Hello"}] * 2


async def test_an_embedding_model_that_does_not_answer_is_waited_for(fake: FakeOllama, with_documents: Readiness) -> None:
    async def refuse(asked: Asked, wire: Wire) -> None:
        await wire.json({"error": "no room"}, 500)

    fake.scripts["/api/embed"] = refuse
    first = await with_documents.look()
    del fake.scripts["/api/embed"]

    assert first == [readiness.EMBEDDING_LOADING]
    assert await reasons(with_documents) == []


async def test_a_missing_embedding_model_is_named(fake: FakeOllama, with_documents: Readiness) -> None:
    async def tags(asked: Asked, wire: Wire) -> None:
        await wire.json({"models": [{"name": fake.model, "digest": fake.digest}]})

    fake.scripts["/api/tags"] = tags

    assert await with_documents.look() == [readiness.EMBEDDING_MISSING]


async def test_two_models_of_one_name_end_the_gateway(fake: FakeOllama, looking: Readiness) -> None:
    """In two spellings of it: which of them would answer is not known, whichever is the pinned one."""

    async def tags(asked: Asked, wire: Wire) -> None:
        await wire.json({"models": [{"name": MODEL, "digest": fake.digest}, {"name": f"library/{MODEL}", "digest": "00" * 32}]})

    fake.scripts["/api/tags"] = tags

    with pytest.raises(FatalError) as fatal:
        await looking.look()
    assert fatal.value.reason.reason == "DigestMismatch"


async def test_another_embedding_model_of_that_name_ends_the_gateway(fake: FakeOllama, with_documents: Readiness) -> None:
    """Its vectors would be compared with those of the pinned one."""

    async def tags(asked: Asked, wire: Wire) -> None:
        await wire.json({"models": [{"name": fake.model, "digest": fake.digest}, {"name": EMBEDDING, "digest": "00" * 32}]})

    fake.scripts["/api/tags"] = tags

    with pytest.raises(FatalError) as fatal:
        await with_documents.look()
    assert fatal.value.reason.reason == "DigestMismatch"


async def test_a_store_that_cannot_be_used_is_a_reason_beside_the_others(fake: FakeOllama, current: Current) -> None:
    class Store:
        fault: Reason | None = Reason("StoreFull", "The store has no room left.")

    store = Store()
    looking = readiness_of(current, fake, store=store)
    assert await reasons(looking) == ["StoreFull"]
    fake.cloud_disabled = False
    assert await reasons(looking) == ["CloudEnabled", "StoreFull"]
    fake.cloud_disabled, store.fault = True, None
    assert await reasons(looking) == []


@asynccontextmanager
async def watched(current: Current, fake: FakeOllama) -> AsyncIterator[tuple[Readiness, FakeProbe]]:
    """Watch a pod whose policy requires evidence, as a running gateway does."""
    current.snapshot = Snapshot.of(requiring(), current.snapshot.keys)
    async with FakeProbe() as probe:
        looking = readiness_of(current, fake, probe)
        watches = [asyncio.create_task(looking.watch(0.001)), asyncio.create_task(looking.watch_egress(0.001))]
        try:
            yield looking, probe
        finally:
            for watch in watches:
                watch.cancel()
            await asyncio.gather(*watches, return_exceptions=True)


async def test_a_breach_is_named_before_all_else(fake: FakeOllama, current: Current) -> None:
    """It is a reason beside the model server's, and the first: nothing is served until both are gone."""
    fake.cloud_disabled = False
    async with watched(current, fake) as (looking, probe):
        probe.state = "Breached"
        await until(lambda: [reason.reason for reason in looking.reasons] == ["EgressNotConfined", "CloudEnabled"])
        fake.cloud_disabled = True
        await until(lambda: [reason.reason for reason in looking.reasons] == ["EgressNotConfined"])
        assert not current.ready
        probe.state = "Confined"
        await until(lambda: current.ready)


@pytest.mark.parametrize("path", ["/api/tags", "/api/generate"])
async def test_a_model_server_that_takes_its_time_hides_no_breach(fake: FakeOllama, current: Current, path: str) -> None:
    """A look at the model server waits for up to a quarter of an hour; a breach is seen all the same."""
    waiting = asyncio.Event()

    async def silent(asked: Asked, wire: Wire) -> None:
        waiting.set()
        await wire.gone()

    fake.scripts[path] = silent
    async with watched(current, fake) as (looking, probe):
        await waiting.wait()
        probe.state = "Breached"
        await until(lambda: looking.reasons[0].reason == "EgressNotConfined")


async def test_a_breach_closes_a_gateway_whose_model_server_hangs(fake: FakeOllama, current: Current) -> None:
    """It was ready, and the look that would show the breach is stuck with the model server."""
    async with watched(current, fake) as (_, probe):
        await until(lambda: current.ready)

        async def silent(asked: Asked, wire: Wire) -> None:
            probe.state = "Breached"
            await wire.gone()

        fake.scripts["/api/tags"] = silent
        async with asyncio.timeout(readiness.LOOK_SECONDS / 2):
            await until(lambda: not current.ready)


async def test_a_pod_that_drains_serves_only_while_it_masks(looking: Readiness, current: Current, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it does while it is confined."""
    fault: list[Reason] = []
    monkeypatch.setattr(SelfCheck, "fault", property(lambda _: fault[0] if fault else None))
    looking._redaction = SelfCheck(current)
    await looking.look()
    looking._show()
    looking.drain()
    assert current.ready
    fault.append(FAILING)
    looking._show()

    assert not current.ready


async def test_a_pod_that_drains_serves_only_while_it_is_confined(fake: FakeOllama, current: Current) -> None:
    """Who still comes to a pod that ends is served, but not by one that leaks; the reason stays that it drains."""
    async with watched(current, fake) as (looking, probe):
        await until(lambda: current.ready)
        looking.drain()
        assert current.ready
        probe.state = "Breached"
        await until(lambda: not current.ready)
        assert [reason.reason for reason in looking.reasons] == ["Draining"]
