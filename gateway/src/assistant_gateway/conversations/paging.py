"""OpenAI's cursor pagination: `after`, `limit` and `order` of a query string."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from assistant_gateway.conversations import ids
from assistant_gateway.errors import RefusalError

DEFAULT_LIMIT: Final = 20
MAX_LIMIT: Final = 100


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is asked for."""

    after: UUID | None = None
    limit: int = DEFAULT_LIMIT
    ascending: bool = False


def page(query: Mapping[str, str]) -> Page:
    """Return the page that the query asks for; raises RefusalError."""
    after = query.get("after")
    order = query.get("order", "desc")
    if order not in ("asc", "desc"):
        raise RefusalError("invalid_request", "The parameter 'order' must be asc or desc.", param="order")
    return Page(ids.item(after) if after else None, _limit(query.get("limit")), order == "asc")


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= MAX_LIMIT):
        raise RefusalError("invalid_request", f"The parameter 'limit' must be a whole number from 1 to {MAX_LIMIT}.", param="limit")
    return int(text)
