"""Rules on `spec.model`: its name, its image and the volume with the weights."""

from collections.abc import Callable

from assistant_model.reference import InvalidReferenceError, Reference, is_cloud, is_digest
from assistant_operator.api.v1alpha1.model import Model, ModelStorage
from assistant_operator.api.v1alpha1.rules.rule import (
    CEL_CIDR,
    CEL_CLAIM,
    CEL_LINK_LOCAL,
    CEL_OPEN,
    Rule,
    cel_text,
    pattern,
    quantity_rules,
)
from assistant_operator.api.v1alpha1.values import holds_link_local, is_cidr, is_open, quantity

RUNTIME_FLOOR = "0.20.3"
"""Oldest Ollama without known vulnerabilities; the gateway compares it with what the runtime says of itself."""

CLOUD = r"(?i):\s*(|[^/:]*-)cloud\s*$"
_PART = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}"
_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_PORT = r"([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
REFERENCE = rf"^((({_LABEL}(\.{_LABEL})*)(:{_PORT})?/)?[A-Za-z0-9_][A-Za-z0-9_-]{{0,79}}/)?{_PART}(:{_PART})?$"
NUMERIC_HOST = r"(?i)^([^/]*\.)?([0-9]+|0x[^./:]*)(:[0-9]+)?/[^/]*/"
_HOST_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
HOST = rf"^{_HOST_LABEL}(\.{_HOST_LABEL})*(:{_PORT})?$"
NUMERIC_NAME = r"^(.*\.)?([0-9]+|0x[^.:]*)(:[0-9]+)?$"
DIGEST = r"^sha256:[0-9a-f]{64}$"
_AMOUNT = r"[0-9]{1,6}(\.[0-9]{1,9})?"
KEEP_ALIVE = rf"^(-1|0|({_AMOUNT}h)?({_AMOUNT}m)?({_AMOUNT}s)?({_AMOUNT}ms)?)$"
IMAGE = r"^[A-Za-z0-9]([A-Za-z0-9._:/@-]*[A-Za-z0-9])?$"
OLD_IMAGE = r"^.*:v?0+\.(0*1?[0-9]\.[0-9]+|0*20\.0*[0-2])([-+_.][A-Za-z0-9_.-]*)?(@sha256:[0-9a-f]{64})?$"


def _well_formed(name: str) -> bool:
    try:
        Reference.parse(name)
    except InvalidReferenceError:
        return is_cloud(name)  # the rule above says so already
    return True


def _reachable_host(name: str) -> bool:
    try:
        address = Reference.parse(name).address
    except InvalidReferenceError:
        return True
    return address is None or not (
        address.is_loopback or address.is_link_local or address.is_unspecified or address.is_multicast or str(address) == "255.255.255.255"
    )


def _one_volume_suffices(model: Model) -> bool:
    return model.replicas <= 1 or model.source.claim is not None or "ReadWriteMany" in model.storage.access_modes


def _positive(storage: ModelStorage) -> bool:
    return (quantity(storage.size) or 0) > 0


def _reference_rules(field: str, where: str, given: str, of: Callable[[Model], str | None]) -> tuple[Rule, ...]:
    """Return the rules on a reference; `given` is CEL that holds where it is absent."""
    host = f"{where}.split('/')[0].split(':')[0]"
    return (
        Rule(
            "spec.model",
            f".{field}",
            f"{given}!{where}.matches({cel_text(CLOUD)})",
            lambda it: not is_cloud(of(it) or ""),
            f"spec.model.{field} must not be a cloud model (:cloud, -cloud): prompts would leave the cluster; choose "
            "a model with weights of its own",
        ),
        Rule(
            "spec.model",
            f".{field}",
            f"{given}{where}.matches({cel_text(CLOUD)}) || ({where}.matches({cel_text(REFERENCE)}) && "
            f"!{where}.lowerAscii().endsWith(':local')"
            f" && {host}.size() <= 253 && (!{where}.matches({cel_text(NUMERIC_HOST)}) || isIP({host})))",
            lambda it: _well_formed(of(it) or "absent"),
            f"spec.model.{field} must be an Ollama reference, [[host[:port]/]namespace/]model[:tag], without scheme or digest"
            + ("; the digest belongs in spec.model.digest" if field == "name" else ""),
        ),
        Rule(
            "spec.model",
            f".{field}",
            f"{given}!{where}.matches({cel_text(NUMERIC_HOST)}) || !isIP({host}) || ip({host}).isGlobalUnicast()",
            lambda it: _reachable_host(of(it) or "absent"),
            f"spec.model.{field} must not name a loopback, link-local, multicast or unspecified address as its registry: "
            "that is no registry but the node or its cloud; name the registry",
        ),
    )


RULES: tuple[Rule, ...] = (
    *_reference_rules("name", "self.name", "", lambda it: it.name),
    *_reference_rules("embedding", "self.embedding", "!has(self.embedding) || ", lambda it: it.embedding),
    Rule(
        "spec.model",
        ".digest",
        f"!has(self.digest) || self.digest.matches({cel_text(DIGEST)})",
        lambda it: it.digest is None or is_digest(it.digest),
        "spec.model.digest must be sha256: and 64 lower-case hexadecimal digits, the digest of the model's manifest; "
        "status.model.digest of an assistant without a pin shows it",
    ),
    Rule(
        "spec.model",
        ".keepAlive",
        f"!has(self.keepAlive) || (string(self.keepAlive) != '' && string(self.keepAlive).matches({cel_text(KEEP_ALIVE)}))",
        lambda it: it.keep_alive is None or (it.keep_alive != "" and pattern(KEEP_ALIVE)(it.keep_alive)),
        "spec.model.keepAlive must be a duration such as 30m or 1h30m (units h, m, s, ms in that order), 0, or -1 for ever",
    ),
    Rule(
        "spec.model",
        ".image",
        f"!has(self.image) || self.image.matches({cel_text(IMAGE)})",
        lambda it: it.image is None or pattern(IMAGE)(it.image),
        "spec.model.image must be an image reference without spaces: registry/repository:tag or registry/repository@sha256:...",
    ),
    Rule(
        "spec.model",
        ".image",
        f"!has(self.image) || !self.image.matches({cel_text(OLD_IMAGE)})",
        lambda it: it.image is None or not pattern(OLD_IMAGE)(it.image),
        f"spec.model.image must be Ollama {RUNTIME_FLOOR} or newer: older versions have known vulnerabilities "
        "(CVE-2026-7482, CVE-2026-7020); "
        "choose a newer tag",
    ),
    Rule(
        "spec.model",
        ".replicas",
        f"!has(self.replicas) || self.replicas <= 1 || {CEL_CLAIM.format('self')}"
        " || (has(self.storage) && has(self.storage.accessModes) && 'ReadWriteMany' in self.storage.accessModes)",
        _one_volume_suffices,
        "spec.model.replicas above 1 needs ReadWriteMany in spec.model.storage.accessModes, or spec.model.source.claim: "
        "pods on several nodes read one volume; use one replica otherwise",
    ),
    Rule(
        "spec.model",
        ".storage",
        f"!has(self.storage) || !{CEL_CLAIM.format('self')}",
        lambda it: it.source.claim is None or "storage" not in it.model_fields_set,
        "spec.model.storage has no meaning with spec.model.source.claim: the weights stay on that claim; remove storage",
    ),
    Rule(
        "spec.model.storage",
        ".size",
        "!has(self.size) || (isQuantity(self.size) && quantity(self.size).isGreaterThan(quantity('0')))",
        _positive,
        "spec.model.storage.size must be a quantity above 0, such as 20Gi",
    ),
    Rule(
        "spec.model.source",
        "",
        "!(has(self.registry) && has(self.claim))",
        lambda it: it.registry is None or it.claim is None,
        "spec.model.source takes one of registry and claim: weights come from one place; remove the other",
    ),
    Rule(
        "spec.model.source.registry",
        ".hosts",
        f"!has(self.hosts) || self.hosts.all(h, h.matches({cel_text(HOST)}) && !h.matches({cel_text(NUMERIC_NAME)}))",
        lambda it: all(pattern(HOST)(host) and not pattern(NUMERIC_NAME)(host) for host in it.hosts),
        "spec.model.source.registry.hosts must be host names in lower case, with a port where it is not the "
        "scheme's: host or host:port, without "
        "scheme and path; addresses belong in cidrs",
    ),
    Rule(
        "spec.model.source.registry",
        ".cidrs",
        f"!has(self.cidrs) || self.cidrs.all(c, {CEL_CIDR.format('c')})",
        lambda it: all(is_cidr(cidr) for cidr in it.cidrs),
        "spec.model.source.registry.cidrs must be networks, address/prefix with no bits set behind the "
        "prefix: write 10.1.0.0/16, not 10.1.2.3/16",
    ),
    Rule(
        "spec.model.source.registry",
        ".cidrs",
        f"!has(self.cidrs) || self.cidrs.all(c, !isCIDR(c) || !({CEL_OPEN.format('c')} || {CEL_LINK_LOCAL.format('c')}))",
        lambda it: not any(is_open(cidr) or holds_link_local(cidr) for cidr in it.cidrs),
        "spec.model.source.registry.cidrs must not be everything, a large part of it, or link-local: the pull may reach the registry only; "
        "list the networks of the registry and its blob store",
    ),
    *quantity_rules("spec.model.resources"),
)
