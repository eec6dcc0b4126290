"""The TLS context of the clients' port: TLS 1.3 only, with a certificate that is swapped while connections live.

A certificate loaded into a live context serves the handshakes that follow; streams in progress go on. Loading a key that does not match
would leave the context with half a pair, so each pair is tried in a context of its own first.
"""

import math
import ssl
from pathlib import Path

from assistant_gateway.faults import FatalError
from assistant_gateway.protocol.validity import end_of

CERTIFICATE = "tls.crt"
KEY = "tls.key"


class Certificates:
    """Holds the context; load() may be called again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.context = _context()
        self.end = math.nan
        """When the certificate in use ends, in seconds since 1970; not a number where nobody can tell."""

    def load(self) -> None:
        """Take the folder's pair into use; raises FatalError and changes nothing if it cannot serve."""
        # A mounted Secret is swapped by one symbolic link: what is tried and what is used must come from the same side of it.
        folder = (self._folder / CERTIFICATE).resolve().parent
        try:
            pem = (folder / CERTIFICATE).read_bytes()
            for context in (_context(), self.context):
                context.load_cert_chain(folder / CERTIFICATE, folder / KEY, password="")
        except (OSError, ssl.SSLError) as error:  # SSLError is an OSError: named for the reader
            raise FatalError("CertificateInvalid", "tls.crt and tls.key are missing, unreadable, or do not belong together.") from error
        self.end = end_of(pem)


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.set_alpn_protocols(["http/1.1"])
    return context
