"""Brings a model from a registry onto the volume.

The order is the point: the manifest's digest is compared before anything is downloaded, the small configuration comes before gigabytes of
weights, every byte is hashed while it is written, a blob is moved to its place only when its sha256 is right, and the manifest comes last.
Whatever interrupts this (kill -9, a cut connection, an evicted pod), the next try goes on from the bytes that are there.

Neighbours: registry.py (where from), store.py (where to), check.py (proves it again before serving).
"""

import hashlib
import logging
import os
from collections.abc import Collection
from typing import BinaryIO, Final

from assistant_model.manifest import Blob, Manifest, refuse_remote
from assistant_model.outcome import ModelError, Reason, Verified
from assistant_model.progress import Progress
from assistant_model.reference import Reference
from assistant_model.registry import BlobStream, Registry
from assistant_model.retry import Retry
from assistant_model.room import make_room
from assistant_model.store import Store, hash_file
from assistant_model.transport import TransientError
from assistant_model.volume import volume_errors

_RESERVE: Final = 16 << 20
"""Bytes left free, for folders and the file system's own needs."""
_CORRUPT_TRIES: Final = 2
"""Downloads whose hash may be wrong before the registry is to blame: the first may have gone on from a spoilt file."""

_log = logging.getLogger(__name__)


def pull(
    reference: Reference,
    name: str,
    pinned: str | None,
    registry: Registry,
    store: Store,
    progress: Progress,
    beside: Collection[Reference] = (),
) -> Verified:
    """Make the volume hold the model, beside those that were brought for the same purpose already; raises ModelError.

    `name` is how the caller spells the reference.
    """
    with store.lock():
        manifest = Manifest.parse(_manifest_bytes(registry, pinned))
        progress.expect(manifest.size_bytes)
        _log.info("pulling", extra={"model": reference.canonical, "digest": manifest.digest, "totalBytes": manifest.size_bytes})
        missing = [blob for blob in manifest.blobs if not _present(store, blob, progress)]
        _require_space(store, missing, manifest, beside)
        if manifest.config in missing:
            _Download(registry, store, manifest.config, progress).run()
        refuse_remote(store.read_blob(manifest.config))
        for blob in missing:
            if blob != manifest.config:
                _Download(registry, store, blob, progress).run()
        store.write_manifest(reference, manifest.content)
        store.sweep()
    return Verified(name=name, digest=manifest.digest, size_bytes=manifest.size_bytes)


def _manifest_bytes(registry: Registry, pinned: str | None) -> bytes:
    content = Retry(registry.patience).call(registry.manifest)
    digest = "sha256:" + hashlib.sha256(content).hexdigest()
    if pinned is not None and digest != pinned:
        raise ModelError(Reason.DIGEST_MISMATCH, f"The registry serves {digest}; pinned is {pinned}.")
    return content


def _present(store: Store, blob: Blob, progress: Progress) -> bool:
    """Whether an earlier pull brought the blob; one that is not what its name says is removed."""
    before = progress.completed_bytes
    if store.holds(blob, progress.advance):
        return True
    progress.advance(before - progress.completed_bytes)
    store.discard(blob)
    return False


def _require_space(store: Store, missing: list[Blob], manifest: Manifest, beside: Collection[Reference]) -> None:
    """Refuse before a byte is downloaded; the message gives the model's size, which is the same at every try."""
    if _fits(store, missing) or (make_room(store, manifest, beside) and _fits(store, missing)):
        return
    message = f"The model has {manifest.size_bytes} bytes: more than is free on the volume (model.storage.size)."
    raise ModelError(Reason.NO_SPACE, message)


def _fits(store: Store, missing: list[Blob]) -> bool:
    needed = sum(blob.size - store.partial_size(blob) for blob in missing)
    free = store.volume.free_bytes()
    return not needed or free is None or free >= needed + _RESERVE


class _Download:
    """One blob, from whatever is there of it to its place."""

    def __init__(self, registry: Registry, store: Store, blob: Blob, progress: Progress) -> None:
        self._registry = registry
        self._store = store
        self._blob = blob
        self._progress = progress
        self._retry = Retry(registry.patience)
        self._hash = hashlib.sha256()
        self._offset = 0

    def run(self) -> None:
        """Download, verify, keep."""
        with self._store.open_partial(self._blob) as file:
            self._resume(file)
            for _ in range(_CORRUPT_TRIES):
                self._complete(file)
                if f"sha256:{self._hash.hexdigest()}" == self._blob.digest:
                    with volume_errors():
                        os.fsync(file.fileno())
                    self._store.keep(self._blob)
                    return
                _log.warning("a blob has another hash than its manifest says", extra={"blob": self._blob.digest})
                self._restart(file)
        raise ModelError(Reason.BLOB_CORRUPT, "A blob of the registry has another sha256 than its manifest says.")

    def _resume(self, file: BinaryIO) -> None:
        """Hash what an earlier try left, so that the rest can follow it."""
        size = os.fstat(file.fileno()).st_size
        if size > self._blob.size:
            self._restart(file)
        elif size:
            hash_file(file, self._hash.update, self._count)
            _log.info("resuming", extra={"blob": self._blob.digest, "offset": self._offset})

    def _restart(self, file: BinaryIO) -> None:
        self._progress.advance(-self._offset)
        self._hash, self._offset = hashlib.sha256(), 0
        with volume_errors():
            file.truncate(0)
            file.seek(0)

    def _complete(self, file: BinaryIO) -> None:
        """Get the bytes that are missing, over as many connections as it takes while each brings some that no earlier one brought."""
        reached = self._offset
        while self._offset < self._blob.size:
            try:
                with self._registry.blob(self._blob, self._offset) as stream:
                    if stream.offset != self._offset:
                        _log.info("the registry does not resume: starting again", extra={"blob": self._blob.digest})
                        self._restart(file)
                    self._write(file, stream)
            except TransientError as error:
                if self._offset >= reached + self._registry.patience.window_bytes:
                    reached = self._offset
                    self._retry.progressed()
                self._retry.pause(error)

    def _write(self, file: BinaryIO, stream: BlobStream) -> None:
        for chunk in stream.chunks:
            if self._offset + len(chunk) > self._blob.size:
                raise ModelError(Reason.BLOB_CORRUPT, "A blob of the registry is longer than its manifest says.")
            view = memoryview(chunk)
            while view:
                with volume_errors():
                    written = file.write(view)
                self._hash.update(view[:written])
                self._count(written)
                view = view[written:]
        if self._offset < self._blob.size:
            raise TransientError("the registry's answer ended early")

    def _count(self, count: int) -> None:
        self._offset += count
        self._progress.advance(count)
