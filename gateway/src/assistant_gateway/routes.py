"""The routes that a client may call: this table, and nothing else.

What is sent to the model server is the table's path, never the client's: no query string, no header, no other spelling gets through.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from assistant_gateway.errors import RefusalError
from assistant_gateway.wire import ollama, openai
from assistant_gateway.wire.fields import Body, Rules


class Wire(Protocol):
    """What a module of wire/ offers."""

    @property
    def NAME(self) -> str: ...  # noqa: N802
    @property
    def STREAM_TYPE(self) -> bytes: ...  # noqa: N802
    @property
    def SEPARATOR(self) -> bytes: ...  # noqa: N802
    @property
    def ERROR_MARK(self) -> bytes: ...  # noqa: N802

    def error(self, code: str, message: str, status: int, param: str | None) -> bytes: ...
    def stream_error(self, code: str, message: str, status: int) -> bytes: ...
    def usage(self, tail: bytes) -> tuple[int | None, int | None]: ...


@dataclass(frozen=True, slots=True)
class Route:
    """One thing that clients may ask for."""

    name: str
    """The path, or its template: the only spelling that records, logs and metrics see."""
    method: str
    wire: Wire
    upstream: str
    operation: str = ""
    """OpenTelemetry's gen_ai.operation.name, for routes on which the model works."""
    prepare: Callable[[Body, Rules], bool] | None = None
    """Checks and changes the request's body; says whether the answer streams. None: the route takes no body."""
    reshape: Callable[[Any, Rules], bytes] | None = None
    """Makes the client's answer from the model server's. None: it is passed on as it comes."""


OPENAI: Final[Wire] = openai
OLLAMA: Final[Wire] = ollama

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
)
ONE_MODEL: Final = Route("/v1/models/{model}", "GET", OPENAI, "/v1/models", reshape=openai.one_model)
MODELS_PREFIX: Final = "/v1/models/"
UNKNOWN: Final = "unknown"

_BY_PATH: Final = {route.name: route for route in TABLE}


def wire_of(path: str) -> Wire:
    """Return the format in which a client of this path expects its errors."""
    return OPENAI if path.startswith("/v1/") or path == "/v1" else OLLAMA


def find(path: str) -> Route | None:
    """Return the route of a path, decoded, without its query string."""
    route = _BY_PATH.get(path)
    if route is None and path.startswith(MODELS_PREFIX):
        return ONE_MODEL
    return route


def check(route: Route | None, method: str, path: str, rules: Rules) -> Route:
    """Return the route if it may be called like this; raises RefusalError."""
    if route is None:
        raise RefusalError("route_not_allowed")
    if method != route.method:
        raise RefusalError("method_not_allowed", headers=[(b"allow", route.method.encode())])
    if route is ONE_MODEL and path.removeprefix(MODELS_PREFIX) not in rules.spellings:
        raise RefusalError("model_not_found", param="model")
    return route
