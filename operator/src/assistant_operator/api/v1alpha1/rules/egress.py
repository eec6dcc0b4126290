"""Rules on `spec.egress`: what is reachable is listed, and everything is not a list."""

from assistant_operator.api.v1alpha1.rules.rule import CEL_CIDR, CEL_LINK_LOCAL, CEL_OPEN, Rule
from assistant_operator.api.v1alpha1.values import holds_link_local, is_cidr, is_open

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
        f" || self.allow.all(r, !isCIDR(r.cidr) || !({CEL_OPEN.format('r.cidr')} || {CEL_LINK_LOCAL.format('r.cidr')}))",
        lambda it: it.acknowledge_open_egress or not any(is_open(rule.cidr) or holds_link_local(rule.cidr) for rule in it.allow),
        "spec.egress.allow has a destination that is everything, a large part of it (IPv4 wider than /8, "
        "IPv6 wider than /16) or link-local "
        "(cloud metadata): nothing about egress can be promised then; narrow it, or set spec.egress.acknowledgeOpenEgress: true",
    ),
    Rule(
        "spec.egress.allow[]",
        ".cidr",
        CEL_CIDR.format("self.cidr"),
        lambda it: is_cidr(it.cidr),
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
