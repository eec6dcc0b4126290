"""The routes that a client may call: this table, and nothing else.

What is sent to the model server is the table's path, never the client's: no query string, no header, no other spelling gets through.
Routes of what the assistant keeps (conversations, documents, erasure) are answered by their rooms instead, and are in the table of an
assistant with a store only; local.py serves them.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol
from urllib.parse import unquote

from assistant_gateway import local
from assistant_gateway.errors import RefusalError
from assistant_gateway.policy import Policy
from assistant_gateway.wire import ollama, openai
from assistant_gateway.wire.fields import Body, Rules

WireName = Literal["openai", "ollama"]

if TYPE_CHECKING:
    from assistant_gateway.call import Call
    from assistant_gateway.memory import Memory
    from assistant_gateway.snapshot import Snapshot

    Handler = Callable[[Call, Snapshot, Mapping[str, str], Memory], Awaitable[None]]

Needs = Literal["conversations", "documents", "privacy", "source"]


class Wire(Protocol):
    """What a module of wire/ offers."""

    @property
    def NAME(self) -> WireName: ...  # noqa: N802 - constants of modules
    @property
    def STREAM_TYPE(self) -> bytes: ...  # noqa: N802 - constants of modules
    @property
    def SEPARATOR(self) -> bytes: ...  # noqa: N802 - constants of modules
    @property
    def ERROR_MARK(self) -> bytes: ...  # noqa: N802 - constants of modules
    @property
    def SILENT_ERROR(self) -> bytes | None: ...  # noqa: N802 - constants of modules

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
    upstream: str = ""
    operation: str = ""
    """OpenTelemetry's gen_ai.operation.name, for routes on which the model works."""
    prepare: Callable[[Body, Rules], bool] | None = None
    """Checks and changes the request's body; says whether the answer streams. None: the route takes no body."""
    reshape: Callable[[Any, Rules], bytes] | None = None
    """Makes the client's answer from the model server's. None: it is passed on as it comes."""
    handler: "Handler | None" = None
    """Answers here, in place of the model server; `{x}` of the name is one segment of the path and comes as a parameter, decoded."""
    accepts: Literal["json", "multipart", "raw", "none"] = "none"
    """Body of a local route: it is read as a whole, within the policy's limit, before the handler is called (`Call.body`)."""
    needs: Needs | None = None
    """What of the memory a local route works on, and with it which roles may call it."""


class Place:
    """One path, or template of paths, and the route of each method."""

    __slots__ = ("_pattern", "allow", "name", "routes")

    def __init__(self, name: str, routes: Mapping[str, Route]) -> None:
        self.name = name
        self.routes = routes
        self.allow = ", ".join(routes).encode()
        self._pattern = re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(name))) if "{" in name else None

    def parameters(self, raw_path: bytes) -> Mapping[str, str] | None:
        """Return the path's parameters; None if it is not this place's. Segments are cut before they are decoded: %2F is no border."""
        if self._pattern is None:
            return {}
        found = self._pattern.fullmatch(raw_path.decode("ascii", "replace"))
        if found is None:
            return None
        try:
            return {name: unquote(value, errors="strict") for name, value in found.groupdict().items()}
        except UnicodeDecodeError:
            return None


class Table:
    """All places of one assistant."""

    def __init__(self, routes: Iterable[Route], lacks: Iterable[tuple[str, str]] = ()) -> None:
        by_name: dict[str, dict[str, Route]] = {}
        for route in routes:
            by_name.setdefault(route.name, {})[route.method] = route
        places = [Place(name, methods) for name, methods in by_name.items()]
        self._fixed = {place.name: place for place in places if "{" not in place.name}
        self._templates = tuple(place for place in places if "{" in place.name)
        self._lacks = tuple(lacks)

    def find(self, path: str) -> Place | None:
        """Return the place of a path, decoded, without its query string."""
        place = self._fixed.get(path)
        return ONE_MODEL_PLACE if place is None and path.startswith(MODELS_PREFIX) else place

    def match(self, raw_path: bytes) -> Place | None:
        """Return the place whose template fits a path as it was sent."""
        return next((place for place in self._templates if place.parameters(raw_path) is not None), None)

    def lacking(self, path: str) -> str:
        """Return the code with which a path is refused that is nobody's."""
        return next((code for start, code in self._lacks if path == start or path.startswith(start + "/")), "route_not_allowed")

    @property
    def routes(self) -> list[Route]:
        """All routes of the table."""
        return [route for place in (*self._fixed.values(), *self._templates) for route in place.routes.values()]


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
    Route("/health", "GET", OPENAI, handler=local.health),
)
ONE_MODEL: Final = Route("/v1/models/{model}", "GET", OPENAI, "/v1/models", reshape=openai.one_model)
ONE_MODEL_PLACE: Final = Place(ONE_MODEL.name, {"GET": ONE_MODEL})
MODELS_PREFIX: Final = "/v1/models/"
UNKNOWN: Final = "unknown"

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
    from assistant_gateway.redaction.routes import ROUTES  # it knows this table's types

    return Table((*TABLE, *ROUTES, *_rooms())) if policy.store is not None else Table((*TABLE, *ROUTES), LACKS)


def _rooms() -> Sequence[Route]:
    from assistant_gateway.conversations import routes as conversations
    from assistant_gateway.documents import routes as documents
    from assistant_gateway.retention import routes as retention

    return (*conversations.ROUTES, *documents.ROUTES, *retention.ROUTES)


def wire_of(path: str) -> Wire:
    """Return the format in which a client of this path expects its errors."""
    return OPENAI if path.startswith("/v1/") or path in ("/v1", "/health") else OLLAMA


def check(place: Place, method: str, path: str, rules: Rules) -> Route:
    """Return the route if it may be called like this; raises RefusalError."""
    route = place.routes.get(method)
    if route is None:
        raise RefusalError("method_not_allowed", headers=[(b"allow", place.allow)])
    if route is ONE_MODEL and path.removeprefix(MODELS_PREFIX) not in rules.spellings:
        raise RefusalError("model_not_found", param="model")
    return route
