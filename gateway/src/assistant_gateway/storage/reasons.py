"""What an error of the store means: one reason each, so that status says what to mend.

Messages are constants: what a server says may quote rows, and hosts and user names are in the assistant's own objects.
"""

import ssl
from collections.abc import Mapping
from typing import Final

import asyncpg

from assistant_gateway.faults import Reason
from assistant_gateway.storage.credentials import AuthorityError, CredentialsError

UNREACHABLE: Final = Reason("StoreUnreachable", "The store does not answer, or does not accept connections for now.")
CREDENTIALS: Final = Reason("StoreCredentialsInvalid", "The store refuses the user name or the password.")
CREDENTIALS_MISSING: Final = Reason("StoreCredentialsInvalid", "The store's user name and password are missing or unreadable.")
NO_DATABASE: Final = Reason(
    "StoreCredentialsInvalid", "The store has no database of the configured name, or the user may not connect to it."
)
NO_TLS: Final = Reason("StoreTlsRequired", "The store does not offer TLS 1.2 or newer; without it nothing is sent to it.")
CERTIFICATE: Final = Reason(
    "StoreCertificateInvalid", "The store's certificate is not valid for its host name, or not from the trusted authority."
)
CA_MISSING: Final = Reason("StoreCertificateInvalid", "The store's ca.crt holds no usable certificate.")
NO_EXTENSION: Final = Reason(
    "StoreExtensionMissing",
    "The database has no extension 'vector' 0.8 or newer, and the user may not create it: run CREATE EXTENSION vector there.",
)
MIGRATION: Final = Reason(
    "StoreMigrationFailed", "The store's tables could not be brought to this version; the user needs the right to create them."
)
TOO_NEW: Final = Reason("StoreSchemaTooNew", "The store's tables are of a newer version of this program; this one leaves them alone.")
FULL: Final = Reason("StoreFull", "The store has no room left.")
KEY_MISSING: Final = Reason("EncryptionKeyMissing", "A key that sealed what is in the store is not among the encryption keys.")
KEY_WRONG: Final = Reason("EncryptionKeyMissing", "The encryption keys do not open what is in the store: it was sealed by others.")
READ_ONLY: Final = Reason("StoreUnreachable", "The store accepts no writes: it is a replica, or set to read only.")

# The first that fits: subclasses before their bases.
REASONS: Final[Mapping[type[Exception], Reason]] = {
    CredentialsError: CREDENTIALS_MISSING,
    AuthorityError: CA_MISSING,
    ssl.SSLCertVerificationError: CERTIFICATE,
    ssl.SSLError: NO_TLS,
    asyncpg.DiskFullError: FULL,
    asyncpg.InvalidAuthorizationSpecificationError: CREDENTIALS,  # and its subclass InvalidPasswordError
    asyncpg.InvalidCatalogNameError: NO_DATABASE,
    asyncpg.InsufficientPrivilegeError: NO_DATABASE,
    asyncpg.ReadOnlySQLTransactionError: READ_ONLY,
    asyncpg.TargetServerAttributeNotMatched: READ_ONLY,
}

# What the store, our files for it, the way to it or the driver may raise; anything else is not hidden behind StoreError.
ERRORS: Final = (
    CredentialsError,
    AuthorityError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)


def reason_of(error: Exception) -> Reason:
    """Return why the store is not usable."""
    for kind, reason in REASONS.items():
        if isinstance(error, kind):
            return reason
    if isinstance(error, ConnectionError) and "rejected SSL upgrade" in str(error):  # the driver has no class of its own for it
        return NO_TLS
    return UNREACHABLE
