"""When the Jobs that bring documents run."""

from datetime import timedelta

import pytest

from assistant_operator.kube.kinds import CLAIM, CRON_JOB, JOB, SERVICE, STATEFUL_SET
from assistant_operator.kube.objects import name_of, uid_of
from assistant_operator.reconcile.asking.gateways import SourceTold
from assistant_operator.reconcile.scheduling import retries
from tests.support.fake_world import FakeWorld
from tests.support.gateways import told
from tests.support.pods import terminated
from tests.unit.operator.reconcile.keepers import RAG, brought_certificate, ingests, names, pages


@pytest.fixture
def fake() -> FakeWorld:
    return FakeWorld()


async def test_they_wait_for_the_gateways(fake: FakeWorld) -> None:
    pages(fake)
    fake.apply(RAG)
    await fake.settle()
    fake.pull_succeeds()
    await fake.settle()
    fake.pods_become_ready("one-store")
    await fake.settle()
    assert ingests(fake) == []

    fake.pods_become_ready()
    fake.gateway_runs()
    await fake.settle()
    assert len(ingests(fake)) == 1
    assert fake.verdict() == ("True", "Serving")


async def test_what_runs_by_a_schedule_is_put_right_at_any_time(fake: FakeWorld) -> None:
    """Its pods come whether the gateways take documents in or not: a hand in it is not left there until they do."""
    pages(fake)
    scheduled = RAG | {"rag": {"sources": [{"name": "handbook", "configMap": {"name": "pages"}, "schedule": "0 3 * * *"}]}}
    await fake.make_ready(scheduled)
    fake.client.set_status(STATEFUL_SET, "ns", "one", {})
    await fake.settle()
    assert fake.verdict()[0] != "True"

    fake.client.edit(CRON_JOB, "ns", "one-ingest-handbook", lambda job: job["spec"].update(schedule="* * * * *"))
    await fake.settle()

    live = fake.client.find(CRON_JOB, "ns", "one-ingest-handbook")
    assert live is not None
    assert live["spec"]["schedule"] == "0 3 * * *"


async def test_one_that_is_done_is_the_record_of_it(fake: FakeWorld) -> None:
    """No pass runs it again, whatever happens to its pod; another source is another Job."""
    pages(fake)
    await fake.make_ready(RAG)
    [job] = ingests(fake)
    fake.job_ends(job, "Complete")
    await fake.settle()
    fake.pass_time(86400)
    await fake.settle()
    assert [uid_of(one) for one in ingests(fake)] == [uid_of(job)]

    changed = RAG | {"rag": {"sources": [{"name": "handbook", "configMap": {"name": "pages"}, "include": ["*.md"]}]}}
    fake.apply(changed)
    await fake.settle()
    fake.pods_become_ready()
    await fake.settle()
    [other] = ingests(fake)
    assert name_of(other) != name_of(job)


async def test_one_that_somebody_removes_is_made_anew(fake: FakeWorld) -> None:
    """By that a source is read again whenever somebody wants it: docs/memory.md says so."""
    pages(fake)
    await fake.make_ready(RAG)
    [job] = ingests(fake)
    fake.job_ends(job, "Complete")
    await fake.settle()
    fake.client.remove(JOB, "ns", name_of(job))
    await fake.settle()

    [again] = ingests(fake)
    assert name_of(again) == name_of(job)
    assert uid_of(again) != uid_of(job)


async def test_one_that_failed_is_made_anew_later_and_later(fake: FakeWorld) -> None:
    """And says meanwhile why, in status."""
    pages(fake)
    await fake.make_ready(RAG)
    waits: list[timedelta] = []
    for _ in range(3):
        [job] = ingests(fake)
        said = '{"reason": "GatewayUnreachable", "message": "x"}'
        fake.pod(job, "ingest", {"phase": "Failed", "containerStatuses": [terminated("ingest", 1, said)]})
        fake.job_ends(job, "Failed")
        outcome = await fake.settle()
        assert outcome.after is not None
        waits.append(timedelta(seconds=outcome.after))
        assert [uid_of(one) for one in ingests(fake)] == [uid_of(job)]
        assert fake.status()["sources"] == [
            {"name": "handbook", "documents": 0, "chunks": 0, "failed": [{"reason": "GatewayUnreachable", "count": 0}]}
        ]
        fake.pass_time(outcome.after + 1)
        await fake.settle()
        assert uid_of(ingests(fake)[0]) != uid_of(job)

    assert waits == [retries.FIRST, 2 * retries.FIRST, 4 * retries.FIRST]
    assert fake.verdict() == ("True", "Serving")


async def test_a_source_that_is_not_there_is_waited_for(fake: FakeWorld) -> None:
    """Its pod would wait without a word."""
    await fake.make_ready(RAG)
    assert ingests(fake) == []
    assert fake.status()["sources"][0]["failed"] == [{"reason": "ConfigMapNotFound", "count": 0}]
    outcome = await fake.settle()
    assert outcome.after == 30

    pages(fake)
    await fake.settle()
    assert len(ingests(fake)) == 1
    assert fake.status()["sources"][0]["failed"] == []


async def test_what_the_gateways_tell_of_a_source(fake: FakeWorld) -> None:
    """Of those in the spec and no others."""
    pages(fake)
    await fake.make_ready(RAG)
    fake.pass_time(61)
    fake.gateways.told = told(handbook=SourceTold(documents=7, chunks=70, failed={"Broken": 2, "Empty": 0}), gone=SourceTold(documents=1))
    await fake.settle()

    assert fake.status()["sources"] == [{"name": "handbook", "documents": 7, "chunks": 70, "failed": [{"reason": "Broken", "count": 2}]}]


async def test_a_source_that_goes_takes_its_job_with_it(fake: FakeWorld) -> None:
    pages(fake)
    await fake.make_ready(RAG)
    fake.apply(RAG | {"rag": {}})
    await fake.settle()

    assert ingests(fake) == []
    assert "one-ingest" not in names(fake, "Secret") | names(fake, "NetworkPolicy")
    assert fake.client.find(CLAIM, "ns", "one-store") is not None
    assert "sources" not in fake.status()


async def test_a_schedule_is_a_cron_job_beside_it(fake: FakeWorld) -> None:
    """Whose failures are told as well."""
    pages(fake)
    source = {"name": "handbook", "configMap": {"name": "pages"}, "schedule": "0 3 * * *"}
    await fake.make_ready(RAG | {"rag": {"sources": [source]}})
    [cron] = [obj for obj in fake.client.objects.values() if obj["kind"] == "CronJob"]
    [once] = ingests(fake)
    fake.job_ends(once, "Complete")
    meta = {
        "name": "by-cron",
        "namespace": "ns",
        "labels": cron["spec"]["jobTemplate"]["metadata"]["labels"],
        "ownerReferences": [{"kind": "CronJob", "name": name_of(cron), "uid": uid_of(cron), "controller": True}],
    }
    fake.client.put({"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": {}})
    await fake.settle()
    assert fake.client.find(JOB, "ns", "by-cron") is not None
    fake.client.set_status(JOB, "ns", "by-cron", {"conditions": [{"type": "Failed", "status": "True"}]})
    await fake.settle()

    assert fake.client.find(JOB, "ns", "by-cron") is not None
    assert fake.status()["sources"][0]["failed"] == [{"reason": "IngestFailed", "count": 0}]


async def test_a_gateway_that_is_replaced_lets_jobs_be(fake: FakeWorld) -> None:
    """What runs goes on: it waits for the gateway by itself."""
    pages(fake)
    await fake.make_ready(RAG)
    [job] = ingests(fake)
    fake.apply(RAG | {"access": {"limits": {"requestsPerMinute": 7}}})
    await fake.settle()

    assert fake.verdict("GatewayReady")[0] == "Unknown"
    assert [uid_of(one) for one in ingests(fake)] == [uid_of(job)]


async def test_without_a_certificate_to_know_the_gateways_by_nothing_is_brought(fake: FakeWorld) -> None:
    """And it is said: the user's Secret has no ca.crt."""
    pages(fake)
    await fake.make_ready(RAG | brought_certificate(fake))
    assert ingests(fake) == []
    assert fake.status()["sources"][0]["failed"] == [{"reason": "CaCertificateMissing", "count": 0}]

    brought_certificate(fake, with_ca=True)
    await fake.settle()
    assert len(ingests(fake)) == 1


async def test_a_service_that_was_removed_takes_no_job_with_it(fake: FakeWorld) -> None:
    """Its new address is another intent: what was not done yet is made anew with it."""
    pages(fake)
    await fake.make_ready(RAG)
    [job] = ingests(fake)
    fake.job_ends(job, "Complete")
    await fake.settle()
    fake.client.remove(SERVICE, "ns", "one")
    await fake.settle()

    assert [uid_of(one) for one in ingests(fake)] == [uid_of(job)]
