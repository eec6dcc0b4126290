"""What is counted, under which names."""

import pytest

from assistant_gateway.metrics import Metrics
from assistant_gateway.record import COMPLETED, REFUSED, Exchange


def ended(**more: object) -> Exchange:
    exchange = Exchange(route="/api/chat", operation="chat", model="tiny:1b", outcome=COMPLETED, began=1.0, ended=3.0)
    for name, value in more.items():
        setattr(exchange, name, value)
    return exchange


def test_a_request_is_counted_by_route_outcome_and_code() -> None:
    metrics = Metrics()
    metrics.observe(ended())
    metrics.observe(ended())
    metrics.observe(Exchange(outcome=REFUSED, code="wrong_key"))

    page = metrics.page().decode()
    assert 'private_assistant_gateway_requests_total{code="",outcome="completed",route="/api/chat"} 2.0' in page
    assert 'private_assistant_gateway_requests_total{code="wrong_key",outcome="refused",route="unknown"} 1.0' in page


def test_the_models_work_has_opentelemetrys_names() -> None:
    metrics = Metrics()
    metrics.observe(ended(stream=True, first_byte=1.5, input_tokens=11, output_tokens=2))
    metrics.observe(ended(outcome="failed", code="upstream_timeout"))

    value = metrics.registry.get_sample_value
    chat = {"gen_ai_operation_name": "chat", "gen_ai_request_model": "tiny:1b"}
    assert value("gen_ai_server_request_duration_seconds_sum", chat | {"error_type": ""}) == 2.0
    assert value("gen_ai_server_request_duration_seconds_count", chat | {"error_type": "upstream_timeout"}) == 1.0
    assert value("gen_ai_server_time_to_first_token_seconds_sum", chat) == 0.5
    assert value("gen_ai_client_token_usage_sum", chat | {"gen_ai_token_type": "input"}) == 11.0
    assert value("gen_ai_client_token_usage_sum", chat | {"gen_ai_token_type": "output"}) == 2.0


@pytest.mark.parametrize("exchange", [Exchange(operation="chat", model=None), ended(operation="")])
def test_requests_that_never_reached_the_model_are_not_its_work(exchange: Exchange) -> None:
    metrics = Metrics()
    metrics.observe(exchange)

    assert "gen_ai_server_request_duration_seconds_count{" not in metrics.page().decode()
