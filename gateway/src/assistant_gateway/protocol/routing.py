"""What a route is, where it is, and in which format its clients are answered; the table of routes itself is routes.py."""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol
from urllib.parse import unquote

from assistant_gateway.wire import ollama, openai
from assistant_gateway.wire.fields import Body, Rules

WireName = Literal["openai", "ollama"]

if TYPE_CHECKING:
    from assistant_gateway.memory import Memory
    from assistant_gateway.protocol.call import Call
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

    def __init__(self, routes: Iterable[Route], lacks: Iterable[tuple[str, str]] = (), openings: Iterable[tuple[str, Place]] = ()) -> None:
        """Take the routes; what paths are called that an assistant with more would have, and with which code they are refused; and the
        places of paths that begin like this and may have anything behind it, slashes too.
        """
        by_name: dict[str, dict[str, Route]] = {}
        for route in routes:
            by_name.setdefault(route.name, {})[route.method] = route
        places = [Place(name, methods) for name, methods in by_name.items()]
        self._fixed = {place.name: place for place in places if "{" not in place.name}
        self._templates = tuple(place for place in places if "{" in place.name)
        self._lacks = tuple(lacks)
        self._openings = tuple(openings)

    def find(self, path: str) -> Place | None:
        """Return the place of a path, decoded, without its query string."""
        if (place := self._fixed.get(path)) is not None:
            return place
        return next((place for start, place in self._openings if path.startswith(start)), None)

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


def wire_of(path: str) -> Wire:
    """Return the format in which a client of this path expects its errors."""
    return OPENAI if path.startswith("/v1/") or path in ("/v1", "/health") else OLLAMA
