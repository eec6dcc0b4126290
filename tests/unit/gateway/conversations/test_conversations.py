"""Conversations in the store: made, read page by page, added to, and nobody's but their owner's."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant_gateway.conversations import ids
from assistant_gateway.conversations.paging import Page
from assistant_gateway.errors import RefusalError
from assistant_gateway.sealing.errors import SealBrokenError
from tests.unit.gateway.retention.kept import ALICE, ALL, BOB, TTL, Kept, only, said


async def test_what_was_said_comes_back_in_order(kept: Kept) -> None:
    """Items keep their order over requests, and their ids."""
    conversation = await kept.started("one", "two", topic="numbers")
    added = await kept.conversations.add(ALICE, conversation, [said("three"), said("four")])

    found = await kept.conversations.retrieve(ALICE, conversation)
    page = await kept.conversations.items(ALICE, conversation, ALL)
    third = await kept.conversations.item(ALICE, conversation, ids.item(added["first_id"]))

    assert found["metadata"] == {"topic": "numbers"}
    assert found["expires_at"] - found["created_at"] == TTL
    assert await kept.texts(conversation) == ["one", "two", "three", "four"]
    assert [item["id"] for item in page["data"]][2:] == [item["id"] for item in added["data"]]
    assert third == page["data"][2]


async def test_metadata_is_replaced(kept: Kept) -> None:
    """An update replaces the pairs as a whole, and keeps nothing longer."""
    conversation = await kept.started(topic="numbers", other="x")
    before = await kept.conversations.retrieve(ALICE, conversation)
    await kept.move_clock(60)

    changed = await kept.conversations.update(ALICE, conversation, {"topic": "letters"})

    assert changed == before | {"metadata": {"topic": "letters"}}
    assert await kept.conversations.retrieve(ALICE, conversation) == changed


async def test_an_item_goes_alone_and_takes_the_key_with_it(kept: Kept) -> None:
    """What one item was sealed under opens nothing any more."""
    conversation = await kept.started("one", "two", "three")
    page = await kept.conversations.items(ALICE, conversation, ALL)
    key = only(await kept.sql("SELECT wrapped FROM data_keys WHERE record = $1", conversation))["wrapped"]

    await kept.conversations.delete_item(ALICE, conversation, ids.item(page["data"][1]["id"]))

    assert await kept.texts(conversation) == ["one", "three"]
    assert only(await kept.sql("SELECT wrapped FROM data_keys WHERE record = $1", conversation))["wrapped"] != key
    assert (await kept.conversations.retrieve(ALICE, conversation))["metadata"] == {}


Ask = Callable[[Kept, UUID, UUID], Awaitable[object]]
ASKS: dict[str, Ask] = {
    "retrieve": lambda kept, conversation, item: kept.conversations.retrieve(BOB, conversation),
    "update": lambda kept, conversation, item: kept.conversations.update(BOB, conversation, {}),
    "items": lambda kept, conversation, item: kept.conversations.items(BOB, conversation, Page()),
    "items after": lambda kept, conversation, item: kept.conversations.items(BOB, conversation, Page(after=item)),
    "item": lambda kept, conversation, item: kept.conversations.item(BOB, conversation, item),
    "add": lambda kept, conversation, item: kept.conversations.add(BOB, conversation, [said("mine")]),
    "delete item": lambda kept, conversation, item: kept.conversations.delete_item(BOB, conversation, item),
    "history": lambda kept, conversation, item: kept.conversations.history(BOB, conversation, 10_000),
    "append": lambda kept, conversation, item: kept.conversations.append(BOB, conversation, [{"role": "user", "content": "mine"}]),
    "erase": lambda kept, conversation, item: kept.eraser.conversation(BOB, conversation),
}


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
async def test_anothers_conversation_is_not_there(kept: Kept, ask: Ask) -> None:
    """Another subject's id, an expired one and one that never was get the same answer, and change nothing."""
    conversation, gone = await kept.started("secret"), await kept.started("gone", identity=BOB, ttl_seconds=1)
    item = ids.item((await kept.conversations.items(ALICE, conversation, ALL))["first_id"])
    gone_item = ids.item((await kept.conversations.items(BOB, gone, ALL))["first_id"])
    await kept.move_clock(2)

    for asked in ((conversation, item), (gone, gone_item), (uuid4(), uuid4())):
        with pytest.raises(RefusalError) as refused:
            await ask(kept, *asked)
        assert (refused.value.code, refused.value.status, refused.value.text) == ("not_found", 404, RefusalError("not_found").text)

    assert await kept.texts(conversation) == ["secret"]


async def test_an_item_of_another_conversation_is_not_there(kept: Kept) -> None:
    """Both ids must belong together, for the same owner too."""
    one, two = await kept.started("one"), await kept.started("two")
    item = ids.item((await kept.conversations.items(ALICE, two, ALL))["first_id"])

    for asked in (
        kept.conversations.item(ALICE, one, item),
        kept.conversations.delete_item(ALICE, one, item),
        kept.conversations.items(ALICE, one, Page(after=item)),
    ):
        with pytest.raises(RefusalError, match="not_found"):
            await asked


async def test_a_row_moved_to_another_conversation_does_not_open(kept: Kept) -> None:
    """Whoever can write to the store cannot show one person what another said."""
    one, two = await kept.started("of alice"), await kept.started("of bob", identity=BOB)
    await kept.sql("UPDATE items SET conversation = $2, seq = 7 WHERE conversation = $1", one, two)

    with pytest.raises(SealBrokenError):
        await kept.texts(two, BOB)


async def test_a_request_may_ask_for_less_only(kept: Kept) -> None:
    """ttl_seconds below the policy's is taken, above it refused."""
    shorter = await kept.conversations.create(ALICE, [], {}, 60)
    with pytest.raises(RefusalError, match="retention_not_allowed"):
        await kept.conversations.create(ALICE, [], {}, TTL + 1)

    assert shorter["ttl_seconds"] == shorter["expires_at"] - shorter["created_at"] == 60


async def test_history_is_whole_or_refused(kept: Kept) -> None:
    """A history that does not fit is not cut in silence."""
    conversation = await kept.started("one", "two")
    await kept.conversations.append(ALICE, conversation, [{"role": "assistant", "content": "three"}])

    history = await kept.conversations.history(ALICE, conversation, 10_000)
    with pytest.raises(RefusalError, match="conversation_too_long"):
        await kept.conversations.history(ALICE, conversation, 100)

    assert history == [{"role": role, "content": text} for role, text in (("user", "one"), ("user", "two"), ("assistant", "three"))]
    assert await kept.conversations.history(ALICE, await kept.started(), 100) == []


async def test_many_write_at_once(kept: Kept) -> None:
    """Requests that add to one conversation at the same time all get their places."""
    conversation = await kept.started()

    await asyncio.gather(*(kept.add(conversation, f"{number}a", f"{number}b") for number in range(20)))

    texts = await kept.texts(conversation)
    assert sorted(texts) == sorted(f"{number}{letter}" for number in range(20) for letter in "ab")
    assert all(texts[place][:-1] == texts[place + 1][:-1] for place in range(0, 40, 2))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(size=st.integers(0, 12), limit=st.integers(1, 5), ascending=st.booleans(), gone=st.sets(st.integers(0, 11)))
async def test_pages_are_the_list(kept: Kept, size: int, limit: int, ascending: bool, gone: set[int]) -> None:
    """Whatever the page's size and order, and whatever went before: the pages put together are the list, and each knows its end."""
    conversation = await kept.started(*[str(number) for number in range(size)])
    every = (await kept.conversations.items(ALICE, conversation, ALL))["data"]
    for number in gone & set(range(size)):
        await kept.sql("DELETE FROM items WHERE id = $1", ids.item(every[number]["id"]))
    left = [item for number, item in enumerate(every) if number not in gone]

    found, after, pages = [], None, 0
    while True:
        page = await kept.conversations.items(ALICE, conversation, Page(after, limit, ascending))
        found += page["data"]
        pages += 1
        assert len(page["data"]) <= limit
        if not page["has_more"]:
            break
        assert page["last_id"] == page["data"][-1]["id"]
        after = ids.item(page["last_id"])

    assert found == (left if ascending else left[::-1])
    assert pages == max(1, -(-len(left) // limit))
