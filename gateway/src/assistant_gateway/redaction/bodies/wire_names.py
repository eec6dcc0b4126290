"""Names of fields of the wire formats: nobody chose them, so none is searched, and each is read as the model server reads it."""

from typing import Final

KNOWN: Final = frozenset({
    "arguments", "audio", "content", "context", "data", "description", "detail", "dimensions", "encoding_format", "enum", "file",
    "format", "frequency_penalty", "function", "functions", "id", "image_url", "images", "index", "input", "items", "json_schema",
    "keep_alive", "logit_bias", "logprobs", "max_completion_tokens", "max_tokens", "messages", "metadata", "model", "n", "name",
    "num_ctx", "num_predict", "options", "parallel_tool_calls", "parameters", "presence_penalty", "prompt", "properties", "raw",
    "reasoning", "reasoning_effort", "required", "response_format", "role", "schema", "seed", "stop", "store", "stream",
    "stream_options", "strict", "suffix", "system", "temperature", "template", "text", "think", "thinking", "tool_call_id",
    "tool_calls", "tool_choice", "tool_name", "tools", "top_k", "top_logprobs", "top_p", "truncate", "type", "url", "user",
})  # fmt: skip


def meant(key: str) -> str:
    """Return the name that the model server reads a key as: it does not care about capitals (Go's encoding/json)."""
    return key if key in KNOWN else key.casefold()
