"""How a conversation's content is sealed: one data key for each conversation, its head and each item bound to their ids."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from assistant_gateway.conversations.shapes import Item
from assistant_gateway.sealing.keys import DataKey
from assistant_gateway.sealing.ring import KeyRing


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals and opens one conversation's content."""

    conversation: UUID
    key: DataKey

    @classmethod
    def unwrapped(cls, ring: KeyRing, conversation: UUID, row: Mapping[str, Any]) -> "Sealer":
        """Return the sealer for a row of data_keys; raises KeyMissingError and SealBrokenError."""
        return cls(conversation, DataKey(ring.unwrap(conversation, row["kek"], row["wrapped"])))

    def seal_head(self, subject: str, metadata: Mapping[str, str]) -> bytes:
        return self.key.seal(orjson.dumps({"subject": subject, "metadata": metadata}), head_label(self.conversation))

    def open_head(self, sealed: bytes) -> dict[str, Any]:
        """Return subject and metadata; raises SealBrokenError."""
        head: dict[str, Any] = orjson.loads(self.key.open(sealed, head_label(self.conversation)))
        return head

    def seal_item(self, id: UUID, item: Item) -> bytes:
        return self.key.seal(orjson.dumps(item), item_label(self.conversation, id))

    def open_item(self, id: UUID, sealed: bytes) -> Item:
        """Return the item; raises SealBrokenError."""
        item: Item = orjson.loads(self.key.open(sealed, item_label(self.conversation, id)))
        return item


def head_label(conversation: UUID) -> bytes:
    return b"conversation" + conversation.bytes


def item_label(conversation: UUID, item: UUID) -> bytes:
    return b"item" + conversation.bytes + item.bytes
