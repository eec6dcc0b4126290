"""Prometheus metrics, with OpenTelemetry's names for generative AI where it has one.

Labels come from closed sets: routes of the table, outcomes, codes, names of the policy. Children are kept, since finding one costs more
than counting on it.
"""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest

from assistant_gateway.record import COMPLETED, Exchange

CONTENT_TYPE: Final = b"text/plain; version=0.0.4; charset=utf-8"
# Buckets are those that OpenTelemetry's semantic conventions advise.
_DURATION = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
_FIRST_TOKEN = (0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
_TOKENS = (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304)


class Metrics:
    """All that /metrics shows."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = registry = CollectorRegistry()
        self._requests = Counter(
            "private_assistant_gateway_requests_total",
            "Requests by route, outcome and code (empty for completed ones).",
            ("route", "outcome", "code"),
            registry=registry,
        )
        self._duration = Histogram(
            "gen_ai_server_request_duration_seconds",
            "From a request's headers to its answer's end.",
            ("gen_ai_operation_name", "gen_ai_request_model", "error_type"),
            buckets=_DURATION,
            registry=registry,
        )
        self._first_token = Histogram(
            "gen_ai_server_time_to_first_token_seconds",
            "From a request's headers to the first byte of a streamed answer.",
            ("gen_ai_operation_name", "gen_ai_request_model"),
            buckets=_FIRST_TOKEN,
            registry=registry,
        )
        self._tokens = Histogram(
            "gen_ai_client_token_usage",
            "Tokens of a request, as the model server counts them.",
            ("gen_ai_operation_name", "gen_ai_request_model", "gen_ai_token_type"),
            buckets=_TOKENS,
            registry=registry,
        )
        self.in_flight = Gauge("private_assistant_gateway_requests_in_flight", "Requests that hold a place.", registry=registry)
        self.ready = Gauge("private_assistant_gateway_ready", "1 when the gateway serves requests.", registry=registry)
        self.policy_generation = Gauge(
            "private_assistant_gateway_policy_generation", "Generation of the policy in force.", registry=registry
        )
        self.reloads = Counter(
            "private_assistant_gateway_reloads_total",
            "Changes of policy, keys or certificate: taken or rejected.",
            ("what", "result"),
            registry=registry,
        )
        self.runtime_lines = Counter(
            "private_assistant_gateway_runtime_log_lines_total",
            "Lines of the model server: passed the filter, or dropped and why.",
            ("result",),
            registry=registry,
        )
        self._children: dict[tuple[str, ...], Counter] = {}
        self._durations: dict[tuple[str, str, str], Histogram] = {}
        self._firsts: dict[tuple[str, str], Histogram] = {}
        self._usages: dict[tuple[str, str, str], Histogram] = {}

    def observe(self, exchange: Exchange) -> None:
        """Count one request that has ended."""
        key = (exchange.route, exchange.outcome, exchange.code or "")
        counter = self._children.get(key)
        if counter is None:
            counter = self._children[key] = self._requests.labels(*key)
        counter.inc()
        if exchange.operation and exchange.model is not None:
            self._observe_model(exchange, exchange.model)

    def _observe_model(self, exchange: Exchange, model: str) -> None:
        operation = exchange.operation
        kind = "" if exchange.outcome == COMPLETED else exchange.code or exchange.outcome
        duration = self._durations.get((operation, model, kind))
        if duration is None:
            duration = self._durations[operation, model, kind] = self._duration.labels(operation, model, kind)
        duration.observe(exchange.ended - exchange.began)
        if exchange.stream and exchange.first_byte is not None:
            first = self._firsts.get((operation, model))
            if first is None:
                first = self._firsts[operation, model] = self._first_token.labels(operation, model)
            first.observe(exchange.first_byte - exchange.began)
        for name, count in (("input", exchange.input_tokens), ("output", exchange.output_tokens)):
            if count is not None:
                usage = self._usages.get((operation, model, name))
                if usage is None:
                    usage = self._usages[operation, model, name] = self._tokens.labels(operation, model, name)
                usage.observe(count)

    def page(self) -> bytes:
        """Return the text of /metrics."""
        return generate_latest(self.registry)
