"""kopf's connection to the API server, and what is taken out of it: objects that the cache has in this version already.

Most events are echoes of our own writes, and after a start everything that kopf lists was listed a moment before. To the handlers they are
no news, but kopf makes a task of each object before it asks them, which costs ten times the reading of it. So they end here. What
remains goes on to the handlers as it came, and so does all that kopf itself lives by: deletions, bookmarks, errors.
"""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import kopf

from assistant_operator.kube.objects import Object

IsKnown = Callable[[Object], bool]

_OBJECTS = frozenset({"ADDED", "MODIFIED"})


def session(info: kopf.ConnectionInfo, is_known: IsKnown) -> aiohttp.ClientSession:
    """Return a session for kopf, with the facts of its own kind of connection."""

    class Response(_Response):
        is_known_to_us = staticmethod(is_known)

    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, ssl=info.as_ssl_context()),
        headers=info.as_http_headers(),
        response_class=Response,
    )


class _Response(aiohttp.ClientResponse):
    """An answer to kopf."""

    is_known_to_us: IsKnown

    async def start(self, connection: Any) -> "_Response":
        await super().start(connection)
        if self.url.query.get("watch") == "true":
            self.content = _News(self.content, self.is_known_to_us)  # type: ignore[assignment]  # all that kopf asks of it
        return self

    async def json(self, **options: Any) -> Any:
        """Return the parsed answer; a page of a listing without the items that are known."""
        found = await super().json(**options)
        if isinstance(found, dict) and isinstance(found.get("items"), list):
            # Items of a typed list come without these two.
            identity = {"apiVersion": found.get("apiVersion", ""), "kind": str(found.get("kind", "")).removesuffix("List")}
            found["items"] = [item for item in found["items"] if not self.is_known_to_us(identity | item)]
        return found


class _News:
    """The lines of a watch, one event each, without those that are known."""

    def __init__(self, content: aiohttp.StreamReader, is_known: IsKnown) -> None:
        self._content = content
        self._is_known = is_known

    def __getattr__(self, name: str) -> Any:
        return getattr(self._content, name)

    async def iter_chunked(self, size: int) -> AsyncIterator[bytes]:
        """Yield whole lines; the last one may lack its end where the connection broke."""
        rest = b""
        async for data in self._content.iter_chunked(size):
            *lines, rest = (rest + data).split(b"\n")
            if news := b"".join(line + b"\n" for line in lines if not self._is_old(line)):
                yield news
        if rest:
            yield rest

    def _is_old(self, line: bytes) -> bool:
        try:
            event = json.loads(line)
            return event["type"] in _OBJECTS and self._is_known(event["object"])
        except (ValueError, TypeError, KeyError):
            return False  # for kopf to make something of
