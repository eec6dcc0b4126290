"""The table of routes is the whole of what can be called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant_gateway import routes
from assistant_gateway.errors import RefusalError
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
    }


@given(st.text(max_size=30).map(lambda text: "/" + text))
def test_no_other_path_finds_a_route(path: str) -> None:
    found = routes.find(path)

    assert found is None or path == found.name or path.startswith("/v1/models/")


@pytest.mark.parametrize("path", ["/v1/models/tiny:1b", "/v1/models/library/tiny:1b"])
def test_a_model_is_found_by_each_of_its_spellings(path: str) -> None:
    assert routes.check(routes.find(path), "GET", path, RULES) is routes.ONE_MODEL


@pytest.mark.parametrize("path", ["/v1/models/other", "/v1/models/", "/v1/models/tiny:1b/", "/v1/models/../models"])
def test_no_other_model_is_found(path: str) -> None:
    with pytest.raises(RefusalError) as refused:
        routes.check(routes.find(path), "GET", path, RULES)

    assert refused.value.code == "model_not_found"


@pytest.mark.parametrize(
    ("path", "name"), [("/v1", "openai"), ("/v1/x", "openai"), ("/v1x", "ollama"), ("/api/chat", "ollama"), ("", "ollama")]
)
def test_errors_come_in_the_format_of_the_path(path: str, name: str) -> None:
    assert name == routes.wire_of(path).NAME
