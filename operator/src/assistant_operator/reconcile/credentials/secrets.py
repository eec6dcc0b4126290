"""Secrets: those that the operator makes once, and those that users bring. Both are read by name, never listed, never watched.

A generated Secret is created where it is missing and otherwise left alone; certificates are written anew before they end or when their
names change, and all of them when spec.rotation says so (rotation.py). What users bring is checked before pods see it. Problems are
collected and not raised: the rest of the assistant (its NetworkPolicies above all) is kept right meanwhile, and only the workload is
held back. What the store needs is in store_secrets.py.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from assistant_gateway.policy import MIN_DIFFERENT, MIN_KEY
from assistant_operator import errors
from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.kube.client import Client
from assistant_operator.kube.objects import Object, uid_of
from assistant_operator.naming import CA_ENTRY
from assistant_operator.reconcile.conditions import GATEWAY_READY, MODEL_READY, STORE_READY
from assistant_operator.reconcile.credentials import certificates, store_secrets
from assistant_operator.reconcile.credentials.certificates import CertificateError, Pair
from assistant_operator.reconcile.credentials.generated import generated_key
from assistant_operator.reconcile.credentials.material import Material, brought, entry_of, gather, own, waiting
from assistant_operator.reconcile.credentials.rotation import Wish, is_due
from assistant_operator.resources.context import Context
from assistant_operator.resources.manifest import Manifest, bound
from assistant_operator.resources.secrets import ca_secret, generated_keys, key_secrets, store_tls_secret, tls_secret

BASIC_AUTH = "kubernetes.io/basic-auth"


async def ensure(
    client: Client, spec: PrivateAssistantSpec, context: Context, now: datetime, material: Material, *, has_store: bool = False
) -> None:
    """Make what is missing, check what users bring, and say in the material what is wrong; has_store: a store was made before."""
    steps = (
        _certificates(client, spec, context, now, material),
        _keys(client, spec, context, now, material),
        _credentials(client, spec, context, material),
        store_secrets.ensure(client, spec, context, now, material, has_store=has_store),
    )
    await gather(material, steps)


async def _certificates(client: Client, spec: PrivateAssistantSpec, context: Context, now: datetime, material: Material) -> None:
    """See to the certificate that clients see and to the store's; what is wrong with the one keeps nothing of the other."""
    is_brought = spec.access.tls.mode == "Secret"
    if is_brought:
        try:
            await _brought_tls(client, spec, context, now, material)
        except errors.StatedError as problem:
            material.problems.append(problem)
    if is_brought and spec.managed_store is None:
        return
    names = context.names
    condition = STORE_READY if is_brought else GATEWAY_READY
    ca = await _authority(client, context, now, material, condition)
    before = Wish.of(spec.rotation).certificates
    if before is not None and before > now:
        material.look_again(before)
    if not is_brought:
        domains = names.dns_names(context.installation.cluster_domain)
        make = _issuer(tls_secret, context, ca, domains, now)
        await _leaf(client, context, names.tls_secret, domains, ca, make, now, before, material, GATEWAY_READY)
        material.ca_certificate = ca.certificate
    if spec.managed_store is not None:
        domains = (names.store_host,)
        make = _issuer(store_tls_secret, context, ca, domains, now)
        await _leaf(client, context, names.store_tls_secret, domains, ca, make, now, before, material, STORE_READY)


async def _brought_tls(client: Client, spec: PrivateAssistantSpec, context: Context, now: datetime, material: Material) -> None:
    where, name = "spec.access.tls.secretName", spec.access.tls.secret_name or ""
    secret = await brought(client, context, name, where)
    certificate = entry_of(secret, name, "tls.crt", where)
    try:
        certificates.check(certificate, entry_of(secret, name, "tls.key", where), now)
    except CertificateError as error:
        raise waiting("CertificateInvalid", f"{where}: Secret {name}: {error}.") from None
    material.look_again(certificates.end_of(certificate))
    if (secret.get("data") or {}).get(CA_ENTRY) is not None:
        material.ca_certificate = entry_of(secret, name, CA_ENTRY, where)


async def _authority(client: Client, context: Context, now: datetime, material: Material, condition: str) -> Pair:
    """Return the assistant's own CA, made where it is missing and given a new term before its certificates would outlive it."""
    names = context.names
    subject = f"{names.namespace}/{names.assistant}"

    def new_ca() -> Manifest:
        made = certificates.make_ca(subject, now)
        return ca_secret(context, made.key, made.certificate)

    secret = await own(client, context, names.ca_secret, new_ca, material)
    ca = _pair(secret, names.ca_secret, "ca.key", CA_ENTRY, condition)
    try:
        if certificates.end_of(ca.certificate) - now < certificates.LEAF_LIFE:
            ca = certificates.renew_ca(ca, subject, now)
            await client.apply(bound(ca_secret(context, ca.key, ca.certificate).to_dict(), uid_of(secret)))
        certificates.check(ca.certificate, ca.key, now)  # one half changed by hand: what the key signs, the certificate does not vouch for
    except CertificateError as error:
        raise _bad_authority(context, error, condition) from None
    return ca


def _issuer(
    shape: Callable[[Context, str, str, str], Manifest], context: Context, ca: Pair, domains: tuple[str, ...], now: datetime
) -> Callable[[], Manifest]:
    """Return what makes a new certificate's Secret."""

    def make() -> Manifest:
        made = certificates.make_leaf(ca, domains, now)
        return shape(context, made.key, made.certificate, ca.certificate)

    return make


async def _leaf(
    client: Client,
    context: Context,
    name: str,
    domains: tuple[str, ...],
    ca: Pair,
    make: Callable[[], Manifest],
    now: datetime,
    before: datetime | None,
    material: Material,
    condition: str,
) -> None:
    """See to one certificate of ours; one from before that time is old."""
    try:
        secret = await own(client, context, name, make, material)
        leaf = _pair(secret, name, "tls.key", "tls.crt", condition)
        if not _is_good(leaf, ca, domains, now) or is_due(certificates.made_at(leaf.certificate), before, now):
            leaf = _pair(await client.apply(bound(make().to_dict(), uid_of(secret))), name, "tls.key", "tls.crt", condition)
    except CertificateError as error:
        raise _bad_authority(context, error, condition) from None
    material.look_again(certificates.renewal_time(leaf.certificate))


def _bad_authority(context: Context, error: CertificateError, condition: str) -> errors.WaitingError:
    text = f"Secret {context.names.ca_secret}: {error}. Delete it to have it made anew."
    return waiting("CertificateInvalid", text, condition)


def _is_good(leaf: Pair, ca: Pair, domains: tuple[str, ...], now: datetime) -> bool:
    try:
        certificates.check(leaf.certificate, leaf.key, now)
    except CertificateError:
        return False
    return certificates.renewal(leaf.certificate, ca.certificate, domains, now) is None


def _pair(secret: Object, name: str, key: str, certificate: str, condition: str) -> Pair:
    """Return the pair in a Secret of ours; one that was emptied by hand is told, not guessed at."""
    where = "The operator's own certificate"
    return Pair(entry_of(secret, name, key, where, condition), entry_of(secret, name, certificate, where, condition))


async def _keys(client: Client, spec: PrivateAssistantSpec, context: Context, now: datetime, material: Material) -> None:
    """Make and check every API key; the first problem is told."""
    generated = frozenset(generated_keys(spec))
    seen: dict[str, str] = {}
    for key, (name, entry) in key_secrets(spec, context.names).items():
        where = f"spec.access.keys[{key}]"
        try:
            if key in generated:
                secret = await generated_key(client, spec, context, name, now, material)
            else:
                secret = await brought(client, context, name, f"{where}.secretRef")
            value = entry_of(secret, name, entry, where)
            check_key(value, name, entry, where)
            if (other := seen.setdefault(value, key)) != key:
                raise waiting("KeyInvalid", f"{where}: its key is also that of {other}. Every name needs a key of its own.")
        except errors.StatedError as problem:
            material.problems.append(problem)


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
    secret = await brought(client, context, name, where, MODEL_READY)
    if secret.get("type") != BASIC_AUTH:  # or whoever may make assistants could send any Secret to a registry of theirs
        raise waiting(
            "SecretTypeInvalid", f"{where}: the Secret {name} is not of type {BASIC_AUTH}. Make it anew with that type.", MODEL_READY
        )
    for entry in ("username", "password"):
        if not entry_of(secret, name, entry, where, MODEL_READY):
            raise waiting("SecretEntryInvalid", f"{where}: the entry {entry} of the Secret {name} is empty.", MODEL_READY)


def recheck_delay(material: Material, now: datetime) -> float | None:
    """Return the seconds until the certificate wants a look."""
    if material.recheck_at is None:
        return None
    return max((material.recheck_at - now) / timedelta(seconds=1), 1.0)
