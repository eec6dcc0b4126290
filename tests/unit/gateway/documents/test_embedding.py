"""The model server as an embedder: busy, broken, gone, and texts that it cannot take."""

from collections.abc import AsyncIterator
from math import sqrt

import pytest

from assistant_gateway.documents import embedding
from assistant_gateway.documents.embedding import Embedder, EmbeddingError, TextTooLongError
from assistant_gateway.neighbours.upstream import Upstream
from tests.unit.gateway.documents.world import Embedding, embedded
from tests.unit.gateway.fake_ollama import Asked, FakeOllama, Wire


@pytest.fixture
async def embedder(fake: FakeOllama, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Embedder]:
    monkeypatch.setattr(embedding, "BUSY_SECONDS", 0.001)
    upstream = Upstream(fake.url)
    fake.scripts["/api/embed"] = Embedding(dimensions=32, context=10)
    yield Embedder(upstream, "words:1")
    upstream.close()


async def test_one_vector_for_each_text_in_order(embedder: Embedder, fake: FakeOllama) -> None:
    vectors = await embedder.embed(["apple", "pear", "apple"])
    assert vectors[0] == vectors[2] != vectors[1]
    assert list(vectors[0]) == pytest.approx(embedded("apple", 32), abs=1e-6)
    assert fake.asked[0].json == {"model": "words:1", "input": ["apple", "pear", "apple"], "truncate": False}


async def test_a_text_that_is_too_long_is_an_error(embedder: Embedder) -> None:
    with pytest.raises(TextTooLongError):
        await embedder.embed(["short", "word " * 11])


async def test_a_long_question_is_the_mean_of_its_parts(embedder: Embedder) -> None:
    vector = await embedder.embed_query("apple " * 40)
    assert list(vector) == pytest.approx(embedded("apple", 32), abs=1e-3)
    assert sqrt(sum(value * value for value in vector)) == pytest.approx(1, abs=1e-5)


async def test_a_very_long_question_is_asked_by_its_ends(embedder: Embedder, fake: FakeOllama) -> None:
    fake.scripts["/api/embed"] = Embedding(dimensions=32, context=10_000)
    await embedder.embed_query("begin " + "middle " * 5000 + "end")
    text = fake.asked[-1].json["input"][0]
    assert len(text) <= embedding.QUERY_CHARACTERS + 2
    assert text.startswith("begin ")
    assert text.endswith(" end")


async def test_a_busy_model_server_is_asked_again(embedder: Embedder, fake: FakeOllama) -> None:
    answers = iter((503, 503))

    async def busy(asked: Asked, wire: Wire) -> None:
        if (status := next(answers, 200)) == 200:
            await wire.json({"embeddings": [[0.5, 0.5]]})
        else:
            await wire.json({"error": "server busy, please try again.  maximum pending requests exceeded"}, status)

    fake.scripts["/api/embed"] = busy
    assert [list(vector) for vector in await embedder.embed(["a"])] == [[0.5, 0.5]]
    assert len(fake.asked) == 3


async def test_one_that_stays_busy_is_given_up(embedder: Embedder, fake: FakeOllama) -> None:
    fake.scripts["/api/embed"] = Embedding(failing=503)
    with pytest.raises(EmbeddingError):
        await embedder.embed(["a"])
    assert len(fake.asked) == embedding.BUSY_TRIES


async def test_what_it_says_is_in_no_error(embedder: Embedder, fake: FakeOllama) -> None:
    fake.scripts["/api/embed"] = Embedding(failing=500)
    with pytest.raises(EmbeddingError) as failed:
        await embedder.embed(["a"])
    assert "CANARY" not in repr(failed.value)
    assert failed.value.args == ()


async def test_one_that_dies_is_an_error(embedder: Embedder, fake: FakeOllama) -> None:
    async def dies(asked: Asked, wire: Wire) -> None:
        await wire.raw(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 999\r\n\r\n{")
        wire.cut()

    fake.scripts["/api/embed"] = dies
    with pytest.raises(EmbeddingError):
        await embedder.embed(["a"])
    await fake.stop()
    with pytest.raises(EmbeddingError):
        await embedder.embed(["a"])
    await fake.start()


async def test_an_answer_without_end_is_cut_off(embedder: Embedder, fake: FakeOllama, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "MAX_ANSWER_BYTES", 1000)

    async def endless(asked: Asked, wire: Wire) -> None:
        await wire.start()
        for _ in range(100):
            await wire.chunk(b"1" * 100)

    fake.scripts["/api/embed"] = endless
    with pytest.raises(EmbeddingError):
        await embedder.embed(["a"])
