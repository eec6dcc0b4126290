"""The words for decisions."""

from assistant_egress.proxy.reasons import ALLOWED, ENDINGS, REFUSALS


def test_the_words_stay_what_they_are() -> None:
    """Dashboards, alerts and the operator go by them."""
    assert REFUSALS == (
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
    )
    assert ENDINGS == ("IdleTimeout", "ByteLimit")
    assert len({ALLOWED, *REFUSALS, *ENDINGS}) == 18
