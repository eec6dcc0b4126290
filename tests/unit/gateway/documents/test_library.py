"""Taking documents in: whole or not at all, sealed, and nobody's but their readers'."""

import asyncio
import os
import random
import re
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import pytest

from assistant_gateway.documents import index, labels, rows
from assistant_gateway.documents.library import Document
from assistant_gateway.errors import RefusalError
from assistant_gateway.record import Records
from assistant_gateway.retention.erasure import Eraser
from assistant_gateway.retention.export import Export
from assistant_gateway.retention.purger import Purger
from assistant_gateway.retention.status import RetentionStatus
from assistant_gateway.retention.sweep import Sweeper
from assistant_gateway.storage.errors import StoreError
from tests.unit.gateway.documents.world import ALICE, BOB, World, identity, rag
from tests.unit.gateway.running import until

LONG = " ".join(f"sentence number {number} speaks of thing{number}." for number in range(400))
KEPT = ("documents", "chunks", "data_keys WHERE record <> '00000000-0000-0000-0000-000000000000'")


def eraser(world: World, folder: Path) -> Eraser:
    """Return what erases, with records of its own."""
    return Eraser(world.store, Records(os.open(folder / "records", os.O_CREAT | os.O_WRONLY)), Sweeper(world.store))


async def reserved(world: World, documents: int) -> None:
    """Wait until so many documents have their rows."""
    async with asyncio.timeout(20):
        while await world.count("documents") < documents:  # noqa: ASYNC110  the database tells nobody of it
            await asyncio.sleep(0.01)


async def held(world: World) -> list[int]:
    """Count documents, pieces, keys and vectors."""
    counts = [await world.count(table) for table in KEPT]
    return [*counts, sum([await world.count(row["t"]) for row in await world.fetch("SELECT 'vectors_' || id AS t FROM spaces")])]


async def test_an_upload_is_found_by_its_owner(world: World) -> None:
    document = await world.library.upload_text(ALICE, "trip.txt", "The bus to Lyon leaves at seven.", {"year": 2026})

    hits = await world.retriever.retrieve(ALICE, "when does the bus leave", None)

    assert [(hit.document, hit.file_name, hit.metadata, hit.text, hit.seq) for hit in hits] == [
        (document.id, "trip.txt", {"year": 2026}, "The bus to Lyon leaves at seven.", 0)
    ]
    assert 0.3 < hits[0].score < 1
    assert [listed.id for listed in await world.listed(ALICE)] == [document.id]
    assert await world.library.owns(ALICE, document.id)
    assert not await world.library.owns(BOB, document.id)
    assert await world.listed(BOB) == []
    assert await world.retriever.retrieve(BOB, "when does the bus leave", None) == []


async def test_a_long_list_is_read_page_by_page(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole, in order, and never more heads at a time than a page has."""
    monkeypatch.setattr(index, "PAGE", 2)
    stored = [(await world.library.upload_text(ALICE, f"{number}.txt", f"Text {number}.", {})).id for number in range(5)]

    pages = [page async for page in world.library.pages(ALICE)]

    assert [len(page) for page in pages] == [2, 2, 1]
    assert [document.id for page in pages for document in page] == stored


async def test_a_damaged_document_is_listed_by_its_id(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """So whoever uploaded it can delete it, and sees all others; the log names it too."""
    damaged = await world.library.upload_text(ALICE, "a.txt", "One.", {"year": 2026})
    sound = await world.library.upload_text(ALICE, "b.txt", "Two.", {})
    await world.damage(damaged.id)

    assert await world.listed(ALICE) == [Document(damaged.id, None, {}), Document(sound.id, "b.txt", {})]
    assert [vars(record)["fields"] for record in caplog.records if "damaged" in record.message] == [{"document": str(damaged.id)}]
    assert await world.library.owns(ALICE, damaged.id)


async def test_an_erasure_reaches_an_upload_that_is_under_way(world: World, tmp_path: Path) -> None:
    """Also one that still waits for its turn: it is refused, the receipt counts it, and nothing of it is kept. Others' go on."""
    world.embedding.held = asyncio.Event()
    mine = [asyncio.create_task(world.library.upload_text(ALICE, "a.txt", f"Text {number}.", {})) for number in range(4)]
    others = asyncio.create_task(world.library.upload_text(BOB, "b.txt", "Of Bob.", {}))
    await reserved(world, 5)

    receipt = await eraser(world, tmp_path).subject("Alice")
    world.embedding.held.set()

    for upload in mine:
        with pytest.raises(RefusalError, match="erased_meanwhile"):
            await upload
    assert (receipt.counts.documents, receipt.counts.chunks, receipt.counts.keys) == (4, 0, 4)
    document = await others
    assert await world.listed(BOB) == [document]
    assert await held(world) == [1, 1, 1, 1]


async def test_an_upload_that_is_under_way_is_nobody_s_yet(world: World) -> None:
    """It is in no list, in no search and in no export, and no ttl of documents counts for it."""
    world.policy(rag(), ttl_seconds=60)
    world.embedding.held = asyncio.Event()
    upload = asyncio.create_task(world.library.upload_text(ALICE, "a.txt", "Apples.", {}))
    await reserved(world, 1)
    await world.fetch("UPDATE documents SET created_at = created_at - interval '1 hour'")
    purger = Purger(world.store, world.current, Sweeper(world.store))

    await purger.once()
    lines = b"".join([page async for page in Export(world.store, "Alice", None).lines()])
    oldest = (await RetentionStatus(world.store).look())["oldest"]
    listed = await world.listed(ALICE)
    world.embedding.held.set()
    document = await upload

    assert (listed, oldest) == ([], None)
    assert [orjson.loads(line)["object"] for line in lines.splitlines()] == ["export", "export.end"]
    assert await world.listed(ALICE) == [document]


async def test_a_document_whose_commit_came_through_is_whole(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the store was lost over it: what is cleared away after a failure is only what is not there yet."""
    usual = rows.complete

    async def committed(connection: Any, *values: Any) -> bool:
        await usual(connection, *values)
        await connection.execute("COMMIT")
        raise StoreError

    monkeypatch.setattr(rows, "complete", committed)
    with pytest.raises(StoreError):
        await world.library.upload_text(ALICE, "a.txt", "Apples.", {})

    assert await held(world) == [1, 1, 1, 1]
    assert await world.found(ALICE, "apples") == ["Apples."]


async def test_what_a_killed_gateway_was_taking_in_goes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a day: it has a row and a key, and nothing that the key has sealed."""

    async def killed(*_: object) -> None:
        raise StoreError

    monkeypatch.setattr(rows, "let_go", killed)
    world.embedding.failing = 500
    with pytest.raises(RefusalError, match="embedding_failed"):
        await world.library.upload_text(ALICE, "a.txt", "Apples.", {})
    assert await held(world) == [1, 0, 1, 0]

    purger = Purger(world.store, world.current, Sweeper(world.store))
    await world.fetch("UPDATE documents SET expires_at = expires_at - interval '86000 s'")
    await purger.once()
    assert await held(world) == [1, 0, 1, 0]
    await world.fetch("UPDATE documents SET expires_at = expires_at - interval '400 s'")
    await purger.once()
    assert await held(world) == [0, 0, 0, 0]


async def test_a_file_goes_through_the_sidecar(world: World) -> None:
    await world.library.upload_file(ALICE, "a.pdf", "application/pdf", b"Text of a file.", {})

    asked = world.sidecar.asked[0]
    assert (asked["name"], asked["mediaType"], asked["size"]) == ("a.pdf", "application/pdf", 15)
    assert await world.found(ALICE, "file") == ["Text of a file."]


async def test_a_group_that_an_upload_names_may_read_it_but_not_delete_it(world: World) -> None:
    document = await world.library.upload_text(BOB, "n", "Minutes of the hr meeting.", {}, ["hr"])

    carol = identity("Carol", "hr", "sales")
    assert [listed.id for listed in await world.listed(carol)] == [document.id]
    assert not await world.library.owns(carol, document.id)
    assert await world.found(carol, "meeting") == ["Minutes of the hr meeting."]
    assert await world.found(ALICE, "meeting") == []


async def test_an_upload_cannot_be_shared_with_groups_that_are_not_the_keys(world: World) -> None:
    with pytest.raises(RefusalError) as refused:
        await world.library.upload_text(BOB, "n", "text", {}, ["hr", "board"])
    assert refused.value.code == "wrong_role"
    assert await held(world) == [0, 0, 0, 0]


async def test_a_large_document_is_there_as_a_whole(world: World) -> None:
    """Every sentence is found, through batches, threads and several statements."""
    document = await world.library.upload_text(ALICE, "long", LONG, {})

    counts = await held(world)
    assert counts[0] == 1
    assert counts[1] == counts[3] > 80
    assert (await world.fetch("SELECT chunk_count FROM documents"))[0][0] == counts[1]
    for number in (0, 123, 399):
        hits = await world.retriever.retrieve(ALICE, f"thing{number}", None, 1)
        assert f"thing{number}." in hits[0].text
        assert hits[0].document == document.id
    assert [row[0] for row in await world.fetch("SELECT seq FROM chunks ORDER BY id")] == list(range(counts[1]))


async def test_a_document_that_fails_midway_leaves_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the model, in the store before the end, and at the commit."""
    await world.index.space()
    world.embedding.failing = 500
    with pytest.raises(RefusalError) as refused:
        await world.library.upload_text(ALICE, "long", LONG, {})
    assert refused.value.code == "embedding_failed"
    assert await held(world) == [0, 0, 0, 0]
    world.embedding.failing = None

    usual = rows.insert_vectors

    async def failing(*values: Any) -> None:
        await usual(*values)
        raise asyncio.CancelledError

    monkeypatch.setattr(rows, "insert_vectors", failing)
    with pytest.raises(asyncio.CancelledError):
        await world.library.upload_text(ALICE, "long", LONG, {})
    assert await held(world) == [0, 0, 0, 0]


async def test_a_session_that_is_killed_midway_leaves_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server ends the session before the commit: the client gets an error, and the store has nothing."""
    await world.index.space()
    usual = rows.insert_vectors

    async def killed(connection: Any, *values: Any) -> None:
        await usual(connection, *values)
        await world.fetch("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'")

    monkeypatch.setattr(rows, "insert_vectors", killed)
    with pytest.raises(StoreError):
        await world.library.upload_text(ALICE, "long", LONG, {})
    monkeypatch.undo()
    assert await held(world) == [0, 0, 0, 0]
    await world.library.upload_text(ALICE, "long", LONG, {})
    assert (await held(world))[0] == 1


async def test_whenever_sessions_are_killed_every_document_is_whole(world: World) -> None:
    """Uploads and replacements under a hail of ended sessions: what was acknowledged is there, and nothing is there in part."""
    chance = random.Random(11)
    await world.index.space()
    acknowledged: dict[str, str] = {}

    async def write(name: str) -> None:
        for version in range(6):
            text = f"{name} version {version} " * 60
            try:
                await world.library.sources.put("handbook", name, None, text.encode())
                acknowledged[name] = f"version {version}"
            except StoreError:
                await asyncio.sleep(0.05)

    async def kill() -> None:
        others = "pid <> pg_backend_pid() AND query ~ 'chunks|vectors|documents'"
        while True:
            await asyncio.sleep(chance.uniform(0.0, 0.05))
            await world.fetch(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")

    killing = asyncio.create_task(kill())
    await asyncio.gather(*(write(f"name{number}") for number in range(3)))
    killing.cancel()
    await asyncio.gather(killing, return_exceptions=True)

    rows = await world.fetch(
        """SELECT chunk_count, (SELECT count(*) FROM chunks WHERE document = d.id) AS chunks,
                  (SELECT count(*) FROM chunks JOIN vectors_1 ON chunk = chunks.id WHERE document = d.id) AS vectors,
                  (SELECT count(*) FROM data_keys WHERE record = d.id) AS keys FROM documents d WHERE locator IS NOT NULL"""
    )
    assert all(row["chunk_count"] == row["chunks"] == row["vectors"] and row["keys"] == 1 for row in rows)
    await world.store.look()
    for name, version in acknowledged.items():
        hits = await world.retriever.retrieve(ALICE, f"{name} {version}", None, 50)
        found = {version for hit in hits if hit.file_name == name for version in re.findall(r"version (\d)", hit.text)}
        assert len(found) == 1
        assert int(found.pop()) >= int(version.split()[1])


async def test_a_client_that_leaves_while_its_document_is_embedded_leaves_nothing(world: World) -> None:
    await world.index.space()
    world.embedding.held = asyncio.Event()
    taking = asyncio.create_task(world.library.upload_text(ALICE, "long", LONG, {}))
    await until(lambda: len(world.ollama.asked) >= 3)

    taking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taking

    world.embedding.held.set()
    world.embedding.held = None
    assert await held(world) == [0, 0, 0, 0]
    await world.library.upload_text(ALICE, "short", "There is room again.", {})


async def test_two_documents_at_once_and_not_more(world: World) -> None:
    """The others wait; none is refused."""
    await world.index.space()
    world.embedding.held = asyncio.Event()
    takings = [asyncio.create_task(world.library.upload_text(ALICE, f"{n}", f"text {n}", {})) for n in range(5)]
    await until(lambda: len(world.ollama.asked) == 3)
    await until(lambda: len(world.library._intake._room._waiters or ()) == 3)
    assert len(world.ollama.asked) == 3  # the probe and two documents
    world.embedding.held.set()
    await asyncio.gather(*takings)
    assert (await held(world))[0] == 5


async def test_a_piece_that_is_too_long_for_the_model_is_divided_and_nothing_is_lost(world: World) -> None:
    world.embedding.context = 7
    await world.library.upload_text(ALICE, "long", LONG, {})
    world.embedding.context = 1000

    texts = [row.text for row in await world.retriever.retrieve(ALICE, "sentence", None, 50)]
    assert all(len(text.split()) <= 7 for text in texts)
    whole = " ".join(await pieces_of(world))
    assert all(f"thing{number}." in whole for number in range(400))


async def pieces_of(world: World) -> list[str]:
    """Open every piece in the store."""
    from assistant_gateway.sealing.keys import DataKey

    found = await world.fetch(
        "SELECT document, seq, sealed, kek, wrapped FROM chunks JOIN data_keys ON record = document ORDER BY document, seq"
    )
    return [
        DataKey(world.index.ring.unwrap(row["document"], row["kek"], row["wrapped"]))
        .open(row["sealed"], labels.chunk(row["document"], row["seq"]))
        .decode()
        for row in found
    ]


async def test_a_letter_that_the_model_cannot_take_fails_and_is_not_left_out(world: World) -> None:
    await world.index.space()
    world.embedding.context = 0
    with pytest.raises(RefusalError) as refused:
        await world.library.upload_text(ALICE, "n", "some words", {})
    assert refused.value.code == "embedding_failed"
    assert await held(world) == [0, 0, 0, 0]


@pytest.mark.parametrize(
    "broken", [[], [[1.0]], [[1.0] * 384, [1.0] * 384], [["a"] * 384], [[None] * 384], "text", {}, [[]], [[1e39] * 384]]
)
async def test_vectors_that_are_none_are_not_stored(world: World, broken: Any) -> None:
    await world.index.space()
    world.embedding.broken = broken
    with pytest.raises(RefusalError) as refused:
        await world.library.upload_text(ALICE, "n", "some words", {})
    assert refused.value.code == "embedding_failed"
    assert await held(world) == [0, 0, 0, 0]


@pytest.mark.parametrize("text", ["", " \n\t\f ", "\u00a0\u2003"])
async def test_a_document_without_text_is_refused(world: World, text: str) -> None:
    with pytest.raises(RefusalError) as refused:
        await world.library.upload_text(ALICE, "n", text, {})
    assert (refused.value.code, refused.value.status) == ("document_unreadable", 422)


async def test_a_text_is_no_larger_than_a_files_may_be(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes, not characters; it is refused before anything looks through it, whatever size of request the policy allows."""
    monkeypatch.setattr("assistant_gateway.documents.intake.MAX_TEXT", 100)
    await world.library.upload_text(ALICE, "n", "é" * 50, {})
    before = world.embedding.texts

    with pytest.raises(RefusalError) as refused:
        await world.library.upload_text(ALICE, "n", "é" * 50 + "x", {})

    assert refused.value.code == "document_too_large"
    assert world.embedding.texts == before


MANY_SCRIPTS = (
    "Straße und Fußgänger, naïve café.",
    "שלום עולם, זהו מסמך.",
    "مرحبا بالعالم، هذه وثيقة.",
    "これは東京の文書です。",
    "这是一份关于北京的文件。",
    "นี่คือเอกสาร",
    "यह एक दस्तावेज़ है।",
    "👩‍👩‍👧‍👦 family and 🇩🇪 flag",
    "zero\u200dwidth \ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
    "\u202eright to left override\u202c",
    "x\u0000y".replace("\u0000", " "),
)


@pytest.mark.parametrize("text", MANY_SCRIPTS)
async def test_every_script_comes_back_as_it_was(world: World, text: str) -> None:
    await world.library.upload_text(ALICE, text, text, {"note": text})
    await world.library.upload_text(ALICE, "other", "Something else entirely.", {})

    hit = (await world.retriever.retrieve(ALICE, text, None))[0]

    assert (hit.text, hit.file_name, hit.metadata) == (text, text, {"note": text})


async def test_documents_expire(world: World) -> None:
    """At their time nobody finds or lists them, whether or not the purger has been there."""
    world.policy(rag(), ttl_seconds=3600)
    document = await world.library.upload_text(ALICE, "n", "Here today.", {})
    assert await world.found(ALICE, "today") == ["Here today."]

    await world.fetch("UPDATE purges SET high_water = now() + interval '59 minutes'")
    assert await world.found(ALICE, "today") == ["Here today."]
    await world.fetch("UPDATE purges SET high_water = now() + interval '61 minutes'")

    assert await world.found(ALICE, "today") == []
    assert await world.listed(ALICE) == []
    assert not await world.library.owns(ALICE, document.id)


CANARIES = ("wisterialane", "Kanarienvogel", "gelbergesang", "alice-the-subject", "secretgroup")


async def test_nothing_readable_is_in_the_server_s_files(world: World) -> None:
    """Text, words, names, metadata, subjects and groups: in no file of the data directory, WAL included."""
    owner = identity("alice-the-subject", "secretgroup")
    text = "The treasure lies in wisterialane. Kanarienvogel singt gelbergesang."
    await world.library.upload_text(owner, "Kanarienvogel.txt", text, {"place": "wisterialane", "groups": ["secretgroup"]}, ["secretgroup"])
    await world.library.sources.put("handbook", "gelbergesang/Kanarienvogel.md", "text/markdown", text.encode())
    await world.found(owner, "Kanarienvogel in wisterialane")
    await world.fetch("CREATE TABLE control (word text)")
    await world.fetch("INSERT INTO control VALUES ('controlcanary')")
    await world.postgres.server.execute("CHECKPOINT")

    data = world.postgres.server.data

    def scan(word: str) -> bool:
        return subprocess.run(["grep", "-rqaiF", word, str(data)], check=False).returncode == 0

    assert scan("controlcanary")
    assert [word for word in CANARIES if scan(word)] == []
    assert [word for word in CANARIES if scan(word.encode().hex())] == []
    assert not [word for word in CANARIES if word in world.postgres.server.log.read_text()]


async def test_a_text_is_masked_before_it_is_embedded_and_stored(world: World) -> None:
    """A value that stands where the text is cut is masked too, and nobody finds a document by what it does not hold any more."""
    world.redact("Pseudonymize")
    found: Counter[str] = Counter()
    text = f"{'word ' * 38}anna.weber@example.com knows the way to Lyon."

    await world.library.upload_text(ALICE, "n", text, {}, found=found)

    pieces = await world.found(ALICE, "way to Lyon")
    assert "[EMAIL] knows the way" in " ".join(pieces)
    assert all("weber" not in asked.body.decode() for asked in world.ollama.asked)
    assert all("weber" not in piece for piece in pieces)
    assert found == {"EMAIL": 1}


async def test_a_document_that_must_not_pass_leaves_nothing(world: World) -> None:
    world.redact("Block")
    before = await held(world)

    with pytest.raises(RefusalError) as refused:
        await world.library.upload_text(ALICE, "n", "Ask anna.weber@example.com.", {})

    assert refused.value.code == "personal_data_refused"
    assert refused.value.text.endswith("EMAIL (1).")
    assert world.embedding.texts == 0
    assert await held(world) == before
