"""Prometheus metrics of the operator; labels name kinds and outcomes, never what users wrote."""

from collections.abc import Callable, Collection, Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from assistant_operator.kube.objects import Object
from assistant_operator.kube.shards import CHIEF
from assistant_operator.version import VERSION

PREFIX = "private_assistant_operator"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Counters of one operator process."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # twice the series, for nobody
        self.registry = CollectorRegistry()
        Gauge(f"{PREFIX}_build_info", "1; its label is the version.", ["version"], registry=self.registry).labels(VERSION).set(1)
        self._reconciles = Counter(
            f"{PREFIX}_reconciles", "Passes over an assistant, by how they ended.", ["outcome"], registry=self.registry
        )
        self._seconds = Histogram(f"{PREFIX}_reconcile_seconds", "Duration of a pass.", registry=self.registry)
        self._calls = Counter(
            f"{PREFIX}_api_calls", "Calls to the API server; code 0 had no answer.", ["verb", "kind", "code"], registry=self.registry
        )
        self._call_seconds = Histogram(
            f"{PREFIX}_api_call_seconds", "Duration of a call to the API server.", ["verb"], registry=self.registry
        )

    def reconciled(self, outcome: str, seconds: float) -> None:
        self._reconciles.labels(outcome).inc()
        self._seconds.observe(seconds)

    def called(self, verb: str, kind: str, status: int, seconds: float) -> None:
        self._calls.labels(verb, kind, str(status)).inc()
        self._call_seconds.labels(verb).observe(seconds)

    def watch_queue(self, ready: Callable[[], int], running: Callable[[], int]) -> None:
        """Show the queue as it is at the time of a scrape."""
        self.registry.register(
            _Gauges(
                lambda: [
                    _single("queue_depth", "Assistants that wait for a pass.", ready()),
                    _single("workers_busy", "Passes that run.", running()),
                ]
            )
        )

    def watch_assistants(self, assistants: Callable[[], Iterable[Object]]) -> None:
        """Show how many assistants have each condition in each status and why, and what their egress proxies have decided."""

        def computed() -> list[GaugeMetricFamily]:
            found = tuple(assistants())
            return [_by_condition(found), _by_decision(found)]

        self.registry.register(_Gauges(computed))

    def watch_shards(self, count: int, held: Callable[[], Collection[int]]) -> None:
        """Show which of so many shards this replica holds; who holds the first is the leader."""

        def computed() -> list[GaugeMetricFamily]:
            now = held()
            text = "1 where this replica is the active one; of several, the one that looks after what the cluster has once."
            return [_single("leader", text, int(CHIEF in now)), _by_shard(count, now)]

        self.registry.register(_Gauges(computed))

    def text(self) -> bytes:
        return generate_latest(self.registry)


class _Gauges(Collector):
    """Values that are computed when they are asked for."""

    def __init__(self, compute: Callable[[], list[GaugeMetricFamily]]) -> None:
        self._compute = compute

    def collect(self) -> Iterable[GaugeMetricFamily]:
        return self._compute()

    def describe(self) -> Iterable[GaugeMetricFamily]:
        return []  # registration must not compute


def _single(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{PREFIX}_{name}", text, value=value)


def _by_shard(count: int, held: Collection[int]) -> GaugeMetricFamily:
    text = "1 where this replica holds the shard: it alone writes to the namespaces in it."
    family = GaugeMetricFamily(f"{PREFIX}_shard_held", text, labels=["shard"])
    for shard in range(count):
        family.add_metric([str(shard)], int(shard in held))
    return family


def _by_decision(assistants: Iterable[Object]) -> GaugeMetricFamily:
    """Return the sums of what status tells: of the proxies that run, since each of them started, hence no counter."""
    counts: dict[tuple[str, str], int] = {}
    for assistant in assistants:
        egress = (assistant.get("status") or {}).get("egress") or {}
        decided = [("refused", str(one.get("reason", "")), int(one.get("count") or 0)) for one in egress.get("refused") or ()]
        if egress.get("allowed") is not None:
            decided.append(("allowed", "Allowed", int(egress["allowed"])))
        for decision, reason, count in decided:
            counts[decision, reason] = counts.get((decision, reason), 0) + count
    text = "Connections that running egress proxies decided on, as status shows them."
    family = GaugeMetricFamily(f"{PREFIX}_egress_decisions", text, labels=["decision", "reason"])
    for pair, count in sorted(counts.items()):
        family.add_metric(list(pair), count)
    return family


def _by_condition(assistants: Iterable[Object]) -> GaugeMetricFamily:
    counts: dict[tuple[str, str, str], int] = {}
    for assistant in assistants:
        for condition in (assistant.get("status") or {}).get("conditions") or ():
            told = (str(condition.get("type", "")), str(condition.get("status", "")), str(condition.get("reason", "")))
            counts[told] = counts.get(told, 0) + 1
    text = "Assistants by condition, its status and reason."
    family = GaugeMetricFamily(f"{PREFIX}_assistants", text, labels=["condition", "status", "reason"])
    for told, count in sorted(counts.items()):
        family.add_metric(list(told), count)
    return family
