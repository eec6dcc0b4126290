"""Secrets of what is kept: the store's credentials, the encryption keys and the ingests' API key; and the Secret of a user's own store.

The encryption keys are the one thing here that is never made anew: a new key in place of a lost one would only hide that all is lost.
Nothing that stands in a Secret is ever quoted. Neighbours: secrets.py (certificates and API keys), store.py (the address).
"""

import base64
import binascii
import ipaddress
import re
import secrets as random_source
from datetime import datetime

from assistant_operator import errors
from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.api.v1alpha1.store import ExternalStore as ExternalSpec
from assistant_operator.kube.client import Client
from assistant_operator.kube.inventory import Ref
from assistant_operator.kube.kinds import SECRET
from assistant_operator.kube.objects import Object
from assistant_operator.naming import ANNOTATION_MADE_AT, CA_ENTRY, COMPONENT_INGEST, KEY_ENTRY, STORE_PORT
from assistant_operator.reconcile.conditions import STORE_READY
from assistant_operator.reconcile.credentials import certificates
from assistant_operator.reconcile.credentials.certificates import CertificateError
from assistant_operator.reconcile.credentials.generated import generated_key, rewrite
from assistant_operator.reconcile.credentials.material import ExternalStore, Material, brought, entry_of, gather, mine, own, waiting
from assistant_operator.reconcile.credentials.rotation import Wish, is_due, made_at, next_entry
from assistant_operator.resources.context import Context
from assistant_operator.resources.secrets import PASSWORD_ENTRY, USERNAME_ENTRY, encryption_secret, store_secret

KEY_BYTES = 32
MAX_DATABASE = 63

_KEY_ID = re.compile(r"[a-z0-9-]{1,32}")
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9_]([-a-z0-9_]{0,61}[a-z0-9_])?(\.[a-z0-9_]([-a-z0-9_]{0,61}[a-z0-9_])?)*", re.IGNORECASE)
_PASSWORD = re.compile(r"[A-Za-z0-9_-]+")
"""What the managed store's start takes."""
_PORT = re.compile(r"[1-9][0-9]{0,4}")


async def ensure(
    client: Client, spec: PrivateAssistantSpec, context: Context, now: datetime, material: Material, *, has_store: bool
) -> None:
    """Make and check what the store needs, where there is one; the problems are collected."""
    if not spec.keeps:
        return
    was_made = has_store or (spec.managed_store is None and _encryption_ref(context) in material.known)
    steps = [_encryption(client, spec, context, now, material, was_made=was_made)]
    if spec.managed_store is not None:
        steps.append(_managed(client, context, material))
    if spec.external_store is not None:
        steps.append(_external(client, spec.external_store, context, material))
    if spec.rag is not None and spec.rag.sources:
        steps.append(_ingest(client, spec, context, now, material))
    await gather(material, steps)


def _encryption_ref(context: Context) -> Ref:
    return Ref.named(SECRET, context.names.namespace, context.names.encryption_secret)


async def _encryption(
    client: Client, spec: PrivateAssistantSpec, context: Context, now: datetime, material: Material, *, was_made: bool
) -> None:
    """See to the keys; was_made: something may be kept already that only they open.

    Of a managed store the volume says so; of a user's, which the operator does not look into, only the inventory.
    """
    name, ref = context.names.encryption_secret, _encryption_ref(context)
    if not was_made:
        secret = await own(client, context, name, lambda: encryption_secret(context, new_encryption_key()), material)
    elif (live := await client.get(SECRET, ref.namespace, name)) is not None:
        secret = mine(context, ref, live, material)
    else:
        material.made.append(ref)  # it stays in the inventory: that it was made is all that is left of it
        raise waiting(
            "EncryptionKeyMissing",
            f"The Secret {name} with the encryption keys is gone: nothing that is kept can be read without it. Put it back from a backup, "
            "or, to begin anew with nothing kept, take rag and retention.conversations out of the spec for a moment.",
            STORE_READY,
        )
    check_encryption_keys(secret, name)
    before = Wish.of(spec.rotation).encryption_key
    if before is not None and before > now:
        material.look_again(before)
    if is_due(made_at(secret), before, now):
        await _add_encryption_key(client, context, secret, now)


async def _add_encryption_key(client: Client, context: Context, secret: Object, now: datetime) -> None:
    """Put another key beside those that there are."""
    name = context.names.encryption_secret
    entry = next_entry(secret["data"])
    if entry is None:
        raise waiting(
            "EncryptionKeyInvalid",
            f"The encryption keys: the greatest name of an entry of the Secret {name} leaves no room for a greater one. Add a key there "
            "yourself, and take spec.rotation.encryptionKey away.",
            STORE_READY,
        )
    await rewrite(client, secret, {entry: new_encryption_key()}, {ANNOTATION_MADE_AT: now})


def new_encryption_key() -> str:
    return base64.b64encode(random_source.token_bytes(KEY_BYTES)).decode()


def check_encryption_keys(secret: Object, name: str) -> None:
    """Refuse a Secret with a key that the gateway could not use: whoever rotates keys writes into it."""
    where = "The encryption keys"
    entries = sorted(secret.get("data") or {})
    if not entries:
        raise waiting("EncryptionKeyMissing", f"{where}: the Secret {name} holds no key. Put it back from a backup.", STORE_READY)
    for entry in entries:
        if not _KEY_ID.fullmatch(entry):
            raise waiting(
                "EncryptionKeyInvalid",
                f"{where}: an entry's name in the Secret {name} is no key's: at most 32 of a-z, 0-9 and -. Rename it.",
                STORE_READY,
            )
        if not _is_key(entry_of(secret, name, entry, where, STORE_READY)):
            raise waiting(
                "EncryptionKeyInvalid",
                f"{where}: the entry {entry} of the Secret {name} is not base64 of {KEY_BYTES} bytes. Put such a key there.",
                STORE_READY,
            )


def _is_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text.strip(), validate=True)) == KEY_BYTES
    except (binascii.Error, ValueError):
        return False


async def _managed(client: Client, context: Context, material: Material) -> None:
    name = context.names.store
    secret = await own(client, context, name, lambda: store_secret(context, random_source.token_urlsafe(32)), material)
    where = "The store's credentials"
    _credentials(secret, name, where, USERNAME_ENTRY)
    if not _PASSWORD.fullmatch(entry_of(secret, name, PASSWORD_ENTRY, where, STORE_READY)):
        raise _invalid(PASSWORD_ENTRY, name, where, "has characters other than letters, digits, - and _")


def _credentials(secret: Object, name: str, where: str, username: str) -> None:
    for entry in (username, PASSWORD_ENTRY):
        if not entry_of(secret, name, entry, where, STORE_READY).strip():
            raise waiting("SecretEntryInvalid", f"{where}: the entry {entry} of the Secret {name} is empty.", STORE_READY)


async def _ingest(client: Client, spec: PrivateAssistantSpec, context: Context, now: datetime, material: Material) -> None:
    name = context.names.ingest_secret
    secret = await generated_key(client, spec, context, name, now, material, COMPONENT_INGEST)
    if not entry_of(secret, name, KEY_ENTRY, "The ingests' API key"):
        raise waiting(
            "SecretEntryInvalid", f"The ingests' API key: the entry {KEY_ENTRY} of the Secret {name} is empty. Delete the Secret."
        )


async def _external(client: Client, spec: ExternalSpec, context: Context, material: Material) -> None:
    where, name = "spec.store.external.secretRef", spec.secret_ref.name
    secret = await brought(client, context, name, where, STORE_READY)
    data = secret.get("data") or {}
    username = USERNAME_ENTRY if USERNAME_ENTRY in data or "user" not in data else "user"
    _credentials(secret, name, where, username)
    found = ExternalStore(
        host=_host(entry_of(secret, name, "host", where, STORE_READY), name, where),
        port=_port(entry_of(secret, name, "port", where, STORE_READY), name, where) if "port" in data else STORE_PORT,
        database=_database(entry_of(secret, name, "dbname", where, STORE_READY), name, where),
        secret=name,
        username_entry=username,
        ca=await _authority(client, spec, context, secret),
    )
    material.store = found


async def _authority(client: Client, spec: ExternalSpec, context: Context, secret: Object) -> tuple[str, str] | None:
    """Return the Secret and the entry of the CA certificate, looked at; None where the public authorities shall do."""
    if spec.ca_secret_ref is not None:
        where, name, entry = "spec.store.external.caSecretRef", spec.ca_secret_ref.name, spec.ca_secret_ref.key
        secret = await brought(client, context, name, where, STORE_READY)
    elif CA_ENTRY in (secret.get("data") or {}):
        where, name, entry = "spec.store.external.secretRef", spec.secret_ref.name, CA_ENTRY
    else:
        return None
    try:
        certificates.end_of(entry_of(secret, name, entry, where, STORE_READY))
    except CertificateError as error:
        raise waiting("CertificateInvalid", f"{where}: the entry {entry} of the Secret {name}: {error}.", STORE_READY) from None
    return name, entry


def _host(text: str, name: str, where: str) -> str:
    host = text.strip()
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    if not _HOST.fullmatch(host) or host.replace(".", "").isdecimal():
        raise _invalid("host", name, where, "is neither one host name nor an address")
    return host.lower()


def _port(text: str, name: str, where: str) -> int:
    if not _PORT.fullmatch(text.strip()) or int(text) > 65535:
        raise _invalid("port", name, where, "is no port")
    return int(text)


def _database(text: str, name: str, where: str) -> str:
    database = text.strip()
    if not database or len(database.encode()) > MAX_DATABASE or not database.isprintable():
        raise _invalid("dbname", name, where, "is no name of a database")
    return database


def _invalid(entry: str, name: str, where: str, what: str) -> errors.WaitingError:
    return waiting("SecretEntryInvalid", f"{where}: the entry {entry} of the Secret {name} {what}. Correct it.", STORE_READY)
