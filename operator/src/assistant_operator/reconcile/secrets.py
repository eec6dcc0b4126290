"""Secrets: those that the operator makes once, and those that users bring. Both are read by name, never listed, never watched.

A generated Secret is created where it is missing and otherwise left alone; only the serving certificate is written anew before it ends or
when its names change. What users bring is checked before pods see it. Problems are collected and not raised: the rest of the assistant (its
NetworkPolicies above all) is kept right meanwhile, and only the workload is held back.
"""

import asyncio
import base64
import binascii
import secrets as random_source
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from assistant_operator import errors
from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.kube.client import Client
from assistant_operator.kube.inventory import Ref
from assistant_operator.kube.kinds import SECRET
from assistant_operator.kube.objects import Object, controller_uid
from assistant_operator.naming import CA_ENTRY
from assistant_operator.reconcile import certificates
from assistant_operator.reconcile.certificates import CertificateError, Pair
from assistant_operator.reconcile.conditions import GATEWAY_READY, MODEL_READY
from assistant_operator.resources.context import Context
from assistant_operator.resources.manifest import Manifest
from assistant_operator.resources.secrets import ca_secret, generated_keys, key_secret, key_secrets, tls_secret

BASIC_AUTH = "kubernetes.io/basic-auth"
MIN_KEY = 16
MIN_DIFFERENT = 8
COLLISION_RECHECK = 60.0
"""Others' objects are not watched."""
RECHECK = 15.0
"""Seconds until a missing or wrong Secret is looked at again."""


@dataclass(slots=True)
class Material:
    """What the Secrets came to."""

    known: frozenset[Ref] = frozenset()
    """Made by earlier passes: these are looked for before they are made."""
    ca_certificate: str | None = None
    made: list[Ref] = field(default_factory=list)
    problems: list[errors.StatedError] = field(default_factory=list)
    recheck_at: datetime | None = None
    """When the certificate wants to be looked at again."""


async def ensure(client: Client, spec: PrivateAssistantSpec, context: Context, now: datetime, known: Collection[Ref] = ()) -> Material:
    """Make what is missing, check what users bring, and say what is wrong. Known is what was made before."""
    material = Material(known=frozenset(known))
    steps = (
        _tls(client, spec, context, now, material),
        _keys(client, spec, context, material),
        _credentials(client, spec, context, material),
    )
    for problem in await asyncio.gather(*steps, return_exceptions=True):
        if isinstance(problem, errors.StatedError):
            material.problems.append(problem)
        elif problem is not None:
            raise problem
    return material


def waiting(reason: str, message: str, condition: str = GATEWAY_READY) -> errors.WaitingError:
    return errors.WaitingError(reason, message, condition=condition, after=RECHECK)


def collision(kind: str, name: str) -> errors.TerminalError:
    return errors.TerminalError(
        "NameCollision",
        f"{kind} {name} exists and is not this assistant's: it is left alone. Remove it, or name the assistant otherwise.",
        after=COLLISION_RECHECK,
    )


async def _own(client: Client, context: Context, name: str, make: Callable[[], Manifest], material: Material) -> Object:
    """Return a Secret of ours, made if it is missing."""
    ref = Ref.named(SECRET, context.names.namespace, name)
    live = await client.get(SECRET, ref.namespace, name) if ref in material.known else None
    if live is None:
        try:
            live = await client.create(make().to_dict())
        except errors.AlreadyExistsError:
            live = await client.get(SECRET, ref.namespace, name)
            if live is None:
                raise
    if controller_uid(live) != context.uid:
        raise collision(SECRET.kind, name)
    material.made.append(ref)
    return live


async def _brought(client: Client, context: Context, name: str, where: str, condition: str = GATEWAY_READY) -> Object:
    """Return a Secret of the user's."""
    live = await client.get(SECRET, context.names.namespace, name)
    if live is None:
        raise waiting("SecretNotFound", f"{where}: there is no Secret {name} in this namespace. Create it.", condition)
    return live


def _entry(secret: Object, name: str, entry: str, where: str, condition: str = GATEWAY_READY) -> str:
    """Return one entry of a Secret as text."""
    encoded = (secret.get("data") or {}).get(entry)
    if encoded is None:
        raise waiting("SecretEntryMissing", f"{where}: the Secret {name} has no entry {entry}. Add it.", condition)
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise waiting("SecretEntryInvalid", f"{where}: the entry {entry} of the Secret {name} is not text.", condition) from None


async def _tls(client: Client, spec: PrivateAssistantSpec, context: Context, now: datetime, material: Material) -> None:
    if spec.access.tls.mode == "Secret":
        await _brought_tls(client, spec, context, now, material)
    else:
        await _self_signed(client, context, now, material)


async def _brought_tls(client: Client, spec: PrivateAssistantSpec, context: Context, now: datetime, material: Material) -> None:
    where, name = "spec.access.tls.secretName", spec.access.tls.secret_name or ""
    secret = await _brought(client, context, name, where)
    certificate = _entry(secret, name, "tls.crt", where)
    try:
        certificates.check(certificate, _entry(secret, name, "tls.key", where), now)
    except CertificateError as error:
        raise waiting("CertificateInvalid", f"{where}: Secret {name}: {error}.") from None
    material.recheck_at = certificates.end_of(certificate)
    if (secret.get("data") or {}).get(CA_ENTRY) is not None:
        material.ca_certificate = _entry(secret, name, CA_ENTRY, where)


async def _self_signed(client: Client, context: Context, now: datetime, material: Material) -> None:
    names = context.names
    domains = names.dns_names(context.installation.cluster_domain)
    subject = f"{names.namespace}/{names.assistant}"

    def new_ca() -> Manifest:
        made = certificates.make_ca(subject, now)
        return ca_secret(context, made.key, made.certificate)

    ca = _pair(await _own(client, context, names.ca_secret, new_ca, material), names.ca_secret, "ca.key", CA_ENTRY)
    try:
        if certificates.end_of(ca.certificate) - now < certificates.LEAF_LIFE:
            ca = certificates.renew_ca(ca, subject, now)
            await client.apply(ca_secret(context, ca.key, ca.certificate).to_dict())

        def new_leaf() -> Manifest:
            made = certificates.make_leaf(ca, domains, now)
            return tls_secret(context, made.key, made.certificate, ca.certificate)

        leaf = _pair(await _own(client, context, names.tls_secret, new_leaf, material), names.tls_secret, "tls.key", "tls.crt")
        if not _is_good(leaf, ca, domains, now):
            leaf = _pair(await client.apply(new_leaf().to_dict()), names.tls_secret, "tls.key", "tls.crt")
    except CertificateError as error:
        raise waiting("CertificateInvalid", f"Secret {names.ca_secret}: {error}. Delete it to have it made anew.") from None
    material.ca_certificate = ca.certificate
    material.recheck_at = certificates.renewal_time(leaf.certificate)


def _is_good(leaf: Pair, ca: Pair, domains: tuple[str, ...], now: datetime) -> bool:
    try:
        certificates.check(leaf.certificate, leaf.key, now)
    except CertificateError:
        return False
    return certificates.renewal(leaf.certificate, ca.certificate, domains, now) is None


def _pair(secret: Object, name: str, key: str, certificate: str) -> Pair:
    """Return the pair in a Secret of ours; one that was emptied by hand is told, not guessed at."""
    where = "The operator's own certificate"
    return Pair(_entry(secret, name, key, where), _entry(secret, name, certificate, where))


async def _keys(client: Client, spec: PrivateAssistantSpec, context: Context, material: Material) -> None:
    """Make and check every API key; the first problem is told."""
    generated = frozenset(generated_keys(spec))
    seen: dict[str, str] = {}
    for key, (name, entry) in key_secrets(spec, context.names).items():
        where = f"spec.access.keys[{key}]"
        try:
            if key in generated:
                secret = await _own(client, context, name, lambda key=key: key_secret(context, key, new_key()), material)  # type: ignore[misc]
            else:
                secret = await _brought(client, context, name, f"{where}.secretRef")
            value = _entry(secret, name, entry, where)
            check_key(value, name, entry, where)
            if (other := seen.setdefault(value, key)) != key:
                raise waiting("KeyInvalid", f"{where}: its key is also that of {other}. Every name needs a key of its own.")
        except errors.StatedError as problem:
            material.problems.append(problem)


def new_key() -> str:
    return f"pa-{random_source.token_urlsafe(32)}"


def check_key(value: str, name: str, entry: str, where: str) -> None:
    """Refuse keys that can be guessed or cannot be sent in a header; nothing of the key is told."""
    wrong = None
    if not all("!" <= letter <= "~" for letter in value):
        wrong = "has characters other than visible ASCII (a line break at its end, perhaps)"
    elif len(value) < MIN_KEY:
        wrong = f"has fewer than {MIN_KEY} characters"
    elif len(set(value)) < MIN_DIFFERENT:
        wrong = f"has fewer than {MIN_DIFFERENT} different characters"
    if wrong:
        raise waiting("KeyInvalid", f"{where}: the entry {entry} of the Secret {name} {wrong}. Put a random key there.")


async def _credentials(client: Client, spec: PrivateAssistantSpec, context: Context, material: Material) -> None:
    registry = spec.model.source.registry
    if registry is None or registry.credentials_secret_ref is None:
        return
    where, name = "spec.model.source.registry.credentialsSecretRef", registry.credentials_secret_ref.name
    secret = await _brought(client, context, name, where, MODEL_READY)
    if secret.get("type") != BASIC_AUTH:  # or whoever may make assistants could send any Secret to a registry of theirs
        raise waiting(
            "SecretTypeInvalid", f"{where}: the Secret {name} is not of type {BASIC_AUTH}. Make it anew with that type.", MODEL_READY
        )
    for entry in ("username", "password"):
        if not _entry(secret, name, entry, where, MODEL_READY):
            raise waiting("SecretEntryInvalid", f"{where}: the entry {entry} of the Secret {name} is empty.", MODEL_READY)


def recheck_delay(material: Material, now: datetime) -> float | None:
    """Return the seconds until the certificate wants a look."""
    if material.recheck_at is None:
        return None
    return max((material.recheck_at - now) / timedelta(seconds=1), 1.0)
