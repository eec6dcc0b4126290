"""The operator's log lines, metrics, and the port on which they and its health are read."""

import json
import logging
from collections.abc import Iterator

import aiohttp
import pytest

from assistant_operator import logs
from assistant_operator.metrics import Metrics
from assistant_operator.ops import OpsServer
from assistant_operator.version import VERSION


@pytest.fixture
def restored() -> Iterator[None]:
    """Leave logging as it was."""
    names = ("", "assistant_operator", "kopf")
    levels = {name: logging.getLogger(name).level for name in names}
    handlers = logging.getLogger().handlers[:]
    yield
    logging.getLogger().handlers[:] = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@pytest.mark.usefixtures("restored")
def test_json_lines_have_keys(capsys: pytest.CaptureFixture[str]) -> None:
    """One object for each record, with what the caller gave, whatever the message holds."""
    logs.configure("INFO", "JSON")
    logging.getLogger("assistant_operator.x").info('He said "no"\nand left', extra={"assistant": "n/a", "generation": 3})
    [line] = capsys.readouterr().out.splitlines()

    record = json.loads(line)
    assert record["message"] == 'He said "no"\nand left'
    assert (record["assistant"], record["generation"], record["level"]) == ("n/a", 3, "INFO")
    assert record["time"].endswith("Z")


@pytest.mark.usefixtures("restored")
def test_text_lines_have_keys(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO", "Text")
    logging.getLogger("assistant_operator.x").warning("Left", extra={"assistant": "n/a"})

    assert capsys.readouterr().out.endswith("WARNING Left assistant=n/a\n")


@pytest.mark.usefixtures("restored")
@pytest.mark.parametrize("form", ["JSON", "Text"])
def test_exceptions_are_told_with_their_place(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("ERROR", form)
    try:
        raise ZeroDivisionError
    except ZeroDivisionError:
        logging.getLogger("assistant_operator.x").exception("Oh")

    text = capsys.readouterr().out
    assert "ZeroDivisionError" in text
    assert form == "Text" or json.loads(text)["exception"]


@pytest.mark.usefixtures("restored")
def test_levels(capsys: pytest.CaptureFixture[str]) -> None:
    """Ours as set; libraries, which may quote whole objects, only when something is wrong."""
    logs.configure("DEBUG", "JSON")
    logging.getLogger("assistant_operator.x").debug("ours")
    logging.getLogger("kopf.objects").info("kopf's")
    logging.getLogger("aiohttp.access").info("aiohttp's")

    assert [json.loads(line)["message"] for line in capsys.readouterr().out.splitlines()] == ["ours"]


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(f"private_assistant_operator_{name}", labels)


def test_metrics_count() -> None:
    metrics = Metrics()
    metrics.reconciled("ready", 0.1)
    metrics.called("patch", "Service", 200, 0.01)
    metrics.called("patch", "Service", 0, 20)

    assert value(metrics, "reconciles_total", outcome="ready") == 1
    assert value(metrics, "reconcile_seconds_count") == 1
    assert value(metrics, "api_calls_total", verb="patch", kind="Service", code="200") == 1
    assert value(metrics, "api_calls_total", verb="patch", kind="Service", code="0") == 1
    assert "_created" not in metrics.text().decode()


def test_metrics_show_what_is() -> None:
    """Queue and assistants by condition and reason, as they are when they are asked for."""
    metrics = Metrics()
    depth = [3]
    conditions = [
        {"type": "Ready", "status": "True", "reason": "Serving"},
        {"type": "ModelReady", "status": "Unknown", "reason": "Pulling"},
    ]
    metrics.watch_queue(lambda: depth[0], lambda: 2)
    metrics.watch_assistants(lambda: [{"status": {"conditions": conditions}}, {"status": {"conditions": conditions[:1]}}, {}])

    assert value(metrics, "queue_depth") == 3
    assert value(metrics, "workers_busy") == 2
    assert value(metrics, "assistants", condition="Ready", status="True", reason="Serving") == 2
    assert value(metrics, "assistants", condition="ModelReady", status="Unknown", reason="Pulling") == 1
    depth[0] = 0
    assert value(metrics, "queue_depth") == 0


def test_metrics_show_the_shards_that_are_held() -> None:
    """Each of them, so that one which nobody holds is seen as such; the leader is who holds the first."""
    metrics = Metrics()
    held = [0, 2]
    metrics.watch_shards(3, lambda: held)

    assert [value(metrics, "shard_held", shard=str(shard)) for shard in range(3)] == [1, 0, 1]
    assert value(metrics, "leader") == 1
    held.remove(0)
    assert [value(metrics, "shard_held", shard=str(shard)) for shard in range(3)] == [0, 0, 1]
    assert value(metrics, "leader") == 0


def test_what_egress_proxies_decided_is_summed_by_reason() -> None:
    """Over all assistants, as their status tells; none where no host is allowed."""
    metrics = Metrics()
    one = {"mode": "Allowlist", "allowed": 3, "refused": [{"reason": "HostNotAllowed", "count": 2}, {"reason": "NotTls", "count": 1}]}
    other = {"mode": "Allowlist", "allowed": 0, "refused": [{"reason": "HostNotAllowed", "count": 5}]}
    metrics.watch_assistants(lambda: ({"status": {"egress": egress}} for egress in (one, other, {"mode": "Deny"})))

    assert value(metrics, "egress_decisions", decision="allowed", reason="Allowed") == 3
    assert value(metrics, "egress_decisions", decision="refused", reason="HostNotAllowed") == 7
    assert value(metrics, "egress_decisions", decision="refused", reason="NotTls") == 1


async def test_the_port_for_operations() -> None:
    """Alive, ready or not, metrics; nothing else."""
    ready = [True]
    server = OpsServer(Metrics(), lambda: ready[0], "127.0.0.1", 0)
    port = await server.start()
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client:

        async def status(path: str, method: str = "GET") -> int:
            async with client.request(method, path) as answer:
                return answer.status

        assert await status("/healthz") == 200
        assert await status("/readyz") == 200
        ready[0] = False
        assert await status("/readyz") == 503
        assert await status("/healthz") == 200
        async with client.get("/metrics") as answer:
            assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
            assert "private_assistant_operator_reconcile_seconds" in await answer.text()
        assert await status("/") == 404
        assert await status("/metrics", "POST") == 405
    await server.close()


def test_the_release_is_a_label() -> None:
    """As in other exporters: joined to what else is asked, it says which release did it."""
    assert f'private_assistant_operator_build_info{{version="{VERSION}"}} 1.0' in Metrics().text().decode()
