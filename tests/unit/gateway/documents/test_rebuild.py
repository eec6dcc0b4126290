"""The embedding model changes: every piece is embedded again, and meanwhile clients get answers."""

import asyncio
from typing import Any

import pytest

from assistant_gateway.documents import embedding, pieces, rebuild
from assistant_gateway.documents.embedding import EmbeddingError
from assistant_gateway.errors import RefusalError
from tests.unit.gateway.documents.world import ALICE, BOB, OTHER_DIGEST, SOURCES, World, rag, run_world
from tests.unit.gateway.running import until

TEXTS = [f"note {number} about thing{number}" for number in range(40)]


@pytest.fixture
async def filled(world: World) -> World:
    for text in TEXTS:
        await world.library.upload_text(ALICE, "n", text, {})
    await world.library.rebuild.look()
    return world


async def tables(world: World) -> list[str]:
    return [row[0] for row in await world.fetch("SELECT relname FROM pg_class WHERE relname ~ '^vectors_[0-9]+$' ORDER BY 1")]


def change(world: World, dimensions: int, **more: Any) -> None:
    """Change the model, as a new policy and a new model server do."""
    world.embedding.dimensions = dimensions
    world.policy(rag(digest=OTHER_DIGEST, **more))


async def test_the_first_table_serves_at_once(filled: World) -> None:
    assert await filled.library.rebuild.status() == {"state": "Serving", "remaining": 0}
    assert await tables(filled) == ["vectors_1"]


async def test_a_new_model_gets_a_table_of_its_own_and_the_old_one_goes(filled: World) -> None:
    change(filled, 96)
    assert await filled.found(ALICE, "thing7") != []
    assert await filled.library.rebuild.status() == {"state": "Rebuilding", "remaining": 40}
    assert await tables(filled) == ["vectors_1", "vectors_2"]

    await filled.library.rebuild.look()

    assert await filled.library.rebuild.status() == {"state": "Serving", "remaining": 0}
    assert await tables(filled) == ["vectors_2"]
    assert await filled.count("vectors_2") == 40
    hits = await filled.retriever.retrieve(ALICE, "thing7", None, 1)
    assert hits[0].text == TEXTS[7]
    assert await filled.found(BOB, "thing7") == []


async def test_meanwhile_words_find_everything_with_true_scores(filled: World) -> None:
    """Before a single vector of the new model is there; by words even where the policy is for vectors alone."""
    change(filled, 96, hybrid=False)
    hits = await filled.retriever.retrieve(ALICE, TEXTS[7], None, 3)
    assert hits[0].text == TEXTS[7]
    assert hits[0].score == pytest.approx(1.0, abs=1e-4)

    change(filled, 96, min_score=0.9)
    assert [hit.text for hit in await filled.retriever.retrieve(ALICE, TEXTS[7], None, 3)] == [TEXTS[7]]
    assert await filled.found(ALICE, "thing7 and much else that nobody wrote") == []  # found by a word, and not near enough
    assert await filled.found(BOB, TEXTS[7]) == []


async def test_documents_that_come_meanwhile_are_found_and_not_embedded_twice(filled: World) -> None:
    change(filled, 96)
    await filled.library.upload_text(ALICE, "n", "a newcomer", {})
    assert (await filled.found(ALICE, "newcomer"))[0] == "a newcomer"
    before = filled.embedding.texts
    await filled.library.rebuild.look()
    assert filled.embedding.texts == before + 40
    assert await filled.count("vectors_2") == 41


async def test_it_goes_on_where_it_was_cut_off(filled: World, monkeypatch: pytest.MonkeyPatch) -> None:
    change(filled, 96)
    monkeypatch.setattr(pieces, "BATCH", 4)
    await filled.index.space()
    building = asyncio.create_task(filled.library.rebuild.look())
    while await filled.count("vectors_2") < 8:  # noqa: ASYNC110  another process's work
        await asyncio.sleep(0.005)
    building.cancel()
    await asyncio.gather(building, return_exceptions=True)
    done, before = await filled.count("vectors_2"), filled.embedding.texts

    await filled.library.rebuild.look()

    assert filled.embedding.texts == before + 40 - done
    assert await tables(filled) == ["vectors_2"]


async def test_it_waits_for_a_model_that_is_away(filled: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "BUSY_SECONDS", 0.001)
    change(filled, 96)
    filled.embedding.failing = 503
    with pytest.raises(EmbeddingError):
        await filled.library.rebuild.look()
    filled.embedding.failing = None
    watching = asyncio.create_task(filled.library.rebuild.watch(0.01))
    while await tables(filled) != ["vectors_2"]:  # noqa: ASYNC110  another process's work
        await asyncio.sleep(0.02)
    watching.cancel()


async def test_a_piece_that_the_new_model_cannot_take_whole_is_found_all_the_same(filled: World) -> None:
    change(filled, 96)
    filled.embedding.context = 2
    await filled.library.rebuild.look()
    filled.embedding.context = 100
    assert await filled.count("vectors_2") == 40
    assert (await filled.found(ALICE, "thing7"))[0] == TEXTS[7]


async def test_a_model_that_comes_back_before_the_new_one_is_done_finds_its_table(filled: World) -> None:
    change(filled, 96)
    await filled.library.upload_text(ALICE, "n", "a newcomer", {})
    filled.embedding.dimensions = 384
    filled.policy(rag())
    before = filled.embedding.texts
    await filled.library.rebuild.look()
    assert await tables(filled) == ["vectors_1", "vectors_2"]  # it has served all the time, and is not asked whether it is complete yet
    filled.library.rebuild._checked = None
    await filled.library.rebuild.look()
    assert await tables(filled) == ["vectors_1"]
    assert filled.embedding.texts <= before + 3
    assert (await filled.found(ALICE, "newcomer"))[0] == "a newcomer"


async def test_two_gateways_build_one_table(filled: World, tmp_path: Any) -> None:
    (tmp_path / "other").mkdir()
    async with run_world(filled.postgres, tmp_path / "other", rag(digest=OTHER_DIGEST)) as other:
        other.embedding.dimensions = 96
        change(filled, 96)
        await asyncio.gather(filled.library.rebuild.look(), other.library.rebuild.look())
        assert await tables(filled) == ["vectors_2"]
        assert await filled.count("vectors_2") == 40
        assert (await other.found(ALICE, "thing3"))[0] == TEXTS[3]


async def test_a_gateway_with_the_old_policy_does_not_fight_the_new_one(filled: World, tmp_path: Any) -> None:
    """Its searches fail, and its table is not made again, until it has the new policy."""
    (tmp_path / "old").mkdir()
    async with run_world(filled.postgres, tmp_path / "old") as old:
        assert await old.found(ALICE, "thing3") != []
        change(filled, 96)
        await filled.library.rebuild.look()
        with pytest.raises(EmbeddingError):
            await old.library.rebuild.look()
        with pytest.raises(RefusalError) as refused:
            await old.found(ALICE, "thing3")
        assert refused.value.code == "retrieval_failed"
        assert await tables(filled) == ["vectors_2"]


async def test_a_store_that_was_made_anew_gets_a_table_anew(filled: World) -> None:
    await filled.fetch("DELETE FROM documents")
    await filled.fetch("DELETE FROM spaces")
    await filled.fetch("DROP TABLE vectors_1")
    await filled.library.rebuild.look()
    assert await tables(filled) == ["vectors_2"]
    await filled.library.upload_text(ALICE, "n", "a newcomer", {})
    assert await filled.found(ALICE, "newcomer") == ["a newcomer"]


async def test_pieces_that_an_older_gateway_added_are_found_later(filled: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await filled.fetch("DELETE FROM vectors_1 WHERE chunk % 2 = 0")
    await filled.library.rebuild.look()
    assert await filled.count("vectors_1") < 40  # complete as far as it knows, and looked at a while ago
    monkeypatch.setattr(rebuild, "CHECK_SECONDS", 0.0)
    filled.library.rebuild._checked = None
    await filled.library.rebuild.look()
    assert await filled.count("vectors_1") == 40


async def test_a_piece_that_cannot_be_opened_stops_no_other(filled: World) -> None:
    await filled.fetch("UPDATE chunks SET sealed = set_byte(sealed, 20, (get_byte(sealed, 20) + 1) % 256) WHERE id = 5")
    change(filled, 96)
    await filled.library.rebuild.look()
    assert await filled.count("vectors_2") == 39
    assert (await filled.found(ALICE, "thing7"))[0] == TEXTS[7]


async def test_a_model_of_another_size_under_the_same_digest_is_not_believed(world: World) -> None:
    await world.library.upload_text(ALICE, "n", "text", {})
    world.embedding.dimensions = 96
    world.index._opened = None
    with pytest.raises(RefusalError) as refused:
        await world.library.upload_text(ALICE, "n", "text", {})
    assert refused.value.code == "embedding_failed"


@pytest.mark.parametrize("dimensions", [1, 1024, 2560, 4096])
async def test_models_of_any_size(world: World, dimensions: int) -> None:
    """Up to 2000 dimensions indexed whole, up to 4000 at half precision, beyond without an index."""
    world.embedding.dimensions = dimensions
    await world.library.upload_text(ALICE, "n", "apple pear", {})
    await world.library.upload_text(ALICE, "n", "iron stone", {})
    world.policy(rag(sources=SOURCES, hybrid=False))
    hits = await world.retriever.retrieve(ALICE, "apple pear", None)
    assert len(hits) == 2
    if dimensions > 1:
        assert hits[0].text == "apple pear"
        assert hits[0].score == pytest.approx(1.0, abs=1e-3)


async def test_the_watch_ends_with_its_task(world: World) -> None:
    watching = asyncio.create_task(world.library.watch(0.01))
    await until(lambda: world.library.rebuild._checked is not None)
    watching.cancel()
    await until(lambda: watching.done())
