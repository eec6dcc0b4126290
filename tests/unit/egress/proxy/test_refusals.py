"""How a client is told."""

import json

import pytest

from assistant_egress.proxy.reasons import REFUSALS, Refusal
from assistant_egress.proxy.refusals import alert, answer

IN_THE_TUNNEL = ("NotTls", "NoServerName", "ServerNameMismatch", "EncryptedServerName")
STATUSES = {
    "MalformedRequest": 400,
    "NotConnect": 405,
    "IpLiteral": 403,
    "HostNotAllowed": 403,
    "PortNotAllowed": 403,
    "HostHeaderMismatch": 403,
    "NotResolved": 502,
    "AddressNotPublic": 403,
    "ConnectFailed": 502,
    "TooManyConnections": 503,
    "TimedOut": 408,
}


@pytest.mark.parametrize("reason", [reason for reason in REFUSALS if reason not in IN_THE_TUNNEL])
def test_before_the_tunnel_it_is_http(reason: Refusal) -> None:
    """A status, and one line of JSON with the reason; the connection ends."""
    head, _, body = answer(reason).partition(b"\r\n\r\n")
    status, *fields = head.split(b"\r\n")

    assert status.startswith(b"HTTP/1.1 %d " % STATUSES[reason])
    assert {b"Connection: close", b"Content-Type: application/json", b"Content-Length: %d" % len(body)} <= set(fields)
    assert (b"Allow: CONNECT" in fields) == (reason == "NotConnect")
    assert body.endswith(b"}\n")
    assert json.loads(body)["error"]["code"] == reason
    assert json.loads(body)["error"]["message"]


@pytest.mark.parametrize("reason", IN_THE_TUNNEL)
def test_in_the_tunnel_it_is_a_fatal_alert(reason: Refusal) -> None:
    """For whoever speaks TLS."""
    if reason == "NotTls":
        assert alert(reason) == b""
    else:
        assert alert(reason)[:6] == b"\x15\x03\x03\x00\x02\x02"
        assert len(alert(reason)) == 7
