"""What the gateways tell of themselves: their store, their purges, their sources, their redaction (GET /status on the port for operations).

Asked in the background (polling.py). What decides a condition, and a source that was read to its end, brings a pass at once; numbers that
only grow wait, and are shown at most once a minute (Ledger), so that status is not written for every document.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from assistant_operator.api.v1alpha1.status import LARGEST, FailedDocuments, RetentionStatus, SourceStatus
from assistant_operator.reconcile.asking.polling import News
from assistant_operator.reconcile.conditions import timestamp
from assistant_operator.reconcile.key import Key

PATH = "/status"
MAX_ANSWER = 65536
TIMEOUT = 5.0
"""More than a gateway takes where its store is slow to answer."""
INTERVAL = 10.0
PATIENCE = 45.0
"""Seconds of silence after which nothing is known of a pod any more."""
AT_ONCE = 128
"""Enough for a tenth of a thousand assistants to be out of reach, and the others to be heard in time."""
COUNTS_EVERY = timedelta(seconds=60)
CLOCK_EVERY = timedelta(minutes=5)
"""Between two writes where nothing but the time of the last purge has changed."""
MAX_FAILURES = 32
SELF_CHECK_COUNTS = timedelta(minutes=3)
"""How long a self-check of the redaction shows something; gateways make one every minute. By two clocks, which may differ by a little."""

Count = Annotated[int, Field(ge=0, le=LARGEST)]
WORD = re.compile(r"[A-Z][A-Za-z0-9]{0,63}")
Word = Annotated[str, Field(pattern=rf"^{WORD.pattern}$")]


class _Told(BaseModel):
    """A part of the answer; parts that this version does not know are passed over."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="ignore")


class Fault(_Told):
    """Why the store, the redaction or the gateway as a whole is of no use; the message is a constant of the gateway's."""

    reason: Word
    message: Annotated[str, Field(min_length=1, max_length=512)]


class StoreTold(_Told):
    """The store, as one gateway sees it."""

    fault: Fault | None = None
    server: Annotated[str, Field(pattern=r"^[0-9]{1,4}(\.[0-9]{1,4}){1,2}$")] | None = None
    """PostgreSQL's version; None: it has not answered yet, or the gateway is of a version that does not tell."""


class RetentionTold(_Told):
    """What was erased as due."""

    last_purge: AwareDatetime | None = None
    purged: Count = 0
    oldest: AwareDatetime | None = None
    is_late: bool
    kek: Annotated[str, Field(pattern=r"^[-._a-zA-Z0-9]{1,253}$")] | None = None
    """The newest encryption key that it has, by its entry of the Secret."""
    to_rewrap: Count | None = None
    """Keys in the store that another one wraps."""


class SourceTold(_Told):
    """What came of one source."""

    finished_at: AwareDatetime | None = None
    documents: Count = 0
    chunks: Count = 0
    failed: dict[str, Count] = Field(default_factory=dict, max_length=256)


class IndexTold(_Told):
    """The index of vectors."""

    state: Literal["Serving", "Rebuilding"]


Kind = Annotated[str, Field(pattern=r"^([A-Z_]{1,32}|CUSTOM:[a-z0-9-]{1,32})$")]
"""A type of personal data, as assistant_gateway.redaction.entities names it."""


class RedactionTold(_Told):
    """What the last self-check of the redaction has shown."""

    revision: Annotated[str, Field(min_length=1, max_length=64)]
    """Of the policy by which it was made."""
    active: Annotated[frozenset[Kind], Field(max_length=128)] = frozenset()
    failing: Annotated[frozenset[Kind], Field(max_length=128)] = frozenset()
    checked_at: AwareDatetime | None = None
    """None: there was none yet."""
    fault: Fault | None = None
    """Why nothing can be shown, nor any request be answered: the process that finds names is gone."""
    is_recent: bool = False
    """By the operator's clock, when it heard of it."""


class GatewayStatus(_Told):
    """One gateway's answer."""

    store: StoreTold | None = None
    retention: RetentionTold | None = None
    sources: dict[str, SourceTold] = Field(default_factory=dict, max_length=256)
    index: IndexTold | None = None
    redaction: RedactionTold | None = None
    """None: nothing is looked for."""
    waits_for: Fault | None = None
    """Why it is not ready; None: it is, or is of a version that does not tell."""

    @property
    def is_well(self) -> bool:
        """The gateway can use its store, so what it tells of what is in there is of now."""
        return self.store is not None and self.store.fault is None


def parse(text: bytes, clock: Callable[[], datetime]) -> GatewayStatus | None:
    """Return what a gateway told; None where it told anything else, or could not say: a store that is slow to answer is no news."""
    try:
        told = GatewayStatus.model_validate_json(text)
    except (ValidationError, ValueError, RecursionError):
        return None
    if told.is_well and told.retention is None:
        return None
    return told if told.redaction is None else told.model_copy(update={"redaction": _dated(told.redaction, clock())})


def _dated(told: RedactionTold, now: datetime) -> RedactionTold:
    is_recent = told.checked_at is not None and abs(now - told.checked_at) <= SELF_CHECK_COUNTS
    return told.model_copy(update={"is_recent": is_recent})


def essence(told: GatewayStatus) -> tuple[Any, ...]:
    """Return what conditions rest on."""
    kept, masked = told.retention, told.redaction
    shown = masked and (masked.revision, masked.active, masked.failing, masked.is_recent, masked.fault)
    return told.store, kept and (kept.is_late, kept.last_purge is None), told.index, shown, told.waits_for


def ends(sources: Mapping[str, SourceTold]) -> dict[str, datetime]:
    """Return when each source was read to its end: whoever waits for its documents wants to see that at once."""
    return {name: told.finished_at for name, told in sources.items() if told.finished_at is not None}


@dataclass(frozen=True, slots=True)
class Figures:
    """What status shows of it."""

    retention: RetentionStatus | None
    sources: Mapping[str, SourceTold]

    @classmethod
    def of(cls, told: GatewayStatus, everybody: Iterable[GatewayStatus | None] = ()) -> "Figures":
        """Return what one gateway tells, and the encryption key where everybody has the same; None: one that is silent."""
        kept = told.retention
        if kept is None:
            return cls(None, told.sources)
        agrees = all(one is not None and one.retention is not None and one.retention.kek == kept.kek for one in everybody)
        retention = RetentionStatus(
            last_purge=_time(kept.last_purge),
            purged=kept.purged,
            oldest=_time(kept.oldest),
            encryption_key=kept.kek if agrees else None,
            keys_to_rewrap=kept.to_rewrap if agrees else None,
        )
        return cls(retention, told.sources)

    def counts(self) -> tuple[Any, ...]:
        """Return all but the time of the last purge, which moves while nothing happens."""
        kept = self.retention
        return kept and (kept.purged, kept.oldest, kept.encryption_key, kept.keys_to_rewrap), self.sources


def _time(at: datetime | None) -> str | None:
    return timestamp(at) if at is not None else None


def source_status(name: str, told: SourceTold | None, trouble: str | None) -> SourceStatus:
    """Return what status shows of one source; trouble is the reason why its ingest cannot run, which is told with no documents."""
    if told is None:
        told = SourceTold()
    failed = {reason: count for reason, count in told.failed.items() if count and WORD.fullmatch(reason)} | (
        {trouble: 0} if trouble else {}
    )
    return SourceStatus(
        name=name,
        documents=told.documents,
        chunks=told.chunks,
        failed=tuple(FailedDocuments(reason=reason, count=count) for reason, count in sorted(failed.items()))[:MAX_FAILURES],
        last_finished=_time(told.finished_at),
    )


def news(now: Callable[[Key], None], later: Callable[[Key, float], None]) -> News[GatewayStatus]:
    """Return what asks for a pass: at once where a condition may change or a source was read, within a minute where only numbers do."""

    def tell(key: Key, before: Mapping[str, GatewayStatus], after: Mapping[str, GatewayStatus]) -> None:
        if _urgent(before) != _urgent(after):
            now(key)
        elif _counts(before) != _counts(after):
            later(key, COUNTS_EVERY.total_seconds())

    return tell


def _urgent(told: Mapping[str, GatewayStatus]) -> dict[str, tuple[Any, ...]]:
    return {pod: (essence(one), ends(one.sources)) for pod, one in told.items()}


def _counts(told: Mapping[str, GatewayStatus]) -> dict[str, tuple[Any, ...]]:
    return {pod: Figures.of(one).counts() for pod, one in told.items()}


def _is_due(found: Figures, shown: Figures, age: timedelta) -> bool:
    if ends(found.sources) != ends(shown.sources):
        return True
    return age >= (CLOCK_EVERY if found.counts() == shown.counts() else COUNTS_EVERY)


class Ledger:
    """The figures that status shows: those of the newest answer, a minute after the last ones, or as soon as a source was read."""

    def __init__(self) -> None:
        self._shown: dict[Key, tuple[datetime, Figures]] = {}

    def show(self, key: Key, found: Figures | None, now: datetime) -> Figures | None:
        """Return what to show; None where nothing was ever heard."""
        at, shown = self._shown.get(key, (now, None))
        if found is not None and (shown is None or _is_due(found, shown, abs(now - at))):
            self._shown[key] = (now, found)
            return found
        return shown

    def due(self, key: Key, found: Figures | None, now: datetime) -> float | None:
        """Return the seconds until counts that were told and not shown may be; None where there are none.

        The pass that news asked for may have been taken by an earlier one: without another the counts would wait for the next round.
        """
        at, shown = self._shown.get(key, (now, None))
        if found is None or shown is None or found.counts() == shown.counts():
            return None
        return max((COUNTS_EVERY - abs(now - at)).total_seconds(), 1.0)

    def forget(self, key: Key) -> None:
        self._shown.pop(key, None)
