"""The encryption keys: one file each, named by its id; they wrap the keys of records and never leave the gateway's memory.

The greatest id seals, every id opens: a rotation adds a key, and storage/rewrap.py moves the store to it. A key that has just appeared
does not seal at once where `settle_seconds` says so, because another gateway may not see its file yet and could not open what it sealed.
"""

import base64
import binascii
import re
import time
from pathlib import Path
from typing import Final, Self
from uuid import UUID

from assistant_gateway.sealing.errors import KeyMissingError
from assistant_gateway.sealing.keys import KEY_BYTES, DataKey

ID: Final = re.compile(r"[a-z0-9-]{1,32}")


class KeyRing:
    """All encryption keys of the folder; refresh() takes changes into use."""

    def __init__(self, folder: Path, settle_seconds: float = 0.0) -> None:
        self._folder = folder
        self._settle = settle_seconds
        self._keys: dict[str, DataKey] = {}
        self._since: dict[str, float] = {}

    @classmethod
    def load(cls, folder: Path, settle_seconds: float = 0.0) -> Self:
        """Read the folder; raises KeyMissingError if it holds no key, or a file that is none."""
        ring = cls(folder, settle_seconds)
        ring._take(_read(folder))
        return ring

    def refresh(self) -> bool:
        """Read the folder again and say whether the keys changed; if it cannot be read as a whole, the keys stay as they were."""
        try:
            found = _read(self._folder)
        except KeyMissingError:
            return False
        if {name: key for name, (key, _) in found.items()} == {name: key.raw for name, key in self._keys.items()}:
            return False
        self._take(found)
        return True

    @property
    def ids(self) -> list[str]:
        return sorted(self._keys)

    @property
    def newest(self) -> str:
        """The id of the key that seals once it has settled."""
        return max(self._keys)

    @property
    def current(self) -> str:
        """The id of the key that seals."""
        now = time.time()
        settled = [name for name in self._keys if now - self._since[name] >= self._settle]
        # While every key is new to this process, the one that every other gateway has as well is the oldest.
        return max(settled) if settled else min(self._keys)

    def wrap(self, record: UUID, key: bytes) -> tuple[str, bytes]:
        """Return the sealing key's id and the record's key under it."""
        current = self.current
        return current, self._keys[current].seal(key, record.bytes)

    def unwrap(self, record: UUID, kek: str, wrapped: bytes) -> bytes:
        """Return the record's key; raises KeyMissingError or SealBrokenError."""
        if kek not in self._keys:
            self.refresh()
        if kek not in self._keys:
            raise KeyMissingError
        return self._keys[kek].open(wrapped, record.bytes)

    def _take(self, found: dict[str, tuple[bytes, float]]) -> None:
        # A mounted Secret that changes is written anew as a whole: what was there before keeps its age.
        kept = {name for name, (key, _) in found.items() if name in self._keys and self._keys[name].raw == key}
        self._since = {name: self._since[name] if name in kept else since for name, (_, since) in found.items()}
        self._keys = {name: self._keys[name] if name in kept else DataKey(key) for name, (key, _) in found.items()}


def _read(folder: Path) -> dict[str, tuple[bytes, float]]:
    """Return each key with the time at which its file was written on this machine."""
    found = {}
    try:
        for path in folder.iterdir():
            if ID.fullmatch(path.name) and path.is_file():  # a mounted Secret has `..data` and the like beside its entries
                found[path.name] = _key(path.read_bytes()), path.stat().st_mtime
    except OSError as error:
        raise KeyMissingError from error
    if not found:
        raise KeyMissingError
    return found


def _key(content: bytes) -> bytes:
    try:
        key = base64.b64decode(content.strip(), validate=True)
    except binascii.Error as error:
        raise KeyMissingError from error
    if len(key) != KEY_BYTES:
        raise KeyMissingError
    return key
