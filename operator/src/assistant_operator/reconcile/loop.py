"""One pass over one assistant: from what is to what its spec says. Safe to call at any time, any number of times.

    deleted? -> suspended? -> guard -> Secrets -> model -> plan -> apply -> prune -> readiness -> status

Level-triggered: a pass knows nothing of the event that caused it and nothing of its own earlier conditions. Errors of a step are
collected as problems; what can still be put right is, and status tells the first of them. Neighbours: model.py decides about the
pull, apply.py writes, readiness.py judges, report.py tells.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from assistant_operator import errors
from assistant_operator.api.v1alpha1 import PrivateAssistantSpec, PrivateAssistantStatus
from assistant_operator.api.v1alpha1.guard import SpecInvalid, guard, guard_volume
from assistant_operator.api.v1alpha1.status import EgressStatus, InventoryEntry, ModelStatus, egress_status
from assistant_operator.kube import inventory
from assistant_operator.kube.inventory import Ref
from assistant_operator.kube.kinds import CLAIM, CONFIG_MAP, DISRUPTION_BUDGET, JOB, POD, STATEFUL_SET
from assistant_operator.kube.objects import Object, generation_of, is_being_deleted, label, uid_of
from assistant_operator.naming import COMPONENT_ASSISTANT, LABEL_COMPONENT, Names
from assistant_operator.reconcile import conditions, model, readiness, report, secrets
from assistant_operator.reconcile.apply import Applier
from assistant_operator.reconcile.conditions import MODEL_READY
from assistant_operator.reconcile.key import Key
from assistant_operator.reconcile.model import Model
from assistant_operator.reconcile.observed import Observed
from assistant_operator.reconcile.outcome import Outcome
from assistant_operator.reconcile.pods import is_controlled_by
from assistant_operator.reconcile.progress import INTERVAL
from assistant_operator.reconcile.pull import ABSENT, Phase
from assistant_operator.reconcile.report import Written
from assistant_operator.reconcile.verdict import Course, Verdict
from assistant_operator.reconcile.world import World
from assistant_operator.resources.context import Context, PullTarget
from assistant_operator.resources.manifest import Manifest
from assistant_operator.resources.plan import plan

log = logging.getLogger(__name__)


async def reconcile(key: Key, world: World) -> Outcome:
    """Bring one assistant from what is to what its spec says."""
    assistant = world.cache.assistant(key)
    if assistant is None or is_being_deleted(assistant):
        world.progress.forget(key)
        return Outcome("gone")  # owner references do the rest
    if (assistant.get("spec") or {}).get("suspend") is True:
        return await _suspend(world, assistant)
    effort = Effort(world, key, assistant)
    try:
        await effort.run()
    except errors.StatedError as problem:
        effort.problems.append(problem)
    except (errors.ForbiddenError, errors.InvalidError, errors.GoneError) as refusal:
        log.warning("API server refused", extra={"assistant": str(key), "reason": str(refusal), "answer": refusal.message})
        effort.fail("ApiRefused", f"The API server refuses to {refusal.verb} a {refusal.kind} ({refusal.reason}).")
    except errors.OperatorError:
        raise
    except Exception:
        log.exception("Pass failed", extra={"assistant": str(key)})
        effort.fail("InternalError", "The operator failed on this assistant; its log says how.")
    return await effort.report()


async def _suspend(world: World, assistant: Object) -> Outcome:
    """Say that nothing is done, and do nothing."""
    before = report.stored_status(assistant)
    told = conditions.suspended(before.conditions, generation_of(assistant), world.clock())
    status = before.model_copy(update={"conditions": told, "observed_generation": generation_of(assistant)})
    written = await report.write(world, assistant, status)
    return Outcome("suspended", 0.0 if written is Written.BEHIND else None)


@dataclass(slots=True)
class Effort:
    """One pass, and what it has come to so far."""

    world: World
    key: Key
    assistant: Object
    problems: list[errors.StatedError] = field(default_factory=list)
    has_failed: bool = False
    spec: PrivateAssistantSpec | None = None
    before: PrivateAssistantStatus = field(init=False)
    now: datetime = field(init=False)
    names: Names = field(init=False)
    model: Model | None = None
    applier: Applier | None = None
    model_status: ModelStatus | None = field(init=False)
    egress: EgressStatus | None = field(init=False)
    endpoint: str | None = field(init=False)
    refs: set[Ref] = field(init=False)
    delays: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.before = report.stored_status(self.assistant)
        self.now = self.world.clock()
        self.names = Names(*self.key)
        # Until the pass has come so far, what was told before stands.
        self.model_status, self.egress, self.endpoint = self.before.model, self.before.egress, self.before.endpoint
        self.refs = set(inventory.parse((entry.id, entry.v) for entry in self.before.inventory))

    async def run(self) -> None:
        """Take the steps in order; what a step raises ends the pass."""
        try:
            self.spec = spec = guard(self.assistant)
            claim = self.world.cache.find(Ref.named(CLAIM, self.names.namespace, self.names.models_claim))
            guard_volume(spec, claim.obj if claim else None)
        except SpecInvalid as error:
            raise errors.TerminalError("SpecInvalid", str(error)) from None
        self.applier = applier = Applier(self.world.client, self.world.cache, self.key, uid_of(self.assistant))
        material = await secrets.ensure(self.world.client, spec, self._context(), self.now, self.refs)
        self.refs.update(material.made)
        self.problems += material.problems
        if (delay := secrets.recheck_delay(material, self.now)) is not None:
            self.delays.append(delay)
        self.model = await model.examine(applier, spec, self.names, self.before.model, self.now)
        pull = await self._target(spec)
        self.model_status = model.status_of(self.world, applier, spec, self.model, self.before.model)
        planned = plan(spec, self._context(pull=pull, ca_certificate=material.ca_certificate))
        applied = await applier.apply(self._unhindered(planned))
        self.refs.update(applied)
        self.model = model.after_apply(applier, spec, self.names, self.model)
        self.egress, self.endpoint = egress_status(spec), self._endpoint()
        if not self.problems:
            keep = {*map(_ref, planned), *material.made}
            self.refs = keep | set(await applier.prune(self.refs, keep))

    def fail(self, reason: str, message: str) -> None:
        """Note a failure that is tried again with back-off."""
        self.problems.append(errors.WaitingError(reason, message))
        self.has_failed = True

    def _context(self, pull: PullTarget | None = None, ca_certificate: str | None = None) -> Context:
        return Context(
            installation=self.world.installation,
            names=self.names,
            uid=uid_of(self.assistant),
            generation=generation_of(self.assistant),
            serving=self.model.serving if self.model else None,
            pull=pull,
            ca_certificate=ca_certificate,
        )

    async def _target(self, spec: PrivateAssistantSpec) -> PullTarget | None:
        """Return where the pull may go; what is missing for it keeps nothing else from being put right."""
        if self.model is None:
            return None
        try:
            await model.require_claim(self.world, spec, self.names, self.model)
            return await model.target(self.world, spec, self.model)
        except errors.StatedError as problem:
            self.problems.append(problem)
            return None

    def _unhindered(self, planned: Sequence[Manifest]) -> list[Manifest]:
        """Leave out what a problem holds back: the workload stays as it is while one of its Secrets is missing or wrong."""
        held: set[Ref] = set()
        for problem in self.problems:
            if problem.condition == MODEL_READY:
                held |= {ref for ref in map(_ref, planned) if ref.row is JOB}
            else:
                workload = (STATEFUL_SET, DISRUPTION_BUDGET)
                held |= {ref for ref in map(_ref, planned) if ref.row in workload}
                held.add(Ref.named(CONFIG_MAP, self.names.namespace, self.names.policy_config))
        return [manifest for manifest in planned if _ref(manifest) not in held]

    def _endpoint(self) -> str:
        return f"https://{self.names.service}.{self.names.namespace}.svc.{self.world.installation.cluster_domain}"

    def _observed(self) -> Observed:
        stateful_set = self.world.cache.find(Ref.named(STATEFUL_SET, self.names.namespace, self.names.stateful_set))
        # By owner and not by label alone: anybody can put our labels on a pod.
        owner = uid_of(stateful_set.obj) if stateful_set else ""
        pods = [pod for pod in self.world.cache.of_assistant(self.key, POD) if is_controlled_by(pod, owner)]
        return Observed(
            problems=tuple(self.problems),
            pull=self.model.view if self.model else ABSENT,
            model=self.model.record if self.model else None,
            is_wanted=self.model.is_wanted if self.model else False,
            stateful_set=stateful_set.obj if stateful_set else None,
            pods=tuple(pod for pod in pods if label(pod, LABEL_COMPONENT) == COMPONENT_ASSISTANT),
        )

    async def report(self) -> Outcome:
        """Judge what is, write status if it differs, and say when to look again."""
        ready, promises = readiness.judge(self._observed())
        if self.model is None:  # the pass ended before anything was looked at
            promises = dict.fromkeys(promises, Verdict.unknown(ready.reason, ready.message))
        generation = generation_of(self.assistant)
        status = PrivateAssistantStatus(
            observed_generation=conditions.observed_generation(ready, self.before.observed_generation, generation),
            conditions=conditions.conditions(ready, promises, self.before.conditions, generation, self.now),
            endpoint=self.endpoint,
            model=self.model_status,
            egress=self.egress,
            inventory=tuple(InventoryEntry(id=entry, v=version) for entry, version in inventory.entries(self.refs)),
        )
        written = await report.write(self.world, self.assistant, status)
        if written is Written.GONE:
            return Outcome("gone")
        is_behind = written is Written.BEHIND or (self.applier is not None and self.applier.is_behind)
        after = 0.0 if is_behind else self._next()
        return Outcome(_label(ready, has_failed=self.has_failed), after, is_failure=self.has_failed)

    def _next(self) -> float:
        """Return the seconds until the next pass where nothing happens before."""
        delays = [self.world.resync * self.world.spread(0.9, 1.1), *self.delays]
        delays += [problem.after for problem in self.problems if problem.after is not None]
        if self.model is not None and not self.model.is_wanted:
            if self.model.view.phase is Phase.RUNNING and self.model.view.pod_ip is not None:
                delays.append(INTERVAL)  # to ask how far it is; all else comes by the watches
            if (retry_at := self.model.view.retry_at()) is not None:
                delays.append(max((retry_at - self.now).total_seconds(), 1.0))
        return min(delays)


def _ref(manifest: Manifest) -> Ref:
    return Ref.of({"apiVersion": manifest.api_version, "kind": manifest.kind, "metadata": dict(manifest.metadata)})


def _label(ready: Verdict, *, has_failed: bool) -> str:
    if has_failed:
        return "error"
    if ready.status == "True":
        return "ready"
    return {Course.MOVING: "progressing", Course.STUCK: "stalled", Course.SETTLED: "settled"}[ready.course]
