"""Answers of the API server to errors of ours; paths, methods and bodies are tested against a real one (tests/integration)."""

from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from kubernetes.aio.client.configuration import Configuration

from assistant_operator import errors
from assistant_operator.kube.aio import HttpClient, api_error
from assistant_operator.kube.kinds import CONFIG_MAP, NODE, SECRET, SERVICE

CASES: list[Any] = [
    (400, "BadRequest", errors.InvalidError),
    (401, "Unauthorized", errors.ForbiddenError),
    (403, "Forbidden", errors.ForbiddenError),
    (404, "NotFound", errors.GoneError),
    (409, "Conflict", errors.ConflictError),
    (409, "AlreadyExists", errors.AlreadyExistsError),
    (422, "Invalid", errors.InvalidError),
    (429, "TooManyRequests", errors.ThrottledError),
    (500, "InternalError", errors.UnavailableError),
    (503, "ServiceUnavailable", errors.UnavailableError),
    (504, "Timeout", errors.UnavailableError),
    (418, "Unknown", errors.UnavailableError),
]


@pytest.mark.parametrize(("status", "reason", "expected"), CASES)
def test_each_status_has_its_error(status: int, reason: str, expected: type[errors.ApiError]) -> None:
    assert type(api_error("get", "Service", status, None, {"reason": reason})) is expected


def test_the_servers_delay_is_kept() -> None:
    """From the header, or from the body where a proxy dropped it."""
    assert api_error("get", "Service", 429, "7", {}).retry_after == 7
    assert api_error("get", "Service", 429, None, {"details": {"retryAfterSeconds": 3}}).retry_after == 3
    assert api_error("get", "Service", 429, "Wed, 21 Oct 2026 07:28:00 GMT", {}).retry_after is None


def test_causes_name_fields() -> None:
    answer = {"reason": "Invalid", "details": {"causes": [{"field": "spec.x", "message": "is wrong"}]}}

    assert api_error("patch", "Service", 422, None, answer).causes == (errors.Cause("spec.x", "is wrong"),)


def test_another_uid_is_a_conflict() -> None:
    """The API server calls it an immutable field."""
    answer = {"reason": "Invalid", "details": {"causes": [{"field": "metadata.uid", "message": "field is immutable"}]}}

    assert isinstance(api_error("patch", "Service", 422, None, answer), errors.ConflictError)


class Server:
    """An API server of which only the next answer matters."""

    def __init__(self) -> None:
        self.answer: web.Response = web.json_response({})
        self.seen: list[web.Request] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request)
        return self.answer


@pytest.mark.parametrize(("status", "text"), [(502, "<html>"), (200, "<html>"), (200, "[]"), (200, ""), (200, '{"items": [')])
async def test_calls_are_counted_and_bodies_that_are_no_json_are_no_crash(status: int, text: str) -> None:
    """A load balancer's page in front of the API server; one that says that all is well is no object, and no empty listing."""
    server, calls = Server(), list[tuple[str, str, int]]()
    server.answer = web.Response(status=status, text=text)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    async with TestServer(app) as running:
        client = HttpClient(
            Configuration(host=f"http://{running.host}:{running.port}"),
            meter=lambda verb, kind, status, _seconds: calls.append((verb, kind, status)),
        )
        with pytest.raises(errors.UnavailableError):
            await client.get(SERVICE, "n", "s")
        server.answer = web.Response(status=status, text=text)
        with pytest.raises(errors.UnavailableError):
            await client.list(SERVICE)
        await client.close()

    assert calls == [("get", "Service", status), ("list", "Service", status)]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": "203.0.113.2:6443"}]}, ("203.0.113.2:6443",)),
        ({"versions": ["v1"]}, ()),
        ({"serverAddressByClientCIDRs": None}, ()),
    ],
)
async def test_the_server_says_where_it_is(answer: dict[str, Any], expected: tuple[str, ...]) -> None:
    """At /api, which needs no right of ours."""
    server = Server()
    server.answer = web.json_response(answer)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    async with TestServer(app) as running:
        client = HttpClient(Configuration(host=f"http://{running.host}:{running.port}"))
        assert await client.server_addresses() == expected
        await client.close()

    assert [(request.method, request.path) for request in server.seen] == [("GET", "/api")]


async def test_discovery_tells_what_is_served_and_in_which_versions() -> None:
    """Of a group that the server does not know: nothing. A version that goes in between is none; no discovery is an error."""
    documents: dict[str, Any] = {
        "/apis/a.example": {"versions": [{"version": "v1"}, {"version": "v2"}, {"version": "v3"}]},
        "/apis/a.example/v1": {"resources": [{"name": "things"}, {"name": "things/status"}]},
        "/apis/a.example/v2": {"resources": [{"name": "things"}, {"name": "others"}]},
    }

    async def handle(request: web.Request) -> web.Response:
        if request.path == "/apis/b.example":
            return web.json_response({"reason": "Forbidden"}, status=403)
        found = documents.get(request.path)
        return web.json_response({"reason": "NotFound"}, status=404) if found is None else web.json_response(found)

    app = web.Application()
    app.router.add_route("GET", "/{path:.*}", handle)
    async with TestServer(app) as running:
        client = HttpClient(Configuration(host=f"http://{running.host}:{running.port}"))
        assert await client.served("a.example") == {"things": {"v1", "v2"}, "things/status": {"v1"}, "others": {"v2"}}
        assert await client.served("c.example") == {}
        with pytest.raises(errors.ForbiddenError):
            await client.served("b.example")
        await client.close()


async def test_of_what_there_are_thousands_a_few_are_asked_for() -> None:
    """One page; that there are more pages does not matter."""
    server = Server()
    server.answer = web.json_response({"items": [{"metadata": {"name": "a"}}], "metadata": {"continue": "more"}})
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    async with TestServer(app) as running:
        client = HttpClient(Configuration(host=f"http://{running.host}:{running.port}"))
        assert await client.some(NODE, 50) == ({"metadata": {"name": "a"}},)
        with pytest.raises(errors.ForbiddenError, match="NotInTable"):
            await client.some(SECRET, 1)
        await client.close()

    assert [(request.method, str(request.rel_url)) for request in server.seen] == [("GET", "/api/v1/nodes?limit=50")]


async def test_a_listing_comes_in_pages_until_the_last() -> None:
    """Each is there before the next is asked for, and items say what they are."""
    seen: list[str] = []

    async def page(request: web.Request) -> web.StreamResponse:
        seen.append(str(request.rel_url))
        following = {"": "more", "more": "most", "most": ""}[request.query.get("continue", "")]
        told = {"continue": following, "resourceVersion": "7"}
        return web.json_response({"items": [{"metadata": {"name": f"before-{following}"}}], "metadata": told})

    app = web.Application()
    app.router.add_get("/api/v1/namespaces/n/services", page)
    async with TestServer(app) as running:
        client = HttpClient(Configuration(host=f"http://{running.host}:{running.port}"))
        asked = [(len(seen), found) async for found in client.pages(SERVICE, "n", labels="x")]
        assert [obj for _, found in asked for obj in found] == await client.list(SERVICE, "n", labels="x")
        await client.close()
        version = client.listings.take("/api/v1/namespaces/n/services", "x")

    assert [count for count, _ in asked] == [1, 2, 3]
    assert [(obj["kind"], obj["metadata"]["name"]) for _, [obj] in asked] == [
        ("Service", "before-more"),
        ("Service", "before-most"),
        ("Service", "before-"),
    ]
    assert all("labelSelector=x" in path and "limit=200" in path for path in seen)
    assert version == "7"


async def test_a_listing_that_broke_off_is_none_to_go_on_from() -> None:
    """A watch from its version would not tell what its other pages hold."""

    async def page(request: web.Request) -> web.StreamResponse:
        if "continue" in request.query:
            return web.json_response({}, status=410)
        return web.json_response({"items": [], "metadata": {"continue": "more", "resourceVersion": "7"}})

    app = web.Application()
    app.router.add_get("/api/v1/services", page)
    async with TestServer(app) as running:
        client = HttpClient(Configuration(host=f"http://{running.host}:{running.port}"))
        with pytest.raises(errors.ApiError):
            await client.list(SERVICE)
        await client.close()

    assert client.listings.take("/api/v1/services", "") is None


async def test_no_answer_is_an_error_of_ours() -> None:
    """Neither a refused connection nor a server that is silent for too long ends in an exception of the HTTP library."""
    calls = list[int]()
    client = HttpClient(Configuration(host="http://127.0.0.1:1"), meter=lambda _verb, _kind, status, _seconds: calls.append(status))
    with pytest.raises(errors.UnavailableError):
        await client.get(SERVICE, "n", "s")
    await client.close()

    assert calls == [0]


async def test_a_write_asks_first_whether_it_may() -> None:
    """The fence comes before the network, and is told the object's namespace; reads pass."""
    asked: list[str] = []

    def closed(namespace: str) -> None:
        asked.append(namespace)
        raise errors.LeaseLostError("lost")

    client = HttpClient(Configuration(host="http://127.0.0.1:1"), may_write=closed)
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "n"}}
    for write in (
        client.apply(manifest),
        client.delete(CONFIG_MAP, "n", "c", uid="u"),
        client.create(manifest),
        client.replace(manifest),
        client.disown(manifest),
        client.amend(CONFIG_MAP, "n", "c", []),
        client.apply({"apiVersion": "policy.networking.k8s.io/v1alpha2", "kind": "ClusterNetworkPolicy", "metadata": {"name": "c"}}),
        client.apply_status({**manifest, "apiVersion": "privateassistant.dev/v1alpha1", "kind": "PrivateAssistant"}),
    ):
        with pytest.raises(errors.LeaseLostError):
            await write
    assert sorted(asked) == ["", "n", "n", "n", "n", "n", "n", "n"]
    with pytest.raises(errors.UnavailableError):
        await client.get(CONFIG_MAP, "n", "c")
    await client.close()
