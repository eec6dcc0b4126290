"""Answers of both formats: what is kept of them, and what is shown, event by event and as a whole."""

import contextlib
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant_gateway.chat import messages, ollama, openai
from assistant_gateway.chat.turn import ODD
from assistant_gateway.conversations import shapes
from assistant_gateway.errors import RefusalError
from tests.unit.gateway.wire.test_fields import JSON

SOURCES = {"sources": [{"text": "30 days."}]}


def event(*choices: dict[str, Any], **more: Any) -> bytes:
    return b"data: " + orjson.dumps({"object": "chat.completion.chunk", "choices": list(choices)} | more)


def choice(content: str | None, reason: str | None = None, index: int = 0) -> dict[str, Any]:
    return {"index": index, "delta": {"content": content}, "finish_reason": reason}


def shown(event: bytes) -> Any:
    return orjson.loads(event.removeprefix(b"data: "))


@given(st.lists(st.text(), max_size=6))
def test_the_pieces_of_a_stream_are_one_message_on_either_wire(texts: list[str]) -> None:
    one, other = openai.Answer("chat", {}), ollama.Answer("chat", {})
    for text in texts:
        one.event(event(choice(text)))
        other.event(orjson.dumps({"message": {"role": "assistant", "content": text}, "done": False}))
    assert not one.is_whole
    assert not other.is_whole
    for last in (event(choice(None, "stop")), b"data: [DONE]"):
        one.event(last)
    other.event(b'{"message":{"role":"assistant","content":""},"done":true}')

    assert one.is_whole
    assert other.is_whole
    assert one.message() == other.message() == {"role": "assistant", "content": "".join(texts)}


def test_an_event_that_needs_nothing_passes_as_it_came() -> None:
    odd = b'data: { "choices" : [ ] , "a": 1.0e0 }'

    assert openai.Answer("chat", {}).event(odd) is odd
    assert openai.Answer("chat", SOURCES).event(odd) is odd
    assert openai.Answer("chat", {}).event(b": a comment") == b": a comment"


def test_sources_stand_in_the_first_chunk_with_choices() -> None:
    answer = openai.Answer("chat", SOURCES)

    events = [answer.event(one) for one in (event(usage=None), event(choice("a"), choice("b", index=1)), event(choice("c")))]

    assert [[one.get("sources") for one in shown(event)["choices"]] for event in events] == [[], [SOURCES["sources"]] * 2, [None]]


def test_of_several_choices_the_first_is_kept() -> None:
    answer = openai.Answer("chat", {})
    for one in (event(choice("other", "stop", index=1)), event(choice("first"))):
        answer.event(one)
    answer.event(b"data: [DONE]")

    assert answer.message()["content"] == "first"
    assert not answer.is_whole  # the first has no end


def test_reasoning_is_not_kept() -> None:
    answer, native = openai.Answer("chat", {}), ollama.Answer("chat", {})
    answer.event(event({"index": 0, "delta": {"reasoning": "CANARY", "content": ""}, "finish_reason": None}))
    native.event(orjson.dumps({"message": {"role": "assistant", "content": "", "thinking": "CANARY"}, "done": False}))

    assert "CANARY" not in str(answer.message()) + str(native.message())


@pytest.mark.parametrize(("shape", "kind", "chunk"), [("private", "completion", "completion.chunk"), ("text", *["text_completion"] * 2)])
def test_shapes(shape: Any, kind: str, chunk: str) -> None:
    answer = openai.Answer(shape, SOURCES)
    first = shown(answer.event(event(choice("a"))))
    usage = shown(answer.event(event(usage={"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3})))
    whole = shown(
        openai.Answer(shape, {}).document(
            orjson.dumps({"object": "chat.completion", "choices": [{"index": 0, "message": {"content": "a"}, "finish_reason": "stop"}]})
        )
    )

    assert (whole["object"], first["object"], usage["object"]) == (kind, chunk, chunk)
    assert first["choices"][0]["sources"] == SOURCES["sources"]
    assert usage["usage"]["total_tokens"] == 3
    assert ("text" in first["choices"][0], "text" in whole["choices"][0]) == (shape == "text", shape == "text")
    assert ("delta" in first["choices"][0], "message" in whole["choices"][0]) == (shape == "private", shape == "private")


CALLS = st.lists(
    st.dictionaries(st.sampled_from(["index", "id", "function"]), JSON | st.fixed_dictionaries({"name": JSON}), max_size=3) | JSON
)
PART = st.dictionaries(st.sampled_from(["content", "refusal", "tool_calls", "role"]), st.text() | CALLS | JSON, max_size=4) | JSON
CHOICE = st.dictionaries(st.sampled_from(["index", "delta", "message", "finish_reason"]), PART | st.just(0), max_size=4)
ANSWER = st.fixed_dictionaries({}, optional={"choices": st.lists(CHOICE, max_size=3) | JSON, "message": PART, "done": st.booleans()})


@given(JSON | ANSWER)
def test_what_is_no_answer_raises_nothing_but_what_is_expected(value: object) -> None:
    data = orjson.dumps(value)
    answers: list[openai.Answer | ollama.Answer] = [
        openai.Answer("chat", SOURCES),
        openai.Answer("text", {}),
        ollama.Answer("chat", SOURCES),
    ]
    for answer in answers:
        with contextlib.suppress(*ODD):
            answer.document(data)
        with contextlib.suppress(*ODD):
            answer.event(b"data: " + data if isinstance(answer, openai.Answer) else data)
        with contextlib.suppress(RefusalError):
            shapes.kept(answer.message())


@pytest.mark.parametrize("arguments", ['{"a":', "[]", "7", ""])
def test_arguments_that_are_no_object_are_an_empty_one_for_ollama(arguments: str) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}}

    found = messages.for_ollama({"role": "assistant", "content": None, "tool_calls": [call]})

    assert found == {"role": "assistant", "content": "", "tool_calls": [call | {"function": {"name": "f", "arguments": {}}}]}
