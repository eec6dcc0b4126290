"""Erasure on demand: keys first, everything that is meant and nothing else, and a receipt that says how much without saying what."""

import asyncio
import re
from dataclasses import asdict
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from assistant_gateway.errors import RefusalError
from assistant_gateway.retention import erasure
from assistant_gateway.retention.erasure import Counts, Receipt
from assistant_gateway.retention.sweep import CONVERSATIONS, DOCUMENTS
from assistant_gateway.storage.store import StoreError
from tests.unit.gateway.retention.kept import ALICE, BOB, Kept
from tests.unit.gateway.retention.test_purger import NOTHING


def checked(receipt: Receipt, kept: Kept) -> Counts:
    """Return the counts of a receipt that says no more than it should, and stands in the records as it was given."""
    shown = receipt.shown()
    named = "subject" if receipt.kind == "subject" else receipt.kind
    assert list(shown) == ["id", "object", "kind", named, "completed_at", "counts"]
    assert re.fullmatch(r"erasure_[0-9a-f]{32}", shown["id"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", shown["completed_at"])
    record = kept.records()[-1]
    assert {name: record[name] for name in shown if name != "object"} == {name: shown[name] for name in shown if name != "object"}
    assert set(record) - set(shown) == {"record", "time"}
    assert record["record"] == "erasure"
    return receipt.counts


async def test_a_conversation(kept: Kept) -> None:
    """One conversation with its items and its key; the owner's others stay."""
    conversation, staying = await kept.started("one", "two", "three"), await kept.started("stays")

    receipt = await kept.eraser.conversation(ALICE, conversation)

    assert checked(receipt, kept) == Counts(conversations=1, items=3, documents=0, chunks=0, keys=1)
    assert receipt.erased == f"conv_{conversation.hex}"
    assert await kept.counts() == NOTHING | {"conversations": 1, "items": 1, "keys": 1}
    assert await kept.texts(staying) == ["stays"]
    with pytest.raises(RefusalError, match="not_found"):
        await kept.eraser.conversation(ALICE, conversation)


async def test_a_document(kept: Kept) -> None:
    """One document with its chunks."""
    document = await kept.document("one", chunks=3)
    await kept.document("stays")

    receipt = await kept.eraser.document(document)

    assert checked(receipt, kept) == Counts(conversations=0, items=0, documents=1, chunks=3, keys=1)
    assert await kept.counts() == NOTHING | {"documents": 1, "chunks": 2, "keys": 1}
    with pytest.raises(RefusalError, match="not_found"):
        await kept.eraser.document(document)


async def test_a_subject(kept: Kept) -> None:
    """All conversations and documents of one subject, and nothing of another's; again, there is nothing left to erase."""
    await kept.started("one", "two")
    await kept.started("three")
    await kept.document("document", chunks=4)
    bobs = await kept.started("of bob", identity=BOB)
    await kept.document("of bob", identity=BOB)

    receipt = await kept.eraser.subject("Alice")

    assert checked(receipt, kept) == Counts(conversations=2, items=3, documents=1, chunks=4, keys=3)
    assert await kept.counts() == NOTHING | {"conversations": 1, "items": 1, "documents": 1, "chunks": 2, "keys": 2}
    assert await kept.texts(bobs, BOB) == ["of bob"]
    assert checked(await kept.eraser.subject("Alice"), kept) == Counts(0, 0, 0, 0, 0)


async def test_what_is_erased_is_swept(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """Conversations, and documents with their vectors."""
    marked: list[tuple[str, ...]] = []
    monkeypatch.setattr(kept.sweeper, "mark", marked.append)
    await kept.started("one")
    await kept.document("document")

    await kept.eraser.subject("Alice")

    assert set(marked) == {CONVERSATIONS, DOCUMENTS}


async def test_many_rows_go_in_batches(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many rows there are, each statement takes a bounded number of them."""
    monkeypatch.setattr("assistant_gateway.retention.erasure.BATCH", 2)
    monkeypatch.setattr("assistant_gateway.retention.removal.BATCH", 3)
    for size in (0, 3, 7, 1, 6):
        await kept.started(*[str(number) for number in range(size)])

    assert checked(await kept.eraser.subject("Alice"), kept) == Counts(conversations=5, items=17, documents=0, chunks=0, keys=5)
    assert await kept.counts() == NOTHING


async def test_the_keys_are_gone_before_the_rows(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """An erasure that ends half-way has destroyed the keys, shows nothing to anybody, and is finished by the next purge.

    There is no receipt, and a record of whose they were: who restores a backup has to know, and asked again it finds nothing any more.
    """
    conversation = await kept.started("one", "two")
    await kept.document("document")

    async def fails(*_: object) -> None:
        raise StoreError

    monkeypatch.setattr(kept.eraser, "_remove", fails)
    with pytest.raises(StoreError):
        await kept.eraser.subject("Alice")

    assert await kept.counts() == {"conversations": 1, "items": 2, "documents": 1, "chunks": 2, "keys": 0}
    (record,) = kept.records()
    assert (record["record"], record["subject"], record["completed_at"]) == ("erasure", "Alice", None)
    assert record["counts"] == {"conversations": 1, "items": 2, "documents": 1, "chunks": 2, "keys": 2}
    for asked in (kept.texts(conversation), kept.add(conversation, "three"), kept.eraser.conversation(ALICE, conversation)):
        with pytest.raises(RefusalError, match="not_found"):
            await asked
    assert (await kept.status.look())["isLate"] is False
    await kept.purger.once()
    assert await kept.counts() == NOTHING


async def test_the_whole_assistant_half_erased_is_on_record(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what was destroyed until the store was lost; where that is nothing, there is no record."""
    doom, calls = erasure._doom, list[int]()
    for number in range(3):
        await kept.started(str(number))

    async def fails_at(last: int, *values: Any) -> Any:
        calls.append(1)
        if len(calls) > last:
            raise StoreError
        return await doom(*values)

    monkeypatch.setattr(erasure, "BATCH", 2)
    for last in (0, 1):
        calls.clear()
        monkeypatch.setattr(erasure, "_doom", partial(fails_at, last))
        with pytest.raises(StoreError):
            await kept.eraser.assistant("minimal", ["handbook"])

    (record,) = kept.records()
    assert (record["assistant"], record["completed_at"], record["returning_sources"]) == ("minimal", None, ["handbook"])
    assert (record["counts"]["conversations"], record["counts"]["keys"]) == (2, 2)


async def test_what_is_written_meanwhile_is_erased_or_refused(kept: Kept) -> None:
    """Nobody's item ends in a conversation that has no key: either the erasure counts it, or its writer is refused."""
    for _ in range(10):
        conversation = await kept.started()
        *written, receipt = await asyncio.gather(
            *(kept.add(conversation, str(number)) for number in range(4)), kept.eraser.subject("Alice"), return_exceptions=True
        )
        assert isinstance(receipt, Receipt)
        refused = [error for error in written if error is not None]
        assert all(isinstance(error, RefusalError) and error.code == "not_found" for error in refused)
        assert receipt.counts.items == len(written) - len(refused)
        assert await kept.counts() == NOTHING


async def test_two_erasures_of_the_same_subject_share_the_work(kept: Kept, other: Kept) -> None:
    """Two gateways, and a purge, at once: neither fails, and each row is in one receipt."""
    for _ in range(10):
        await kept.started("one")
    one, two, _ = await asyncio.gather(kept.eraser.subject("Alice"), other.eraser.subject("Alice"), kept.purger.once())

    assert one.counts.items + two.counts.items == one.counts.keys + two.counts.keys == 10
    assert await kept.counts() == NOTHING


async def test_what_another_erasure_has_doomed_is_in_its_receipt_alone(kept: Kept, other: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second erasure that comes between the keys and the rows of the first counts nothing, and removes what is there."""
    await kept.started("one", "two")
    await kept.document("document")
    remove, second = kept.eraser._remove, list[Receipt]()

    async def interrupted(doomed: Any) -> None:
        second.append(await other.eraser.subject("Alice"))
        assert await kept.counts() == NOTHING
        await remove(doomed)

    monkeypatch.setattr(kept.eraser, "_remove", interrupted)
    first = await kept.eraser.subject("Alice")

    assert asdict(first.counts) == {"conversations": 1, "items": 2, "documents": 1, "chunks": 2, "keys": 2}
    assert [set(asdict(receipt.counts).values()) for receipt in second] == [{0}]


async def of_source(kept: Kept, name: str) -> UUID:
    """Put a document into the store that came from a source, and note a run of it."""
    document = await kept.document("of a source", chunks=3)
    await kept.sql("UPDATE documents SET owner = NULL, source = $2, locator = 1 WHERE id = $1", document, name)
    await kept.sql("INSERT INTO source_runs (source, finished_at, documents) VALUES ($1, now(), 1)", name)
    return document


async def test_the_whole_assistant(kept: Kept) -> None:
    """Everybody's conversations and documents, those of sources and what is noted of their runs; the store goes on being one."""
    await kept.started("one", "two")
    await kept.started("of bob", identity=BOB)
    await kept.document("uploaded")
    await of_source(kept, "handbook")

    receipt = await kept.eraser.assistant("minimal", ["handbook"])

    assert receipt.counts == Counts(conversations=2, items=3, documents=2, chunks=5, keys=4)
    shown = receipt.shown()
    assert (shown["kind"], shown["assistant"], shown["returning_sources"]) == ("assistant", "minimal", ["handbook"])
    record = kept.records()[-1]
    assert {name: value for name, value in record.items() if name not in ("record", "time")} == {
        name: value for name, value in shown.items() if name != "object"
    }
    assert await kept.counts() == NOTHING
    assert await kept.value("SELECT count(*) FROM source_runs") == 0
    assert await kept.value("SELECT count(*) FROM data_keys") == 1, "the index key"
    assert (await kept.eraser.assistant("minimal", [])).counts == Counts(0, 0, 0, 0, 0)
    conversation = await kept.started("new")
    assert await kept.texts(conversation) == ["new"]


async def test_the_whole_assistant_goes_in_batches(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """However much there is, each transaction takes a bounded part of it."""
    monkeypatch.setattr("assistant_gateway.retention.erasure.BATCH", 2)
    for number in range(7):
        await kept.started(*"ab"[: number % 3])
    for _ in range(3):
        await kept.document("document", chunks=1)

    receipt = await kept.eraser.assistant("minimal", [])

    assert receipt.counts == Counts(conversations=7, items=6, documents=3, chunks=3, keys=10)
    assert await kept.counts() == NOTHING


async def test_all_keys_of_the_assistant_go_before_any_row(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """An erasure of everything that ends half-way leaves nothing that anybody can read, and no receipt; the next purge goes on."""
    conversation = await kept.started("one", "two")
    await of_source(kept, "handbook")

    async def fails(*_: object) -> None:
        raise StoreError

    monkeypatch.setattr(kept.eraser, "_remove", fails)
    with pytest.raises(StoreError):
        await kept.eraser.assistant("minimal", [])

    assert await kept.counts() == {"conversations": 1, "items": 2, "documents": 1, "chunks": 3, "keys": 0}
    assert [record["completed_at"] for record in kept.records()] == [None]
    with pytest.raises(RefusalError, match="not_found"):
        await kept.texts(conversation)
    await kept.purger.once()
    assert await kept.counts() == NOTHING


async def test_two_gateways_erase_everything_while_others_write(kept: Kept, other: Kept) -> None:
    """Two erasures, a purge and writers at once: nobody fails, each row is in one receipt, and no item is left that has no key."""
    for number in range(20):
        await kept.started("one", identity=(ALICE, BOB)[number % 2])
    written = await kept.started()
    *_, one, two, adding = await asyncio.gather(
        kept.purger.once(),
        kept.eraser.assistant("minimal", []),
        other.eraser.assistant("minimal", []),
        kept.add(written, "meanwhile"),
        return_exceptions=True,
    )

    assert isinstance(one, Receipt)
    assert isinstance(two, Receipt)
    assert adding is None or (isinstance(adding, RefusalError) and adding.code == "not_found")
    assert one.counts.keys + two.counts.keys == 21
    assert one.counts.items + two.counts.items == 20 + (adding is None)
    assert await kept.counts() == NOTHING


async def test_a_gateway_that_ends_waits_for_erasures_whose_clients_left(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else what they destroyed would stand in no record. Not for ever: the pod's grace period has an end."""
    await kept.started("one")
    remove, held = kept.eraser._remove, asyncio.Event()

    async def waits(doomed: Any) -> None:
        await held.wait()
        await remove(doomed)

    monkeypatch.setattr(kept.eraser, "_remove", waits)
    asking = asyncio.create_task(kept.eraser.subject("Alice"))
    async with asyncio.timeout(20):
        while (await kept.counts())["keys"]:  # noqa: ASYNC110  the database tells nobody of it
            await asyncio.sleep(0.01)
    asking.cancel()
    await asyncio.wait([asking])

    await kept.eraser.settle(0.01)
    assert kept.records() == []
    held.set()
    await kept.eraser.settle(20)

    assert [record["record"] for record in kept.records()] == ["erasure"]
    await kept.eraser.settle(20)
