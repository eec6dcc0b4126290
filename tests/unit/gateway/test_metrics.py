"""What is counted, under which names."""

import pytest

from assistant_gateway.metrics import BATCH, Metrics
from assistant_gateway.record import COMPLETED, REFUSED, Exchange


def make(**fields: object) -> Exchange:
    exchange = Exchange("POST", "ollama")
    exchange.began, exchange.ended = 1.0, 3.0
    for name, value in fields.items():
        setattr(exchange, name, value)
    return exchange


def ended(**more: object) -> Exchange:
    return make(**{"route": "/api/chat", "operation": "chat", "model": "tiny:1b", "outcome": COMPLETED} | more)


def count(*exchanges: Exchange) -> Metrics:
    metrics = Metrics()
    for exchange in exchanges:
        metrics.began()
        metrics.ended(exchange)
    metrics.page()  # counts what has waited
    return metrics


def test_a_request_is_counted_by_route_outcome_and_code() -> None:
    metrics = count(ended(), ended(), make(outcome=REFUSED, code="wrong_key"))

    page = metrics.page().decode()
    assert 'private_assistant_gateway_requests_total{code="",outcome="completed",route="/api/chat"} 2.0' in page
    assert 'private_assistant_gateway_requests_total{code="wrong_key",outcome="refused",route="unknown"} 1.0' in page


def test_the_models_work_has_opentelemetrys_names() -> None:
    metrics = count(ended(stream=True, first_byte=1.5, input_tokens=11, output_tokens=2), ended(outcome="failed", code="upstream_timeout"))

    value = metrics.registry.get_sample_value
    chat = {"gen_ai_operation_name": "chat", "gen_ai_request_model": "tiny:1b"}
    assert value("gen_ai_server_request_duration_seconds_sum", chat | {"error_type": ""}) == 2.0
    assert value("gen_ai_server_request_duration_seconds_count", chat | {"error_type": "upstream_timeout"}) == 1.0
    assert value("gen_ai_server_time_to_first_token_seconds_sum", chat) == 0.5
    assert value("gen_ai_client_token_usage_sum", chat | {"gen_ai_token_type": "input"}) == 11.0
    assert value("gen_ai_client_token_usage_sum", chat | {"gen_ai_token_type": "output"}) == 2.0


@pytest.mark.parametrize("exchange", [make(operation="chat"), ended(operation="")])
def test_requests_that_never_reached_the_model_are_not_its_work(exchange: Exchange) -> None:
    metrics = count(exchange)

    assert "gen_ai_server_request_duration_seconds_count{" not in metrics.page().decode()


def test_buckets_are_cumulative() -> None:
    metrics = count(ended(), ended(ended=1.005), ended(ended=1000.0))

    value = metrics.registry.get_sample_value
    labels = {"gen_ai_operation_name": "chat", "gen_ai_request_model": "tiny:1b", "error_type": ""}
    counts = [value("gen_ai_server_request_duration_seconds_bucket", labels | {"le": le}) for le in ("0.01", "1.28", "2.56", "+Inf")]
    assert counts == [1.0, 1.0, 2.0, 3.0]


def test_requests_in_progress_are_counted() -> None:
    metrics = count(ended())
    metrics.began()

    assert metrics.registry.get_sample_value("private_assistant_gateway_requests_in_flight") == 1.0


def test_requests_are_counted_together_and_none_is_left_out() -> None:
    metrics = Metrics()
    for _ in range(BATCH + 3):
        metrics.began()
        metrics.ended(ended())

    labels = {"route": "/api/chat", "outcome": "completed", "code": ""}
    assert metrics.registry.get_sample_value("private_assistant_gateway_requests_total", labels) == BATCH
    metrics.page()
    assert metrics.registry.get_sample_value("private_assistant_gateway_requests_total", labels) == BATCH + 3


def test_values_that_were_found_are_counted_by_direction_and_type() -> None:
    """Also of a request that was refused for them."""
    found = {"request": {"EMAIL": 2, "STAFF-ID": 1}, "response": {"EMAIL": 1}}
    metrics = count(ended(redactions=found), ended(redactions=found, outcome=REFUSED, code="personal_data_refused"), ended())

    value = metrics.registry.get_sample_value
    name = "private_assistant_redactions_total"
    assert value(name, {"direction": "request", "entity": "EMAIL"}) == 4.0
    assert value(name, {"direction": "request", "entity": "STAFF-ID"}) == 2.0
    assert value(name, {"direction": "response", "entity": "EMAIL"}) == 2.0
