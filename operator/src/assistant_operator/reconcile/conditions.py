"""Verdicts to conditions, by the conventions of the Kubernetes API and kstatus (Flux).

Ready is always there. Reconciling and Stalled are there only while True, never both, and neither beside Ready=True. Each
condition carries the generation that it speaks of; lastTransitionTime moves only when the status does. The root observedGeneration
moves when the generation's work has come to an end, good or bad, so `observedGeneration < generation` means: still at it.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from assistant_operator.api.v1alpha1.status import Condition
from assistant_operator.reconcile.verdict import Course, Verdict

READY = "Ready"
RECONCILING = "Reconciling"
STALLED = "Stalled"
MODEL_READY = "ModelReady"
STORE_READY = "StoreReady"
"""Only with a store."""
EGRESS_CONFINED = "EgressConfined"
GATEWAY_READY = "GatewayReady"
REDACTION_ACTIVE = "RedactionActive"
RETENTION_ENFORCED = "RetentionEnforced"
UP_TO_DATE = "UpToDate"
IMAGES_UNAFFECTED = "ImagesUnaffected"
"""These two inform: Ready does not wait for them."""

ORDER = (
    *(READY, RECONCILING, STALLED, MODEL_READY, STORE_READY, GATEWAY_READY, EGRESS_CONFINED, REDACTION_ACTIVE, RETENTION_ENFORCED),
    *(UP_TO_DATE, IMAGES_UNAFFECTED),
)
ONLY_WHILE_TRUE = (RECONCILING, STALLED)
OF_THIS_MOMENT = (READY, STORE_READY, GATEWAY_READY, EGRESS_CONFINED, REDACTION_ACTIVE, RETENTION_ENFORCED)
"""What these say was seen a moment ago, or they do not say it."""
MAX_MESSAGE = 1024

PROGRESSING = "Progressing"


def timestamp(now: datetime) -> str:
    return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def conditions(
    ready: Verdict, promises: Mapping[str, Verdict], previous: Iterable[Condition], generation: int, now: datetime
) -> tuple[Condition, ...]:
    """Return all conditions of a pass that came to these verdicts."""
    verdicts = {READY: ready, **promises}
    if ready.status != "True" and ready.course is Course.MOVING:
        verdicts[RECONCILING] = Verdict.true(PROGRESSING, ready.message)
    if ready.course is Course.STUCK:
        verdicts[STALLED] = Verdict.true(ready.reason, ready.message)
    before = {condition.type: condition for condition in previous}
    return tuple(_condition(kind, verdicts[kind], before.get(kind), generation, now) for kind in ORDER if kind in verdicts)


SUSPENDED = Verdict("Unknown", "Suspended", "spec.suspend is true: nothing is checked, changed or repaired.", Course.SETTLED)
BEING_DELETED = Verdict(
    "Unknown",
    "BeingDeleted",
    "It is being deleted, and a finalizer keeps it: nothing is checked, changed or repaired any more.",
    Course.SETTLED,
)

STATUS_REFUSED = Verdict.unknown(
    "StatusRefused",
    "What is to be told of it cannot stand in status: a value is too large, or a list too long. The operator's log says which.",
)


def at_rest(verdict: Verdict, previous: Iterable[Condition], generation: int, now: datetime) -> tuple[Condition, ...]:
    """Return the conditions of an assistant that is suspended, or is being deleted.

    Nothing is checked any more, so Ready is Unknown, and so is every promise that is kept or broken by the moment. One that was seen to
    be broken stays so, as do conditions of what lasts, with the generation of which they spoke.
    """
    before = {condition.type: condition for condition in previous if condition.type not in ONLY_WHILE_TRUE}
    stays = {kind for kind, condition in before.items() if kind not in OF_THIS_MOMENT or (kind != READY and condition.status == "False")}
    return tuple(
        before[kind] if kind in stays else _condition(kind, verdict, before.get(kind), generation, now)
        for kind in ORDER
        if kind == READY or kind in before
    )


def observed_generation(ready: Verdict, previous: int | None, generation: int) -> int | None:
    """Return the generation whose work has come to an end."""
    return previous if ready.course is Course.MOVING else generation


def _condition(kind: str, verdict: Verdict, before: Condition | None, generation: int, now: datetime) -> Condition:
    same = before is not None and before.status == verdict.status
    return Condition(
        type=kind,
        status=verdict.status,
        reason=verdict.reason,
        message=_told(verdict.message),
        observed_generation=generation,
        last_transition_time=before.last_transition_time if same and before is not None else timestamp(now),
    )


def _told(message: str) -> str:
    """Return the message as one line that ends like a sentence: what the API server or a pull said is in some, and is often neither."""
    line = "".join(letter for letter in " ".join(message.split()) if letter.isprintable())
    if not line.endswith((".", "…")):
        line += "."
    return line if len(line) <= MAX_MESSAGE else line[: MAX_MESSAGE - 1] + "…"
