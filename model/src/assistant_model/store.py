"""Ollama's models folder: `manifests/<host>/<namespace>/<model>/<tag>` and `blobs/sha256-<hex>`, and our `partial/` beside them.

What is being downloaded lies in `partial/`, which Ollama never looks into: its pruning takes strange files out of blobs/ and its listing
stumbles over strange files in manifests/. A file is moved to its place when every byte is there and on disk.

Neighbours: volume.py (files without links), manifest.py (what a manifest says), pull.py (writes), check.py (reads).
"""

import fcntl
import hashlib
import logging
import os
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from assistant_model.manifest import MAX_MANIFEST, Blob
from assistant_model.outcome import ModelError, Reason
from assistant_model.reference import Reference
from assistant_model.volume import Volume, volume_errors

_CHUNK: Final = 4 << 20
_LOCK: Final = "partial/lock"
_LOCK_WAIT: Final = 60.0
_NEW_MANIFEST: Final = "partial/manifest"
_COMPLETE: Final = "partial/complete"
_MAX_COMPLETE: Final = 4096

_log = logging.getLogger(__name__)

Advance = Callable[[int], None]
"""Told how many more bytes are done."""


class Store:
    """The models folder of one volume."""

    def __init__(self, root: Path) -> None:
        self.volume = Volume(root)

    def read_manifest(self, reference: Reference) -> bytes | None:
        """Return the manifest's bytes, None where the model is not here."""
        content = self._read(reference.manifest_path, MAX_MANIFEST + 1)
        if content is not None and len(content) > MAX_MANIFEST:
            raise ModelError(Reason.NOT_A_MODEL, f"The model's manifest on the volume is larger than {MAX_MANIFEST} bytes.")
        return content

    def read_blob(self, blob: Blob) -> bytes:
        """Return a small blob that was verified before."""
        content = self._read(blob_path(blob), blob.size)
        return content if content is not None else b""

    def holds(self, blob: Blob, advance: Advance) -> bool:
        """Say whether the blob is here with its size and sha256; reads every byte of it."""
        try:
            with self.volume.open(blob_path(blob)) as file:
                if os.fstat(file.fileno()).st_size != blob.size:
                    return False
                digest = hashlib.sha256()
                hash_file(file, digest.update, advance)
        except FileNotFoundError:
            return False
        return f"sha256:{digest.hexdigest()}" == blob.digest

    def discard(self, blob: Blob) -> None:
        """Remove a blob that is not what its name says."""
        self.volume.remove(blob_path(blob))

    def partial_size(self, blob: Blob) -> int:
        """Return how much of the blob an earlier try brought."""
        return min(self.volume.size(partial_path(blob)) or 0, blob.size)

    def open_partial(self, blob: Blob) -> BinaryIO:
        """Open the file that the blob is downloaded to, for reading and writing."""
        return self.volume.open(partial_path(blob), write=True)

    def keep(self, blob: Blob) -> None:
        """Put a blob that was downloaded and verified in its place."""
        self.volume.move(partial_path(blob), blob_path(blob))

    def write_manifest(self, reference: Reference, content: bytes) -> None:
        """Make the model visible, as the last step: whoever finds its manifest finds all of it."""
        with self.volume.open(_NEW_MANIFEST, write=True) as file, volume_errors():
            file.truncate(0)
            _write_all(file, content)
            os.fsync(file.fileno())
        self.volume.move(_NEW_MANIFEST, reference.manifest_path)

    def write_complete(self, references: Collection[Reference]) -> None:
        """Note what the last complete pull brought: it is what the assistant's pods serve until the next one is complete."""
        with self.lock(), self.volume.open(_COMPLETE, write=True) as file, volume_errors():
            file.truncate(0)
            _write_all(file, "\n".join(sorted(reference.manifest_path for reference in references)).encode())
            os.fsync(file.fileno())

    def read_complete(self) -> frozenset[str]:
        """Return the paths of the manifests that the last complete pull brought; none where it is not known."""
        content = self._read(_COMPLETE, _MAX_COMPLETE) or b""
        return frozenset(content.decode(errors="replace").split())

    def manifests(self) -> dict[str, tuple[float, bytes]]:
        """Return every model's manifest by its path: when it was written, and its bytes."""
        found: dict[str, tuple[float, bytes]] = {}
        folders = ["manifests"]
        for _ in ("host", "namespace", "model"):
            folders = [inner for folder in folders for inner in self._names(folder)]
        for path in (path for folder in folders for path in self._names(folder)):
            with self.volume.open(path) as file:
                found[path] = os.fstat(file.fileno()).st_mtime, file.read(MAX_MANIFEST + 1)
        return found

    def sweep(self, keep: Collection[str] = ()) -> None:
        """Remove what is left of downloads, but for some; only under the lock."""
        for path in self._names("partial"):
            if path not in (_LOCK, _COMPLETE) and path not in keep:
                self.volume.remove(path)

    @contextmanager
    def lock(self, wait: float = _LOCK_WAIT) -> Iterator[None]:
        """Hold the volume for one pull at a time: two that append to one file would spoil it for both.

        The kernel lets go of the lock with the process. File systems without locks do without.
        """
        with self.volume.open(_LOCK, write=True) as file:
            deadline = time.monotonic() + wait
            while not _try_lock(file):
                if time.monotonic() >= deadline:
                    raise ModelError(Reason.VOLUME_BUSY, "Another pull is writing to the volume.")
                _log.info("waiting for another pull on the volume")
                time.sleep(min(1.0, wait))
            yield

    def _names(self, folder: str) -> list[str]:
        return [f"{folder}/{name}" for name in self.volume.names(folder)]

    def _read(self, path: str, limit: int) -> bytes | None:
        try:
            with self.volume.open(path) as file, volume_errors():
                content = bytearray()
                while len(content) < limit and (chunk := file.read(limit - len(content))):
                    content += chunk
                return bytes(content)
        except FileNotFoundError:
            return None


def blob_path(blob: Blob) -> str:
    """Return where Ollama looks for the blob; the digest was checked by manifest.py to be hex."""
    return "blobs/" + blob.digest.replace(":", "-")


def partial_path(blob: Blob) -> str:
    """Return where the blob is while it is downloaded."""
    return "partial/" + blob.digest.replace(":", "-")


def hash_file(file: BinaryIO, update: Callable[[memoryview], object], advance: Advance) -> None:
    """Feed the rest of the file to a hash: one large buffer, so that disk and hash set the pace and Python does not."""
    buffer = memoryview(bytearray(_CHUNK))
    with volume_errors():
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_SEQUENTIAL)
        while count := file.readinto(buffer):  # type: ignore[attr-defined] # raw files have it, BinaryIO does not say so
            update(buffer[:count])
            advance(count)


def _write_all(file: BinaryIO, content: bytes) -> None:
    """Write everything: a raw file may take less than it is given."""
    view = memoryview(content)
    while view:
        view = view[file.write(view) :]


def _try_lock(file: BinaryIO) -> bool:
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        _log.warning("the volume's file system has no locks")
    return True
