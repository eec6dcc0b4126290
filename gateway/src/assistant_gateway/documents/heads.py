"""What is known of a document besides its text, sealed under its key: name, metadata, type, whose it is, whom it is shared with."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import orjson

from assistant_gateway.documents import labels
from assistant_gateway.sealing.keys import DataKey

if TYPE_CHECKING:
    from asyncpg import Record

    from assistant_gateway.sealing.ring import KeyRing

Shown = TypeVar("Shown")


def seal(key: DataKey, document: UUID, head: dict[str, Any]) -> bytes:
    """Return the sealed head."""
    return key.seal(orjson.dumps(head), labels.head(document))


def opened(ring: "KeyRing", found: "Sequence[Record]", shown: "Callable[[Record, dict[str, Any]], Shown]") -> list[Shown]:
    """Return what is shown of each row's head; raises KeyMissingError and SealBrokenError."""
    return [shown(row, _open(ring, row)) for row in found]


def _open(ring: "KeyRing", row: "Record") -> dict[str, Any]:
    key = DataKey(ring.unwrap(row["id"], row["kek"], row["wrapped"]))
    head: dict[str, Any] = orjson.loads(key.open(row["head"], labels.head(row["id"])))
    return head
