"""All that a judgement rests on, frozen: readiness.py is pure over it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from assistant_operator.api.v1alpha1.redaction import Redaction
from assistant_operator.api.v1alpha1.spec import EgressEvidence
from assistant_operator.errors import StatedError
from assistant_operator.reconcile.asking.evidence import Evidence
from assistant_operator.reconcile.asking.gateways import GatewayStatus
from assistant_operator.reconcile.judging.pull import ABSENT, ModelRecord, PullView
from assistant_operator.reconcile.policies.widening import Widener


@dataclass(frozen=True, slots=True)
class StoreSeen:
    """The store of an assistant that keeps something."""

    is_managed: bool
    stateful_set: Mapping[str, Any] | None = None
    """Of the managed one."""
    pods: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class ProxySeen:
    """The egress proxy of an assistant that may reach hosts."""

    deployment: Mapping[str, Any] | None = None
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
    proxy: ProxySeen | None = None
    """None: no host is allowed."""
    told: Mapping[str, GatewayStatus] = field(default_factory=dict)
    """What the pods have told lately, by uid, oldest pod first; only with a store or redaction."""
    redaction: Redaction = field(default_factory=Redaction)
    """What the spec wants to be masked."""
    evidence: EgressEvidence = field(default_factory=EgressEvidence)
    """What the spec wants to have seen of the pods' confinement."""
    heard: Mapping[str, Evidence] = field(default_factory=dict)
    """What the pods have told of it lately, by uid."""
    policies: tuple[Widener, ...] = ()
    """Policies of others, of whatever kind, that may select the pods."""
    unreadable: tuple[str, ...] = ()
    """What is missing to read policies that the API server serves: others could widen unseen."""

    @property
    def replicas(self) -> int:
        """Pods that the StatefulSet asks for; as many as Kubernetes' own default where there is none that says so."""
        wanted = (self.stateful_set or {}).get("spec", {}).get("replicas")
        return 1 if wanted is None else int(wanted)
