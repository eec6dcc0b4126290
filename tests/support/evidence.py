"""What pods tell of their confinement, without pods: that all is closed, or what a test sets."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from assistant_egress.protocol import EVIDENCE_PATHS, PATHS, EvidencePath, Reason, Verdict
from assistant_operator.reconcile.asking.evidence import Evidence, PathSeen, Place
from assistant_operator.reconcile.key import Key

START = datetime(2026, 1, 1, tzinfo=UTC)
OPEN = ("apiServer", "ownNode")
"""What most clusters leave open."""


def path_seen(
    verdict: Verdict, reason: Reason, at: datetime = START, covered_by: str | None = None, unreached: tuple[str, ...] = ()
) -> PathSeen:
    return PathSeen(verdict, reason, verdict == "Enforced" or reason == "NothingThere", at, covered_by, unreached)


ENFORCED = path_seen("Enforced", "Blocked")
NOT_ENFORCED = path_seen("NotEnforced", "Reached")


def confined(at: datetime = START, /, **paths: PathSeen) -> Evidence:
    """Return what a pod tells in a cluster that enforces policies, but for what is given; of what is allowed only where that is given."""
    found: dict[EvidencePath, PathSeen] = {}
    for path in PATHS:
        enforced = path not in OPEN
        found[path] = path_seen("Enforced" if enforced else "NotEnforced", "Blocked" if enforced else "Reached", at)
    found |= {path: paths[path] for path in EVIDENCE_PATHS if path in paths}
    return Evidence("probe", found)


class Probes:
    """Every pod tells the same, which a test sets; None: they are silent."""

    def __init__(self) -> None:
        self.told: Evidence | None = confined()
        self.asked: dict[str, Place] = {}
        self.forgotten = 0

    def latest(self, _key: Key, pods: Mapping[str, Place]) -> Mapping[str, Evidence]:
        self.asked = dict(pods)
        return dict.fromkeys(pods, self.told) if self.told else {}

    async def first(self, _key: Key, _pods: Mapping[str, Place], _ready: Collection[str]) -> None:
        """They have told already."""

    def forget(self, _key: Key) -> None:
        self.forgotten += 1
