"""What is known of a document besides its text, sealed under its key: name, metadata, type, whose it is, whom it is shared with.

Name and metadata are in it as they were brought, and masked where the rules for requests found something in them (redacted.py).
"""

import logging
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import orjson

from assistant_gateway.documents import labels
from assistant_gateway.sealing.errors import SealBrokenError
from assistant_gateway.sealing.keys import DataKey

if TYPE_CHECKING:
    from asyncpg import Record

    from assistant_gateway.sealing.ring import KeyRing

MASKED: Final = "masked"

logger = logging.getLogger(__name__)


def called(name: str, metadata: dict[str, Any], shown_name: str, shown_metadata: dict[str, Any]) -> dict[str, Any]:
    """Return a head's name and metadata, as they were brought and as others are shown them."""
    brought, shown = ({"fileName": one, "metadata": said} for one, said in ((name, metadata), (shown_name, shown_metadata)))
    return brought if brought == shown else brought | {MASKED: shown}


def shown_to(head: dict[str, Any], reader: str | None) -> tuple[str | None, dict[str, Any]]:
    """Return name and metadata as a subject is shown them: as they were brought to the one who uploaded them, masked to all others."""
    is_theirs = reader is not None and reader == head.get("subject")
    found = head if is_theirs else head.get(MASKED, head)
    return found["fileName"], found["metadata"]


def seal(key: DataKey, document: UUID, head: dict[str, Any]) -> bytes:
    """Return the sealed head."""
    return key.seal(orjson.dumps(head), labels.head(document))


def opened(ring: "KeyRing", row: "Record") -> dict[str, Any] | None:
    """Return the head; None where it is damaged, which must not keep others from being listed. Raises KeyMissingError."""
    try:
        key = DataKey(ring.unwrap(row["id"], row["kek"], row["wrapped"]))
        head: dict[str, Any] = orjson.loads(key.open(row["head"], labels.head(row["id"])))
    except SealBrokenError:
        logger.warning("A document is damaged: it cannot be opened.", extra={"fields": {"document": str(row["id"])}})
        return None
    return head
