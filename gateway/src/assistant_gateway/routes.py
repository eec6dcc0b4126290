"""The routes that a client may call: this table, and nothing else.

What is sent to the model server is the table's path, never the client's: no query string, no header, no other spelling gets through.
Routes of what the assistant keeps (conversations, documents, erasure) are answered by their rooms instead, and are in the table of an
assistant with a store only; local.py serves them.
"""

from collections.abc import Sequence
from typing import Final

from assistant_gateway import local
from assistant_gateway.errors import RefusalError
from assistant_gateway.policy import Policy
from assistant_gateway.protocol.routing import OLLAMA, OPENAI, Place, Route, Table
from assistant_gateway.wire import ollama, openai
from assistant_gateway.wire.fields import Rules

TABLE: Final = (
    Route("/api/chat", "POST", OLLAMA, "/api/chat", "chat", ollama.generation),
    Route("/api/generate", "POST", OLLAMA, "/api/generate", "text_completion", ollama.generation),
    Route("/api/embed", "POST", OLLAMA, "/api/embed", "embeddings", ollama.embedding),
    Route("/api/tags", "GET", OLLAMA, "/api/tags", reshape=ollama.tags),
    Route("/api/show", "POST", OLLAMA, "/api/show", prepare=ollama.show, reshape=ollama.shown),
    Route("/api/version", "GET", OLLAMA, "/api/version", reshape=ollama.version),
    Route("/v1/chat/completions", "POST", OPENAI, "/v1/chat/completions", "chat", openai.completion),
    Route("/v1/completions", "POST", OPENAI, "/v1/completions", "text_completion", openai.completion),
    Route("/v1/embeddings", "POST", OPENAI, "/v1/embeddings", "embeddings", openai.embedding),
    Route("/v1/models", "GET", OPENAI, "/v1/models", reshape=openai.models),
    Route("/health", "GET", OPENAI, handler=local.health),
)
ONE_MODEL: Final = Route("/v1/models/{model}", "GET", OPENAI, "/v1/models", reshape=openai.one_model)
ONE_MODEL_PLACE: Final = Place(ONE_MODEL.name, {"GET": ONE_MODEL})
MODELS_PREFIX: Final = "/v1/models/"
OPENINGS: Final = ((MODELS_PREFIX, ONE_MODEL_PLACE),)

# What a client of an assistant without a store is told of the routes that it would have with one.
LACKS: Final = (
    ("/v1/conversations", "conversations_not_kept"),
    ("/v1/ingest", "documents_not_configured"),
    ("/v1/chunks", "documents_not_configured"),
    ("/v1/subjects", "nothing_kept"),
    ("/v1/memory", "nothing_kept"),
)


def table(policy: Policy) -> Table:
    """Return the assistant's routes; the rooms of what it keeps are imported here, where it keeps something."""
    from assistant_gateway.redaction.routes import ROUTES

    if policy.store is None:
        return Table((*TABLE, *ROUTES), LACKS, OPENINGS)
    return Table((*TABLE, *ROUTES, *_rooms()), openings=OPENINGS)


def _rooms() -> Sequence[Route]:
    from assistant_gateway.conversations import routes as conversations
    from assistant_gateway.documents import routes as documents
    from assistant_gateway.retention import routes as retention

    return (*conversations.ROUTES, *documents.ROUTES, *retention.ROUTES)


def check(place: Place, method: str, path: str, rules: Rules) -> Route:
    """Return the route if it may be called like this; raises RefusalError."""
    route = place.routes.get(method)
    if route is None:
        raise RefusalError("method_not_allowed", headers=[(b"allow", place.allow)])
    if route is ONE_MODEL and path.removeprefix(MODELS_PREFIX) not in rules.spellings:
        raise RefusalError("model_not_found", param="model")
    return route
