"""Routes that are answered here: who may call them, what they get, and what is refused before they are called."""

from collections.abc import AsyncIterator, Mapping
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest

from assistant_gateway import routes
from assistant_gateway.errors import RefusalError
from assistant_gateway.policy import KeyPolicy, Role
from assistant_gateway.protocol.call import Call
from assistant_gateway.protocol.routing import OPENAI, Needs, Route, Table
from assistant_gateway.snapshot import Snapshot
from assistant_gateway.storage.errors import StoreError
from tests.unit.gateway.chat.remembering import FakeMemory, remembering
from tests.unit.gateway.fake_ollama import FakeOllama
from tests.unit.gateway.running import OTHER_KEY, RunningGateway, make_policy, run_gateway

KEEPING = remembering()


@dataclass
class Room:
    """A room of one handler; `error` is what it raises."""

    called: list[dict[str, Any]] = field(default_factory=list)
    error: Exception | None = None

    async def handler(self, call: Call, snapshot: Snapshot, parameters: Mapping[str, str], memory: Any) -> None:
        self.called.append({"query": call.query, "body": call.body, "subject": call.identity.subject, "memory": memory} | dict(parameters))
        if self.error is not None:
            raise copy(self.error)  # the test's own would hold on to the request by its traceback
        call.exchange.documents = ["d1"]
        await call.answer(200, orjson.dumps(call.json() if snapshot and call.body.startswith(b"{") else {}))

    def route(self, name: str, method: str, needs: Needs | None, accepts: Any = "none") -> Route:
        return Route(name, method, OPENAI, handler=self.handler, needs=needs, accepts=accepts)

    @property
    def table(self) -> Table:
        return Table(
            [
                *routes.TABLE,
                self.route("/v1/conversations/{id}", "GET", "conversations"),
                self.route("/v1/conversations/{id}", "POST", "conversations", "json"),
                self.route("/v1/chunks", "POST", "documents", "json"),
                self.route("/v1/file", "POST", "documents", "multipart"),
                self.route("/v1/subjects/{subject}", "DELETE", "privacy"),
                self.route("/v1/sources/{source}/document", "PUT", "source", "raw"),
            ]
        )


@pytest.fixture
def room() -> Room:
    return Room()


@pytest.fixture
async def serving(room: Room, fake: FakeOllama, tls: Path) -> AsyncIterator[RunningGateway]:
    async with run_gateway(fake, tls, with_role("Ingest"), memory=FakeMemory(), table=room.table) as gateway:
        yield gateway


def with_role(role: Role, **limits: Any) -> Any:
    keys = (KeyPolicy(name="alice", subject="Alice"), KeyPolicy(name="bob", subject="system:ingest", role=role))
    return remembering(**limits).model_copy(update={"keys": keys})


async def test_a_handler_gets_path_query_body_and_identity_and_leaves_one_record(serving: RunningGateway, room: Room) -> None:
    async with serving.http() as client:
        answer = await client.post("/v1/conversations/a%2Fb?limit=3&after=&limit=4&q=%C3%A9", json={"x": 1})
        record = await serving.record()

    assert answer.json() == {"x": 1}
    memory = room.called[0].pop("memory")
    assert memory is serving.gateway.memory
    assert room.called == [{"query": {"limit": "4", "after": "", "q": "é"}, "body": b'{"x":1}', "subject": "Alice", "id": "a/b"}]
    assert record["route"] == "/v1/conversations/{id}"
    assert (record["outcome"], record["status"], record["request_bytes"]) == ("completed", 200, 7)
    assert (record["documents"], record["model"], record["operation" if "operation" in record else "model"]) == (["d1"], None, None)
    assert serving.fake.asked == []
    assert serving.counted() == {("/v1/conversations/{id}", "completed", ""): 1.0}


async def test_health_is_for_those_with_a_key_and_tells_whether_the_gateway_serves(gateway: RunningGateway) -> None:
    async with gateway.http() as client, gateway.http("sk-wrong") as stranger:
        well = await client.get("/health")
        refused = await stranger.get("/health")
        gateway.current.ready = False
        away = await client.get("/health")

    assert well.json() == {"status": "ok"}
    assert (refused.status_code, away.status_code) == (401, 503)


ALL = [
    ("GET", "/v1/conversations/a"),
    ("POST", "/v1/chunks"),
    ("POST", "/v1/file"),
    ("DELETE", "/v1/subjects/me"),
    ("PUT", "/v1/sources/s/document"),
]
SOURCE = ("PUT", "/v1/sources/s/document")


@pytest.mark.parametrize(("method", "path"), [*ALL, ("POST", "/v1/chat/completions"), ("GET", "/v1/models"), ("GET", "/health")])
async def test_an_ingest_key_may_call_the_routes_of_sources_and_no_other(
    serving: RunningGateway, room: Room, method: str, path: str
) -> None:
    async with serving.http(OTHER_KEY) as ingest:
        answer = await ingest.request(method, path)

    expected = 200 if (method, path) == SOURCE else 403
    assert answer.status_code == expected
    assert expected == 200 or answer.json()["error"]["code"] == "wrong_role"
    assert serving.fake.asked == []
    assert len(room.called) == (expected == 200)


@pytest.mark.parametrize("role", ["User", "DataOfficer"])
@pytest.mark.parametrize(("method", "path"), ALL)
async def test_other_keys_may_call_all_but_those(room: Room, fake: FakeOllama, tls: Path, role: Role, method: str, path: str) -> None:
    async with run_gateway(fake, tls, with_role(role), memory=FakeMemory(), table=room.table) as gateway, gateway.http(OTHER_KEY) as client:
        answer = await client.request(method, path)

    assert answer.status_code == (403 if (method, path) == SOURCE else 200)


async def test_ingestion_is_not_slowed_down_by_the_limit_for_people(room: Room, fake: FakeOllama, tls: Path) -> None:
    policy = with_role("Ingest", requests_per_minute=1)
    async with run_gateway(fake, tls, policy, memory=FakeMemory(), table=room.table) as gateway, gateway.http(OTHER_KEY) as ingest:
        statuses = [(await ingest.put("/v1/sources/s/document", content=b"x")).status_code for _ in range(5)]

    assert statuses == [200] * 5


@pytest.mark.parametrize(
    ("method", "path", "keep", "rag", "code"),
    [
        ("GET", "/v1/conversations/a", False, True, "conversations_not_kept"),
        ("POST", "/v1/chunks", True, False, "documents_not_configured"),
        ("DELETE", "/v1/subjects/me", False, True, None),
        ("DELETE", "/v1/subjects/me", True, False, None),
    ],
)
async def test_what_the_policy_does_not_have_is_refused_with_the_field_that_would_have_it(
    room: Room, fake: FakeOllama, tls: Path, method: str, path: str, keep: bool, rag: bool, code: str | None
) -> None:
    policy = remembering(keep=keep, rag=rag)
    async with run_gateway(fake, tls, policy, memory=FakeMemory(), table=room.table) as gateway, gateway.http() as client:
        answer = await client.request(method, path)

    assert answer.status_code == (200 if code is None else 400)
    assert code is None or answer.json()["error"]["code"] == code
    assert code is None or "spec." in answer.json()["error"]["message"]


@pytest.mark.parametrize(("method", "path"), [case for case in ALL if case != SOURCE])
async def test_without_its_memory_nothing_is_called(room: Room, fake: FakeOllama, tls: Path, method: str, path: str) -> None:
    async with run_gateway(fake, tls, KEEPING, table=room.table) as gateway, gateway.http() as client:
        answer = await client.request(method, path)

    assert answer.status_code in {400, 503}
    assert room.called == []


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (StoreError(), 503, "store_unavailable"),
        (RefusalError("not_found"), 404, "not_found"),
        (RuntimeError("CANARY"), 500, "internal_error"),
    ],
)
async def test_what_a_handler_raises_is_told_in_the_wires_shape(
    serving: RunningGateway, room: Room, error: Exception, status: int, code: str
) -> None:
    room.error = error
    async with serving.http() as client:
        answer = await client.get("/v1/conversations/a")
        record = await serving.record()

    assert (answer.status_code, answer.json()["error"]["code"], record["code"]) == (status, code, code)
    assert "CANARY" not in answer.text + serving.log.getvalue()
    assert serving.gateway.limiter.in_flight == 0


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("GET", "/v1/conversations/a", b"x", 400),
        ("DELETE", "/v1/subjects/me", b"{}", 400),
        ("GET", "/v1/conversations/a?" + "&".join(f"f{number}=1" for number in range(40)), None, 400),
        ("GET", "/v1/conversations/a?q=%ff", None, 400),
        ("GET", "/v1/conversations/%ff", None, 403),
        ("GET", "/v1/conversations/a/b", None, 403),
        ("PATCH", "/v1/conversations/a", None, 405),
        ("POST", "/v1/file", b"x" * 70000, 413),
        ("POST", "/v1/file", b"x" * 60000, 200),
        ("POST", "/v1/chunks", b"", 200),
        ("POST", "/v1/chunks", b"{", 400),
    ],
)
async def test_odd_requests_are_refused_before_the_handler(
    serving: RunningGateway, room: Room, method: str, path: str, content: bytes | None, status: int
) -> None:
    async with serving.http() as client:
        answer = await client.request(method, path, content=content)

    assert answer.status_code == status
    if content != b"{":
        assert len(room.called) == (status == 200)


async def test_the_retention_header_is_checked_on_local_routes_too(serving: RunningGateway, room: Room) -> None:
    async with serving.http() as client:
        answer = await client.post("/v1/chunks", content=b"{}", headers={"X-Assistant-Retention": "forever"})

    assert answer.status_code == 400
    assert room.called == []


def test_an_assistant_with_a_store_has_the_rooms_routes_and_one_without_has_not() -> None:
    names = {route.name for route in routes.table(KEEPING).routes}
    base = {route.name for route in routes.table(make_policy()).routes}

    assert base == {route.name for route in routes.TABLE} | {"/v1/redact", "/v1/restore"}
    assert {"/v1/conversations", "/v1/ingest/file", "/v1/subjects/{subject}", "/v1/sources/{source}/document"} <= names - base
    assert all(route.handler is not None and route.needs for route in routes.table(KEEPING).routes if route.name not in base)
