"""Questions to pods and to DNS: bounded, in the background, and never an error."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from assistant_operator.errors import WaitingError
from assistant_operator.reconcile import progress
from assistant_operator.reconcile.key import Key
from assistant_operator.reconcile.progress import HttpAsk, PodProgress, Progress, parse
from assistant_operator.reconcile.resolver import SystemResolver, resolve_all

KEY = Key("n", "a")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b'{"completedBytes": 1, "totalBytes": 2}', Progress(1, 2)),
        (b'{"completedBytes": 0, "totalBytes": 0, "more": 1}', Progress(0, 0)),
        (b"", None),
        (b"[]", None),
        (b"[" * 4000, None),
        (b"null", None),
        (b'{"completedBytes": 1}', None),
        (b'{"completedBytes": -1, "totalBytes": 2}', None),
        (b'{"completedBytes": true, "totalBytes": 2}', None),
        (b'{"completedBytes": "1", "totalBytes": 2}', None),
        (b'{"completedBytes": 1.5, "totalBytes": 2}', None),
        (b"\xff", None),
    ],
)
def test_only_two_numbers_are_progress(text: bytes, expected: Progress | None) -> None:
    assert parse(text) == expected


class Pods:
    """Answers that a test sets."""

    def __init__(self) -> None:
        self.answers: list[Progress | None] = []
        self.asked = 0
        self.news: list[Key] = []

    async def __call__(self, _address: str) -> Progress | None:
        self.asked += 1
        return self.answers.pop(0) if self.answers else None


@pytest.fixture
def pods() -> Pods:
    return Pods()


@pytest.fixture
async def source(pods: Pods, monkeypatch: pytest.MonkeyPatch) -> PodProgress:
    monkeypatch.setattr(progress, "INTERVAL", 0.02)
    return PodProgress(pods, pods.news.append)


async def test_the_first_question_is_answered_later(source: PodProgress, pods: Pods) -> None:
    """A pass does not wait; the news brings the next one."""
    pods.answers = [Progress(1, 2)]
    assert source.latest(KEY, "pod", "10.0.0.1") is None
    await asyncio.sleep(0.01)

    assert pods.news == [KEY]
    assert source.latest(KEY, "pod", "10.0.0.1") == Progress(1, 2)


async def test_pods_are_asked_seldom(source: PodProgress, pods: Pods) -> None:
    for _ in range(20):
        source.latest(KEY, "pod", "10.0.0.1")
        await asyncio.sleep(0)
    assert pods.asked == 1
    await asyncio.sleep(0.03)
    source.latest(KEY, "pod", "10.0.0.1")
    await asyncio.sleep(0.01)

    assert pods.asked == 2


async def test_the_same_answer_is_no_news(source: PodProgress, pods: Pods) -> None:
    pods.answers = [Progress(1, 2), Progress(1, 2), None]
    for _ in range(3):
        source.latest(KEY, "pod", "10.0.0.1")
        await asyncio.sleep(0.03)

    assert pods.news == [KEY]
    assert source.latest(KEY, "pod", "10.0.0.1") == Progress(1, 2)


async def test_another_pod_starts_anew(source: PodProgress, pods: Pods) -> None:
    pods.answers = [Progress(1, 2)]
    source.latest(KEY, "pod", "10.0.0.1")
    await asyncio.sleep(0.01)

    assert source.latest(KEY, "other", "10.0.0.2") is None
    source.forget(KEY)
    assert source.latest(KEY, "pod", "10.0.0.1") is None
    source.forget(KEY)
    await asyncio.sleep(0)


@pytest.fixture
async def server() -> AsyncIterator[TestServer]:
    async def answer(request: web.Request) -> web.Response:
        kind = request.app["kind"]
        if kind == "redirect":
            return web.Response(status=302, headers={"Location": "http://169.254.169.254/"})
        if kind == "slow":
            await asyncio.sleep(60)
        return web.json_response({"completedBytes": 1, "totalBytes": 2}, status=503 if kind == "error" else 200)

    app = web.Application()
    app["kind"] = "good"
    app.router.add_get("/progress", answer)
    running = TestServer(app)
    await running.start_server()
    yield running
    await running.close()


@pytest.mark.filterwarnings("ignore:It is recommended to use web.AppKey")
@pytest.mark.parametrize(("kind", "expected"), [("good", Progress(1, 2)), ("error", None), ("redirect", None), ("slow", None)])
async def test_asking_over_http(server: TestServer, kind: str, expected: Progress | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Errors, redirects and silence are no answer, and no exception."""
    monkeypatch.setattr(progress, "TIMEOUT", 0.2)
    server.app._state["kind"] = kind
    ask = HttpAsk(server.port or 0)

    assert await ask(str(server.host)) == expected
    await ask.close()


async def test_a_pod_that_is_not_there() -> None:
    ask = HttpAsk(1)
    assert await ask("127.0.0.1") is None
    assert await ask("::1") is None
    await ask.close()


async def test_the_systems_resolver() -> None:
    """Addresses without doubles or scopes; a name that is none is a wait that names it."""
    assert "127.0.0.1" in await SystemResolver().resolve("127.0.0.1")
    with pytest.raises(WaitingError, match=r"no-such-host\.invalid"):
        await SystemResolver().resolve("no-such-host.invalid")
    with pytest.raises(WaitingError):
        await SystemResolver().resolve("a" * 300)


async def test_addresses_are_sorted_and_distinct(monkeypatch: pytest.MonkeyPatch) -> None:
    async def answer(*_: object, **__: object) -> list[object]:
        found = [("10.0.0.2", 0), ("10.0.0.1", 0), ("10.0.0.2", 0), ("fe80::1%eth0", 0, 0, 2)]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in found]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", answer)

    assert await SystemResolver().resolve("x") == ("10.0.0.1", "10.0.0.2", "fe80::1")
    assert await resolve_all(SystemResolver(), ["x", "y"]) == dict.fromkeys(("x", "y"), ("10.0.0.1", "10.0.0.2", "fe80::1"))
