"""How the store is reached: credentials and trusted authority are read for every new connection, so that a rotation needs no restart."""

import ssl
from pathlib import Path
from typing import Any, Final

import asyncpg

from assistant_gateway.policy import StorePolicy

CONNECT_SECONDS: Final = 5.0
COMMAND_SECONDS: Final = 15.0
"""For one statement, unless its caller says otherwise: a server that went without a word must not hold a request for long."""
APPLICATION: Final = "private-assistant"


class CredentialsError(Exception):
    """A file of the store's folder is missing or unreadable, or the host is none."""


class AuthorityError(Exception):
    """ca.crt is there and cannot be used."""


async def connect(policy: StorePolicy, folder: Path, *, command_timeout: float = 0, **more: Any) -> asyncpg.Connection:
    """Return a new connection: verified TLS, or none. Raises CredentialsError, AuthorityError, and what reasons.py knows."""
    if "/" in policy.host:  # the driver would take it for a local socket, and use no TLS on it
        raise CredentialsError
    return await asyncpg.connect(
        host=policy.host,
        port=policy.port,
        database=policy.database,
        user=_read(folder, "username"),
        password=_read(folder, "password"),
        ssl=_tls(folder / "ca.crt"),
        timeout=CONNECT_SECONDS,
        command_timeout=command_timeout or COMMAND_SECONDS,
        # Compiling a statement takes longer than any of ours runs.
        server_settings={"application_name": APPLICATION, "jit": "off"},
        target_session_attrs="read-write",
        **more,
    )


def _read(folder: Path, name: str) -> str:
    try:
        text = (folder / name).read_text().strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise CredentialsError from error
    if not text or "\0" in text:
        raise CredentialsError
    return text


def _tls(ca: Path) -> ssl.SSLContext:
    """Return a context that trusts ca.crt alone, or the system's authorities where there is none; raises AuthorityError."""
    try:
        context = ssl.create_default_context(cafile=str(ca) if ca.exists() else None)
    except OSError as error:  # ssl.SSLError is one
        raise AuthorityError from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
