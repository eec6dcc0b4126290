"""Rotation in whole passes: what is in the Secrets, when, and that nothing else changes."""

import base64
import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from assistant_operator.api.v1alpha1.spec import AccessKey
from assistant_operator.kube.kinds import SECRET
from assistant_operator.reconcile.conditions import timestamp
from assistant_operator.reconcile.credentials import certificates
from assistant_operator.reconcile.credentials.rotation import SPREAD
from tests.support.fake_world import MODEL, FakeWorld
from tests.unit.operator.reconcile.keepers import KEEP

MINIMAL: dict[str, Any] = {"model": {"name": MODEL}}
HOUR = timedelta(hours=1)


@pytest.fixture
def fake() -> FakeWorld:
    return FakeWorld()


def entries(fake: FakeWorld, name: str) -> dict[str, str]:
    found = fake.client.find(SECRET, "ns", name)
    assert found is not None
    return {entry: base64.b64decode(value).decode() for entry, value in found["data"].items()}


def rotate(fake: FakeWorld, spec: dict[str, Any], **rotation: datetime | str) -> None:
    wanted = {field: value if isinstance(value, str) else timestamp(value) for field, value in rotation.items()}
    fake.apply({**spec, "rotation": wanted})


async def test_an_api_key_is_replaced_while_it_serves(fake: FakeWorld, caplog: pytest.LogCaptureFixture) -> None:
    """Ready throughout; the passes come by themselves at the times when a step is due; no value is in status, events or the log."""
    caplog.set_level("DEBUG")
    await fake.make_ready(MINIMAL)
    old = entries(fake, "one-key-default")["api-key"]
    fake.pass_time(60)
    rotate(fake, MINIMAL, apiKeys=fake.now)

    outcome = await fake.settle()
    new = entries(fake, "one-key-default")["other-api-key"]
    assert entries(fake, "one-key-default")["api-key"] == old
    assert outcome.after == SPREAD.total_seconds()

    fake.pass_time(SPREAD.total_seconds())
    outcome = await fake.settle()
    assert entries(fake, "one-key-default") == {"api-key": new, "other-api-key": old}
    assert fake.verdict() == ("True", "Serving")

    fake.pass_time(HOUR.total_seconds())
    await fake.settle()
    assert entries(fake, "one-key-default") == {"api-key": new}
    assert fake.verdict() == ("True", "Serving")
    logged = [vars(record) for record in caplog.records]
    assert any(record.get("secret") == "one-key-default" for record in logged)
    everything = repr(logged) + json.dumps([obj for obj in fake.client.objects.values() if obj["kind"] != "Secret"])
    assert old not in everything
    assert new not in everything


async def test_it_waits_for_a_time_to_come(fake: FakeWorld) -> None:
    await fake.make_ready(MINIMAL)
    old = entries(fake, "one-key-default")
    tls = entries(fake, "one-tls")
    rotate(fake, MINIMAL, apiKeys=fake.now + timedelta(seconds=90), certificates=fake.now + timedelta(seconds=50))

    outcome = await fake.settle()
    assert (entries(fake, "one-key-default"), entries(fake, "one-tls")) == (old, tls)
    assert outcome.after == 50


async def test_a_key_of_the_users_is_left_alone(fake: FakeWorld) -> None:
    """Beside one that is generated."""
    key = AccessKey.model_validate({"name": "bot", "secretRef": {"name": "bot-key"}})
    value = base64.b64encode(b"0123456789-abcdefghij").decode()
    fake.client.put({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "bot-key", "namespace": "ns"}, "data": {"api-key": value}})
    spec = {**MINIMAL, "access": {"keys": [{"name": "default"}, key.to_dict()]}}
    await fake.make_ready(spec)
    before = fake.client.find(SECRET, "ns", "bot-key")
    fake.pass_time(60)
    rotate(fake, spec, apiKeys=fake.now, apiKeyOverlap="0s")
    await fake.settle()

    assert fake.client.find(SECRET, "ns", "bot-key") == before


async def test_certificates_are_issued_anew_and_their_authority_stays(fake: FakeWorld) -> None:
    """The store's as well; with other keys."""
    await fake.make_ready(KEEP)
    before = {name: entries(fake, name) for name in ("one-ca", "one-tls", "one-store-tls")}
    fake.pass_time(60)
    rotate(fake, KEEP, certificates=fake.now)
    await fake.settle()

    assert entries(fake, "one-ca") == before["one-ca"]
    for name in ("one-tls", "one-store-tls"):
        after = entries(fake, name)
        assert after["tls.key"] != before[name]["tls.key"]
        assert after["ca.crt"] == before[name]["ca.crt"]
        certificates.check(after["tls.crt"], after["tls.key"], fake.now)
    writes = len(fake.client.writes)
    await fake.settle()
    assert len(fake.client.writes) == writes


async def test_an_encryption_key_is_added_and_none_is_lost(fake: FakeWorld) -> None:
    """Not even one that somebody else put there; once, and again for a later time."""
    await fake.make_ready(KEEP)
    old = entries(fake, "one-encryption")["k0001"]
    theirs = base64.b64encode(base64.b64encode(b"x" * 32)).decode()
    fake.client.edit(SECRET, "ns", "one-encryption", lambda obj: obj["data"].update(k0005=theirs))
    for number in (6, 7):
        fake.pass_time(60)
        rotate(fake, KEEP, encryptionKey=fake.now)
        await fake.settle()
        found = entries(fake, "one-encryption")
        assert sorted(found)[-1] == f"k000{number}"
        assert found["k0001"] == old
        assert {len(base64.b64decode(value)) for value in found.values()} == {32}
    assert sorted(entries(fake, "one-encryption")) == ["k0001", "k0005", "k0006", "k0007"]
    assert fake.verdict() == ("True", "Serving")


async def test_a_name_that_leaves_no_room_is_told(fake: FakeWorld) -> None:
    """No key is made whose name would not be the greatest: it would seal nothing."""
    await fake.make_ready(KEEP)
    theirs = base64.b64encode(base64.b64encode(b"x" * 32)).decode()
    fake.client.edit(SECRET, "ns", "one-encryption", lambda obj: obj["data"].update({"z" * 32: theirs}))
    fake.pass_time(60)
    rotate(fake, KEEP, encryptionKey=fake.now)
    await fake.settle()

    assert fake.verdict("StoreReady") == ("False", "EncryptionKeyInvalid")
    assert len(entries(fake, "one-encryption")) == 2


async def test_a_secret_that_changed_meanwhile_is_not_written_over(fake: FakeWorld) -> None:
    """Whoever puts a key there at the same moment keeps it: the pass is made again."""
    from assistant_operator import errors

    await fake.make_ready(KEEP)
    fake.pass_time(60)
    rotate(fake, KEEP, encryptionKey=fake.now)
    theirs = base64.b64encode(base64.b64encode(b"x" * 32)).decode()

    def interfere(verb: str, kind: str, name: str) -> errors.ApiError | None:
        if verb == "update" and kind == SECRET.kind and name == "one-encryption":
            fake.client.faults.clear()
            fake.client.edit(SECRET, "ns", "one-encryption", lambda obj: obj["data"].update(k0005=theirs))
        return None

    fake.client.faults.append(interfere)
    with pytest.raises(errors.ConflictError):
        await fake.reconcile()
    await fake.settle()

    assert sorted(entries(fake, "one-encryption")) == ["k0001", "k0005", "k0006"]
