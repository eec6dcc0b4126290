"""How a client is told that it gets no further: an HTTP answer before its tunnel, a TLS alert in it. Neither repeats what it sent."""

from typing import Final

from assistant_egress.proxy import strict
from assistant_egress.proxy.reasons import Refusal
from assistant_egress.proxy.rules import HostRule

ESTABLISHED: Final = b"HTTP/1.1 200 Connection established\r\n\r\n"

_BAD: Final = "400 Bad Request"
_FORBIDDEN: Final = "403 Forbidden"
_GATEWAY: Final = "502 Bad Gateway"
_ANSWERS: Final[dict[Refusal, tuple[str, str]]] = {
    "MalformedRequest": (_BAD, "Not a CONNECT request as RFC 9110 has it, or something beside it before it was answered."),
    "NotConnect": ("405 Method Not Allowed", "Only CONNECT is served."),
    "IpLiteral": (_FORBIDDEN, "An address is never allowed; ask for a host by its name."),
    "HostNotAllowed": (_FORBIDDEN, "No rule allows this host; see spec.egress.allow of the assistant."),
    "PortNotAllowed": (_FORBIDDEN, "This host is not allowed on this port; see spec.egress.allow of the assistant."),
    "HostHeaderMismatch": (_FORBIDDEN, "The Host header names another host than the request."),
    "NotResolved": (_GATEWAY, "The host's name has no address, or no resolver answered in time."),
    "AddressNotPublic": (_FORBIDDEN, "The host has no public address, and no rule allows the network that it is in."),
    "ConnectFailed": (_GATEWAY, "The host cannot be reached."),
    "TooManyConnections": ("503 Service Unavailable", "As many connections as there may be are open."),
    "TimedOut": ("408 Request Timeout", "The request did not come in time."),
}
# Of TLS (RFC 8446, section 6.2). Whoever does not speak it is not told anything.
_ACCESS_DENIED: Final = 49
_ALERTS: Final[dict[Refusal, int]] = {
    "NoServerName": 109,  # missing_extension
    "ServerNameMismatch": 112,  # unrecognized_name
    "EncryptedServerName": _ACCESS_DENIED,
}


class RefusedError(Exception):
    """A connection that goes no further; `rule` is the one that allowed its host, where that had been found."""

    def __init__(self, reason: Refusal, rule: HostRule | None = None) -> None:
        super().__init__(reason)
        self.reason: Refusal = reason
        self.rule = rule


def answer(reason: Refusal) -> bytes:
    """Return the whole HTTP answer for what was refused before its tunnel stood."""
    status, message = _ANSWERS[reason]
    body = strict.encode({"error": {"code": reason, "message": message}}) + b"\n"
    allow = "Allow: CONNECT\r\n" if reason == "NotConnect" else ""
    head = f"HTTP/1.1 {status}\r\n{allow}Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


def alert(reason: Refusal) -> bytes:
    """Return the fatal TLS alert for what was refused within its tunnel, or nothing."""
    return bytes((21, 3, 3, 0, 2, 2, _ALERTS[reason])) if reason in _ALERTS else b""
