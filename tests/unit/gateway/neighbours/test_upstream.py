"""The client of the one peer: reuse, backpressure, giving up, and when a request may be sent again."""

import asyncio

import pytest

from assistant_gateway.neighbours import upstream as module
from assistant_gateway.neighbours.upstream import Connection, Upstream, UpstreamLostError, UpstreamTimeoutError, UpstreamUnavailableError
from tests.unit.gateway.fake_ollama import Asked, FakeOllama, Wire, document
from tests.unit.gateway.running import until


async def whole(connection: Connection) -> bytes:
    parts = []
    while data := await connection.read(20):
        parts.append(data)
    return b"".join(parts)


async def post(client: Upstream, path: str = "/x", body: bytes = b"{}") -> Connection:
    return await client.request("POST", path, body, seconds=20)


async def test_a_connection_is_used_again_once_its_answer_was_read(fake: FakeOllama) -> None:
    client = Upstream(fake.url)
    for _ in range(3):
        answer = await client.request("GET", "/api/version", b"", seconds=20)
        assert await whole(answer) == b'{"version":"0.24.0"}\n'
        assert (answer.status, answer.content_type) == (200, b"application/json; charset=utf-8")
        answer.abort()  # does nothing any more
    await asyncio.sleep(0)

    assert fake.connections == 1


@pytest.mark.parametrize("more", ["connection: close\r\n", ""])
async def test_a_connection_that_the_server_ends_is_not_used_again(fake: FakeOllama, more: str) -> None:
    async def answer(asked: Asked, wire: Wire) -> None:
        await wire.raw(document(b"{}", more=more))

    fake.scripts["/x"] = answer
    client = Upstream(fake.url)
    for _ in range(2):
        assert await whole(await post(client)) == b"{}"

    assert fake.connections == (2 if more else 1)


@pytest.mark.parametrize("interim", [b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n" * 3])
@pytest.mark.parametrize("pause", [0.0, 0.05])
async def test_what_comes_before_an_answer_is_none(fake: FakeOllama, interim: bytes, pause: float) -> None:
    """An interim response (RFC 9110, 15.2) says that the answer follows; taken for it, the next request would get this one's."""

    async def answer(asked: Asked, wire: Wire) -> None:
        await wire.raw(interim)
        await asyncio.sleep(pause)  # in one packet with the answer, or in one before it
        await wire.raw(document(asked.body))

    fake.scripts["/x"] = answer
    client = Upstream(fake.url)
    for body in (b"one", b"two"):
        connection = await post(client, body=body)
        assert (connection.status, await whole(connection)) == (200, body)

    assert fake.connections == 1


@pytest.mark.parametrize("status", [204, 304, 400, 500])
async def test_a_connection_is_not_used_again_after_anything_but_success(fake: FakeOllama, status: int) -> None:
    """What a server that is in trouble says besides must not come to the next request, which is somebody else's."""

    async def answer(asked: Asked, wire: Wire) -> None:
        if asked.body == b"two":
            await wire.raw(document(b"two"))
            return
        await wire.raw(f"HTTP/1.1 {status} X\r\n{'content-length: 0' if status >= 400 else 'x: y'}\r\n\r\n".encode())
        await asyncio.sleep(0.05)  # when the connection would be back in the pool
        await wire.raw(document(b"of one"))

    fake.scripts["/x"] = answer
    client = Upstream(fake.url)
    assert await whole(await post(client, body=b"one")) == b""
    assert await whole(await post(client, body=b"two")) == b"two"


async def test_a_protocol_that_nobody_asked_for_is_no_answer(fake: FakeOllama) -> None:
    async def answer(asked: Asked, wire: Wire) -> None:
        await wire.raw(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n")

    fake.scripts["/x"] = answer
    with pytest.raises(UpstreamLostError):
        await whole(await post(Upstream(fake.url)))


async def test_an_answer_given_up_closes_its_connection(fake: FakeOllama) -> None:
    gone = asyncio.Event()

    async def endless(asked: Asked, wire: Wire) -> None:
        await wire.start()
        await wire.chunk(b"a")
        await wire.gone()
        gone.set()

    fake.scripts["/x"] = endless
    client = Upstream(fake.url)
    answer = await post(client)
    assert await answer.read(20) == b"a"
    answer.abort()

    await asyncio.wait_for(gone.wait(), 20)
    assert await whole(await client.request("GET", "/api/version", b"", seconds=20))
    assert fake.connections == 2


async def test_a_request_cancelled_before_its_answer_closes_its_connection(fake: FakeOllama) -> None:
    gone = asyncio.Event()

    async def silence(asked: Asked, wire: Wire) -> None:
        await wire.gone()
        gone.set()

    fake.scripts["/x"] = silence
    asking = asyncio.create_task(post(Upstream(fake.url)))
    await until(lambda: len(fake.asked) == 1)
    asking.cancel()

    await asyncio.wait_for(gone.wait(), 20)
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_what_comes_in_one_read_is_one_piece(fake: FakeOllama) -> None:
    async def burst(asked: Asked, wire: Wire) -> None:
        await wire.start()
        await wire.raw(b"".join(b"2\r\n%02d\r\n" % number for number in range(100)) + b"0\r\n\r\n")

    fake.scripts["/x"] = burst
    answer = await post(Upstream(fake.url))
    pieces = []
    while data := await answer.read(20):
        pieces.append(data)

    assert b"".join(pieces) == b"".join(b"%02d" % number for number in range(100))
    assert len(pieces) <= 2


async def test_a_consumer_that_lags_holds_the_server_back(fake: FakeOllama) -> None:
    most = 64 * 1024 * 1024
    written = 0

    async def flood(asked: Asked, wire: Wire) -> None:
        nonlocal written
        await wire.start()
        while written < most:
            await wire.chunk(b"x" * 65536)
            written += 65536
        await wire.end()

    fake.scripts["/x"] = flood
    answer = await post(Upstream(fake.url))
    seen = -1
    while seen != written:  # until the server stands still
        seen = written
        await asyncio.sleep(0.05)
    stood_at = written
    total = len(await whole(answer))

    assert stood_at < most / 4
    assert total == most


async def test_a_reused_connection_that_died_before_a_byte_is_replaced(fake: FakeOllama) -> None:
    deaths = 0

    async def die_once(asked: Asked, wire: Wire) -> None:
        nonlocal deaths
        deaths += 1
        if deaths == 1:
            wire.cut()
        else:
            await wire.raw(document(b"{}"))

    fake.scripts["/x"] = die_once
    client = Upstream(fake.url)
    await whole(await client.request("GET", "/api/version", b"", seconds=20))
    answer = await post(client, body=b'{"a":1}')

    assert await whole(answer) == b"{}"
    assert [asked.body for asked in fake.asked_for("/x")] == [b'{"a":1}'] * 2


async def test_a_new_connection_that_died_is_not_tried_again(fake: FakeOllama) -> None:
    async def die(asked: Asked, wire: Wire) -> None:
        wire.cut()

    fake.scripts["/x"] = die
    with pytest.raises(UpstreamUnavailableError):
        await post(Upstream(fake.url))

    assert len(fake.asked) == 1


async def test_a_request_that_got_a_byte_is_never_sent_again(fake: FakeOllama) -> None:
    async def die(asked: Asked, wire: Wire) -> None:
        await wire.raw(b"HTTP/1.1 2")
        wire.cut()

    fake.scripts["/x"] = die
    client = Upstream(fake.url)
    await whole(await client.request("GET", "/api/version", b"", seconds=20))
    with pytest.raises(UpstreamLostError):
        await post(client)

    assert len(fake.asked_for("/x")) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel",
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhel",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nhello",
        b"nonsense",
    ],
)
async def test_an_answer_without_its_end_is_lost(fake: FakeOllama, data: bytes) -> None:
    async def die(asked: Asked, wire: Wire) -> None:
        await wire.raw(data)
        wire.writer.close()

    fake.scripts["/x"] = die
    with pytest.raises(UpstreamLostError):
        await whole(await post(Upstream(fake.url)))


async def test_silence_is_a_timeout_and_closes_the_connection(fake: FakeOllama, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SWEEP_SECONDS", 0.01)
    gone = asyncio.Event()

    async def silence(asked: Asked, wire: Wire) -> None:
        await wire.gone()
        gone.set()

    fake.scripts["/x"] = silence
    with pytest.raises(UpstreamTimeoutError):
        await Upstream(fake.url).request("POST", "/x", b"{}", seconds=0.01)

    await asyncio.wait_for(gone.wait(), 20)


async def test_bytes_that_nobody_asked_for_end_the_connection(fake: FakeOllama) -> None:
    """Left in the buffer they would be taken for the next request's answer: somebody else's."""

    async def too_much(asked: Asked, wire: Wire) -> None:
        await wire.raw(document(b'"mine"'))
        await wire.raw(document(b'"of somebody else"'))

    fake.scripts["/x"] = too_much
    client = Upstream(fake.url)
    first = await whole(await post(client))
    await until(lambda: not client._idle)
    second = await whole(await client.request("GET", "/api/version", b"", seconds=20))

    assert first == b'"mine"'
    assert b"version" in second


async def test_a_second_answer_in_the_same_packet_ends_the_connection(fake: FakeOllama) -> None:
    async def too_much(asked: Asked, wire: Wire) -> None:
        await wire.raw(document(b'"mine"') + document(b'"of somebody else"'))

    fake.scripts["/x"] = too_much
    client = Upstream(fake.url)
    first = await whole(await post(client))
    second = await whole(await client.request("GET", "/api/version", b"", seconds=20))

    assert first == b'"mine"'
    assert b"version" in second


async def test_idle_connections_are_few(fake: FakeOllama, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IDLE_CONNECTIONS", 2)
    client = Upstream(fake.url)
    answers = await asyncio.gather(*(client.request("GET", "/api/version", b"", seconds=20) for _ in range(5)))
    for answer in answers:
        await whole(answer)

    assert fake.connections == 5
    assert len(client._idle) == 2
    client.close()
    assert not client._idle


@pytest.mark.parametrize("url", ["https://127.0.0.1:1", "127.0.0.1:11434", "http://"])
def test_an_address_is_http_with_a_host(url: str) -> None:
    with pytest.raises(ValueError, match="http://host:port"):
        Upstream(url)
