"""What a request may ask for: always less than the CR keeps, never more, and none of it reaches the model server."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant_gateway.chat import wanted
from assistant_gateway.chat.wanted import Wanted
from assistant_gateway.errors import RefusalError
from assistant_gateway.policy import Policy
from assistant_gateway.wire import fields
from tests.unit.gateway.chat.remembering import remembering
from tests.unit.gateway.fake_ollama import MODEL
from tests.unit.gateway.running import make_policy
from tests.unit.gateway.wire.test_fields import JSON

CONVERSATION = "conv_" + "0a" * 16
ID = UUID("0a" * 16)
DOCUMENT = UUID("0b" * 16)
NONE = [(b"x-assistant-retention", b"none")]
CHAT = "/v1/chat/completions"
ROUTES = ["/api/chat", "/api/generate", "/api/embed", "/v1/chat/completions", "/v1/completions", "/v1/embeddings"]


def take(
    body: dict[str, Any], policy: Policy | None = None, route: str = CHAT, headers: list[tuple[bytes, bytes]] | None = None
) -> Wanted | None:
    return wanted.take({"model": MODEL} | body, route, policy or remembering(), headers or [])


def refused(*args: Any, **more: Any) -> RefusalError:
    with pytest.raises(RefusalError) as found:
        take(*args, **more)
    return found.value


@pytest.mark.parametrize("route", ["/api/chat", "/v1/chat/completions"])
@pytest.mark.parametrize("policy", [make_policy(), remembering()], ids=["default", "remembering"])
@pytest.mark.parametrize(
    "body",
    [
        {},
        {"store": False},
        {"use_context": False},
        {"use_context": False, "store": False, "include_sources": False},
        {"store": None, "use_context": None, "context_filter": None, "include_sources": None, "conversation": None},
    ],
)
def test_less_is_honoured_everywhere_and_wants_nothing(body: dict[str, Any], policy: Policy, route: str) -> None:
    request = {"model": MODEL, "messages": []} | body

    assert wanted.take(request, route, policy, NONE) is None
    assert request == {"model": MODEL, "messages": []}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"store": True}, "conversations_not_kept"),
        ({"conversation": CONVERSATION}, "conversations_not_kept"),
        ({"conversation": {"id": CONVERSATION}, "store": False}, "conversations_not_kept"),
        ({"use_context": True}, "documents_not_configured"),
        ({"context_filter": {"docs_ids": [str(DOCUMENT)]}}, "documents_not_configured"),
        ({"include_sources": True}, "documents_not_configured"),
    ],
)
def test_a_default_assistant_refuses_more_and_names_the_field_of_the_cr(body: dict[str, Any], code: str) -> None:
    refusal = refused(body, make_policy())

    assert (refusal.code, refusal.param) == (code, next(iter(body)))
    assert "spec." in refusal.text


def test_what_is_kept_belongs_to_a_conversation() -> None:
    assert refused({"store": True}).code == "retention_not_allowed"


@pytest.mark.parametrize("body", [{"store": False}, {}])
def test_a_request_may_not_ask_for_less_where_the_cr_says_so(body: dict[str, Any]) -> None:
    refusal = refused({"conversation": CONVERSATION} | body, remembering(opt_out=False), headers=NONE)

    assert refusal.code == "retention_not_allowed"
    assert "perRequestOptOut" in refusal.text
    assert take(body, remembering(opt_out=False), headers=NONE) is None  # nothing would be kept of it anyway


@pytest.mark.parametrize(
    ("body", "headers", "keep"),
    [({}, [], True), ({"store": True}, [], True), ({"store": False}, [], False), ({}, NONE, False), ({"store": True}, NONE, False)],
)
def test_the_lesser_wish_decides_what_is_kept(body: dict[str, Any], headers: list[tuple[bytes, bytes]], keep: bool) -> None:
    found = take({"conversation": CONVERSATION} | body, headers=headers)

    assert found == Wanted(False, None, False, ID, keep, "chat")


def test_context_comes_with_its_sources_unless_they_are_declined() -> None:
    with_sources = take({"use_context": True, "context_filter": {"docs_ids": [str(DOCUMENT)]}})
    without = take({"use_context": True, "include_sources": False})

    assert with_sources == Wanted(True, [DOCUMENT], True, None, False, "chat")
    assert without == Wanted(True, None, False, None, False, "chat")


@pytest.mark.parametrize(("body", "context"), [({}, True), ({"use_context": True}, True), ({"use_context": False}, False)])
def test_an_assistant_that_always_retrieves_does_so_unless_it_is_told_not_to(body: dict[str, Any], context: bool) -> None:
    found = take(body, remembering("Always"))

    assert (found is not None and found.context) is context


@pytest.mark.parametrize("docs_ids", [[], ["nothing"], ["../x", ""]])
def test_ids_that_are_none_find_nothing_rather_than_everything(docs_ids: list[str]) -> None:
    found = take({"use_context": True, "context_filter": {"docs_ids": docs_ids}})

    assert found is not None
    assert found.docs_ids == []


@pytest.mark.parametrize("conversation", ["", "conv_", "0a" * 16, "conv_" + "0A" * 16, CONVERSATION + "0", {"id": "x"}])
def test_what_is_no_id_is_not_found(conversation: object) -> None:
    assert refused({"conversation": conversation}).code == "not_found"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"use_context": "yes"}, "use_context"),
        ({"include_sources": 1}, "include_sources"),
        ({"store": "no"}, "store"),
        ({"conversation": 7}, "conversation"),
        ({"conversation": {"ID": CONVERSATION}}, "conversation"),
        ({"context_filter": []}, "context_filter"),
        ({"context_filter": {"docs_ids": "x"}}, "context_filter"),
        ({"context_filter": {"docs_ids": [7]}}, "context_filter"),
        ({"context_filter": {"docIds": []}}, "context_filter"),
        ({"context_filter": {"docs_ids": [str(DOCUMENT)] * 1001}}, "context_filter"),
    ],
)
def test_a_wrong_type_names_the_field(body: dict[str, Any], param: str) -> None:
    refusal = refused(body)

    assert (refusal.code, refusal.param) == ("invalid_request", param)


@pytest.mark.parametrize("route", ["/api/generate", "/api/embed", "/v1/embeddings"])
def test_routes_that_are_no_chat_refuse_more_and_honour_less(route: str) -> None:
    request = {"model": MODEL, "store": False, "use_context": False}

    assert wanted.take(request, route, remembering("Always"), []) is None
    assert request == {"model": MODEL}
    for body in ({"use_context": True}, {"conversation": CONVERSATION}, {"store": True}):
        assert refused(body, route=route).code == "invalid_request"


# PrivateGPT's way


def test_a_request_that_names_no_model_is_privategpts() -> None:
    request: dict[str, Any] = {"messages": []}

    assert wanted.take(request, CHAT, make_policy(), []) == Wanted(False, None, False, None, False, "private")
    assert request == {"messages": [], "model": MODEL}
    assert wanted.take({"messages": []}, "/api/chat", make_policy(), []) is None  # Ollama's clients always name one


def test_a_text_completion_becomes_a_chat_where_it_asks_for_one() -> None:
    request: dict[str, Any] = {"prompt": "Hello", "system_prompt": "Be kind.", "use_context": True, "logprobs": 3, "max_tokens": 5}

    found = wanted.take(request, "/v1/completions", remembering(), [])

    assert found is not None
    assert (found.shape, found.context) == ("private", True)
    messages = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello"}]
    assert request == {"model": MODEL, "messages": messages, "max_tokens": 5}


@pytest.mark.parametrize("body", [{"system_prompt": "Be kind."}, {"use_context": True}, {"conversation": CONVERSATION}])
def test_with_a_model_its_answer_stays_a_text(body: dict[str, Any]) -> None:
    found = take({"prompt": "Hello"} | body, route="/v1/completions")

    assert found is not None
    assert found.shape == "text"


def test_a_plain_text_completion_stays_as_it_is_also_where_chats_always_retrieve() -> None:
    request = {"model": MODEL, "prompt": "Hello", "system_prompt": None}

    assert wanted.take(request, "/v1/completions", remembering("Always"), []) is None
    assert request == {"model": MODEL, "prompt": "Hello"}


@pytest.mark.parametrize("prompt", [None, 7, ["a", "b"], [7]])
def test_a_chat_needs_one_prompt(prompt: object) -> None:
    assert refused({"prompt": prompt, "use_context": True}, route="/v1/completions").param == "prompt"


@pytest.mark.parametrize("policy", [make_policy(), remembering(), remembering("Always", keep=False)], ids=["default", "both", "always"])
@given(route=st.sampled_from(ROUTES), body=st.dictionaries(st.sampled_from(sorted(fields.MEMORY | {"prompt", "model"})), JSON, max_size=6))
def test_whatever_is_asked_nothing_of_it_is_left_in_the_request(policy: Policy, route: str, body: dict[str, Any]) -> None:
    try:
        wanted.take(body, route, policy, [])
    except RefusalError as refusal:
        assert refusal.status in {400, 404}  # noqa: PT017  both ways out are right
        return
    left = body.keys() & fields.MEMORY
    assert not left or (left == {"system_prompt"} and route != "/v1/completions")
