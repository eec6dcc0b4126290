"""Streams cut into events wherever the bytes are split, and errors of the model server told in our words."""

import itertools
import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant_gateway import answer, routes
from assistant_gateway.answer import Events, StreamBrokenError, refused_by_model_server
from assistant_gateway.protocol.routing import OLLAMA, OPENAI, Wire

WIRES = {"ollama": OLLAMA, "openai": OPENAI}
EVENT = {
    "ollama": st.text(max_size=20).map(lambda text: b'{"response":' + orjson.dumps(text) + b"}\n"),
    "openai": st.text(max_size=20).map(lambda text: b'data: {"delta":' + orjson.dumps(text) + b"}\n\n"),
}


def split(data: bytes, cuts: list[int]) -> list[bytes]:
    """Cut the bytes at these places."""
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(places) if start < end]


@pytest.mark.parametrize("name", WIRES)
@given(data=st.data())
def test_events_pass_whole_and_unchanged_however_they_are_split(name: str, data: st.DataObject) -> None:
    stream = b"".join(data.draw(st.lists(EVENT[name], max_size=8)))
    rest = data.draw(st.sampled_from([b"", b"data: [DO", b'{"resp']))
    events = Events(WIRES[name])

    pieces = [events.feed(part) for part in split(stream + rest, data.draw(st.lists(st.integers(0, 500), max_size=8)))]

    assert b"".join(pieces) == stream
    assert all(piece.endswith(WIRES[name].SEPARATOR) for piece in pieces if piece)
    assert events.finish() == rest
    assert events.tail == (stream + rest)[-answer.TAIL :]


@pytest.mark.parametrize(("wire", "error"), [(OLLAMA, b'{"error":"CANARY"}\n'), (OPENAI, b'data: {"error":{"message":"CANARY"}}\n\n')])
@given(before=st.integers(0, 3), cuts=st.lists(st.integers(0, 500), max_size=8))
def test_an_errors_event_never_passes_however_it_is_split(wire: Wire, error: bytes, before: int, cuts: list[int]) -> None:
    event = b'{"done":false}\n' if wire is OLLAMA else b'data: {"id":1}\n\n'
    events = Events(wire)
    passed = b""

    with pytest.raises(StreamBrokenError):  # noqa: PT012  which of the pieces raises depends on the cuts
        for part in split(event * before + error, cuts):
            passed += events.feed(part)

    assert b"CANARY" not in passed


@pytest.mark.parametrize("wire", [OLLAMA, OPENAI])
def test_an_error_at_the_end_without_its_separator_does_not_pass(wire: Wire) -> None:
    events = Events(wire)
    events.feed(wire.ERROR_MARK + b':"CANARY"}')

    with pytest.raises(StreamBrokenError):
        events.finish()


def test_text_about_errors_is_no_error() -> None:
    line = b'{"response":"write {\\"error\\": 1} please","tool":{"error":1}}\n'

    assert Events(OLLAMA).feed(line) == line


def test_an_event_without_end_is_not_held_forever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer, "MAX_EVENT", 1000)
    events = Events(OLLAMA)

    for _ in range(10):
        events.feed(b"x" * 100)
    with pytest.raises(StreamBrokenError):
        events.feed(b"x")


@given(st.integers(300, 599), st.binary(max_size=300))
def test_no_error_of_the_model_server_crashes_or_is_repeated(status: int, body: bytes) -> None:
    refusal = refused_by_model_server(status, body)

    assert refusal.code in {"upstream_error", "upstream_refused", "upstream_busy"}
    assert not body or len(body) < 8 or body.decode("latin-1") not in refusal.text


@pytest.mark.parametrize(
    ("said", "code", "text"),
    [
        ('"CANARY" does not support thinking', "unsupported_by_model", "The model does not support thinking."),
        ("registry.ollama.ai/library/CANARY does not support embedding", "unsupported_by_model", "The model does not support embeddings."),
        ('option "CANARY" must be of type float32', "upstream_refused", "One of the options has the wrong type."),
        ("invalid JSON schema in format", "upstream_refused", "The format is none that the model server can hold an answer to."),
        (
            'invalid format: "CANARY"; expected "json" or a valid JSON Schema object',
            "upstream_refused",
            "The format is none that the model server can hold an answer to.",
        ),
        ("CANARY does not support CANARY", "upstream_refused", "The model server refused the request as invalid."),
        ("top_logprobs must be between 0 and 20", "upstream_refused", "top_logprobs must be between 0 and 20."),
        ("CANARY top_logprobs must be between 0 and 20", "upstream_refused", "The model server refused the request as invalid."),
    ],
)
@pytest.mark.parametrize("shape", ['{"error":%s}', '{"error":{"message":%s}}'])
def test_known_errors_are_told_in_words_of_ours(said: str, code: str, text: str, shape: str) -> None:
    refusal = refused_by_model_server(400, (shape % json.dumps(said)).encode())

    assert (refusal.code, refusal.text) == (code, text)


@pytest.mark.parametrize("said", ['option "stop" must be of type array', "invalid JSON schema in format"])
def test_what_a_client_got_wrong_is_not_the_model_servers_failure(said: str) -> None:
    """Ollama says 500 to these; told as a failure, SDKs would try again, and whoever runs the assistant would look for a fault."""
    assert refused_by_model_server(500, json.dumps({"error": said}).encode()).status == 400


def test_both_wires_are_covered_here() -> None:
    assert {route.wire.NAME for route in routes.TABLE} == WIRES.keys()
