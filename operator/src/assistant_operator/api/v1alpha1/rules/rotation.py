"""Rules on `spec.rotation`: times that exist, and nothing asked for that is not the operator's to make."""

from collections.abc import Callable
from datetime import datetime

from assistant_operator.api.v1alpha1.rotation import Rotation
from assistant_operator.api.v1alpha1.rules.rule import CEL_KEEPS, Rule, Subject, cel_text
from assistant_operator.api.v1alpha1.values import TTL_PATTERN, seconds


def is_moment(text: str | None) -> bool:
    """Say whether the text, which has the form of a time, is one: no thirtieth of February."""
    try:
        return text is None or datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _moment(field: str, read: Callable[[Rotation], str | None]) -> Rule:
    message = f"spec.rotation.{field} must be a moment that exists (RFC 3339), such as 2026-12-01T22:00:00Z"
    return Rule("spec.rotation", f".{field}", None, lambda it: is_moment(read(it)), message)


def _generates_keys(it: Subject) -> bool:
    return any(key.secret_ref is None for key in it.spec.access.keys)


def _issues_certificates(it: Subject) -> bool:
    return it.spec.access.tls.mode == "SelfSigned" or it.spec.managed_store is not None


_ASKED = "!has(self.spec.rotation) || !has(self.spec.rotation.{0}) || "
_MANAGED = f"({CEL_KEEPS.format('self.spec')} && !(has(self.spec.store) && has(self.spec.store.external)))"

RULES: tuple[Rule, ...] = (
    _moment("apiKeys", lambda it: it.api_keys),
    _moment("certificates", lambda it: it.certificates),
    _moment("encryptionKey", lambda it: it.encryption_key),
    Rule(
        "spec.rotation",
        ".apiKeyOverlap",
        f"!has(self.apiKeyOverlap) || (self.apiKeyOverlap != '' && self.apiKeyOverlap.matches({cel_text(TTL_PATTERN)}))",
        lambda it: seconds(it.api_key_overlap) is not None,
        "spec.rotation.apiKeyOverlap must be days, hours, minutes and seconds in whole numbers and in this order, such as 1h30m or 0s",
    ),
    Rule(
        "",
        ".spec.rotation.apiKeys",
        _ASKED.format("apiKeys") + "!has(self.spec.access) || !has(self.spec.access.keys)"
        " || self.spec.access.keys.exists(k, !has(k.secretRef))",
        lambda it: it.spec.rotation.api_keys is None or _generates_keys(it),
        "spec.rotation.apiKeys has nothing to replace: every key of spec.access.keys is in a Secret of yours; put a new key there, "
        "or remove spec.rotation.apiKeys",
    ),
    Rule(
        "",
        ".spec.rotation.certificates",
        _ASKED.format("certificates") + "!has(self.spec.access) || !has(self.spec.access.tls) || !has(self.spec.access.tls.mode)"
        f" || self.spec.access.tls.mode == 'SelfSigned' || {_MANAGED}",
        lambda it: it.spec.rotation.certificates is None or _issues_certificates(it),
        "spec.rotation.certificates has nothing to replace: the certificate is in a Secret of yours; put a new one there, "
        "or remove spec.rotation.certificates",
    ),
    Rule(
        "",
        ".spec.rotation.encryptionKey",
        _ASKED.format("encryptionKey") + CEL_KEEPS.format("self.spec"),
        lambda it: it.spec.rotation.encryption_key is None or it.spec.keeps,
        "spec.rotation.encryptionKey has nothing to replace: nothing is kept, so there is no such key; remove spec.rotation.encryptionKey",
    ),
)
