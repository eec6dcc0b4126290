"""Prometheus metrics, with OpenTelemetry's names for generative AI where it has one.

Labels come from closed sets: routes of the table, outcomes, codes, names of the policy. What each request counts is kept in plain lists
and made into metrics when somebody looks: the client library's own objects lock and look up, and cost more than all else that is counted.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, disable_created_metrics, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from assistant_gateway.record import COMPLETED, Exchange

CONTENT_TYPE: Final = b"text/plain; version=0.0.4; charset=utf-8"
# Buckets are those that OpenTelemetry's semantic conventions advise.
_DURATION: Final = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
_FIRST_TOKEN: Final = (0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
_TOKENS: Final = (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304)

BATCH: Final = 256

Labels = tuple[str, ...]


class _Histogram:
    """Counts of one histogram, by labels."""

    __slots__ = ("_bounds", "_counts", "_labels", "_name", "_sums", "_text")

    def __init__(self, name: str, text: str, labels: Labels, bounds: tuple[float, ...]) -> None:
        self._name, self._text, self._labels, self._bounds = name, text, labels, bounds
        self._counts: dict[Labels, list[int]] = {}
        self._sums: dict[Labels, float] = {}

    def observe(self, labels: Labels, value: float) -> None:
        counts = self._counts.get(labels)
        if counts is None:
            counts = self._counts[labels] = [0] * (len(self._bounds) + 1)
            self._sums[labels] = 0.0
        counts[bisect_left(self._bounds, value)] += 1
        self._sums[labels] += value

    def family(self) -> Metric:
        family = HistogramMetricFamily(self._name, self._text, labels=self._labels)
        names = [*(str(float(bound)) for bound in self._bounds), "+Inf"]
        for labels, counts in self._counts.items():
            family.add_metric(labels, list(zip(names, accumulate(counts), strict=True)), self._sums[labels])
        return family


class _Requests(Collector):
    """What requests count."""

    def __init__(self) -> None:
        model = ("gen_ai_operation_name", "gen_ai_request_model")
        self.ended: dict[Labels, int] = {}
        self.redactions: dict[Labels, int] = {}
        self.in_flight = 0
        self.duration = _Histogram(
            "gen_ai_server_request_duration_seconds", "From a request's headers to its answer's end.", (*model, "error_type"), _DURATION
        )
        self.first_token = _Histogram(
            "gen_ai_server_time_to_first_token_seconds",
            "From a request's headers to the first byte of a streamed answer.",
            model,
            _FIRST_TOKEN,
        )
        self.tokens = _Histogram(
            "gen_ai_client_token_usage", "Tokens of a request, as the model server counts them.", (*model, "gen_ai_token_type"), _TOKENS
        )

    def collect(self) -> Iterator[Metric]:
        text = "Requests by route, outcome and code (empty for completed ones)."
        ended = CounterMetricFamily("private_assistant_gateway_requests", text, labels=("route", "outcome", "code"))
        for labels, count in self.ended.items():
            ended.add_metric(labels, count)
        yield ended
        yield GaugeMetricFamily("private_assistant_gateway_requests_in_flight", "Requests in progress.", value=self.in_flight)
        found = CounterMetricFamily(
            "private_assistant_redactions",
            "Values of personal data found, by direction and type.",
            labels=("direction", "entity"),
        )
        for labels, count in self.redactions.items():
            found.add_metric(labels, count)
        yield found
        for histogram in (self.duration, self.first_token, self.tokens):
            yield histogram.family()

    def describe(self) -> Iterable[Metric]:
        return ()


class Metrics:
    """All that /metrics shows."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # twice the series, for nobody
        self.registry = registry = CollectorRegistry()
        self._requests = _Requests()
        self._uncounted: list[Exchange] = []
        registry.register(self._requests)
        name = "private_assistant_gateway"
        self.ready = Gauge(f"{name}_ready", "1 when the gateway serves requests.", registry=registry)
        self.policy_generation = Gauge(f"{name}_policy_generation", "Generation of the policy in force.", registry=registry)
        self.certificate_end = Gauge(
            f"{name}_certificate_expiration_timestamp_seconds", "When the certificate that is served ends, since 1970.", registry=registry
        )
        self.reloads = Counter(
            f"{name}_reloads_total", "Changes of policy, keys or certificate: taken or rejected.", ("what", "result"), registry=registry
        )
        for what in ("certificate", "policy"):
            # From the start: Prometheus sees no increase in a series that begins with its first 1.
            self.reloads.labels(what, "taken")
            self.reloads.labels(what, "rejected")
        self.runtime_lines = Counter(
            f"{name}_runtime_log_lines_total",
            "Lines of the model server: passed the filter, or dropped and why.",
            ("result",),
            registry=registry,
        )

    def began(self) -> None:
        """Count a request that begins."""
        self._requests.in_flight += 1

    def ended(self, exchange: Exchange) -> None:
        """Count a request that has ended; together with others, which is kinder to the processor's caches."""
        self._requests.in_flight -= 1
        self._uncounted.append(exchange)
        if len(self._uncounted) >= BATCH:
            self._count_all()

    def _count_all(self) -> None:
        for exchange in self._uncounted:
            self._count(exchange)
        self._uncounted.clear()

    def _count(self, exchange: Exchange) -> None:
        requests = self._requests
        labels = (exchange.route, exchange.outcome, exchange.code or "")
        requests.ended[labels] = requests.ended.get(labels, 0) + 1
        for direction, counts in (exchange.redactions or {}).items():
            for entity, number in counts.items():
                requests.redactions[direction, entity] = requests.redactions.get((direction, entity), 0) + number
        model, operation = exchange.model, exchange.operation
        if model is None or not operation:
            return
        kind = "" if exchange.outcome == COMPLETED else exchange.code or exchange.outcome
        requests.duration.observe((operation, model, kind), exchange.ended - exchange.began)
        if exchange.stream and exchange.first_byte is not None:
            requests.first_token.observe((operation, model), exchange.first_byte - exchange.began)
        if exchange.input_tokens is not None:
            requests.tokens.observe((operation, model, "input"), exchange.input_tokens)
        if exchange.output_tokens is not None:
            requests.tokens.observe((operation, model, "output"), exchange.output_tokens)

    def page(self) -> bytes:
        """Return the text of /metrics."""
        self._count_all()
        return generate_latest(self.registry)
