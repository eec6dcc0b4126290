"""Ollama's own wire format: parse and format, nothing else. Its neighbour wire/openai.py has the same functions for OpenAI's."""

import re
from typing import Any, Final

import orjson

from assistant_gateway.errors import RefusalError
from assistant_gateway.wire import fields, schemas
from assistant_gateway.wire.fields import Body, Rules

NAME: Final = "ollama"
STREAM_TYPE: Final = b"application/x-ndjson"
SEPARATOR: Final = b"\n"
"""What ends one event of a stream."""
ERROR_MARK: Final = b'{"error"'
SILENT_ERROR: Final = None
"""Here every error is told: wire/openai.py has the other kind."""

RUNNER_OPTIONS: Final = ("num_batch", "num_gpu", "main_gpu", "use_mmap", "num_thread")
"""Options that would make the model server load the model anew, for everybody: they are the operator's to set."""

LEAST_PENALTY: Final = 1e-30
"""What is repeated is divided by it, in single precision: the model server does not survive 0."""

_NO_CONTEXT: Final = (
    "The field 'context' is not taken: a number in it that is none of the model's tokens would end the model server for everybody. "
    "Use /api/chat for an exchange."
)
_INPUT = re.compile(rb'"prompt_eval_count":(\d{1,12})')
_OUTPUT = re.compile(rb'"eval_count":(\d{1,12})')
_FROM = re.compile(r"^FROM .*$", re.MULTILINE)


def error(code: str, message: str, status: int, param: str | None) -> bytes:
    """Return an error's body."""
    return orjson.dumps({"error": message, "code": code} if param is None else {"error": message, "code": code, "param": param})


def stream_error(code: str, message: str, status: int) -> bytes:
    """Return the line that ends a stream in place of the one with `done`."""
    return error(code, message, status, None) + b"\n"


def generation(body: Body, rules: Rules) -> bool:
    """Check and cap a request for /api/chat or /api/generate; return whether its answer streams."""
    fields.model(body, rules)
    if body.pop("context", None) not in (None, []):
        raise RefusalError("invalid_request", _NO_CONTEXT, param="context")
    schemas.check(body.get("format"), "format")
    options = _options(body, rules)
    options["num_predict"] = fields.at_most(fields.whole(options, "num_predict", "options.num_predict"), rules.max_output_tokens)
    body["options"] = options
    return fields.flag(body, "stream", default=True)


def embedding(body: Body, rules: Rules) -> bool:
    """Check and cap a request for /api/embed."""
    fields.embedding_model(body, rules)
    if options := _options(body, rules):
        body["options"] = options
    return False


def show(body: Body, rules: Rules) -> bool:
    """Reduce a request for /api/show to what it may ask: the model may be named by the older `name`."""
    name = "model" if body.get("model") or not body.get("name") else "name"
    fields.model(body, rules, name)
    verbose = fields.flag(body, "verbose", default=False)
    body.clear()
    body.update(model=rules.model, verbose=verbose)
    return False


def _options(body: Body, rules: Rules) -> dict[str, Any]:
    body.pop("keep_alive", None)
    options = body.get("options")
    if options is None:
        return {}
    if type(options) is not dict:
        raise RefusalError("invalid_request", "The field 'options' must be an object.", param="options")
    for name in RUNNER_OPTIONS:
        options.pop(name, None)
    penalty = options.get("repeat_penalty")
    if isinstance(penalty, int | float) and abs(penalty) < LEAST_PENALTY:
        raise RefusalError("invalid_request", "The option 'repeat_penalty' must not be 0.", param="options.repeat_penalty")
    asked = fields.whole(options, "num_ctx", "options.num_ctx")
    if asked is not None and rules.context_length is not None:
        options["num_ctx"] = fields.at_most(asked, rules.context_length)
    return options


def usage(tail: bytes) -> tuple[int | None, int | None]:
    """Return input and output tokens, as the end of an answer tells them."""
    return _last(_INPUT, tail), _last(_OUTPUT, tail)


def _last(pattern: re.Pattern[bytes], tail: bytes) -> int | None:
    found = pattern.findall(tail)
    return int(found[-1]) if found else None


def tags(answer: Any, rules: Rules) -> bytes:
    """Return /api/tags with the policy's model only."""
    return orjson.dumps(
        {"models": [entry | {"name": rules.model, "model": rules.model} for entry in answer["models"] if _is(entry, rules)]}
    )


def _is(entry: Any, rules: Rules) -> bool:
    return entry.get("name") in rules.spellings or entry.get("model") in rules.spellings


def shown(answer: Any, rules: Rules) -> bytes:
    """Return /api/show without the path at which the model server keeps the weights."""
    if type(answer.get("modelfile")) is str:
        answer["modelfile"] = _FROM.sub(lambda _: f"FROM {rules.model}", answer["modelfile"])
    return orjson.dumps(answer)


def version(answer: Any, rules: Rules) -> bytes:
    """Return /api/version."""
    return orjson.dumps({"version": str(answer["version"])})
