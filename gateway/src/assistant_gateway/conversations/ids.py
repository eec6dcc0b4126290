"""Ids as clients see them: `conv_` or `msg_` and the 32 hex digits of a UUID.

Whatever is no such id names nothing, so it gets the answer that an unknown id gets: nobody learns from it what an id looks like inside.
"""

import re
from typing import Final
from uuid import UUID

from assistant_gateway.errors import RefusalError

CONVERSATION: Final = "conv_"
ITEM: Final = "msg_"

_HEX = re.compile(r"[0-9a-f]{32}")


def conversation(text: str) -> UUID:
    """Return the conversation that the id names; raises RefusalError."""
    return _parse(CONVERSATION, text)


def item(text: str) -> UUID:
    """Return the item that the id names; raises RefusalError."""
    return _parse(ITEM, text)


def of_conversation(id: UUID) -> str:
    return CONVERSATION + id.hex


def of_item(id: UUID) -> str:
    return ITEM + id.hex


def _parse(prefix: str, text: str) -> UUID:
    if not text.startswith(prefix) or _HEX.fullmatch(text, len(prefix)) is None:
        raise RefusalError("not_found")
    return UUID(hex=text[len(prefix) :])
