"""Everything that a reconcile touches besides the assistant itself; tests put their own in."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from assistant_egress.proxy.decisions import Decisions
from assistant_operator.kube.client import Client
from assistant_operator.reconcile.asking.evidence import Evidence, Place
from assistant_operator.reconcile.asking.gateways import GatewayStatus, Ledger
from assistant_operator.reconcile.asking.polling import Source
from assistant_operator.reconcile.asking.progress import Progress
from assistant_operator.reconcile.asking.resolver import Resolver
from assistant_operator.reconcile.cluster.cache import Cache
from assistant_operator.reconcile.credentials.untold import Untold
from assistant_operator.reconcile.judging.advisories import Advisories, shipped
from assistant_operator.reconcile.key import Key
from assistant_operator.reconcile.policies.dialects import Dialects
from assistant_operator.reconcile.releases.fleet import Fleet
from assistant_operator.reconcile.releases.turns import Pace
from assistant_operator.reconcile.scheduling.retries import Retries
from assistant_operator.reconcile.scheduling.unfinished import Unfinished
from assistant_operator.resources.context import Installation


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class World:
    """The collaborators of a pass."""

    client: Client
    cache: Cache
    installation: Installation
    resolver: Resolver
    progress: Source[str, Progress]
    gateways: Source[str, GatewayStatus]
    evidence: Source[Place, Evidence]
    proxies: Source[str, Decisions]
    instance: str = "private-assistant-operator"
    clock: Callable[[], datetime] = utc_now
    resync: float = 600.0
    """Seconds between passes over an assistant of which there is no news: Secrets are not watched."""
    spread: Callable[[float, float], float] = field(default=random.uniform)
    advisories: Advisories = field(default_factory=shipped)
    pace: Pace = field(default_factory=Pace)
    wake: Callable[[Key], None] = lambda _key: None
    """Asks for a pass over an assistant."""
    asleep: set[Key] = field(default_factory=set)
    """Those whose update waits for somebody else's end. No decision rests on it: who is forgotten here looks by himself."""
    fleet: Fleet = field(init=False)
    dialects: Dialects = field(default_factory=Dialects)
    figures: Ledger = field(default_factory=Ledger)
    counted: dict[Key, datetime] = field(default_factory=dict)
    """When status last showed what egress proxies have counted."""
    retries: Retries = field(default_factory=Retries)
    untold: Untold = field(default_factory=Untold)
    unfinished: Unfinished = field(default_factory=Unfinished)

    def __post_init__(self) -> None:
        self.fleet = Fleet(self.cache)
