"""Manifests of the Secrets that are made once: the CA, certificates, generated API keys, what the store needs.

Only the shape is here. The material comes from the loop, which reads a Secret by name before it makes one; only what spec.rotation
asks for is made anew (reconcile/credentials/rotation.py, certificates.py).
"""

import base64
from collections.abc import Mapping

from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.naming import CA_ENTRY, COMPONENT_ASSISTANT, COMPONENT_STORE, KEY_ENTRY, STORE_ROLE, Names
from assistant_operator.resources.context import Context
from assistant_operator.resources.manifest import Manifest, Policy

CA_KEY_ENTRY = "ca.key"
TLS_CERTIFICATE_ENTRY = "tls.crt"
TLS_KEY_ENTRY = "tls.key"
USERNAME_ENTRY = "username"
PASSWORD_ENTRY = "password"  # noqa: S105  # the name of an entry
ENCRYPTION_ENTRY = "k0001"
"""The first key-encryption key. Whoever rotates adds k0002: the greatest name seals, all of them open."""


def generated_keys(spec: PrivateAssistantSpec) -> tuple[str, ...]:
    """Return the names of the keys for which the operator makes a Secret."""
    return tuple(key.name for key in spec.access.keys if key.secret_ref is None)


def key_secrets(spec: PrivateAssistantSpec, names: Names) -> dict[str, tuple[str, str]]:
    """Return for each key, made or given, the Secret and the entry that hold it."""
    return {
        key.name: (key.secret_ref.name, key.secret_ref.key) if key.secret_ref else (names.key_secret(key.name), KEY_ENTRY)
        for key in sorted(spec.access.keys, key=lambda key: key.name)
    }


def tls_secret_name(spec: PrivateAssistantSpec, names: Names) -> str:
    """Return the Secret with the certificate that clients see."""
    return spec.access.tls.secret_name or names.tls_secret


def ca_secret(context: Context, key_pem: str, certificate_pem: str) -> Manifest:
    """Return the Secret of the assistant's CA: read by the operator, mounted nowhere."""
    return _secret(context, context.names.ca_secret, "Opaque", {CA_KEY_ENTRY: key_pem, CA_ENTRY: certificate_pem})


def tls_secret(context: Context, key_pem: str, certificate_pem: str, ca_pem: str) -> Manifest:
    """Return the Secret of the certificate that the assistant's CA has issued."""
    entries = {TLS_KEY_ENTRY: key_pem, TLS_CERTIFICATE_ENTRY: certificate_pem, CA_ENTRY: ca_pem}
    return _secret(context, context.names.tls_secret, "kubernetes.io/tls", entries)


def key_secret(context: Context, name: str, value: str, component: str = COMPONENT_ASSISTANT) -> Manifest:
    """Return the Secret of one generated API key."""
    return _secret(context, name, "Opaque", {KEY_ENTRY: value}, component)


def store_secret(context: Context, password: str) -> Manifest:
    """Return the Secret of the managed store's one user, its password letters, digits, - and _ alone; a changed one is taken up."""
    entries = {USERNAME_ENTRY: STORE_ROLE, PASSWORD_ENTRY: password}
    return _secret(context, context.names.store, "Opaque", entries, COMPONENT_STORE)


def store_tls_secret(context: Context, key_pem: str, certificate_pem: str, ca_pem: str) -> Manifest:
    """Return the Secret of the managed store's certificate, for names.store_host, by the assistant's CA."""
    entries = {TLS_KEY_ENTRY: key_pem, TLS_CERTIFICATE_ENTRY: certificate_pem, CA_ENTRY: ca_pem}
    return _secret(context, context.names.store_tls_secret, "kubernetes.io/tls", entries, COMPONENT_STORE)


def encryption_secret(context: Context, key: str) -> Manifest:
    """Return the Secret of the first key-encryption key: base64 of 32 random bytes. Losing it is losing all that is kept."""
    return _secret(context, context.names.encryption_secret, "Opaque", {ENCRYPTION_ENTRY: key})


def _secret(context: Context, name: str, kind: str, entries: Mapping[str, str], component: str = COMPONENT_ASSISTANT) -> Manifest:
    return Manifest(
        api_version="v1",
        kind="Secret",
        metadata=context.metadata(name, component),
        body={"type": kind, "data": {name: base64.b64encode(text.encode()).decode() for name, text in entries.items()}},
        policy=Policy.CREATE,
    )
