"""Documents of sources: unchanged ones skipped, vanished ones removed, and gone with their source."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from assistant_gateway.documents import rows, sources
from assistant_gateway.errors import RefusalError
from assistant_gateway.policy import SourcePolicy
from assistant_gateway.retention.purger import Purger
from assistant_gateway.retention.sweep import Sweeper
from assistant_gateway.storage.errors import StoreError
from tests.support.postgres import Postgres
from tests.unit.gateway.documents.world import ALICE, BOB, SOURCES, World, identity, rag, run_world
from tests.unit.gateway.retention.kept import set_clock_up
from tests.unit.gateway.running import until


async def put(world: World, source: str, locator: str, text: str) -> str:
    put = await world.library.sources.put(source, locator, "text/plain", text.encode())
    return "stored" if put.is_new else "unchanged"


async def locators(world: World, source: str) -> dict[str, str | None]:
    return {row["locator"]: row["sha256"] for row in await world.of_source(source)}


async def test_a_document_that_did_not_change_is_skipped(world: World) -> None:
    assert await put(world, "handbook", "a/leave.md", "Thirty days of leave.") == "stored"
    embedded = world.embedding.texts

    again = await world.library.sources.put("handbook", "a/leave.md", None, b"Thirty days of leave.")
    assert (again.is_new, again.chunks) == (False, 1)

    assert world.embedding.texts == embedded
    assert len(world.sidecar.asked) == 1
    assert await locators(world, "handbook") == {"a/leave.md": hashlib.sha256(b"Thirty days of leave.").hexdigest()}


async def test_a_damaged_document_is_sent_again(world: World) -> None:
    """It is not there for its source, and what the source has takes its place."""
    await put(world, "handbook", "leave.md", "Thirty days of leave.")
    await put(world, "handbook", "pay.md", "Pay day is Friday.")
    await world.damage((await world.fetch("SELECT id FROM documents ORDER BY created_at LIMIT 1"))[0][0])
    assert list(await locators(world, "handbook")) == ["pay.md"]

    assert await put(world, "handbook", "leave.md", "Thirty days of leave.") == "stored"

    assert sorted(await locators(world, "handbook")) == ["leave.md", "pay.md"]
    assert await put(world, "handbook", "leave.md", "Thirty days of leave.") == "unchanged"


async def test_a_document_that_changed_takes_the_place_of_the_old_one(world: World) -> None:
    await put(world, "handbook", "leave.md", "Thirty days of leave.")
    old = (await world.fetch("SELECT id FROM documents"))[0][0]

    assert await put(world, "handbook", "leave.md", "Twenty days of leave.") == "stored"

    assert await world.found(ALICE, "days of leave") == ["Twenty days of leave."]
    assert len(await world.listed(ALICE)) == 1
    assert len(await locators(world, "handbook")) == 1
    assert await world.fetch("SELECT 1 FROM data_keys WHERE record = $1", old) == []
    assert (await world.fetch("SELECT expires_at <= now() FROM documents WHERE id = $1", old))[0][0]


async def test_a_change_that_fails_leaves_the_old_document(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await put(world, "handbook", "leave.md", "Thirty days of leave.")
    usual = rows.insert_vectors

    async def failing(*values: Any) -> None:
        await usual(*values)
        raise asyncio.CancelledError

    monkeypatch.setattr(rows, "insert_vectors", failing)
    with pytest.raises(asyncio.CancelledError):
        await put(world, "handbook", "leave.md", "Twenty days of leave.")

    assert await world.found(ALICE, "days of leave") == ["Thirty days of leave."]


async def test_a_document_that_vanished_is_removed(world: World) -> None:
    await put(world, "handbook", "leave.md", "Thirty days of leave.")
    await put(world, "handbook", "food.md", "The canteen opens at noon.")

    await world.library.sources.remove("handbook", "leave.md")

    assert await world.found(ALICE, "days of leave") == ["The canteen opens at noon."]
    assert list(await locators(world, "handbook")) == ["food.md"]
    assert await world.count("data_keys") == 2  # the index key's and the other document's
    with pytest.raises(RefusalError) as refused:
        await world.library.sources.remove("handbook", "leave.md")
    assert refused.value.code == "not_found"
    assert await put(world, "handbook", "leave.md", "Thirty days of leave.") == "stored"


async def test_the_purger_clears_away_what_was_removed_or_replaced(world: World) -> None:
    await put(world, "handbook", "leave.md", "Thirty days of leave.")
    await put(world, "handbook", "food.md", "The canteen opens at noon.")
    await put(world, "handbook", "leave.md", "Twenty days of leave.")
    await world.library.sources.remove("handbook", "food.md")

    await Purger(world.store, world.current, Sweeper(world.store)).once()

    assert [await world.count(table) for table in ("documents", "chunks", "vectors_1", "data_keys")] == [1, 1, 1, 2]
    assert await world.found(ALICE, "leave or canteen") == ["Twenty days of leave."]


async def test_the_same_place_in_two_sources_is_two_places(world: World) -> None:
    await put(world, "handbook", "a.md", "For everyone.")
    await put(world, "salaries", "a.md", "For few.")
    assert await world.found(BOB, "for") == ["For everyone.", "For few."]
    await world.library.sources.remove("salaries", "a.md")
    assert await world.found(BOB, "for") == ["For everyone."]


async def test_two_gateways_that_write_the_same_place_leave_one_document(world: World) -> None:
    await world.index.space()
    world.embedding.held = asyncio.Event()
    both = [asyncio.create_task(put(world, "handbook", "a.md", text)) for text in ("First text.", "Second text.")]
    await until(lambda: len(world.ollama.asked) == 3)  # the probe and both documents
    world.embedding.held.set()
    assert await asyncio.gather(*both) == ["stored", "stored"]
    assert len(await world.found(ALICE, "text")) == 1
    assert len(await locators(world, "handbook")) == 1


async def test_other_chunks_make_other_documents(world: World) -> None:
    """After rag.chunk changed, the Job is told to send everything again, and what it sends is stored."""
    await put(world, "handbook", "a.md", "One. " * 60)
    pieces = await world.count("chunks")
    world.policy(rag(size=100))

    assert await locators(world, "handbook") == {"a.md": None}
    assert await put(world, "handbook", "a.md", "One. " * 60) == "stored"
    assert (await world.fetch("SELECT chunk_count FROM documents WHERE locator IS NOT NULL"))[0][0] > pieces


async def test_groups_of_the_source_decide_who_reads(world: World) -> None:
    await put(world, "handbook", "1", "A word for everyone.")
    await put(world, "salaries", "2", "A word for hr.")
    await put(world, "plans", "3", "A word for the board and hr.")

    assert sorted(await world.found(ALICE, "word")) == ["A word for everyone."]
    assert len(await world.found(BOB, "word")) == 3
    assert sorted(await world.found(identity("Dan", "board", "sales"), "word")) == ["A word for everyone.", "A word for the board and hr."]


async def test_a_change_of_groups_is_in_force_at_once(world: World) -> None:
    """With the policy that says so, before anything else runs."""
    await put(world, "salaries", "2", "A word for hr.")
    dan = identity("Dan", "board")

    world.policy(rag(sources=(SourcePolicy(name="salaries", groups=("board",)),)))
    assert await world.found(BOB, "word") == []
    assert await world.listed(BOB) == []
    assert await world.found(dan, "word") == ["A word for hr."]

    world.policy(rag(sources=(SourcePolicy(name="salaries", groups=()),)))
    assert await world.found(BOB, "word") == await world.found(dan, "word") == []

    world.policy(rag(sources=(SourcePolicy(name="salaries"),)))
    assert await world.found(ALICE, "word") == ["A word for hr."]


async def test_a_source_that_left_the_policy_is_hidden_at_once_and_erased(world: World) -> None:
    await put(world, "salaries", "2", "A word for hr.")
    await put(world, "handbook", "1", "A word for everyone.")
    await world.library.sources.report("salaries", {"state": "started"})
    assert await world.library.sources.clear() == 0

    world.policy(rag(sources=SOURCES[:1]))
    assert await world.found(BOB, "word") == ["A word for everyone."]
    assert await world.library.sources.clear() == 1

    assert await world.count("data_keys") == 2
    assert await world.fetch("SELECT source FROM documents WHERE expires_at IS NULL") == [("handbook",)]
    assert await world.library.sources.clear() == 0
    world.policy(rag())  # back again: what was erased stays so
    assert await world.found(BOB, "word") == ["A word for everyone."]
    with pytest.raises(RefusalError):
        await put(world, "unknown", "2", "text")


async def test_a_gateway_whose_policy_is_old_erases_nothing_new(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not know the source that another gateway feeds already; only when nobody has fed it for minutes, it is taken as gone."""
    world.policy(rag(sources=SOURCES[:1]))
    assert await world.library.sources.clear() == 0
    old = world.current.snapshot
    world.policy(rag())
    await put(world, "salaries", "2", "A word for hr.")
    world.current.snapshot = old

    assert await world.library.sources.clear() == 0
    monkeypatch.setattr(sources, "RECENT_SECONDS", 0.0)
    assert await world.library.sources.clear() == 1


async def test_without_rag_no_document_stays(world: World) -> None:
    """Uploads too: nobody could read them, and nothing says how long they were to be kept."""
    await put(world, "handbook", "1", "A word for everyone.")
    await world.library.upload_text(ALICE, "n", "A word of Alice.", {})
    assert await world.library.sources.clear() == 0

    world.policy(None)
    assert await world.library.sources.clear() == 2

    assert await world.count("data_keys") == 1


@pytest.mark.parametrize("known", [SOURCES, ()], ids=["with sources", "without any"])
async def test_uploads_stay_whatever_sources_there_are(world: World, known: tuple[SourcePolicy, ...]) -> None:
    """They came by the API, and belong to no source: only without rag are they gone."""
    await world.library.upload_text(ALICE, "n", "A word of Alice.", {})
    world.policy(rag(sources=known))

    assert await world.library.sources.clear() == 0

    assert await world.found(ALICE, "word") == ["A word of Alice."]


async def test_the_watch_clears_and_outlives_an_outage(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await put(world, "salaries", "2", "A word for hr.")
    told: set[str] = set()

    def telling(name: str, look: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[object]]:
        async def looks() -> object:
            try:
                found = await look()
            except StoreError:
                told.add(f"{name} failed")
                raise
            told.add(name)
            return found

        return looks

    monkeypatch.setattr(world.library.sources, "clear", telling("sources", world.library.sources.clear))
    monkeypatch.setattr(world.library.rebuild, "look", telling("rebuild", world.library.rebuild.look))
    watching = asyncio.create_task(world.library.watch(0.01))
    try:
        await until(lambda: told >= {"sources", "rebuild"})
        pool = world.store._pool
        world.store._pool = None
        world.policy(rag(sources=()))
        await until(lambda: told >= {"sources failed", "rebuild failed"})
        world.store._pool = pool
        keys = 2
        while keys > 1:
            assert not watching.done()
            keys = await world.count("data_keys")
            await asyncio.sleep(0.02)
    finally:
        watching.cancel()
    await until(lambda: watching.done())


async def test_runs_are_noted_and_shown(world: World) -> None:
    report = world.library.sources.report
    await report("handbook", {"state": "started"})
    await put(world, "handbook", "1", "One. " * 60)
    status = await world.library.sources.status()
    assert set(status) == {"handbook", "salaries", "plans"}
    assert (status["handbook"]["documents"], status["handbook"]["finishedAt"], status["handbook"]["failed"]) == (1, None, {})
    assert status["handbook"]["chunks"] == await world.count("chunks")
    assert status["handbook"]["startedAt"].endswith("Z")

    await report("handbook", {"state": "finished", "documents": 1, "chunks": 3, "failed": {"Broken": 2}})
    status = await world.library.sources.status()
    assert status["handbook"]["failed"] == {"Broken": 2}
    assert status["handbook"]["finishedAt"] is not None
    assert status["plans"] == {"startedAt": None, "finishedAt": None, "documents": 0, "chunks": 0, "failed": {}}
    assert await world.library.status() == {"sources": status, "index": {"state": "Serving", "remaining": 0}}


@pytest.mark.parametrize(
    "run",
    [
        {},
        {"state": "late"},
        {"state": "finished", "documents": -1},
        {"state": "finished", "documents": True},
        {"state": "finished", "chunks": 2**40},
        {"state": "finished", "failed": {"secret-name.pdf": 1}},
        {"state": "finished", "failed": {"Broken": "many"}},
        {"state": "finished", "failed": [1]},
        {"state": ["started"]},
    ],
)
async def test_a_report_that_is_none_is_refused(world: World, run: dict[str, Any]) -> None:
    with pytest.raises(RefusalError) as refused:
        await world.library.sources.report("handbook", run)
    assert refused.value.code == "invalid_request"


@pytest.mark.parametrize("locator", ["", "x" * 4097])
async def test_a_place_must_be_one(world: World, locator: str) -> None:
    with pytest.raises(RefusalError):
        await put(world, "handbook", locator, "text")


@pytest.mark.parametrize("locator", ["../../etc/passwd", "a\\b", "naïve/日本.md", "sp ace\n", "\u202efdp.exe", "a\x00b"])
async def test_a_place_is_a_name_and_no_path(world: World, locator: str) -> None:
    """Whatever it looks like, it comes back as it was and touches nothing."""
    await put(world, "handbook", locator, "Some text.")
    assert list(await locators(world, "handbook")) == [locator]
    assert await put(world, "handbook", locator, "Some text.") == "unchanged"


REASONS = {
    "Unsupported": ("unsupported_document", 415),
    "Encrypted": ("document_unreadable", 422),
    "Broken": ("document_unreadable", 422),
    "TooLarge": ("document_too_large", 413),
    "TooSlow": ("document_unreadable", 422),
    "OutOfMemory": ("document_too_large", 413),
    "Empty": ("document_unreadable", 422),
    "SomethingNew": ("document_unreadable", 422),
}


@pytest.mark.parametrize("reason", REASONS)
async def test_a_file_that_cannot_be_read_says_why_and_stops_nothing(world: World, reason: str) -> None:
    world.sidecar.says[b"bad"] = {"ok": False, "reason": reason}
    with pytest.raises(RefusalError) as refused:
        await put(world, "handbook", "bad", "bad")
    assert (refused.value.code, refused.value.status) == REASONS[reason]
    assert await put(world, "handbook", "good", "good text") == "stored"


async def test_a_document_that_was_masked_otherwise_is_another(world: World) -> None:
    """Its Job sends it again once the policy masks it, or masks it otherwise."""
    await put(world, "handbook", "a.md", "Ask anna.weber@example.com for leave.")
    world.redact("Pseudonymize")
    (listed,) = await world.of_source("handbook")
    again = await world.library.sources.put("handbook", "a.md", None, b"Ask anna.weber@example.com for leave.")
    twice = await world.library.sources.put("handbook", "a.md", None, b"Ask anna.weber@example.com for leave.")

    assert listed["sha256"] is None
    assert (again.is_new, twice.is_new) == (True, False)
    assert await world.found(BOB, "leave") == ["Ask [EMAIL] for leave."]


async def test_a_clock_that_was_ahead_takes_nothing_of_what_comes_later(postgres: Postgres, tmp_path: Path) -> None:
    """The store's time stays ahead then. What is brought from then on lives for its whole ttl, and goes where its source does."""
    await set_clock_up(postgres)
    async with run_world(postgres, tmp_path) as world:
        world.policy(rag(), ttl_seconds=3600)
        purger = Purger(world.store, world.current, Sweeper(world.store))
        for seconds in (10_000, -10_000):
            await world.fetch(f"UPDATE clock.shift SET by = by + interval '{seconds}s'")
            await purger.once()
        await world.library.sources.put("handbook", "leave.txt", "text/plain", b"Thirty days of leave.")

        await purger.narrow()
        await purger.once()
        assert await world.found(ALICE, "days of leave") == ["Thirty days of leave."]

        world.policy(rag(sources=()), ttl_seconds=3600)
        assert await world.library.sources.clear() == 1
