"""Rules on `spec.access`: peers, keys and the certificate."""

from assistant_operator.api.v1alpha1.core import IPBlock, NetworkPolicyPeer
from assistant_operator.api.v1alpha1.rules.rule import CEL_CIDR, VISIBLE, Rule, cel_text, name_rule, pattern
from assistant_operator.api.v1alpha1.spec import Access
from assistant_operator.api.v1alpha1.values import contains, is_cidr


def _secrets_differ(access: Access) -> bool:
    used = [(key.secret_ref.name, key.secret_ref.key) for key in access.keys if key.secret_ref]
    return len(used) == len(set(used))


def _stands_alone(peer: NetworkPolicyPeer) -> bool:
    selects = peer.pod_selector is not None or peer.namespace_selector is not None
    return selects != (peer.ip_block is not None)


def _exceptions_fit(block: IPBlock) -> bool:
    return all(is_cidr(one) and contains(block.cidr, one) and one != block.cidr for one in block.except_ or ())


def peer_rules(path: str, nobody: str) -> tuple[Rule, ...]:
    """Return the rules on a list of NetworkPolicy peers; `nobody` says how to write that there is none."""
    return (
        Rule(
            f"{path}[]",
            "",
            "has(self.ipBlock) != (has(self.podSelector) || has(self.namespaceSelector))",
            _stands_alone,
            f"a peer in {path} needs podSelector, namespaceSelector or both, or ipBlock alone{nobody}",
        ),
        Rule(
            f"{path}[].ipBlock",
            ".cidr",
            CEL_CIDR.format("self.cidr"),
            lambda it: is_cidr(it.cidr),
            f"{path}: ipBlock.cidr must be a network, address/prefix with no bits set behind the prefix: write 10.1.0.0/16, "
            f"not 10.1.2.3/16",
        ),
        Rule(
            f"{path}[].ipBlock",
            ".except",
            f"!has(self.except) || !isCIDR(self.cidr) || self.except.all(e, {CEL_CIDR.format('e')} && "
            "cidr(self.cidr).containsCIDR(e) && e != self.cidr)",
            lambda it: not is_cidr(it.cidr) or _exceptions_fit(it),
            f"{path}: ipBlock.except must be networks within ipBlock.cidr, smaller than it",
        ),
    )


RULES: tuple[Rule, ...] = (
    *peer_rules("spec.access.from", "; for nobody, write from: []"),
    Rule(
        "spec.access",
        ".keys",
        None,
        lambda it: len({key.name for key in it.keys}) == len(it.keys),
        "spec.access.keys must have names that differ: records name the key; rename one",
    ),
    Rule(
        "spec.access",
        ".keys",
        "!has(self.keys) || self.keys.all(a, !has(a.secretRef) || self.keys.exists_one(b, has(b.secretRef) "
        "&& b.secretRef.name == a.secretRef.name"
        " && (has(b.secretRef.key) ? b.secretRef.key : 'api-key') == (has(a.secretRef.key) ? a.secretRef.key : 'api-key')))",
        _secrets_differ,
        "spec.access.keys must not share one entry of one Secret: records could not tell who called; give each key its own",
    ),
    name_rule("spec.access.keys[]", "a key", 40),
    Rule(
        "spec.access.keys[]",
        ".subject",
        f"!has(self.subject) || self.subject.matches({cel_text(VISIBLE)})",
        lambda it: it.subject is None or pattern(VISIBLE)(it.subject),
        "subject must be visible ASCII characters with single spaces between them: it stands in records",
    ),
    Rule(
        "spec.access.keys[]",
        ".subject",
        "(has(self.subject) ? self.subject : self.name) != 'me'",
        lambda it: (it.subject or it.name) != "me",
        "subject must not be 'me': /v1/subjects/me is whoever calls, so a data officer who erased this subject would erase his own data; "
        "set subject to another name",
    ),
    Rule(
        "spec.access.keys[]",
        ".groups",
        f"!has(self.groups) || self.groups.all(g, g.matches({cel_text(VISIBLE)}))",
        lambda it: all(pattern(VISIBLE)(group) for group in it.groups),
        "groups must be visible ASCII characters with single spaces between them: they stand in records",
    ),
    Rule(
        "spec.access.tls",
        ".secretName",
        "(has(self.mode) && self.mode == 'Secret') == has(self.secretName)",
        lambda it: (it.mode == "Secret") == (it.secret_name is not None),
        "spec.access.tls.secretName is needed with mode Secret and has no meaning without it: set both, or remove secretName",
    ),
)
