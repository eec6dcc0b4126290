"""The API server's own record of every call, read as it grows: who did what to which object, and when it was answered.

Nothing is asked of the API server for it, so counting costs what is counted nothing; and the times are the server's.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from assistant_operator.naming import FIELD_MANAGER

WRITES = frozenset({"create", "update", "patch", "delete"})
APART = frozenset({"leases", "events"})
"""Neither children nor status."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call; times in seconds since the epoch."""

    begun: float
    answered: float
    verb: str
    resource: str
    """With its subresource: `privateassistants/status`."""
    namespace: str
    name: str
    is_operators: bool
    code: int
    uri: str

    @classmethod
    def read(cls, line: bytes) -> "Call":
        record = json.loads(line)
        place = record.get("objectRef") or {}
        resource = str(place.get("resource", "")) + (f"/{place['subresource']}" if place.get("subresource") else "")
        return cls(
            begun=_seconds(record["requestReceivedTimestamp"]),
            answered=_seconds(record["stageTimestamp"]),
            verb=record["verb"],
            resource=resource,
            namespace=str(place.get("namespace", "")),
            name=str(place.get("name", "")),
            is_operators=str(record.get("userAgent", "")).startswith(FIELD_MANAGER),
            code=int((record.get("responseStatus") or {}).get("code", 0)),
            uri=record["requestURI"],
        )

    @property
    def is_write(self) -> bool:
        """Tell whether it is a write of the operator to a child or to status."""
        return self.is_operators and self.verb in WRITES and self.resource not in APART and self.code < 300


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class Audit:
    """Reads on from where it was the last time."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._rest = b""

    def new(self) -> list[Call]:
        """Return the calls that were recorded since the last look; those that last (watches) come when they end."""
        *lines, self._rest = (self._rest + self._file.read()).split(b"\n")
        return [Call.read(line) for line in lines if line]

    def until(self, what: str, is_there: Callable[[list[Call]], bool], seconds: float, every: float = 0.25) -> list[Call]:
        """Return all calls from now on until they are what is waited for."""
        found: list[Call] = []
        end = time.monotonic() + seconds
        while not is_there(found):
            assert time.monotonic() < end, f"not within {seconds} s: {what}"
            time.sleep(every)
            found += self.new()
        return found

    def quiet(self, seconds: float = 2.0, most: float = 120.0) -> list[Call]:
        """Wait until the operator has written nothing to children and status for a while; return all calls from now on."""
        found: list[Call] = []
        begun = last = time.monotonic()
        while time.monotonic() - last < seconds:
            assert time.monotonic() - begun < most, "the operator does not come to rest"
            time.sleep(0.1)
            more = self.new()
            if any(call.is_write for call in more):
                last = time.monotonic()
            found += more
        return found


def by_verb(calls: Iterable[Call]) -> Counter[str]:
    """Return how many calls of the operator there were of each verb and resource, the Lease's left out."""
    mine = (call for call in calls if call.is_operators and call.resource != "leases")
    return Counter(f"{call.verb} {call.resource or call.uri.partition('?')[0]}" for call in mine)
