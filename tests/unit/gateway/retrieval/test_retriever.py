"""What a question finds: both halves, one half, enough, near enough, and an error rather than less than there is."""

import random
from array import array
from typing import Any
from uuid import UUID, uuid4

import pytest

from assistant_gateway.errors import RefusalError
from assistant_gateway.retrieval import search
from assistant_gateway.retrieval.rarity import Words
from assistant_gateway.retrieval.search import Question
from tests.unit.gateway.documents.world import ALICE, BOB, World, direction, embedded, rag

FRUIT = ("apple", "pear", "plum", "cherry", "quince", "medlar")


async def keep(world: World, *texts: str) -> list[UUID]:
    return [(await world.library.upload_text(ALICE, f"{number}.txt", text, {"n": number})).id for number, text in enumerate(texts)]


async def test_as_many_as_the_policy_or_the_question_says(world: World) -> None:
    await keep(world, *(f"{fruit} tree number {number}" for number, fruit in enumerate(FRUIT)))

    assert len(await world.found(ALICE, "tree")) == 4
    world.policy(rag(top_k=2))
    assert len(await world.found(ALICE, "tree")) == 2
    assert len(await world.found(ALICE, "tree", 5)) == 5
    assert len(await world.found(ALICE, "tree", 1000)) == 6


async def test_best_first_and_scores_are_cosine_similarities(world: World) -> None:
    await keep(world, "apple pear plum", "apple pear stone", "apple iron stone", "iron steel stone")

    hits = await world.retriever.retrieve(ALICE, "apple pear plum", None)

    assert [hit.text for hit in hits] == ["apple pear plum", "apple pear stone", "apple iron stone", "iron steel stone"]
    for hit in hits:
        expected = sum(a * b for a, b in zip(embedded("apple pear plum"), embedded(hit.text), strict=True))
        assert hit.score == pytest.approx(expected, abs=1e-5)


async def test_what_is_less_similar_than_min_score_is_not_found(world: World) -> None:
    await keep(world, "apple pear plum", "apple pear stone", "apple iron stone", "iron steel stone")
    world.policy(rag(min_score=0.5))
    assert await world.found(ALICE, "apple pear plum") == ["apple pear plum", "apple pear stone"]
    world.policy(rag(min_score=0.999999))
    assert await world.found(ALICE, "apple pear") == []


async def test_words_find_what_vectors_do_not(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A number that says nothing to the model, in a text that speaks of other things: hybrid search finds it, vectors alone do not."""
    rare = "zq4711"
    await keep(world, f"gear wheel oil belt motor valve pump hose {rare}", *(f"invoice {fruit} {n}" for n in range(8) for fruit in FRUIT))
    monkeypatch.setattr("tests.unit.gateway.documents.world.direction", lambda word, n: direction("same" if word == rare else word, n))

    def blind(text: str, dimensions: int = 384) -> list[float]:
        return embedded(text.replace(rare, ""), dimensions)

    monkeypatch.setattr("tests.unit.gateway.documents.world.embedded", blind)
    question = f"invoice {rare}"
    assert rare in " ".join(await world.found(ALICE, question))
    world.policy(rag(hybrid=False))
    assert rare not in " ".join(await world.found(ALICE, question))


async def test_both_halves_agreeing_beats_either(world: World) -> None:
    await keep(world, "blue whale song", "blue paint can", "whale watching boat", "song book page")
    assert (await world.found(ALICE, "blue whale song"))[0] == "blue whale song"


async def test_words_that_are_everywhere_do_not_decide(world: World) -> None:
    """No list of stop words: these are a made-up language's."""
    filler = "zu mi ka lo"
    await keep(world, f"{filler} capital Wagadu {filler}", *(f"{filler} {filler} {fruit} {filler} zu mi" for fruit in FRUIT))
    world.policy(rag(top_k=1))
    assert "Wagadu" in (await world.found(ALICE, f"{filler} capital Wagadu"))[0]


async def test_only_in_the_documents_that_are_named(world: World) -> None:
    ids = await keep(world, "apple one", "apple two", "apple three")
    theirs = await world.library.upload_text(BOB, "n", "apple four", {})

    async def found(*names: UUID) -> list[str]:
        return sorted(hit.text for hit in await world.retriever.retrieve(ALICE, "apple", list(names)))

    assert await found(ids[1]) == ["apple two"]
    assert await found(ids[0], ids[2]) == ["apple one", "apple three"]
    assert await found(theirs.id) == []
    assert await found(theirs.id, ids[0]) == ["apple one"]
    assert await found(uuid4()) == []
    assert await found() == []


async def test_what_was_removed_does_not_stand_before_what_is_there(world: World) -> None:
    """Its rows are there until the purger comes."""
    await world.library.sources.put(
        "handbook", "gone.md", None, " ".join(f"apple tree number {n} stands here." for n in range(300)).encode()
    )
    await keep(world, "apple trees are trees", "pear trees are trees")
    assert await world.count("chunks") > 40
    await world.library.sources.remove("handbook", "gone.md")
    assert await world.found(ALICE, "apple tree number 7") == ["apple trees are trees", "pear trees are trees"]


async def test_neighbours_of_a_piece(world: World) -> None:
    text = " ".join(f"Part{number} tells of thing{number} and of nothing else at all in this document of ours." for number in range(12))
    await keep(world, text)
    world.policy(rag(overlap=0))
    pieces = await world.count("chunks")
    hits = await world.retriever.retrieve(ALICE, "thing5", None, 1)

    [(before, after)] = await world.retriever.neighbours(ALICE, hits, 2)

    assert len(before) == len(after) == 2
    assert hits[0].text not in before + after
    whole = [*before, hits[0].text, *after]
    assert [int("".join(filter(str.isdigit, piece.split()[0]))) for piece in whole if piece.startswith("Part")] == sorted(
        int("".join(filter(str.isdigit, piece.split()[0]))) for piece in whole if piece.startswith("Part")
    )
    first = await world.retriever.retrieve(ALICE, "thing0", None, 1)
    [(before, after)] = await world.retriever.neighbours(ALICE, first, 99)
    assert before == []
    assert len(after) == min(5, pieces - 1)
    assert await world.retriever.neighbours(BOB, hits, 2) == [([], [])]
    assert await world.retriever.neighbours(ALICE, hits, 0) == [([], [])]


@pytest.mark.parametrize(
    "text", ["", "   ", "?!", "'", "a' | 'b", "\\", "'); DROP TABLE chunks; --", "\x00", "&|!():*<->", "x" * 100_000, "😀"]
)
async def test_any_question_is_a_question(world: World, text: str) -> None:
    await keep(world, "apple pear plum")
    found = await world.found(ALICE, text)
    assert found == (["apple pear plum"] if text.strip() else [])


async def test_a_question_longer_than_the_model_s_context_is_asked_in_parts(world: World) -> None:
    await keep(world, "apple pear plum", "iron steel stone")
    world.embedding.context = 20
    hits = await world.retriever.retrieve(ALICE, "Tell me. " * 40 + "What about the apple and the plum?", None)
    assert hits[0].text == "apple pear plum"


async def test_an_empty_store_has_no_answer(world: World) -> None:
    assert await world.found(ALICE, "apple") == []


async def refused(world: World) -> str:
    with pytest.raises(RefusalError) as refusal:
        await world.found(ALICE, "apple")
    return refusal.value.code


async def test_a_search_that_cannot_be_made_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never an empty answer in its place: that would say that the documents say nothing."""
    await keep(world, "apple pear plum")

    world.embedding.failing = 500
    assert await refused(world) == "retrieval_failed"
    world.embedding.failing = None

    world.embedding.dimensions = 100
    assert await refused(world) == "retrieval_failed"
    world.embedding.dimensions = 384

    await world.fetch("UPDATE chunks SET sealed = set_byte(sealed, 20, (get_byte(sealed, 20) + 1) % 256)")
    assert await refused(world) == "retrieval_failed"

    monkeypatch.setattr(world.store, "_pool", None)
    assert await refused(world) == "retrieval_failed"


async def test_the_log_names_a_damaged_document(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """By its id, so that it can be deleted or brought again, and by nothing that it holds."""
    [document] = await keep(world, "apple canary plum")
    await world.fetch("UPDATE chunks SET sealed = set_byte(sealed, 20, (get_byte(sealed, 20) + 1) % 256)")
    assert await refused(world) == "retrieval_failed"
    assert [vars(record)["fields"] for record in caplog.records if "damaged" in record.message] == [{"document": str(document)}]
    assert "canary" not in caplog.text


async def test_a_key_that_is_missing_is_refused_too(world: World) -> None:
    await keep(world, "apple pear plum")
    await world.fetch("UPDATE data_keys SET kek = 'gone' WHERE record <> '00000000-0000-0000-0000-000000000000'")
    assert await refused(world) == "retrieval_failed"


async def test_a_piece_that_was_moved_to_another_place_does_not_open(world: World) -> None:
    """The sealed text is bound to its document and its place."""
    await keep(world, "apple pear plum", "apple iron stone")
    await world.fetch("UPDATE chunks a SET sealed = b.sealed FROM chunks b WHERE a.document <> b.document")
    assert await refused(world) == "retrieval_failed"


async def many(world: World, count: int) -> None:
    """Put pieces straight into the tables: one document of Alice's, with vectors in clusters."""
    [document] = await keep(world, "apple")
    space = await world.index.space()
    chance = random.Random(3)
    centres = [[chance.gauss(0, 1) for _ in range(space.dimensions)] for _ in range(40)]
    async with world.store.transaction() as connection:
        await connection.execute(
            f"""INSERT INTO chunks (document, seq, acl, terms, sealed)
                SELECT document, n, acl, ''::tsvector, sealed FROM chunks, generate_series(1, {count}) AS n WHERE document = $1""",
            document,
        )
        rows = await connection.fetch("SELECT id, acl FROM chunks WHERE seq > 0")
        vectors = [(row["id"], row["acl"], [value + chance.gauss(0, 0.5) for value in chance.choice(centres)]) for row in rows]
        await connection.copy_records_to_table(space.table, records=vectors, columns=["chunk", "acl", "embedding"], timeout=300)
    await world.fetch("ANALYZE")


async def test_the_index_finds_what_comparing_everything_finds(world: World) -> None:
    """Recall@10 against exact search, on vectors of 24 dimensions in clusters."""
    world.embedding.dimensions = 24
    await many(world, 2000)
    space = await world.index.space()
    chance = random.Random(4)
    rows = await world.fetch(f"SELECT embedding::text FROM {space.table} ORDER BY chunk LIMIT 2000")
    found = total = 0
    async with world.store.transaction() as connection:
        readers = [row[0][0] for row in await connection.fetch("SELECT acl FROM chunks LIMIT 1")]
        blank = Question(readers, array("f", [0.1] * 24), Words(), 10)
        plan = await connection.fetch("EXPLAIN " + search._sql(space, blank, walk=True), readers, blank.vector, "", "", None)
        assert any("vectors_1_embedding" in row[0] for row in plan)
        for _ in range(50):
            near = [float(value) + chance.gauss(0, 0.1) for value in chance.choice(rows)[0].strip("[]").split(",")]
            question = Question(readers, near, Words(), 10)  # type: ignore[arg-type]
            walked: list[Any] = await search.walk(connection, space, question)
            compared: list[Any] = await search.exact(connection, space, question)
            found += len({row["seq"] for row in walked} & {row["seq"] for row in compared})
            total += len(compared)
    assert total == 500
    assert found / total >= 0.97


async def test_a_reader_of_few_among_many_gets_exactly_theirs(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the index would give up before it came to them."""
    world.embedding.dimensions = 32
    await many(world, 300)
    for number in range(5):
        await world.library.upload_text(BOB, "n", f"pear {number}", {})
    monkeypatch.setattr(search, "EXACT", 50)
    assert len(await world.found(BOB, "apple", 5)) == 5

    monkeypatch.setattr(search, "EXACT", 2)

    async def gives_up(*_: Any) -> list[Any]:
        return []

    monkeypatch.setattr(search, "walk", gives_up)
    world.retriever._reach.clear()
    assert len(await world.found(BOB, "apple", 5)) == 5
