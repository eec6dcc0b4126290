"""Every series that our programs export, by the pages that they show when everything has happened once."""

from prometheus_client.parser import text_string_to_metric_families

from assistant_egress.proxy.record import Record
from assistant_gateway import metrics as gateway
from assistant_gateway.record import COMPLETED, Exchange
from assistant_operator import metrics as operator


def pages() -> tuple[str, str, str]:
    """Return what the operator, a gateway and an egress proxy show at /metrics."""
    return _operator(), _gateway(), Record().page(0).decode()


def exported() -> dict[str, frozenset[str]]:
    """Return the names of all series with their labels, as a scrape finds them."""
    found: dict[str, frozenset[str]] = {}
    for page in pages():
        for family in text_string_to_metric_families(page):
            for sample in family.samples:
                found[sample.name] = found.get(sample.name, frozenset()) | frozenset(sample.labels)
    return found


def _operator() -> str:
    metrics = operator.Metrics()
    metrics.reconciled("ready", 0.1)
    metrics.called("get", "Pod", 200, 0.1)
    metrics.watch_queue(lambda: 1, lambda: 1)
    metrics.watch_shards(1, lambda: (0,))
    condition = {"type": "Ready", "status": "True", "reason": "Serving"}
    metrics.watch_assistants(lambda: [{"status": {"conditions": [condition], "egress": {"allowed": 1}}}])
    return metrics.text().decode()


def _gateway() -> str:
    metrics = gateway.Metrics()
    exchange = Exchange("POST", "ollama")
    exchange.route, exchange.operation, exchange.model, exchange.outcome = "/api/chat", "chat", "tiny:1b", COMPLETED
    exchange.stream, exchange.first_byte, exchange.input_tokens, exchange.output_tokens = True, exchange.began, 1, 1
    exchange.redactions = {"request": {"EMAIL_ADDRESS": 1}}
    metrics.began()
    metrics.ended(exchange)
    metrics.runtime_lines.labels("passed")
    return metrics.page().decode()
