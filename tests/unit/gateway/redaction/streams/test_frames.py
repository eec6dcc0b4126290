"""Answers on the wire, both formats: whatever the split, the same bytes; whatever the answer, its texts rewritten and nothing else."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant_gateway.redaction.streams import fields, frames
from assistant_gateway.redaction.streams.cutting import UnreadableAnswerError, Wire
from assistant_gateway.redaction.streams.frames import Frames
from assistant_gateway.redaction.streams.outgoing import Outgoing
from assistant_gateway.redaction.streams.streaming import StreamRestorer, both, once, restoring
from tests.unit.gateway.redaction import recorded
from tests.unit.gateway.redaction.pieces import ADDRESS, CUTS, QUOTED, Fake, call, choice, chunk, events, framed, line, restorer, texts
from tests.unit.gateway.redaction.recorded import STREAMS
from tests.unit.gateway.wire.test_fields import JSON


def of(wire: Wire) -> Frames:
    return Frames(wire, restoring(restorer()))


def whole(wire: Wire, stream: bytes) -> bytes:
    return framed(of(wire), [stream])


@pytest.mark.parametrize(("wire", "name", "stream"), STREAMS, ids=lambda value: value if isinstance(value, str) else "")
def test_every_split_of_the_bytes_gives_the_same_bytes(wire: Wire, name: str, stream: bytes) -> None:
    """In two at every place, and byte by byte: inside UTF-8, escapes, line ends and tokens."""
    expected = whole(wire, stream)

    assert framed(of(wire), [stream[place : place + 1] for place in range(len(stream))]) == expected
    for place in range(len(stream)):
        assert framed(of(wire), [stream[:place], stream[place:]]) == expected


@pytest.mark.parametrize(("wire", "name", "stream"), STREAMS, ids=lambda value: value if isinstance(value, str) else "")
def test_no_token_is_left_and_none_is_lost(wire: Wire, name: str, stream: bytes) -> None:
    """What a client puts together is what it would be, had the model written the values."""
    before, after = texts(stream), texts(whole(wire, stream))

    assert after.keys() == before.keys() - {path for path in before if "logprobs" in path}
    for path, text in after.items():
        if path[-1] == "arguments":
            assert orjson.loads(text) == restorer().restore_json(orjson.loads(before[path]))
        else:
            assert text == restorer().restore(before[path])
    assert ADDRESS.encode() in whole(wire, stream)


@given(
    st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["Xk3", "-EMAIL", "-1", "_", "é", " x", "", '"', "Xk3-EMAIL-1"])), max_size=20),
    CUTS,
)
def test_the_text_does_not_depend_on_the_chunks(pieces: list[tuple[int, str]], cuts: list[int]) -> None:
    """Several answers at once: each of them is what it would be alone and in one piece."""
    said = dict.fromkeys(range(3), "")
    for index, text in pieces:
        said[index] += text
    openai = b"".join(chunk(choice(index, content=text)) for index, text in pieces)
    openai += b"".join(chunk(choice(index, reason="stop")) for index in said)
    ollama = b"".join(line(response=text, done=False) for _, text in pieces) + line(response="", done=True)

    several, one = whole("openai", openai), whole("ollama", ollama)

    assert texts(several) == {
        (index, "delta", "content"): restored for index, text in said.items() if (restored := restorer().restore(text))
    }
    assert texts(one).get((0, "response"), "") == restorer().restore("".join(text for _, text in pieces))


@pytest.mark.parametrize("stream", [recorded.CHAT, recorded.TWO, recorded.TOOLS, recorded.COMPLETIONS])
def test_what_is_held_goes_out_with_the_choices_end(stream: bytes) -> None:
    """No event of our own is needed, and none comes after finish_reason, usage or [DONE]."""
    before, after = events(stream), events(whole("openai", stream))

    assert len(after) == len(before)
    assert [event.get("usage") for event in after] == [event.get("usage") for event in before]
    assert whole("openai", stream).endswith(recorded.DONE)


def test_half_a_token_at_the_end_is_text() -> None:
    """The answer that was cut off by its length ends as the model ended it, in the chunk that says so."""
    (second,) = [event for event in events(whole("openai", recorded.TWO)) for one in event["choices"] if one["finish_reason"] == "length"]

    assert second["choices"][0] == {"index": 1, "delta": {"role": "assistant", "content": "Xk3-"}, "finish_reason": "length"}


def test_what_is_held_of_a_thought_does_not_come_behind_the_answer() -> None:
    """It goes out with the answer's first event."""
    shown = events(whole("openai", recorded.THINKING))

    assert shown[1]["choices"][0]["delta"] == {"role": "assistant", "content": "", "reasoning": "Xk3"}
    native = events(whole("ollama", recorded.OLLAMA_CHAT))
    assert native[1]["message"] == {"role": "assistant", "content": "", "thinking": "Xk3"}


def test_an_answer_that_ends_without_saying_so_loses_nothing() -> None:
    """An event of our own carries what was held, in the stream's shape: at the end, and before an error."""
    shown = events(whole("openai", recorded.BROKEN_OFF))
    assert shown[-2:] == [
        {key: shown[0][key] for key in ("id", "object", "created", "model", "system_fingerprint")}
        | {"choices": [{"index": index, "finish_reason": None, "delta": {"content": text}}]}
        for index, text in ((0, ADDRESS), (1, "Xk3-EM"))
    ]

    done = whole("openai", recorded.BROKEN_OFF + recorded.DONE)
    assert events(done) == shown
    assert done.endswith(recorded.DONE)

    failed = events(whole("openai", recorded.ERROR))
    assert failed[-2]["choices"][0]["delta"] == {"content": ADDRESS}
    assert failed[-1]["error"]["message"] == f"{ADDRESS} is odd"

    native = events(whole("ollama", recorded.OLLAMA_ERROR))
    assert native[-2]["message"] == {"content": ADDRESS}
    assert native[-1] == {"error": f"{ADDRESS} is odd"}


def test_log_probabilities_are_removed() -> None:
    """They spell the answer out, token by token, past every stream."""
    for wire, stream in (("openai", recorded.COMPLETIONS), ("ollama", recorded.OLLAMA_CHAT)):
        assert b"-0.1" not in whole(wire, stream)  # type: ignore[arg-type]
    assert b"logprobs" in whole("openai", recorded.COMPLETIONS)  # null, as where nobody asked


def test_the_tokens_of_an_answer_that_is_masked_are_removed() -> None:
    """Ollama's `context` says again, in numbers, what was just masked. Where values are put back only, it holds stand-ins, and stays."""
    done = line(response="", done=True, context=[70001, 2])

    assert b"70001" not in hiding("ollama").document(done)
    assert b"70001" not in framed(hiding("ollama"), [done])
    assert b"70001" in framed(of("ollama"), [done])


def test_arguments_stay_json_whatever_the_values_hold() -> None:
    """Streamed as fragments, and parsed."""
    shown = texts(whole("openai", recorded.TOOLS))

    assert orjson.loads(shown[0, "delta", "tool_calls", 0, "function", "arguments"]) == {"to": ADDRESS, 'seé"cret': QUOTED}
    assert orjson.loads(shown[0, "delta", "tool_calls", 1, "function", "arguments"]) == {"who": [QUOTED]}
    (native, _) = events(whole("ollama", recorded.OLLAMA_TOOLS))
    assert native["message"]["tool_calls"][0]["function"]["arguments"] == {"type": ADDRESS, "n": 4711000}


def test_arguments_that_break_off_keep_what_was_said() -> None:
    """In a piece of the same tool call."""
    stream = chunk(choice(tool_calls=[call('{"a": "Xk3-EM', 1)])) + chunk(choice(reason="length"))

    shown = events(whole("openai", stream))

    assert shown[1]["choices"][0]["delta"]["tool_calls"] == [{"index": 1, "function": {"arguments": "Xk3-EM"}}]


def test_an_event_in_which_nothing_changes_passes_as_it_came() -> None:
    """Its bytes, spacing, line ends, comments and fields that nobody knows."""
    stream = (
        b': hi\r\n\r\ndata: { "choices" : [ {"index":0, "delta": {"content": "Hello"}, "x": 1.0e0 } ] }\r\n\r\nid: 7\n\n' + recorded.DONE
    )
    native = b'{ "response" : "Hello", "x": 1.0e0 }\r\n\n'

    assert whole("openai", stream) == stream
    assert whole("ollama", native) == native


def test_other_lines_of_an_event_stay_with_it() -> None:
    """`event:` and `id:` are part of what clients read."""
    shown = whole("openai", b"event: message\r\nid: 7\r\n" + chunk(choice(content="Xk3-EMAIL-1 ")))

    assert shown.startswith(b"event: message\nid: 7\ndata: {")


def test_unknown_texts_are_texts() -> None:
    """A field that nobody knows is rewritten like the ones that all know: of a choice, and beside them."""
    stream = chunk(
        {"index": 0, "delta": {"new": {"text": "Xk3-EMAIL-1 "}, "parts": ["Xk3-EMAIL-1"]}, "why": "Xk3-EMAIL-1 "},
        note="Xk3-EMAIL-1",
        more={"list": [{"a": "Xk3-EMAIL-1"}]},
    )

    assert whole("openai", stream).count(ADDRESS.encode()) == 5


@pytest.mark.parametrize(("wire", "document"), [("openai", recorded.DOCUMENT), ("ollama", recorded.OLLAMA_DOCUMENT)])
def test_a_whole_answer_is_restored(wire: Wire, document: bytes) -> None:
    """As its stream would be; ids stay."""
    shown = texts(b"data: " + of(wire).document(document))
    before = texts(b"data: " + document)

    assert {path: text for path, text in shown.items() if path[-1] != "arguments"} == {
        path: restorer().restore(text) for path, text in before.items() if path[-1] != "arguments"
    }
    if wire == "openai":
        assert orjson.loads(shown[1, "message", "tool_calls", 0, "function", "arguments"]) == {"a": QUOTED}
        assert orjson.loads(of(wire).document(document))["id"] == "Xk3-EMAIL-1"
        assert orjson.loads(of(wire).document(document))["choices"][0]["logprobs"] is None


def test_a_whole_answer_in_which_nothing_changes_is_the_same_bytes() -> None:
    """Nothing is written anew without need."""
    document = b'{ "choices": [ {"message": {"content": "Hello"}} ] }'

    assert of("openai").document(document) is document


@pytest.mark.parametrize("payload", [b"", b"no", b"[]", b'"Xk3-EMAIL-1"', b'{"choices":[1]}', b'{"choices":7}', b'{"choices":{"a":1}}'])
def test_what_cannot_be_read_does_not_pass(payload: bytes) -> None:
    """Nobody can say what is in it."""
    with pytest.raises(UnreadableAnswerError):
        of("openai").feed(b"data: " + payload + b"\n\n")
    with pytest.raises(UnreadableAnswerError):
        of("openai").document(payload)


@pytest.mark.parametrize("line", [b"no\n", b"[]\n", b'"Xk3-EMAIL-1"\n'])
def test_a_line_that_cannot_be_read_does_not_pass(line: bytes) -> None:
    """Neither on the other wire."""
    with pytest.raises(UnreadableAnswerError):
        of("ollama").feed(line)


@pytest.mark.parametrize(("wire", "event"), [("openai", chunk(choice(content="Xk3-EMAIL-1"))), ("ollama", recorded.OLLAMA_BROKEN_OFF)])
def test_an_event_that_breaks_off_is_dropped(wire: Wire, event: bytes) -> None:
    """The end of a stream whose model server died; a last event that lacks only its end is one."""
    assert framed(of(wire), [event[:-9]]) == b""
    assert texts(framed(of(wire), [event[:-1]])) == texts(framed(of(wire), [event]))


@given(JSON, st.sampled_from(["openai", "ollama"]))
def test_whatever_json_comes_is_read_or_refused(value: Any, wire: Wire) -> None:
    """No answer crashes the gateway."""
    payload = orjson.dumps(value)
    for stream in (b"data: " + payload + b"\n\n", b'data: {"choices":[' + payload + b"]}\n\n", payload + b"\n"):
        try:
            whole(wire, stream)
        except UnreadableAnswerError as error:
            assert str(error) == "The answer cannot be read."  # noqa: PT017  most are read


@given(
    st.dictionaries(st.sampled_from(["delta", "index", "finish_reason", "text", "logprobs", "tool_calls", "function", "arguments"]), JSON)
)
def test_whatever_choice_comes_is_read_or_refused(value: dict[str, Any]) -> None:
    """Also where known names hold something else."""
    stream = chunk(value, {"delta": value}, {"delta": {"tool_calls": [value, {"function": value}], "function": value}})
    try:
        whole("openai", stream + chunk(choice(reason="stop")))
        whole("ollama", line(message=value, done=True))
    except UnreadableAnswerError:
        pass


def hiding(wire: Wire, detector: Fake | None = None) -> Frames:
    """Return an answer in which values are masked that the model makes up, and the caller's own put back."""
    known = restorer()
    return Frames(wire, both(Outgoing(detector or Fake(), passes=known.is_token).rewriting(), restoring(known)))


MADE_UP = {
    "openai": chunk(choice(content="Ask Xk3-EMAIL-1 or anna@exam", reasoning="password hun"))
    + chunk(choice(content="ple.com", tool_calls=[call('{"card": 12345678', id="call_1", name="f")]))
    + chunk(choice(tool_calls=[call('90123456, "n": 12, "password": "hun')]))
    + chunk(choice(tool_calls=[call('ter2", "to": "Xk3-EMA')]))
    + chunk(choice(tool_calls=[call('IL-1"}')], reason="tool_calls")),
    "ollama": line(message={"role": "assistant", "content": "Ask Xk3-EMAIL-1 or anna@exam", "thinking": "password hun"}, done=False)
    + line(
        message={
            "role": "assistant",
            "content": "ple.com",
            "tool_calls": [
                {"function": {"name": "f", "arguments": {"card": 1234567890123456, "n": 12, "password": "hunter2", "to": "Xk3-EMAIL-1"}}}
            ],
        },
        done=True,
    ),
}


@pytest.mark.parametrize("wire", ["openai", "ollama"])
def test_what_the_model_makes_up_is_masked_and_the_callers_own_comes_back(wire: Wire) -> None:
    """In text, thoughts and arguments, where numbers and values that only their name gives away are values too; in every split."""
    stream = MADE_UP[wire]

    shown = framed(hiding(wire), [stream])

    assert framed(hiding(wire), [stream[place : place + 1] for place in range(len(stream))]) == shown
    for place in range(0, len(stream), 7):
        assert framed(hiding(wire), [stream[:place], stream[place:]]) == shown
    found = texts(shown)
    part = "delta" if wire == "openai" else "message"
    assert found[0, part, "content"] == f"Ask {ADDRESS} or [EMAIL]"
    assert found[0, part, "reasoning" if wire == "openai" else "thinking"] == "password [PASSWORD]"
    if wire == "openai":
        arguments = orjson.loads(found[0, part, "tool_calls", 0, "function", "arguments"])
    else:
        arguments = events(shown)[1]["message"]["tool_calls"][0]["function"]["arguments"]
    assert arguments == {"card": "[CARD]", "n": 12, "password": "[PASSWORD]", "to": ADDRESS}


def test_a_functions_name_is_in_the_first_event_of_its_call() -> None:
    """Clients refuse a call that begins without one; it comes whole, and is masked whole."""
    stream = chunk(choice(tool_calls=[call("{", name="look_up"), call("{", 1, name="anna@example.com")])) + chunk(
        choice(reason="tool_calls")
    )

    first, _ = events(framed(hiding("openai"), [stream]))

    assert [one["function"]["name"] for one in first["choices"][0]["delta"]["tool_calls"]] == ["look_up", "[EMAIL]"]


def test_a_whole_answer_is_masked() -> None:
    """As its stream would be, in one look for each text."""
    message = {"role": "assistant", "content": "Ask Xk3-EMAIL-1 or anna@example.com", "tool_calls": [call('{"card": 1234567890123456}')]}
    document = orjson.dumps({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})

    detector = Fake()
    shown = orjson.loads(hiding("openai", detector).document(document))["choices"][0]["message"]

    assert shown["content"] == f"Ask {ADDRESS} or [EMAIL]"
    assert shown["tool_calls"][0]["function"]["arguments"] == '{"card": "[CARD]"}'
    assert detector.looked == 3  # the text, the key and the number


def test_memory_does_not_grow_with_the_answer() -> None:
    """Nothing is kept of what went out; and no answer begins more texts than make sense."""
    answer = of("openai")
    for _ in range(2000):
        answer.feed(chunk(choice(content="Some words and Xk3-EMAIL-1 and x")))
    answer.feed(chunk(choice(reason="stop")))
    assert answer._choices == {}

    for index in range(frames.MOST_CHOICES):
        answer.feed(chunk(choice(index, content="x")))
    with pytest.raises(UnreadableAnswerError):
        answer.feed(chunk(choice(frames.MOST_CHOICES, content="x")))
    with pytest.raises(UnreadableAnswerError):
        of("openai").feed(chunk({"delta": {str(number): "x" for number in range(fields.MOST_FIELDS + 1)}}))


def test_a_stream_restores_as_a_text_does() -> None:
    """One scanner for both."""
    assert once(StreamRestorer(restorer()), "Xk3-EMAIL-1") == restorer().restore("Xk3-EMAIL-1")


HIDING = Outgoing(Fake()).rewriting()


@pytest.mark.parametrize(
    "event",
    [
        b": a@b.com\n\n",
        b"event: a@b.com\n\n",
        b"id: a@b.com\ndata: {}\n\n",
        b"retry: 4111 1111 1111 1111\r\ndata: [DONE]\r\n\r\n",
        b'\xef\xbb\xbfdata: {"x":"a@b.com"}\n\n',
        b' data: {"x":"a@b.com"}\n\n',
        b"data: " + orjson.dumps({"choices": [{"delta": {"content": [["a@b.com", {"text": "a@b.com"}], 1]}}]}) + b"\n\n",
    ],
)
def test_what_stands_beside_an_events_data_is_text_where_answers_are_looked_at(event: bytes) -> None:
    """Comments, names and what only looks like data: some client shows it. Lists in lists too."""
    shown = framed(Frames("openai", HIDING), [event])

    assert b"a@b.com" not in shown
    assert b"4111" not in shown
    assert b"[EMAIL]" in shown or b"[CARD]" in shown
    assert (b"data: [DONE]" in shown) == (b"[DONE]" in event)


@pytest.mark.parametrize("event", [b": ping\n\n", b"event: message\r\nid: 7\r\ndata: {}\r\n\r\n", b"id: \xff\n\n"])
def test_what_stands_there_passes_as_it_came_where_it_is_clean(event: bytes) -> None:
    assert framed(Frames("openai", HIDING), [event]) == event


def test_lists_in_lists_are_restored_too() -> None:
    event = b"data: " + orjson.dumps({"choices": [{"delta": {"content": [["Xk3-EMAIL-1", {"text": "Xk3-EMAIL-1"}]]}}]}) + b"\n\n"

    assert whole("openai", event).count(ADDRESS.encode()) == 2
