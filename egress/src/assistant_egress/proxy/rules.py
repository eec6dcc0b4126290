"""What the proxy may let through: the file that the operator writes and the proxy reads.

    {"version": 1,
     "hosts": [{"host": "*.corp.example", "port": 443}],
     "networks": [{"cidr": "10.20.0.0/16", "ports": [{"first": 443, "last": 443}]}],
     "limits": {"connections": 256, "idleSeconds": 300, "bytes": 8589934592}}

`hosts` are what an assistant may ask for. `networks` are the addresses, beside the public ones, that those hosts may turn out to have.
Ports are TCP's. The file is read strictly: what is not as described raises MalformedError, which names the field.
"""

import ipaddress
from dataclasses import dataclass
from typing import Final

from assistant_egress.proxy import names, strict
from assistant_egress.proxy.strict import MalformedError as MalformedError  # it is this module's, to those who import it

VERSION: Final = 1
MAX_BYTES: Final = 1 << 20
"""Of the file: as much as a ConfigMap holds."""
MAX_RULES: Final = 64
"""Hosts, and networks."""
MAX_PORT_RANGES: Final = 64
"""Of one network."""
MAX_CONNECTIONS: Final = 4096
MAX_IDLE_SECONDS: Final = 86_400
MAX_TUNNEL_BYTES: Final = 1 << 50

_MAPPED: Final = ipaddress.IPv6Network("::ffff:0:0/96")


@dataclass(frozen=True, slots=True)
class HostRule:
    """A host that may be asked for: a name, or `*.` and a name for exactly one label more; lower case, and one port."""

    host: str
    port: int

    @property
    def text(self) -> str:
        """The rule as logs have it: `*.corp.example:443`."""
        return f"{self.host}:{self.port}"

    def covers(self, name: str) -> bool:
        """Whether the rule is for this name, in lower case, on whatever port."""
        return names.covers(self.host, name)


@dataclass(frozen=True, slots=True)
class PortRange:
    """Ports from `first` to `last`, both included."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class NetworkRule:
    """A network whose addresses hosts may have even where they are not public; `cidr` in its shortest form, without bits of a host."""

    cidr: str
    ports: tuple[PortRange, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one proxy may be burdened with."""

    connections: int = 256
    """At a time."""
    idle_seconds: int = 300
    """Without a byte in either direction, before a connection is cut."""
    bytes: int = 8 << 30
    """Of one connection, in both directions together."""


@dataclass(frozen=True, slots=True)
class Rules:
    """All of the file."""

    hosts: tuple[HostRule, ...]
    networks: tuple[NetworkRule, ...] = ()
    limits: Limits = Limits()


def parse_rules(body: bytes) -> Rules:
    """Return the rules that the file's bytes say; raises MalformedError."""
    document = strict.fields(strict.read(body, MAX_BYTES), "the document", {"version", "hosts", "networks", "limits"})
    strict.whole(document["version"], "version", VERSION, VERSION)
    return Rules(
        hosts=strict.items(document["hosts"], "hosts", MAX_RULES, _host),
        networks=strict.items(document["networks"], "networks", MAX_RULES, _network),
        limits=_limits(document["limits"]),
    )


def encode_rules(rules: Rules) -> bytes:
    """Return the file's bytes; `parse_rules` is the inverse for what it allows."""
    limits = rules.limits
    return strict.encode(
        {
            "version": VERSION,
            "hosts": [{"host": rule.host, "port": rule.port} for rule in rules.hosts],
            "networks": [
                {"cidr": rule.cidr, "ports": [{"first": ports.first, "last": ports.last} for ports in rule.ports]}
                for rule in rules.networks
            ],
            "limits": {"connections": limits.connections, "idleSeconds": limits.idle_seconds, "bytes": limits.bytes},
        }
    )


def _host(value: object, where: str) -> HostRule:
    fields = strict.fields(value, where, {"host", "port"})
    host = strict.text(fields["host"], f"{where}.host")
    if not names.is_pattern(host):
        raise MalformedError(f"{where}.host: not a name of two labels or more in lower case, or *. and such a name")
    return HostRule(host, _port(fields["port"], f"{where}.port"))


def _network(value: object, where: str) -> NetworkRule:
    fields = strict.fields(value, where, {"cidr", "ports"})
    cidr = strict.text(fields["cidr"], f"{where}.cidr")
    try:
        network = ipaddress.ip_network(cidr)
    except ValueError:
        raise MalformedError(f"{where}.cidr: not a network") from None
    if str(network) != cidr or "%" in cidr:  # a zone, which belongs to one machine
        raise MalformedError(f"{where}.cidr: not a network in its shortest form")
    if isinstance(network, ipaddress.IPv6Network) and network.subnet_of(_MAPPED):
        raise MalformedError(f"{where}.cidr: an IPv4 network in IPv6 form, which no host is ever reached by")
    ports = strict.items(fields["ports"], f"{where}.ports", MAX_PORT_RANGES, _ports)
    if not ports:
        raise MalformedError(f"{where}.ports: empty")
    return NetworkRule(cidr, ports)


def _ports(value: object, where: str) -> PortRange:
    fields = strict.fields(value, where, {"first", "last"})
    first = _port(fields["first"], f"{where}.first")
    return PortRange(first, strict.whole(fields["last"], f"{where}.last", first, 65535))


def _limits(value: object) -> Limits:
    fields = strict.fields(value, "limits", {"connections", "idleSeconds", "bytes"})
    return Limits(
        connections=strict.whole(fields["connections"], "limits.connections", 1, MAX_CONNECTIONS),
        idle_seconds=strict.whole(fields["idleSeconds"], "limits.idleSeconds", 1, MAX_IDLE_SECONDS),
        bytes=strict.whole(fields["bytes"], "limits.bytes", 1, MAX_TUNNEL_BYTES),
    )


def _port(value: object, where: str) -> int:
    return strict.whole(value, where, 1, 65535)
