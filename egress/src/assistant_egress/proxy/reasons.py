"""Why the proxy let a connection through, refused it, or cut it. The words stand in logs, metrics and status, and stay what they are."""

from typing import Final, Literal, get_args

Refusal = Literal[
    "MalformedRequest",
    "NotConnect",
    "IpLiteral",
    "HostNotAllowed",
    "PortNotAllowed",
    "HostHeaderMismatch",
    "NotResolved",
    "AddressNotPublic",
    "ConnectFailed",
    "NotTls",
    "NoServerName",
    "ServerNameMismatch",
    "EncryptedServerName",
    "TooManyConnections",
    "TimedOut",
]
Ending = Literal["IdleTimeout", "ByteLimit"]
"""What cut a connection that had been allowed."""
Reason = Literal["Allowed"] | Refusal | Ending
Decision = Literal["allowed", "refused", "ended"]

ALLOWED: Final = "Allowed"
REFUSALS: Final[tuple[Refusal, ...]] = get_args(Refusal)
ENDINGS: Final[tuple[Ending, ...]] = get_args(Ending)
