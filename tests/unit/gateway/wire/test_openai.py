"""OpenAI's format: what is checked, capped and counted."""

import json
from typing import Any

import pytest

from assistant_gateway.errors import RefusalError
from assistant_gateway.wire import openai
from tests.unit.gateway.wire.test_fields import RULES


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({}, 256),
        ({"max_tokens": 10}, 10),
        ({"max_tokens": 1000}, 256),
        ({"max_tokens": -1}, 256),
        ({"max_tokens": None}, 256),
        ({"max_completion_tokens": 10}, 10),
        ({"max_completion_tokens": 1000}, 256),
        ({"max_tokens": 20, "max_completion_tokens": 10}, 10),
        ({"max_tokens": 10, "max_completion_tokens": 20}, 10),
    ],
)
def test_output_is_capped_under_both_names(sent: dict[str, Any], kept: int) -> None:
    body = {"model": "tiny:1b"} | sent

    openai.completion(body, RULES)

    assert body == {"model": "tiny:1b", "max_tokens": kept}


def test_everything_else_passes_as_it_is() -> None:
    body = {"model": "tiny:1b", "n": 2, "stream_options": {"include_usage": True}, "tools": [{}], "seed": 1, "stop": "x", "stream": True}

    assert openai.completion(body, RULES) is True
    assert body == body | {"n": 2, "stream_options": {"include_usage": True}, "tools": [{}], "seed": 1, "stop": "x"}


@pytest.mark.parametrize(
    ("name", "value"), [("max_tokens", "5"), ("max_tokens", 5.0), ("max_completion_tokens", True), ("stream", 1), ("model", None)]
)
def test_a_wrong_type_names_the_field(name: str, value: object) -> None:
    with pytest.raises(RefusalError) as refused:
        openai.completion({"model": "tiny:1b", name: value}, RULES)

    assert (refused.value.code, refused.value.param) == ("invalid_request", name)


@pytest.mark.parametrize(
    ("tail", "tokens"),
    [
        (b'"usage":{"prompt_tokens":11,"completion_tokens":2,"total_tokens":13}}', (11, 2)),
        (b'"usage":{"prompt_tokens":3,"total_tokens":3}}', (3, None)),
        (b'{"content":"\\"usage\\":{\\"prompt_tokens\\":9,\\"total_tokens\\":9}"}', (None, None)),
        (
            b'"usage":{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}'
            b' "usage":{"prompt_tokens":4,"completion_tokens":5,"total_tokens":9}',
            (4, 5),
        ),
        (b"", (None, None)),
        (b'"usage":null', (None, None)),
    ],
)
def test_usage_is_the_last_that_the_answer_tells(tail: bytes, tokens: tuple[int | None, int | None]) -> None:
    assert openai.usage(tail) == tokens


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (403, "permission_error"),
        (429, "rate_limit_error"),
        (503, "api_error"),
    ],
)
def test_an_errors_type_follows_its_status(status: int, kind: str) -> None:
    assert json.loads(openai.error("some_code", "Words.", status, "field"))["error"] == {
        "message": "Words.",
        "type": kind,
        "param": "field",
        "code": "some_code",
    }
