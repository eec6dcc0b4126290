"""One kept connection to the gateway, over TLS that only the assistant's authority vouches for.

Requests are repeated here where that may help; who calls sees an answer, or an error that says which kind of failure lasted. All requests
of the source API may be repeated without harm.
"""

import contextlib
import http.client
import json
import logging
import random
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from assistant_documents.outcome import IngestError, Reason

_NOT_NOW: Final = frozenset({429, 503})
_FAILED: Final = frozenset({408, 425, 500, 502, 504})
_MAX_RETRY_AFTER: Final = 60.0
_BLOCK: Final = 1 << 16
REASON_HEADER: Final = "X-Assistant-Reason"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the gateway may take."""

    connect: float = 10.0
    answer: float = 600.0
    """Seconds of silence: a large document is embedded before the answer."""
    window: float = 900.0
    """Seconds without one request answered, by any worker, after which this try of the Job gives up."""
    attempts: int = 5
    """Tries of a request that the gateway takes and then fails, or is lost with: the file may be what it dies of."""
    pause: float = 0.5
    longest_pause: float = 20.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What the gateway says."""

    status: int
    body: Any
    """JSON; None where it is none."""
    reason: str | None = None
    """One word for why a document was refused, where the gateway gives one."""


class UnavailableError(Exception):
    """The gateway takes no requests now."""

    def __init__(self, reason: Reason, after: float = 0.0) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.after = after


class LostError(Exception):
    """The gateway took a request and gave no answer."""


class StoppedError(Exception):
    """The run ends: no more requests."""


Blocks = Callable[[], Iterable[bytes]]


class Target:
    """Where the gateway is and how it is trusted; shared by the connections, as is the time of the last answer."""

    def __init__(self, url: str, authority: Path, key: Path, patience: Patience | None = None) -> None:
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname or parts.query or parts.path.strip("/"):
            raise IngestError(Reason.GATEWAY_UNREACHABLE)
        self.host, self.port = parts.hostname, parts.port or 443
        self.patience = patience or Patience()
        self.stop = threading.Event()
        self._authority = authority
        self._key = key
        self.answered = time.monotonic()

    def context(self) -> ssl.SSLContext:
        """Return the trust as the file has it now: the authority may be renewed while a long run goes on."""
        try:
            context = ssl.create_default_context(cafile=str(self._authority))
        except (OSError, ssl.SSLError):
            raise UnavailableError(Reason.GATEWAY_CERTIFICATE_INVALID) from None
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context

    def key(self) -> str:
        """Return the key as the file has it now."""
        try:
            return self._key.read_text().strip()
        except (OSError, UnicodeDecodeError):
            raise IngestError(Reason.KEY_REFUSED) from None


class Connection:
    """Sends requests one after the other; not to be shared by threads."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._http: http.client.HTTPSConnection | None = None
        self._key = ""

    def close(self) -> None:
        """Close it; the next request opens another one."""
        if self._http is not None:
            self._http.close()
            self._http = None

    def request(self, method: str, path: str, headers: Mapping[str, str] | None = None, blocks: Blocks | None = None) -> Answer:
        """Return the gateway's answer, be it a refusal; raises LostError, IngestError, StoppedError and what `blocks` raises."""
        failures = refusals = 0
        patience = self._target.patience
        while True:
            try:
                answer = self._once(method, path, headers or {}, blocks)
            except UnavailableError as error:
                refusals += 1
                self._wait(error, refusals)
                continue
            except LostError:
                answer = None
            if answer is not None:
                self._target.answered = time.monotonic()
                if answer.status == 401 and self._target.key() != self._key:
                    self.close()  # the key was rotated since it was read
                    continue
                if answer.status not in _FAILED:
                    return answer
            failures += 1
            if failures >= patience.attempts:
                if answer is not None:
                    return answer
                raise LostError
            self._pause(self._longest(failures))

    def _once(self, method: str, path: str, headers: Mapping[str, str], blocks: Blocks | None) -> Answer:
        """Send once; a kept connection that the gateway closed meanwhile is no failure yet."""
        if self._target.stop.is_set():
            raise StoppedError
        was_kept = self._http is not None
        try:
            return self._send(method, path, headers, blocks)
        except LostError:
            if not was_kept:
                raise
        return self._send(method, path, headers, blocks)

    def _send(self, method: str, path: str, headers: Mapping[str, str], blocks: Blocks | None) -> Answer:
        connection = self._connected()
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in {"Authorization": f"Bearer {self._key}", "User-Agent": "private-assistant", **headers}.items():
                connection.putheader(name, value)
            connection.endheaders()
            is_whole = blocks is None or _send_body(connection, blocks)
            return self._receive(connection, is_kept=is_whole)
        except (OSError, http.client.HTTPException):
            self.close()
            raise LostError from None
        except BaseException:
            self.close()  # half a request was sent: the connection is good for nothing
            raise

    def _receive(self, connection: http.client.HTTPSConnection, *, is_kept: bool) -> Answer:
        response = connection.getresponse()
        content = response.read()
        if response.will_close or not is_kept:
            self.close()
        if response.status in _NOT_NOW:
            raise UnavailableError(Reason.GATEWAY_NOT_READY, _seconds(response.getheader("Retry-After", "")))
        body = None
        with contextlib.suppress(ValueError, RecursionError):
            body = json.loads(content) if content else None
        return Answer(response.status, body, response.getheader(REASON_HEADER))

    def _connected(self) -> http.client.HTTPSConnection:
        if self._http is not None:
            return self._http
        target = self._target
        self._key = target.key()
        fresh = http.client.HTTPSConnection(
            target.host, target.port, context=target.context(), timeout=target.patience.connect, blocksize=_BLOCK
        )
        try:
            fresh.connect()
        except (OSError, http.client.HTTPException) as error:
            fresh.close()
            is_untrusted = isinstance(error, ssl.SSLCertVerificationError)
            raise UnavailableError(Reason.GATEWAY_CERTIFICATE_INVALID if is_untrusted else Reason.GATEWAY_UNREACHABLE) from None
        fresh.sock.settimeout(target.patience.answer)
        self._http = fresh
        return fresh

    def _wait(self, error: UnavailableError, refusals: int) -> None:
        """Wait for the gateway; raises IngestError where nobody got an answer for long."""
        if time.monotonic() - self._target.answered > self._target.patience.window:
            raise IngestError(error.reason) from None
        if refusals == 1:
            _log.info("waiting for the gateway", extra={"reason": error.reason.value})
        self._pause(max(error.after, self._longest(refusals)))

    def _longest(self, failures: int) -> float:
        patience = self._target.patience
        return min(patience.longest_pause, patience.pause * 2.0 ** min(failures - 1, 16))

    def _pause(self, seconds: float) -> None:
        if self._target.stop.wait(seconds * random.uniform(0.5, 1.0)):  # noqa: S311 - spreads load, keeps no secret
            raise StoppedError


def _send_body(connection: http.client.HTTPSConnection, blocks: Blocks) -> bool:
    """Send the body; False where the gateway stops reading it, for which it may have said why."""
    for block in blocks():
        try:
            connection.send(block)
        except OSError:
            return False
    return True


def _seconds(value: str) -> float:
    with contextlib.suppress(ValueError):
        if value.isascii() and value.isdigit():
            return min(float(value[:6]), _MAX_RETRY_AFTER)
    return 0.0
