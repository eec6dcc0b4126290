"""What a request asks for of the assistant's memory: its fields taken out of the body, and refused where the CR does not allow them.

A request can only ever ask for less than the CR keeps. What asks for more is refused with the name of the CR's field; what asks for less is
honoured on every assistant, also where there is nothing to be less than. None of these fields is ever passed to the model server.
"""

from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from assistant_gateway.conversations import ids
from assistant_gateway.documents import shapes
from assistant_gateway.errors import RefusalError
from assistant_gateway.policy import Policy
from assistant_gateway.protocol import body
from assistant_gateway.wire import fields
from assistant_gateway.wire.fields import Body

OLLAMA_CHAT: Final = "/api/chat"
OPENAI_CHAT: Final = "/v1/chat/completions"
COMPLETIONS: Final = "/v1/completions"
"""Becomes a chat with one message where it asks for what only a chat has: PrivateGPT serves it like that."""

Shape = Literal["chat", "text", "private"]
"""How the answer is dressed: as the route's own chat, as a text completion, or as PrivateGPT's clients read both."""

# What a text completion may have that a chat has not, or has in another type.
_TEXT_ONLY: Final = ("suffix", "echo", "best_of", "logprobs")
_OPT_OUT: Final = "spec.retention.perRequestOptOut of the PrivateAssistant is false: a request cannot ask for less to be kept."
_NO_CONVERSATION: Final = (
    "Only what belongs to a conversation is kept: name one in 'conversation', or make one with POST /v1/conversations."
)
_NOT_HERE: Final = "This route knows neither documents nor conversations: /api/chat and /v1/chat/completions do."


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one request wants beyond the model's answer."""

    context: bool
    docs_ids: list[UUID] | None
    """The documents to look in; None: in all that the key may read."""
    sources: bool
    conversation: UUID | None
    keep: bool
    """Whether the turn is added to the conversation."""
    shape: Shape


@dataclass(frozen=True, slots=True)
class _Asked:
    """The fields as they came, each None where it did not."""

    context: bool | None
    sources: bool | None
    store: bool | None
    docs_ids: list[UUID] | None
    conversation: str | None

    @classmethod
    def take(cls, request: Body) -> "_Asked":
        asked = cls(
            fields.flag(request, "use_context", default=None),
            fields.flag(request, "include_sources", default=None),
            fields.flag(request, "store", default=None),
            shapes.documents(request.get("context_filter")),
            _conversation(request.get("conversation")),
        )
        for name in fields.MEMORY:
            if name != "system_prompt":
                request.pop(name, None)
        return asked


def take(request: Body, route: str, policy: Policy, headers: list[tuple[bytes, bytes]]) -> Wanted | None:
    """Take the fields out of the request; return what they want, None where that is nothing; raises RefusalError."""
    asked = _Asked.take(request)
    if route not in (OLLAMA_CHAT, OPENAI_CHAT, COMPLETIONS):
        _check_elsewhere(asked)
        return None
    _check_documents(asked, policy)
    _check_retention(asked, policy)
    shape = _shape(request, route, asked)
    if shape is None:
        return None
    if "model" not in request and route != OLLAMA_CHAT:
        request["model"] = policy.model.name
    always = policy.rag is not None and policy.rag.retrieval.mode == "Always"
    context = always if asked.context is None else asked.context
    conversation = None if asked.conversation is None else ids.conversation(asked.conversation)
    if not context and conversation is None and shape == "chat":
        return None
    keep = conversation is not None and not _asks_for_less(asked, policy, headers)
    return Wanted(context, asked.docs_ids, context and asked.sources is not False, conversation, keep, shape)


def _shape(request: Body, route: str, asked: _Asked) -> Shape | None:
    """Return the answer's shape, and make a chat of a text completion that needs to be one; None for one that does not."""
    is_private = "model" not in request and route != OLLAMA_CHAT  # OpenAI's clients always name a model, PrivateGPT's never do
    if route != COMPLETIONS:
        return "private" if is_private else "chat"
    if not (is_private or asked.context or asked.conversation is not None or request.get("system_prompt") is not None):
        request.pop("system_prompt", None)
        return None
    _make_chat(request)
    return "private" if is_private else "text"


def _make_chat(request: Body) -> None:
    prompt, system = request.pop("prompt", None), request.pop("system_prompt", None)
    if type(prompt) is list and len(prompt) == 1:
        prompt = prompt[0]
    if type(prompt) is not str:
        raise RefusalError("invalid_request", "The field 'prompt' must be a string.", param="prompt")
    if system is not None and type(system) is not str:
        raise RefusalError("invalid_request", "The field 'system_prompt' must be a string.", param="system_prompt")
    for name in _TEXT_ONLY:
        request.pop(name, None)
    before = [{"role": "system", "content": system}] if system else []
    request["messages"] = [*before, {"role": "user", "content": prompt}]


def _check_elsewhere(asked: _Asked) -> None:
    for name, is_asked in (("use_context", asked.context), ("conversation", asked.conversation is not None), ("store", asked.store)):
        if is_asked:
            raise RefusalError("invalid_request", _NOT_HERE, param=name)


def _check_documents(asked: _Asked, policy: Policy) -> None:
    if policy.rag is None:
        for name, is_asked in (("use_context", asked.context), ("context_filter", asked.docs_ids), ("include_sources", asked.sources)):
            if is_asked:
                raise RefusalError("documents_not_configured", param=name)


def _check_retention(asked: _Asked, policy: Policy) -> None:
    if policy.retention.conversations.mode != "Keep":
        for name, is_asked in (("conversation", asked.conversation is not None), ("store", asked.store)):
            if is_asked:
                raise RefusalError("conversations_not_kept", param=name)
    elif asked.store and asked.conversation is None:
        raise RefusalError("retention_not_allowed", _NO_CONVERSATION, param="store")


def _asks_for_less(asked: _Asked, policy: Policy, headers: list[tuple[bytes, bytes]]) -> bool:
    """Say whether the request is not to be kept; raises RefusalError where it may not say so."""
    less = asked.store is False or body.opts_out(headers)
    if less and not policy.retention.per_request_opt_out:
        raise RefusalError("retention_not_allowed", _OPT_OUT, param="store" if asked.store is False else None)
    return less


def _conversation(value: object) -> str | None:
    if type(value) is dict:
        value = value.get("id", 0)
    if value is not None and type(value) is not str:
        raise RefusalError("invalid_request", "The field 'conversation' must be an id, or an object with one.", param="conversation")
    return value
