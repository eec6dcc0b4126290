"""What each sealed part of a document is bound to, so that parts cannot be swapped between places: AEAD's associated data."""

from uuid import UUID


def head(document: UUID) -> bytes:
    """Return the label of a document's head."""
    return b"document" + document.bytes


def chunk(document: UUID, seq: int) -> bytes:
    """Return the label of one of its pieces."""
    return b"chunk" + document.bytes + seq.to_bytes(4, "big")
