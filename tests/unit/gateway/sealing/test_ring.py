"""Encryption keys from files, as a mounted Secret holds them."""

import base64
import os
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from assistant_gateway.sealing.errors import KeyMissingError, SealBrokenError
from assistant_gateway.sealing.ring import KeyRing
from tests.support.postgres import write_key


def test_the_greatest_seals_and_all_open(tmp_path: Path) -> None:
    write_key(tmp_path, "k0009")
    record, key = uuid4(), bytes(32)
    old = KeyRing.load(tmp_path).wrap(record, key)
    write_key(tmp_path, "k0010")
    ring = KeyRing.load(tmp_path)

    assert old[0] == "k0009"
    assert ring.current == "k0010"
    assert ring.unwrap(record, *old) == ring.unwrap(record, *ring.wrap(record, key)) == key


def test_a_wrapped_key_is_bound_to_its_record(tmp_path: Path) -> None:
    """Moving a key to another record's row opens nothing."""
    write_key(tmp_path)
    ring = KeyRing.load(tmp_path)
    wrapped = ring.wrap(uuid4(), bytes(32))
    with pytest.raises(SealBrokenError):
        ring.unwrap(uuid4(), *wrapped)


def test_a_mounted_secret_is_read_as_it_is(tmp_path: Path) -> None:
    """Kubernetes' own entries are passed over, a new line at the end is no part of the key."""
    data = tmp_path / "..2026_11_25"
    data.mkdir()
    (data / "k0001").write_bytes(base64.b64encode(bytes(range(32))) + b"\n")
    (tmp_path / "..data").symlink_to(data.name)
    (tmp_path / "k0001").symlink_to("..data/k0001")
    assert KeyRing.load(tmp_path).ids == ["k0001"]


def test_a_missing_key_is_looked_for_before_it_is_missed(tmp_path: Path) -> None:
    write_key(tmp_path)
    ring = KeyRing.load(tmp_path)
    write_key(tmp_path, "k0002")
    other = KeyRing.load(tmp_path)
    record = uuid4()
    wrapped = other.wrap(record, bytes(32))
    assert ring.unwrap(record, *wrapped) == bytes(32)
    (tmp_path / "k0002").unlink()
    assert ring.refresh()
    with pytest.raises(KeyMissingError):
        ring.unwrap(record, *wrapped)


def test_a_folder_that_breaks_changes_nothing(tmp_path: Path) -> None:
    """The last good keys stay in use: a half-written Secret must not end a gateway's memory."""
    write_key(tmp_path)
    ring = KeyRing.load(tmp_path)
    (tmp_path / "k0002").write_text("broken")
    assert not ring.refresh()
    assert ring.ids == ["k0001"]
    (tmp_path / "k0001").unlink()
    assert not ring.refresh()
    assert ring.ids == ["k0001"]


def test_keys_that_stay_keep_their_age(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mounted Secret's files are all new after each change of it; the key in use goes on sealing meanwhile."""
    for name in ("k0001", "k0002"):
        write_key(tmp_path, name)
        os.utime(tmp_path / name, (0, 0))
    ring = KeyRing.load(tmp_path, settle_seconds=60)
    write_key(tmp_path, "k0003")
    for name in ("k0001", "k0002"):
        os.utime(tmp_path / name)

    assert ring.refresh()

    assert (ring.current, ring.newest) == ("k0002", "k0003")


def test_a_key_whose_content_changes_is_another_key(tmp_path: Path) -> None:
    write_key(tmp_path)
    ring = KeyRing.load(tmp_path)
    wrapped = ring.wrap(UUID(int=1), bytes(32))
    write_key(tmp_path)
    assert ring.refresh()
    with pytest.raises(SealBrokenError):
        ring.unwrap(UUID(int=1), *wrapped)
