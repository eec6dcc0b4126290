"""What is kept of messages and items, and what a chat gets back of it."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant_gateway.chat.messages import for_ollama
from assistant_gateway.conversations import messages, shapes
from assistant_gateway.errors import RefusalError

TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20)
NAME = st.text(alphabet="abc_", min_size=1, max_size=5)
PART = st.one_of(
    st.builds(lambda text: {"type": "text", "text": text}, TEXT),
    st.builds(lambda url: {"type": "image_url", "image_url": {"url": url, "detail": "low"}}, TEXT),
)
CALL = st.builds(lambda id, name: {"id": id, "type": "function", "function": {"name": name, "arguments": "{}"}}, NAME, NAME)
MESSAGE = st.one_of(
    st.builds(lambda role, text: {"role": role, "content": text}, st.sampled_from(["user", "system", "developer", "assistant"]), TEXT),
    st.builds(lambda parts: {"role": "user", "content": parts}, st.lists(PART, min_size=2, max_size=3)),
    st.builds(lambda id, text: {"role": "tool", "tool_call_id": id, "content": text}, NAME, TEXT),
    st.builds(lambda calls, text: {"role": "assistant", "content": text, "tool_calls": calls}, st.lists(CALL, min_size=1), TEXT),
)


def joined(message: dict[str, Any]) -> dict[str, Any]:
    """Return the message with parts that are all text as one text."""
    parts = message["content"]
    if isinstance(parts, list) and all(part["type"] == "text" for part in parts):
        return message | {"content": "\n".join(part["text"] for part in parts)}
    return message


@given(st.lists(MESSAGE, max_size=5))
def test_a_chat_comes_back_as_it_was(chat: list[dict[str, Any]]) -> None:
    """Kept as items, sealed as JSON, and made messages again: roles, text, images, calls and outputs are what they were."""
    items = [item for message in chat for item in shapes.kept(message)]
    again = messages.of_items(orjson.loads(orjson.dumps(items)))

    assert again == [joined(message) for message in chat]


def test_calls_alone_are_one_message() -> None:
    """An assistant's message that only calls functions has no content, and its calls stay together."""
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    chat = [{"role": "user", "content": "Look."}, {"role": "assistant", "content": None, "tool_calls": [call, call | {"id": "c2"}]}]

    items = [item for message in chat for item in shapes.kept(message)]

    assert [item["type"] for item in items] == ["message", "function_call", "function_call"]
    assert messages.of_items(items) == chat


def test_ollamas_own_messages() -> None:
    """Images beside the text, arguments as an object, calls without ids."""
    chat = [
        {"role": "user", "content": "What is this?", "images": ["aGk="]},
        {"role": "assistant", "content": "", "thinking": "not kept", "tool_calls": [{"function": {"name": "look", "arguments": {"a": 1}}}]},
        {"role": "tool", "content": "a cat", "tool_name": "look"},
    ]

    image, said, call, output = [item for message in chat for item in shapes.kept(message)]

    assert image["content"][1] == {"type": "input_image", "detail": "auto", "image_url": "data:image/png;base64,aGk="}
    assert said["content"] == [{"type": "output_text", "text": "", "annotations": [], "logprobs": []}]
    assert (call["name"], call["arguments"]) == ("look", '{"a":1}')
    assert (output["output"], output["name"]) == ("a cat", "look")


def test_a_tools_result_goes_on_saying_whose_it_is() -> None:
    """A model that called several tools is told by the name which of them has answered; each wire has its own field for it."""
    (item,) = shapes.kept({"role": "tool", "content": "a cat", "tool_name": "look"})

    (message,) = messages.of_items([item])

    assert message == {"role": "tool", "content": "a cat", "name": "look"}
    assert for_ollama(message) == {"role": "tool", "content": "a cat", "tool_name": "look"}


def test_arguments_that_cannot_be_written_are_refused() -> None:
    """JSON is read deeper than it is written: what comes as an object may be nested more deeply than its text can be."""
    arguments: dict[str, Any] = {}
    for _ in range(300):
        arguments = {"a": arguments}

    with pytest.raises(RefusalError) as refused:
        shapes.kept({"type": "function_call", "name": "look", "arguments": arguments})

    assert refused.value.code == "invalid_request"


NAMES = ["type", "role", "content", "text", "tool_calls", "function", "name", "arguments", "output", "image_url", "url", "images", "detail"]
VALUES = ["message", "user", "assistant", "tool", "text", "input_image", "image_url", "function_call", "function_call_output"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(VALUES),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=20,
)


@given(JSON)
def test_anything_else_is_refused(value: Any) -> None:
    """Whatever a client sends, it is kept in a known shape or refused as invalid: never a crash."""
    refusal = None
    try:
        items = shapes.kept(value)
    except RefusalError as error:
        refusal, items = error, []

    assert refusal is None or (refusal.code, refusal.param) == ("invalid_request", "items")
    orjson.dumps(items)
    messages.of_items(items)


@pytest.mark.parametrize("number", [0, 21])
def test_as_many_items_as_openai_takes(number: int) -> None:
    """Between one and twenty."""
    with pytest.raises(RefusalError):
        shapes.items([{"role": "user", "content": "x"}] * number)
