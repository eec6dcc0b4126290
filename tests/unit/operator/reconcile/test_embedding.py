"""The loop with two models and one record."""

import pytest

from assistant_operator.kube.kinds import CONFIG_MAP, STATEFUL_SET
from tests.support.fake_world import DIGEST, MODEL, FakeWorld
from tests.support.pods import terminated
from tests.unit.operator.reconcile.keepers import EMBEDDING, OTHER_DIGEST, RAG, pages


@pytest.fixture
def fake() -> FakeWorld:
    return FakeWorld()


async def test_both_are_recorded(fake: FakeWorld) -> None:
    pages(fake)
    await fake.make_ready(RAG)

    assert fake.status()["model"]["embedding"] == {"name": EMBEDDING, "digest": DIGEST, "sizeBytes": 3}


async def test_a_record_without_the_embedding_model_is_not_the_wanted_one(fake: FakeWorld) -> None:
    """Both are pulled, and the pods go on with the one model meanwhile."""
    pages(fake)
    await fake.make_ready()
    before = fake.client.find(STATEFUL_SET, "ns", "one") or {}
    fake.apply(RAG)
    await fake.settle()

    assert fake.verdict("ModelReady") == ("Unknown", "Pulling")
    assert fake.verdict("GatewayReady") == ("True", "Serving")
    assert fake.client.find(STATEFUL_SET, "ns", "one") == before
    assert fake.client.find(CONFIG_MAP, "ns", "one-policy") is not None
    fake.pull_succeeds()
    await fake.settle()
    assert fake.client.find(STATEFUL_SET, "ns", "one") != before
    assert fake.verdict("ModelReady") == ("True", "ModelVerified")


async def test_another_embedding_model_is_pulled_while_the_old_one_serves(fake: FakeWorld) -> None:
    pages(fake)
    await fake.make_ready(RAG)
    policy = fake.client.find(CONFIG_MAP, "ns", "one-policy")
    fake.apply(RAG | {"model": {"name": MODEL, "embedding": "registry.test:5000/library/embed:2"}})
    await fake.settle()

    assert fake.verdict("ModelReady") == ("Unknown", "Pulling")
    assert DIGEST in str(fake.client.find(CONFIG_MAP, "ns", "one-policy"))
    assert fake.status()["model"]["embedding"]["name"] == EMBEDDING
    fake.pull_succeeds(embedding=OTHER_DIGEST)
    await fake.settle()
    assert fake.client.find(CONFIG_MAP, "ns", "one-policy") != policy
    assert fake.status()["model"]["embedding"]["digest"] == OTHER_DIGEST


async def test_a_pull_that_brings_half_has_failed(fake: FakeWorld) -> None:
    """As an older puller would."""
    pages(fake)
    fake.apply(RAG)
    await fake.settle()
    [job] = fake.jobs()
    said = f'{{"name": "m", "digest": "{DIGEST}", "sizeBytes": 7}}'
    fake.pod(job, "pull", {"phase": "Succeeded", "containerStatuses": [terminated("pull", 0, said)]})
    fake.job_ends(job, "Complete")
    outcome = await fake.settle()

    assert fake.verdict("ModelReady") == ("False", "EmbeddingNotBrought")
    assert outcome.after is not None
    assert outcome.after <= 120


async def test_rag_that_goes_leaves_no_pull(fake: FakeWorld) -> None:
    """The record says more than is wanted: that is enough."""
    pages(fake)
    await fake.make_ready(RAG)
    fake.apply({"model": {"name": MODEL}})
    await fake.settle()

    assert fake.verdict("ModelReady") == ("True", "ModelVerified")
    assert fake.jobs() == []
