"""A person's own copy and erasure, and the data officer's for anybody, over a gateway with a real store."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from assistant_gateway.policy import KeyPolicy
from assistant_gateway.retention import erasure, removal
from assistant_gateway.retention.export import Export
from assistant_gateway.storage.store import StoreError
from tests.support.postgres import Postgres
from tests.unit.gateway.fake_ollama import FakeOllama
from tests.unit.gateway.keeping import keeping_policy
from tests.unit.gateway.retention.kept import TTL, set_clock_up, with_store
from tests.unit.gateway.retention.serving import OTHER_KEY, Serving, serve
from tests.unit.gateway.running import until


async def said(serving: Serving, text: str, **more: Any) -> str:
    """Start a conversation of Alice's with one message and return its id."""
    async with serving.gateway.http() as alice:
        answer = await alice.post("/v1/conversations", json={"items": [{"role": "user", "content": text}]})
        return str(answer.json()["id"])


async def test_a_person_erases_and_exports_what_is_theirs(serving: Serving) -> None:
    """`me` is whoever asks; one's own name means the same; another's is refused without saying whether there is such a person."""
    await said(serving, "planted-text")
    async with serving.gateway.http() as alice, serving.gateway.http(OTHER_KEY) as bob:
        for path in ("/v1/subjects/me/export", "/v1/subjects/Alice/export"):
            answer = await alice.get(path)
            assert answer.headers["content-type"] == "application/x-ndjson"
            lines = [orjson.loads(line) for line in answer.content.splitlines()]
            assert lines[0] == {"object": "export", "subject": "Alice"}
            assert lines[-1] == {"object": "export.end", "counts": {"conversations": 1, "items": 1, "documents": 0, "chunks": 0}}
            assert lines[2]["item"]["content"][0]["text"] == "planted-text"
        assert b"planted-text" not in (await bob.get("/v1/subjects/me/export")).content
        refused = [await bob.request(method, f"/v1/subjects/{subject}{end}") for subject in ("Alice", "Nobody", "%00", "Alice%2F..")
                   for method, end in (("GET", "/export"), ("DELETE", ""))]  # fmt: skip
        erased = await alice.delete("/v1/subjects/me")

    assert {(answer.status_code, answer.json()["error"]["code"]) for answer in refused} == {(403, "wrong_role")}
    assert len({answer.content for answer in refused}) == 1
    receipt = erased.json()
    assert (receipt["object"], receipt["kind"], receipt["subject"]) == ("erasure.receipt", "subject", "Alice")
    assert receipt["counts"] == {"conversations": 1, "items": 1, "documents": 0, "chunks": 0, "keys": 1}
    assert await serving.sql("SELECT FROM items") == []
    notes = [record for record in serving.gateway.records() if record["record"] != "request"]
    assert [note["record"] for note in notes] == ["export", "export", "export", "erasure"]
    assert [note["subject"] for note in notes] == ["Alice", "Alice", "Bob", "Alice"]
    assert notes[-1]["id"] == receipt["id"]
    assert "planted" not in serving.gateway.records_file.read_text() + serving.gateway.log.getvalue()


async def test_the_data_officer_erases_and_exports_for_anybody(officer: Serving) -> None:
    """And for subjects who have no key any more; but reads nobody's conversation otherwise."""
    conversation = await said(officer, "planted-text")
    async with officer.gateway.http(OTHER_KEY) as bob:
        assert (await bob.get(f"/v1/conversations/{conversation}")).status_code == 404
        assert (await bob.delete(f"/v1/conversations/{conversation}")).status_code == 404
        exported = await bob.get("/v1/subjects/Alice/export")
        erased = await bob.delete("/v1/subjects/Alice")
        again = await bob.delete("/v1/subjects/Alice")
        unknown = await bob.delete("/v1/subjects/gone%2Fperson%40example.com")
        strange = await bob.delete("/v1/subjects/a%0Ab")
        await bob.get("/v1/subjects/Alice")
        other_method = await bob.post("/v1/subjects/Alice/export")

    assert b"planted-text" in exported.content
    assert erased.json()["counts"]["items"] == 1
    assert set(again.json()["counts"].values()) == set(unknown.json()["counts"].values()) == {0}
    assert unknown.json()["subject"] == "gone/person@example.com"
    assert strange.json()["error"]["code"] == "invalid_request"
    assert other_method.json()["error"]["code"] == "method_not_allowed"


async def test_an_export_that_breaks_is_seen_to_be_broken(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that goes away after the first line cuts the connection; nobody takes half an export for the whole.

    What was shown until then was shown: the record is there, or whoever leaves before the last line would read without one.
    """
    await said(serving, "text")

    async def fails(*_: object) -> AsyncIterator[object]:
        raise StoreError
        yield

    monkeypatch.setattr(Export, "_conversation", fails)
    async with serving.gateway.http() as alice:
        with pytest.raises(httpx.RemoteProtocolError):
            await alice.get("/v1/subjects/me/export")
    (record,) = (record for record in serving.gateway.records() if record["record"] == "export")
    assert (record["subject"], record["whole"], record["counts"]["items"]) == ("Alice", False, 0)


async def test_an_erasure_ends_with_its_record_also_where_nobody_waits_for_it(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that leaves once the keys are destroyed does not keep the erasure from its end, nor from the record of it."""
    conversation = await said(serving, "text")
    begun, may_go_on, remove = asyncio.Event(), asyncio.Event(), removal.conversations

    async def waits(*values: Any) -> int:
        begun.set()
        await may_go_on.wait()
        return await remove(*values)

    monkeypatch.setattr(removal, "conversations", waits)
    async with serving.gateway.http() as alice:
        asking = asyncio.create_task(alice.delete(f"/v1/conversations/{conversation}"))
        await begun.wait()
        asking.cancel()
    await until(lambda: any(record.get("outcome") == "client_gone" for record in serving.gateway.records()))
    may_go_on.set()

    await until(lambda: any(record["record"] == "erasure" for record in serving.gateway.records()))
    assert await serving.sql("SELECT FROM conversations") == []


async def test_an_erasure_of_everything_ends_with_its_record_too(officer: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys go some at a time: where the client leaves after the first of them, the others go all the same, and all are on record."""
    for number in range(3):
        await said(officer, str(number))
    begun, may_go_on, doom = asyncio.Event(), asyncio.Event(), erasure._doom

    async def waits(*values: Any) -> Any:
        if begun.is_set():
            await may_go_on.wait()
        doomed = await doom(*values)
        begun.set()
        return doomed

    monkeypatch.setattr(erasure, "BATCH", 2)
    monkeypatch.setattr(erasure, "_doom", waits)
    async with officer.gateway.http(OTHER_KEY) as bob:
        asking = asyncio.create_task(bob.request("DELETE", "/v1/memory", json={"confirm": "minimal"}))
        await begun.wait()
        asking.cancel()
    await until(lambda: any(record.get("outcome") == "client_gone" for record in officer.gateway.records()))
    may_go_on.set()

    await until(lambda: any(record["record"] == "erasure" for record in officer.gateway.records()))
    (receipt,) = (record for record in officer.gateway.records() if record["record"] == "erasure")
    assert (receipt["counts"]["conversations"], receipt["counts"]["keys"]) == (3, 3)
    assert await officer.sql("SELECT FROM conversations") == []


async def test_erasure_without_a_store_is_not_acknowledged(serving: Serving) -> None:
    """No receipt for what was not done."""
    await serving.memory.store.close()
    async with serving.gateway.http() as alice:
        answers = [await alice.delete("/v1/subjects/me"), await alice.get("/v1/subjects/me/export")]

    assert [answer.json()["error"]["code"] for answer in answers] == ["store_unavailable"] * 2


async def test_the_data_officer_erases_everything_and_nobody_else_does(officer: Serving) -> None:
    """Who may, and has written down of which assistant; the receipt is in the records, and nothing of what was kept is anywhere."""
    await said(officer, "planted-text")
    name = "minimal"
    async with officer.gateway.http() as alice, officer.gateway.http(OTHER_KEY) as bob:
        forbidden = [await alice.request("DELETE", "/v1/memory", json=body) for body in ({"confirm": name}, {})]
        for body in (b"", b"{}", b"[]", b'"minimal"', b'{"confirm": null}', b'{"confirm": "other"}', b'{"confirm": "MINIMAL"}',
                     b'{"confirm": ["minimal"]}', b'{"confirm": "minimal", "more": 1}', b"{"):  # fmt: skip
            refused = await bob.request("DELETE", "/v1/memory", content=body)
            assert (refused.status_code, refused.json()["error"]["code"][:8]) == (400, "invalid_"), body
        assert refused.json()["error"]["code"] == "invalid_json"
        assert len(await officer.sql("SELECT FROM items")) == 1
        erased = await bob.request("DELETE", "/v1/memory", json={"confirm": name})
        again = await bob.request("DELETE", "/v1/memory", json={"confirm": name})
        other_method = await bob.get("/v1/memory")

    assert [(answer.status_code, answer.json()["error"]["code"]) for answer in forbidden] == [(403, "wrong_role")] * 2
    assert erased.status_code == again.status_code == 200
    receipt = erased.json()
    assert (receipt["object"], receipt["kind"], receipt["assistant"]) == ("erasure.receipt", "assistant", name)
    assert receipt["counts"] == {"conversations": 1, "items": 1, "documents": 0, "chunks": 0, "keys": 1}
    assert receipt["returning_sources"] == []
    assert set(again.json()["counts"].values()) == {0}
    assert other_method.json()["error"]["code"] == "method_not_allowed"
    notes = [record for record in officer.gateway.records() if record["record"] == "erasure"]
    assert [note["id"] for note in notes] == [receipt["id"], again.json()["id"]]
    assert notes[0]["counts"] == receipt["counts"]
    assert await officer.sql("SELECT FROM items") == []
    assert "planted" not in officer.gateway.records_file.read_text() + officer.gateway.log.getvalue()


async def test_what_is_confirmed_is_said_without_the_name(officer: Serving) -> None:
    """A refusal quotes neither what was sent nor what should have been."""
    async with officer.gateway.http(OTHER_KEY) as bob:
        refused = await bob.request("DELETE", "/v1/memory", json={"confirm": "planted-name"})

    error = refused.json()["error"]
    assert error["param"] == "confirm"
    assert "'confirm'" in error["message"]
    assert "planted" not in refused.text + officer.gateway.records_file.read_text() + officer.gateway.log.getvalue()


async def test_the_receipt_names_the_sources_that_come_back(postgres: Postgres, fake: FakeOllama, tls: Path) -> None:
    """What is in a source is ingested again: whoever erases everything is told of which ones."""
    await set_clock_up(postgres)
    keys = (KeyPolicy(name="alice", subject="Alice", role="DataOfficer"), KeyPolicy(name="bob", subject="Bob"))
    async with serve(postgres, fake, tls, keeping_policy(postgres.policy).model_copy(update={"keys": keys})) as running:
        await running.sql("INSERT INTO source_runs (source, started_at, finished_at, documents) VALUES ('handbook', now(), now(), 3)")
        async with running.gateway.http() as alice:
            erased = await alice.request("DELETE", "/v1/memory", json={"confirm": "minimal"})
        sources = (await running.memory.library.status())["sources"]

    assert erased.json()["returning_sources"] == ["handbook"]
    assert (sources["handbook"]["startedAt"], sources["handbook"]["documents"]) == (None, 0)


async def test_two_gateways_serve_while_everything_goes(postgres: Postgres, fake: FakeOllama, tls: Path) -> None:
    """What one gateway erases is gone for the other's clients at once, and the other goes on keeping what is new."""
    await set_clock_up(postgres)
    keys = (KeyPolicy(name="alice", subject="Alice"), KeyPolicy(name="bob", subject="Bob", role="DataOfficer"))
    policy = with_store(postgres.policy, TTL).model_copy(update={"keys": keys})
    async with serve(postgres, fake, tls, policy) as one, serve(postgres, fake, tls, policy) as other:
        before = await said(other, "planted-text")
        async with one.gateway.http(OTHER_KEY) as bob, other.gateway.http() as alice:
            erased = await bob.request("DELETE", "/v1/memory", json={"confirm": "minimal"})
            gone = await alice.get(f"/v1/conversations/{before}/items")
            after = await said(other, "new")
            there = await alice.get(f"/v1/conversations/{after}/items")

    assert erased.json()["counts"]["items"] == 1
    assert gone.status_code == 404
    assert there.json()["data"][0]["content"][0]["text"] == "new"


async def test_an_erasure_of_everything_without_a_store_is_not_acknowledged(officer: Serving) -> None:
    """No receipt for what was not done."""
    await officer.memory.store.close()
    async with officer.gateway.http(OTHER_KEY) as bob:
        answer = await bob.request("DELETE", "/v1/memory", json={"confirm": "minimal"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "store_unavailable")
