"""Large items, any number of them: what reads a conversation has some of it in memory at a time, never all.

An item may be as large as a request, and requests that add one are not counted. A gateway that took a hundred of them into memory to list
them, to export them, or to seal them anew where one expires, would end, and each purge after its start would end it again.
"""

import pytest

from assistant_gateway.conversations import ids
from assistant_gateway.conversations.paging import Page
from assistant_gateway.conversations.statements import PAGE_BYTES
from assistant_gateway.retention import rekey
from assistant_gateway.retention.export import Export
from tests.unit.gateway.retention.kept import ALICE, TTL, Kept

LARGE = PAGE_BYTES // 2 - 4096
TEXTS = ["small", *(letter * LARGE for letter in "abcde"), "last"]
ORDER = "SELECT id FROM items ORDER BY seq"
MOST = PAGE_BYTES + 2 * LARGE
"""What fits and one more, and what is around it."""


async def test_a_page_ends_before_it_is_too_large(kept: Kept) -> None:
    """It has fewer items than were asked for, and says that there are more: the pages together are the list, in both orders."""
    conversation = await kept.started(*TEXTS)
    for ascending, expected in ((True, TEXTS), (False, TEXTS[::-1])):
        found: list[str] = []
        after, has_more, pages = None, True, 0
        while has_more:
            page = await kept.conversations.items(ALICE, conversation, Page(after=after, limit=100, ascending=ascending))
            texts = [item["content"][0]["text"] for item in page["data"]]
            assert texts
            assert sum(map(len, texts)) < MOST
            found += texts
            pages += 1
            after, has_more = ids.item(page["last_id"]), page["has_more"]
        assert found == expected
        assert pages > 1


async def test_an_export_is_made_a_page_at_a_time(kept: Kept) -> None:
    """Whole all the same: every item is in it, once."""
    await kept.started(*TEXTS)

    pages = [page async for page in Export(kept.store, "Alice", TTL).lines()]

    assert max(map(len, pages)) < MOST
    whole = b"".join(pages)
    assert [whole.count(f'"{text}"'.encode()) for text in TEXTS] == [1] * len(TEXTS)
    assert b'"items":7' in pages[-1]


async def test_what_remains_is_sealed_anew_a_part_at_a_time(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where an item expires or is erased, the others get a new key, however large they are together."""
    taken: list[int] = []
    resealed = rekey._resealed

    def seen(old: object, new: object, rows: list[dict[str, bytes]]) -> object:
        taken.append(sum(len(row["sealed"]) for row in rows))
        return resealed(old, new, rows)  # type: ignore[arg-type]  # as it came

    monkeypatch.setattr(rekey, "_resealed", seen)
    conversation = await kept.started("early", ttl_seconds=100)
    await kept.move_clock(60)
    await kept.add(conversation, *TEXTS)
    await kept.move_clock(50)

    assert await kept.purger.once() == 1

    assert max(taken) < MOST
    assert [(await kept.conversations.item(ALICE, conversation, row["id"]))["content"][0]["text"] for row in await kept.sql(ORDER)] == TEXTS
