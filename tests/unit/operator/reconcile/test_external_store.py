"""The loop with a store of the user's: what its Secret may say, and where its host leads."""

import base64
from typing import Any

import pytest

from assistant_operator.kube.kinds import CLAIM, CONFIG_MAP, NETWORK_POLICY, SECRET, STATEFUL_SET
from assistant_operator.kube.objects import Object
from assistant_operator.reconcile.credentials import certificates
from tests.support.fake_client import text_of
from tests.support.fake_world import MODEL, FakeWorld
from tests.unit.operator.reconcile.keepers import EXTERNAL, KEEP, secret


@pytest.fixture
def fake() -> FakeWorld:
    return FakeWorld()


def good(fake: FakeWorld, **changes: str) -> None:
    entries = {"host": "db.example", "dbname": "app", "username": "u", "password": "a pass word"} | changes
    secret(fake, "pg", **{name: text for name, text in entries.items() if text != "absent"})
    fake.hosts.known["db.example"] = ("192.0.2.77",)


async def bring(fake: FakeWorld) -> None:
    fake.apply(EXTERNAL)
    await fake.settle()
    fake.pull_succeeds()
    await fake.settle()


async def ready(fake: FakeWorld) -> None:
    await bring(fake)
    await serve(fake)


async def serve(fake: FakeWorld) -> None:
    fake.pods_become_ready()
    fake.gateway_runs()
    await fake.settle()
    assert fake.verdict() == ("True", "Serving")


def aliases(fake: FakeWorld) -> list[Object]:
    pod = (fake.client.find(STATEFUL_SET, "ns", "one") or {})["spec"]["template"]["spec"]
    return list(pod.get("hostAliases") or [])


async def test_it_is_used_and_nothing_is_run(fake: FakeWorld) -> None:
    good(fake)
    await ready(fake)

    assert aliases(fake) == [{"ip": "192.0.2.77", "hostnames": ["db.example"]}]
    assert fake.client.find(STATEFUL_SET, "ns", "one-store") is None
    assert fake.verdict("StoreReady") == ("True", "Connected")
    assert "a pass word" not in text_of(fake.client).replace(base64.b64encode(b"a pass word").decode(), "")


async def test_no_secret(fake: FakeWorld) -> None:
    """And with it all is well without anybody's doing."""
    await bring(fake)
    assert fake.verdict("StoreReady") == ("False", "SecretNotFound")
    assert fake.client.find(STATEFUL_SET, "ns", "one") is None
    assert fake.client.find(NETWORK_POLICY, "ns", "one") is not None

    good(fake)
    await fake.settle()
    await serve(fake)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"host": "absent"}, "SecretEntryMissing"),
        ({"dbname": "absent"}, "SecretEntryMissing"),
        ({"username": "absent"}, "SecretEntryMissing"),
        ({"password": "absent"}, "SecretEntryMissing"),
        ({"password": ""}, "SecretEntryInvalid"),
        ({"host": "two,hosts"}, "SecretEntryInvalid"),
        ({"host": "/var/run/socket"}, "SecretEntryInvalid"),
        ({"host": "-x"}, "SecretEntryInvalid"),
        ({"host": "1.2.3"}, "SecretEntryInvalid"),
        ({"host": ""}, "SecretEntryInvalid"),
        ({"port": "0"}, "SecretEntryInvalid"),
        ({"port": "65536"}, "SecretEntryInvalid"),
        ({"port": "5432x"}, "SecretEntryInvalid"),
        ({"port": "٣"}, "SecretEntryInvalid"),
        ({"dbname": "a\nb"}, "SecretEntryInvalid"),
        ({"dbname": "x" * 64}, "SecretEntryInvalid"),
        ({"ca_crt": "no certificate"}, "CertificateInvalid"),
        ({"host": "nowhere.example"}, "StoreUnresolved"),
        ({"host": "127.0.0.1"}, "StoreAddressRefused"),
        ({"host": "169.254.169.254"}, "StoreAddressRefused"),
        ({"host": "::ffff:10.0.0.1"}, "StoreAddressRefused"),
        ({"host": "inside.example"}, "StoreAddressRefused"),
    ],
)
async def test_what_is_wrong_with_it_is_told_without_a_word_of_it(fake: FakeWorld, changes: dict[str, str], reason: str) -> None:
    fake.hosts.known["inside.example"] = ("10.0.0.1", "::1")
    good(fake, **changes)
    await bring(fake)

    assert fake.verdict("StoreReady") == ("False", reason)
    assert fake.verdict() == ("False", reason)
    assert fake.client.find(STATEFUL_SET, "ns", "one") is None
    for value in changes.values():
        assert len(value) < 3 or value == "absent" or value not in str(fake.status()["conditions"])


async def test_a_cloudnativepg_secret(fake: FakeWorld) -> None:
    """`user` for `username`, a short host that is a Service of the assistant's namespace."""
    good(fake, username="absent", user="app", host="cluster-rw", port="5433")
    fake.hosts.known["cluster-rw.ns.svc.cluster.local"] = ("10.96.1.1",)
    await ready(fake)

    assert aliases(fake) == [{"ip": "10.96.1.1", "hostnames": ["cluster-rw"]}]
    assert '"port": 5433' in str(fake.client.find(CONFIG_MAP, "ns", "one-policy")) or "5433" in text_of(fake.client)


async def test_an_address_needs_no_dns(fake: FakeWorld) -> None:
    good(fake, host="192.0.2.5")
    await ready(fake)

    assert aliases(fake) == []


async def test_a_name_that_moves_moves_the_pods(fake: FakeWorld) -> None:
    good(fake)
    await ready(fake)
    fake.hosts.known["db.example"] = ("192.0.2.78",)
    await fake.settle()

    assert aliases(fake) == [{"ip": "192.0.2.78", "hostnames": ["db.example"]}]


async def test_a_dns_that_is_out_or_answers_in_turns_moves_nothing(fake: FakeWorld) -> None:
    """As long as the address that the pods use is still among them."""
    good(fake)
    await ready(fake)
    before = fake.client.find(STATEFUL_SET, "ns", "one")
    fake.hosts.known["db.example"] = ("192.0.2.70", "192.0.2.77")
    await fake.settle()
    assert fake.client.find(STATEFUL_SET, "ns", "one") == before
    del fake.hosts.known["db.example"]
    await fake.settle()

    assert fake.client.find(STATEFUL_SET, "ns", "one") == before
    assert fake.verdict() == ("True", "Serving")


def with_authority(**reference: str) -> dict[str, Any]:
    store = EXTERNAL["store"]["external"]
    return EXTERNAL | {"store": {"external": store | {"caSecretRef": {"name": "authority", **reference}}}}


async def test_an_authority_in_a_secret_of_its_own(fake: FakeWorld) -> None:
    """CloudNativePG keeps it apart; the gateways trust that one."""
    good(fake)
    fake.apply(with_authority(key="root.pem"))
    await fake.settle()
    fake.pull_succeeds()
    await fake.settle()
    assert fake.verdict("StoreReady") == ("False", "SecretNotFound")
    assert "caSecretRef" in fake.message("StoreReady")
    secret(fake, "authority", root_pem="no certificate")
    await fake.settle()
    assert fake.verdict("StoreReady") == ("False", "CertificateInvalid")

    secret(fake, "authority", root_pem=certificates.make_ca("theirs", fake.now).certificate)
    await fake.settle()
    await serve(fake)
    pod = (fake.client.find(STATEFUL_SET, "ns", "one") or {})["spec"]["template"]["spec"]
    [volume] = [one for one in pod["volumes"] if one["name"] == "store"]
    assert {"secret": {"name": "authority", "items": [{"key": "root.pem", "path": "ca.crt"}]}} in volume["projected"]["sources"]


async def test_from_a_store_of_ours_to_one_of_theirs(fake: FakeWorld) -> None:
    """Ours goes with its volume and its credentials; the encryption keys stay, though what they opened is gone."""
    await fake.make_ready(KEEP)
    key = fake.client.find(SECRET, "ns", "one-encryption")
    good(fake)
    fake.apply(EXTERNAL)
    await fake.settle()

    assert aliases(fake) == [{"ip": "192.0.2.77", "hostnames": ["db.example"]}]
    assert fake.client.find(CLAIM, "ns", "one-store") is None
    assert fake.client.find(SECRET, "ns", "one-store") is None
    assert fake.client.find(SECRET, "ns", "one-encryption") == key


async def test_a_store_of_theirs_that_is_not_to_be_had_leaves_ours(fake: FakeWorld) -> None:
    """Nothing is thrown away before the other one is known."""
    await fake.make_ready(KEEP)
    fake.apply(EXTERNAL)
    await fake.settle()

    assert fake.verdict("StoreReady") == ("False", "SecretNotFound")
    assert fake.client.find(CLAIM, "ns", "one-store") is not None
    assert fake.client.find(STATEFUL_SET, "ns", "one-store") is not None


async def test_encryption_keys_that_are_gone_are_not_made_anew(fake: FakeWorld) -> None:
    """What is in a store of theirs, nobody here can see: that there were keys is enough."""
    good(fake)
    await ready(fake)
    fake.client.remove(SECRET, "ns", "one-encryption")
    await fake.settle()
    await fake.settle()
    assert fake.verdict("StoreReady") == ("False", "EncryptionKeyMissing")
    assert fake.client.find(SECRET, "ns", "one-encryption") is None

    fake.apply({"model": {"name": MODEL}})
    await fake.settle()
    fake.apply(EXTERNAL)
    await fake.settle()
    assert fake.client.find(SECRET, "ns", "one-encryption") is not None
