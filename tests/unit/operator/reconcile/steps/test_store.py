"""The loop with something to keep: the store from nothing to ready and to nothing again, and the figures of what is kept."""

import base64

import pytest

from assistant_operator import errors
from assistant_operator.kube.kinds import CLAIM, CONFIG_MAP, NETWORK_POLICY, POD, SECRET, SERVICE, STATEFUL_SET
from assistant_operator.kube.objects import uid_of
from assistant_operator.reconcile.asking.gateways import GatewayStatus
from tests.support.fake_world import MODEL, FakeWorld
from tests.support.gateways import sealed, told
from tests.unit.operator.reconcile.keepers import KEEP, RAG, names, pages


@pytest.fixture
def fake() -> FakeWorld:
    return FakeWorld()


async def test_without_anything_to_keep_there_is_none(fake: FakeWorld) -> None:
    """And nobody asks the gateways anything, unless it is about redaction."""
    await fake.make_ready({"model": {"name": MODEL}, "redaction": {"request": {"action": "Off"}}})

    assert fake.verdict("StoreReady") == ("None", "None")
    assert fake.verdict("RetentionEnforced") == ("True", "NothingKept")
    assert not {"one-store", "one-encryption", "one-store-tls", "one-ingest"} & names(fake, "Secret")
    assert fake.gateways.asked == set()
    assert "retention" not in fake.status()
    assert "sources" not in fake.status()


async def test_from_nothing_to_ready(fake: FakeWorld) -> None:
    """And the last pass writes nothing."""
    await fake.make_ready(KEEP)
    writes = len(fake.client.writes)
    outcome = await fake.reconcile()

    assert fake.client.writes[writes:] == []
    assert (outcome.label, outcome.after) == ("ready", 600)
    assert fake.verdict("StoreReady") == ("True", "Connected")
    assert fake.verdict("RetentionEnforced") == ("True", "OnTime")
    assert fake.status()["retention"] == {"lastPurge": "2026-01-01T00:00:00Z", "purged": 0}
    assert {"one-store", "one-encryption", "one-store-tls"} <= names(fake, "Secret")


async def test_a_pass_that_holds_numbers_back_asks_for_the_next(fake: FakeWorld) -> None:
    """Whatever it was for, it took the place of the pass in which they were to be shown."""
    await fake.make_ready(KEEP)
    fake.gateways.told = told(purged=3)
    fake.pass_time(20)
    outcome = await fake.reconcile()

    assert fake.status()["retention"]["purged"] == 0
    assert outcome.after is not None
    assert outcome.after <= 40
    fake.pass_time(outcome.after)
    await fake.reconcile()
    assert fake.status()["retention"]["purged"] == 3


async def test_the_gateways_find_the_store_by_its_services_address(fake: FakeWorld) -> None:
    await fake.make_ready(KEEP)
    service = fake.client.find(SERVICE, "ns", "one-store") or {}
    pod = (fake.client.find(STATEFUL_SET, "ns", "one") or {})["spec"]["template"]["spec"]

    assert pod["hostAliases"] == [{"ip": service["spec"]["clusterIP"], "hostnames": ["one-store.ns.svc"]}]


async def test_the_pass_after_the_services_making_goes_on(fake: FakeWorld) -> None:
    """At once: the answer to our own write brings no pass of its own."""
    fake.apply(KEEP)
    outcome = await fake.reconcile()

    assert outcome.after == 0


async def test_who_widens_the_store_widens_the_assistant(fake: FakeWorld) -> None:
    """What is kept is there: a policy that opens the store alone is named as well. The operator's own policies widen nothing."""
    await fake.make_ready(KEEP)
    selector = {"matchLabels": fake.names.selector("store")}
    metadata = {"name": "theirs", "namespace": "ns"}
    spec = {"podSelector": selector, "policyTypes": ["Egress"], "egress": [{}]}
    fake.client.put({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec})
    await fake.settle()

    assert fake.verdict() == fake.verdict("EgressConfined") == ("False", "WidenedByPolicy")
    assert fake.message().endswith("They are: NetworkPolicy theirs (egress).")
    fake.client.remove(NETWORK_POLICY, "ns", "theirs")
    await fake.settle()
    assert fake.verdict() == ("True", "Serving")


async def test_a_container_that_others_put_beside_the_store_is_told_of(fake: FakeWorld) -> None:
    """It would share the store's network."""
    await fake.make_ready(KEEP)
    owner = {"kind": "StatefulSet", "name": "one-store", "controller": True}
    owner["uid"] = uid_of(fake.client.find(STATEFUL_SET, "ns", "one-store") or {})
    metadata = {"name": "one-store-0", "namespace": "ns", "labels": fake.names.labels("store"), "ownerReferences": [owner]}
    spec = {"nodeName": "node", "containers": [{"name": "store"}, {"name": "spy"}]}
    fake.client.put({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": {"phase": "Running"}})
    await fake.settle()

    assert fake.verdict("EgressConfined") == ("False", "PodNotAsPlanned")
    assert fake.message("EgressConfined").endswith("has: container spy.")


async def test_a_service_without_an_address_is_waited_for(fake: FakeWorld) -> None:
    """Without haste, and without gateways."""
    fake.client.allocates = False
    fake.apply(KEEP)
    await fake.settle()
    fake.pull_succeeds()
    outcome = await fake.settle()

    assert outcome.after == 600
    assert fake.client.find(STATEFUL_SET, "ns", "one") is None
    assert fake.verdict("GatewayReady") == ("Unknown", "NotCreated")


async def test_a_service_that_was_removed_takes_no_pod_with_it(fake: FakeWorld) -> None:
    """The gateways stay until the new address is known, and move there."""
    await fake.make_ready(KEEP)
    before = uid_of(fake.client.find(STATEFUL_SET, "ns", "one") or {})
    old = (fake.client.find(SERVICE, "ns", "one-store") or {})["spec"]["clusterIP"]
    fake.client.remove(SERVICE, "ns", "one-store")
    await fake.reconcile()
    assert fake.client.find(CONFIG_MAP, "ns", "one-policy") is not None

    await fake.settle()
    found = fake.client.find(STATEFUL_SET, "ns", "one") or {}
    assert uid_of(found) == before
    assert found["spec"]["template"]["spec"]["hostAliases"][0]["ip"] != old


async def test_the_store_is_pruned_with_all_that_is_kept(fake: FakeWorld) -> None:
    """Once nothing is to be kept any more: pod, Service, volume, credentials; the encryption keys first."""
    await fake.make_ready(KEEP)
    before = len(fake.client.writes)
    fake.apply({"model": {"name": MODEL}})
    await fake.settle()

    gone = [line for line in fake.client.writes[before:] if line.startswith("delete")]
    assert {line.split(maxsplit=1)[1] for line in gone} == {
        "Secret one-encryption", "Secret one-store", "Secret one-store-tls", "StatefulSet one-store", "Service one-store",
        "PersistentVolumeClaim one-store", "NetworkPolicy one-store",
    }  # fmt: skip
    assert gone[0] == "delete Secret one-encryption"
    fake.pods_become_ready()
    await fake.settle()
    assert fake.verdict("RetentionEnforced") == ("True", "NothingKept")
    assert "retention" not in fake.status()
    assert not any("store" in entry["id"] or "encryption" in entry["id"] for entry in fake.status()["inventory"])


@pytest.mark.parametrize("kind", ["Secret", "Service", "StatefulSet", "PersistentVolumeClaim", "NetworkPolicy", "PrivateAssistant"])
async def test_no_failure_prunes_a_store(fake: FakeWorld, kind: str) -> None:
    """Whatever cannot be read or written: the volume and the keys are there for as long as the spec wants them."""
    await fake.make_ready(KEEP)
    kept = {place: uid_of(fake.client.find(place, "ns", name) or {}) for place, name in ((CLAIM, "one-store"), (SECRET, "one-encryption"))}
    fake.apply(KEEP | {"model": {"name": MODEL, "parallel": 2}})
    fake.fail(lambda verb, failing: errors.UnavailableError(verb, failing, 503, "x") if failing == kind else None)
    for _ in range(3):
        try:
            await fake.reconcile()
        except errors.ApiError:
            continue
    fake.client.faults = []
    await fake.settle()

    assert {
        place: uid_of(fake.client.find(place, "ns", name) or {}) for place, name in ((CLAIM, "one-store"), (SECRET, "one-encryption"))
    } == kept


async def test_an_invalid_spec_prunes_nothing(fake: FakeWorld) -> None:
    """And says of the store that nobody looked."""
    await fake.make_ready(KEEP)
    fake.apply(KEEP | {"model": {"name": "m:cloud"}})
    await fake.settle()

    assert fake.client.find(CLAIM, "ns", "one-store") is not None
    assert fake.verdict("StoreReady") == ("Unknown", "SpecInvalid")
    assert fake.status()["retention"]["purged"] == 0


async def test_what_runs_goes_on_while_the_store_is_new(fake: FakeWorld) -> None:
    """An assistant that begins to keep something serves until its store is there."""
    await fake.make_ready()
    before = fake.client.find(STATEFUL_SET, "ns", "one") or {}
    fake.client.allocates = False
    fake.apply(KEEP)
    await fake.settle()

    assert fake.client.find(STATEFUL_SET, "ns", "one") == before
    assert fake.verdict("GatewayReady") == ("True", "Serving")
    assert fake.verdict()[0] != "True"


async def test_a_store_that_shrinks_is_refused(fake: FakeWorld) -> None:
    await fake.make_ready(KEEP | {"store": {"managed": {"size": "20Gi"}}})
    fake.apply(KEEP | {"store": {"managed": {"size": "1Gi"}}})
    await fake.settle()

    assert fake.verdict() == ("False", "SpecInvalid")
    assert "spec.store.managed.size" in fake.message()


async def test_a_key_is_shown_when_every_gateway_told_of_it(fake: FakeWorld) -> None:
    """One that is silent may seal under an older one."""
    fake.gateways.told = sealed("k0002", 7)
    await fake.make_ready(KEEP | {"model": {"name": MODEL, "replicas": 2, "storage": {"accessModes": ["ReadWriteMany"]}}})
    assert fake.status()["retention"] | {"encryptionKey": "k0002", "keysToRewrap": 7} == fake.status()["retention"]

    fake.gateways.silent = {"10.1.0.2"}
    fake.pass_time(60)
    await fake.reconcile()

    assert fake.gateways.asked == {"10.1.0.1", "10.1.0.2"}
    assert fake.status()["retention"].keys() == {"lastPurge", "purged"}


async def test_numbers_are_written_once_a_minute(fake: FakeWorld) -> None:
    await fake.make_ready(KEEP)
    fake.pass_time(61)
    fake.gateways.told = told(purged=5)
    await fake.reconcile()
    before = len(fake.client.writes)
    fake.gateways.told = told(purged=6)
    fake.pass_time(59)
    await fake.reconcile()
    assert fake.client.writes[before:] == []
    assert fake.status()["retention"]["purged"] == 5

    fake.pass_time(1)
    await fake.reconcile()
    assert fake.client.writes[before:] == ["patch PrivateAssistant/status one"]
    assert fake.status()["retention"]["purged"] == 6


async def test_how_many_writes_that_makes(fake: FakeWorld) -> None:
    """Ten minutes of purging: ten writes, one more or less."""
    await fake.make_ready(KEEP)
    fake.pass_time(61)
    before = len(fake.client.writes)
    for purged in range(1, 61):
        fake.gateways.told = told(purged=purged)
        fake.pass_time(10)
        await fake.reconcile()

    assert 9 <= len(fake.client.writes) - before <= 11


async def test_a_purge_that_found_nothing_is_hardly_worth_a_write(fake: FakeWorld) -> None:
    """The time alone moves: every five minutes."""
    await fake.make_ready(KEEP)
    before = len(fake.client.writes)
    for _ in range(60):
        fake.pass_time(10)
        one = told()
        assert one.retention is not None
        fake.gateways.told = one.model_copy(update={"retention": one.retention.model_copy(update={"last_purge": fake.now})})
        await fake.reconcile()

    assert 1 <= len(fake.client.writes) - before <= 2


async def test_a_restart_of_the_operator_shows_what_was_shown(fake: FakeWorld) -> None:
    """Until the gateways are heard."""
    await fake.make_ready(KEEP)
    fake.world.figures.forget(fake.key)
    fake.gateways.told = None
    await fake.settle()

    assert fake.status()["retention"]["purged"] == 0


async def test_a_suspended_assistant_is_not_asked(fake: FakeWorld) -> None:
    await fake.make_ready(KEEP)
    before = fake.gateways.forgotten
    fake.apply(KEEP | {"suspend": True})
    await fake.settle()

    assert fake.gateways.forgotten > before


async def test_secrets_are_in_no_status_and_no_event(fake: FakeWorld) -> None:
    pages(fake)
    await fake.make_ready(RAG)
    shown = [obj for obj in fake.client.objects.values() if obj["kind"] != SECRET.kind]
    for name in ("one-store", "one-encryption", "one-ingest", "one-store-tls"):
        for entry, encoded in (fake.client.find(SECRET, "ns", name) or {})["data"].items():
            plain = base64.b64decode(encoded).decode()
            assert entry in ("username", "ca.crt", "tls.crt") or plain not in str(shown)


async def test_nothing_is_asked_of_pods_that_are_not_the_gateways(fake: FakeWorld) -> None:
    """A pod with our labels but another owner could tell anything."""
    await fake.make_ready(KEEP)
    fake.gateways.asked.clear()
    fake.pod({"metadata": {"name": "x", "uid": "other"}}, "assistant", {"phase": "Running", "podIP": "10.9.9.9"})
    await fake.settle()

    assert fake.gateways.asked == {"10.1.0.1"}
    assert isinstance(fake.gateways.told, GatewayStatus)
    assert fake.client.find(POD, "ns", "x") is None
