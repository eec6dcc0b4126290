"""What the protocol class adds to uvicorn: deadlines and caps that the application answers and records. Re-run on every bump of uvicorn."""

import asyncio
import json
import ssl
from pathlib import Path

import pytest

from assistant_gateway.protocol import body, server
from tests.unit.gateway.fake_ollama import MODEL, Asked, FakeOllama, Wire
from tests.unit.gateway.running import KEY, RunningGateway, run_gateway, until

HEAD = f"POST /api/chat HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n".encode()


async def ask(gateway: RunningGateway, data: bytes) -> bytes:
    """Send the bytes and return all that comes until the gateway closes the connection."""
    reader, writer = await gateway.raw()
    writer.write(data)
    try:
        return await asyncio.wait_for(reader.read(), 20)
    finally:
        writer.close()


def code_of(answer: bytes) -> str:
    return str(json.loads(answer.partition(b"\r\n\r\n")[2])["code"])


@pytest.mark.parametrize("data", [b"", b"\r\n", b"\r\n\r\n"])
async def test_a_connection_that_asks_nothing_is_closed(gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(server, "HEADER_SECONDS", 0.05)

    assert await ask(gateway, data) == b""
    assert gateway.records() == []


@pytest.mark.parametrize("data", [b"POST", b"POST /api/chat HTTP/1.1\r\n", HEAD])
async def test_headers_that_do_not_end_are_refused_in_time(gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(server, "HEADER_SECONDS", 0.05)

    answer = await ask(gateway, data)

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert code_of(answer) == "request_timeout"
    record = await gateway.record()
    assert (record["outcome"], record["status"], record["code"], record["route"]) == ("refused", 408, "request_timeout", "unknown")


@pytest.mark.parametrize(("data", "status"), [(b"POST /api", b"HTTP/1.1 408 "), (b"\r\n", b"")])
async def test_the_next_request_on_a_connection_has_its_deadline_too(
    gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch, data: bytes, status: bytes
) -> None:
    monkeypatch.setattr(server, "HEADER_SECONDS", 0.05)
    reader, writer = await gateway.raw()
    writer.write(f"GET /api/version HTTP/1.1\r\nauthorization: Bearer {KEY}\r\n\r\n".encode())
    await reader.readuntil(b"0.24.0")
    writer.write(data)
    rest = await asyncio.wait_for(reader.read(), 20)
    writer.close()

    assert rest.removeprefix(b'"}').startswith(status)


async def test_a_connection_that_idles_is_closed_and_one_in_use_is_not(gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    async def slow(asked: Asked, wire: Wire) -> None:
        await asyncio.sleep(0.2)  # far longer than a connection may idle
        await wire.json({"version": "0.24.0"})

    monkeypatch.setattr(server, "IDLE_SECONDS", 0.05)
    reader, writer = await gateway.raw()
    ask_version = f"GET /api/version HTTP/1.1\r\nauthorization: Bearer {KEY}\r\n\r\n".encode()
    writer.write(ask_version)
    await reader.readuntil(b"0.24.0")
    gateway.fake.scripts["/api/version"] = slow
    writer.write(ask_version)
    await reader.readuntil(b"0.24.0")
    rest = await asyncio.wait_for(reader.read(), 20)
    writer.close()

    assert rest == b'"}'


async def test_the_deadline_of_the_headers_ends_with_them(gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    async def slow(asked: Asked, wire: Wire) -> None:
        await asyncio.sleep(0.2)  # far longer than the deadline
        await wire.json({"version": "0.24.0"})

    monkeypatch.setattr(server, "HEADER_SECONDS", 0.02)
    gateway.fake.scripts["/api/version"] = slow
    reader, writer = await gateway.raw()
    writer.write(f"GET /api/version HTTP/1.1\r\nauthorization: Bearer {KEY}\r\n\r\n".encode())
    answer = await reader.readuntil(b"0.24.0")
    writer.close()

    assert answer.startswith(b"HTTP/1.1 200 ")


async def test_uvicorns_access_log_is_off(gateway: RunningGateway, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    reader, writer = await gateway.raw()
    writer.write(f"GET /api/version?q=CANARY HTTP/1.1\r\nauthorization: Bearer {KEY}\r\n\r\n".encode())
    await reader.readuntil(b"0.24.0")
    writer.write(HEAD + b"content-length: 99999999\r\n\r\n")  # an answer that uvicorn sends
    await reader.readuntil(b"\r\n\r\n")
    writer.close()

    assert "/api" not in caplog.text


async def test_dripping_does_not_move_the_deadline(gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HEADER_SECONDS", 0.2)
    reader, writer = await gateway.raw()

    async def drip() -> None:
        writer.write(HEAD)
        while True:
            writer.write(b"x: y\r\n")
            await asyncio.sleep(0.01)

    dripping = asyncio.create_task(drip())
    answer = await asyncio.wait_for(reader.read(), 20)
    dripping.cancel()
    writer.close()

    assert answer.startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize(
    "data",
    [
        HEAD + b"x: " + b"y" * 40_000 + b"\r\n\r\n",
        HEAD + b"".join(b"x%d: y\r\n" % number for number in range(5000)) + b"\r\n",
        b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\n\r\n",
        HEAD + b"x: " + b"y" * 400_000,
    ],
    ids=["one header", "many headers", "path", "no end"],
)
async def test_headers_have_a_size(gateway: RunningGateway, data: bytes) -> None:
    answer = await ask(gateway, data)

    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b"connection: close" in answer
    assert code_of(answer) == "headers_too_large"
    assert (await gateway.record())["status"] == 431


async def test_headers_just_below_the_cap_are_taken(gateway: RunningGateway) -> None:
    async with gateway.http() as client:
        answer = await client.get("/api/version", headers={"x": "y" * 30_000})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"HELLO /api/chat HTTP/1.1\r\n\r\n",
        b"GET /api/\xff HTTP/1.1\r\n\r\n",
        b"CONNECT evil.example:443 HTTP/1.1\r\n\r\n",
        b"POST /api/chat HTTP/1.1\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /api/chat HTTP/1.1\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
        b"POST /api/chat HTTP/1.1\r\ncontent-length: -5\r\n\r\nhello",
        b"GET /api/chat HTTP/1.1\r\nx : y\r\n\r\n",
        b"GET /api/chat HTTP/1.1\r\nx: a\r\n folded\x00\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_refused_and_recorded(gateway: RunningGateway, data: bytes) -> None:
    answer = await ask(gateway, data)

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert code_of(answer) == "invalid_http"
    assert (await gateway.record())["code"] == "invalid_http"
    assert gateway.fake.asked == []


async def test_a_body_that_is_no_http_ends_the_request(gateway: RunningGateway) -> None:
    answer = await ask(gateway, HEAD + b"transfer-encoding: chunked\r\n\r\n5\r\nhello\r\nnot a length\r\n")

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert code_of(answer) == "invalid_http"
    assert (await gateway.record())["route"] == "/api/chat"


@pytest.mark.parametrize("sent", [b"x", b""])
@pytest.mark.parametrize("path", ["/api/version", "/health"])
async def test_a_route_without_a_body_refuses_one_however_it_comes(gateway: RunningGateway, path: str, sent: bytes) -> None:
    """In the packet of the headers, or announced by them and on its way."""
    head = f"GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {KEY}\r\ncontent-length: 1\r\n\r\n"
    answer = await ask(gateway, head.encode() + sent)

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"This route takes no body." in answer
    assert gateway.fake.asked == []


async def test_http_1_0_is_not_served(gateway: RunningGateway) -> None:
    answer = await ask(gateway, f"GET /api/version HTTP/1.0\r\nauthorization: Bearer {KEY}\r\n\r\n".encode())

    assert answer.startswith(b"HTTP/1.1 400 ")


async def test_a_body_that_stops_coming_is_refused_in_time(gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "SILENCE_SECONDS", 0.05)
    monkeypatch.setattr(body, "LINGER_SECONDS", 0.05)

    answer = await ask(gateway, HEAD + b'content-length: 50\r\n\r\n{"model":')

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert code_of(answer) == "request_timeout"
    record = await gateway.record()
    assert (record["outcome"], record["route"], record["key"]) == ("refused", "/api/chat", "alice")
    assert gateway.gateway.limiter.in_flight == 0


async def test_a_body_that_drips_is_refused_in_time(gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "BODY_SECONDS", 0.2)
    monkeypatch.setattr(body, "LINGER_SECONDS", 0.05)
    reader, writer = await gateway.raw()

    async def drip() -> None:
        writer.write(HEAD + b"content-length: 60000\r\n\r\n")
        while True:
            writer.write(b" ")
            await asyncio.sleep(0.01)

    dripping = asyncio.create_task(drip())
    head = await reader.readuntil(b"\r\n\r\n")
    dripping.cancel()
    writer.close()

    assert head.startswith(b"HTTP/1.1 408 ")


async def test_a_refused_upload_is_not_taken_in_whole(gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client keeps on sending after its answer: the connection ends under it."""
    monkeypatch.setattr(body, "LINGER_SECONDS", 0.1)
    reader, writer = await gateway.raw()
    writer.write(HEAD + b"content-length: 99999999999\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")

    with pytest.raises(ConnectionError):  # noqa: PT012  which of the writes fails depends on the buffers
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    assert head.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in head
    writer.close()


async def test_a_refused_client_that_stops_sending_is_not_waited_for(gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "LINGER_SECONDS", 0.05)

    answer = await ask(gateway, HEAD + b"content-length: 99999999999\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_a_client_that_waits_for_100_continue_gets_its_refusal_instead(gateway: RunningGateway) -> None:
    reader, writer = await gateway.raw()
    writer.write(HEAD + b"expect: 100-continue\r\ncontent-length: 99999999\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    writer.close()

    assert head.startswith(b"HTTP/1.1 413 ")


async def test_a_client_that_waits_for_100_continue_is_let_on(gateway: RunningGateway) -> None:
    data = json.dumps({"model": MODEL, "messages": [], "stream": False}).encode()
    reader, writer = await gateway.raw()
    writer.write(HEAD + b"expect: 100-continue\r\ncontent-length: %d\r\n\r\n" % len(data))
    first = await reader.readuntil(b"\r\n\r\n")
    writer.write(data)
    second = await reader.readuntil(b"\r\n\r\n")
    writer.close()

    assert first.startswith(b"HTTP/1.1 100 ")
    assert second.startswith(b"HTTP/1.1 200 ")


async def test_an_upgrade_is_not_followed(gateway: RunningGateway) -> None:
    reader, writer = await gateway.raw()
    head = f"GET /api/version HTTP/1.1\r\nauthorization: Bearer {KEY}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
    writer.write(head.encode())
    answer = await reader.readuntil(b"\r\n\r\n")
    writer.close()

    assert answer.startswith(b"HTTP/1.1 200 ")


async def test_connections_are_counted(gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MAX_CONNECTIONS", 1)
    monkeypatch.setattr(server, "HEADER_SECONDS", 1000.0)
    _, first = await gateway.raw()
    await until(lambda: len(gateway.server.server_state.connections) == 1)

    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):  # noqa: PT012  in the handshake or after it
        reader, _ = await gateway.raw()
        await asyncio.wait_for(reader.readexactly(1), 20)

    first.close()


async def test_a_handshake_has_an_end(fake: FakeOllama, tls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HANDSHAKE_SECONDS", 0.05)
    async with run_gateway(fake, tls) as gateway:
        reader, writer = await asyncio.open_connection("localhost", gateway.port)
        try:
            ended = await asyncio.wait_for(reader.read(), 20)
        except ConnectionError:
            ended = b""
        writer.close()

    assert ended == b""


async def test_a_request_behind_another_on_its_connection_does_not_disturb_it(gateway: RunningGateway) -> None:
    reader, writer = await gateway.raw()
    writer.write(f"GET /api/version HTTP/1.1\r\nauthorization: Bearer {KEY}\r\n\r\n".encode() + HEAD + b"content-length: 9999\r\n\r\n{")
    answer = await reader.readuntil(b"\r\n\r\n")
    writer.close()

    assert answer.startswith(b"HTTP/1.1 200 ")


async def test_requests_that_are_sent_ahead_are_few(gateway: RunningGateway) -> None:
    """Each that waits costs a hundred times its bytes: whoever sends more gets the answers to the first ones, and the connection ends."""
    answer = await ask(gateway, b"GET /api/version HTTP/1.1\r\n\r\n" * 2000)

    assert answer.count(b"HTTP/1.1 401 ") + answer.count(b"HTTP/1.1 400 ") <= server.MAX_WAITING + 1
    assert len(gateway.records()) <= server.MAX_WAITING + 1


async def test_a_few_requests_that_are_sent_ahead_are_answered_in_turn(gateway: RunningGateway) -> None:
    """HTTP/1.1 allows it (RFC 9112, 9.3.2)."""
    reader, writer = await gateway.raw()
    one = f"GET /api/version HTTP/1.1\r\nauthorization: Bearer {KEY}\r\n\r\n".encode()
    writer.write(one * server.MAX_WAITING)
    for _ in range(server.MAX_WAITING):
        await reader.readuntil(b"0.24.0")
    writer.close()

    assert {record["status"] for record in gateway.records()} == {200}


CHUNKED = json.dumps({"model": MODEL, "messages": [], "stream": False}).encode()
CHUNKED = b"%x\r\n%s\r\n0\r\n" % (len(CHUNKED), CHUNKED)


@pytest.mark.parametrize(
    ("head", "trailer", "status"),
    [
        (b"POST /api/chat HTTP/1.1\r\n", f"authorization: Bearer {KEY}", b"401"),
        (HEAD, "authorization: Bearer sk-of-nobody", b"200"),
        (HEAD, "content-encoding: gzip", b"200"),
        (HEAD, "x-assistant-retention: never", b"200"),
    ],
)
async def test_what_follows_a_body_is_no_header(gateway: RunningGateway, head: bytes, trailer: str, status: bytes) -> None:
    """A trailer says nothing of who asks or what is to be kept (RFC 9110, 6.5.1), whenever it comes."""
    reader, writer = await gateway.raw()
    writer.write(head + b"transfer-encoding: chunked\r\n\r\n" + CHUNKED + trailer.encode() + b"\r\n\r\n")
    answer = await reader.readuntil(b"\r\n")
    writer.close()

    assert answer.split(b" ")[1] == status


@pytest.mark.parametrize("trailer", [b"x: y\r\n" * 200_000, b"x: " + b"y" * 1_000_000], ids=["many", "one without an end"])
async def test_what_follows_a_body_has_a_size(gateway: RunningGateway, trailer: bytes) -> None:
    """It is held in memory until it ends, like headers."""
    answer = await ask(gateway, HEAD + b"transfer-encoding: chunked\r\n\r\n" + CHUNKED + trailer)

    assert answer.startswith(b"HTTP/1.1 431 ")
    assert code_of(answer) == "headers_too_large"


async def test_a_body_in_small_chunks_is_taken(gateway: RunningGateway) -> None:
    """However much of what arrives is no body."""
    data = json.dumps({"model": MODEL, "messages": [], "stream": False, "user": "x" * 60_000}).encode()
    reader, writer = await gateway.raw()
    writer.write(HEAD + b"transfer-encoding: chunked\r\n\r\n" + b"".join(b"1\r\n%c\r\n" % byte for byte in data) + b"0\r\n\r\n")
    answer = await reader.readuntil(b"\r\n")
    writer.close()

    assert answer.startswith(b"HTTP/1.1 200 ")


async def test_the_port_speaks_tls_1_3_only(gateway: RunningGateway) -> None:
    _, writer = await gateway.raw()
    assert writer.get_extra_info("ssl_object").version() == "TLSv1.3"
    writer.close()
    gateway.client_context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await gateway.raw()

    reader, writer = await asyncio.open_connection("localhost", gateway.port)
    writer.write(b"GET /api/version HTTP/1.1\r\n\r\n")
    try:
        plain = await reader.read()
    except ConnectionError:
        plain = b""
    writer.close()
    assert not plain.startswith(b"HTTP")
