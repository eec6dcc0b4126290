"""kopf's connection to the API server, and what is taken out of it: objects that the cache has in this version already.

Most events are echoes of our own writes. To the handlers they are no news, but kopf makes a task of each object before it asks them, which
costs ten times the reading of it. So they end here. What remains goes on to the handlers as it came, and so does all that kopf itself lives
by: deletions, bookmarks, errors.

kopf lists before it watches. Where we have listed already, which we do before it starts, its listing ends with the first page, holds
nothing, and bears the version of ours: so the watch begins there, without a gap and without all objects coming twice.
"""

from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import kopf
import orjson

from assistant_operator.kube.connection import UNCOMPRESSED
from assistant_operator.kube.objects import Object

IsKnown = Callable[[Object], bool]
Since = Callable[[str, str], str | None]
"""Asked with path and label selector; returns the version of a listing of ours from which a watch can go on, None for none."""

_OBJECTS = frozenset({"ADDED", "MODIFIED"})


def session(info: kopf.ConnectionInfo, is_known: IsKnown, since: Since) -> aiohttp.ClientSession:
    """Return a session for kopf, with the facts of its own kind of connection."""

    class Response(_Response):
        is_known_to_us = staticmethod(is_known)
        listed_by_us = staticmethod(since)

    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, ssl=info.as_ssl_context()),
        headers=info.as_http_headers() | UNCOMPRESSED,
        response_class=Response,
    )


class _Response(aiohttp.ClientResponse):
    """An answer to kopf."""

    is_known_to_us: IsKnown
    listed_by_us: Since

    async def start(self, connection: Any) -> "_Response":
        await super().start(connection)
        if self.url.query.get("watch") == "true":
            self.content = _News(self.content, self.is_known_to_us)  # type: ignore[assignment]  # all that kopf asks of it
        return self

    async def json(self, **options: Any) -> Any:
        """Return the parsed answer; a page of a listing without the items that are known, without any where we have listed."""
        found = await super().json(loads=orjson.loads, **options)
        if isinstance(found, dict) and isinstance(found.get("items"), list):
            asked = self.url.query
            if "continue" not in asked and (version := self.listed_by_us(self.url.path, asked.get("labelSelector", ""))):
                return found | {"items": [], "metadata": {"resourceVersion": version}}
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
            event = orjson.loads(line)
            return event["type"] in _OBJECTS and self._is_known(event["object"])
        except (ValueError, TypeError, KeyError):
            return False  # for kopf to make something of
