"""Rules on `spec.redaction`: no part of it is set without meaning. What an expression is worth, patterns.py asks."""

from typing import get_args

from assistant_gateway.redaction.entities import NAMES, Entity
from assistant_operator.api.v1alpha1.redaction import Redaction, RequestRedaction, ResponseRedaction
from assistant_operator.api.v1alpha1.rules.rule import Rule, name_rule

BUILT_IN = [name for name in (entity.lower() for entity in get_args(Entity)) if "_" not in name]
"""Names that a pattern can have and must not: what is counted and shown in capitals would be taken for the type."""

_REQUEST_ON = "(!has(self.request) || !has(self.request.action) || self.request.action != 'Off')"
_RESPONSE_ON = "(has(self.response) && has(self.response.action) && self.response.action != 'Off')"
_NAMES = list(NAMES)
_NAMES_ON = "(has(self.names) && has(self.names.mode) && self.names.mode != 'Off')"
_TYPES = "for no types at all, action Off is enough; remove entities or set an action"


def _differ(part: RequestRedaction | ResponseRedaction) -> bool:
    return part.entities is None or len(set(part.entities)) == len(part.entities)


def _asks_for_names(request: RequestRedaction) -> bool:
    return request.action != "Off" and (request.entities is None or not set(NAMES).isdisjoint(request.entities))


def _names_differ(redaction: Redaction) -> bool:
    return len({pattern.name for pattern in redaction.patterns}) == len(redaction.patterns)


RULES: tuple[Rule, ...] = (
    Rule(
        "spec.redaction.request",
        ".entities",
        "!has(self.entities) || !has(self.action) || self.action != 'Off'",
        lambda it: it.entities is None or it.action != "Off",
        f"spec.redaction.request.entities has no meaning with action Off: {_TYPES}",
    ),
    Rule(
        "spec.redaction.response",
        ".entities",
        "!has(self.entities) || (has(self.action) && self.action != 'Off')",
        lambda it: it.entities is None or it.action != "Off",
        f"spec.redaction.response.entities has no meaning with action Off, which is the default: {_TYPES}",
    ),
    *(
        Rule(f"spec.redaction.{part}", ".entities", None, _differ, f"spec.redaction.{part}.entities names a type twice: remove one")
        for part in ("request", "response")
    ),
    Rule(
        "spec.redaction",
        ".request.entities",
        f"{_NAMES_ON} || !has(self.request) || !has(self.request.entities) || !self.request.entities.exists(e, e in {_NAMES})",
        lambda it: it.names.mode != "Off" or it.request.entities is None or set(NAMES).isdisjoint(it.request.entities),
        "spec.redaction.request.entities has PERSON, PLACE, ORGANISATION or ADDRESS, which nothing finds while names.mode is Off: set "
        "spec.redaction.names.mode to Standard or HighRecall, or remove them",
    ),
    Rule(
        "spec.redaction",
        ".names.mode",
        f"!{_NAMES_ON} || ({_REQUEST_ON} && (!has(self.request) || !has(self.request.entities) || "
        f"self.request.entities.exists(e, e in {_NAMES})))",
        lambda it: it.names.mode == "Off" or _asks_for_names(it.request),
        "spec.redaction.names.mode has no meaning while request.action is Off or request.entities has none of PERSON, PLACE, ORGANISATION, "
        "ADDRESS: set an action and add one of these types, or set names.mode to Off",
    ),
    Rule(
        "spec.redaction",
        ".patterns",
        f"!has(self.patterns) || self.patterns.size() == 0 || {_REQUEST_ON} || {_RESPONSE_ON}",
        lambda it: not it.patterns or it.is_on,
        "spec.redaction.patterns has no meaning while request.action and response.action are Off: set one of them, or remove the patterns",
    ),
    Rule(
        "spec.redaction",
        ".allowUnscannedMedia",
        f"!has(self.allowUnscannedMedia) || !self.allowUnscannedMedia || {_REQUEST_ON}",
        lambda it: not it.allow_unscanned_media or it.request.action != "Off",
        "spec.redaction.allowUnscannedMedia has no meaning while request.action is Off: nothing is refused then; remove it",
    ),
    Rule("spec.redaction", ".patterns", None, _names_differ, "spec.redaction.patterns must have names that differ: rename one"),
    name_rule("spec.redaction.patterns[]", "a pattern", 32),
    Rule(
        "spec.redaction.patterns[]",
        ".name",
        f"!(self.name in {BUILT_IN})",
        lambda it: it.name not in BUILT_IN,
        "name must not be that of a built-in type (email, phone, card and the like): its counts would be taken for theirs; choose another",
    ),
    Rule(
        "spec.redaction.patterns[]",
        ".expression",
        r"!self.expression.matches('^[ \\t\\r\\n]|[ \\t\\r\\n]$')",
        lambda it: it.expression == it.expression.strip(" \t\r\n"),
        "expression must not begin or end with white space, which YAML's | adds and no text has just there: write it in single quotes, "
        r"and \x20 for a space that is meant",
    ),
)
