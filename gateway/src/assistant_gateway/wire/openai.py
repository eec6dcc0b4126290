"""The OpenAI wire format: parse and format, nothing else. Its neighbour wire/ollama.py has the same functions for Ollama's own format."""

import re
from typing import Any, Final

import orjson

from assistant_gateway.wire import fields, schemas
from assistant_gateway.wire.fields import Body, Rules

NAME: Final = "openai"
STREAM_TYPE: Final = b"text/event-stream"
SEPARATOR: Final = b"\n\n"
"""What ends one event of a stream."""
ERROR_MARK: Final = b'data: {"error"'
SILENT_ERROR: Final = b'"model":""'
"""In the last event of a stream that an error ended: the model server drops the error in this format, and leaves an event of nothing."""

_USAGE = re.compile(rb'"usage":\{"prompt_tokens":(\d{1,12}),(?:"completion_tokens":(\d{1,12}),)?"total_tokens"')
_TYPES: Final = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


def error(code: str, message: str, status: int, param: str | None) -> bytes:
    """Return an error's body."""
    kind = _TYPES.get(status, "invalid_request_error" if status < 500 else "api_error")
    return orjson.dumps({"error": {"message": message, "type": kind, "param": param, "code": code}})


def stream_error(code: str, message: str, status: int) -> bytes:
    """Return the event that ends a stream in place of `[DONE]`."""
    return b"data: %s\n\n" % error(code, message, status, None)


def completion(body: Body, rules: Rules) -> bool:
    """Check and cap a request for /v1/chat/completions or /v1/completions; return whether its answer streams."""
    fields.model(body, rules)
    schemas.check(body.get("response_format"), "response_format")
    asked = fields.whole(body, "max_tokens", "max_tokens")
    newer = fields.whole(body, "max_completion_tokens", "max_completion_tokens")
    # The model server knows the older name only, and an absent one means no end.
    body["max_tokens"] = min(fields.at_most(asked, rules.max_output_tokens), fields.at_most(newer, rules.max_output_tokens))
    body.pop("max_completion_tokens", None)
    body.pop("keep_alive", None)
    return fields.flag(body, "stream", default=False)


def embedding(body: Body, rules: Rules) -> bool:
    """Check a request for /v1/embeddings; PrivateGPT's clients name no model."""
    body.setdefault("model", rules.embedding or rules.model)
    fields.embedding_model(body, rules)
    body.pop("keep_alive", None)
    return False


def usage(tail: bytes) -> tuple[int | None, int | None]:
    """Return input and output tokens, as the end of an answer tells them."""
    found = _USAGE.match(tail, max(0, tail.rfind(b'"usage":{', -512)))  # it stands at the end: with [DONE] after it at most
    if found is None:
        return None, None
    return int(found[1]), int(found[2]) if found[2] is not None else None


def models(answer: Any, rules: Rules) -> bytes:
    """Return /v1/models with the policy's model only."""
    return orjson.dumps({"object": "list", "data": [_model(entry, rules) for entry in answer["data"] if entry["id"] in rules.spellings]})


def one_model(answer: Any, rules: Rules) -> bytes:
    """Return /v1/models/{model} from the list."""
    return orjson.dumps(next(_model(entry, rules) for entry in answer["data"] if entry["id"] in rules.spellings))


def _model(entry: Any, rules: Rules) -> dict[str, Any]:
    return {"id": rules.model, "object": "model", "created": entry["created"], "owned_by": entry["owned_by"]}
