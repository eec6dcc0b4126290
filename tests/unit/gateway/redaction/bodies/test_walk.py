"""Requests of both wire formats: no text of theirs is left unseen, and nothing that the wire format needs is changed."""

import copy
import json
import time
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant_gateway.redaction.bodies.unread import TooDeepError, unscanned
from assistant_gateway.redaction.bodies.walk import CALL_ID, EXEMPT, MODEL, transform
from tests.unit.gateway.wire.test_fields import JSON

CANARY = "CANARY 4711"


def mask(text: str) -> str:
    """Hide a word, a card's number, and what is called a secret."""
    hidden = text.replace(CANARY, "[IT]").replace("4111111111111111", "[CARD]")
    return "secret: [IT]" if hidden.startswith("secret: ") else hidden


def texts_hidden(body: dict[str, Any]) -> dict[str, Any]:
    """Return the body masked, having seen that nothing of the canary is left."""
    given = copy.deepcopy(body)
    masked = transform(body, mask)
    assert body == given
    assert CANARY not in json.dumps(masked)
    return masked


CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": orjson.dumps({"to": CANARY}).decode()}}
TOOL = {
    "type": "function",
    "function": {
        "name": "f",
        "description": CANARY,
        "parameters": {
            "type": "object",
            "required": ["to", CANARY],
            "properties": {
                "to": {"type": "string", "description": CANARY, "enum": [CANARY, 4111111111111111], "default": CANARY},
                CANARY: {"anyOf": [{"type": "string", "title": CANARY}]},
                "type": {"type": "string", "examples": [CANARY]},
            },
        },
    },
}
OPENAI = {
    "model": "tiny:1b",
    "messages": [
        {"role": "system", "content": CANARY},
        {"role": "user", "name": CANARY, "content": [{"type": "text", "text": CANARY}, {"type": "new", "new": {"x": [CANARY]}}]},
        {"role": "assistant", "content": None, "tool_calls": [CALL], "refusal": CANARY, "reasoning": CANARY},
        {"role": "tool", "tool_call_id": "call_1", "content": CANARY},
        {"role": "assistant", "function_call": {"name": "f", "arguments": CANARY}},
    ],
    "tools": [TOOL],
    "functions": [TOOL["function"]],
    "tool_choice": {"type": "function", "function": {"name": CANARY}},
    "response_format": {"type": "json_schema", "json_schema": {"name": CANARY, "schema": {"properties": {"a": {"const": CANARY}}}}},
    "metadata": {"note": CANARY, "list": [CANARY, {CANARY: 4111111111111111}]},
    "stop": [CANARY],
    "user": CANARY,
    "prediction": {"type": "content", "content": CANARY},
    "logit_bias": {"50256": -100},
    "temperature": 0.5,
    "seed": 4111111111111111,
    "stream": True,
    "unknown": {CANARY: [[CANARY]]},
}
OLLAMA = {
    "model": "tiny:1b",
    "prompt": CANARY,
    "suffix": CANARY,
    "system": CANARY,
    "template": "{{ .Prompt }} " + CANARY,
    "raw": True,
    "format": {"type": "object", "properties": {"a": {"enum": [CANARY]}}},
    "options": {"num_ctx": 4096, "stop": [CANARY]},
    "messages": [
        {"role": "user", "content": CANARY, "images": ["aGVsbG8=", CANARY]},
        {"role": "assistant", "content": "", "thinking": CANARY, "tool_calls": [{"function": {"name": "f", "arguments": {"n": CANARY}}}]},
        {"role": "tool", "tool_name": CANARY, "content": json.dumps({"a": CANARY})},
    ],
    "input": [CANARY, CANARY],
    "keep_alive": "5m",
}


@pytest.mark.parametrize("body", [OPENAI, OLLAMA])
def test_every_text_is_masked(body: dict[str, Any]) -> None:
    """Wherever it stands, in keys as well; what the wire format needs stays."""
    masked = texts_hidden(body)

    assert masked.keys() == body.keys()
    for name in ("model", "seed", "logit_bias", "temperature", "stream", "raw", "keep_alive"):
        assert masked.get(name) == body.get(name)
    assert [message["role"] for message in masked["messages"]] == [message["role"] for message in body["messages"]]


def test_nothing_of_the_wire_format_changes() -> None:
    """A body in which nothing is found is the same."""
    clean = json.loads(json.dumps([OPENAI, OLLAMA]).replace(CANARY, "word").replace("4111111111111111", "12"))

    assert [transform(body, mask) for body in clean] == clean


def test_names_go_on_fitting_together() -> None:
    """A parameter that is required is one that there is."""
    parameters = texts_hidden(OPENAI)["tools"][0]["function"]["parameters"]

    assert parameters["required"] == ["to", "[IT]"]
    assert parameters["properties"].keys() == {"to", "[IT]", "type"}
    assert parameters["properties"]["to"] == {"type": "string", "description": "[IT]", "enum": ["[IT]", "[CARD]"], "default": "[IT]"}


@pytest.mark.parametrize(
    ("arguments", "masked"),
    [
        ('{"to": "CANARY 4711", "n": 1.0}', '{"to":"[IT]","n":1.0}'),
        ('{"n": 4111111111111111}', '{"n":"[CARD]"}'),
        ('{"secret": "x", "é": "CANARY 4711"}', '{"secret":"[IT]","é":"[IT]"}'),
        ('{ "n": 1.50, "big": 123456789012345678901234567890 }', '{ "n": 1.50, "big": 123456789012345678901234567890 }'),
        ('{"a": "CANARY 4711", "big": 123456789012345678901234567890}', '{"a":"[IT]","big":123456789012345678901234567890}'),
        ('{"a": "CANARY 4711", "a": "x"}', '{"a":"x"}'),
        ('{"CANARY 4711": 1, "[IT]": 2}', '{"[IT]-2":1,"[IT]":2}'),
        ('[{"a": ["CANARY 4711"]}]', '[{"a":["[IT]"]}]'),
        ('{"a": "\\ud83d", "b": "CANARY 4711"}', '{"a":"\\ud83d","b":"[IT]"}'),
        ('{"a": "\\u0043ANARY 4711"}', '{"a":"[IT]"}'),
        ('{"broken": CANARY 4711', '{"broken": [IT]'),
        ("CANARY 4711", "[IT]"),
        ("[CANARY 4711](x)", "[[IT]](x)"),
        ("", ""),
    ],
)
def test_arguments_and_results_are_masked_value_by_value(arguments: str, masked: str) -> None:
    """They are JSON as text, and stay JSON: numbers that are found become strings, and where nothing is found nothing changes.

    In a chat as in the items of a conversation: arguments that are none keep the model server from every turn that follows.
    """
    body = {
        "messages": [
            {"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": arguments}}]},
            {"role": "tool", "content": arguments},
            {"role": "user", "content": arguments},
            {"type": "function_call", "call_id": "a", "name": "f", "arguments": arguments},
            {"type": "function_call_output", "call_id": "a", "output": arguments},
        ]
    }

    call, result, said, called, output = transform(body, mask)["messages"]

    assert call["tool_calls"][0]["function"]["arguments"] == masked
    assert result["content"] == masked
    assert said["content"] == mask(arguments)
    assert (called["arguments"], output["output"]) == (masked, masked)


def test_a_value_in_a_tools_result_is_counted_once() -> None:
    """The count stands in the record, in metrics, and in a refusal."""
    seen: list[str] = []

    def note(text: str) -> str:
        seen.append(text)
        return text

    transform({"messages": [{"role": "tool", "tool_call_id": "call_1", "content": CANARY}]}, note)

    assert seen.count(CANARY) == 1


def test_parsed_arguments_are_masked_value_by_value() -> None:
    """Ollama's own format has them as an object."""
    arguments = {"to": [CANARY, 4111111111111111, 12], "secret": "x", CANARY: None}
    body = {"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": arguments}}]}]}

    shown = texts_hidden(body)["messages"][0]["tool_calls"][0]["function"]["arguments"]

    assert shown == {"to": ["[IT]", "[CARD]", 12], "secret": "[IT]", "[IT]": None}


def test_a_value_that_only_its_name_gives_away_is_found() -> None:
    """In what nobody knows as well."""
    assert transform({"secret": "x", "a": {"secret": ["y"]}}, mask) == {"secret": "[IT]", "a": {"secret": ["[IT]"]}}


@pytest.mark.parametrize("name", EXEMPT)
def test_what_is_left_has_the_form_of_what_it_should_be(name: str) -> None:
    """A field of the table with text in it is text; and each has a reason."""
    assert transform({name: CANARY, "messages": [{name: CANARY}]}, mask) == {name: "[IT]", "messages": [{name: "[IT]"}]}
    assert EXEMPT[name].why
    assert EXEMPT[name].form.fullmatch("word")


def test_a_models_name_is_one_at_the_top_only() -> None:
    """Anywhere else nobody has checked it against the policy."""
    body = {"model": "tiny:1b", "messages": [{"model": "me@x"}], "new": {"model": "me@x"}}
    assert transform(body, str.upper)["model"] == "tiny:1b"
    assert transform(body, str.upper)["messages"] == [{"model": "ME@X"}]
    assert MODEL.why


@pytest.mark.parametrize(
    "body",
    [
        {"messages": [{"tool_calls": [{"Function": {"name": "f", "Arguments": {"card": 4111111111111111}}}]}]},
        {"messages": [{"tool_calls": [{"function": {"name": "f", "ARGUMENTS": '{"card": 4111111111111111}'}}]}]},
        {"tools": [{"Function": {"Parameters": {"properties": {"card": {"Enum": [4111111111111111]}}}}}]},
    ],
)
def test_capitals_hide_nothing_from_it_that_the_model_server_reads(body: dict[str, Any]) -> None:
    """Go takes `Arguments` for `arguments`: a number in there is text to the model."""
    assert "4111111111111111" not in json.dumps(transform(body, mask))


@pytest.mark.parametrize("given", [{"50256": CANARY}, {"4111111111111111": 1}, {"1": {CANARY: 1}}])
def test_a_bias_is_of_numbers_or_text_like_all_else(given: dict[str, Any]) -> None:
    shown = json.dumps(transform({"logit_bias": given}, mask))
    assert CANARY not in shown
    assert "4111111111111111" not in shown


def test_what_grows_with_a_conversation_is_looked_at_behind_what_does_not() -> None:
    """Stand-ins are numbered as values are met: those of the tools must not move when a message is added."""
    seen: list[str] = []

    def note(text: str) -> str:
        seen.append(text)
        return text

    transform({"metadata": "last", "messages": [{"content": "then"}], "tools": [{"description": "first"}]}, note)

    texts = [text for text in seen if text in ("first", "then", "last")]
    assert texts == ["first", "then", "last"]


def test_ids_of_calls_stay_where_they_are_ids() -> None:
    """The model server joins a call and its result by them; text in their place is text."""
    strict = str.upper
    body = {
        "messages": [
            {"role": "assistant", "tool_calls": [{"id": "call_1", "function": {"name": "f", "arguments": ""}}, {"id": "me@x"}]},
            {"role": "tool", "tool_call_id": "call_1"},
            {"role": "tool", "tool_call_id": "me@x"},
            {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": ""},
            {"type": "function_call_output", "call_id": "me@x", "output": ""},
        ],
        "id": "call_1",
    }

    shown = transform(body, strict)

    messages = shown["messages"]
    assert [call["id"] for call in messages[0]["tool_calls"]] == ["call_1", "ME@X"]
    assert [message["tool_call_id"] for message in messages[1:3]] == ["call_1", "ME@X"]
    assert messages[3]["call_id"] == "call_1"
    assert "me@x" not in json.dumps(messages[4])
    assert shown["id"] == "CALL_1"
    assert CALL_ID.why


CARD = 4111111111111111


@pytest.mark.parametrize(
    "body",
    [
        {"messages": [{"role": "user", "content": CARD}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": CARD}, CARD]}]},
        {"prompt": CARD, "new_field": {"deep": [CARD]}},
        {"prompt": [float(CARD)], "input": [[float(CARD)]]},
        {"tools": [{"function": {"parameters": {"properties": {"to": {"items": {"minimum": CARD, "multipleOf": [CARD]}}}}}}]},
        {"format": {"$defs": {"card": {"maximum": CARD}}}, "response_format": {"json_schema": {"schema": {"minimum": CARD}}}},
    ],
)
def test_a_number_is_text_wherever_it_stands(body: dict[str, Any]) -> None:
    """A model that is shown the request's JSON reads it as well."""
    shown = json.dumps(transform(body, mask))

    assert "4111111111111111" not in shown
    assert "[CARD]" in shown


def test_a_number_that_is_a_setting_stays_one() -> None:
    """What the model server counts or draws with is shown to no model, and must not become a string."""
    body = {"seed": CARD, "options": {"seed": CARD}, "context": [CARD], "input": [[CARD]], "logit_bias": {"1": 100_000}, "n": 100_000}

    assert transform(body, mask) == body


PICTURE = "data:image/png;base64,aGVsbG8="


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": f"https://example.com/{CANARY}"}},
        {"type": "image_url", "image_url": {"url": PICTURE, "alt": CANARY}},
        {"type": "image_url", "image_url": f"data:text/plain,{CANARY}"},
        {"type": "file", "file": {"file_data": "aGVsbG8=", "filename": CANARY}},
        {"type": "input_audio", "input_audio": {"data": "aGVsbG8=", "transcript": [CANARY]}},
        {"type": "image_url", "text": CANARY},
    ],
)
def test_what_such_a_part_says_beside_its_bytes_is_text(part: dict[str, Any]) -> None:
    """An address, a file's name, a description."""
    texts_hidden({"messages": [{"role": "user", "content": [part]}]})


@given(st.dictionaries(st.text(), JSON))
def test_every_string_of_whatever_body_is_given_to_the_mask(body: dict[str, Any]) -> None:
    """No shape of a request hides a text."""
    seen: list[str] = []

    def listen(text: str) -> str:
        seen.append(text)
        return text

    assert transform(body, listen) == body
    heard = "\n".join(seen)
    for text in _strings(body):
        assert text in heard or text in EXEMPT or text.isidentifier()


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for key, one in value.items() for text in (key, *_strings(one))]
    return [text for one in value for text in _strings(one)] if isinstance(value, list) else []


@pytest.mark.parametrize("name", ["metadata", "options", "format", "unknown"])
def test_an_object_of_one_value_in_many_spellings_does_not_take_for_ever(name: str) -> None:
    """All of its keys become one stand-in, and each gets a number of its own: the work grows with the keys, not with their square."""
    spellings = {f"4711 {number}": number for number in range(10_000)}
    began = time.process_time()

    masked = transform({name: spellings}, lambda text: "[IT]" if "4711" in text else text)[name]

    assert list(masked)[:3] == ["[IT]", "[IT]-2", "[IT]-3"]
    assert list(masked.values()) == list(spellings.values())
    assert time.process_time() - began < 5


def test_what_is_nested_too_deeply_is_refused() -> None:
    """With an error that callers expect."""
    value: Any = CANARY
    for _ in range(2000):
        value = [value]

    for walk in (lambda: transform({"x": value}, mask), lambda: unscanned({"x": value})):
        with pytest.raises(TooDeepError) as raised:
            walk()
        assert CANARY not in str(raised.value)


def test_arguments_that_are_nested_too_deeply_are_refused() -> None:
    """Also as text."""
    with pytest.raises(TooDeepError):
        transform({"messages": [{"role": "tool", "content": "[" * 100_000 + "]" * 100_000}]}, mask)
