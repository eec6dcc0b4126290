"""What gateways tell of themselves, without gateways: that all is well, or what a test sets."""

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime

from assistant_gateway.redaction.entities import STRUCTURED
from assistant_operator.kube.objects import Object
from assistant_operator.naming import ANNOTATION_POLICY_REVISION
from assistant_operator.reconcile.asking.gateways import Fault, GatewayStatus, RedactionTold, RetentionTold, SourceTold, StoreTold
from assistant_operator.reconcile.key import Key

START = datetime(2026, 1, 1, tzinfo=UTC)
CURRENT = "current"
"""In place of a revision: that of the policy by which the pods were made."""


def masking(*failing: str, revision: str = CURRENT, recent: bool = True, without: Collection[str] = ()) -> RedactionTold:
    """Return what a self-check has shown a moment ago: every type is masked, but those that fail, and none of those that it is without."""
    active = frozenset(STRUCTURED) - {*failing, *without}
    return RedactionTold(revision=revision, active=active, failing=frozenset(failing), checked_at=START, is_recent=recent)


def told(reason: str | None = None, *, purged: int = 0, late: bool = False, **sources: SourceTold) -> GatewayStatus:
    """Return what a gateway tells: that all is well, or the reason why its store is of no use."""
    if reason is not None:
        fault = Fault(reason=reason, message=f"The store: {reason}.")
        return GatewayStatus(store=StoreTold(fault=fault), redaction=masking())
    retention = RetentionTold(last_purge=START, purged=purged, is_late=late)
    return GatewayStatus(store=StoreTold(), retention=retention, sources=sources, redaction=masking())


def sealed(key: str | None, left: int | None = 0) -> GatewayStatus:
    """Return what a gateway tells whose newest encryption key is this one, with so many keys left that others wrap."""
    retention = RetentionTold(last_purge=START, is_late=False, kek=key, to_rewrap=left)
    return told().model_copy(update={"retention": retention})


def masked(redaction: RedactionTold | None) -> GatewayStatus:
    """Return what a gateway tells that keeps nothing."""
    return GatewayStatus(redaction=redaction)


def revision_of(stateful_set: Object | None) -> str:
    """Return the revision of the policy by which a StatefulSet's pods are made."""
    template = (stateful_set or {}).get("spec", {}).get("template") or {}
    return str((template.get("metadata") or {}).get("annotations", {}).get(ANNOTATION_POLICY_REVISION, "none"))


class Gateways:
    """Every gateway pod tells the same, which a test sets; None: they are silent, as those at `silent` addresses are anyway."""

    def __init__(self, stateful_set: Callable[[Key], Object | None]) -> None:
        self.told: GatewayStatus | None = told()
        self.silent: set[str] = set()
        self.asked: set[str] = set()
        self.forgotten = 0
        self._stateful_set = stateful_set

    def latest(self, key: Key, pods: Mapping[str, str]) -> Mapping[str, GatewayStatus]:
        self.asked |= set(pods.values())
        heard = [uid for uid, address in pods.items() if address not in self.silent]
        return dict.fromkeys(heard, self._now(key, self.told)) if self.told else {}

    def _now(self, key: Key, status: GatewayStatus) -> GatewayStatus:
        if status.redaction is None or status.redaction.revision != CURRENT:
            return status
        redaction = status.redaction.model_copy(update={"revision": revision_of(self._stateful_set(key))})
        return status.model_copy(update={"redaction": redaction})

    async def first(self, _key: Key, _pods: Mapping[str, str], _ready: Collection[str]) -> None:
        """They have told already."""

    def forget(self, _key: Key) -> None:
        self.forgotten += 1
