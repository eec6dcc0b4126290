"""The gateway's policy file: everything that one assistant's gateway enforces, in one strict document.

The operator imports this module to write what the gateway reads, so both sides share one definition. The file is JSON with
camelCase names, mounted from the ConfigMap `<name>-policy`. Secrets are never in it: API keys are files beside it, named after
their `keys[].name`.
"""

import hashlib
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

API_VERSION = "policy.privateassistant.dev/v1"

LogLevel = Literal["ERROR", "WARNING", "INFO", "DEBUG"]
LogFormat = Literal["JSON", "Text"]
RuntimeLogs = Literal["Filtered", "Discard"]
Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True, strict=True)


class AssistantRef(_Strict):
    """Which PrivateAssistant this gateway serves."""

    namespace: str
    name: str


class ModelPolicy(_Strict):
    """The one model that may be called."""

    name: str
    """Ollama reference exactly as clients and the model server name it, e.g. `gemma3:270m`."""
    digest: Digest
    """sha256 of the manifest's bytes, as `/api/tags` of the model server reports it (there without the prefix)."""
    context_length: Annotated[int, Field(ge=1)] | None = None
    """Upper bound of `options.num_ctx`; None leaves it to the model server."""


class KeyPolicy(_Strict):
    """One API key; its value is the file of this name in the keys folder."""

    name: str
    subject: str
    groups: tuple[str, ...] = ()


class Limits(_Strict):
    """What one gateway process accepts."""

    requests_per_minute: Annotated[int, Field(ge=1)]
    """For each key: a token bucket of this size that refills evenly over a minute."""
    concurrent_requests: Annotated[int, Field(ge=1)]
    """Requests in flight over all keys."""
    max_body_bytes: Annotated[int, Field(ge=1)]
    max_output_tokens: Annotated[int, Field(ge=1)]
    """Cap of `max_tokens`, `max_completion_tokens` and `options.num_predict`; set where the client sends none."""


class LoggingPolicy(_Strict):
    """How the gateway logs, and what becomes of the model server's own lines."""

    level: LogLevel
    format: LogFormat
    runtime: RuntimeLogs


class ConversationRetention(_Strict):
    """What is kept of conversations: nothing."""

    mode: Literal["None"]


class RetentionPolicy(_Strict):
    """What is kept, and for how long."""

    conversations: ConversationRetention


class Policy(_Strict):
    """The whole policy of one assistant's gateway."""

    api_version: Literal["policy.privateassistant.dev/v1"]
    assistant: AssistantRef
    generation: Annotated[int, Field(ge=0)]
    """metadata.generation of the PrivateAssistant from which this file was made."""
    model: ModelPolicy
    keys: tuple[KeyPolicy, ...]
    limits: Limits
    logging: LoggingPolicy
    retention: RetentionPolicy

    def to_json(self) -> str:
        """Return the file's text: stable for equal policies (sorted keys by field order, no spaces that vary)."""
        return self.model_dump_json(by_alias=True, indent=2) + "\n"

    def revision(self) -> str:
        """Return 16 hex digits that name the policy's content, whatever generation it was written for.

        The operator puts it on the pod template, so that a change of content rolls the pods and a mere new generation does not.
        """
        text = self.model_copy(update={"generation": 0}).model_dump_json(by_alias=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def parse(text: str | bytes) -> Policy:
    """Return the policy that the file's text holds.

    Raises pydantic.ValidationError on anything unknown, missing or of the wrong type; its message may quote values, so log its
    `errors(include_input=False)` only.
    """
    return Policy.model_validate_json(text)
