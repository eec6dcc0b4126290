"""Everything that a reconcile touches besides the assistant itself; tests put their own in."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from assistant_egress.proxy.decisions import Decisions
from assistant_operator.kube.client import Client
from assistant_operator.reconcile.cache import Cache
from assistant_operator.reconcile.dialects import Dialects
from assistant_operator.reconcile.evidence import Evidence, Place
from assistant_operator.reconcile.gateways import GatewayStatus, Ledger
from assistant_operator.reconcile.key import Key
from assistant_operator.reconcile.polling import Source
from assistant_operator.reconcile.progress import Progress
from assistant_operator.reconcile.resolver import Resolver
from assistant_operator.reconcile.retries import Retries
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
    dialects: Dialects = field(default_factory=Dialects)
    figures: Ledger = field(default_factory=Ledger)
    counted: dict[Key, datetime] = field(default_factory=dict)
    """When status last showed what egress proxies have counted."""
    retries: Retries = field(default_factory=Retries)
