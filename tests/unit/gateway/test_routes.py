"""The table of routes is the whole of what can be called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant_gateway import routes
from assistant_gateway.errors import RefusalError
from assistant_gateway.protocol import routing
from assistant_gateway.protocol.routing import Route, Table
from tests.unit.gateway.wire.test_fields import RULES


def test_the_table_is_what_the_design_allows() -> None:
    """A route added by accident is a way into the model server."""
    assert {(route.method, route.name) for route in (*routes.TABLE, routes.ONE_MODEL)} == {
        ("POST", "/api/chat"),
        ("POST", "/api/generate"),
        ("POST", "/api/embed"),
        ("GET", "/api/tags"),
        ("POST", "/api/show"),
        ("GET", "/api/version"),
        ("POST", "/v1/chat/completions"),
        ("POST", "/v1/completions"),
        ("POST", "/v1/embeddings"),
        ("GET", "/v1/models"),
        ("GET", "/v1/models/{model}"),
        ("GET", "/health"),
    }


BASE = Table(routes.TABLE, routes.LACKS, routes.OPENINGS)


async def handler(*_: object) -> None:
    raise AssertionError


def check(path: str, method: str) -> Route:
    place = BASE.find(path)
    assert place is not None
    return routes.check(place, method, path, RULES)


def local(name: str, method: str = "GET") -> Route:
    return Route(name, method, routing.OPENAI, handler=handler, needs="conversations")


TEMPLATES = Table(
    [
        *routes.TABLE,
        local("/v1/things"),
        local("/v1/things/{id}"),
        local("/v1/things/{id}", "DELETE"),
        local("/v1/things/{id}/items/{item}"),
    ]
)


@pytest.mark.parametrize(
    ("path", "name", "parameters"),
    [
        (b"/v1/things/a", "/v1/things/{id}", {"id": "a"}),
        (b"/v1/things/a/items/b", "/v1/things/{id}/items/{item}", {"id": "a", "item": "b"}),
        (b"/v1/things/a%2Fb%20c", "/v1/things/{id}", {"id": "a/b c"}),
        (b"/v1/things/%C3%A9", "/v1/things/{id}", {"id": "é"}),
        (b"/v1/things/..", "/v1/things/{id}", {"id": ".."}),
    ],
)
def test_a_template_takes_one_segment_and_decodes_it_once(path: bytes, name: str, parameters: dict[str, str]) -> None:
    place = TEMPLATES.match(path)

    assert place is not None
    assert (place.name, place.parameters(path)) == (name, parameters)


@pytest.mark.parametrize(
    "path",
    [
        b"/v1/things/",
        b"/v1/things/a/",
        b"/v1/things/a/b",
        b"/v1/things/a/items/",
        b"/v1/things//items/b",
        b"x/v1/things/a",
        b"/v1/things/%ff",
        b"/v1/things/\xff\n",
    ],
)
def test_what_fits_no_template_is_not_found(path: bytes) -> None:
    found = TEMPLATES.match(path)

    assert found is None or b"\xff" in path


def test_each_method_of_a_template_is_a_route_and_no_other_is() -> None:
    place = TEMPLATES.match(b"/v1/things/a")
    assert place is not None

    assert routes.check(place, "DELETE", "", RULES).method == "DELETE"
    with pytest.raises(RefusalError) as refused:
        routes.check(place, "PUT", "", RULES)
    assert (refused.value.code, refused.value.headers) == ("method_not_allowed", [(b"allow", b"GET, DELETE")])


def test_a_path_without_parameters_needs_no_template() -> None:
    place = TEMPLATES.find("/v1/things")

    assert place is not None
    assert place.parameters(b"/v1/th%69ngs") == {}


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/v1/conversations", "conversations_not_kept"),
        ("/v1/conversations/conv_1/items", "conversations_not_kept"),
        ("/v1/ingest/file", "documents_not_configured"),
        ("/v1/chunks", "documents_not_configured"),
        ("/v1/subjects/me/export", "nothing_kept"),
        ("/v1/memory", "nothing_kept"),
        ("/v1/conversationsx", "route_not_allowed"),
    ],
)
def test_without_a_store_a_client_is_told_what_it_lacks(path: str, code: str) -> None:
    """A data officer who asks what is held about somebody is told that nothing is, and not that it is none of his business."""
    assert BASE.find(path) is None
    assert BASE.lacking(path) == code
    assert TEMPLATES.lacking(path) == "route_not_allowed"


@given(st.text(max_size=30).map(lambda text: "/" + text))
def test_no_other_path_finds_a_route(path: str) -> None:
    found = BASE.find(path)

    assert found is None or path == found.name or path.startswith("/v1/models/")
    assert BASE.match(path.encode("ascii", "replace")) is None


@pytest.mark.parametrize("path", ["/v1/models/tiny:1b", "/v1/models/library/tiny:1b"])
def test_a_model_is_found_by_each_of_its_spellings(path: str) -> None:
    assert check(path, "GET") is routes.ONE_MODEL


@pytest.mark.parametrize("path", ["/v1/models/other", "/v1/models/", "/v1/models/tiny:1b/", "/v1/models/../models"])
def test_no_other_model_is_found(path: str) -> None:
    with pytest.raises(RefusalError) as refused:
        check(path, "GET")

    assert refused.value.code == "model_not_found"


@pytest.mark.parametrize(
    ("path", "name"), [("/v1", "openai"), ("/v1/x", "openai"), ("/v1x", "ollama"), ("/api/chat", "ollama"), ("", "ollama")]
)
def test_errors_come_in_the_format_of_the_path(path: str, name: str) -> None:
    assert name == routing.wire_of(path).NAME
