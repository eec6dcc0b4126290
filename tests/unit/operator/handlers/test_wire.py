"""What is taken out of kopf's connection: objects that are known, and nothing that is news to anybody."""

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import kopf
import pytest
from aiohttp import web
from kopf._cogs.clients.api import iter_jsonlines

from assistant_operator.handlers import wire
from assistant_operator.kube.listings import Listings
from assistant_operator.kube.objects import Object
from assistant_operator.reconcile.cluster.cache import Cache


def config(name: str, version: int) -> Object:
    metadata = {"name": name, "namespace": "n", "uid": name, "resourceVersion": str(version)}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


EVENTS: list[dict[str, Any]] = [
    {"type": "ADDED", "object": config("known", 5)},
    {"type": "MODIFIED", "object": config("known", 6)},
    {"type": "ADDED", "object": config("new", 4)},
    {"type": "DELETED", "object": config("known", 5)},
    {"type": "BOOKMARK", "object": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"resourceVersion": "5"}}},
    {"type": "ERROR", "object": {"apiVersion": "v1", "kind": "Status", "code": 410}},
    {"type": "ADDED", "object": {"apiVersion": "other/v1", "kind": "Unheard", "metadata": {"name": "x", "resourceVersion": "1"}}},
]
LINES = [json.dumps(event).encode() for event in EVENTS]
NEWS = LINES[1:]
PAGE = {
    "apiVersion": "v1",
    "kind": "ConfigMapList",
    "metadata": {"resourceVersion": "9", "continue": "more"},
    "items": [{key: one[key] for key in ("metadata",)} for one in (config("known", 5), config("known", 6), config("new", 4))],
}


class Answers:
    """An API server of two answers."""

    def __init__(self) -> None:
        self.parts: list[bytes] = [b"\n".join(LINES) + b"\n"]

    async def listed(self, request: web.Request) -> web.StreamResponse:
        if request.query.get("watch") != "true":
            return web.json_response(PAGE)
        answer = web.StreamResponse()
        await answer.prepare(request)
        for part in self.parts:
            await answer.write(part)
        return answer


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
async def url(answers: Answers) -> AsyncIterator[str]:
    app = web.Application()
    app.add_routes([web.get("/configmaps", answers.listed)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/configmaps"
    await runner.cleanup()


@pytest.fixture
def cache() -> Cache:
    cache = Cache()
    cache.put(config("known", 5))
    return cache


async def watched(url: str, cache: Cache) -> list[bytes]:
    """Return what kopf is given of a watch, by its own way of reading."""
    async with (
        wire.session(kopf.ConnectionInfo(server=url), cache.knows, Listings().take) as session,
        session.get(url, params={"watch": "true"}) as answer,
    ):
        return [line async for line in iter_jsonlines(answer.content)]


async def test_a_watch_is_left_without_what_is_known(url: str, cache: Cache) -> None:
    """The end of an object, bookmarks, errors and kinds that nobody knows are kopf's, whatever their versions are."""
    assert await watched(url, cache) == NEWS


async def test_lines_are_whole_however_they_come(url: str, cache: Cache, answers: Answers) -> None:
    """In one piece for each byte, and without an end of the last one."""
    text = b"\n".join(LINES)
    answers.parts = [text[at : at + 1] for at in range(len(text))]

    assert await watched(url, cache) == NEWS


async def test_what_cannot_be_read_goes_on_to_kopf(url: str, cache: Cache, answers: Answers) -> None:
    strange = [b"{", b"[]", b"null", b'{"type": "ADDED"}', b'{"type": "ADDED", "object": {}}', b'{"type": {}, "object": {}}']
    answers.parts = [b"\n".join(strange) + b"\n"]

    assert await watched(url, cache) == strange


async def test_a_listing_is_left_without_what_is_known(url: str, cache: Cache) -> None:
    """Its items come without their kind; what the page says besides stays, or kopf would not read on."""
    async with wire.session(kopf.ConnectionInfo(server=url), cache.knows, Listings().take) as session, session.get(url) as answer:
        found = await answer.json()

    assert [(one["metadata"]["name"], one["metadata"]["resourceVersion"]) for one in found["items"]] == [("known", "6"), ("new", "4")]
    assert found["metadata"] == PAGE["metadata"]


async def listing(session: aiohttp.ClientSession, url: str, **query: str) -> Any:
    """Return a page as kopf sees it."""
    async with session.get(url, params=query) as answer:
        return await answer.json()


async def test_a_listing_is_taken_up_from_ours_once(url: str) -> None:
    """kopf watches from the version of our listing, and lists by itself when it comes back: that version was too old then."""
    listings = Listings()
    listings.note("/configmaps", "", "7")
    async with wire.session(kopf.ConnectionInfo(server=url), Cache().knows, listings.take) as session:
        ours, its_own = await listing(session, url), await listing(session, url)

    assert ours == {**PAGE, "items": [], "metadata": {"resourceVersion": "7"}}
    assert its_own == {**PAGE, "items": its_own["items"]}
    assert len(its_own["items"]) == len(PAGE["items"])


@pytest.mark.parametrize("query", [{"labelSelector": "a=b"}, {"continue": "more"}], ids=["other objects", "a page of its own listing"])
async def test_of_other_listings_nothing_is_taken_up(url: str, query: dict[str, str]) -> None:
    listings = Listings()
    listings.note("/configmaps", "", "7")
    async with wire.session(kopf.ConnectionInfo(server=url), Cache().knows, listings.take) as session:
        found = await listing(session, url, **query)

    assert found["metadata"] == PAGE["metadata"]
    assert len(found["items"]) == len(PAGE["items"])


async def test_what_is_gone_stays_gone(url: str, cache: Cache, answers: Answers) -> None:
    """An event from before the deletion is old, one from after it is another object."""
    cache.drop(config("known", 6))
    answers.parts = [b"\n".join(json.dumps({"type": "ADDED", "object": config("known", version)}).encode() for version in (5, 7))]

    [left] = await watched(url, cache)
    assert json.loads(left)["object"]["metadata"]["resourceVersion"] == "7"
