"""Ollama's own format: what is checked, capped and counted."""

import json
from typing import Any

import pytest

from assistant_gateway.errors import RefusalError
from assistant_gateway.wire import ollama
from assistant_gateway.wire.fields import Rules
from tests.unit.gateway.wire.test_fields import RULES


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({}, {"num_predict": 256}),
        ({"num_predict": -1}, {"num_predict": 256}),
        ({"num_predict": -2}, {"num_predict": 256}),
        ({"num_predict": 5}, {"num_predict": 5}),
        ({"num_ctx": 512}, {"num_predict": 256, "num_ctx": 512}),
        ({"num_ctx": 10**9}, {"num_predict": 256, "num_ctx": 4096}),
        ({"num_ctx": 0}, {"num_predict": 256, "num_ctx": 4096}),
        ({"num_thread": 64, "num_gpu": 0, "num_batch": 1, "main_gpu": 1, "use_mmap": True}, {"num_predict": 256}),
        ({"temperature": 0, "stop": ["x"]}, {"num_predict": 256, "temperature": 0, "stop": ["x"]}),
    ],
)
def test_options_are_capped(sent: dict[str, Any], kept: dict[str, Any]) -> None:
    body: dict[str, Any] = {"model": "tiny:1b", "keep_alive": "1h", "options": sent}

    assert ollama.generation(body, RULES) is True
    assert body == {"model": "tiny:1b", "options": kept}


def test_without_a_context_length_in_the_policy_the_clients_stands() -> None:
    body: dict[str, Any] = {"model": "tiny:1b", "options": {"num_ctx": 10**6}}

    ollama.embedding(body, Rules("tiny:1b", frozenset({"tiny:1b"}), 256, None))

    assert body["options"] == {"num_ctx": 10**6}


@pytest.mark.parametrize("penalty", [0, 0.0, -0.0, 1e-50])
def test_a_penalty_of_nothing_is_refused(penalty: float) -> None:
    """Ollama divides by it and ends (v0.24.0); others' answers end with it."""
    with pytest.raises(RefusalError) as refused:
        ollama.generation({"model": "tiny:1b", "options": {"repeat_penalty": penalty}}, RULES)

    assert refused.value.param == "options.repeat_penalty"


@pytest.mark.parametrize("context", [[1], [-1], [10**9], [None], "x", {"a": 1}])
def test_ready_made_tokens_of_an_exchange_are_not_taken(context: Any) -> None:
    """Ollama looks each of them up without asking whether there is one (v0.24.0, Detokenize): -1 ends the server, for everybody."""
    with pytest.raises(RefusalError) as refused:
        ollama.generation({"model": "tiny:1b", "prompt": "x", "context": context}, RULES)

    assert (refused.value.code, refused.value.param) == ("invalid_request", "context")


@pytest.mark.parametrize("context", [None, []])
def test_an_exchange_that_has_not_begun_is_taken(context: Any) -> None:
    body: dict[str, Any] = {"model": "tiny:1b", "prompt": "x", "context": context}

    assert ollama.generation(body, RULES) is True
    assert "context" not in body


def test_an_embedding_needs_no_options() -> None:
    body: dict[str, Any] = {"model": "tiny:1b", "input": "x", "keep_alive": 0}

    assert ollama.embedding(body, RULES) is False
    assert body == {"model": "tiny:1b", "input": "x"}


@pytest.mark.parametrize("body", [{"model": "tiny:1b"}, {"name": "tiny:1b"}, {"model": "", "name": "tiny:1b", "system": "x"}])
def test_show_asks_for_the_model_alone(body: dict[str, Any]) -> None:
    ollama.show(body, RULES)

    assert body == {"model": "tiny:1b", "verbose": False}


@pytest.mark.parametrize("body", [{}, {"model": "other"}, {"name": "other"}, {"model": "other", "name": "tiny:1b"}])
def test_show_of_another_model_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(RefusalError):
        ollama.show(body, RULES)


@pytest.mark.parametrize(
    ("tail", "tokens"),
    [
        (b'{"done":true,"prompt_eval_count":11,"eval_count":2}\n', (11, 2)),
        (b'{"embeddings":[[1]],"prompt_eval_count":3}', (3, None)),
        (b'{"response":"\\"eval_count\\":9","done":false}\n', (None, None)),
        (b'{"tool_calls":[{"arguments":{"eval_count":9}}],"done":true,"prompt_eval_count":1,"eval_count":2}', (1, 2)),
        (b"", (None, None)),
    ],
)
def test_usage_is_the_last_that_the_answer_tells(tail: bytes, tokens: tuple[int | None, int | None]) -> None:
    assert ollama.usage(tail) == tokens


def test_an_error_has_text_and_code() -> None:
    assert json.loads(ollama.error("some_code", "Words.", 400, None)) == {"error": "Words.", "code": "some_code"}
    assert ollama.stream_error("some_code", "Words.", 502).endswith(b"}\n")


def test_a_listing_names_the_model_as_the_policy_does() -> None:
    answer = {"models": [{"name": "library/tiny:1b", "model": "library/tiny:1b", "digest": "d"}, {"name": "other:1b", "model": "other:1b"}]}

    assert json.loads(ollama.tags(answer, RULES)) == {"models": [{"name": "tiny:1b", "model": "tiny:1b", "digest": "d"}]}
