"""How many connections a proxy has allowed and refused since it started: what `GET /decisions` answers and the operator sums up in status.

    {"since": "2026-11-29T01:00:00Z", "allowed": 12, "refused": {"HostNotAllowed": 3}}

Read strictly, like every document between the two; nothing that a client sent is in it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast

from assistant_egress.proxy import strict
from assistant_egress.proxy.reasons import REFUSALS, Refusal
from assistant_egress.proxy.strict import MalformedError as MalformedError  # it is this module's, to those who import it

DECISIONS_PATH: Final = "/decisions"
MAX_BYTES: Final = 8192

_MOST: Final = (1 << 63) - 1
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)


@dataclass(frozen=True, slots=True)
class Decisions:
    """Counts since `since`, which is UTC to the second by the proxy's clock; a reason that was never given is absent, or 0."""

    since: str
    allowed: int
    refused: Mapping[Refusal, int]


def parse_decisions(body: bytes) -> Decisions:
    """Return the counts that `body` says; raises MalformedError."""
    document = strict.fields(strict.read(body, MAX_BYTES), "the document", {"since", "allowed", "refused"})
    refused = document["refused"]
    if not isinstance(refused, dict) or not refused.keys() <= set(REFUSALS):
        raise MalformedError("refused: not an object whose fields are reasons")
    return Decisions(
        since=_time(document["since"]),
        allowed=strict.whole(document["allowed"], "allowed", 0, _MOST),
        refused={cast("Refusal", reason): strict.whole(count, f"refused.{reason}", 0, _MOST) for reason, count in refused.items()},
    )


def encode_decisions(decisions: Decisions) -> bytes:
    """Return the JSON of the counts; `parse_decisions` is its inverse."""
    return strict.encode({"since": decisions.since, "allowed": decisions.allowed, "refused": dict(decisions.refused)})


def _time(value: object) -> str:
    time = strict.text(value, "since")
    try:
        datetime.fromisoformat(time)
    except ValueError:
        raise MalformedError("since: not a time") from None
    if not _TIME.fullmatch(time):
        raise MalformedError("since: not a time in UTC to the second")
    return time
