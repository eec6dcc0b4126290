"""Schemas that would end the model server, each seen to do so with Ollama v0.24.0, and those that it takes."""

from typing import Any

import pytest

from assistant_gateway.errors import RefusalError
from assistant_gateway.wire import ollama, openai, schemas
from tests.unit.gateway.wire.test_fields import RULES

STRING: dict[str, Any] = {"type": "string"}


def nested(levels: int) -> dict[str, Any]:
    schema = STRING
    for _ in range(levels):
        schema = {"type": "array", "items": schema}
    return schema


ENDS = [
    STRING | {"pattern": "^a{2,1}$"},
    STRING | {"minLength": 5, "maxLength": 2},
    STRING | {"minLength": 2001},
    STRING | {"maxLength": -1},
    STRING | {"maxLength": 2001.0},
    {"type": "array", "items": STRING, "minItems": 5, "maxItems": 2},
    {"anyOf": []},
    {"oneOf": []},
    {"type": []},
    nested(100),
]
TAKEN = [
    {"type": "object", "properties": {"pattern": STRING, "minLength": {"type": "integer"}, "type": STRING}, "required": ["type"]},
    STRING | {"pattern": r"^[A-Z]{2,3}-[0-9]{4}(x{2,}|\{5\})?\.[\]\n\x41]\u0041$", "minLength": 0, "maxLength": 2000},
    {"anyOf": [STRING, {"type": ["integer", "null"]}], "enum": [], "minItems": "x"},
    nested(60),
]


@pytest.mark.parametrize("schema", ENDS)
def test_what_would_end_the_model_server_is_refused(schema: dict[str, Any]) -> None:
    """On both wires, however deep it stands."""
    within = {"type": "object", "properties": {"a": schema}}
    for check, field in (
        (ollama.generation, {"format": within}),
        (openai.completion, {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": within}}}),
    ):
        with pytest.raises(RefusalError) as refused:
            check({"model": "tiny:1b", "messages": [], **field}, RULES)
        assert (refused.value.code, refused.value.param) == ("invalid_request", next(iter(field)))


@pytest.mark.parametrize("schema", TAKEN)
def test_what_it_bears_goes_on_as_it_came(schema: dict[str, Any]) -> None:
    body: dict[str, Any] = {"model": "tiny:1b", "messages": [], "format": schema}

    ollama.generation(body, RULES)

    assert body["format"] == schema


@pytest.mark.parametrize("value", ["json", "", None, 5, ["x"]])
def test_a_format_that_is_no_schema_is_the_model_servers_to_judge(value: object) -> None:
    schemas.check(value, "format")
