"""Proves that a volume holds a model, all of it and nothing else under its name: before serving, and for volumes that others filled.

Read-only. Every blob's size and sha256 are compared with the manifest, and the manifest's with the digest that was asked for.
Neighbours: pull.py (brings what is checked here), store.py (where it lies).
"""

import logging

from assistant_model.manifest import Manifest, refuse_remote
from assistant_model.outcome import ModelError, Reason, Verified
from assistant_model.progress import Progress
from assistant_model.reference import Reference
from assistant_model.store import Store

_log = logging.getLogger(__name__)


def check(reference: Reference, name: str, digest: str | None, store: Store, progress: Progress) -> Verified:
    """Return what the volume holds under the reference, every byte of it hashed; raises ModelError."""
    content = store.read_manifest(reference)
    if content is None:
        raise ModelError(Reason.MODEL_NOT_FOUND, f"The volume holds no {reference.canonical}: its root must be an Ollama models folder.")
    manifest = Manifest.parse(content)
    if digest is not None and manifest.digest != digest:
        raise ModelError(Reason.DIGEST_MISMATCH, f"The volume holds {manifest.digest}; asked for is {digest}.")
    progress.expect(manifest.size_bytes)
    _log.info("checking", extra={"model": reference.canonical, "digest": manifest.digest, "totalBytes": manifest.size_bytes})
    for blob in manifest.blobs:
        if not store.holds(blob, progress.advance):
            _log.error("a blob is missing or spoilt", extra={"blob": blob.digest})
            raise ModelError(Reason.BLOB_CORRUPT, "A blob of the model is missing on the volume or differs from what the manifest says.")
        if blob == manifest.config:
            refuse_remote(store.read_blob(blob))
    _log.info("checked", extra={"model": reference.canonical, "digest": manifest.digest})
    return Verified(name=name, digest=manifest.digest, size_bytes=manifest.size_bytes)
