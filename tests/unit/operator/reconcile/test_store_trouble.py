"""The loop with something to keep: what goes wrong, and where it is told."""

import base64

import pytest

from assistant_operator.kube.kinds import CLAIM, CONFIG_MAP, EVENT, SECRET, STATEFUL_SET
from assistant_operator.kube.objects import Object
from assistant_operator.reconcile.asking.gateways import IndexTold
from tests.support.fake_world import MODEL, FakeWorld
from tests.support.gateways import told
from tests.support.pods import terminated, waiting
from tests.unit.operator.reconcile.keepers import KEEP, brought_certificate


@pytest.fixture
def fake() -> FakeWorld:
    return FakeWorld()


TROUBLES = [
    pytest.param(waiting("store", "ImagePullBackOff"), "ImagePullFailed", "--store-image", id="image"),
    pytest.param(waiting("store", "CrashLoopBackOff", terminated("store", 1)), "ContainerCrashed", "size", id="crash"),
    pytest.param(waiting("store", "CrashLoopBackOff", terminated("store", 137, "", "OOMKilled")), "OutOfMemory", "resources", id="memory"),
]


@pytest.mark.parametrize(("container", "reason", "advice"), TROUBLES)
async def test_a_pod_of_the_store_that_suffers_says_why(fake: FakeWorld, container: Object, reason: str, advice: str) -> None:
    """In StoreReady and in Ready, with what to do."""
    await fake.make_ready(KEEP)
    owner = fake.client.find(STATEFUL_SET, "ns", "one-store") or {}
    fake.pod(owner, "store", {"phase": "Running", "containerStatuses": [container]})
    await fake.settle()

    assert fake.verdict("StoreReady") == ("False", reason)
    assert advice in fake.message("StoreReady")
    assert fake.verdict() == ("False", reason)


async def test_a_pod_that_no_node_takes(fake: FakeWorld) -> None:
    await fake.make_ready(KEEP)
    owner = fake.client.find(STATEFUL_SET, "ns", "one-store") or {}
    unschedulable = [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]
    fake.pod(owner, "store", {"phase": "Pending", "conditions": unschedulable})
    await fake.settle()

    assert fake.verdict("StoreReady") == ("False", "Unschedulable")
    assert "storageClassName" in fake.message("StoreReady")


async def test_somebody_elses_pod_says_nothing(fake: FakeWorld) -> None:
    """Labels are anybody's."""
    await fake.make_ready(KEEP)
    fake.pod(
        {"metadata": {"name": "x", "uid": "other"}},
        "store",
        {"phase": "Running", "containerStatuses": [waiting("store", "ImagePullBackOff")]},
    )
    await fake.settle()

    assert fake.verdict("StoreReady") == ("True", "Connected")


@pytest.mark.parametrize("reason", ["StoreUnreachable", "StoreExtensionMissing", "StoreFull", "EncryptionKeyMissing"])
async def test_a_fault_that_a_gateway_tells(fake: FakeWorld, reason: str) -> None:
    """Is StoreReady's; that purges are on time cannot be shown then."""
    await fake.make_ready(KEEP)
    fake.gateways.told = told(reason)
    await fake.settle()

    assert fake.verdict("StoreReady") == ("False", reason)
    assert fake.verdict("RetentionEnforced") == ("Unknown", "PurgeNotSeen")
    assert fake.verdict() == ("False", reason)
    assert fake.status()["retention"]["purged"] == 0  # what was known last


async def test_gateways_that_are_silent(fake: FakeWorld) -> None:
    """What nobody has told is Unknown, and Unknown is not ready."""
    await fake.make_ready(KEEP)
    fake.gateways.told = None
    await fake.settle()

    assert fake.verdict("StoreReady") == ("Unknown", "StoreNotSeen")
    assert fake.verdict("RetentionEnforced") == ("Unknown", "PurgeNotSeen")
    assert fake.verdict("RedactionActive") == ("Unknown", "RedactionNotSeen")
    assert fake.verdict() == ("Unknown", "RedactionNotSeen")


async def test_a_late_purge(fake: FakeWorld) -> None:
    await fake.make_ready(KEEP)
    fake.gateways.told = told(late=True)
    await fake.settle()

    assert fake.verdict("RetentionEnforced") == ("False", "PurgeLate")
    assert fake.verdict("StoreReady") == ("True", "Connected")
    assert fake.verdict() == ("False", "PurgeLate")
    events = [obj for obj in fake.client.objects.values() if obj["kind"] == EVENT.kind and obj["reason"] == "PurgeLate"]
    assert {event["note"].split(":")[0] for event in events} == {"Ready is False", "RetentionEnforced is False"}


async def test_an_index_that_is_rebuilt_is_told_and_is_ready(fake: FakeWorld) -> None:
    await fake.make_ready(KEEP)
    fake.gateways.told = told().model_copy(update={"index": IndexTold(state="Rebuilding")})
    await fake.settle()

    assert fake.verdict("StoreReady") == ("True", "IndexRebuilding")
    assert fake.verdict() == ("True", "Serving")


async def test_encryption_keys_that_are_gone_are_not_made_anew(fake: FakeWorld) -> None:
    """A new key would hide that all is lost; to begin anew is the user's decision."""
    await fake.make_ready(KEEP)
    lost = fake.client.find(SECRET, "ns", "one-encryption") or {}
    fake.client.remove(SECRET, "ns", "one-encryption")
    await fake.settle()
    assert fake.verdict("StoreReady") == ("False", "EncryptionKeyMissing")
    assert fake.client.find(SECRET, "ns", "one-encryption") is None
    await fake.settle()
    assert fake.verdict() == ("False", "EncryptionKeyMissing")

    fake.client.put(lost)
    await fake.settle()
    assert fake.verdict() == ("True", "Serving")
    fake.client.remove(SECRET, "ns", "one-encryption")
    await fake.settle()
    fake.apply({"model": {"name": MODEL}})
    await fake.settle()
    fake.apply(KEEP)
    await fake.settle()
    assert fake.client.find(SECRET, "ns", "one-encryption") is not None
    assert fake.verdict("StoreReady")[1] != "EncryptionKeyMissing"


async def test_encryption_keys_are_missed_even_where_status_was_lost(fake: FakeWorld) -> None:
    """The store that is there says that something may be in it."""
    await fake.make_ready(KEEP)
    fake.client.remove(SECRET, "ns", "one-encryption")
    assistant = next(obj for obj in fake.client.objects.values() if obj["kind"] == "PrivateAssistant")
    fake.client.put({key: value for key, value in assistant.items() if key != "status"})
    await fake.reconcile()

    assert fake.client.find(SECRET, "ns", "one-encryption") is None
    assert fake.verdict("StoreReady") == ("False", "EncryptionKeyMissing")


async def test_who_takes_it_out_and_puts_it_back_at_once_begins_anew(fake: FakeWorld) -> None:
    """The old volume may still be going: what is on it is lost already, and is held against nobody."""
    await fake.make_ready(KEEP)
    old = fake.client.find(SECRET, "ns", "one-encryption") or {}
    fake.apply({"model": {"name": MODEL}})
    fake.client.edit(CLAIM, "ns", "one-store", lambda obj: obj["metadata"].update(deletionTimestamp="2026-01-01T00:00:00Z"))
    await fake.reconcile()
    fake.apply(KEEP)
    await fake.reconcile()

    new = fake.client.find(SECRET, "ns", "one-encryption") or {}
    assert new["data"] != old["data"]
    assert fake.verdict("StoreReady")[1] != "EncryptionKeyMissing"


@pytest.mark.parametrize(
    ("entry", "value", "reason"),
    [
        ("k0002", "dG9vIHNob3J0", "EncryptionKeyInvalid"),
        ("k0002", "!", "EncryptionKeyInvalid"),
        ("K 2", base64.b64encode(bytes(32)).decode(), "EncryptionKeyInvalid"),
    ],
)
async def test_a_rotated_key_that_is_none_is_told(fake: FakeWorld, entry: str, value: str, reason: str) -> None:
    await fake.make_ready(KEEP)
    encoded = base64.b64encode(value.encode()).decode()
    fake.client.edit(SECRET, "ns", "one-encryption", lambda obj: obj["data"].update({entry: encoded}))
    await fake.settle()

    assert fake.verdict("StoreReady") == ("False", reason)
    assert value not in str(fake.status())


async def test_a_rotated_key_that_is_good(fake: FakeWorld) -> None:
    await fake.make_ready(KEEP)
    key = base64.b64encode(base64.b64encode(bytes(range(32)))).decode()
    fake.client.edit(SECRET, "ns", "one-encryption", lambda obj: obj["data"].update(k0002=key))
    await fake.settle()

    assert fake.verdict() == ("True", "Serving")


async def test_lost_credentials_are_made_anew(fake: FakeWorld) -> None:
    """The store and the gateways take a changed password up by themselves."""
    await fake.make_ready(KEEP)
    fake.client.remove(SECRET, "ns", "one-store")
    await fake.settle()

    assert fake.verdict() == ("True", "Serving")


@pytest.mark.parametrize("password", ["", "with'quote", "two words"])
async def test_a_password_that_the_store_does_not_take(fake: FakeWorld, password: str) -> None:
    await fake.make_ready(KEEP)
    encoded = base64.b64encode(password.encode()).decode()
    fake.client.edit(SECRET, "ns", "one-store", lambda obj: obj["data"].update(password=encoded))
    await fake.settle()

    assert fake.verdict("StoreReady") == ("False", "SecretEntryInvalid")
    assert not password or password not in fake.message("StoreReady")


async def test_the_stores_certificate_is_renewed_in_time(fake: FakeWorld) -> None:
    await fake.make_ready(KEEP)
    before = (fake.client.find(SECRET, "ns", "one-store-tls") or {})["data"]
    fake.pass_time(260 * 86400)
    await fake.settle()

    assert (fake.client.find(SECRET, "ns", "one-store-tls") or {})["data"] != before


async def test_a_problem_of_the_gateway_does_not_hold_the_store_back(fake: FakeWorld) -> None:
    """And one of the store holds both back."""
    fake.apply(KEEP | {"access": {"keys": [{"name": "a", "secretRef": {"name": "none"}}]}})
    await fake.settle()

    assert fake.client.find(STATEFUL_SET, "ns", "one-store") is not None
    assert fake.client.find(STATEFUL_SET, "ns", "one") is None


async def test_a_brought_certificate_and_a_store_of_ours(fake: FakeWorld) -> None:
    """The store's certificate is by the assistant's own CA all the same, of which clients are told nothing."""
    await fake.make_ready(KEEP | brought_certificate(fake))

    store = (fake.client.find(SECRET, "ns", "one-store-tls") or {})["data"]
    assert store["ca.crt"] == (fake.client.find(SECRET, "ns", "one-ca") or {})["data"]["ca.crt"]
    assert fake.client.find(CONFIG_MAP, "ns", "one-ca") is None
    assert fake.client.find(SECRET, "ns", "one-tls") is None


async def test_a_brought_certificate_that_is_wrong_keeps_the_store_from_nothing(fake: FakeWorld) -> None:
    fake.apply(KEEP | {"access": {"tls": {"mode": "Secret", "secretName": "none"}}})
    await fake.settle()

    assert fake.verdict("GatewayReady") == ("False", "SecretNotFound")
    assert fake.client.find(STATEFUL_SET, "ns", "one-store") is not None
    assert fake.client.find(SECRET, "ns", "one-store-tls") is not None


async def test_a_ca_that_was_emptied_by_hand_is_told_of_the_store(fake: FakeWorld) -> None:
    """Where clients have a certificate of the user's, it is the store's trouble alone."""
    await fake.make_ready(KEEP | brought_certificate(fake))
    fake.client.edit(SECRET, "ns", "one-ca", lambda obj: obj.update(data={}))
    await fake.settle()

    assert fake.verdict("StoreReady") == ("False", "SecretEntryMissing")
    assert fake.verdict("GatewayReady") == ("True", "Serving")


async def test_a_name_that_is_taken_is_left_alone(fake: FakeWorld) -> None:
    """A volume of somebody else's above all."""
    theirs = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "one-store", "namespace": "ns"}, "spec": {"x": 1}}
    fake.client.put(theirs)
    fake.apply(KEEP)
    await fake.settle()
    assert fake.verdict() == ("False", "NameCollision")

    fake.apply({"model": {"name": MODEL}})
    await fake.settle()
    assert (fake.client.find(CLAIM, "ns", "one-store") or {})["spec"] == {"x": 1}
