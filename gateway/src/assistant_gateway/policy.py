"""The gateway's policy file: everything that one assistant's gateway enforces, in one strict document.

The operator imports this module to write what the gateway reads, so both sides share one definition. The file is JSON with
camelCase names, mounted from the ConfigMap `<name>-policy`. Secrets are never in it: API keys are files beside it, named after
their `keys[].name`; the store's credentials and the encryption keys are folders of their own.
"""

import hashlib
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from assistant_gateway.redaction.entities import NAMES, STRUCTURED, Entity, Structured

API_VERSION = "policy.privateassistant.dev/v1"

LogLevel = Literal["ERROR", "WARNING", "INFO", "DEBUG"]
LogFormat = Literal["JSON", "Text"]
RuntimeLogs = Literal["Filtered", "Discard"]
Role = Literal["User", "DataOfficer", "Ingest"]
"""User: chat, own conversations, own documents. DataOfficer: export and erasure of anybody's, or of all. Ingest: source routes alone."""
EvidenceMode = Literal["Required", "Reported"]
Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]


MIN_KEY: Final = 16
MIN_DIFFERENT: Final = 8
"""Characters of an API key, and different ones among them: less can be guessed. The operator says so, and gateways take no such key."""


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
    role: Role = "User"


class StorePolicy(_Strict):
    """The PostgreSQL server that holds what this assistant keeps; credentials and trusted CA are files beside the policy."""

    host: str
    port: Annotated[int, Field(ge=1, le=65535)]
    database: str


class EmbeddingPolicy(_Strict):
    """The model that turns text into vectors; vectors of different models are never compared."""

    name: str
    digest: Digest


class ChunkPolicy(_Strict):
    """How documents are cut, in characters."""

    size: Annotated[int, Field(ge=1)]
    overlap: Annotated[int, Field(ge=0)]


class RetrievalPolicy(_Strict):
    """How documents are found, and what a chat does with them."""

    top_k: Annotated[int, Field(ge=1)]
    hybrid: bool
    """False: vectors alone, without the full-text half."""
    min_score: float | None = None
    """Cosine similarity below which a vector hit is none."""
    mode: Literal["OnRequest", "Always"]
    on_failure: Literal["Refuse", "Answer"]


class SourcePolicy(_Strict):
    """One source whose documents an ingest Job pushes."""

    name: str
    groups: tuple[str, ...] | None = None
    """Who may retrieve; None: every key of the assistant. Empty: nobody."""


class RagPolicy(_Strict):
    """Answers from documents."""

    embedding: EmbeddingPolicy
    chunk: ChunkPolicy
    retrieval: RetrievalPolicy
    sources: tuple[SourcePolicy, ...] = ()


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
    """What is kept of conversations: nothing, or each item for `ttl_seconds`."""

    mode: Literal["None", "Keep"]
    ttl_seconds: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _ttl_goes_with_keep(self) -> Self:
        if (self.mode == "Keep") != (self.ttl_seconds is not None):
            raise ValueError("ttlSeconds is set exactly where mode is Keep")
        return self


class DocumentRetention(_Strict):
    """How long documents are kept; None: until they are removed."""

    ttl_seconds: Annotated[int, Field(ge=1)] | None = None


class RetentionPolicy(_Strict):
    """What is kept, and for how long."""

    conversations: ConversationRetention
    documents: DocumentRetention = DocumentRetention()
    per_request_opt_out: bool = True
    """Whether a request may ask for less; it can never ask for more."""


class EgressPolicy(_Strict):
    """What the gateway does with what the pod's egress probe saw."""

    evidence: EvidenceMode
    """Required: requests are refused unless the probe says that the pod is confined. Reported: the gateway does not ask it."""


class RequestRedaction(_Strict):
    """What is found in a request before the model, or what is kept, sees any of it."""

    action: Literal["Off", "Mask", "Pseudonymize", "Block"] = "Off"
    """Pseudonymize: the answer is given with the values put back."""
    entities: Annotated[tuple[Entity, ...], Field(min_length=1)] = STRUCTURED
    """The types beside the patterns. Never none of them: that is what Off says."""


class ResponseRedaction(_Strict):
    """What a model must not say. There is no Pseudonymize: what nobody can put back is masked.

    And there are no names: whether a word is one shows a sentence later, and a stream cannot wait for that.
    """

    action: Literal["Off", "Mask", "Block"] = "Off"
    entities: Annotated[tuple[Structured, ...], Field(min_length=1)] = STRUCTURED


class PatternPolicy(_Strict):
    """A type of the CR's author: looked for in every direction whose action is not Off."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=32)]
    expression: Annotated[str, Field(min_length=1, max_length=1000)]
    """In Rust's regex syntax; redaction/detection/custom.py says which are refused."""


class NamesPolicy(_Strict):
    """How people, places, organisations and addresses are looked for in requests."""

    mode: Literal["Off", "Standard", "HighRecall"] = "Off"
    """A pod is made for one mode: its memory, and the process that has the model."""


class RedactionPolicy(_Strict):
    """What is done about personal data."""

    request: RequestRedaction = RequestRedaction()
    response: ResponseRedaction = ResponseRedaction()
    names: NamesPolicy = NamesPolicy()
    patterns: tuple[PatternPolicy, ...] = ()
    allow_unscanned_media: bool = False
    """Whether pictures, sound, files and ready-made tokens, which nobody can look into here, reach the model all the same."""

    @model_validator(mode="after")
    def _names_are_found_where_they_are_asked_for(self) -> Self:
        asked = self.request.action != "Off" and not set(NAMES).isdisjoint(self.request.entities)
        if asked != (self.names.mode != "Off"):
            raise ValueError("request.entities holds a type of names exactly where names.mode is not Off, and the action is not either")
        return self

    @model_validator(mode="after")
    def _patterns_have_names_of_their_own(self) -> Self:
        if len({pattern.name for pattern in self.patterns}) < len(self.patterns):
            raise ValueError("two patterns have one name")
        return self


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
    store: StorePolicy | None = None
    """None: nothing is written anywhere, and nothing that could is loaded."""
    rag: RagPolicy | None = None
    egress: EgressPolicy = EgressPolicy(evidence="Reported")
    """Absent: an operator that knows no evidence wrote the file, and no probe runs beside this gateway."""
    redaction: RedactionPolicy = RedactionPolicy()
    """Absent: an operator that knows no redaction wrote the file."""

    @model_validator(mode="after")
    def _what_keeps_has_a_store(self) -> Self:
        if self.store is None and (self.rag is not None or self.retention.conversations.mode == "Keep"):
            raise ValueError("rag and kept conversations need a store")
        return self

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
