"""Rules on `spec.egress`: what is reachable is listed, and everything is not a list."""

from assistant_operator.api.v1alpha1.rules.rule import CEL_CIDR, CEL_LINK_LOCAL, CEL_OPEN, Rule, cel_text, pattern
from assistant_operator.api.v1alpha1.spec import HTTPS_PORT, Egress, EgressRule
from assistant_operator.api.v1alpha1.values import holds_link_local, is_cidr, is_open

HOST = r"^([a-z0-9*]([-a-z0-9*]{0,61}[a-z0-9*])?\.)+[a-z*]([-a-z0-9*]{0,61}[a-z0-9*])?$"
"""Two labels at least, the last of which begins with a letter, as no address does; where a star may be is a rule of its own."""
WILDCARD = r"^\*(\.[^.*]+){2,}$"

_IS_OPEN = CEL_OPEN.format("r.cidr")
_IS_LINK_LOCAL = CEL_LINK_LOCAL.format("r.cidr")
_HAS_OPEN = f"has(self.allow) && self.allow.exists(r, has(r.cidr) && isCIDR(r.cidr) && {_IS_OPEN})"
_WAITS_FOR_OUTSIDE = (
    "(!has(self.evidence) || ((!has(self.evidence.mode) || self.evidence.mode == 'Required')"
    " && (!has(self.evidence.paths) || 'outside' in self.evidence.paths)))"
)
_PORT = f"(has({{0}}.port) ? {{0}}.port : {HTTPS_PORT})"


def _networks(egress: Egress) -> list[str]:
    return [rule.cidr for rule in egress.allow if rule.cidr is not None]


def _is_acknowledged(egress: Egress) -> bool:
    return egress.acknowledge_open_egress or not any(is_open(cidr) or holds_link_local(cidr) for cidr in _networks(egress))


def _can_be_proven(egress: Egress) -> bool:
    waits = egress.evidence.mode == "Required" and "outside" in egress.evidence.paths
    return not waits or not any(map(is_open, _networks(egress)))


def _hosts_differ(egress: Egress) -> bool:
    hosts = [(rule.host, rule.port or HTTPS_PORT) for rule in egress.allow if rule.host is not None]
    return len(set(hosts)) == len(hosts)


def _star_is_a_label(rule: EgressRule) -> bool:
    return rule.host is None or "*" not in rule.host or pattern(WILDCARD)(rule.host)


RULES: tuple[Rule, ...] = (
    Rule(
        "spec.egress",
        ".allow",
        "(has(self.mode) && self.mode == 'Allowlist') || !has(self.allow) || self.allow.size() == 0",
        lambda it: it.mode == "Allowlist" or not it.allow,
        "spec.egress.allow needs spec.egress.mode Allowlist: mode Deny reaches nothing; set the mode or remove the destinations",
    ),
    Rule(
        "spec.egress",
        ".allow",
        "!has(self.mode) || self.mode != 'Allowlist' || (has(self.allow) && self.allow.size() > 0)",
        lambda it: it.mode != "Allowlist" or bool(it.allow),
        "spec.egress.mode Allowlist needs at least one destination in spec.egress.allow; for an assistant "
        "that reaches nothing, set mode Deny",
    ),
    Rule(
        "spec.egress",
        ".allow",
        "(has(self.acknowledgeOpenEgress) && self.acknowledgeOpenEgress) || !has(self.allow)"
        f" || self.allow.all(r, !has(r.cidr) || !isCIDR(r.cidr) || !({_IS_OPEN} || {_IS_LINK_LOCAL}))",
        _is_acknowledged,
        "spec.egress.allow has a destination that is everything, a large part of it (IPv4 wider than /8, "
        "IPv6 wider than /16) or link-local "
        "(cloud metadata): nothing about egress can be promised then; narrow it, or set spec.egress.acknowledgeOpenEgress: true",
    ),
    Rule(
        "spec.egress",
        ".evidence",
        f"!({_WAITS_FOR_OUTSIDE}) || !({_HAS_OPEN})",
        _can_be_proven,
        "spec.egress.evidence waits until nothing outside can be reached, and spec.egress.allow has a destination that is everything or "
        "a large part of it: the assistant would never be Ready; leave outside out of evidence.paths, or set evidence.mode Reported",
    ),
    Rule(
        "spec.egress",
        ".allow",
        "!has(self.allow) || self.allow.all(r, !has(r.host)"
        f" || self.allow.exists_one(s, has(s.host) && s.host == r.host && {_PORT.format('s')} == {_PORT.format('r')}))",
        _hosts_differ,
        "spec.egress.allow names a host twice with the same port (443 where absent): remove one",
    ),
    Rule(
        "spec.egress.allow[]",
        "",
        "has(self.cidr) != has(self.host)",
        lambda it: (it.cidr is None) != (it.host is None),
        "a destination in spec.egress.allow needs one of cidr (a network, with ports) and host (a name, with port): write the other one "
        "as a destination of its own",
    ),
    Rule(
        "spec.egress.allow[]",
        ".ports",
        "has(self.ports) || !has(self.cidr)",
        lambda it: it.ports is not None or it.cidr is None,
        "ports is needed with cidr: all of a network's ports would be open without it; list them",
    ),
    Rule(
        "spec.egress.allow[]",
        ".ports",
        "!has(self.ports) || !has(self.host)",
        lambda it: it.ports is None or it.host is None,
        "ports has no meaning with host, which has one port: write port in its place",
    ),
    Rule(
        "spec.egress.allow[]",
        ".port",
        "!has(self.port) || !has(self.cidr)",
        lambda it: it.port is None or it.cidr is None,
        "port has no meaning with cidr, which has a list: write ports in its place",
    ),
    Rule(
        "spec.egress.allow[]",
        ".host",
        f"!has(self.host) || self.host.matches({cel_text(HOST)})",
        lambda it: it.host is None or pattern(HOST)(it.host),
        "host must be a whole DNS name, two labels or more of a-z, 0-9 and - (xn-- for other letters) with no dot at its end, such as "
        "api.corp.example: a name of one label means another host in each namespace; an address belongs into cidr",
    ),
    Rule(
        "spec.egress.allow[]",
        ".host",
        f"!has(self.host) || !self.host.contains('*') || self.host.matches({cel_text(WILDCARD)})",
        _star_is_a_label,
        "a * in host must be the whole first label, with two labels behind it: write *.corp.example; *.example would be anybody's names",
    ),
    Rule(
        "spec.egress.allow[]",
        ".cidr",
        f"!has(self.cidr) || ({CEL_CIDR.format('self.cidr')})",
        lambda it: it.cidr is None or is_cidr(it.cidr),
        "cidr must be a network, address/prefix with no bits set behind the prefix: write 10.1.0.0/16, not "
        "10.1.2.3/16; a host is 192.0.2.7/32",
    ),
    Rule(
        "spec.egress.evidence",
        ".paths",
        None,
        lambda it: len(set(it.paths)) == len(it.paths),
        "spec.egress.evidence.paths names a path twice: remove one",
    ),
    Rule(
        "spec.egress.allow[].ports[]",
        ".endPort",
        "!has(self.endPort) || self.endPort >= self.port",
        lambda it: it.end_port is None or it.end_port >= it.port,
        "endPort must not be below port: a range goes from port up to endPort",
    ),
)
