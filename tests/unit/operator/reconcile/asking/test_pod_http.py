"""HTTP to pods, which may be hostile: bounded, and never an error. (GET is in test_polling.py, by way of HttpAsk.)"""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from assistant_operator.reconcile.asking.pod_http import PodHttp


class Pod:
    """Echoes what is posted, or does worse."""

    def __init__(self) -> None:
        self.kind = "good"
        self.types: list[str] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.types.append(request.content_type)
        if self.kind == "redirect":
            return web.Response(status=307, headers={"Location": "http://169.254.169.254/"})
        if self.kind == "slow":
            await asyncio.sleep(60)
        if self.kind == "long":
            return web.Response(body=b"x" * 10_000)
        return web.Response(body=await request.read(), status=400 if self.kind == "error" else 200)


@pytest.fixture
def pod() -> Pod:
    return Pod()


@pytest.fixture
async def server(pod: Pod) -> AsyncIterator[TestServer]:
    app = web.Application()
    app.router.add_post("/rounds", pod.answer)
    running = TestServer(app)
    await running.start_server()
    yield running
    await running.close()


@pytest.mark.parametrize(("kind", "expected"), [("good", b"{}"), ("error", None), ("redirect", None), ("slow", None), ("long", b"x" * 100)])
async def test_a_body_goes_there_and_an_answer_comes_back(server: TestServer, pod: Pod, kind: str, expected: bytes | None) -> None:
    """No more of it than any answer may have."""
    pod.kind = kind
    http = PodHttp(server.port or 0, 0.5, 100, 4)

    assert await http.post(str(server.host), "/rounds", b"{}") == expected
    assert pod.types == ["application/json"]
    await http.close()


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
async def test_a_pod_that_is_not_there_is_no_answer(address: str) -> None:
    http = PodHttp(1, 0.5, 100, 4)

    assert await http.post(address, "/rounds", b"{}") is None
    await http.close()


async def test_a_connection_that_does_not_come_about_is_given_up_early() -> None:
    """Long before the kernel sends what was lost again, and before an answer that takes its time."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, socket.socket() as first:
        first.connect(full.getsockname())
        http = PodHttp(full.getsockname()[1], 60, 100, 4, connect_seconds=0.05)

        assert await asyncio.wait_for(http.get("127.0.0.1", "/rounds"), 10) is None
        await http.close()
