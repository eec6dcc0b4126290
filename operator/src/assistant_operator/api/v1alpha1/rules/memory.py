"""Rules on what is kept: `spec.rag`, `spec.store`, `spec.retention`, and that none of them is set without meaning."""

from collections.abc import Callable
from typing import Any

from assistant_operator.api.v1alpha1.rag import Rag, Source
from assistant_operator.api.v1alpha1.retention import ConversationRetention
from assistant_operator.api.v1alpha1.rules.access import peer_rules
from assistant_operator.api.v1alpha1.rules.rule import (
    CEL_KEEPS,
    CEL_LINK_LOCAL,
    CEL_OPEN,
    VISIBLE,
    Rule,
    cel_text,
    name_rule,
    pattern,
    quantity_rules,
)
from assistant_operator.api.v1alpha1.store import ExternalStore, ManagedStore
from assistant_operator.api.v1alpha1.values import LEAST_TTL, TTL_PATTERN, holds_link_local, is_open, quantity, seconds

GLOB = r"^[^/\x00-\x1f\x7f][^\x00-\x1f\x7f]*$"
UPWARDS = r"^(.*/)?\.\.(/.*)?$"


def _field(number: str, names: str = "") -> str:
    """Return the pattern of one field of a cron expression: a list of values, ranges and steps."""
    value = f"(?:{number}{names})"
    part = rf"(?:\*|{value}(?:-{value})?)(?:/[1-9][0-9]?)?"
    return rf"{part}(?:,{part})*"


_MONTHS = "|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_DAYS = "|sun|mon|tue|wed|thu|fri|sat"
SCHEDULE = (
    r"(?i)^(?:@(?:yearly|annually|monthly|weekly|daily|midnight|hourly)|"
    rf"{_field('[0-5]?[0-9]')} {_field('(?:2[0-3]|[01]?[0-9])')} {_field('(?:3[01]|[12][0-9]|0?[1-9])')}"
    rf" {_field('(?:1[0-2]|0?[1-9])', _MONTHS)} {_field('[0-6]', _DAYS)})$"
)
"""What Kubernetes takes for a CronJob, less @every, seconds and time zones."""

_DAYS_OF = "(self.ttl.contains('d') ? int(self.ttl.split('d')[0]) : 0)"
_REST_OF = "(self.ttl.contains('d') ? self.ttl.split('d')[1] : self.ttl)"
_TTL_IS_ONE = f"self.ttl.matches({cel_text(TTL_PATTERN)})"
CEL_TTL = f"!has(self.ttl) || ({_TTL_IS_ONE} && ({_DAYS_OF} > 0 || ({_REST_OF} != '' && duration({_REST_OF}) >= duration('{LEAST_TTL}s'))))"


def _ttl_is_one(kept: Any) -> bool:
    return kept.ttl is None or (seconds(kept.ttl) or 0) >= LEAST_TTL


def _ttl_rule(path: str) -> Rule:
    return Rule(
        path,
        ".ttl",
        CEL_TTL,
        _ttl_is_one,
        f"{path}.ttl must be at least one minute: days, hours, minutes and seconds in whole numbers and in this order, "
        "such as 30d, 12h, 1h30m or 90s",
    )


def _has_ttl(kept: ConversationRetention) -> bool:
    return (kept.mode == "Keep") == (kept.ttl is not None)


def _one_place(source: Source) -> bool:
    return (source.config_map is None) != (source.claim is None)


def _names_differ(rag: Rag) -> bool:
    return len({source.name for source in rag.sources}) == len(rag.sources)


def _globs_stay_inside(source: Source) -> bool:
    fits, climbs = pattern(GLOB), pattern(UPWARDS)
    return all(fits(glob) and not climbs(glob) for glob in source.include)


def _positive(store: ManagedStore) -> bool:
    return (quantity(store.size) or 0) > 0


def _peers_are_few(store: ExternalStore) -> bool:
    blocks = [peer.ip_block.cidr for peer in store.peers if peer.ip_block is not None]
    return not any(is_open(cidr) or holds_link_local(cidr) for cidr in blocks)


def _all(matches: Callable[[str], bool], texts: tuple[str, ...] | None) -> bool:
    return all(matches(text) for text in texts or ())


_SPEC_RULES: tuple[Rule, ...] = (
    Rule(
        "spec",
        ".model.embedding",
        "has(self.rag) == has(self.model.embedding)",
        lambda it: (it.rag is None) == (it.model.embedding is None),
        "spec.model.embedding is needed with spec.rag and has no meaning without it: documents are found by its vectors; "
        "set both, or remove the one",
    ),
    Rule(
        "spec",
        ".store",
        f"!has(self.store) || {CEL_KEEPS.format('self')}",
        lambda it: it.store is None or it.keeps,
        "spec.store has no meaning without spec.rag and without spec.retention.conversations.mode Keep: nothing would be kept there; "
        "remove it, or say what is kept",
    ),
    Rule(
        "spec",
        ".retention.documents",
        "has(self.rag) || !has(self.retention) || !has(self.retention.documents) || !has(self.retention.documents.ttl)",
        lambda it: it.rag is not None or it.retention.documents.ttl is None,
        "spec.retention.documents.ttl has no meaning without spec.rag: there are no documents; remove it",
    ),
    Rule(
        "spec",
        ".rag.sources",
        "!has(self.rag) || !has(self.rag.sources) || !has(self.model.source) || !has(self.model.source.claim)"
        " || self.rag.sources.all(s, !has(s.claim) || s.claim.name != self.model.source.claim.name)",
        lambda it: (
            it.model.source.claim is None
            or it.rag is None
            or all(source.claim is None or source.claim.name != it.model.source.claim.name for source in it.rag.sources)
        ),
        "spec.rag.sources must not read the claim of spec.model.source: weights are no documents; name another claim",
    ),
)
_RETENTION_RULES: tuple[Rule, ...] = (
    Rule(
        "spec.retention.conversations",
        ".ttl",
        "(has(self.mode) && self.mode == 'Keep') == has(self.ttl)",
        _has_ttl,
        "spec.retention.conversations.ttl is needed with mode Keep and has no meaning without it: nothing is kept for ever; "
        "set both, or remove ttl",
    ),
    _ttl_rule("spec.retention.conversations"),
    _ttl_rule("spec.retention.documents"),
)
_STORE_RULES: tuple[Rule, ...] = (
    Rule(
        "spec.store",
        "",
        "!(has(self.managed) && has(self.external))",
        lambda it: it.managed is None or it.external is None,
        "spec.store takes one of managed and external: what is kept is in one place; remove the other",
    ),
    Rule(
        "spec.store.managed",
        ".size",
        "!has(self.size) || (isQuantity(self.size) && quantity(self.size).isGreaterThan(quantity('0')))",
        _positive,
        "spec.store.managed.size must be a quantity above 0, such as 10Gi",
    ),
    *quantity_rules("spec.store.managed.resources"),
    *peer_rules("spec.store.external.peers", ""),
    Rule(
        "spec.store.external",
        ".peers",
        "self.peers.all(p, !has(p.ipBlock) || !isCIDR(p.ipBlock.cidr)"
        f" || !({CEL_OPEN.format('p.ipBlock.cidr')} || {CEL_LINK_LOCAL.format('p.ipBlock.cidr')}))",
        _peers_are_few,
        "spec.store.external.peers must not be everything, a large part of it, or link-local: the assistant may reach its store only; "
        "list the networks of the store",
    ),
)
_RAG_RULES: tuple[Rule, ...] = (
    Rule(
        "spec.rag",
        ".sources",
        None,
        _names_differ,
        "spec.rag.sources must have names that differ: documents belong to a source by its name; rename one",
    ),
    name_rule("spec.rag.sources[]", "a source", 40),
    Rule(
        "spec.rag.sources[]",
        "",
        "has(self.configMap) != has(self.claim)",
        _one_place,
        "a source in spec.rag.sources needs one of configMap and claim: its documents are in one place",
    ),
    Rule(
        "spec.rag.sources[]",
        ".include",
        f"!has(self.include) || self.include.all(g, g.matches({cel_text(GLOB)}) && !g.matches({cel_text(UPWARDS)}))",
        _globs_stay_inside,
        "include must be globs below the source's root, without a leading / and without ..: *.md or handbook/**/*.pdf",
    ),
    Rule(
        "spec.rag.sources[]",
        ".schedule",
        f"!has(self.schedule) || self.schedule.matches({cel_text(SCHEDULE)})",
        lambda it: it.schedule is None or pattern(SCHEDULE)(it.schedule),
        "schedule must be a cron expression, minute hour day month weekday with one space between them, or @hourly, @daily, @weekly, "
        "@monthly, @yearly: write 0 3 * * * for every night at three",
    ),
    Rule(
        "spec.rag.sources[]",
        ".groups",
        f"!has(self.groups) || self.groups.all(g, g.matches({cel_text(VISIBLE)}))",
        lambda it: _all(pattern(VISIBLE), it.groups),
        "groups of a source must be visible ASCII characters with single spaces between them, as those of keys are",
    ),
    Rule(
        "spec.rag.chunk",
        ".overlap",
        "(has(self.overlap) ? self.overlap : 100) * 2 < (has(self.size) ? self.size : 800)",
        lambda it: it.overlap * 2 < it.size,
        "spec.rag.chunk.overlap (100 where absent) must be less than half of size (800 where absent): lower it, or raise size",
    ),
)
RULES: tuple[Rule, ...] = (*_SPEC_RULES, *_RETENTION_RULES, *_STORE_RULES, *_RAG_RULES)
