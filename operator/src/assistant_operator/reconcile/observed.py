"""All that a judgement rests on, frozen: readiness.py is pure over it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assistant_operator.errors import StatedError
from assistant_operator.reconcile.gateways import GatewayStatus
from assistant_operator.reconcile.pull import ABSENT, ModelRecord, PullView


@dataclass(frozen=True, slots=True)
class StoreSeen:
    """The store of an assistant that keeps something."""

    is_managed: bool
    stateful_set: Mapping[str, Any] | None = None
    """Of the managed one."""
    pods: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Observed:
    """One assistant as a pass found and left it."""

    problems: tuple[StatedError, ...] = ()
    """What kept the pass from its end, or the workload from being applied; in the order in which it was met."""
    pull: PullView = ABSENT
    model: ModelRecord | None = None
    """What the pods serve: the last model that was verified."""
    is_wanted: bool = False
    """It is the model that the spec asks for."""
    stateful_set: Mapping[str, Any] | None = None
    pods: tuple[Mapping[str, Any], ...] = ()
    """The pods that serve, oldest first."""
    store: StoreSeen | None = None
    """None: the assistant keeps nothing."""
    told: tuple[GatewayStatus, ...] = ()
    """What the pods have told lately, oldest pod first; only with a store."""
