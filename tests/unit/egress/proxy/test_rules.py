"""The file that the operator writes and the proxy reads."""

import ipaddress
import json
from typing import Any

import pytest

from assistant_egress.proxy.rules import (
    MAX_BYTES,
    HostRule,
    Limits,
    MalformedError,
    NetworkRule,
    PortRange,
    Rules,
    encode_rules,
    parse_rules,
)

RULES = Rules(
    hosts=(HostRule("*.corp.example", 443), HostRule("api.corp.example", 8443)),
    networks=(NetworkRule("10.20.0.0/16", (PortRange(443, 443), PortRange(8000, 8999))), NetworkRule("fd00::/8", (PortRange(1, 65535),))),
    limits=Limits(connections=10, idle_seconds=20, bytes=30),
)


def document() -> dict[str, Any]:
    """What the module's docstring shows."""
    return {
        "version": 1,
        "hosts": [{"host": "*.corp.example", "port": 443}],
        "networks": [{"cidr": "10.20.0.0/16", "ports": [{"first": 443, "last": 443}]}],
        "limits": {"connections": 256, "idleSeconds": 300, "bytes": 8589934592},
    }


def test_the_file_is_read_as_it_is_described() -> None:
    """Its limits are the defaults."""
    rules = parse_rules(json.dumps(document()).encode())

    assert rules == Rules(
        hosts=(HostRule("*.corp.example", 443),), networks=(NetworkRule("10.20.0.0/16", (PortRange(443, 443),)),), limits=Limits()
    )


@pytest.mark.parametrize("rules", [RULES, Rules(hosts=())])
def test_what_is_written_is_read(rules: Rules) -> None:
    """One is the other's inverse; the same rules are the same bytes."""
    assert parse_rules(encode_rules(rules)) == rules
    assert encode_rules(parse_rules(encode_rules(rules))) == encode_rules(rules)


def test_a_rule_s_text_is_what_logs_have() -> None:
    """The pattern and the port."""
    assert RULES.hosts[0].text == "*.corp.example:443"
    assert RULES.hosts[0].covers("a.corp.example")
    assert not RULES.hosts[0].covers("corp.example")


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("version", 2, "version"),
        ("version", True, "version"),
        ("hosts", {}, "hosts"),
        ("hosts", [{"host": "a.b", "port": n} for n in range(1, 66)], "hosts: more than 64"),
        ("hosts.0", "a.b:443", "hosts[0]: not an object"),
        ("hosts.0", {"host": "a.b"}, "hosts[0]: port is missing"),
        ("hosts.0.protocol", "TCP", "hosts[0]: a field that is not one of host, port"),
        ("hosts.0.host", 7, "hosts[0].host"),
        ("hosts.0.host", "localhost", "hosts[0].host"),
        ("hosts.0.host", "*.com", "hosts[0].host"),
        ("hosts.0.host", "Api.corp.example", "hosts[0].host"),
        ("hosts.0.host", "10.0.0.1", "hosts[0].host"),
        ("hosts.0.host", "api.corp.example.", "hosts[0].host"),
        ("hosts.0.port", 0, "hosts[0].port"),
        ("hosts.0.port", 65536, "hosts[0].port"),
        ("hosts.0.port", "443", "hosts[0].port"),
        ("hosts.0.port", 443.0, "hosts[0].port"),
        ("hosts.0.port", True, "hosts[0].port"),
        ("hosts.1", {"host": "*.corp.example", "port": 443}, "hosts[1]: the same"),
        ("networks.0.cidr", "10.20.0.1/16", "networks[0].cidr"),
        ("networks.0.cidr", "10.20.0.0", "networks[0].cidr"),
        ("networks.0.cidr", "FD00::/8", "networks[0].cidr"),
        ("networks.0.cidr", "fe80::%eth0/64", "networks[0].cidr"),
        ("networks.0.cidr", str(ipaddress.ip_network("::ffff:10.0.0.0/104")), "networks[0].cidr: an IPv4 network"),
        ("networks.0.cidr", "corp.example", "networks[0].cidr"),
        ("networks.0.cidr", 10, "networks[0].cidr"),
        ("networks.0.ports", [], "networks[0].ports: empty"),
        ("networks.0.ports.0.last", 442, "networks[0].ports[0].last"),
        ("networks.0.ports.0.first", 0, "networks[0].ports[0].first"),
        ("networks.0.ports.1", {"first": 443, "last": 443}, "networks[0].ports[1]: the same"),
        ("networks.1", {"cidr": "10.20.0.0/16", "ports": [{"first": 443, "last": 443}]}, "networks[1]: the same"),
        ("limits", {}, "limits: bytes is missing"),
        ("limits.connections", 0, "limits.connections"),
        ("limits.connections", 4097, "limits.connections"),
        ("limits.idleSeconds", 0, "limits.idleSeconds"),
        ("limits.bytes", 0, "limits.bytes"),
        ("limits.bytes", None, "limits.bytes"),
        ("comment", "hello", "the document: a field"),
    ],
)
def test_what_is_not_as_described_is_refused_and_named(path: str, value: object, said: str) -> None:
    """The message names the field, and does not repeat what it holds."""
    changed: Any = document()
    place = changed
    *parents, last = path.split(".")
    for step in parents:
        place = place[int(step) if step.isdigit() else step]
    if isinstance(place, list) and int(last) == len(place):
        place.append(value)
    else:
        place[int(last) if last.isdigit() else last] = value

    with pytest.raises(MalformedError) as caught:
        parse_rules(json.dumps(changed).encode())

    assert str(caught.value).startswith(said)
    assert isinstance(value, int | dict | list | None) or str(value) not in str(caught.value)


@pytest.mark.parametrize("field", ["version", "hosts", "networks", "limits"])
def test_nothing_may_be_missing(field: str) -> None:
    """Not even what has a default elsewhere: a file that was cut short is not half a file."""
    changed = document()
    del changed[field]

    with pytest.raises(MalformedError, match=f"the document: {field} is missing"):
        parse_rules(json.dumps(changed).encode())


def test_a_field_that_is_there_twice_is_refused() -> None:
    """Two readers could take either."""
    twice = json.dumps(document()).replace('"version": 1', '"version": 1, "version": 1')

    with pytest.raises(MalformedError, match="a field is there twice"):
        parse_rules(twice.encode())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b"NaN",
        b"[" * 100_000,
        b'{"version": 1, "version": 1}',
        b"1" * 5000,
        b" " * (MAX_BYTES + 1),
        b'{"version":Infinity,"hosts":[],"networks":[],"limits":{}}',
    ],
    ids=lambda body: repr(body[:20]),
)
def test_what_is_no_such_json_is_refused(body: bytes) -> None:
    """By the one error that its readers know."""
    with pytest.raises(MalformedError):
        parse_rules(body)
