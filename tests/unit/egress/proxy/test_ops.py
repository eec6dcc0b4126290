"""The operations port."""

import re

import pytest

from assistant_egress.proxy.decisions import Decisions, parse_decisions
from tests.unit.egress.client import connect, exchange, read, request
from tests.unit.egress.proxy.running import asking, refusal, rules, running


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_it_is_well_while_it_serves(path: str) -> None:
    """For kubelet."""
    with running(rules(443)) as proxy:
        assert exchange(proxy.ops_port, request(b"", "GET", path)) == (200, b"")


def test_the_operator_reads_the_decisions() -> None:
    """By the parser that it uses."""
    with running(rules(443)) as proxy:
        assert parse_decisions(exchange(proxy.ops_port, request(b"", "GET", "/decisions"))[1]) == Decisions(proxy.record.since, 0, {})
        refusal(proxy, asking(443, "evil.example"))
        refusal(proxy, asking(443, "10.0.0.1"))
        told = parse_decisions(exchange(proxy.ops_port, request(b"", "GET", "/decisions"))[1])

    assert told == Decisions(proxy.record.since, 0, {"HostNotAllowed": 1, "IpLiteral": 1})


def test_prometheus_reads_the_metrics() -> None:
    """In its text format, which the answer's type says."""
    with running(rules(443)) as proxy, connect(proxy.ops_port) as client:
        refusal(proxy, asking(443, "evil.example"))
        client.sendall(request(b"", "GET", "/metrics"))
        head, _, body = read(client).partition(b"\r\n\r\n")

    assert b"Content-Type: text/plain; version=0.0.4; charset=utf-8" in head.split(b"\r\n")
    assert b'private_assistant_egress_decisions_total{decision="refused",reason="HostNotAllowed"} 1\n' in body
    sample = re.compile(r'[a-z_]+(\{[a-z]+="\w+"(,[a-z]+="\w+")*\})? \d+')
    assert all(line.startswith("# ") or sample.fullmatch(line) for line in body.decode().splitlines())


@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("GET", "/metrics?x"), ("POST", "/decisions"), ("CONNECT", "/healthz")])
def test_there_is_nothing_else(method: str, path: str) -> None:
    """And no tunnel."""
    with running(rules(443)) as proxy:
        assert exchange(proxy.ops_port, request(b"", method, path)) == (404, b"")
