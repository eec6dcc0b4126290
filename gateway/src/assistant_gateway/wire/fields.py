"""What both wire formats check of a request's body: the fields that the gateway reads or changes, and no others.

The model server reads field names without regard to case ("MODEL" sets model, the last one wins), so a second spelling of a field that
the gateway checks is refused. Everything is re-encoded before it goes on, so duplicates and odd spacing end here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import orjson

from assistant_gateway.errors import RefusalError

Body = dict[str, Any]
Default = TypeVar("Default", bool, None)

MEMORY: Final = frozenset({"use_context", "context_filter", "include_sources", "conversation", "store", "system_prompt"})
"""Fields that ask for something of what the assistant keeps, or for nothing to be kept: chat/wanted.py reads them, they go no further."""
TOUCHED: Final = MEMORY | {
    "model", "name", "stream", "options", "keep_alive", "max_tokens", "max_completion_tokens", "verbose", "context", "format",
    "response_format",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rules:
    """What the policy says about a request's body."""

    model: str
    spellings: frozenset[str]
    """Every way to write the model's name that means this model."""
    max_output_tokens: int
    context_length: int | None
    embedding: str | None = None
    """The model that embeds, where the assistant has documents."""
    embedding_spellings: frozenset[str] = frozenset()


def parse(raw: bytes) -> Body:
    """Return the JSON object; raises RefusalError for anything else."""
    try:
        body = orjson.loads(raw)
    except (orjson.JSONDecodeError, RecursionError):
        raise RefusalError("invalid_json") from None
    if type(body) is not dict:
        raise RefusalError("invalid_request", "The request's body must be a JSON object.")
    for name in body:
        if name not in TOUCHED and name.casefold() in TOUCHED:
            raise RefusalError("invalid_request", "A field's name must be written in lower case.", param=name.casefold())
    return body


def encode(body: Mapping[str, Any]) -> bytes:
    """Return the body as it goes to the model server; raises RefusalError where it is nested too deeply to be written."""
    try:
        return orjson.dumps(body)
    except (TypeError, RecursionError):
        raise RefusalError("invalid_json") from None


def model(body: Body, rules: Rules, name: str = "model") -> None:
    """Check that the request is for the policy's model, and write the name as the model server knows it."""
    value = body.get(name)
    if type(value) is not str:
        raise RefusalError("invalid_request", f"The field '{name}' must be a string.", param=name)
    if value not in rules.spellings:
        raise RefusalError("model_not_found", param=name)
    body[name] = rules.model


def embedding_model(body: Body, rules: Rules) -> None:
    """As `model`, for a route that embeds: the model with which documents are embedded may be asked too."""
    value = body.get("model")
    if rules.embedding is not None and type(value) is str and value in rules.embedding_spellings:
        body["model"] = rules.embedding
    else:
        model(body, rules)


def flag(body: Body, name: str, default: Default) -> bool | Default:
    """Return a field that must be true or false; null and absent mean the default."""
    value = body.get(name)
    if value is None:
        return default
    if type(value) is not bool:
        raise RefusalError("invalid_request", f"The field '{name}' must be true or false.", param=name)
    return value


def whole(body: Mapping[str, Any], name: str, shown: str) -> int | None:
    """Return a field that must be a whole number, if it is there."""
    value = body.get(name)
    if value is None:
        return None
    if type(value) is not int:
        raise RefusalError("invalid_request", f"The field '{shown}' must be a whole number.", param=shown)
    return value


def at_most(value: int | None, cap: int) -> int:
    """Return the value under the cap; what is absent, 0 or negative means "as many as you like" to the model server: the cap."""
    return cap if value is None or value <= 0 or value > cap else value
