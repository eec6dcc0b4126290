"""GET requests to a registry that may be slow, broken or hostile.

Redirects are followed here rather than by httpx: credentials stay with the host they are for, TLS is never given up on the way, and loops
end. Errors say what happened and quote nothing: URLs of blobs carry signatures, bodies may carry anything.

Neighbours: auth.py (credentials), registry.py (what is asked), pull.py (what is done about TransientError).
"""

import logging
import os
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import certifi
import httpx

from assistant_model.outcome import ModelError, Reason

MAX_REDIRECTS: Final = 5
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_TRY_AGAIN: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_MAX_RETRY_AFTER: Final = 60.0

_log = logging.getLogger(__name__)


class TransientError(Exception):
    """This request failed, the next one may not."""

    def __init__(self, message: str, *, after: float = 0.0) -> None:
        super().__init__(message)
        self.after = after
        """Seconds that the server asks to be left alone."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a server may take."""

    connect: float = 10.0
    read: float = 30.0
    """Seconds of silence."""
    window: float = 60.0
    window_bytes: int = 64 << 10
    """Fewer bytes than this in a window are silence too: a drip must not hold the volume for ever."""
    small: float = 60.0
    """Seconds for a whole manifest or token."""
    attempts: int = 8
    """Failures in a row, without a byte gained, after which this try of the Job gives up."""
    pause: float = 0.5
    longest_pause: float = 30.0


class Transport:
    """HTTP with the rules above."""

    def __init__(self, *, insecure: bool = False, patience: Patience | None = None, host: str | None = None) -> None:
        self._host = host
        self.patience = patience or Patience()
        self._insecure = insecure
        self._client = httpx.Client(
            verify=tls_context(),
            trust_env=False,  # neither proxies nor .netrc: the pod may reach the registry and nothing else
            follow_redirects=False,
            timeout=httpx.Timeout(self.patience.read, connect=self.patience.connect),
            headers={"User-Agent": "private-assistant", "Accept-Encoding": "identity"},
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    @contextmanager
    def get(self, url: httpx.URL, headers: Mapping[str, str], authorization: str | None = None) -> Iterator[httpx.Response]:
        """Yield the answer, unread; the answer's `url` says who gave it. Raises TransientError and ModelError."""
        origin, first_host = _origin(url), self._host or url.host
        for _ in range(MAX_REDIRECTS + 1):
            self._check(url)
            sent = dict(headers)
            if authorization is not None and _origin(url) == origin:
                sent["Authorization"] = authorization
            with _strange_names(url.host != first_host):
                response = self._send(url, sent)
            try:
                if response.status_code not in _REDIRECTS:
                    _refuse_temporary(response)
                    yield response
                    return
                url = _target(response)
            finally:
                response.close()
        raise ModelError(Reason.REGISTRY_UNREACHABLE, f"The registry redirects more than {MAX_REDIRECTS} times.")

    def read(self, response: httpx.Response, limit: int) -> bytes:
        """Return a small body; a longer one than the limit is an error, not a cut text."""
        deadline = time.monotonic() + self.patience.small
        body = bytearray()
        for chunk in self.chunks(response):
            body += chunk
            if len(body) > limit:
                raise ModelError(Reason.NOT_A_MODEL, f"The registry's answer is larger than {limit} bytes.")
            if time.monotonic() > deadline:
                raise TransientError("the registry is too slow")
        return bytes(body)

    def chunks(self, response: httpx.Response) -> Iterator[bytes]:
        """Yield the body as it arrives, exactly as it was sent."""
        if response.headers.get("Content-Encoding", "identity").lower() not in ("", "identity"):
            raise TransientError("the registry's answer is encoded though no encoding was accepted")
        since, received = time.monotonic(), 0
        with transport_errors():
            for chunk in response.iter_raw():
                yield chunk
                received += len(chunk)
                now = time.monotonic()
                if now - since > self.patience.window:
                    if received < self.patience.window_bytes:
                        raise TransientError("the registry is too slow")
                    since, received = now, 0

    def _send(self, url: httpx.URL, headers: Mapping[str, str]) -> httpx.Response:
        with transport_errors():
            self._client.cookies.clear()
            return self._client.send(self._client.build_request("GET", url, headers=headers), stream=True)

    def _check(self, url: httpx.URL) -> None:
        if url.scheme != "https" and not (self._insecure and url.scheme == "http"):
            raise ModelError(
                Reason.REGISTRY_UNREACHABLE, "The registry leads away from TLS; model.source.registry.insecure allows plain HTTP."
            )
        if url.userinfo or not url.host:
            raise ModelError(Reason.REGISTRY_UNREACHABLE, "The registry redirects to an address without a host or with credentials in it.")


def tls_context() -> ssl.SSLContext:
    """Return the context that verifies servers: against SSL_CERT_FILE where it is set, else against the public authorities."""
    bundle = os.environ.get("SSL_CERT_FILE") or certifi.where()
    try:
        return ssl.create_default_context(cafile=bundle)
    except (OSError, ssl.SSLError) as error:
        raise ModelError(
            Reason.REGISTRY_UNREACHABLE, "The CA bundle for registries cannot be read: it must hold PEM certificates."
        ) from error


@contextmanager
def transport_errors() -> Iterator[None]:
    """Turn what httpx raises into TransientError, and a certificate that is not trusted into an outcome."""
    try:
        yield
    except httpx.TransportError as error:
        if _untrusted(error):
            raise ModelError(
                Reason.REGISTRY_UNREACHABLE,
                "The registry's certificate is not trusted: give its CA to the operator (Helm value pull.caBundle).",
            ) from None
        raise TransientError(f"the connection to the registry failed ({type(error).__name__})") from None
    except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, UnicodeError) as error:
        raise TransientError(f"the registry's answer makes no sense ({type(error).__name__})") from None


@contextmanager
def _strange_names(is_other_host: bool) -> Iterator[None]:
    """Say it where a registry leads to a name that cannot be resolved: a pull's pod has no DNS and knows pinned names only."""
    try:
        yield
    except TransientError as error:
        if is_other_host and any(isinstance(cause, socket.gaierror) for cause in _causes(error)):
            raise ModelError(
                Reason.REGISTRY_UNREACHABLE,
                "The registry leads to another host (for blobs or tokens); the pull's log names it: add it to model.source.registry.hosts.",
            ) from None
        raise


def _untrusted(error: BaseException) -> bool:
    """Look for a failed verification behind the library's own errors."""
    return any(isinstance(cause, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY_FAILED" in str(cause) for cause in _causes(error))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _refuse_temporary(response: httpx.Response) -> None:
    if response.status_code in _TRY_AGAIN:
        raise TransientError(f"the registry answers {response.status_code}", after=_retry_after(response.headers.get("Retry-After", "")))


def _retry_after(value: str) -> float:
    """Read seconds; a date is as good as nothing here, since waits grow anyway."""
    return min(float(value), _MAX_RETRY_AFTER) if value.isascii() and value.isdigit() and len(value) < 10 else 0.0


def _target(response: httpx.Response) -> httpx.URL:
    location = response.headers.get("Location", "")
    try:
        target = response.url.join(location)
    except (httpx.InvalidURL, ValueError, UnicodeError):
        target = None
    if not location or target is None:
        raise ModelError(Reason.REGISTRY_UNREACHABLE, "The registry redirects to nowhere.")
    if _origin(target) != _origin(response.url):
        _log.info("redirected to another host", extra={"host": target.host[:253]})
    return target


def _origin(url: httpx.URL) -> tuple[str, str, int]:
    return url.scheme, url.host, url.port or (443 if url.scheme == "https" else 80)
