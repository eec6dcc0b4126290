"""Erasure on demand: keys first, everything that is meant and nothing else, and a receipt that says how much without saying what."""

import asyncio
import re

import pytest

from assistant_gateway.errors import RefusalError
from assistant_gateway.retention.erasure import Counts, Receipt
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


async def test_many_rows_go_in_batches(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many rows there are, each statement takes a bounded number of them."""
    monkeypatch.setattr("assistant_gateway.retention.erasure.BATCH", 2)
    monkeypatch.setattr("assistant_gateway.retention.removal.BATCH", 3)
    for size in (0, 3, 7, 1, 6):
        await kept.started(*[str(number) for number in range(size)])

    assert checked(await kept.eraser.subject("Alice"), kept) == Counts(conversations=5, items=17, documents=0, chunks=0, keys=5)
    assert await kept.counts() == NOTHING


async def test_the_keys_are_gone_before_the_rows(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """An erasure that ends half-way has destroyed the keys, shows nothing to anybody, and is finished by the next purge."""
    conversation = await kept.started("one", "two")
    await kept.document("document")

    async def fails(*_: object) -> None:
        raise StoreError

    monkeypatch.setattr(kept.eraser, "_remove", fails)
    with pytest.raises(StoreError):
        await kept.eraser.subject("Alice")

    assert await kept.counts() == {"conversations": 1, "items": 2, "documents": 1, "chunks": 2, "keys": 0}
    assert kept.records() == []
    for asked in (kept.texts(conversation), kept.add(conversation, "three"), kept.eraser.conversation(ALICE, conversation)):
        with pytest.raises(RefusalError, match="not_found"):
            await asked
    assert (await kept.status.look())["isLate"] is False
    await kept.purger.once()
    assert await kept.counts() == NOTHING


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
