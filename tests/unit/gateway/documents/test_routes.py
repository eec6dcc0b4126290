"""The routes of documents over TLS, as PrivateGPT's own client and an ingest Job call them."""

import io
import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from pgpt_python.core.api_error import ApiError  # type: ignore[import-untyped]
from pgpt_python.errors import UnprocessableEntityError  # type: ignore[import-untyped]

from assistant_gateway.documents import index, rows
from tests.unit.gateway.documents.served import Served, place


def deep(levels: int) -> dict[str, Any]:
    """Return an object in an object in an object."""
    made: dict[str, Any] = {}
    for _ in range(levels):
        made = {"a": made}
    return made


async def test_private_gpt_s_client_ingests_lists_finds_and_deletes(served: Served) -> None:
    file = io.BytesIO(b"The bus to Lyon leaves at seven.")
    file.name = "trip.txt"

    stored = await served.sdk("alice", lambda client: client.ingestion.ingest_file(file=file))
    text = await served.sdk("alice", lambda client: client.ingestion.ingest_text(file_name="menu", text="The canteen opens at noon."))

    assert [document.doc_metadata for document in stored.data] == [{"file_name": "trip.txt"}]
    listed = await served.sdk("alice", lambda client: client.ingestion.list_ingested())
    assert [document.doc_id for document in listed.data] == [stored.data[0].doc_id, text.data[0].doc_id]
    assert (await served.sdk("bob", lambda client: client.ingestion.list_ingested())).data == []

    found = await served.sdk("alice", lambda client: client.context_chunks.chunks_retrieval(text="when does the bus leave", limit=1))
    assert [(chunk.text, chunk.document.doc_id) for chunk in found.data] == [("The bus to Lyon leaves at seven.", stored.data[0].doc_id)]
    assert 0 < found.data[0].score < 1
    assert found.data[0].previous_texts is None

    receipt = await served.sdk("alice", lambda client: client.ingestion.delete_ingested(stored.data[0].doc_id))
    assert (receipt["object"], receipt["counts"]["documents"]) == ("erasure.receipt", 1)
    listed = await served.sdk("alice", lambda client: client.ingestion.list_ingested())
    assert [document.doc_id for document in listed.data] == [text.data[0].doc_id]


async def test_private_gpt_s_client_understands_the_errors(served: Served) -> None:
    served.world.sidecar.says[b"bad"] = {"ok": False, "reason": "Broken"}
    with pytest.raises((UnprocessableEntityError, ApiError)) as failed:
        await served.sdk("alice", lambda client: client.ingestion.ingest_file(file=io.BytesIO(b"bad")))
    assert failed.value.status_code == 422
    with pytest.raises(ApiError) as missing:
        await served.sdk("alice", lambda client: client.ingestion.delete_ingested(str(uuid4())))
    assert missing.value.status_code == 404


async def test_the_older_route_for_files(served: Served) -> None:
    stored = await served.sdk("alice", lambda client: client.ingestion.ingest(file=io.BytesIO(b"text")))
    assert len(stored.data) == 1


async def test_context_filter_and_neighbours(served: Served) -> None:
    text = " ".join(f"Thing{number} is described in this sentence and nowhere else in the world." for number in range(30))
    async with served.client("alice") as client:
        first = (await client.post("/v1/ingest/text", json={"file_name": "a", "text": text})).json()["data"][0]["doc_id"]
        second = (await client.post("/v1/ingest/text", json={"file_name": "b", "text": text})).json()["data"][0]["doc_id"]
        asked = {"text": "Thing15", "limit": 3, "context_filter": {"docs_ids": [second, "no-id", str(uuid4())]}, "prev_next_chunks": 1}
        found = (await client.post("/v1/chunks", json=asked)).json()
    assert (found["object"], found["model"]) == ("list", "private-gpt")
    assert {chunk["document"]["doc_id"] for chunk in found["data"]} == {second}
    assert first != second
    assert "Thing15" in found["data"][0]["text"]
    assert len(found["data"][0]["previous_texts"]) == len(found["data"][0]["next_texts"]) == 1


async def test_nobody_deletes_what_is_not_theirs(served: Served) -> None:
    """Not even who may read it; the answer is the one for an id that does not exist."""
    async with served.client("bob") as bob, served.client("alice") as alice:
        shared = {"file_name": "a", "text": "Minutes.", "metadata": {"groups": ["hr"], "year": 2026}}
        mine = (await bob.post("/v1/ingest/text", json=shared)).json()["data"][0]
        assert mine["doc_metadata"] == {"file_name": "a", "groups": ["hr"], "year": 2026}
        answers = [await alice.delete(f"/v1/ingest/{name}") for name in (mine["doc_id"], uuid4(), "no-id", "%2e%2e", "a%2Fb")]
        assert {(answer.status_code, answer.text) for answer in answers} == {(404, answers[0].text)}
        assert (await bob.delete(f"/v1/ingest/{mine['doc_id']}")).status_code == 200
        assert (await bob.delete(f"/v1/ingest/{mine['doc_id']}")).status_code == 404


async def test_metadata_of_a_form(served: Served) -> None:
    async with served.client("bob") as client:
        answer = await client.post(
            "/v1/ingest/file", files={"file": ("../x/ü.txt", b"text")}, data={"metadata": json.dumps({"groups": ["hr"]})}
        )
        assert answer.json()["data"][0]["doc_metadata"] == {"groups": ["hr"], "file_name": "ü.txt"}
        refused = await client.post("/v1/ingest/file", files={"file": ("a", b"text")}, data={"metadata": json.dumps({"groups": ["board"]})})
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "wrong_role")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"file_name": "a"},
        {"text": "a"},
        {"file_name": 1, "text": "a"},
        {"file_name": "a", "text": ["a"]},
        {"file_name": "a", "text": "a", "metadata": []},
        {"file_name": "a", "text": "a", "metadata": {"groups": "hr"}},
        {"file_name": "a", "text": "a", "metadata": {"groups": [1]}},
        {"file_name": "a", "text": "a", "metadata": {"note": "x" * 10_000}},
        {"file_name": "a", "text": "a", "metadata": deep(251)},
        {"file_name": "a", "text": "a", "metadata": deep(500)},
        [],
        "text",
    ],
)
async def test_a_text_that_is_none_is_refused(served: Served, body: Any) -> None:
    async with served.client("bob") as client:
        answer = await client.post("/v1/ingest/text", json=body)
    assert answer.status_code == 400
    assert await served.world.count("documents") == 0


async def test_metadata_that_is_taken_in_can_be_shown(served: Served) -> None:
    """As deep as it may be: in the answer, in the list, and beside a piece."""
    async with served.client("alice") as client:
        stored = await client.post("/v1/ingest/text", json={"file_name": "a", "text": "apple", "metadata": deep(241)})
        assert stored.status_code == 200
        assert (await client.get("/v1/ingest/list")).json()["data"] == stored.json()["data"]
        found = (await client.post("/v1/chunks", json={"text": "apple"})).json()["data"]
        assert found[0]["document"] == stored.json()["data"][0]


@pytest.mark.parametrize(
    "more",
    [
        {"text": None},
        {"text": 1},
        {"limit": 0},
        {"limit": "4"},
        {"limit": True},
        {"prev_next_chunks": -1},
        {"context_filter": {"docs_ids": "x"}},
        {"context_filter": "x"},
        {"context_filter": ["x"]},
        {"context_filter": {"docs_ids": [7]}},
        {"context_filter": {"docs_ids": ["x"] * 1001}},
    ],
)
async def test_a_search_that_is_none_is_refused(served: Served, more: dict[str, Any]) -> None:
    async with served.client("alice") as client:
        answer = await client.post("/v1/chunks", json={"text": "a"} | more)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")


async def test_the_record_names_documents_by_id_only(served: Served) -> None:
    async with served.client("alice") as client:
        stored = await client.post("/v1/ingest/text", json={"file_name": "canaryname", "text": "canarytext here"})
        document = stored.json()["data"][0]["doc_id"]
        assert (await served.gateway.record())["documents"] == [document]
        await client.post("/v1/chunks", json={"text": "canarytext"})
        assert (await served.gateway.record())["documents"] == [document]
        await client.delete(f"/v1/ingest/{document}")
    await served.gateway.idle()
    assert UUID(document)
    assert "canary" not in served.gateway.records_file.read_text() + served.gateway.log.getvalue()


async def test_control_characters_of_a_text_and_its_name_are_no_text(served: Served) -> None:
    async with served.client("alice") as client:
        sent = b'{"file_name": "a\\u0000\\u001b[31m.txt", "text": "one\\u0000two\\r\\nthree \\u202efour"}'
        stored = await client.post("/v1/ingest/text", content=sent)
        found = (await client.post("/v1/chunks", json={"text": "three"})).json()["data"]
    assert stored.json()["data"][0]["doc_metadata"] == {"file_name": "a[31m.txt"}
    assert [chunk["text"] for chunk in found] == ["one two\nthree \u202efour"]


async def test_an_upload_that_asks_for_nothing_to_be_kept_is_refused(served: Served) -> None:
    async with served.client("alice") as client:
        answer = await client.post("/v1/ingest/text", json={"file_name": "a", "text": "a"}, headers={"X-Assistant-Retention": "none"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "retention_not_allowed")
    assert await served.world.count("documents") == 0


async def test_a_list_of_many_pages_is_one_list(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the clients read it; a page of which nothing is left by then leaves no gap, and none at all is an empty list."""
    monkeypatch.setattr(index, "PAGE", 1)
    usual = rows.heads
    gone: list[UUID] = []

    async def heads(connection: Any, documents: Any) -> Any:
        return await usual(connection, [document for document in documents if document not in gone])

    monkeypatch.setattr(rows, "heads", heads)
    async with served.client("alice") as client:
        empty = (await client.get("/v1/ingest/list")).json()
        for name in "abc":
            await client.post("/v1/ingest/text", json={"file_name": name, "text": f"Text {name}."})
        whole = (await client.get("/v1/ingest/list")).json()
        gone += [UUID(document["doc_id"]) for document in whole["data"][:2]]
        left = (await client.get("/v1/ingest/list")).json()
    assert empty == {"object": "list", "model": "private-gpt", "data": []}
    assert [document["doc_metadata"]["file_name"] for document in whole["data"]] == ["a", "b", "c"]
    assert left == whole | {"data": whole["data"][2:]}


async def test_a_store_that_is_away(served: Served) -> None:
    served.world.store._pool = None
    async with served.client("alice") as client:
        listed = await client.get("/v1/ingest/list")
        stored = await client.post("/v1/ingest/text", json={"file_name": "a", "text": "a"})
        found = await client.post("/v1/chunks", json={"text": "a"})
    assert (listed.status_code, listed.json()["error"]["code"]) == (503, "store_unavailable")
    assert (stored.status_code, stored.json()["error"]["code"]) == (503, "store_unavailable")
    assert (found.status_code, found.json()["error"]["code"]) == (503, "retrieval_failed")


# What an ingest Job does


async def test_a_job_s_run(served: Served) -> None:
    path = "a b/ü&=?#/日本.md"
    async with served.client("ingest.internal") as job, served.client("bob") as bob:
        listing = (await job.get("/v1/sources/salaries/documents")).json()
        assert listing["data"] == []
        assert listing["maxBytes"] > 0
        assert (await job.post("/v1/sources/salaries/runs", json={"state": "started"})).status_code == 200
        sent = await job.put(place("salaries", path), content=b"Pay day is Friday.", headers={"content-type": "text/markdown"})
        assert sent.json() == {"status": "stored", "chunks": 1}
        assert served.world.sidecar.asked[-1]["mediaType"] == "text/markdown"
        assert (await job.put(place("salaries", path), content=b"Pay day is Friday.")).json() == {"status": "unchanged", "chunks": 1}
        [listed] = (await job.get("/v1/sources/salaries/documents")).json()["data"]
        assert (listed["locator"], len(listed["sha256"])) == (path, 64)

        found = (await bob.post("/v1/chunks", json={"text": "pay day"})).json()["data"]
        assert found[0]["document"]["doc_metadata"] == {"file_name": path}

        finished = {"state": "finished", "documents": 1, "chunks": 1, "failed": {"Broken": 1}}
        assert (await job.post("/v1/sources/salaries/runs", json=finished)).status_code == 200
        assert (await job.delete(place("salaries", path))).json() == {"status": "deleted"}
        assert (await job.delete(place("salaries", path))).status_code == 404
        assert (await bob.post("/v1/chunks", json={"text": "pay day"})).json()["data"] == []


async def test_a_source_that_is_not_the_policy_s_is_not_there(served: Served) -> None:
    async with served.client("ingest.internal") as job:
        answers = [
            await job.get("/v1/sources/other/documents"),
            await job.put(place("other", "a"), content=b"x"),
            await job.delete(place("other", "a")),
            await job.post("/v1/sources/other/runs", json={"state": "started"}),
        ]
    assert {answer.status_code for answer in answers} == {404}


async def test_each_role_has_its_routes(served: Served) -> None:
    """The ingest key reads nothing, and no user's key feeds a source."""
    async with served.client("ingest.internal") as job, served.client("alice") as alice:
        answers = [
            await job.get("/v1/ingest/list"),
            await job.post("/v1/chunks", json={"text": "a"}),
            await job.post("/v1/ingest/text", json={"file_name": "a", "text": "a"}),
            await alice.get("/v1/sources/handbook/documents"),
            await alice.put(place("handbook", "a"), content=b"x"),
            await alice.delete(place("handbook", "a")),
            await alice.post("/v1/sources/handbook/runs", json={"state": "started"}),
        ]
    assert [(answer.status_code, answer.json()["error"]["code"]) for answer in answers] == [(403, "wrong_role")] * 7


async def test_a_file_larger_than_the_policy_s_limit(served: Served) -> None:
    async with served.client("ingest.internal") as job:
        answer = await job.put(place("handbook", "a"), content=b"x" * (1024 * 1024 + 1))
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body_too_large")


async def test_without_a_place_nothing_is_stored(served: Served) -> None:
    async with served.client("ingest.internal") as job:
        answer = await job.put("/v1/sources/handbook/document", content=b"x")
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "locator")


@pytest.mark.parametrize("action", ["Mask", "Block"])
async def test_what_is_brought_and_searched_for_is_redacted_and_counted(served: Served, action: str) -> None:
    """By every route that brings a text: forms, texts, questions, and what a Job sends."""
    served.world.redact(action)
    served.gateway.current.snapshot = served.world.current.snapshot
    text = "Ask anna.weber@example.com for the key."
    async with served.client("alice") as alice, served.client("ingest.internal") as job:
        answers = [
            await alice.post("/v1/ingest/file", files={"file": ("a.txt", text.encode(), "text/plain")}),
            await alice.post("/v1/ingest/text", json={"file_name": "b", "text": text}),
            await alice.post("/v1/chunks", json={"text": text}),
            await job.put(place("handbook", "a"), content=text.encode()),
        ]
    records = served.gateway.records()

    assert {answer.status_code for answer in answers} == {422 if action == "Block" else 200}
    assert [record["redactions"] for record in records] == [{"request": {"EMAIL": 1}, "response": {}}] * 4
    assert all("weber" not in asked.body.decode() for asked in served.world.ollama.asked)
    assert all("weber" not in answer.text for answer in answers)
