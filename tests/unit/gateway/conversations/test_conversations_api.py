"""OpenAI's Conversations API as its own SDK calls it, and what it refuses, over a gateway with a real store."""

from typing import Any
from uuid import uuid4

import openai
import orjson
import pytest

from assistant_gateway.conversations.conversations import Conversations
from assistant_gateway.retention.sweep import CONVERSATIONS, Sweeper
from assistant_gateway.snapshot import Snapshot
from assistant_gateway.storage.errors import StoreError
from tests.unit.gateway.fake_ollama import MODEL
from tests.unit.gateway.redacting import redacting
from tests.unit.gateway.retention.kept import TTL
from tests.unit.gateway.retention.serving import KEY, OTHER_KEY, Serving

HELLO: Any = {"type": "message", "role": "user", "content": "Hello"}


def text(item: Any) -> str:
    """Return a message's text."""
    (part,) = item.content
    return str(part.text)


async def test_the_sdk_works_unchanged(serving: Serving) -> None:
    """Create, retrieve, update and delete; items too."""
    async with serving.openai() as client:
        made = await client.conversations.create(items=[HELLO], metadata={"topic": "test"})
        changed = await client.conversations.update(made.id, metadata={"topic": "changed"})
        found = await client.conversations.retrieve(made.id)
        added = await client.conversations.items.create(made.id, items=[{"role": "assistant", "content": "Hi"}, HELLO])
        one = await client.conversations.items.retrieve(added.data[0].id or "", conversation_id=made.id)
        left = await client.conversations.items.delete(added.last_id, conversation_id=made.id)
        page = await client.conversations.items.list(made.id)
        deleted = await client.conversations.delete(made.id)
        with pytest.raises(openai.NotFoundError) as gone:
            await client.conversations.retrieve(made.id)

    assert (made.object, made.metadata) == ("conversation", {"topic": "test"})
    assert found == changed
    assert found.to_dict() | {"expires_at": None} == left.to_dict() | {"expires_at": None}  # what was added keeps it for longer
    assert found.metadata == {"topic": "changed"}
    assert found.created_at == made.created_at
    assert made.model_extra == {"ttl_seconds": TTL, "expires_at": made.created_at + TTL}
    assert (added.object, added.has_more, added.first_id, len(added.data)) == ("list", False, added.data[0].id, 2)
    assert one == added.data[0]
    assert one.to_dict() == {
        "id": one.id,
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [{"type": "output_text", "text": "Hi", "annotations": [], "logprobs": []}],
    }
    assert [text(item) for item in page.data] == ["Hi", "Hello"]
    assert (deleted.id, deleted.object, deleted.deleted) == (made.id, "conversation.deleted", True)
    assert deleted.model_extra is not None
    assert deleted.model_extra["receipt"]["counts"] == {"conversations": 1, "items": 2, "documents": 0, "chunks": 0, "keys": 1}
    assert gone.value.code == "not_found"


async def test_the_key_that_an_erased_item_shared_is_swept(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """The conversation is sealed anew; the key from before must not stay in what the table's file and the log hold."""
    marked: list[tuple[str, ...]] = []
    monkeypatch.setattr(Sweeper, "mark", lambda sweeper, tables: marked.append(tables))
    async with serving.openai() as client:
        made = await client.conversations.create(items=[HELLO, HELLO])
        page = await client.conversations.items.list(made.id)
        await client.conversations.items.delete(page.data[0].id or "", conversation_id=made.id)

    assert marked == [CONVERSATIONS]


async def test_it_is_swept_also_where_the_request_is_cut_off(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its client or by the store, between the commit and its answer: nobody else would know that there is something to sweep."""
    marked: list[tuple[str, ...]] = []
    monkeypatch.setattr(Sweeper, "mark", lambda sweeper, tables: marked.append(tables))
    delete_item = Conversations.delete_item

    async def lost(*values: Any) -> None:
        await delete_item(*values)
        raise StoreError

    monkeypatch.setattr(Conversations, "delete_item", lost)
    async with serving.openai() as client:
        made = await client.conversations.create(items=[HELLO, HELLO])
        page = await client.conversations.items.list(made.id)
        with pytest.raises(openai.InternalServerError):
            await client.with_options(max_retries=0).conversations.items.delete(page.data[0].id or "", conversation_id=made.id)

    assert marked == [CONVERSATIONS]


async def test_the_sdk_walks_the_pages(serving: Serving) -> None:
    """The SDK's iteration finds every item in both orders, the latest first unless told otherwise."""
    async with serving.openai() as client:
        conversation = await client.conversations.create()
        for start in range(0, 45, 15):
            items: Any = [{"role": "user", "content": str(number)} for number in range(start, start + 15)]
            await client.conversations.items.create(conversation.id, items=items)
        latest = [text(item) async for item in client.conversations.items.list(conversation.id)]
        earliest = [text(item) async for item in client.conversations.items.list(conversation.id, order="asc", limit=7)]
        first = await client.conversations.items.list(conversation.id)

    assert earliest == [str(number) for number in range(45)]
    assert latest == earliest[::-1]
    assert (len(first.data), first.has_more) == (20, True)


async def test_every_kind_of_item_comes_back_as_the_sdks_own(serving: Serving) -> None:
    """Function calls, their outputs, images and developer messages are parsed by the SDK into their types."""
    items: Any = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "input_text", "text": "What is this?"}, {"type": "input_image", "image_url": "data:,x"}]},
        {"type": "function_call", "call_id": "c1", "name": "look", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "a cat"},
    ]
    async with serving.openai() as client:
        conversation = await client.conversations.create(items=items)
        page = await client.conversations.items.list(conversation.id, order="asc")
        again = await client.conversations.create(items=[item.to_dict() for item in page.data])  # type: ignore[misc]
        copied = await client.conversations.items.list(again.id, order="asc")

    assert [type(item).__name__ for item in page.data] == [
        "Message",
        "Message",
        "ResponseFunctionToolCallItem",
        "ResponseFunctionToolCallOutputItem",
    ]
    assert [item.to_dict() | {"id": ""} for item in copied.data] == [item.to_dict() | {"id": ""} for item in page.data]


async def test_an_empty_conversation(serving: Serving) -> None:
    """A list without items is a list, for the SDK too."""
    async with serving.openai() as client:
        conversation = await client.conversations.create(items=[], metadata=None)
        assert [item async for item in client.conversations.items.list(conversation.id)] == []


async def test_others_get_the_same_answer_as_for_nothing(serving: Serving) -> None:
    """On every route, byte for byte: another subject's ids, ids that never were, and what is no id."""
    async with serving.openai() as client:
        made = await client.conversations.create(items=[HELLO])
        item = (await client.conversations.items.list(made.id)).data[0].id
    routes: list[tuple[str, str, Any]] = [
        ("GET", "/v1/conversations/{c}", None),
        ("POST", "/v1/conversations/{c}", {"metadata": {}}),
        ("DELETE", "/v1/conversations/{c}", None),
        ("GET", "/v1/conversations/{c}/items", None),
        ("GET", "/v1/conversations/{c}/items?after={i}", None),
        ("POST", "/v1/conversations/{c}/items", {"items": [HELLO]}),
        ("GET", "/v1/conversations/{c}/items/{i}", None),
        ("DELETE", "/v1/conversations/{c}/items/{i}", None),
    ]
    never = f"conv_{uuid4().hex}", f"msg_{uuid4().hex}"
    asked = [
        (made.id, item),
        never,
        (made.id.upper(), item),
        ("x", "y"),
        (made.id[5:], item),
        ("%00", "%ff"),
        ("..", "."),
        (f"{made.id}%2F", item),
    ]
    async with serving.gateway.http(OTHER_KEY) as bob:
        for method, path, body in routes:
            answers = [await bob.request(method, path.format(c=c, i=i), json=body) for c, i in asked[:5]]
            assert {answer.status_code for answer in answers} == {404}, path
            assert len({answer.content for answer in answers}) == 1, path
    async with serving.gateway.http() as alice:
        assert (await alice.get(f"/v1/conversations/{made.id}/items/{item}")).status_code == 200
        for c, i in asked[2:]:
            answer = await alice.get(f"/v1/conversations/{c}/items/{i}")
            assert answer.status_code in (400, 403, 404), (c, i)
        assert (await alice.get(f"/v1/conversations/{made.id}/items/{never[1]}")).status_code == 404


INVALID: list[tuple[str, str, bytes | None, str]] = [
    ("POST", "", b"[]", "invalid_request"),
    ("POST", "", b"{", "invalid_json"),
    ("POST", "", b'{"items": [{"role": "user", "content": "x"}], "stored": false}', "invalid_request"),
    ("POST", "", b'{"items": {}}', "invalid_request"),
    ("POST", "", orjson.dumps({"items": [HELLO] * 21}), "invalid_request"),
    ("POST", "", b'{"items": ["x"]}', "invalid_request"),
    ("POST", "", b'{"items": [{"type": "reasoning"}]}', "invalid_request"),
    ("POST", "", b'{"items": [{"type": ["message"]}]}', "invalid_request"),
    ("POST", "", b'{"items": [{"role": "root", "content": "x"}]}', "invalid_request"),
    ("POST", "", b'{"items": [{"role": ["user"], "content": "x"}]}', "invalid_request"),
    ("POST", "", b'{"items": [{"role": "user", "content": 5}]}', "invalid_request"),
    ("POST", "", b'{"items": [{"role": "user"}]}', "invalid_request"),
    ("POST", "", b'{"items": [{"role": "user", "content": [{"type": "input_file"}]}]}', "invalid_request"),
    ("POST", "", b'{"metadata": []}', "invalid_request"),
    ("POST", "", b'{"metadata": {"a": 1}}', "invalid_request"),
    ("POST", "", orjson.dumps({"metadata": {"a" * 65: ""}}), "invalid_request"),
    ("POST", "", orjson.dumps({"metadata": {"a": "b" * 513}}), "invalid_request"),
    ("POST", "", orjson.dumps({"metadata": {str(number): "" for number in range(17)}}), "invalid_request"),
    ("POST", "", b'{"ttl_seconds": "1"}', "invalid_request"),
    ("POST", "", b'{"ttl_seconds": 0}', "invalid_request"),
    ("POST", "", b'{"ttl_seconds": true}', "invalid_request"),
    ("POST", "", b'{"ttl_seconds": 99999999999999999999999}', "invalid_request"),
    ("POST", "", b'{"ttl_seconds": 3601}', "retention_not_allowed"),
    ("POST", "/{id}/items", b"{}", "invalid_request"),
    ("POST", "/{id}/items", b'{"items": []}', "invalid_request"),
    ("POST", "/{id}", b'{"metadata": {"a": null}}', "invalid_request"),
    ("GET", "/{id}/items?limit=0", None, "invalid_request"),
    ("GET", "/{id}/items?limit=101", None, "invalid_request"),
    ("GET", "/{id}/items?limit=1e1", None, "invalid_request"),
    ("GET", "/{id}/items?limit=%D9%A1", None, "invalid_request"),
    ("GET", "/{id}/items?order=up", None, "invalid_request"),
    ("GET", "/{id}/items?after=msg_", None, "not_found"),
    ("PUT", "/{id}", b"{}", "method_not_allowed"),
    ("DELETE", "/{id}/items", None, "method_not_allowed"),
    ("GET", "", None, "method_not_allowed"),
]


async def test_what_is_refused(serving: Serving) -> None:
    """A request that is not valid keeps nothing, and its answer repeats nothing of it."""
    async with serving.gateway.http() as http:
        made = (await http.post("/v1/conversations")).json()["id"]
        for method, path, body, code in INVALID:
            answer = await http.request(method, f"/v1/conversations{path.format(id=made)}", content=body)
            assert answer.json()["error"]["code"] == code, (method, path, body, answer.text)

    assert await serving.sql("SELECT FROM items") == []
    assert len(await serving.sql("SELECT FROM conversations")) == 1


async def test_records_say_what_was_kept_and_nothing_of_it(serving: Serving) -> None:
    """Ids and whether something was kept are in the record; the route's template stands for the path."""
    async with serving.gateway.http() as http:
        made = (await http.post("/v1/conversations", json={"items": [HELLO], "metadata": {"topic": "planted-topic"}})).json()["id"]
        created = await serving.gateway.record()
        await http.get(f"/v1/conversations/{made}/items")
        listed = await serving.gateway.record()
        await http.post(f"/v1/conversations/{made}/items", json={"items": [{"role": "user", "content": "planted-text"}]})
        added = await serving.gateway.record()

    assert [(line["route"], line["conversation"], line["retained"]) for line in (created, listed, added)] == [
        ("/v1/conversations", made, True),
        ("/v1/conversations/{conversation}/items", made, False),
        ("/v1/conversations/{conversation}/items", made, True),
    ]
    assert "planted" not in serving.gateway.records_file.read_text()
    assert "planted" not in serving.gateway.log.getvalue()


async def test_a_wish_that_nothing_be_kept_is_not_ignored(serving: Serving) -> None:
    """A request to keep something that says as well that nothing is to be kept is refused; one that only reads is not."""
    async with serving.gateway.http() as http:
        made = (await http.post("/v1/conversations")).json()["id"]
        http.headers["x-assistant-retention"] = "none"
        answers = [
            await http.post("/v1/conversations"),
            await http.post(f"/v1/conversations/{made}", json={"metadata": {}}),
            await http.post(f"/v1/conversations/{made}/items", json={"items": [HELLO]}),
        ]
        assert (await http.get(f"/v1/conversations/{made}")).status_code == 200

    assert {answer.json()["error"]["code"] for answer in answers} == {"retention_not_allowed"}


async def test_a_store_that_is_away_is_no_crash(serving: Serving) -> None:
    """Nothing is acknowledged that is not kept."""
    await serving.memory.store.close()
    async with serving.gateway.http() as http:
        answer = await http.post("/v1/conversations", json={"items": [HELLO]})

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "store_unavailable")
    assert KEY not in answer.text


async def test_a_chat_is_kept_in_its_conversation(serving: Serving) -> None:
    """What was asked and answered is there when the answer has ended, whole or streamed, and goes with the next request to the model."""
    async with serving.openai() as client:
        conversation = await client.conversations.create()
        more: Any = {"extra_body": {"conversation": conversation.id}}
        ask: Any = {"model": MODEL, "messages": [{"role": "user", "content": "one"}]}
        await client.chat.completions.create(**ask, **more)
        async for _ in await client.chat.completions.create(**ask, **more, stream=True):
            pass
        await client.chat.completions.create(**ask, extra_body={"conversation": conversation.id, "store": False})
        texts = [text(item) async for item in client.conversations.items.list(conversation.id, order="asc")]
        with pytest.raises(openai.NotFoundError) as not_found:
            async with serving.openai(OTHER_KEY) as bob:
                await bob.chat.completions.create(**ask, **more)

    assert texts == ["one", "Hello world"] * 2
    sent = [orjson.loads(asked.body)["messages"] for asked in serving.gateway.fake.asked]
    assert [[message["content"] for message in messages] for messages in sent] == [
        ["one"],
        ["one", "Hello world", "one"],
        ["one", "Hello world", "one", "Hello world", "one"],
    ]
    assert not_found.value.code == "not_found"


@pytest.mark.parametrize(("action", "kept"), [("Mask", "Ask [EMAIL]."), ("Pseudonymize", "Ask anna@example.com."), ("Block", None)])
async def test_what_is_brought_to_be_kept_is_redacted(serving: Serving, action: str, kept: str | None) -> None:
    """Items and metadata alike. What will be shown to the model in stand-ins is kept as it was written, sealed."""
    gateway = serving.gateway
    gateway.current.snapshot = Snapshot.of(redacting(action, base=gateway.current.snapshot.policy), gateway.current.snapshot.keys)
    item = HELLO | {"content": "Ask anna@example.com."}
    async with gateway.http() as client:
        empty = (await client.post("/v1/conversations", json={})).json()["id"]
        place = f"/v1/conversations/{empty}"
        answers = [
            await client.post("/v1/conversations", json={"items": [item], "metadata": {"a": "Ask anna@example.com."}}),
            await client.post(f"{place}/items", json={"items": [item]}),
            await client.post(place, json={"metadata": {"a": "Ask anna@example.com."}}),
        ]
        left = (await client.get(f"{place}/items")).json()["data"]
    records = gateway.records()[1:4]

    if kept is None:
        assert [answer.json()["error"]["code"] for answer in answers] == ["personal_data_refused"] * 3
        assert left == []
        assert [record["retained"] for record in records] == [False] * 3
        return
    assert answers[0].json()["metadata"] == answers[2].json()["metadata"] == {"a": kept}
    assert left[0]["content"][0]["text"] == kept
    assert [record["redactions"]["request"] for record in records] == (
        [{"EMAIL": 2}, {"EMAIL": 1}, {"EMAIL": 1}] if action == "Mask" else [{}] * 3
    )


@pytest.mark.parametrize("action", ["Mask", "Pseudonymize", "Block"])
@pytest.mark.parametrize("allowed", [False, True])
async def test_what_cannot_be_searched_is_not_kept_either(serving: Serving, action: str, allowed: bool) -> None:
    """A picture that no chat may show to the model would make each turn of its conversation a refusal."""
    gateway = serving.gateway
    policy = redacting(action, base=gateway.current.snapshot.policy, allow_unscanned_media=allowed)
    gateway.current.snapshot = Snapshot.of(policy, gateway.current.snapshot.keys)
    item = HELLO | {"content": [{"type": "input_image", "image_url": "data:image/png;base64,aGVsbG8="}]}
    async with gateway.http() as client:
        made = await client.post("/v1/conversations", json={"items": [item]})
        empty = (await client.post("/v1/conversations", json={})).json()["id"]
        added = await client.post(f"/v1/conversations/{empty}/items", json={"items": [item]})
        left = (await client.get(f"/v1/conversations/{empty}/items")).json()["data"]

    if allowed:
        assert (made.status_code, added.status_code, len(left)) == (200, 200, 1)
        return
    assert [answer.json()["error"]["code"] for answer in (made, added)] == ["unscanned_media"] * 2
    assert left == []
