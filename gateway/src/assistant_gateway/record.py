"""The audit record: one line of JSON on standard output for each request, however it ended, without content; and for what happens without
one: an erasure, a purge.

app.py fills an Exchange while it serves the request, and hands it over once, whatever happened. The fields are closed: names and digests
of the policy, names of keys and routes, codes, counts and times. The requested path, model, query and headers are never among them.
While records cannot be written nobody is served, and what cannot be written for good ends the process.
"""

import asyncio
import errno
import itertools
import logging
import os
import secrets
import select
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import orjson

from assistant_gateway.faults import FatalError, Reason

COMPLETED: Final = "completed"
REFUSED: Final = "refused"
"""The gateway or the model server said no to what was asked."""
FAILED: Final = "failed"
CLIENT_GONE: Final = "client_gone"
UPSTREAM_LOST: Final = "upstream_lost"
OUTCOMES: Final = (COMPLETED, REFUSED, FAILED, CLIENT_GONE, UPSTREAM_LOST)

UNKNOWN: Final = "unknown"
"""The route of a path that is nobody's, in records, logs and metrics."""

NOT_WRITTEN: Final = Reason("RecordsNotWritten", "The audit records cannot be written to standard output.")
PATIENCE_SECONDS: Final = 30.0
"""How long records may wait that cannot be written."""
MOST_WAITING: Final = 8 * 1024 * 1024
"""Bytes of them: refused requests leave records too."""
_CLOSED: Final = frozenset({errno.EPIPE, errno.EBADF})
"""Nobody reads any more, and nobody will: a new process gets a new pipe."""

logger = logging.getLogger(__name__)

_PREFIX = secrets.token_hex(6)
_numbers = itertools.count(1)


class Exchange:
    """What is known of one request: each field has its value from the class until it is set."""

    route: str = UNKNOWN
    operation: str = ""
    key: str | None = None
    subject: str | None = None
    model: str | None = None
    model_digest: str | None = None
    policy_generation: int = 0
    policy_revision: str = ""
    outcome: str = FAILED
    status: int = 0
    code: str | None = None
    request_bytes: int = 0
    response_bytes: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None
    stream: bool = False
    conversation: str | None = None
    """Id of the conversation that the request belongs to."""
    documents: Sequence[str] | None = ()
    """Ids of the documents that the answer was given from; None where they could not be searched, and the CR allows to go on without."""
    retained: bool = False
    """Whether something of the request was kept."""
    redactions: Mapping[str, Mapping[str, int]] | None = None
    """How many values of which type were found in the request and in the answer; None where the policy looks for none."""
    first_byte: float | None = None
    ended: float = 0.0

    def __init__(self, method: str = "", wire: str = "") -> None:
        self.method = method
        self.wire = wire
        self.request_id = f"{_PREFIX}{next(_numbers):08x}"
        self.began = time.perf_counter()

    def line(self, now: str) -> dict[str, Any]:
        """Return the record."""
        began, first = self.began, self.first_byte
        return {
            "record": "request",
            "time": now,
            "key": self.key,
            "subject": self.subject,
            "route": self.route,
            "method": self.method,
            "wire": self.wire,
            "model": self.model,
            "model_digest": self.model_digest,
            "policy_generation": self.policy_generation,
            "policy_revision": self.policy_revision,
            "outcome": self.outcome,
            "status": self.status,
            "code": self.code,
            "request_bytes": self.request_bytes,
            "response_bytes": self.response_bytes,
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "stream": self.stream,
            "conversation": self.conversation,
            "documents": self.documents,
            "retained": self.retained,
            "redactions": self.redactions,
            "first_byte_ms": None if first is None else int((first - began) * 100_000) / 100,
            "duration_ms": int((self.ended - began) * 100_000) / 100,
            "request_id": self.request_id,
        }


class Note:
    """A record that is not of a request: an erasure, a purge."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = fields

    def line(self, now: str) -> dict[str, Any]:
        """Return the record."""
        return {"record": self._fields["record"], "time": now, **self._fields}


class Records:
    """Writes records to a file descriptor, those of one turn of the event loop in one write."""

    fault: Reason | None = None
    """Why nobody is to be served now: a request would leave no record."""

    def __init__(self, descriptor: int = 1, clock: Callable[[], float] = time.monotonic) -> None:
        self._descriptor = descriptor
        self._clock = clock
        self._ended: list[Exchange | Note] = []
        self._waiting = b""
        self._failed_at = 0.0
        self._is_closed = False
        self._second = 0
        self._second_text = ""

    def note(self, fields: Mapping[str, Any]) -> None:
        """Add a record of another kind, which `fields["record"]` names: ids, names, counts and times, never content."""
        self.write(Note(fields))

    def write(self, exchange: Exchange | Note) -> None:
        """Add a record; it is on the descriptor at the next turn of the event loop."""
        if not self._ended:
            asyncio.get_running_loop().call_soon(self.flush)
        self._ended.append(exchange)

    def flush(self) -> None:
        """Write what is waiting; what cannot be written waits on, and `fault` says so."""
        if not self._ended and not self._waiting:
            return
        now = self._now()
        lines = [orjson.dumps(exchange.line(now), option=orjson.OPT_APPEND_NEWLINE) for exchange in self._ended]
        self._ended.clear()
        data = memoryview(b"".join([self._waiting, *lines]))
        try:
            while data:
                try:
                    data = data[os.write(self._descriptor, data) :]
                except BlockingIOError:  # somebody made the descriptor non-blocking: no record is dropped, requests wait
                    select.select([], [self._descriptor], [])
        except OSError as error:
            self._failed(error)
        else:
            self.fault = None
        self._waiting = bytes(data)

    def _failed(self, error: OSError) -> None:
        self._is_closed = error.errno in _CLOSED
        if self.fault is None:
            self._failed_at = self._clock()
            logger.error("Audit records cannot be written.", exc_info=error)
        self.fault = NOT_WRITTEN

    async def watch(self, seconds: float) -> None:
        """Try again and again what could not be written, for as long as the process lives; raises FatalError where that is in vain."""
        while True:
            await asyncio.sleep(seconds)
            if self.fault is not None:
                self.flush()
            if self.fault is not None and self._is_hopeless():
                lost = self._waiting.count(b"\n")
                raise FatalError("RecordsNotWritten", f"{lost} audit records could not be written to standard output, and are lost.")

    def _is_hopeless(self) -> bool:
        return self._is_closed or len(self._waiting) > MOST_WAITING or self._clock() - self._failed_at >= PATIENCE_SECONDS

    def _now(self) -> str:
        """Return the time with milliseconds; the text of a second is made once."""
        now = time.time()
        second = int(now)
        if second != self._second:
            self._second, self._second_text = second, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        return f"{self._second_text}.{int((now - second) * 1000):03d}Z"
