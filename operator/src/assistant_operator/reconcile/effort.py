"""What one pass does, from what is to what the spec says; loop.py calls it, and sees to how it may end.

    guard -> Secrets -> model -> store -> evidence -> plan -> apply -> ingests -> prune -> readiness -> status

Level-triggered: a pass knows nothing of the event that caused it and nothing of its own earlier conditions. Errors of a step are
collected as problems; what can still be put right is, and status tells the first of them. Neighbours: model.py decides about the
pull, kept.py and store.py know the store, apply.py writes, ingest.py fills the store, readiness.py judges, report.py tells.
"""

import asyncio
import logging
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from assistant_operator import errors
from assistant_operator.api.v1alpha1 import PrivateAssistantSpec, PrivateAssistantStatus
from assistant_operator.api.v1alpha1.guard import SpecInvalid, guard, guard_store_volume, guard_volume
from assistant_operator.api.v1alpha1.redaction import Redaction
from assistant_operator.api.v1alpha1.spec import EgressEvidence
from assistant_operator.api.v1alpha1.status import EgressStatus, InventoryEntry, ModelStatus, RetentionStatus, SourceStatus
from assistant_operator.kube import inventory
from assistant_operator.kube.inventory import Ref
from assistant_operator.kube.kinds import CLAIM
from assistant_operator.kube.objects import Object, generation_of, uid_of
from assistant_operator.naming import Names
from assistant_operator.reconcile import conditions
from assistant_operator.reconcile.asking import evidence
from assistant_operator.reconcile.asking.evidence import Evidence
from assistant_operator.reconcile.asking.gateways import GatewayStatus
from assistant_operator.reconcile.credentials import secrets
from assistant_operator.reconcile.credentials.material import Material
from assistant_operator.reconcile.judging import confinement, images, readiness
from assistant_operator.reconcile.judging.observed import Observed
from assistant_operator.reconcile.judging.pull import ABSENT
from assistant_operator.reconcile.key import Key
from assistant_operator.reconcile.outcome import Outcome
from assistant_operator.reconcile.policies.dialects import in_force
from assistant_operator.reconcile.steps import egress_proxy, held, ingest, kept, model, report, rollout, store
from assistant_operator.reconcile.steps.apply import Applier, ref_of
from assistant_operator.reconcile.steps.model import Model
from assistant_operator.reconcile.steps.own import Own
from assistant_operator.reconcile.steps.report import Written
from assistant_operator.reconcile.steps.rollout import Gate, Rollout
from assistant_operator.reconcile.verdict import Course, Verdict
from assistant_operator.reconcile.world import World
from assistant_operator.resources.context import Context, PullTarget
from assistant_operator.resources.manifest import Manifest
from assistant_operator.resources.network_policy import egress_rules
from assistant_operator.resources.plan import plan

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(slots=True)
class Effort:
    """One pass, and what it has come to so far."""

    world: World
    key: Key
    assistant: Object
    problems: list[errors.StatedError] = field(default_factory=list)
    has_failed: bool = False
    has_pruned: bool = False
    spec: PrivateAssistantSpec | None = None
    before: PrivateAssistantStatus = field(init=False)
    now: datetime = field(init=False)
    names: Names = field(init=False)
    uid: str = field(init=False)
    own: Own = field(init=False)
    model: Model | None = None
    applier: Applier | None = None
    gate: Gate | None = None
    model_status: ModelStatus | None = field(init=False)
    egress: EgressStatus | None = field(init=False)
    policy_dialects: tuple[str, ...] = field(init=False)
    endpoint: str | None = field(init=False)
    told: Mapping[str, GatewayStatus] = field(default_factory=dict)
    heard: Mapping[str, Evidence] = field(default_factory=dict)
    retention: RetentionStatus | None = field(init=False)
    sources: tuple[SourceStatus, ...] = field(init=False)
    refs: set[Ref] = field(init=False)
    planned: frozenset[Ref] | None = None
    delays: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.before = report.stored_status(self.assistant)
        self.now = self.world.clock()
        self.names = Names(*self.key)
        self.uid = uid_of(self.assistant)
        self.own = Own(self.world.cache, self.key, self.names, self.uid)
        # Until the pass has come so far, what was told before stands.
        self.model_status, self.egress, self.endpoint = self.before.model, self.before.egress, self.before.endpoint
        self.retention, self.sources = self.before.retention, self.before.sources
        self.policy_dialects = self.before.policy_dialects
        self.refs = set(inventory.parse((entry.id, entry.v) for entry in self.before.inventory))

    async def run(self) -> None:
        """Take the steps in order; what a step raises ends the pass."""
        self.spec = spec = await self._guarded()
        self.applier = applier = Applier(self.world.client, self.world.cache, self.key, self.uid)
        self.told = await kept.listen(self.world, self.key, self.own.pods() if spec.keeps or spec.redaction.is_on else ())
        decided = await egress_proxy.listen(self.world, self.key, spec)
        material = await self._secrets(spec)
        self.model = await model.examine(applier, spec, self.names, self.before.model, self.now)
        pull = await self._attempt(self._target(spec, self.model))
        found = await self._attempt(store.locate(self.world, spec, self.names, self.uid, material.store))
        self.model_status = model.status_of(self.world, applier, spec, self.model, self.before.model)
        addresses = self.own.addresses()
        context = replace(self._context(), pull=pull, store=found, ca_certificate=material.ca_certificate)
        self.heard = await evidence.listen(self.world.evidence, self.key, self.own.pods(), egress_rules(spec, context), self.own.served())
        planned = plan(spec, context)
        self.planned = frozenset(map(ref_of, planned))
        ingests = [manifest for manifest in planned if ingest.is_ingest(manifest)]
        others = [manifest for manifest in planned if not ingest.is_ingest(manifest)]
        self.gate = Rollout.of(self.world, self.assistant, spec, context, applier, self.refs).decide(others)
        admitted = held.until_told(self.gate.admitted, self.names, is_lost=self.model.is_lost)
        applied = await applier.apply(held.unhindered(self.problems, admitted, self.names))
        applier.is_behind |= self.model.is_lost
        self.refs.update(applied)
        self.policy_dialects = in_force(spec, {ref.kind for ref in applied}, self.world.dialects.known)
        self.model = model.after_apply(applier, spec, self.names, self.model)
        self.endpoint = self._endpoint()
        self.egress, due = egress_proxy.shown(self.world, self.key, spec, decided, self.before.egress)
        self.delays += [due] if due is not None else []
        applied += await self._ingest(spec, applier, ingests, has_ca=context.ca_certificate is not None)
        # What needs a Service's address waits for the pass after the one that makes it.
        applier.is_behind |= (spec.keeps or bool(spec.egress.hosts)) and self.own.addresses() != addresses
        if not self.problems and self.gate.update is None:  # what waits may need what has left the plan
            standing = {*applied, *material.made, *held.awaited(spec, context, applier)}
            previous = self.refs | self.world.untold.of(self.key, self.uid)
            self.refs = standing | set(await applier.prune(previous, standing | self.planned))
            self.has_pruned = True

    async def _guarded(self) -> PrivateAssistantSpec:
        cache, names = self.world.cache, self.names
        try:
            # Patterns can take seconds to compile: on the loop, a few such assistants would keep it from renewing the Lease in time.
            spec = await asyncio.to_thread(guard, self.assistant)
            for check, name in ((guard_volume, names.models_claim), (guard_store_volume, names.store)):
                claim = cache.find(Ref.named(CLAIM, names.namespace, name))
                check(spec, claim.obj if claim else None)
        except SpecInvalid as error:
            raise errors.TerminalError("SpecInvalid", str(error)) from None
        return spec

    def fail(self, reason: str, message: str) -> None:
        """Note a failure that is tried again with back-off."""
        self.problems.append(errors.WaitingError(reason, message))
        self.has_failed = True

    def give_up(self, failure: errors.ApiError) -> None:
        """Note a failure that ends one pass after the other: what nobody puts right is not to be called True."""
        log.warning("API server fails", extra={"assistant": str(self.key), "reason": str(failure), "answer": failure.message})
        text = f"Again and again the API server fails to {failure.verb} a {failure.kind} ({failure.reason}), and nothing is put right. "
        self.fail("ApiFailed", text + "An admission webhook that does not answer is one cause; the operator's log has the answer.")

    async def _secrets(self, spec: PrivateAssistantSpec) -> Material:
        has_store = kept.was_made(self.world.cache, self.names, self.uid)
        material = Material(known=frozenset(self.refs))
        try:
            await secrets.ensure(self.world.client, spec, self._context(), self.now, material, has_store=has_store)
        finally:
            self.world.untold.add(self.key, self.uid, material.tried)
        self.refs.update(material.made)
        self.problems += material.problems
        if (delay := secrets.recheck_delay(material, self.now)) is not None:
            self.delays.append(delay)
        return material

    def _context(self) -> Context:
        addresses = self.own.addresses()
        return Context(
            installation=self.world.installation,
            names=self.names,
            uid=self.uid,
            generation=generation_of(self.assistant),
            serving=self.model.serving if self.model else None,
            embedding=self.model.embedding if self.model else None,
            service_address=next(iter(addresses[self.names.service]), None),
            proxy_address=next(iter(addresses[self.names.egress_proxy]), None),
            dialects=self.world.dialects.known.readable,
        )

    async def _attempt(self, step: Awaitable[T]) -> T | None:
        """Take a step whose failure keeps nothing else from being put right."""
        try:
            return await step
        except errors.StatedError as problem:
            self.problems.append(problem)
            return None

    async def _target(self, spec: PrivateAssistantSpec, found: Model) -> PullTarget | None:
        """Return where the pull may go."""
        await model.require_claim(self.world, spec, self.names, found)
        return await model.target(self.world, spec, found)

    async def _ingest(self, spec: PrivateAssistantSpec, applier: Applier, planned: Sequence[Manifest], *, has_ca: bool) -> list[Ref]:
        """Let the ingests run that are due, and note what the sources came to; return the ingests that are there."""
        is_open = readiness.takes_documents(self._observed())
        found = await ingest.examine(self.world, applier, spec, planned, self.now, is_open=is_open, has_ca=has_ca)
        applied = await applier.apply(found.due)
        self.refs.update(applied)
        self.delays += found.delays
        told = [self.told.get(uid_of(pod)) for pod in self.own.pods()]
        self.retention, self.sources, due = kept.shown(self.world, self.key, spec, told, found.troubles, self.before)
        self.delays += [due] if due is not None else []
        return [*applied, *(ref for ref in map(ref_of, planned) if ref not in applied and applier.own(ref) is not None)]

    def _endpoint(self) -> str:
        return f"https://{self.names.service}.{self.names.namespace}.svc.{self.world.installation.cluster_domain}"

    def _observed(self) -> Observed:
        return Observed(
            problems=tuple(self.problems),
            pull=self.model.view if self.model else ABSENT,
            model=self.model.record if self.model else None,
            is_wanted=self.model.is_wanted if self.model else False,
            stateful_set=self.own.stateful_set(),
            pods=tuple(self.own.pods()),
            store=kept.observe(self.world.cache, self.key, self.names, self.spec, self.uid),
            proxy=egress_proxy.observe(self.world.cache, self.key, self.names, self.spec, self.uid),
            told=self.told,
            redaction=self.spec.redaction if self.spec else Redaction(),
            evidence=self.spec.egress.evidence if self.spec else EgressEvidence(),
            heard=self.heard,
            policies=(
                *self.world.cache.policies.others(self.key, self.uid, self.planned),
                *self.world.dialects.others(self.key, self.uid, self.planned),
            ),
            unreadable=self.world.dialects.known.unreadable,
        )

    async def report(self) -> Outcome:
        """Judge what is, write status if it differs, and say when to look again."""
        seen = self._observed()
        ready, promises = readiness.judge(seen)
        if self.model is None:  # the pass ended before anything was looked at
            promises = dict.fromkeys(promises, Verdict.unknown(ready.reason, ready.message))
        promises[conditions.IMAGES_UNAFFECTED] = images.judge_images(seen, self.world.advisories)
        promises[conditions.UP_TO_DATE] = rollout.judge_gate(self.gate, ready, has_pods=seen.stateful_set is not None)
        generation = generation_of(self.assistant)
        status = PrivateAssistantStatus(
            observed_generation=conditions.observed_generation(ready, self.before.observed_generation, generation),
            conditions=conditions.conditions(ready, promises, self.before.conditions, generation, self.now),
            endpoint=self.endpoint,
            **self.own.scale(),
            model=self.model_status,
            egress=self.egress,
            policy_dialects=self.policy_dialects,
            evidence=confinement.evidence_status(seen, self.before.evidence),
            retention=self.retention,
            sources=self.sources,
            update=self.gate.update if self.gate is not None else self.before.update,
            inventory=tuple(InventoryEntry(id=entry, v=version) for entry, version in inventory.entries(self.refs)),
        )
        written = await report.write(self.world, self.assistant, status)
        if written is Written.GONE:
            return Outcome("gone")
        rollout.pass_the_turn(self.world, self.key, self.gate, self.now)
        if self.has_pruned:
            self.world.untold.forget(self.key)
        is_behind = written is Written.BEHIND or (self.applier is not None and self.applier.is_behind)
        after = 0.0 if is_behind else self._next()
        return Outcome(_label(ready, has_failed=self.has_failed), after, is_failure=self.has_failed)

    def _next(self) -> float:
        """Return the seconds until the next pass where nothing happens before."""
        delays = [self.world.resync * self.world.spread(0.8, 1.0), *self.delays]
        delays += [problem.after for problem in self.problems if problem.after is not None]
        delays += [self.gate.after] if self.gate is not None and self.gate.after is not None else []
        if self.model is not None and not self.model.is_wanted and (retry_at := self.model.view.retry_at()) is not None:
            delays.append(max((retry_at - self.now).total_seconds(), 1.0))
        return min(delays)


def _label(ready: Verdict, *, has_failed: bool) -> str:
    if has_failed:
        return "error"
    if ready.status == "True":
        return "ready"
    return {Course.MOVING: "progressing", Course.STUCK: "stalled", Course.SETTLED: "settled"}[ready.course]
