"""An export is everything of one subject, and nothing else; and says that it is whole."""

from typing import Any

import orjson
import pytest

from assistant_gateway.conversations import ids
from assistant_gateway.retention.export import Export
from tests.unit.gateway.retention.kept import ALICE, ALL, BOB, TTL, Kept


async def exported(kept: Kept, subject: str = "Alice", ttl_seconds: int | None = TTL) -> list[dict[str, Any]]:
    """Return the lines of an export that is whole."""
    text = b"".join([page async for page in Export(kept.store, subject, ttl_seconds).lines()])
    lines = [orjson.loads(line) for line in text.splitlines()]
    assert lines[0] == {"object": "export", "subject": subject}
    kinds = {"conversations": "conversation", "items": "conversation.item", "documents": "document", "chunks": "document.chunk"}
    counted = {name: sum(line["object"] == kind for line in lines) for name, kind in kinds.items()}
    assert lines[-1] == {"object": "export.end", "counts": counted}
    return lines[1:-1]


async def test_all_and_only_what_is_the_subjects(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every conversation with every item, page by page, and every document with its text; nothing of another subject."""
    monkeypatch.setattr("assistant_gateway.retention.export.PAGE", 2)
    sizes = (0, 1, 2, 5)
    conversations = [await kept.started(*[f"{size}-{number}" for number in range(size)], topic=str(size)) for size in sizes]
    documents = [
        await kept.document(f"document {chunks}", chunks=chunks, expires_in=expires) for chunks, expires in ((3, None), (2, 60), (0, 9))
    ]
    await kept.started("of bob", identity=BOB)
    await kept.document("of bob", identity=BOB)

    lines = await exported(kept)

    found = {line["id"]: line for line in lines if line["object"] == "conversation"}
    assert [found[ids.of_conversation(id)]["metadata"] for id in conversations] == [{"topic": str(size)} for size in sizes]
    assert {line["subject"] for line in lines if "subject" in line} == {"Alice"}
    for size, conversation in zip(sizes, conversations, strict=True):
        items = [line for line in lines if line.get("conversation") == ids.of_conversation(conversation)]
        assert [line["item"] for line in items] == (await kept.conversations.items(ALICE, conversation, ALL))["data"]
        assert all(line["expires_at"] - line["created_at"] == TTL for line in items)
        assert len(items) == size
    for document, chunks in zip(documents, (3, 2, 0), strict=True):
        texts = [line["text"] for line in lines if line.get("document") == str(document)]
        assert texts == [f"document {chunks} {seq}" for seq in range(chunks)]
    assert b"of bob" not in orjson.dumps(lines)


async def test_what_is_gone_is_not_exported(kept: Kept) -> None:
    """Expired, narrowed or erased: what nobody is shown any more is not held any more."""
    await kept.started("expired", ttl_seconds=10)
    conversation = await kept.started("early")
    await kept.document("expired", expires_in=10)
    await kept.move_clock(200)
    await kept.add(conversation, "late")

    assert [line["item"]["content"][0]["text"] for line in await exported(kept) if "item" in line] == ["early", "late"]
    assert [line["item"]["content"][0]["text"] for line in await exported(kept, ttl_seconds=100) if "item" in line] == ["late"]
    assert await exported(kept, ttl_seconds=None) == []
    await kept.eraser.subject("Alice")
    assert await exported(kept) == []
    assert await exported(kept, "nobody") == []
